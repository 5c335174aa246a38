//! Every rule and every attack that the code cites is documented: in `docs/rules.md` and `docs/threats.md`. The pages about
//! the code are short enough to be read, and the files and functions that they name exist.

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

#[test]
fn the_architecture_fits_on_a_few_screens() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("a page");
    let lines = text.lines().count();
    assert!(lines <= 220, "ARCHITECTURE.md has {lines} lines: what only one subject needs goes to docs/architecture");
    for (number, line) in text.lines().enumerate() {
        let length = line.chars().count();
        assert!(length <= 120, "ARCHITECTURE.md:{}: {length} characters", number + 1);
    }
}

/// The pages about the code, by their paths.
fn pages_about_code() -> BTreeMap<String, String> {
    let about_code = |path: &str| {
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].contains(&path)
            || path.starts_with("docs/architecture/")
            || path.starts_with("docs/walkthroughs/")
    };
    citing_files().into_iter().filter(|(path, _)| about_code(path)).collect()
}

/// Every file of the repository, but for what is built or installed.
fn repository_files() -> BTreeSet<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !["node_modules", "target", ".git"].contains(&name) {
                    walk(&path, found);
                }
            } else {
                found.insert(path.strip_prefix(root()).expect("below the root").display().to_string());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(root(), &mut found);
    found
}

/// What a page says in code style, outside its blocks of code.
fn code_spans(text: &str) -> Vec<&str> {
    let mut in_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2));
        }
    }
    found
}

/// Whether a page names a file or a folder: `store/db.rs`, `mod.rs`, `src/rpc/`, `tests/it/flow`.
fn is_path(span: &str) -> bool {
    let plain = span.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c))
        && !span.starts_with(['/', '.'])
        && !span.starts_with("target/");
    let extension = Path::new(span).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_file = ["rs", "ts", "js", "mjs", "css", "sql", "md", "toml", "html"].contains(&extension);
    let rooms = ["src/", "tests/", "docs/", "end2end/", "tools/", "scripts/", "benches/"];
    plain && (is_file || span.ends_with('/') || rooms.iter().any(|room| span.starts_with(room)))
}

#[test]
fn files_and_functions_that_pages_name_exist() {
    // A path may leave out where it begins, and a folder is the beginning of its files.
    let files: String = repository_files().iter().map(|file| format!("/{file}/\n")).collect();
    let sources = citing_files();
    let code: String =
        sources.iter().filter(|(path, _)| path.starts_with("src/")).map(|(_, text)| text.as_str()).collect();
    let (mut paths, mut functions) = (0, 0);
    let mut missing = BTreeSet::new();
    for (page, text) in pages_about_code() {
        for span in code_spans(&text) {
            if is_path(span) {
                paths += 1;
                if !files.contains(&format!("/{}/", span.trim_end_matches('/'))) {
                    missing.insert(format!("{span} in {page}"));
                }
            } else if let Some(name) = span.strip_suffix("()") {
                functions += 1;
                let name = name.rsplit([':', '.']).next().unwrap_or_default();
                if !["(", "<"].iter().any(|after| code.contains(&format!("fn {name}{after}"))) {
                    missing.insert(format!("{span} in {page}"));
                }
            }
        }
    }
    assert!(paths > 150 && functions > 80, "{paths} paths and {functions} functions were found");
    assert!(missing.is_empty(), "these do not exist: {missing:#?}");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut links = 0;
    for (page, text) in
        citing_files().into_iter().filter(|(path, _)| Path::new(path).extension() == Some("md".as_ref()))
    {
        let folder = root().join(&page).parent().expect("a folder").to_path_buf();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                links += 1;
                assert!(folder.join(file).exists(), "{page} links to {file}");
            }
        }
    }
    assert!(links > 60, "{links} links were found");
}
