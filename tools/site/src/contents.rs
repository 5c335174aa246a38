//! What belongs into the site, and under which names.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    NAME, Profile,
    bundles::{Bundles, SPLIT},
    files, npm_program,
};

/// The name of the file that tells the server the parts of each bundle, as Leptos calls it.
const MANIFEST: &str = "__wasm_split_manifest";
/// The name of the folder with what the page of the API loads.
const DOCS: &str = "docs";
/// The oldest browsers that can do `light-dark()`: nothing is rewritten for older ones.
const BROWSERS: &str = "chrome 123, firefox 120, safari 17.5";

/// The whole site.
#[derive(Default)]
pub(crate) struct Site {
    /// Content by path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The hash in the name of each kind of file.
    pub(crate) hashes: BTreeMap<String, String>,
    /// Paths of the files that every visitor fetches.
    pub(crate) always: Vec<String>,
    /// Paths of the files that a visitor of a bundle's pages fetches besides.
    pub(crate) of_bundle: BTreeMap<String, Vec<String>>,
}

impl Site {
    /// Adds a file under a name with a hash, and answers its name without the ending.
    fn add(&mut self, kind: &str, stem: &str, ending: &str, content: Vec<u8>) -> String {
        let hash = files::short_hash(&[&content]);
        self.add_with(kind, stem, ending, content, hash)
    }

    fn add_with(&mut self, kind: &str, stem: &str, ending: &str, content: Vec<u8>, hash: String) -> String {
        let name = format!("{stem}.{hash}");
        self.files.insert(format!("pkg/{name}.{ending}"), content);
        self.hashes.insert(kind.to_owned(), hash);
        name
    }
}

/// The whole site, from public/, style/ and the bundles.
pub(crate) fn contents(profile: Profile, bundles: Bundles) -> Result<Site> {
    let mut site = Site::default();
    let public = Path::new("public");
    for path in files::within(public)? {
        let name = path.strip_prefix(public)?.to_string_lossy().into_owned();
        site.files.insert(name, files::read(&path)?);
    }
    api_docs(&mut site)?;
    site.always =
        site.files.keys().filter(|path| !path.starts_with("api-docs/") && !path.starts_with("pkg/")).cloned().collect();
    webassembly(&mut site, bundles)?;
    let style = site.add("css", NAME, "css", style(profile)?);
    site.always.push(format!("pkg/{style}.css"));
    Ok(site)
}

fn webassembly(site: &mut Site, bundles: Bundles) -> Result<()> {
    let Bundles { mut script, main, mut split_script, parts, parts_of, snippets } = bundles;
    // Small scripts of dependencies keep their names while their content changes: their folder gets the hash.
    if !snippets.is_empty() {
        let contents: Vec<&[u8]> = snippets.values().map(Vec::as_slice).collect();
        let hash = files::short_hash(&contents);
        let folder = format!("snippets.{hash}");
        script = script.replace("./snippets/", &format!("./{folder}/"));
        for (path, content) in snippets {
            let path = format!("pkg/{folder}/{}", path.display());
            site.always.push(path.clone());
            site.files.insert(path, content);
        }
        site.hashes.insert("snippets".to_owned(), hash);
    }
    let mut file_names = BTreeMap::new();
    for (part, content) in parts {
        let name = site.add(&part, &part, "wasm", content);
        split_script = split_script.replace(&format!("\"./{part}.wasm\""), &format!("\"./{name}.wasm\""));
        file_names.insert(part, name);
    }
    // The two scripts import each other: their names can only carry a hash of both.
    let hash = files::short_hash(&[script.as_bytes(), split_script.as_bytes()]);
    let refer = |script: &str, to: &str| {
        script.replace(&format!("from \"./{to}.js\""), &format!("from \"./{to}.{hash}.js\"")).into_bytes()
    };
    let (script, split_script) = (refer(&script, SPLIT), refer(&split_script, NAME));
    let script = site.add_with("js", NAME, "js", script, hash.clone());
    let split_script = site.add_with("split", SPLIT, "js", split_script, hash);
    let main = site.add("wasm", NAME, "wasm", main);
    site.always.extend([format!("pkg/{script}.js"), format!("pkg/{split_script}.js"), format!("pkg/{main}.wasm")]);

    let mut manifest = BTreeMap::new();
    for (bundle, parts) in parts_of {
        let names =
            parts.iter().map(|part| file_names.get(part).cloned().with_context(|| format!("there is no part {part}")));
        let names = names.collect::<Result<Vec<_>>>()?;
        site.of_bundle.insert(bundle.clone(), names.iter().map(|name| format!("pkg/{name}.wasm")).collect());
        manifest.insert(bundle, names);
    }
    site.add("manifest", MANIFEST, "json", serde_json::to_vec(&manifest)?);
    Ok(())
}

fn style(profile: Profile) -> Result<Vec<u8>> {
    let mut arguments = vec!["--bundle", "--targets", BROWSERS];
    if profile == Profile::Release {
        arguments.push("--minify");
    }
    arguments.push("style/main.css");
    npm_program("lightningcss", &arguments)
}

/// The page of the API, /api/docs: the files of Swagger UI and our script in one folder that is named by their content,
/// and a page that refers to them there.
fn api_docs(site: &mut Site) -> Result<()> {
    let swagger = Path::new("scripts/node_modules/swagger-ui-dist");
    let mut parts = BTreeMap::new();
    for name in ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"] {
        parts.insert(name, files::read(swagger.join(name))?);
    }
    parts.insert("start.js", site.files.remove("api-docs/start.js").context("public/api-docs/start.js is missing")?);
    let contents: Vec<&[u8]> = parts.values().map(Vec::as_slice).collect();
    let hash = files::short_hash(&contents);
    let folder = format!("pkg/{DOCS}.{hash}");
    let page = site.files.get_mut("api-docs/index.html").context("public/api-docs/index.html is missing")?;
    let mut text = String::from_utf8(std::mem::take(page))?;
    for name in parts.keys() {
        text = text.replace(&format!("\"./{name}\""), &format!("\"/{folder}/{name}\""));
    }
    *page = text.into_bytes();
    for (name, content) in parts {
        site.files.insert(format!("{folder}/{name}"), content);
    }
    site.hashes.insert(DOCS.to_owned(), hash);
    Ok(())
}
