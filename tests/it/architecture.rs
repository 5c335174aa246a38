//! Which layer may depend on which: the rules of the architecture page as assertions over the source files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

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
    for source in sources().iter().filter(|source| source.path.starts_with("domain/")) {
        assert!(!source.code.contains("crate::view"), "{} names view", source.path);
    }
}

#[test]
fn read_models_name_the_domain_and_nothing_else() {
    never("view/", &["server", "ui", "rpc", "leptos", "axum", "sqlx", "tokio", "async"], &[]);
    for source in sources().iter().filter(|source| source.path.starts_with("view/")) {
        let others = source.code.matches("crate::").count() - source.code.matches("crate::domain").count();
        assert_eq!(others, 0, "{} names another room", source.path);
    }
}

#[test]
fn middleware_is_kept_away_from_use_cases_and_sql() {
    never("server/usecase/", &["middleware"], &[]);
    never("server/store/", &["middleware"], &[]);
    // Each of these is a server of its own, or one subject whose layer belongs beside it.
    let known = ["inbox.rs", "preferences.rs", "rendering.rs", "router.rs", "rest/", "shared/", "middleware/"];
    for source in sources().iter().filter(|source| source.path.starts_with("server/")) {
        let place = &source.path["server/".len()..];
        let known = known.iter().any(|known| place.starts_with(known));
        assert!(
            known || !names(&source.code, "from_fn") && !source.code.contains("middleware::Next"),
            "{}",
            source.path
        );
    }
}

/// Folders whose files are subjects of their own. Any other folder is one subject, with its `mod.rs`.
const ROOMS: [&str; 19] = [
    "domain",
    "view",
    "rpc",
    "ui",
    "ui/components",
    "ui/pages",
    "server",
    "server/middleware",
    "server/rest",
    "server/store",
    "server/usecase",
    "server/usecase/drive",
    "server/usecase/grant",
    "server/usecase/invitation",
    "server/usecase/licence",
    "server/usecase/offer",
    "server/usecase/people",
    "server/usecase/transfer",
    "server/workers",
];

/// Rooms that are checked for circles, with the files of the circles that are still there. The list only shrinks: a file that
/// is in no circle any more has to be taken out of it.
const CIRCLES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("view", &[]),
    ("rpc", &[]),
    ("ui", &[]),
    ("server", &[]),
    (
        "server/rest",
        &[
            "server/rest/access.rs",
            "server/rest/accounts.rs",
            "server/rest/annotations.rs",
            "server/rest/apps.rs",
            "server/rest/audit.rs",
            "server/rest/billing.rs",
            "server/rest/desktop.rs",
            "server/rest/engine.rs",
            "server/rest/events.rs",
            "server/rest/files.rs",
            "server/rest/invitations.rs",
            "server/rest/jobs.rs",
            "server/rest/keys.rs",
            "server/rest/layers.rs",
            "server/rest/licences.rs",
            "server/rest/links.rs",
            "server/rest/loans.rs",
            "server/rest/mod.rs",
            "server/rest/my_account.rs",
            "server/rest/offers.rs",
            "server/rest/operator.rs",
            "server/rest/orgs.rs",
            "server/rest/people.rs",
            "server/rest/receipts.rs",
            "server/rest/resources.rs",
            "server/rest/restrictions.rs",
            "server/rest/seats.rs",
            "server/rest/session.rs",
            "server/rest/tasks.rs",
            "server/rest/tickets.rs",
            "server/rest/transfers.rs",
            "server/rest/trash.rs",
            "server/rest/uploads.rs",
            "server/rest/zips.rs",
        ],
    ),
    (
        "server/store",
        &[
            "server/store/connectivity.rs",
            "server/store/db.rs",
            "server/store/fault.rs",
            "server/store/health.rs",
            "server/store/live.rs",
            "server/store/mod.rs",
            "server/store/together.rs",
        ],
    ),
    ("server/usecase", &[]),
];

/// The subject of a file: `ui/pages/drive` for `ui/pages/drive/list.rs`, the file itself where its folder is a room.
fn subject(path: &str) -> String {
    let mut subject = path;
    let mut folder = path.rsplit_once('/').map(|(folder, _)| folder);
    while let Some(inner) = folder.filter(|folder| !ROOMS.contains(folder)) {
        subject = inner;
        folder = inner.rsplit_once('/').map(|(folder, _)| folder);
    }
    subject.to_owned()
}

/// A source without comments, strings and characters, up to its tests: what is left of a path is a path.
fn without_text(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let chars: Vec<char> = source.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or(' ');
    let (mut left, mut i) = (String::new(), 0);
    while i < chars.len() {
        let before = i.checked_sub(1).map_or(' ', at);
        let hashes = (i + 1..chars.len()).take_while(|index| at(*index) == '#').count();
        if at(i) == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if at(i) == '/' && at(i + 1) == '*' {
            while i < chars.len() && !(at(i) == '*' && at(i + 1) == '/') {
                i += 1;
            }
            i += 2;
        } else if at(i) == 'r' && at(i + 1 + hashes) == '"' && !before.is_alphanumeric() && before != '_' {
            i += 2 + hashes;
            while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|step| at(i + step) == '#')) {
                i += 1;
            }
            i += 1 + hashes;
        } else if at(i) == '"' {
            i += 1;
            while i < chars.len() && at(i) != '"' {
                i += if at(i) == '\\' { 2 } else { 1 };
            }
            i += 1;
        } else if at(i) == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
        } else {
            left.push(at(i));
            i += 1;
        }
    }
    left
}

/// The paths of a use tree: `a::{b, c as d}` is `a::b`, and `a::c` under the name of `d`.
fn paths_of(tree: &str, prefix: &str, found: &mut Vec<(String, String)>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let prefix = format!("{prefix}{}", tree[..open].trim());
        let inside = tree[open + 1..].rsplit_once('}').map_or("", |(inside, _)| inside);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    paths_of(&inside[start..at], &prefix, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        paths_of(&inside[start..], &prefix, found);
    } else if !tree.is_empty() {
        let (path, name) =
            tree.split_once(" as ").map_or((tree, None), |(path, name)| (path.trim(), Some(name.trim())));
        let path = format!("{prefix}{path}");
        let path = path.strip_suffix("::self").unwrap_or(&path).to_owned();
        let name = name.or_else(|| path.rsplit("::").next()).unwrap_or_default().to_owned();
        found.push((path, name));
    }
}

/// Which files each file names, in imports and in paths within the code.
fn named_files(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let module = |path: &str| {
        let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
        if ["lib", "main"].contains(&path) { String::new() } else { path.replace('/', "::") }
    };
    let files: BTreeMap<String, &str> = sources
        .iter()
        .filter(|source| source.path != "main.rs")
        .map(|source| (module(&source.path), source.path.as_str()))
        .collect();
    // The file whose module is the longest beginning of a path.
    let file = |path: &str| {
        let mut path = path;
        loop {
            if let Some(file) = files.get(path) {
                return (!path.is_empty()).then(|| (*file).to_owned());
            }
            path = path.rsplit_once("::").map_or("", |(parent, _)| parent);
        }
    };
    let mut named = BTreeMap::new();
    for source in sources {
        let own = module(&source.path);
        let code = without_text(&source.text);
        let mut modules: BTreeMap<String, String> = BTreeMap::new();
        let absolute = |path: &str, modules: &BTreeMap<String, String>| {
            let (first, rest) = path.split_once("::").unwrap_or((path, ""));
            let below = |module: &str| format!("{module}::{rest}").trim_matches(':').to_owned();
            match first {
                "crate" | "commonhold" => Some(rest.to_owned()),
                "self" => Some(below(&own)),
                "super" => {
                    let mut module = own.rsplit_once("::").map_or("", |(parent, _)| parent);
                    let mut rest = rest;
                    while let Some(after) = rest.strip_prefix("super::") {
                        module = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                        rest = after;
                    }
                    Some(format!("{module}::{rest}").trim_matches(':').to_owned())
                }
                first => {
                    let child = format!("{own}::{first}").trim_matches(':').to_owned();
                    let module = modules.get(first).or_else(|| files.contains_key(&child).then_some(&child));
                    module.map(|module| below(module))
                }
            }
        };
        let mut paths = BTreeSet::new();
        let mut rest = String::new();
        for (number, statement) in code.split("use ").enumerate() {
            let before = rest.chars().next_back();
            if number == 0 || before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                rest.push_str(statement);
                continue;
            }
            let (tree, after) = statement.split_once(';').unwrap_or((statement, ""));
            let tree = tree.split_whitespace().collect::<Vec<_>>().join(" ");
            let mut found = Vec::new();
            paths_of(&tree, "", &mut found);
            for (path, name) in found {
                if let Some(path) = absolute(&path, &BTreeMap::new()) {
                    if files.contains_key(&path) {
                        modules.insert(name, path);
                    } else {
                        paths.insert(path);
                    }
                }
            }
            rest.push(' ');
            rest.push_str(after);
        }
        for word in rest.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            if word.contains("::")
                && let Some(path) = absolute(word.trim_matches(':'), &modules)
            {
                paths.insert(path);
            }
        }
        let others = paths.iter().filter_map(|path| file(path)).filter(|other| *other != source.path).collect();
        named.insert(source.path.clone(), others);
    }
    named
}

#[test]
fn no_circle_goes_through_files_of_different_subjects() {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, others) in named_files(&sources()) {
        let own = subject(&path);
        let others = others.iter().map(|other| subject(other)).filter(|other| *other != own);
        named.entry(own.clone()).or_default().extend(others);
    }
    assert!(named["server/usecase/drive/list.rs"].contains("domain/access.rs"), "imports are read");
    let room = |subject: &str| {
        let rooms = CIRCLES.iter().map(|(room, _)| *room);
        rooms.filter(|room| subject.starts_with(&format!("{room}/"))).max_by_key(|room| room.len())
    };
    for (this, known) in CIRCLES {
        let inside: BTreeSet<&String> = named.keys().filter(|subject| room(subject) == Some(*this)).collect();
        assert!(inside.len() > 5, "{this} has files");
        let in_a_circle = |start: &&&String| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![**start]);
            while let Some(subject) = next.pop() {
                for other in named[subject].iter().filter(|other| inside.contains(other)) {
                    if other == **start {
                        return true;
                    }
                    if seen.insert(other) {
                        next.push(other);
                    }
                }
            }
            false
        };
        let found: BTreeSet<&str> = inside.iter().filter(in_a_circle).map(|subject| subject.as_str()).collect();
        let known: BTreeSet<&str> = known.iter().copied().collect();
        let fresh: Vec<_> = found.difference(&known).collect();
        assert!(fresh.is_empty(), "{this}: these files are in a circle of imports: {fresh:?}");
        let gone: Vec<_> = known.difference(&found).collect();
        assert!(
            gone.is_empty(),
            "{this}: these files are in no circle any more, so take them out of CIRCLES: {gone:?}"
        );
    }
}

#[test]
fn rpc_bodies_call_use_cases_and_nothing_else_of_the_server() {
    never("rpc/", &["sqlx", "axum", "http", "store", "ui"], &[]);
    never("paths.rs", &["server", "ui", "rpc", "leptos", "domain"], &[]);
    // An address may end with "/view".
    let paths = sources().into_iter().find(|source| source.path == "paths.rs").expect("the file of addresses");
    assert!(!paths.code.contains("view::"), "paths.rs names the room of views");
    for source in sources().iter().filter(|source| source.path.starts_with("rpc/")) {
        for (at, _) in source.code.match_indices("crate::server") {
            let after = &source.code[at..];
            let fine = after.starts_with("crate::server::{server_fn_response as response, usecase}")
                || after.starts_with("crate::server::{request::local_path, server_fn_response as response, usecase}")
                || after.starts_with("crate::server::{preferences, server_fn_response::signed_in}")
                || after.starts_with("crate::server::{preferences, server_fn_response as response, usecase}")
                || after.starts_with("crate::server::server_fn_response::")
                || after.starts_with("crate::server::usecase::");
            assert!(fine, "{}: {}", source.path, &after[..after.len().min(60)]);
        }
    }
}

#[test]
fn what_the_browser_decodes_needs_no_names_of_fields() {
    // Postcard has none, so it cannot decode what serde makes of these attributes (`rpc/encoding.rs`).
    let attributes = ["untagged", "flatten", "tag =", "other", "skip_serializing", "skip_deserializing"];
    let rooms = ["domain/", "rpc/", "view/"];
    for source in sources().iter().filter(|source| rooms.iter().any(|room| source.path.starts_with(room))) {
        for attribute in source.code.split("#[serde(").skip(1).filter_map(|rest| rest.split(")]").next()) {
            for unfit in attributes {
                assert!(!attribute.contains(unfit), "{}: serde({attribute})", source.path);
            }
        }
        assert!(!source.code.contains("deserialize_any"), "{}", source.path);
    }
    // JSON as a value needs its names too. The lines of the audit log have some, for the API alone: no type with JSON in it can
    // be encoded.
    never("view/", &["serde_json"], &["view/activity.rs"]);
    for Source { path, text, .. } in sources().into_iter().filter(|source| source.path == "view/activity.rs") {
        for declared in text.split("#[derive(").skip(1).filter(|declared| declared.contains("serde_json::Value")) {
            let derives = declared.split(')').next().unwrap_or_default();
            assert!(!derives.contains("Serialize") && !derives.contains("Deserialize"), "{path}: {derives}");
        }
    }
    never("rpc/", &["serde_json"], &[]);
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
        &[
            "same_key",
            "sort_key",
            "search_key",
            "opaque",
            "Email::parse",
            "Name::parse",
            "CheckedInvitee::parse",
            "free_name",
        ],
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
fn file_1_storage_is_named_in_one_place_only() {
    for source in sources() {
        if !source.path.starts_with("server/files/") {
            assert!(!names(&source.code, "object_store"), "{} names object_store", source.path);
        }
    }
}

#[test]
fn file_5_what_reads_images_is_named_in_one_place_only() {
    for source in sources().iter().filter(|source| !source.path.starts_with("server/pictures/")) {
        for library in ["image", "exif", "tiff"] {
            let is_called = source.code.match_indices(&format!("{library}::")).any(|(at, _)| {
                // A module may be called `paid_image`.
                !source.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            assert!(!is_called, "{} names {library}", source.path);
        }
        assert!(!names(&source.code, "fast_image_resize"), "{} names fast_image_resize", source.path);
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
fn api_1_no_two_types_have_the_same_name_in_the_document() {
    // The document calls a type by its name alone, so the second one would take the place of the first without a word.
    let mut names = BTreeMap::new();
    for Source { path, text, .. } in sources() {
        for derived in text.split("#[derive(").skip(1).filter(|rest| {
            rest.split(")]").next().is_some_and(|derives| derives.split([',', ' ']).any(|one| one.trim() == "ToSchema"))
        }) {
            let declared =
                derived.split(['{', ';', '(']).find(|part| part.contains("struct ") || part.contains("enum "));
            let name = declared.and_then(|part| part.split_whitespace().last()).unwrap_or_default().to_owned();
            if let Some(other) = names.insert(name.clone(), path.clone()) {
                panic!("{name} is declared in {other} and in {path}");
            }
        }
    }
    assert!(names.len() > 100, "{} types found", names.len());
}

#[test]
fn use_cases_write_no_addresses() {
    // They return outcomes, and the doors make addresses of these. Links in mails come from `paths`.
    let mails = ["grant/give.rs", "job/settle.rs", "offer/answer.rs", "offer/make.rs"]
        .map(|file| format!("server/usecase/{file}"));
    for source in sources().iter().filter(|source| source.path.starts_with("server/usecase/")) {
        for literal in source.code.replace("\\\"", "").split('"').skip(1).step_by(2) {
            assert!(!literal.starts_with('/'), "{} writes the address {literal}", source.path);
        }
        let names_pages = names(&source.code, "paths") || names(&source.code, "toast");
        assert!(!names_pages || mails.contains(&source.path), "{} names a page", source.path);
    }
}

#[test]
fn api_1_use_cases_hand_no_write_to_another_task() {
    // What another tokio task writes is not in the transaction of a request with a key (`store/together.rs`). These two may happen
    // twice: a mail that is requested again replaces the one before, and the use of a link is noted once an hour at most.
    let known = ["server/usecase/my_account/links.rs", "server/usecase/link.rs"];
    for source in sources().iter().filter(|source| source.path.starts_with("server/usecase/")) {
        let hands_on = ["spawn(", "join!(", "JoinSet"].iter().any(|word| source.code.contains(word));
        let carries_out = source.path == "server/usecase/idempotency.rs";
        assert!(!hands_on || carries_out || known.contains(&source.path.as_str()), "{} hands on", source.path);
    }
}

#[test]
fn cfg_feature_is_named_in_few_files_only() {
    for source in sources() {
        let may = ["lib.rs", "main.rs", "ui/components/server_only.rs", "ui/status.rs", "server/files/mod.rs"]
            .contains(&source.path.as_str());
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
            // A personal space becomes an organization, a link was opened, somebody was seen, a photo says its day: none of these gives
            // a right to anybody (SPACE-1, LINK-1, PEOPLE-1, DRIVE-6).
            let by_itself = ["release_space", "update_opened", "update_person_seen", "update_used", "update_captured"];
            if changes && !by_itself.contains(&name.as_str()) {
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
        if source.path != "domain/permit.rs" {
            assert!(!source.code.contains("Permit { person, organization, resource }"), "{}", source.path);
            assert!(!source.code.contains("RolePermit {"), "{}", source.path);
        }
        // The operator's permit is for the command line and for what starts by itself, never for a person's request.
        let may = [
            "domain/permit.rs",
            "server/usecase/dataset.rs",
            "server/usecase/waiting.rs",
            "server/demo.rs",
            "server/generate.rs",
        ];
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
        if ["tests.rs", "laws.rs", "/testing.rs"].iter().any(|ending| source.path.ends_with(ending)) {
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
fn crates_that_are_named_for_their_features_alone_are_not_called() {
    for source in sources() {
        for word in ["chrono::", "email_address::", "num_traits::"] {
            assert!(!source.code.contains(word), "{} says {word}", source.path);
        }
    }
}

#[test]
fn there_are_no_text_areas_and_no_raw_markup() {
    for source in sources() {
        // One place turns text into markup, and escapes all of it. Leptos does not escape the content of a <textarea>, so the one
        // component that has one calls that place.
        // What the server alone draws is markup of Leptos, which escapes.
        let escapes = source.path == "ui/components/markup.rs"
            || (source.path == "ui/components/server_only.rs"
                && source.code.contains("let html = view().to_html();")
                && source.code.contains("inner_html=html>"))
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
        // Most rows have no flag set, so an INSERT may leave flags out; and rows that are there have nothing in a new column.
        let sql = sql.replace("BOOLEAN NOT NULL DEFAULT FALSE", "BOOLEAN NOT NULL");
        let sql: String = sql
            .lines()
            .map(|line| {
                let adds = line.starts_with("ALTER TABLE");
                if adds { line.replace("BIGINT NOT NULL DEFAULT 0", "BIGINT NOT NULL") } else { line.to_owned() }
            })
            .collect::<Vec<_>>()
            .join("\n");
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
fn audit_1_every_action_is_written_by_a_use_case() {
    let use_cases: Vec<Source> = sources().into_iter().filter(|one| one.path.starts_with("server/usecase/")).collect();
    for action in commonhold::domain::audit::Action::ALL {
        let name = format!("{action:?}");
        assert!(use_cases.iter().any(|one| names(&one.code, &name)), "nothing writes {name}");
    }
}
