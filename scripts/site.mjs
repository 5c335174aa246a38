// Turns what cargo compiled for the browser, style/ and public/ into target/site. Called by scripts/build:
//
//   node scripts/site.mjs release|debug COMPILED.wasm
//
// Names carry a hash of the content, as Leptos expects with hash_files: pkg/commonhold.<hash>.js, .wasm and .css, and
// a file hash.txt beside the server's program that says which. So the server may let browsers keep them for ever.
// A release is made small (wasm-opt, minified CSS) and compressed beforehand: beside each file a .br and a .gz.
// What has not changed is not made again.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import binaryen from "binaryen";
import { bundle } from "lightningcss";

const [profile, compiled] = process.argv.slice(2);
const release = profile === "release";
const name = "commonhold";
const site = "target/site";
const pkg = join(site, "pkg");
const work = join("target/site-work", profile);
const hashFile = (of) => join("target", of, "hash.txt");

// What every browser can do that has light-dark(): nothing is rewritten for older ones. WebAssembly features are those
// that Rust's compiler assumes.
const browsers = { chrome: 123 << 16, firefox: 120 << 16, safari: (17 << 16) | (5 << 8) };
const wasmFeatures = [
  "bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types",
  "sign-ext",
].map((feature) => `--enable-${feature}`);

const sha = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
const hash = (content) => sha(content).slice(0, 16);
const files = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
        .sort()
    : [];
const run = (program, args) => execFileSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
const step = (text) => console.log(`    ${text}`);

// What only leptos' `hydrate_lazy` would call, which we do not use. Beside every type of view stands a table of all it can
// do, so the compiler has to keep them. Named is only what differs for every type: the compiler folds functions that are
// alike into one, and that one may be called by another name.
const uncalled = /IntoAny>::into_any::hydrate_async/;

/** Empties the functions that are never called; if one were, it would stop right there. Names are needed for it. */
function leaveOut(file) {
  const module = binaryen.readBinary(readFileSync(file));
  const found = Array.from({ length: module.getNumFunctions() }, (_, at) => binaryen.getFunctionInfo(module.getFunctionByIndex(at)))
    .filter((its) => its.module === "" && uncalled.test(its.name));
  // A leptos that names them otherwise would cost 20 kB without a word.
  if (found.length === 0) throw new Error(`no function of ${file} is called ${uncalled}`);
  for (const { name, params, results } of found) {
    module.removeFunction(name);
    module.addFunction(name, params, results, [], module.unreachable());
  }
  writeFileSync(file, module.emitBinary());
  module.dispose();
}

/** The module and its loader, made again only if the compiled file or a tool changed. */
function webassembly() {
  const wasmBindgen = execFileSync("wasm-bindgen", ["--version"]);
  const key = sha(wasmBindgen, ...[compiled, "scripts/package-lock.json", "scripts/site.mjs"].map((file) => readFileSync(file)));
  const stamp = join(work, "key");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== key) {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    step("wasm-bindgen: a few seconds");
    run("wasm-bindgen", [
      "--target", "web", "--no-typescript", "--omit-default-module-path",
      ...(release ? ["--remove-producers-section"] : ["--keep-debug"]),
      "--out-name", name, "--out-dir", work, compiled,
    ]);
    const wasm = join(work, `${name}_bg.wasm`);
    if (release) {
      step("wasm-opt -Oz, twice: about 40 seconds");
      leaveOut(wasm);
      // What the first pass leaves, the second finds: 3 kB.
      run("scripts/node_modules/.bin/wasm-opt", ["-Oz", "-Oz", "--strip-debug", "--strip-producers", ...wasmFeatures, "-o", wasm, wasm]);
    }
    writeFileSync(stamp, key);
  }
  return { js: readFileSync(join(work, `${name}.js`), "utf8"), wasm: readFileSync(join(work, `${name}_bg.wasm`)) };
}

function styles() {
  const { code, warnings } = bundle({ filename: "style/main.css", minify: release, targets: browsers });
  for (const { message, loc } of warnings) console.warn(`    style: ${message} (${loc.filename}:${loc.line})`);
  return code;
}

/** Everything that belongs into target/site: path under it → content. */
function wanted() {
  const found = new Map();
  for (const file of files("public")) found.set(relative("public", file), readFileSync(file));
  let { js, wasm } = webassembly();
  // Little scripts that crates bring along keep their names while their content changes: their folder gets the hash.
  const snippets = files(join(work, "snippets"));
  const hashes = {};
  if (snippets.length > 0) {
    hashes.snippets = hash(snippets.map((file) => file + readFileSync(file)).join("\n"));
    const folder = `snippets.${hashes.snippets}`;
    js = js.replaceAll("./snippets/", `./${folder}/`);
    for (const file of snippets) found.set(join("pkg", folder, relative(join(work, "snippets"), file)), readFileSync(file));
  }
  const css = styles();
  for (const [kind, content] of Object.entries({ js, wasm, css })) {
    hashes[kind] = hash(content);
    found.set(`pkg/${name}.${hashes[kind]}.${kind}`, Buffer.from(content));
  }
  return { found, hashes };
}

const compressible = new Set([".js", ".wasm", ".css", ".svg", ".txt", ".json", ".webmanifest", ".ico", ".html", ".xml"]);
const brotli = (content) =>
  promisify(zlib.brotliCompress)(content, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
      [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
const gzip = (content) => promisify(zlib.gzip)(content, { level: 9 });

async function write(path, content) {
  const file = join(site, path);
  const changed = !existsSync(file) || !readFileSync(file).equals(content);
  if (changed) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  if (!release || !compressible.has(extname(path))) return;
  await Promise.all(
    [[".br", brotli], [".gz", gzip]].map(async ([ending, compress]) => {
      if (changed || !existsSync(file + ending)) writeFileSync(file + ending, await compress(content));
    }),
  );
}

/** Removes what no program refers to any more; the other profile's files stay. */
function sweep(keep) {
  const kept = new Set(keep);
  const named = ["debug", "release"].filter((of) => existsSync(hashFile(of))).map((of) => readFileSync(hashFile(of), "utf8")).join("\n");
  for (const file of files(site)) {
    const path = relative(site, file).replace(/\.(br|gz)$/, "");
    const [, stamp] = /^pkg\/[^/]*?\.([0-9a-f]{16})[./]/.exec(path) ?? [];
    if (!kept.has(path) && !(stamp && named.includes(stamp))) rmSync(file);
  }
}

function report(paths) {
  const budget = JSON.parse(readFileSync("scripts/budget.json", "utf8"));
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
  let total = budget.html_kb * 1000;
  console.log(`    ${"".padEnd(44)}${"raw".padStart(10)}${"brotli".padStart(10)}`);
  for (const path of paths) {
    const raw = statSync(join(site, path)).size;
    const small = existsSync(join(site, `${path}.br`)) ? statSync(join(site, `${path}.br`)).size : raw;
    total += small;
    console.log(`    ${path.padEnd(44)}${kb(raw)}${kb(small)}`);
  }
  console.log(`    ${"the page itself (set aside)".padEnd(44)}${"".padEnd(10)}${kb(budget.html_kb * 1000)}`);
  const over = total > budget.first_visit_kb * 1000;
  console.log(`    ${"first visit".padEnd(44)}${"".padEnd(10)}${kb(total)}  of ${budget.first_visit_kb} kB${over ? "  OVER THE BUDGET (scripts/budget.json)" : ""}`);
  if (over && budget.fail_when_over) process.exit(1);
}

const { found, hashes } = wanted();
for (const [path, content] of found) await write(path, content);
mkdirSync(dirname(hashFile(profile)), { recursive: true });
writeFileSync(hashFile(profile), Object.entries(hashes).map(([kind, value]) => `${kind}: ${value}\n`).join(""));
sweep(found.keys());
if (release) report([...found.keys()]);
