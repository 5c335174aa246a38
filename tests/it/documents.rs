//! Every rule and every attack that the code cites is documented: in `docs/rules.md` and `docs/threats.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("a page")
}

/// Every text file that may cite a rule or an attack, by its path.
fn citing_files() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if name != "node_modules" && name != "snapshots" {
                    walk(&path, found);
                }
            } else if [".rs", ".ts", ".sql", ".css", ".mjs", ".md"].iter().any(|end| name.ends_with(end)) {
                let path_name = path.strip_prefix(root()).expect("below the root").display().to_string();
                found.insert(path_name, fs::read_to_string(&path).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    for folder in ["src", "tests", "benches", "end2end", "migrations", "style", "docs"] {
        walk(&root().join(folder), &mut found);
    }
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        found.insert(name.to_owned(), fs::read_to_string(root().join(name)).expect("a page"));
    }
    assert!(found.len() > 300, "the files are where they were");
    found
}

/// The words of a text: letters, digits, `-` and `_`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').filter(|word| !word.is_empty())
}

/// The leading digits of a text as a number.
fn number(text: &str) -> Option<u32> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// `XFER-4` of `XFER-4` and of `XFER-4b`.
fn rule(word: &str) -> Option<(&str, u32)> {
    let (prefix, rest) = word.split_once('-')?;
    let shouted = prefix.len() > 1 && prefix.bytes().all(|b| b.is_ascii_uppercase());
    shouted.then(|| number(rest).map(|number| (prefix, number))).flatten()
}

/// The rules that the page lists: its list items begin with `**XFER-4**`.
fn listed_rules() -> BTreeSet<(String, u32)> {
    page("rules.md")
        .lines()
        .filter_map(|line| line.strip_prefix("- **")?.split("**").next().and_then(rule))
        .map(|(prefix, number)| (prefix.to_owned(), number))
        .collect()
}

/// The attacks that the page lists, with the line of each.
fn listed_attacks() -> BTreeMap<u32, String> {
    page("threats.md").lines().filter_map(|line| Some((number(line.strip_prefix("| ")?)?, line.to_owned()))).collect()
}

#[test]
fn every_rule_that_is_cited_is_listed() {
    let listed = listed_rules();
    let prefixes: BTreeSet<&str> = listed.iter().map(|(prefix, _)| prefix.as_str()).collect();
    assert!(listed.len() > 100, "{} rules are listed", listed.len());
    let mut missing = BTreeSet::new();
    let mut cited = 0;
    for (path, text) in citing_files() {
        for (prefix, number) in words(&text).filter_map(rule).filter(|(prefix, _)| prefixes.contains(prefix)) {
            cited += 1;
            if !listed.contains(&(prefix.to_owned(), number)) {
                missing.insert(format!("{prefix}-{number} in {path}"));
            }
        }
        // The names of tests: `xfer_4_whatever`.
        for name in words(&text).filter(|word| word.contains('_')) {
            let mut parts = name.split('_');
            let (Some(prefix), Some(Ok(number))) = (parts.next(), parts.next().map(str::parse::<u32>)) else {
                continue;
            };
            let prefix = prefix.to_ascii_uppercase();
            if prefixes.contains(prefix.as_str()) && !listed.contains(&(prefix.clone(), number)) {
                missing.insert(format!("{name} in {path}"));
            }
        }
    }
    assert!(cited > 1_000, "{cited} citations were found");
    assert!(missing.is_empty(), "docs/rules.md does not list {missing:#?}");
}

#[test]
fn every_attack_that_is_cited_is_listed_and_its_tests_are_there() {
    let listed = listed_attacks();
    assert!(listed.len() > 60, "{} attacks are listed", listed.len());
    let files = citing_files();
    let mut missing = BTreeSet::new();
    for (path, text) in &files {
        let after_word = text.match_indices("ttack ").filter_map(|(at, word)| number(&text[at + word.len()..]));
        let in_names = text.match_indices("attack_").filter_map(|(at, word)| number(&text[at + word.len()..]));
        for attack in after_word.chain(in_names).filter(|attack| !listed.contains_key(attack)) {
            missing.insert(format!("{attack} in {path}"));
        }
    }
    assert!(missing.is_empty(), "docs/threats.md does not list {missing:#?}");
    let code: String = files
        .iter()
        .filter(|(path, _)| std::path::Path::new(path).extension() != Some("md".as_ref()))
        .map(|(_, text)| text.as_str())
        .collect();
    for (attack, line) in listed {
        let tests = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let named = tests.split('`').nth(1);
        assert!(
            named.is_none_or(|named| code.contains(named)),
            "no test is named {} for attack {attack}",
            named.unwrap_or_default()
        );
        assert_eq!(
            code.contains(&format!("attack_{attack}_")),
            tests.contains(&format!("`attack_{attack}_`")),
            "attack {attack}: {line}"
        );
    }
}
