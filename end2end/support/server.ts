// Starts the release server once for all tests, on a free port with an empty database, and stops it afterwards.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { program, root } from "./operator";

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function ready(url: string, server: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline && server.exitCode === null) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`the server did not become ready:\n${readFileSync(log, "utf8").slice(-4_000)}`);
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  const exited = once(server, "exit");
  server.kill("SIGTERM");
  // It promises to be gone within 10 seconds.
  if ((await Promise.race([exited, sleep(12_000)])) === undefined) {
    server.kill("SIGKILL");
    throw new Error("the server did not stop within 12 seconds of SIGTERM");
  }
}

/** A running server, over an empty database of its own. */
export interface Running {
  url: string;
  /** What the operator's commands need to work on the same database. */
  env: Record<string, string>;
  stop: () => Promise<void>;
}

/** Starts a server with more arguments; its log is a file of `target/end2end`. */
export async function launch(name: string, ...more: string[]): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "commonhold-e2e-"));
  const port = await freePort();
  // "localhost" by name: browsers and Playwright take secure cookies from it without TLS.
  const url = `http://localhost:${port}`;
  const env = { COMMONHOLD_DATABASE: `sqlite://${join(folder, "e2e.db")}`, COMMONHOLD_DATA: join(folder, "data") };

  const output = join(root, "target/end2end");
  mkdirSync(output, { recursive: true });
  const log = join(output, `${name}.log`);
  const out = openSync(log, "w");
  const args = ["serve", "--listen", `127.0.0.1:${port}`, "--public-url", url, "--rate-limits", "off", ...more];
  const server = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", out, out] });
  closeSync(out);
  try {
    await ready(url, server, log);
  } catch (error) {
    await stop(server);
    throw error;
  }
  return {
    url,
    env,
    stop: async () => {
      await stop(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export default async function start(): Promise<() => Promise<void>> {
  const { url, env, stop: end } = await launch("server");
  // The tests, and the operator's commands they run, find it here.
  Object.assign(process.env, env, { COMMONHOLD_E2E_URL: url });
  return end;
}
