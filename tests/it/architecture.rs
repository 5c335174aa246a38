//! Which layer may depend on which: the rules of the architecture page as assertions over the source files.

use std::{fs, path::Path};

struct Source {
    path: String,
    /// Without comments and without what is compiled for tests only.
    code: String,
    text: String,
}

/// Every source file below `src/`, as `domain/role.rs`.
fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<Source>) {
        let mut entries: Vec<_> =
            fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a file");
                let path = path.strip_prefix(root().join("src")).expect("below src").display().to_string();
                found.push(Source { path, code: code(&text), text });
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    assert!(found.len() > 80, "the sources are where they were");
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines that are compiled into the program: no comments, nothing behind `#[cfg(test)]`.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    // The namespace of SVG, not an address.
    let before_tests = before_tests.replace("http://www.w3.org/2000/svg", "");
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether code contains an identifier.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}

/// Asserts that no file of a folder contains any of these identifiers.
fn never(room: &str, words: &[&str], except: &[&str]) {
    for source in sources().iter().filter(|source| source.path.starts_with(room)) {
        if except.contains(&source.path.as_str()) {
            continue;
        }
        for word in words {
            assert!(!names(&source.code, word), "{} names {word}", source.path);
        }
    }
}

#[test]
fn the_domain_is_pure() {
    never(
        "domain/",
        &[
            "server",
            "ui",
            "rpc",
            "leptos",
            "axum",
            "http",
            "sqlx",
            "tokio",
            "async",
            "SystemTime",
            "Instant",
            "rand",
            "now_v7",
            "new_v4",
            "std::fs",
            "std::env",
            "std::net",
        ],
        &["domain/testing.rs"],
    );
    never("domain/", &["serde_json"], &["domain/transfer/tests.rs", "domain/transfer/laws.rs"]);
}

#[test]
fn rpc_bodies_call_use_cases_and_nothing_else_of_the_server() {
    never("rpc/", &["sqlx", "axum", "http", "store", "ui"], &[]);
    for source in sources().iter().filter(|source| source.path.starts_with("rpc/")) {
        for (at, _) in source.code.match_indices("crate::server") {
            let after = &source.code[at..];
            let fine = after.starts_with("crate::server::{server_fn_response as response, usecase}")
                || after.starts_with("crate::server::{request::local_path, server_fn_response as response, usecase}")
                || after.starts_with("crate::server::server_fn_response::")
                || after.starts_with("crate::server::usecase::");
            assert!(fine, "{}: {}", source.path, &after[..after.len().min(60)]);
        }
    }
}

#[test]
fn the_user_interface_calls_domain_and_rpc() {
    never("ui/", &["crate::server", "sqlx", "axum"], &[]);
    for source in sources().iter().filter(|source| source.path.starts_with("ui/")) {
        // In a nested `use`. The word alone may stand in a text on screen.
        assert!(!source.code.lines().any(|line| line.trim_start().starts_with("server::")), "{}", source.path);
    }
    never("ui/", &["http", "leptos_axum"], &["ui/status.rs"]);
    never("ui/components/", &["domain", "rpc"], &["ui/components/form.rs"]);
}

#[test]
fn no_page_needs_the_unicode_tables() {
    // Every browser would have to load these tables: pages show names, and the server computes the keys that they are compared by.
    never(
        "ui/",
        &["same_key", "sort_key", "search_key", "opaque", "Email::parse", "Name::parse", "Invite::read", "free_name"],
        &[],
    );
}

#[test]
fn sqlx_is_named_under_the_store_only() {
    for source in sources() {
        if !source.path.starts_with("server/store/") {
            // The filter of the log names it as a target.
            let code = source.code.replace("sqlx=warn", "");
            assert!(!names(&code, "sqlx"), "{} names sqlx", source.path);
        }
    }
}

#[test]
fn http_is_named_in_the_outer_layers_only() {
    never("server/usecase/", &["axum", "http", "sqlx", "leptos", "tower", "StatusCode"], &[]);
    never("server/store/", &["axum", "http", "leptos", "tower_http", "usecase", "rest::"], &[]);
    never("server/rest/", &["store", "sqlx", "leptos"], &[]);
    never("server/workers/", &["axum", "http", "sqlx", "leptos"], &[]);
}

#[test]
fn api_1_use_cases_hand_no_write_to_another_task() {
    // What another tokio task writes is not in the transaction of a request with a key (`store/together.rs`). These two may happen
    // twice: a mail that is requested again replaces the one before, and the use of a link is noted once an hour at most.
    let known = ["server/usecase/account/links.rs", "server/usecase/link.rs"];
    for source in sources().iter().filter(|source| source.path.starts_with("server/usecase/")) {
        let hands_on = ["spawn(", "join!(", "JoinSet"].iter().any(|word| source.code.contains(word));
        let carries_out = source.path == "server/usecase/idempotency.rs";
        assert!(!hands_on || carries_out || known.contains(&source.path.as_str()), "{} hands on", source.path);
    }
}

#[test]
fn cfg_feature_is_named_in_few_files_only() {
    for source in sources() {
        let may = ["lib.rs", "main.rs", "ui/status.rs"].contains(&source.path.as_str());
        assert!(may || !source.text.contains("cfg(feature"), "{} says cfg(feature", source.path);
    }
}

/// The functions of a file: name, signature, body.
fn functions(code: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("pub async fn ") {
        let rest = &code[at + "pub async fn ".len()..];
        let name = rest.split(['(', '<']).next().unwrap_or_default().to_owned();
        let open = rest.find(" {\n").unwrap_or(rest.len());
        let end = rest.find("\n}").unwrap_or(rest.len());
        found.push((name, rest[..open].to_owned(), rest[open.min(end)..end].to_owned()));
    }
    found
}

#[test]
fn what_changes_resources_grants_transfers_or_memberships_takes_a_permit() {
    let guarded = ["resource", "access_grant", "transfer", "share_link", "membership", "organization", "account"];
    let mut seen = 0;
    for source in sources().iter().filter(|source| source.path.starts_with("server/store/")) {
        for (name, signature, body) in functions(&source.code) {
            let changes = guarded.iter().any(|table| {
                ["INSERT INTO", "UPDATE", "DELETE FROM"].iter().any(|verb| names(&body, &format!("{verb} {table}")))
            }) || body.contains("insert_row(");
            // A personal space becomes an organization, a link was opened, somebody was seen: none of these gives a right to anybody
            // (SPACE-1, LINK-1, PEOPLE-1).
            if changes
                && !["release_space", "update_opened", "update_person_seen", "update_used"].contains(&name.as_str())
            {
                seen += 1;
                assert!(signature.contains("Permit"), "{}: {name} changes without a permit", source.path);
            }
        }
    }
    assert!(seen >= 15, "{seen} functions found");
}

#[test]
fn permits_are_made_by_the_domain_only() {
    for source in sources() {
        if source.path != "domain/access.rs" {
            assert!(!source.code.contains("Permit { person, organization, resource }"), "{}", source.path);
        }
        if source.path != "domain/role.rs" {
            assert!(!source.code.contains("RolePermit {"), "{}", source.path);
        }
        // The operator's permit is for the command line and the engine, never for a person's request.
        let may = ["domain/access.rs", "server/usecase/dataset.rs", "server/demo.rs", "server/generate.rs"];
        assert!(may.contains(&source.path.as_str()) || !names(&source.code, "operate"), "{} operates", source.path);
    }
}

#[test]
fn modules_and_store_functions_are_documented() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} does not begin with what it is", source.path);
        if source.path.starts_with("server/usecase/") || source.path.starts_with("server/store/") {
            for (at, _) in source.text.match_indices("\npub async fn ") {
                let before = source.text[..at].lines().next_back().unwrap_or_default().trim_start().to_owned();
                assert!(before.starts_with("///") || before.starts_with("#["), "{}: {before}", source.path);
            }
        }
    }
}

#[test]
fn nothing_panics_on_purpose() {
    for source in sources() {
        if source.path.ends_with("tests.rs") || source.path.ends_with("laws.rs") || source.path == "domain/testing.rs" {
            continue;
        }
        for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "dbg!("] {
            // The clock of the program is allowed; only SQL may not read one.
            let code = source.code.replace("Instant::now()", "");
            assert!(!code.contains(word), "{} says {word}", source.path);
        }
        for word in ["unsafe {", "unsafe fn", "unsafe impl"] {
            assert!(!source.code.contains(word), "{} is unsafe", source.path);
        }
    }
}

#[test]
fn there_are_no_text_areas_and_no_raw_markup() {
    for source in sources() {
        // One place turns text into markup, and escapes all of it. Leptos does not escape the content of a <textarea>, so the one
        // component that has one calls that place.
        let escapes = source.path == "ui/components/markup.rs"
            || (source.path == "ui/components/field.rs"
                && source.code.contains("inner_html=typed")
                && source.code.contains("let typed = escaped("));
        // Text that changes while a browser translation holds its nodes is set as escaped markup.
        let code = source.code.replace("inner_html=move || escaped(", "");
        for word in ["<textarea", "inner_html"] {
            assert!(escapes || !code.contains(word), "{} says {word}", source.path);
        }
        assert!(!source.code.contains("style=\""), "{} has an inline style", source.path);
    }
}

#[test]
fn migrations_use_the_common_subset_of_sql() {
    let mut columns = 0;
    let mut entries: Vec<_> = fs::read_dir(root().join("migrations"))
        .expect("migrations")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for (number, path) in entries.iter().enumerate() {
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(name.starts_with(&format!("{:04}_", number + 1)), "{name} is out of order");
        let text = fs::read_to_string(path).expect("a file");
        assert!(text.starts_with("-- "), "{name} does not begin with what it is");
        let sql: String =
            text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let mut in_table = false;
        for line in sql.lines() {
            if line.starts_with("CREATE TABLE") {
                in_table = true;
                continue;
            }
            in_table &= !line.starts_with(");");
            let mut words = line.split_whitespace();
            if let (true, Some(first), Some(kind)) = (in_table, words.next(), words.next())
                && first.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                columns += 1;
                let kind = kind.trim_end_matches(',');
                assert!(["TEXT", "BIGINT", "BOOLEAN", "UUID"].contains(&kind), "{name}: {line}");
            }
        }
        // Most rows have no flag set, so an INSERT may leave flags out.
        let sql = sql.replace("BOOLEAN NOT NULL DEFAULT FALSE", "BOOLEAN NOT NULL");
        for word in
            ["AUTOINCREMENT", "SERIAL", "JSONB", "now()", "CURRENT_TIMESTAMP", "DEFAULT", "VARCHAR", "TIMESTAMP"]
        {
            assert!(!names(&sql, word), "{name} says {word}");
        }
    }
    assert!(columns > 80, "{columns} columns found");
}

#[test]
fn the_store_uses_the_common_subset_of_sql() {
    for source in sources().iter().filter(|source| source.path.starts_with("server/store/")) {
        for word in ["ILIKE", "now()", "FOR UPDATE", "SKIP LOCKED", "LOWER(", "AUTOINCREMENT", "->>", "ARRAY["] {
            // The clock of the program is allowed; only SQL may not read one.
            let code = source.code.replace("Instant::now()", "");
            assert!(!code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn audit_1_every_action_that_is_written_has_a_title_and_every_title_is_written() {
    let mut written = std::collections::BTreeSet::new();
    // Changes of one's own account are in no organization's log, except leaving it.
    let personal = "server/usecase/account/";
    for source in sources()
        .iter()
        .filter(|source| source.path.starts_with("server/usecase/") && !source.path.starts_with(personal))
    {
        for literal in source.code.split('"').skip(1).step_by(2) {
            let words: Vec<&str> = literal.split('.').collect();
            let plain = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if words.len() == 2 && words.iter().all(plain) {
                written.insert(literal.to_owned());
            }
        }
    }
    let known = commonhold::domain::audit::ACTIONS.iter().map(|(word, _)| (*word).to_owned()).collect();
    assert_eq!(written, known);
}
