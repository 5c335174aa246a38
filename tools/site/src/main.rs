//! Turns what cargo compiled for the browser, style/ and public/ into target/site. Called by scripts/build, in the
//! project's root:
//!
//! ```text
//! site release|debug COMPILED.wasm
//! ```
//!
//! Names carry a hash of the content, as Leptos expects with `hash_files`: `pkg/commonhold.<hash>.js`, `.wasm` and
//! `.css`, and a file `hash.txt` beside the server's program that says which. So the server may let browsers keep them
//! for ever. A release is made small and compressed beforehand: beside each file a `.br` and a `.gz`. What has not
//! changed is not made again.

mod bundles;
mod contents;
mod files;
mod output;
mod report;

use std::{env, ffi::OsString, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

/// The name that the product's files begin with.
const NAME: &str = "commonhold";

/// How the browser's half was compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    const ALL: [Self; 2] = [Self::Debug, Self::Release];

    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }
}

fn main() -> Result<()> {
    let (profile, compiled) = arguments(env::args_os().skip(1))?;
    let compiled = compiled.as_ref();
    let bundles = bundles::bundles(profile, compiled)
        .with_context(|| format!("{} could not be taken apart", compiled.display()))?;
    let site = contents::contents(profile, bundles)?;
    output::write(profile, &site)?;
    if profile == Profile::Release {
        report::print(&site)?;
    }
    Ok(())
}

fn arguments(mut given: impl Iterator<Item = OsString>) -> Result<(Profile, OsString)> {
    let usage = "usage: site release|debug COMPILED.wasm";
    let word = given.next().context(usage)?;
    let profile = match word.to_str() {
        Some("release") => Profile::Release,
        Some("debug") => Profile::Debug,
        _ => bail!(usage),
    };
    Ok((profile, given.next().context(usage)?))
}

/// Says what is being done.
fn step(text: &str) {
    println!("    {text}");
}

/// Runs a program that npm installed and answers what it wrote.
fn npm_program(name: &str, arguments: &[impl AsRef<std::ffi::OsStr>]) -> Result<Vec<u8>> {
    let program = Path::new("scripts/node_modules/.bin").join(name);
    let output = Command::new(&program)
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("{} could not be started", program.display()))?;
    ensure!(output.status.success(), "{name} failed: {}", output.status);
    Ok(output.stdout)
}
