//! Billing: contacts, Contact sales, and what the operator does about it, at the command line and over the API (ORG-4,
//! ORG-8, LIC-1, LIC-3).

use axum::http::Method;
use commonhold::{
    domain::role::Role,
    server::usecase::{operator::Operator, operator_key::create_key},
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp},
};

fn path(org: &Org, rest: &str) -> String {
    format!("/api/v1/orgs/{}/billing/{rest}", org.org_id)
}

fn wish() -> Value {
    json!({ "product": "cloud_pro", "model": "credits", "credits": 5_000, "message": "From January on.\nThanks",
        "contact_name": "Anna Muster", "contact_email": "anna@example.com", "contact_phone": "+41 44 123 45 67" })
}

both!(org_4_owners_keep_billing_contacts_and_nobody_else_sees_them, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    let lena = json!({ "name": "Lena Lag", "email": "lena@example.com", "phone": "+41 44 123" });
    let added = anna.post(&path(&org, "contacts"), &lena).await.expect(201).json();
    let one = path(&org, &format!("contacts/{}", added["id"].as_str().expect("an id")));
    for (wrong, fields) in [
        (json!({}), vec!["name", "email"]),
        (json!({ "name": "Lena", "email": "lena" }), vec!["email"]),
        (json!({ "name": "Lena", "email": "LENA@example.com" }), vec!["email"]),
        (json!({ "name": "L", "email": "l@example.com", "phone": "ring" }), vec!["phone"]),
    ] {
        assert_eq!(anna.post(&path(&org, "contacts"), &wrong).await.expect(422).fields(), fields, "{wrong}");
    }
    let put = async |at: &str, body: &Value| anna.call(Method::PUT, at, Some(body), &[]).await;
    let changed = put(&one, &json!({ "name": "Lena L", "email": "lena@example.com" })).await.expect(200).json();
    assert_eq!((changed["name"].as_str(), &changed["phone"]), (Some("Lena L"), &Value::Null));
    // By the address of another organization of the same Owner, it does not exist.
    let foreign = one.replace("alpine-survey", "tunnel-north");
    put(&foreign, &lena).await.expect(404);
    anna.delete(&foreign).await.expect(404);
    for (role, name) in [(Role::Manager, "Mona"), (Role::Editor, "Eddi"), (Role::Reader, "Rolf"), (Role::Member, "Mem")]
    {
        let person = app.person(name).await;
        app.join(&org, &person, role).await;
        for what in ["contacts", "requests"] {
            person.get(&path(&org, what)).await.expect(403);
        }
        person.post(&path(&org, "contacts"), &lena).await.expect(403);
        person.post(&path(&org, "requests"), &wish()).await.expect(403);
        person.delete(&one).await.expect(403);
        person.page(&format!("/o/{}/billing", org.org_id)).await.expect(404);
        let licences = person.page(&format!("/o/{}/licences", org.org_id)).await;
        assert_eq!(licences.status, if role == Role::Manager { 200 } else { 404 }, "{role:?}");
        assert!(!licences.body.contains("Contact sales"), "{role:?}");
    }
    for number in 1..20 {
        let body = json!({ "name": "N", "email": format!("n{number}@example.com") });
        anna.post(&path(&org, "contacts"), &body).await.expect(201);
    }
    let full = anna.post(&path(&org, "contacts"), &json!({ "name": "N", "email": "x@example.com" })).await.expect(422);
    assert!(full.body.contains("at most 20"), "{}", full.body);
    anna.delete(&one).await.expect(204);
    anna.delete(&one).await.expect(404);
    assert!(anna.get(&path(&other, "contacts")).await.expect(200).names().is_empty());
    let log = anna.get(&format!("/api/v1/orgs/{}/audit?action=billing.contact_removed", org.org_id)).await.expect(200);
    // Managers read the log: whom one writes to, not how.
    assert!(log.body.contains("Lena L") && !log.body.contains("lena@example.com"), "{}", log.body);
});

both!(org_8_a_request_is_kept_mailed_answered_once_and_told_to_the_owners, async |app| {
    app.ctx().set_operator_mail("ops@example.com".to_owned());
    let (anna, olga) = (app.person("Anna").await, app.person("Olga").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &olga, Role::Owner).await;
    let asked = anna.post(&path(&org, "requests"), &wish()).await.expect(201).json();
    let id = asked["id"].as_str().expect("an id").to_owned();
    assert_eq!((asked["state"].as_str(), asked["credits"].as_i64()), (Some("open"), Some(5_000)));
    let mails = app.mail_to("ops@example.com").await;
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.contains("Alpine Survey") && mails[0].1.contains("From January on."), "{mails:?}");
    assert!(mails[0].1.contains("anna@example.com") && mails[0].1.contains(&id), "{mails:?}");
    // What is refused leaves nothing behind.
    for (wrong, fields) in [
        (json!({}), vec!["product", "contact_name", "contact_email"]),
        (json!({ "product": "moon", "contact_name": "A", "contact_email": "a@example.com" }), vec!["product"]),
        (
            json!({ "product": "desktop", "credits": -5, "contact_name": "A", "contact_email": "a@example.com" }),
            vec!["credits"],
        ),
    ] {
        assert_eq!(anna.post(&path(&org, "requests"), &wrong).await.expect(422).fields(), fields, "{wrong}");
    }
    anna.post(&path(&org, "requests"), &json!({ "unknown": 1 })).await.expect(400);
    assert_eq!(app.mail_to("ops@example.com").await.len(), 1);

    let ops = Ops::new(app).await;
    let open = ops.get("requests?state=open").await.expect(200).json();
    assert_eq!(open["items"][0]["org_id"], "alpine-survey");
    let answer = format!("requests/{id}/answer");
    for (wrong, field) in [
        (json!({ "state": "answered", "text": " " }), "text"),
        (json!({ "state": "open", "text": "x" }), "state"),
        (json!({ "state": "answered", "text": "x".repeat(2_001) }), "text"),
    ] {
        assert_eq!(ops.post(&answer, &wrong).await.expect(422).fields(), [field]);
    }
    let yes = json!({ "state": "answered", "text": "Granted until 2027.\nGood flights!" });
    assert_eq!(ops.post(&answer, &yes).await.expect(200).json()["state"], "answered");
    assert!(ops.post(&answer, &yes).await.expect(422).body.contains("already been answered"));
    anna.post(&path(&org, &format!("requests/{id}/withdraw")), &json!({})).await.expect(422);
    for owner in [&anna, &olga] {
        let mails = app.mail_to(&owner.email).await;
        let told = mails.iter().find(|(subject, _)| subject.contains("was answered")).expect("a mail to every Owner");
        assert!(told.1.contains("Good flights!") && told.1.contains("/o/alpine-survey/billing"), "{}", told.1);
    }
    let page = anna.page("/o/alpine-survey/billing").await.expect(200);
    assert!(page.body.contains("Good flights!") && page.body.contains("Answered"));
    let audit = anna.get("/api/v1/orgs/alpine-survey/audit?action=purchase.answered").await.expect(200).json();
    assert_eq!(audit["items"][0]["actor_name"], "Operator (tests)");
    // Ten a day and no more, whoever of the organization asks.
    for number in 1..10 {
        let who = if number % 2 == 0 { &anna } else { &olga };
        who.post(&path(&org, "requests"), &wish()).await.expect(201);
    }
    assert_eq!(olga.post(&path(&org, "requests"), &wish()).await.expect(429).code(), "rate_limited");
    app.later(2);
    let last = anna.post(&path(&org, "requests"), &wish()).await.expect(201).json();
    let last = last["id"].as_str().expect("an id");
    let withdraw = path(&org, &format!("requests/{last}/withdraw"));
    assert_eq!(anna.post(&withdraw, &json!({})).await.expect(200).json()["state"], "withdrawn");
    anna.post(&withdraw, &json!({})).await.expect(422);
    let other = anna.create_org("Tunnel North").await;
    anna.post(&path(&other, &format!("requests/{last}/withdraw")), &json!({})).await.expect(404);
    app.healthy().await;
});

both!(org_8_without_an_operators_address_a_request_is_only_kept, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.post(&path(&org, "requests"), &wish()).await.expect(201);
    let mails = "SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE subject LIKE '%asks for%'";
    assert_eq!(app.count(mails).await, 0);
    let kept = anna.get(&path(&org, "requests")).await.expect(200).json();
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1));
});

/// The operator's API, with a key.
pub struct Ops {
    nobody: Person,
    key: String,
    id: String,
}

impl Ops {
    pub async fn new(app: &TestApp) -> Self {
        let made = create_key(app.ctx(), &Operator::command_line(), "tests").await.expect("a key");
        Self { nobody: app.nobody(), key: made.1, id: made.0.id.to_string() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        self.nobody.call(method, &format!("/api/v1/operator/{path}"), body, &[("authorization", &bearer)]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body)).await
    }
}

both!(file_6_a_limit_on_storage_is_lifted_by_saying_so_and_not_by_saying_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let ops = Ops::new(app).await;
    let path = format!("orgs/{}/storage", org.org_id);
    let limit = async |body: Value| ops.call(Method::PUT, &path, Some(&body)).await;
    assert_eq!(limit(json!({ "limit": 1_000 })).await.expect(200).json()["limit"], 1_000);
    for (wrong, status) in [(json!({}), 400), (json!({ "limit": "1000" }), 400), (json!({ "limit": -1 }), 422)] {
        limit(wrong).await.expect(status);
    }
    let shown = anna.get(&format!("/api/v1/orgs/{}", org.org_id)).await.expect(200).json();
    assert_eq!(shown["storage"]["limit"], 1_000, "as it was");
    assert_eq!(limit(json!({ "limit": null })).await.expect(200).json()["limit"], Value::Null);
});

both!(the_operators_api_takes_its_own_keys_and_nothing_else, async |app| {
    let anna = app.person("Anna").await;
    anna.create_org("Alpine Survey").await;
    let ops = Ops::new(app).await;
    ops.get("licences").await.expect(200);
    // A session is no key, and no header is none.
    let none = anna.get("/api/v1/operator/licences").await.expect(401);
    assert_eq!(
        (none.code().as_str(), none.header("www-authenticate")),
        ("unauthenticated", "Bearer realm=\"commonhold\"")
    );
    assert_eq!(none.header("content-type"), "application/problem+json");
    let with = async |value: String| {
        app.nobody().call(Method::GET, "/api/v1/operator/licences", None, &[("authorization", &value)]).await
    };
    let (right, twisted) = (ops.key.clone(), format!("{}x", &ops.key[..ops.key.len() - 1]));
    for wrong in
        ["Bearer".to_owned(), "Bearer nonsense".to_owned(), format!("Basic {right}"), format!("Bearer {twisted}")]
    {
        with(wrong).await.expect(401);
    }
    with(format!("bearer {right}")).await.expect(200);
    // Keys are shown once, are kept as digests, and end at once.
    let made = ops.post("keys", &json!({ "name": "second" })).await.expect(201).json();
    let second = made["key"].as_str().expect("a key").to_owned();
    with(format!("Bearer {second}")).await.expect(200);
    let listed = ops.get("keys").await.expect(200);
    assert!(!listed.body.contains(&second) && listed.names() == ["tests", "second"], "{}", listed.body);
    let key = format!("keys/{}", made["id"].as_str().expect("an id"));
    ops.call(Method::DELETE, &key, None).await.expect(204);
    with(format!("Bearer {second}")).await.expect(401);
    ops.call(Method::DELETE, &key, None).await.expect(404);
    ops.post("keys", &json!({ "name": "" })).await.expect(422);
    ops.call(Method::DELETE, &format!("keys/{}", ops.id), None).await.expect(204);
    ops.get("licences").await.expect(401);
    // Guessing is held up like guessing a password.
    let mut last = 401;
    for _ in 0..40 {
        last = with("Bearer cho_nonsense".to_owned()).await.status;
    }
    assert_eq!(last, 429);
});

both!(lic_1_lic_3_the_operator_grants_tops_up_extends_and_ends_and_refusals_leave_the_books, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let ops = Ops::new(app).await;
    let grant = json!({ "org": "alpine-survey", "product": "cloud_pro", "model": "credits", "credits": 100, "until": "2026-12-31" });
    let licence = ops.post("licences", &grant).await.expect(201).json();
    let id = licence["id"].as_str().expect("an id").to_owned();
    let at = |verb: &str| format!("licences/{id}/{verb}");
    let credits = async || ops.get(&format!("licences/{id}")).await.expect(200).json()["credits"].as_i64();
    let books = "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_entry";
    for (wrong, field) in [
        (json!({ "credits": 0 }), "credits"),
        (json!({}), "credits"),
        (json!({ "credits": -1 }), "credits"),
        (json!({ "credits": i64::MAX }), "credits"),
        (json!({ "credits": i64::MIN }), "credits"),
        (json!({ "credits": 1_000_000_000_001_i64 }), "credits"),
        (json!({ "images": 5, "credits": 1 }), "images"),
    ] {
        assert_eq!(ops.post(&at("top-up"), &wrong).await.expect(422).fields(), [field], "{wrong}");
    }
    for wrong in [json!({ "credits": 1e30 }), json!({ "credits": "5" }), json!({ "credits": 1.5 }), json!({ "x": 1 })] {
        ops.post(&at("top-up"), &wrong).await.expect(400);
    }
    assert_eq!((credits().await, app.count(books).await), (Some(100), 1));
    // The same key twice is one top-up.
    let bearer = format!("Bearer {}", ops.key);
    for _ in 0..2 {
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "once")];
        let path = format!("/api/v1/operator/{}", at("top-up"));
        app.nobody().call(Method::POST, &path, Some(&json!({ "credits": 50 })), &headers).await.expect(200);
    }
    assert_eq!((credits().await, app.count(books).await), (Some(150), 2));
    for (wrong, expected) in [("", 422), ("soon", 422), ("2026-02-30", 422), ("2020-01-01", 422)] {
        let refused = ops.post(&at("extend"), &json!({ "until": wrong })).await.expect(expected);
        assert_eq!(refused.fields(), ["until"], "{wrong}");
    }
    ops.post(&at("expire"), &json!({})).await.expect(200);
    anna.create(org.root, "folder", "Late").await.expect(403);
    let alive = ops.post(&at("extend"), &json!({ "until": "2027-12-31" })).await.expect(200).json();
    assert_eq!(
        (alive["state"].as_str(), alive["active_until"].as_str()),
        (Some("active"), Some("2028-01-01T00:00:00.000Z"))
    );
    anna.create(org.root, "folder", "In time").await.expect(201);
    for verb in ["extend", "expire", "top-up"] {
        let body = json!({});
        let missing = format!("licences/{}/{verb}", uuid::Uuid::from_u128(7));
        let nonsense = format!("licences/nonsense/{verb}");
        ops.post(&missing, &body).await.expect(404);
        ops.post(&nonsense, &body).await.expect(404);
    }
    for (wrong, fields) in [
        (json!({ "org": "alpine-survey", "product": "cloud_pro", "credits": 1 }), vec!["model", "model"]),
        (json!({ "org": "alpine-survey", "product": "cloud", "model": "credits", "seats": 5 }), vec!["seats"]),
        (
            json!({ "org": "alpine-survey", "product": "desktop", "seats": 5, "from": "2027-01-02", "until": "2027-01-01" }),
            vec!["until"],
        ),
        (json!({ "org": "alpine-survey", "product": "desktop", "seats": 0 }), vec!["seats"]),
    ] {
        assert_eq!(ops.post("licences", &wrong).await.expect(422).fields(), fields, "{wrong}");
    }
    ops.post("licences", &json!({ "org": "nobody", "product": "desktop", "seats": 5 })).await.expect(404);
    let listed = ops.get("licences?org=alpine-survey").await.expect(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(listed["items"][1]["org_id"], "alpine-survey");
    let page = ops.get("licences?limit=1").await.expect(200).json();
    assert!(page["next_cursor"].is_string());
    let audit = anna.get("/api/v1/orgs/alpine-survey/audit?action=licence.topped_up").await.expect(200).json();
    let line = &audit["items"][0];
    assert_eq!(
        (line["actor_name"].as_str(), line["after"]["left"]["credits"].as_i64()),
        (Some("Operator (tests)"), Some(150))
    );
    app.healthy().await;
});

both!(lic_3_the_ledger_is_filtered_paged_and_exported_with_what_was_left, async |app| {
    use commonhold::domain::resource::DatasetStatus;
    let (anna, rolf) = (app.person("Anna").await, app.person("Rolf").await);
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.join(&org, &rolf, Role::Reader).await;
    let licence = app.images_licence(&org, 1_000, 100).await;
    app.images_licence(&other, 1_000, 100).await;
    let (mut datasets, first) = (Vec::new(), app.ctx().now().day());
    for number in 0..3 {
        let dataset = anna.dataset(org.root, &format!("=Flight {number}"), 10).await;
        app.set_status(dataset, DatasetStatus::Processed).await;
        app.later(1);
        datasets.push(dataset);
    }
    anna.transfer(&[datasets[2]], other.root).await.expect(201);
    let ledger = async |query: &str| anna.get(&format!("/api/v1/licences/{licence}/ledger{query}")).await;
    let items =
        async |query: &str| ledger(query).await.expect(200).json()["items"].as_array().cloned().expect("a list");
    let all = items("").await;
    let left: Vec<i64> = all.iter().filter_map(|entry| entry["images_after"].as_i64()).collect();
    assert_eq!(left, [980, 970, 980, 990, 1_000]);
    assert_eq!(all.iter().filter_map(|entry| entry["number"].as_i64()).collect::<Vec<_>>(), [5, 4, 3, 2, 1]);
    // What left the organization has no name here any more.
    assert_eq!((&all[1]["resource_name"], all[2]["resource_name"].as_str()), (&Value::Null, Some("=Flight 1")));
    assert_eq!(items("?kind=spend").await.len(), 3);
    assert_eq!(items("?kind=refund").await.len(), 0);
    let day = |days: i64| commonhold::domain::time::Day(first.0 + days).iso();
    assert_eq!(items(&format!("?from={}&to={}", day(1), day(1))).await.len(), 1);
    assert_eq!(items(&format!("?kind=spend&from={}", day(1))).await.len(), 2);
    assert_eq!(items(&format!("?to={}", day(-1))).await.len(), 0);
    for (wrong, field) in
        [("?kind=gift", "kind"), ("?from=yesterday", "from"), ("?to=2026-02-30", "to"), ("?limit=0", "limit")]
    {
        assert_eq!(ledger(wrong).await.expect(422).fields(), [field]);
    }
    ledger("?when=now").await.expect(400);
    // Page by page, every entry once.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ledger(&format!("?limit=2&cursor={cursor}")).await.expect(200).json();
        seen.extend(page["items"].as_array().cloned().expect("a list"));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let export = async |query: &str| anna.get(&format!("/api/v1/licences/{licence}/ledger/export{query}")).await;
    let csv = export("?kind=spend").await.expect(200);
    assert_eq!((csv.header("x-truncated"), csv.body.lines().count()), ("false", 4));
    assert!(csv.body.contains("'=Flight 0") && csv.body.contains(",-10,-1,"), "{}", csv.body);
    let json: Vec<Value> = serde_json::from_str(&export("?format=json").await.expect(200).body).expect("a list");
    assert_eq!(json, all);
    assert_eq!(export("?format=json&kind=refund").await.expect(200).body.trim(), "[]");
    export("?format=xml").await.expect(422);
    rolf.get(&format!("/api/v1/licences/{licence}/ledger/export")).await.expect(403);
    let page = anna.page(&format!("/o/{}/licences/{licence}?kind=spend", org.org_id)).await.expect(200);
    assert!(page.body.contains("=Flight 0") && page.body.contains("Export CSV"));
    rolf.page(&format!("/o/{}/licences/{licence}", org.org_id)).await.expect(404);
    anna.page(&format!("/o/{}/licences/{licence}", other.org_id)).await.expect(404);
    app.healthy().await;
});

both!(org_8_nothing_is_said_to_be_sent_where_nobody_reads_it_and_the_command_is_shown, async |app| {
    let (anna, john, eve) = (app.person("Anna").await, app.person("John").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Manager).await;
    let command = "commonhold licence grant --org alpine-survey --product";
    for page in ["licences", "billing", "billing?dialog=contact-sales", "seats"] {
        let shown = anna.page(&format!("/o/alpine-survey/{page}")).await.expect(200);
        assert!(shown.body.contains(command), "{page}");
        assert!(!shown.body.contains("by mail"), "{page}");
    }
    let licences = john.page("/o/alpine-survey/licences").await.expect(200);
    assert!(licences.body.contains(&format!("Ask {} (Owner).", anna.name)), "{}", licences.body);
    assert!(!licences.body.contains(command) && !licences.body.contains("Contact sales"));
    assert!(!eve.page("/o/alpine-survey/licences").await.expect(404).body.contains(&anna.name));
    let form = [
        ("org", "alpine-survey"),
        ("product", "cloud-pro"),
        ("contact_name", "Anna"),
        ("contact_email", "anna@example.com"),
    ];
    let url = <commonhold::rpc::billing::ContactSales as leptos::server_fn::ServerFn>::url();
    let dialog = "/o/alpine-survey/billing?dialog=contact-sales";
    anna.form(url, dialog, &form).await.expect(302);
    let saved = anna.page("/o/alpine-survey/billing").await.expect(200);
    assert!(saved.body.contains("saved, but not mailed") && !saved.body.contains("was sent"), "{}", saved.body);
    // Where somebody reads it, it is sent, and there is no command.
    app.ctx().set_operator_mail("ops@example.com".to_owned());
    anna.form(url, dialog, &form).await.expect(302);
    let sent = anna.page("/o/alpine-survey/billing").await.expect(200);
    assert!(sent.body.contains("Your request was sent"), "{}", sent.body);
    let licences = anna.page("/o/alpine-survey/licences").await.expect(200);
    assert!(!licences.body.contains(command) && licences.body.contains("Contact sales"));
    assert_eq!(app.mail_to("ops@example.com").await.len(), 1);
});
