//! SQLite answers every query of the store by an index and without sorting, so that a page costs the same with ten times the
//! data. The queries are read from the source, so that no new one is missed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::support::TestApp;

/// A query, and the function it is in.
struct Query {
    place: String,
    sql: String,
}

/// Functions that scan a whole table on purpose, and why that is fine.
const MAY_SCAN: &[(&str, &str)] = &[
    ("search::list_in_organization", "what one page looks at, at most"),
    ("resource::list_folders", "puts four short lists behind each other"),
    ("person::any", "stops at the first row"),
    ("resource::any_in", "stops at the first row"),
    ("outbox::list_newest", "walks the primary key from its end, and stops"),
    ("outbox::list", "the same, for the operator"),
    ("health::replace", "one row"),
    ("site::list_captured", "at most the first hundred files of each dataset of a timeline, which an index found"),
    ("photo::list_sharpness", "at most the first 501 files of a dataset, which an index found"),
    ("photo::list_pictures", "the first eight files of each dataset of a page, which an index found"),
];

/// Functions that sort on purpose, and what bounds the rows.
const MAY_SORT: &[(&str, &str)] = &[
    ("session::list_of_person", "the sessions of one person"),
    ("membership::find_first_owner", "the Owners of one organization"),
    ("membership::list_own", "the memberships of one person"),
    ("grant::list_own", "the grants of one person"),
    ("invitation::list_sent_to", "the invitations of one address"),
    ("account::list", "the accounts of one organization"),
    ("account::list_visible", "the accounts of one organization"),
    ("account::list_of_person", "the accounts of some of one person's organizations"),
    ("membership::list_limited_between", "the people who are limited to one account"),
    ("membership::count_by_role", "the people who are limited to other accounts"),
    ("resource::list_tops", "the tops of the accounts of one organization"),
    ("organization::taken_keys", "a union of a few names"),
    ("organization::list_deleted", "what one Owner deleted lately"),
    ("resource::list_rows", "at most a page of ids"),
    ("grant::list_facts", "the grants on the ids asked for"),
    ("grant::list_on_way", "the grants on one way up"),
    ("invitation::list_on", "what waits on one resource"),
    ("grant::list_shared_page", "what is shared with one person"),
    ("grant::list_shared_with", "what is shared with one person from outside"),
    ("grant::list_shared_lately", "the fifty newest grants of one person, and of their organizations"),
    ("grant::list_shared", "what is shared with one person"),
    ("membership::list_grantees", "people by id"),
    ("audit::list_of_resource", "what was done to one thing"),
    ("grant::list_externals", "the people from outside, at most a page of resources each"),
    ("grant::list_people", "the grants on the ids asked for"),
    ("invitation::list_waiting", "the invitations of one address"),
    ("invitation::list_pending", "by email: the waiting invitations of one organization"),
    ("search::list_below", "what is shared with one person"),
    ("subtree::load", "once for a whole tree"),
    ("app::list_authorized", "the organizations of one person that an app names"),
    ("job::find_next", "the oldest job of each of at most fifty apps"),
    ("seat::count", "the seats of the licences asked for, in groups"),
    ("photo::list_pictures", "at most the first eight files of each dataset of a page"),
    ("subtree::name_what_matters", "only where something is in the way"),
    ("subtree::name_direct", "only where there are grants"),
    ("subtree::list_grantees", "only where there are grants"),
];

fn literals(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = code.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c != '"' {
            continue;
        }
        let mut text = String::new();
        while let Some((_, c)) = rest.next() {
            match c {
                '"' => break,
                '\\' => {
                    if let Some((_, c)) = rest.next() {
                        text.push(c);
                    }
                }
                c => text.push(c),
            }
        }
        found.push((at, text));
    }
    found
}

/// Every query of a file of the store.
fn queries(path: &Path) -> Vec<Query> {
    let text = fs::read_to_string(path).expect("a file");
    let module = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("'\"'", "");
    let mut found = Vec::new();
    // The SQL that each macro of the file puts in front of its argument.
    let mut prefixes: BTreeMap<&str, String> = BTreeMap::new();
    for (at, literal) in literals(&code) {
        let before = code[..at].trim_end();
        let place =
            code[..at].rfind("fn ").map_or("", |at| code[at + 3..].split(['(', '<']).next().unwrap_or_default());
        let sql = if before.ends_with("concat!(") {
            let name = code[..at]
                .rfind("macro_rules! ")
                .map_or("", |at| code[at + 13..].split(' ').next().unwrap_or_default());
            prefixes.insert(name, literal);
            continue;
        } else if let Some(prefix) = before.strip_suffix("!(").and_then(|before| {
            let name = before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            prefixes.get(name)
        }) {
            format!("{prefix}{literal}")
        } else {
            literal
        };
        let first = sql.trim_start().split([' ', '\n']).next().unwrap_or_default();
        if !["SELECT", "WITH", "UPDATE", "DELETE"].contains(&first) {
            continue;
        }
        // A list of rows is explained with one row.
        let width: usize = sql
            .split("{rows:")
            .nth(1)
            .and_then(|after| after.split('}').next())
            .map_or(0, |width| width.parse().expect("how many values a row has"));
        let row = (1..=width).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        let mut sql = sql
            .replace("{ids}", "SELECT unhex(value) FROM json_each($1)")
            .replace(&format!("{{rows:{width}}}"), &format!("({row})"));
        for n in 1..=9 {
            sql = sql.replace(&format!("{{{n}}}"), &format!("${}", n + if width > 0 { width } else { 1 }));
        }
        found.push(Query { place: format!("{module}::{place}"), sql });
    }
    found
}

#[tokio::test]
async fn quality_every_query_of_the_store_has_its_index() {
    let app = TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store");
    let mut wrong = Vec::new();
    let (mut walked, mut places) = (0, BTreeSet::new());
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    // `doctor` scans everything on purpose; `db` has SQL for PostgreSQL only, which makes columns compare by bytes.
    for path in entries.iter().filter(|path| !path.ends_with("doctor.rs") && !path.ends_with("db.rs")) {
        for Query { place, sql } in queries(path) {
            walked += 1;
            places.insert(place.clone());
            // The plan does not depend on the values, but the statement needs some.
            let bound = (1..=40).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
            let mut statement = tx.sql(format!("EXPLAIN QUERY PLAN {sql}").leak());
            for _ in 0..bound {
                statement = statement.bind(None::<i64>);
            }
            let steps: Vec<(i64, i64, i64, String)> =
                statement.all().await.unwrap_or_else(|error| panic!("{place}: {error}\n{sql}"));
            let tables: BTreeSet<&str> =
                ["tree", "up", "e", "first", "listed", "mine", "own", "given", "json_each", "CONSTANT", "(subquery"]
                    .into_iter()
                    .collect();
            for (_, _, _, step) in &steps {
                let scans = step.strip_prefix("SCAN ").is_some_and(|what| {
                    let what = what.split([' ', '-']).next().unwrap_or_default();
                    !tables.contains(what)
                });
                if scans && !MAY_SCAN.iter().any(|(may, _)| *may == place) {
                    wrong.push(format!("{place}: {step}"));
                }
                if step.contains("TEMP B-TREE") && !MAY_SORT.iter().any(|(may, _)| *may == place) {
                    wrong.push(format!("{place}: {step}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(walked >= 60, "{walked} queries found");
    for (place, _) in MAY_SCAN.iter().chain(MAY_SORT) {
        assert!(places.contains(*place), "{place} has no query any more");
    }
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn drive_1_a_page_of_children_seeks_its_start_in_the_index() {
    let app = TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store/resource.rs");
    let mut walked = 0;
    for Query { place, sql } in queries(&path).into_iter().filter(|query| query.place == "resource::list_children") {
        let bound = (1..=40).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
        let mut statement = tx.sql(format!("EXPLAIN QUERY PLAN {sql}").leak());
        for _ in 0..bound {
            statement = statement.bind(None::<i64>);
        }
        let steps: Vec<(i64, i64, i64, String)> = statement.all().await.expect("a plan");
        let step =
            steps.iter().map(|(_, _, _, step)| step.as_str()).find(|step| step.contains("INDEX resource_parent_id_"));
        let step = step.unwrap_or_else(|| panic!("{place}: no index of a list in {steps:?}"));
        assert!(["id)>(", "id)<("].iter().any(|bound| step.contains(bound)), "{place}: {step}\n{sql}");
        walked += 1;
    }
    assert_eq!(walked, 14, "six orders, both ways, and by name in a state");
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn lic_3_every_filter_of_a_ledger_is_an_index_range() {
    let app = TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store/licence.rs");
    let mut walked = 0;
    let filtered =
        queries(&path).into_iter().filter(|query| query.sql.contains("ledger_entry") && query.sql.contains("SELECT"));
    for Query { place, sql } in filtered {
        let bound = (1..=40).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
        let mut statement = tx.sql(format!("EXPLAIN QUERY PLAN {sql}").leak());
        for _ in 0..bound {
            statement = statement.bind(None::<i64>);
        }
        let steps: Vec<(i64, i64, i64, String)> = statement.all().await.expect("a plan");
        let step = steps.iter().map(|(_, _, _, step)| step.as_str()).find(|step| step.contains("INDEX ledger_entry_"));
        let step = step.unwrap_or_else(|| panic!("{place}: no index of the ledger in {steps:?}"));
        let by_kind = sql.contains("(e.kind") || sql.contains("kind = ");
        let index = if by_kind {
            "ledger_entry_licence_id_kind_created_at_number_idx "
        } else {
            "ledger_entry_licence_id_created_at_number_idx "
        };
        assert!(step.contains(index) && step.contains('>') && step.contains('<'), "{place}: {step}\n{sql}");
        walked += 1;
    }
    assert_eq!(walked, 6, "three functions, two filters each");
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn audit_1_every_filter_of_the_log_is_an_index_range() {
    let app = TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store/audit.rs");
    let mut walked = 0;
    let filtered = queries(&path).into_iter().filter(|query| {
        !["audit::list_own", "audit::list_of_resource"].contains(&query.place.as_str()) && query.sql.contains("SELECT")
    });
    for Query { place, sql } in filtered {
        let bound = (1..=40).rev().find(|n| sql.contains(&format!("${n}"))).unwrap_or(0);
        let mut statement = tx.sql(format!("EXPLAIN QUERY PLAN {sql}").leak());
        for _ in 0..bound {
            statement = statement.bind(None::<i64>);
        }
        let steps: Vec<(i64, i64, i64, String)> = statement.all().await.expect("a plan");
        let step = steps.iter().map(|(_, _, _, step)| step.as_str()).find(|step| step.contains(" audit "));
        let step = step.expect("a step through the table");
        let (by_actor, by_action) = (
            sql.contains("actor_id = ") || sql.contains("(actor_id"),
            sql.contains("action = ") || sql.contains("(action"),
        );
        let fits = match (by_actor, by_action) {
            (false, false) => step.contains("INDEX audit_organization_id_created_at_id_idx "),
            (true, false) => step.contains("INDEX audit_organization_id_actor_id_created_at_id_idx "),
            (false, true) => step.contains("INDEX audit_organization_id_action_created_at_id_idx "),
            (true, true) => !step.contains("INDEX audit_organization_id_created_at_id_idx"),
        };
        assert!(fits && step.contains('>') && step.contains('<'), "{place}: {step}\n{sql}");
        walked += 1;
    }
    assert_eq!(walked, 12, "three functions, four filters each");
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn audit_1_the_history_of_a_thing_is_found_by_its_id_not_by_walking_a_log() {
    let app = TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/store/audit.rs");
    let query = queries(&path).into_iter().find(|query| query.place == "audit::list_of_resource").expect("the query");
    let mut statement = tx.sql(format!("EXPLAIN QUERY PLAN {}", query.sql).leak());
    for _ in 0..8 {
        statement = statement.bind(None::<i64>);
    }
    let steps: Vec<(i64, i64, i64, String)> = statement.all().await.expect("a plan");
    for index in ["audit_resource_id_id_idx (resource_id=?)", "audit_item_resource_id_audit_id_idx (resource_id=?)"] {
        assert!(steps.iter().any(|(_, _, _, step)| step.contains(index)), "{index}: {steps:?}");
    }
    assert!(!steps.iter().any(|(_, _, _, step)| step.contains("organization_id")), "{steps:?}");
    drop(tx);
    app.finish().await;
}

#[tokio::test]
async fn the_bundled_sqlite_has_the_expected_version_and_options() {
    let app = crate::support::TestApp::sqlite().await;
    let mut tx = app.db().read().await.expect("a connection");
    let version: (String,) = tx.sql("SELECT sqlite_version()").one().await.expect("a version");
    let numbers: Vec<u32> = version.0.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(numbers >= vec![3, 51, 3], "SQLite {} is too old", version.0);
    let options: Vec<(String,)> = tx.sql("PRAGMA compile_options").all().await.expect("options");
    // Otherwise SQLite counts every allocation under one lock, which all readers wait for (.cargo/config.toml).
    assert!(options.iter().any(|(option,)| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
}
