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
import { basename, dirname, extname, join, relative } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { bundle } from "lightningcss";

const [profile, compiled] = process.argv.slice(2);
const release = profile === "release";
const name = "commonhold";
// As wasm-split and Leptos call them.
const splitName = "__wasm_split";
const manifestName = "__wasm_split_manifest";
// The bundle that a visitor meets first, and the file of what several of the others share.
const firstBundle = "entry";
const lateName = "inside";
// The folder of what the page of the API loads.
const docsName = "docs";
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

/** Kinds of sections of a module. */
const [custom, imports] = [0, 2];

/** Reads the numbers and texts of a module. */
class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** LEB128, unsigned; of a signed one only the length is of interest here. */
  number() {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  }
  text() {
    const length = this.number();
    this.at += length;
    return this.bytes.toString("utf8", this.at - length, this.at);
  }
}

/** What a module consists of; custom sections with their name. */
function sectionsOf(bytes) {
  const reader = new Reader(bytes, 8);
  const sections = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const kind = reader.byte();
    const length = reader.number();
    const body = reader.at;
    const inside = new Reader(bytes, body);
    const name = kind === custom ? inside.text() : undefined;
    sections.push({ kind, name, start, body, inside: inside.at, end: body + length });
    reader.at = body + length;
  }
  return sections;
}

/** A module without the custom sections that only tools read. */
function bare(module) {
  const kept = sectionsOf(module).filter(({ name }) => name === undefined || name === "target_features");
  return Buffer.concat([module.subarray(0, 8), ...kept.map(({ start, end }) => module.subarray(start, end))]);
}

/** Which parts each bundle consists of, as the script says that joins them: bundle → [its own part or none, shared parts]. */
function bundlesIn(script) {
  const loaders = script.matchAll(/export const __wasm_split_load_(\w+) = wrapAsyncCb\(makeLoad\(([^]*?), \[([^\]]*)\]\)\);/g);
  return [...loaders].map(([, bundle, own, shared]) => ({
    bundle,
    own: [...own.matchAll(/"\.\/(\w+)\.wasm"/g)].map(([, part]) => part),
    shared: [...shared.matchAll(/__(chunk_\d+)/g)].map(([, part]) => part),
  }));
}

/** A module that hands on what the parts import of the main module, so that one import serves all that are merged. */
function handingOn(parts) {
  const items = new Map();
  for (const part of parts) {
    const reader = new Reader(part, sectionsOf(part).find(({ kind }) => kind === imports).body);
    for (let left = reader.number(); left > 0; left -= 1) {
      const [module, field] = [reader.text(), reader.text()];
      if (module !== "__wasm_split") throw new Error(`a part imports ${field} of ${module}`);
      items.set(field, importedType(reader, field));
    }
  }
  const quoted = [...items].map(([field, [kind, type]]) => [JSON.stringify(field), kind, type]);
  return `(module ${quoted.map(([field, kind, type], index) => `(import "main" ${field} (${kind} $${index} ${type}))`).join(" ")} ${
    quoted.map(([field, kind], index) => `(export ${field} (${kind} $${index}))`).join(" ")})`;
}

function importedType(reader, field) {
  const values = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x70: "funcref", 0x6f: "externref" };
  const limits = () => {
    const most = reader.byte() & 1;
    return [reader.number(), ...(most ? [reader.number()] : [])].join(" ");
  };
  switch (reader.byte()) {
    case 1: {
      const type = values[reader.byte()];
      return ["table", `${limits()} ${type}`];
    }
    case 2:
      return ["memory", limits()];
    case 3: {
      const type = values[reader.byte()];
      return ["global", reader.byte() === 1 ? `(mut ${type})` : type];
    }
    default:
      throw new Error(`a part imports ${field}, which is no table, memory or global`);
  }
}

/**
 * What several bundles share comes as a file for each set of bundles that share it: dozens of files. They become two:
 * what the first bundle needs belongs to the main module, and the rest is one file for all other bundles.
 * Answers which of the files each bundle needs.
 */
function merged(parts, main) {
  const tool = (program, args) => run(`scripts/node_modules/.bin/${program}`, [...args, ...wasmFeatures]);
  const file = (part) => join(parts, `${part}.wasm`);
  const made = bundlesIn(readFileSync(join(parts, `${splitName}.js`), "utf8"));
  const shared = new Set(made.flatMap(({ shared }) => shared));
  const early = new Set(made.find(({ bundle }) => bundle === firstBundle)?.shared ?? []);
  const late = [...shared].filter((part) => !early.has(part));
  for (const part of files(parts).filter((file) => extname(file) === ".wasm")) writeFileSync(part, bare(readFileSync(part)));
  // Names that no part has: then nothing is taken for one of theirs.
  const modules = (names) => names.flatMap((part) => [file(part), `part ${part}`]);
  if (early.size > 0) {
    tool("wasm-merge", [main, "__wasm_split", ...modules([...early]), "-o", main]);
  }
  // Not -Oz: it makes the files smaller, but what a browser fetches of them, compressed, a tenth larger.
  const tidy = ["--duplicate-function-elimination", "--remove-unused-module-elements"];
  tool("wasm-opt", [main, ...tidy, "-o", main]);
  if (late.length > 0) {
    const hands = join(parts, "hands.wat");
    writeFileSync(hands, handingOn(late.map((part) => readFileSync(file(part)))));
    tool("wasm-merge", [hands, "__wasm_split", ...modules(late), "-o", file(lateName), "--skip-export-conflicts"]);
    tool("wasm-opt", [file(lateName), ...tidy, "-o", file(lateName)]);
    rmSync(hands);
  }
  for (const { own } of made) for (const part of own) tool("wasm-opt", [file(part), ...tidy, "-o", file(part)]);
  for (const part of shared) rmSync(file(part));
  return made.map(({ bundle, own, shared }) => ({
    bundle,
    files: [...(shared.some((part) => !early.has(part)) ? [lateName] : []), ...own],
  }));
}

/** The script that joins the parts, with the loaders of `bundles` instead of those of the many files. */
function joining(script, bundles) {
  const head = script.slice(0, script.search(/^(\/\*|const __chunk_|export const __wasm_split_load_)/m));
  const fetcher = (part, given) => `() => {
    const src = fetch(new URL("./${part}.wasm", import.meta.url));
    src.catch(() => {});
    return async (imports) => WebAssembly.instantiateStreaming(src, ${given});
}`;
  const late = `const late = makeLoad(${fetcher(lateName, "{ main: imports.__wasm_split }")}, []);\n`;
  const loaders = bundles.map(({ bundle, files }) => {
    const own = files.find((file) => file !== lateName);
    const load = own ? fetcher(own, "imports") : "() => async () => ({})";
    return `export const __wasm_split_load_${bundle} = wrapAsyncCb(makeLoad(${load}, [${files.includes(lateName) ? "late" : ""}]));\n`;
  });
  return head + (bundles.some(({ files }) => files.includes(lateName)) ? late : "") + loaders.join("");
}

/**
 * The main module, its loader, the files that pages of src/ui/lazy.rs have besides, and the script that joins these; made
 * again only if the compiled file or a tool changed.
 */
function webassembly() {
  const tools = ["wasm-bindgen", "wasm-split-cli"].map((tool) => execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim());
  const inputs = [compiled, "scripts/package-lock.json", "scripts/site.mjs", ...tools];
  const key = sha(...inputs.map((file) => readFileSync(file)));
  const stamp = join(work, "key");
  const parts = join(work, "parts");
  const main = join(work, `${name}_bg.wasm`);
  const script = join(parts, `${splitName}.js`);
  const listed = join(work, "bundles.json");
  if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== key) {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(parts, { recursive: true });
    step("wasm-split: a few seconds");
    run("wasm-split-cli", [compiled, parts, "--out-name", name]);
    step("wasm-bindgen: a few seconds");
    // What the parts share with the main module is exported by the linker's names.
    run("wasm-bindgen", [
      "--target", "web", "--no-typescript", "--omit-default-module-path", "--keep-lld-exports", "--no-demangle",
      ...(release ? ["--remove-name-section", "--remove-producers-section"] : ["--keep-debug"]),
      "--out-name", name, "--out-dir", work, join(parts, `${name}.wasm`),
    ]);
    rmSync(join(parts, `${name}.wasm`));
    let bundles;
    if (release) {
      step("merge what bundles share, and tidy up: about 20 seconds");
      bundles = merged(parts, main);
      writeFileSync(script, joining(readFileSync(script, "utf8"), bundles));
    } else {
      bundles = bundlesIn(readFileSync(script, "utf8")).map(({ bundle, own, shared }) => ({ bundle, files: [...shared, ...own] }));
    }
    writeFileSync(listed, JSON.stringify(bundles));
    writeFileSync(stamp, key);
  }
  return {
    js: readFileSync(join(work, `${name}.js`), "utf8"),
    wasm: readFileSync(main),
    split: readFileSync(script, "utf8"),
    parts: new Map(files(parts).filter((file) => extname(file) === ".wasm").map((file) => [basename(file, ".wasm"), readFileSync(file)])),
    bundles: JSON.parse(readFileSync(listed, "utf8")),
  };
}

function styles() {
  const { code, warnings } = bundle({ filename: "style/main.css", minify: release, targets: browsers });
  for (const { message, loc } of warnings) console.warn(`    style: ${message} (${loc.filename}:${loc.line})`);
  return code;
}

/**
 * The page of the API, /api/docs: the files of Swagger UI and ours in one folder that is named by their content, and a page that
 * refers to them there.
 */
function apiDocs(found, hashes) {
  const swagger = "scripts/node_modules/swagger-ui-dist";
  const page = join("api-docs", "index.html");
  const parts = new Map([
    ...["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"].map((file) => [file, readFileSync(join(swagger, file))]),
    ["start.js", found.get(join("api-docs", "start.js"))],
  ]);
  hashes[docsName] = hash([...parts].map(([file, content]) => file + sha(content)).join("\n"));
  const folder = `pkg/${docsName}.${hashes[docsName]}`;
  for (const [file, content] of parts) found.set(`${folder}/${file}`, content);
  found.delete(join("api-docs", "start.js"));
  found.set(page, Buffer.from(found.get(page).toString("utf8").replaceAll(/"\.\/([\w.-]+)"/g, (_, file) => `"/${folder}/${file}"`)));
}

/** Everything that belongs into target/site: path under it → content. */
function wanted() {
  const found = new Map();
  const hashes = {};
  const add = (kind, stem, ending, content, stamp = hash(content)) => {
    hashes[kind] = stamp;
    found.set(`pkg/${stem}.${stamp}.${ending}`, Buffer.from(content));
    return `${stem}.${stamp}`;
  };
  for (const file of files("public")) found.set(relative("public", file), readFileSync(file));
  apiDocs(found, hashes);
  let { js, wasm, split, parts, bundles } = webassembly();
  // Little scripts that crates bring along keep their names while their content changes: their folder gets the hash.
  const snippets = files(join(work, "snippets"));
  if (snippets.length > 0) {
    hashes.snippets = hash(snippets.map((file) => file + readFileSync(file)).join("\n"));
    const folder = `snippets.${hashes.snippets}`;
    js = js.replaceAll("./snippets/", `./${folder}/`);
    for (const file of snippets) found.set(join("pkg", folder, relative(join(work, "snippets"), file)), readFileSync(file));
  }
  const renamed = Object.fromEntries([...parts].map(([part, content]) => [part, add(part, part, "wasm", content)]));
  split = split.replaceAll(/"\.\/(\w+)\.wasm"/g, (_, part) => `"./${renamed[part]}.wasm"`);
  // The two scripts import each other: their names can only carry a hash of both.
  const both = hash(js + split);
  add("js", name, "js", js.replaceAll(`from "./${splitName}.js"`, `from "./${splitName}.${both}.js"`), both);
  add("split", splitName, "js", split.replaceAll(`from "./${name}.js"`, `from "./${name}.${both}.js"`), both);
  add("wasm", name, "wasm", wasm);
  add("css", name, "css", styles());
  const manifest = Object.fromEntries(bundles.map(({ bundle, files }) => [bundle, files.map((file) => renamed[file])]));
  add("manifest", manifestName, "json", JSON.stringify(manifest));
  return { found, hashes, manifest };
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

/** What a browser fetches that comes for the first time, for each bundle of pages that it can come to. */
function report(paths, manifest) {
  const budget = JSON.parse(readFileSync("scripts/budget.json", "utf8"));
  const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
  const line = (text, raw, small, more = "") => console.log(`    ${text.padEnd(48)}${raw === undefined ? "".padEnd(10) : kb(raw)}${kb(small)}${more}`);
  const sizes = new Map(paths.map((path) => {
    const raw = statSync(join(site, path)).size;
    return [path, { raw, small: existsSync(join(site, `${path}.br`)) ? statSync(join(site, `${path}.br`)).size : raw }];
  }));
  console.log(`    ${"".padEnd(48)}${"raw".padStart(10)}${"brotli".padStart(10)}`);
  for (const [path, { raw, small }] of sizes) line(path, raw, small);
  const part = (path) => Object.values(manifest).flat().some((file) => path === `pkg/${file}.wasm`);
  const sum = (paths) => paths.reduce((total, path) => total + sizes.get(path).small, 0);
  // The manifest is for the server, and the page of the API is a page of its own.
  const apart = (path) => path.includes(manifestName) || path.startsWith(`pkg/${docsName}.`) || path.startsWith("api-docs/");
  const always = paths.filter((path) => !part(path) && !apart(path));
  const html = budget.html_kb * 1000;
  line("the page itself (set aside)", undefined, html);
  let over = false;
  for (const [bundle, files] of Object.entries(manifest).toSorted()) {
    const total = html + sum(always) + sum(files.map((file) => `pkg/${file}.wasm`));
    const much = total > budget.first_visit_kb * 1000;
    over ||= much;
    line(`first visit, pages of "${bundle}"`, undefined, total, `  of ${budget.first_visit_kb} kB${much ? "  OVER THE BUDGET (scripts/budget.json)" : ""}`);
  }
  if (over && budget.fail_when_over) process.exit(1);
}

const { found, hashes, manifest } = wanted();
for (const [path, content] of found) await write(path, content);
mkdirSync(dirname(hashFile(profile)), { recursive: true });
writeFileSync(hashFile(profile), Object.entries(hashes).map(([kind, value]) => `${kind}: ${value}\n`).join(""));
sweep(found.keys());
if (release) report([...found.keys()], manifest);
