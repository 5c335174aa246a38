//! Writes the site to target/site and removes what is not of it any more.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Result;
use brotli::enc::{BrotliEncoderParams, writer::CompressorWriter};
use flate2::{Compression, write::GzEncoder};
use rayon::prelude::*;

use crate::{Profile, contents::Site, files};

/// Where the server finds the site.
pub(crate) const SITE: &str = "target/site";
/// Files of these kinds are compressed.
const COMPRESSIBLE: [&str; 10] = ["js", "wasm", "css", "svg", "txt", "json", "webmanifest", "ico", "html", "xml"];

/// Writes the site, and the hashes beside the server's program.
pub(crate) fn write(profile: Profile, site: &Site) -> Result<()> {
    site.files.par_iter().try_for_each(|(path, content)| write_file(profile, path, content))?;
    let hashes: String = site.hashes.iter().map(|(kind, hash)| format!("{kind}: {hash}\n")).collect();
    // Written after the files: a server that starts in between must not be told names that do not exist yet.
    files::write(hash_file(profile), hashes)?;
    sweep(site)
}

fn write_file(profile: Profile, path: &str, content: &[u8]) -> Result<()> {
    let file = Path::new(SITE).join(path);
    let changed = fs::read(&file).ok().as_deref() != Some(content);
    if changed {
        files::write(&file, content)?;
    }
    if profile == Profile::Release && extension(path).is_some_and(|extension| COMPRESSIBLE.contains(&extension)) {
        for (ending, compress) in [("br", brotli as fn(&[u8]) -> Result<Vec<u8>>), ("gz", gzip)] {
            let beside = Path::new(SITE).join(format!("{path}.{ending}"));
            if changed || !beside.exists() {
                files::write(beside, compress(content)?)?;
            }
        }
    }
    Ok(())
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: content.len(), ..Default::default() };
    let mut compressed = Vec::new();
    let mut writer = CompressorWriter::with_params(&mut compressed, 1 << 16, &parameters);
    writer.write_all(content)?;
    drop(writer);
    Ok(compressed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content)?;
    Ok(writer.finish()?)
}

fn hash_file(profile: Profile) -> PathBuf {
    Path::new("target").join(profile.folder()).join("hash.txt")
}

/// Removes what no program refers to any more. The files of the other profile stay.
fn sweep(site: &Site) -> Result<()> {
    let hashes: String =
        Profile::ALL.into_iter().filter_map(|profile| fs::read_to_string(hash_file(profile)).ok()).collect();
    let folder = Path::new(SITE);
    for file in files::within(folder)? {
        let path = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        let path = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz")).unwrap_or(&path);
        let used = site.files.contains_key(path) || hash_in(path).is_some_and(|hash| hashes.contains(hash));
        if !used {
            fs::remove_file(&file)?;
        }
    }
    Ok(())
}

/// The hash in a path like `pkg/commonhold.<hash>.js` or `pkg/docs.<hash>/start.js`.
fn hash_in(path: &str) -> Option<&str> {
    let name = path.strip_prefix("pkg/")?.split('/').next()?;
    name.split('.').nth(1).filter(|hash| hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn extension(path: &str) -> Option<&str> {
    Path::new(path).extension()?.to_str()
}
