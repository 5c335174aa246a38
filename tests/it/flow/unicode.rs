//! Names, addresses and passwords as people of many languages and machines type them (DRIVE-1, DRIVE-2, DRIVE-5, AUTH-1, ORG-2,
//! PEOPLE-1): the same on both databases, whatever their collation.

use commonhold::server::store::naming;
use serde_json::json;

use crate::{
    both,
    support::{PASSWORD, Person, TestApp},
};

/// A query parameter.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

both!(drive_5_names_that_look_the_same_are_taken, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let first = anna.folder(org.root, "Zürich Nord").await;
    for same in ["Zu\u{308}rich Nord", "ZÜRICH NORD", "Zürich\u{A0}Nord", "Zürich\u{3000} Nord", "Zü\u{200B}rich Nord"]
    {
        let refused = anna.create(org.root, "folder", same).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "name_taken"), "{same:?}: {}", refused.body);
    }
    // Names with different accents differ.
    let other = anna.folder(org.root, "Zurich Nord").await;
    assert_eq!(anna.rename(other, "zürich nord").await.expect(409).code(), "name_taken");
    // Renaming a resource to another spelling of its own name is no clash.
    anna.rename(first, "Zu\u{308}rich\u{A0}Nord").await.expect(200);
    // Two of the same in one place: what is moved or copied gets a number.
    let there = anna.folder(org.root, "There").await;
    anna.folder(there, "ΟΔΟΣ").await;
    let street = anna.folder(org.root, "οδος").await;
    anna.transfer(&[street], there).await.expect(201);
    assert_eq!(app.stored(street).await.name, "οδος (2)");
    app.healthy().await;
});

both!(drive_5_invisible_names_are_refused_everywhere, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for nothing in ["\u{200B}", "\u{A0}\u{2009}", "\u{2800}", "\u{3164}", "\u{200D}\u{FE0F}"] {
        for kind in ["folder", "site", "asset", "dataset"] {
            assert_eq!(anna.create(org.root, kind, nothing).await.expect(422).fields(), ["name"], "{kind} {nothing:?}");
        }
        let organization = json!({ "name": nothing, "kind": "individual", "country": "CH" });
        assert!(anna.post("/api/v1/orgs", &organization).await.expect(422).fields().contains(&"name".to_owned()));
        assert_eq!(
            anna.patch("/api/v1/me", &json!({ "first_name": nothing })).await.expect(422).fields(),
            ["first_name"]
        );
        let account = anna.patch(&format!("/api/v1/orgs/{}", org.org_id), &json!({ "name": nothing })).await;
        assert_eq!(account.expect(422).fields(), ["name"]);
        let person =
            json!({ "first_name": "Eve", "last_name": nothing, "email": "eve@example.com", "password": PASSWORD });
        assert_eq!(app.nobody().post("/api/v1/signup", &person).await.expect(422).fields(), ["last_name"]);
    }
    app.healthy().await;
});

/// Order and search, on a database of any collation.
async fn ordered_and_found(app: &TestApp) {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let order = [
        "(1)",
        "1",
        "2",
        "10",
        "100",
        "_",
        "a-b",
        "B",
        "Cafe",
        "café",
        "caff",
        "Flight 1.9",
        "Flight 1.10",
        "IMG_2",
        "IMG_10",
        "Łódź",
        "Strasse",
        "Straße",
        "Zug",
        "Ωμέγα",
        "ж",
        "東京都庁舎",
    ];
    // Created in another order.
    for at in 0..order.len() {
        anna.folder(org.root, order[at * 7 % order.len()]).await;
    }
    let listed = anna.children(org.root, "?limit=200").await.expect(200).names();
    assert_eq!(listed, order);
    for descending in [false, true] {
        let sort = if descending { "-name" } else { "name" };
        let mut expected: Vec<&str> = order.to_vec();
        if descending {
            expected.reverse();
        }
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = anna.children(org.root, &format!("?sort={sort}&limit=3&cursor={cursor}")).await.expect(200);
            paged.extend(page.names());
            match page.json()["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(paged, expected, "{sort}");
        for at in [1, 7, 21] {
            let rest = anna.children(org.root, &format!("?sort={sort}&limit=200&at={at}")).await.expect(200).names();
            assert_eq!(rest, expected[at..], "{sort} from {at}");
        }
    }
    for (query, found) in [
        ("lodz", vec!["Łódź"]),
        ("ŁÓDŹ", vec!["Łódź"]),
        ("strasse", vec!["Strasse", "Straße"]),
        ("straße", vec!["Strasse", "Straße"]),
        ("cafe", vec!["Cafe", "café"]),
        ("cafe\u{301}", vec!["Cafe", "café"]),
        ("ωμεγα", vec!["Ωμέγα"]),
        ("都庁", vec!["東京都庁舎"]),
        ("庁舎", vec!["東京都庁舎"]),
        ("京庁", vec![]),
        ("flight 1 10", vec!["Flight 1.10"]),
        ("a b", vec!["a-b"]),
    ] {
        let path = format!("/api/v1/orgs/{}/search?q={}", org.org_id, escaped(query));
        let mut names = anna.get(&path).await.expect(200).names();
        names.sort();
        assert_eq!(names, found, "{query}");
    }
    let many = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    anna.folder(org.root, many).await;
    for (query, count) in
        [("fourteen", 1), (many, 1), ("one two three four five six fifteen", 0), ("thirteen one seven twelve three", 1)]
    {
        let path = format!("/api/v1/orgs/{}/search?q={}", org.org_id, escaped(query));
        assert_eq!(anna.get(&path).await.expect(200).names().len(), count, "{query}");
    }
    let tram = anna.folder(org.root, "Zürich Tram 4").await;
    assert_eq!(
        anna.children(org.root, &format!("?query={}", escaped("ZU\u{308}RICH\u{A0}tr"))).await.expect(200).names(),
        ["Zürich Tram 4"]
    );
    // Search through a grant finds the same.
    let mem = app.person("Mem").await;
    app.give(
        tram,
        commonhold::domain::transfer::Grantee::Person(mem.id),
        commonhold::domain::access::Level::Reader,
        false,
    )
    .await;
    for (query, count) in [("tram zurich 4", 1), ("tram zurich 5", 0), ("4 tram zurich basel", 0), ("fourteen", 0)] {
        let path = format!("/api/v1/orgs/{}/search?q={}", org.org_id, escaped(query));
        assert_eq!(mem.get(&path).await.expect(200).names().len(), count, "{query}");
    }
    // Organizations, people and invitations are in the same order, and found the same.
    for name in ["Žilina", "zug 10", "zug 9", "Ärzte"] {
        anna.create_org(name).await;
    }
    let organizations: Vec<String> =
        anna.get("/api/v1/orgs").await.expect(200).names().into_iter().filter(|name| !name.contains("Space")).collect();
    assert_eq!(organizations, ["Alpine Survey", "Ärzte", "Žilina", "zug 9", "zug 10"]);
    for name in ["Śmigły Jan", "Smith 10", "Smith 9"] {
        let email = format!("{}@example.com", name.chars().filter(char::is_ascii_alphanumeric).collect::<String>());
        let body = json!({ "invitations": [{ "email": email, "name": name, "role": "reader" }] });
        anna.post(&format!("/api/v1/orgs/{}/invitations", org.org_id), &body).await;
    }
    let people = async |query: &str| -> Vec<String> {
        anna.get(&format!("/api/v1/orgs/{}/people?status=invited{query}", org.org_id)).await.expect(200).names()
    };
    assert_eq!(people("").await, ["Śmigły Jan", "Smith 9", "Smith 10"]);
    assert_eq!(people(&format!("&query={}", escaped("smigly"))).await, ["Śmigły Jan"]);
    assert_eq!(people(&format!("&query={}", escaped("S\u{301}MIGŁY"))).await, ["Śmigły Jan"]);
    app.healthy().await;
}

both!(drive_1_drive_2_names_are_in_one_order_and_found_the_same, async |app| {
    ordered_and_found(app).await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn drive_1_drive_2_names_are_ordered_and_found_the_same_under_other_collations() {
    for locale in ["sv-SE", "tr-TR", "en-US-u-kn-true-ks-level1"] {
        let options = format!("TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE '{locale}' ENCODING 'UTF8'");
        let Some(app) = TestApp::postgres_with(&options).await else { return };
        ordered_and_found(&app).await;
        // The number of the next Org ID is found whatever punctuation sorts like (ORG-2).
        let anna = app.person("Anna").await;
        for _ in 0..11 {
            anna.create_org("Table").await;
        }
        assert_eq!(anna.create_org("Table").await.org_id, "table-12");
        app.finish().await;
    }
}

both!(drive_2_drive_5_the_doctor_compares_every_key_with_its_name, async |app| {
    let anna = app.person("Anne").await;
    let org = anna.create_org("Alpine Survey").await;
    for name in ["Zürich 2", "Zürich 10", "東京"] {
        anna.folder(org.root, name).await;
    }
    anna.invite(&org, "bert@example.com", "editor").await;
    app.healthy().await;
    for statements in [
        &["UPDATE resource SET name_key = lower(name) WHERE name LIKE 'Z%'"],
        &["UPDATE resource SET name_unique = 'x' WHERE name = '東京'"],
        &["DELETE FROM resource_word WHERE word LIKE 'zurich%'"],
        &["UPDATE person SET name_search = 'x'"],
        &["UPDATE invitation SET name_key = 'x'"],
    ] {
        let found = app.broken_by(statements).await;
        assert!(found.iter().any(|found| found == naming::INVARIANT), "{statements:?}: {found:?}");
    }
});

both!(org_2_acct_1_ids_are_transliterated_from_names, async |app| {
    let anna = app.person("Anna").await;
    for (name, id) in [
        ("Łódź", "lodz"),
        ("S\u{30C}koda", "skoda"),
        ("Mu\u{308}ller", "mueller"),
        ("Москва", "moskva"),
        ("Αθήνα", "athina"),
    ] {
        assert_eq!(anna.create_org(name).await.org_id, id);
    }
});

/// Signs up; the status.
async fn sign_up(app: &TestApp, email: &str, password: &str) -> u16 {
    let body = json!({ "first_name": "Anna", "last_name": "Muster", "email": email, "password": password });
    app.nobody().post("/api/v1/signup", &body).await.status
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> (Person, u16) {
    let person = app.nobody();
    let status = person.post("/api/v1/session", &json!({ "email": email, "password": password })).await.status;
    (person, status)
}

both!(auth_1_an_address_is_one_address_in_letters_and_in_punycode, async |app| {
    let (letters, ascii) = ("anna@bücher.example", "anna@xn--bcher-kva.example");
    assert_eq!(sign_up(app, letters, PASSWORD).await, 201);
    assert_eq!(sign_up(app, ascii, PASSWORD).await, 422, "taken");
    assert_eq!(sign_up(app, "anna@BU\u{308}CHER.example", PASSWORD).await, 422, "taken");
    for typed in [letters, ascii, "Anna＠bücher。example", "\u{200B}anna@bücher.example"] {
        let (person, status) = sign_in(app, typed, PASSWORD).await;
        assert_eq!(status, 200, "{typed}");
        assert_eq!(person.get("/api/v1/me").await.expect(200).json()["email"], ascii);
    }
    // Invited in one way, accepted in the other; given access in one way, known in the other.
    let john = app.person("John").await;
    let org = john.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let folder = john.folder(org.root, "Gotthard").await;
    john.invite(&org, "dora@zürich.example", "reader").await;
    let body = json!({ "invitations": [{ "email": "dora@xn--zrich-kva.example", "role": "reader" }] });
    let again = john.post(&format!("/api/v1/orgs/{}/invitations", org.org_id), &body).await;
    assert!(again.body.contains("already_invited"), "{}", again.body);
    let token = app.invitation_token("dora@xn--zrich-kva.example").await;
    assert_eq!(sign_up(app, "dora@zürich.example", PASSWORD).await, 201);
    let (dora, status) = sign_in(app, "dora@zürich.example", PASSWORD).await;
    assert_eq!(status, 200);
    dora.accept(&token).await.expect(200);
    dora.show(folder).await.expect(200);
    let given = john.give(folder, json!({ "email": "dora@ZÜRICH.example" }), "editor").await;
    assert!(given.status < 300, "{}", given.body);
    let access = john.access(folder, "").await.expect(200);
    assert!(access.body.contains("dora@xn--zrich-kva.example"), "{}", access.body);
    app.healthy().await;
});

both!(auth_1_a_password_is_one_password_on_every_keyboard, async |app| {
    let (composed, decomposed) = ("Zürich, écluse und Öl", "Zu\u{308}rich, e\u{301}cluse und\u{A0}O\u{308}l");
    for (email, set, other) in [("a@example.com", composed, decomposed), ("b@example.com", decomposed, composed)] {
        assert_eq!(sign_up(app, email, set).await, 201);
        for typed in [set, other] {
            assert_eq!(sign_in(app, email, typed).await.1, 200, "{typed}");
        }
        assert_eq!(sign_in(app, email, "Zurich, ecluse und Ol").await.1, 401);
        // Asked again, and changed.
        let (person, _) = sign_in(app, email, set).await;
        let new = "Genève au bord du lac, été";
        let changed = person.post("/api/v1/me/password", &json!({ "current": other, "password": new })).await;
        assert!(changed.status < 300, "{}", changed.body);
        assert_eq!(sign_in(app, email, "Gene\u{300}ve au bord du lac, e\u{301}te\u{301}").await.1, 200);
    }
});

both!(link_1_the_password_of_a_link_is_one_on_every_keyboard, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let made = anna
        .post(&format!("/api/v1/resources/{folder}/links"), &json!({ "password": "Zu\u{308}rich-Nord" }))
        .await
        .expect(201)
        .json();
    let url = made["url"].as_str().expect("an address");
    let path = &url[url.find("/s/").expect("a path")..];
    for (password, right) in [("Zürich-Nord", true), ("Zu\u{308}rich-Nord", true), ("Zurich-Nord", false)] {
        let request = axum::http::Request::builder()
            .method("POST")
            .uri(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "null")
            .body(axum::body::Body::from(format!("password={}", escaped(password))));
        let answer = app.nobody().send(request.expect("a request")).await;
        assert_eq!(answer.headers.contains_key("set-cookie"), right, "{password}: {} {}", answer.status, answer.body);
    }
});
