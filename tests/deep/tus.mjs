// Sends files with tus-js-client: node tus.mjs ADDRESS DATASET COOKIES FOLDER NAME...
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Upload } from "tus-js-client";

const [address, dataset, cookies, folder, ...names] = process.argv.slice(2);

async function send(name) {
  const path = join(folder, name);
  const { size } = await stat(path);
  await new Promise((done, failed) => {
    new Upload(createReadStream(path), {
      endpoint: address,
      uploadSize: size,
      chunkSize: 512 * 1024,
      retryDelays: Array(40).fill(200),
      // What breaks here is the line or the server; the client gives up only where it is told no.
      onShouldRetry: (error) => ![400, 401, 403, 404, 413, 422].includes(error.originalResponse?.getStatus() ?? 0),
      headers: { Cookie: cookies, "X-Requested-With": "commonhold" },
      metadata: { dataset, path: name, modified: "2026-11-20T10:00:00Z" },
      onError: failed,
      onSuccess: done,
    }).start();
  });
}

const waiting = [...names];
async function sender() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await send(name);
}
await Promise.all([sender(), sender(), sender()]);
console.log(`${names.length} files`);
