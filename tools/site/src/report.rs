//! What a browser fetches on its first visit, against the budget in scripts/budget.json.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{contents::Site, files, output::SITE};

/// The size of a file, as it is and as it is fetched.
struct Size {
    raw: u64,
    fetched: u64,
}

/// Prints the table. Fails if the budget says that being over it is a failure.
pub(crate) fn print(site: &Site) -> Result<()> {
    let budget: Value = serde_json::from_slice(&files::read("scripts/budget.json")?)?;
    let kb = |field: &str| budget[field].as_u64().with_context(|| format!("scripts/budget.json has no {field}"));
    let (page, limit) = (kb("html_kb")? * 1000, kb("first_visit_kb")? * 1000);

    println!("    {:48}{:>10}{:>10}", "", "raw", "brotli");
    for path in site.files.keys() {
        let Size { raw, fetched } = size(path)?;
        println!("    {path:48}{}{}", kilobytes(raw), kilobytes(fetched));
    }
    println!("    {:48}{:10}{}", "the page itself (set aside)", "", kilobytes(page));
    let sum = |paths: &[String]| paths.iter().map(|path| Ok(size(path)?.fetched)).sum::<Result<u64>>();
    let always = sum(&site.always)?;
    let mut over = false;
    for (bundle, paths) in &site.of_bundle {
        let total = page + always + sum(paths)?;
        let much = if total > limit { "  OVER THE BUDGET (scripts/budget.json)" } else { "" };
        over |= total > limit;
        let text = format!("first visit, pages of \"{bundle}\"");
        println!("    {text:48}{:10}{}  of {} kB{much}", "", kilobytes(total), limit / 1000);
    }
    if over && budget["fail_when_over"] == Value::Bool(true) {
        bail!("a first visit is over the budget");
    }
    Ok(())
}

fn size(path: &str) -> Result<Size> {
    let length = |path: &Path| fs::metadata(path).map(|metadata| metadata.len());
    let raw = length(&Path::new(SITE).join(path)).with_context(|| path.to_owned())?;
    Ok(Size { raw, fetched: length(&Path::new(SITE).join(format!("{path}.br"))).unwrap_or(raw) })
}

fn kilobytes(bytes: u64) -> String {
    let tenths = (bytes + 50) / 100;
    format!("{:>6}.{} kB", tenths / 10, tenths % 10)
}
