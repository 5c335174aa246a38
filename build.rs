//! Computes the mark of the build, with which everything that `src/rpc/encoding.rs` encodes begins.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What decides how a value is encoded: the sources of the types, and the versions of the crates that encode them.
const SOURCES: [&str; 4] = ["Cargo.lock", "src/domain", "src/rpc", "src/view"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        find(Path::new(source), &mut files)?;
    }
    files.sort();
    // FNV-1a: both halves may be built by different compilers, and the hasher of `std` promises nothing across versions.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for file in files {
        for byte in fs::read(file)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    println!("cargo::rustc-env=BUILD_MARK={hash:016x}");
    Ok(())
}

/// Adds a file, or all Rust files in a folder.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "rs") {
            find(&path, files)?;
        }
    }
    Ok(())
}
