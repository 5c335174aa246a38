// Checks the OpenAPI document of a running server, and a client that is made from it:
//
//   node check.mjs URL CLIENT_ID CLIENT_SECRET ORG FOLDER
//
// The document is validated, types are made of it into FOLDER, list.ts is compiled against them there, and run. Prints what it
// printed: the names in the Drive.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, existsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTS, { astToString } from "openapi-typescript";

const [url, id, secret, org, into] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const folder = resolve(into);
const answer = await fetch(`${url}/api/v1/openapi.json`);
if (!answer.ok) throw new Error(`no document: ${answer.status}`);
const source = await answer.text();

const config = await createConfig({
  rules: {
    struct: "error",
    "no-unresolved-refs": "error",
    "no-server-trailing-slash": "off",
    "operation-operationId-unique": "error",
    "operation-parameters-unique": "error",
    "path-parameters-defined": "error",
    "path-declaration-must-exist": "error",
    "no-identical-paths": "error",
    "security-defined": "error",
    "operation-4xx-response": "error",
    "no-empty-servers": "error",
    "no-duplicated-tag-names": "error",
  },
});
const problems = await lintFromString({ source, absoluteRef: `${folder}/openapi.json`, config });
for (const { ruleId, message, location } of problems) console.error(`${ruleId}: ${message} at ${location[0]?.pointer ?? ""}`);
if (problems.length > 0) process.exit(1);

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "openapi.json"), source);
writeFileSync(join(folder, "openapi.d.ts"), astToString(await openapiTS(JSON.parse(source))));
copyFileSync(join(here, "list.ts"), join(folder, "list.ts"));
writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
if (!existsSync(join(folder, "node_modules"))) symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));
const strict = ["--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--typeRoots", resolve(here, "../node_modules/@types"), "--types", "node"];
execFileSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), ...strict, "list.ts"], { cwd: folder, stdio: ["ignore", 2, 2] });
process.stdout.write(execFileSync(process.execPath, ["list.js", url, id, secret, org], { cwd: folder }));
