//! The compiled module, taken apart into the bundles of src/ui/lazy.rs.
//!
//! `wasm_split` makes a module for each bundle and one for each set of bundles that share something: dozens. In a
//! release those are merged. What the first bundle needs belongs to the main module, and the rest is one module for all
//! other bundles. So a page fetches three modules at most.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use wasm_bindgen_cli_support::Bindgen;
use wasm_encoder::{EntityType, ExportKind, ExportSection, ImportSection, Module, RawSection};
use wasmparser::{Parser, Payload, TypeRef};

use crate::{NAME, Profile, files, npm_program, step};

/// The name of the script that joins the parts, as `wasm_split` and Leptos call it.
pub(crate) const SPLIT: &str = "__wasm_split";
/// The bundle that a visitor meets first.
const FIRST_BUNDLE: &str = "entry";
/// The part that the other bundles share.
const SHARED: &str = "inside";
/// The WebAssembly features that Rust's compiler assumes.
const FEATURES: [&str; 7] = [
    "bulk-memory",
    "bulk-memory-opt",
    "multivalue",
    "mutable-globals",
    "nontrapping-float-to-int",
    "reference-types",
    "sign-ext",
];
/// What `wasm-opt` does. Not `-Oz`: it makes the modules smaller, but what a browser fetches, compressed, larger.
const PASSES: [&str; 2] = ["--duplicate-function-elimination", "--remove-unused-module-elements"];

/// Which parts each bundle consists of.
type PartsOf = BTreeMap<String, Vec<String>>;

/// The compiled module, taken apart.
pub(crate) struct Bundles {
    /// The script that loads the main module.
    pub(crate) script: String,
    /// The main module.
    pub(crate) main: Vec<u8>,
    /// The script that loads the other parts.
    pub(crate) split_script: String,
    /// The other parts by name.
    pub(crate) parts: BTreeMap<String, Vec<u8>>,
    /// The names of the parts that a bundle needs besides the main module.
    pub(crate) parts_of: PartsOf,
    /// Small scripts that dependencies bring along, by path.
    pub(crate) snippets: BTreeMap<PathBuf, Vec<u8>>,
}

/// Where the results are kept from one run to the next.
struct Work {
    folder: PathBuf,
}

impl Work {
    fn parts(&self) -> PathBuf {
        self.folder.join("parts")
    }
    fn part(&self, name: &str) -> PathBuf {
        self.parts().join(format!("{name}.wasm"))
    }
    fn main(&self) -> PathBuf {
        self.folder.join(format!("{NAME}_bg.wasm"))
    }
    fn script(&self) -> PathBuf {
        self.folder.join(format!("{NAME}.js"))
    }
    fn split_script(&self) -> PathBuf {
        self.parts().join(format!("{SPLIT}.js"))
    }
    fn parts_of(&self) -> PathBuf {
        self.folder.join("bundles.json")
    }
    fn snippets(&self) -> PathBuf {
        self.folder.join("snippets")
    }
    fn key(&self) -> PathBuf {
        self.folder.join("key")
    }
}

/// Takes the compiled module apart, unless this was done already.
pub(crate) fn bundles(profile: Profile, compiled: &Path) -> Result<Bundles> {
    let work = Work { folder: Path::new("target/site-work").join(profile.folder()) };
    let module = files::read(compiled)?;
    // The key has all that decides the result: the module, the versions of the programs, and this program itself.
    let key = files::sha256(&[&module, &files::read("scripts/package-lock.json")?, &files::read(env::current_exe()?)?]);
    if fs::read_to_string(work.key()).ok().as_ref() != Some(&key) {
        make(profile, &work, &module)?;
        files::write(work.key(), key)?;
    }
    kept(&work)
}

fn make(profile: Profile, work: &Work, module: &[u8]) -> Result<()> {
    if work.folder.exists() {
        fs::remove_dir_all(&work.folder)?;
    }
    fs::create_dir_all(work.parts())?;
    step("take the module apart");
    let whole_main = work.part(NAME);
    let mut parts_of = split(module, &work.parts(), &whole_main)?;
    step("make the script that loads it");
    bindgen(profile, &whole_main, &work.folder)?;
    // Every module that is left in the folder counts as a part.
    fs::remove_file(&whole_main)?;
    if profile == Profile::Release {
        step("merge what bundles share, and tidy up: about 20 seconds");
        parts_of = merge(work, &parts_of)?;
        let script = files::read_text(work.split_script())?;
        files::write(work.split_script(), split_script(&script, &parts_of)?)?;
    }
    files::write(work.parts_of(), serde_json::to_vec(&parts_of)?)
}

/// What an earlier run of [`make`] left.
fn kept(work: &Work) -> Result<Bundles> {
    let mut parts = BTreeMap::new();
    for path in wasm_files(&work.parts())? {
        parts.insert(stem(&path)?, files::read(&path)?);
    }
    let mut snippets = BTreeMap::new();
    for path in files::within(&work.snippets())? {
        snippets.insert(path.strip_prefix(work.snippets())?.to_owned(), files::read(&path)?);
    }
    Ok(Bundles {
        script: files::read_text(work.script())?,
        main: files::read(work.main())?,
        split_script: files::read_text(work.split_script())?,
        parts,
        parts_of: serde_json::from_slice(&files::read(work.parts_of())?)?,
        snippets,
    })
}

fn split(module: &[u8], parts: &Path, main: &Path) -> Result<PartsOf> {
    let main_script = format!("./{NAME}.js");
    let link_name = format!("./{SPLIT}.js");
    let mut options = wasm_split_cli_support::Options::new(module);
    options.output_dir = parts;
    options.main_out_path = main;
    options.main_module = &main_script;
    options.link_name = &link_name;
    let split = wasm_split_cli_support::transform(options).map_err(|error| anyhow!("{error:#}"))?;
    Ok(split.prefetch_map.into_iter().collect())
}

fn bindgen(profile: Profile, module: &Path, folder: &Path) -> Result<()> {
    let release = profile == Profile::Release;
    Bindgen::new()
        .input_path(module)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        // What the parts share with the main module is exported by the linker's names.
        .keep_lld_exports(true)
        .demangle(false)
        .keep_debug(!release)
        .remove_name_section(release)
        .remove_producers_section(release)
        .generate(folder)
}

/// Merges the parts that bundles share. Answers what each bundle needs from then on.
fn merge(work: &Work, parts_of: &PartsOf) -> Result<PartsOf> {
    for path in wasm_files(&work.parts())? {
        files::write(&path, without_custom_sections(&files::read(&path)?)?)?;
    }
    let (own, shared): (BTreeSet<_>, BTreeSet<_>) =
        parts_of.values().flatten().map(String::as_str).partition(|part| !part.starts_with("chunk_"));
    let first: BTreeSet<_> = parts_of.get(FIRST_BUNDLE).into_iter().flatten().map(String::as_str).collect();
    let (early, late): (Vec<_>, Vec<_>) = shared.iter().copied().partition(|part| first.contains(part));
    let main = work.main().into_os_string().into_string().map_err(|path| anyhow!("{}", path.display()))?;
    if !early.is_empty() {
        wasm_merge(work, (&main, SPLIT), &early, &main, &[])?;
    }
    wasm_opt(Path::new(&main))?;
    if !late.is_empty() {
        let relay = work.parts().join("relay.wasm");
        let imported = late.iter().map(|part| files::read(work.part(part))).collect::<Result<Vec<_>>>()?;
        files::write(&relay, relay_module(&imported)?)?;
        let output = work.part(SHARED);
        wasm_merge(
            work,
            (&relay.to_string_lossy(), SPLIT),
            &late,
            &output.to_string_lossy(),
            &["--skip-export-conflicts"],
        )?;
        wasm_opt(&output)?;
        fs::remove_file(relay)?;
    }
    for part in own {
        wasm_opt(&work.part(part))?;
    }
    for part in &shared {
        fs::remove_file(work.part(part))?;
    }
    Ok(parts_of
        .iter()
        .map(|(bundle, parts)| {
            let needs_shared = parts.iter().any(|part| late.contains(&part.as_str()));
            let own = parts.iter().filter(|part| !shared.contains(part.as_str()));
            (bundle.clone(), needs_shared.then(|| SHARED.to_owned()).into_iter().chain(own.cloned()).collect())
        })
        .collect())
}

/// Merges parts into the module `into`, which they import under the name given with it.
fn wasm_merge(work: &Work, into: (&str, &str), parts: &[&str], output: &str, more: &[&str]) -> Result<()> {
    let mut arguments = vec![into.0.to_owned(), into.1.to_owned()];
    for part in parts {
        // A module name that no part imports, so that none is taken for what another one wants.
        arguments.extend([work.part(part).to_string_lossy().into_owned(), format!("part {part}")]);
    }
    arguments.extend(["-o".to_owned(), output.to_owned()]);
    arguments.extend(more.iter().map(|&option| option.to_owned()));
    arguments.extend(features());
    npm_program("wasm-merge", &arguments)?;
    Ok(())
}

fn wasm_opt(module: &Path) -> Result<()> {
    let path = module.to_string_lossy().into_owned();
    let mut arguments = vec![path.clone(), "-o".to_owned(), path];
    arguments.extend(PASSES.map(str::to_owned));
    arguments.extend(features());
    npm_program("wasm-opt", &arguments)?;
    Ok(())
}

fn features() -> impl Iterator<Item = String> {
    FEATURES.iter().map(|feature| format!("--enable-{feature}"))
}

/// A module without the custom sections that only tools read.
fn without_custom_sections(module: &[u8]) -> Result<Vec<u8>> {
    let mut less = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(&payload, Payload::CustomSection(custom) if custom.name() != "target_features") {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let (start, end) = (usize::try_from(range.start)?, usize::try_from(range.end)?);
            let data = module.get(start..end).context("a section is longer than its module")?;
            less.section(&RawSection { id, data });
        }
    }
    Ok(less.finish())
}

/// A module that exports what `parts` import of the main module. `wasm-merge` joins equal imports of the parts to it;
/// without it every part would keep its own.
fn relay_module(parts: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut items = BTreeMap::new();
    for part in parts {
        for payload in Parser::new(0).parse_all(part) {
            let Payload::ImportSection(section) = payload? else { continue };
            for import in section.into_imports() {
                let import = import?;
                ensure!(import.module == SPLIT, "a part imports {} of {}", import.name, import.module);
                items.insert(import.name, import.ty);
            }
        }
    }
    let (mut imports, mut exports) = (ImportSection::new(), ExportSection::new());
    let [mut tables, mut memories, mut globals] = [0; 3];
    for (name, item) in items {
        let (kind, index) = match item {
            TypeRef::Table(_) => (ExportKind::Table, &mut tables),
            TypeRef::Memory(_) => (ExportKind::Memory, &mut memories),
            TypeRef::Global(_) => (ExportKind::Global, &mut globals),
            _ => bail!("a part imports {name}, which is no table, memory or global"),
        };
        imports.import("main", name, EntityType::try_from(item)?);
        exports.export(name, kind, *index);
        *index += 1;
    }
    let mut relay = Module::new();
    relay.section(&imports).section(&exports);
    Ok(relay.finish())
}

/// The script that loads the parts: what `wasm_split` wrote up to its loaders, and loaders for the merged parts.
fn split_script(written: &str, parts_of: &PartsOf) -> Result<String> {
    let loaders = ["/*", "const __chunk_", "export const __wasm_split_load_"];
    let lines: Vec<_> = written.lines().collect();
    let head = lines.iter().position(|line| loaders.iter().any(|start| line.starts_with(start)));
    let head = head.context("wasm_split wrote no loaders")?;
    let fetch = |part: &str, imports: &str| {
        format!(
            "() => {{\n    const src = fetch(new URL(\"./{part}.wasm\", import.meta.url));\n    src.catch(() => {{}});\n    \
             return async (imports) => WebAssembly.instantiateStreaming(src, {imports});\n}}"
        )
    };
    let mut script: Vec<String> = lines.into_iter().take(head).map(str::to_owned).collect();
    if parts_of.values().flatten().any(|part| part == SHARED) {
        script.push(format!("const shared = makeLoad({}, []);", fetch(SHARED, "{ main: imports.__wasm_split }")));
    }
    for (bundle, parts) in parts_of {
        let own = parts.iter().find(|part| *part != SHARED);
        let load = own.map_or_else(|| "() => async () => ({})".to_owned(), |part| fetch(part, "imports"));
        let shared = if parts.iter().any(|part| part == SHARED) { "shared" } else { "" };
        script.push(format!("export const __wasm_split_load_{bundle} = wrapAsyncCb(makeLoad({load}, [{shared}]));"));
    }
    Ok(script.join("\n") + "\n")
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = files::within(folder)?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    Ok(found)
}

fn stem(path: &Path) -> Result<String> {
    let stem = path.file_stem().context("a part has no name")?;
    Ok(stem.to_string_lossy().into_owned())
}
