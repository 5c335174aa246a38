//! **Contact support** (HELP-1): tickets, the thread that both sides write, the mail about it, and who sees it (attacks 88, 89).

use commonhold::{
    domain::{role::Role, ticket::MAX_THREAD_MESSAGES},
    server::usecase::{self, operator::Operator},
};
use serde_json::{Value, json};

use super::billing::Ops;
use crate::{
    both,
    support::{Person, TestApp},
};

const TICKETS: &str = "/api/v1/support/tickets";
const OPERATOR: &str = "ops@example.com";

fn question() -> Value {
    json!({ "subject": "The map stays grey", "message": "Since today.\n\nOn every dataset." })
}

/// Opens a ticket; its number.
async fn opened(person: &Person) -> i64 {
    let opened = person.post(TICKETS, &question()).await.expect(201).json();
    opened["number"].as_i64().expect("a number")
}

fn at(number: i64, rest: &str) -> String {
    format!("{TICKETS}/{number}{rest}")
}

async fn write(person: &Person, number: i64, text: &str) -> crate::support::Answer {
    person.post(&at(number, "/messages"), &json!({ "text": text })).await
}

/// Who wrote what in a thread.
fn thread(shown: &Value) -> Vec<(String, String)> {
    let text = |message: &Value, field: &str| message[field].as_str().expect("text").to_owned();
    let messages = shown["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| (text(message, "from"), text(message, "text"))).collect()
}

/// Moves tickets and messages into the past, so that others can follow on the same day.
async fn yesterday(app: &TestApp) {
    for sql in [
        "UPDATE ticket SET created_at = created_at - 90000000, updated_at = updated_at - 90000000",
        "UPDATE ticket_message SET created_at = created_at - 90000000",
    ] {
        app.corrupt(sql).await;
    }
}

both!(help_1_a_ticket_is_a_thread_that_both_sides_write_and_is_mailed_both_ways, async |app| {
    app.ctx().set_operator_mail(OPERATOR.to_owned());
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let mut asked = question();
    asked["org"] = json!(org.org_id.to_uppercase());
    asked["page"] = json!("/o/alpine-survey/drive?q=dam");
    asked["request_id"] = json!("0198c0de-0000-7000-8000-000000000000");
    let opened = anna.post(TICKETS, &asked).await.expect(201).json();
    assert_eq!((opened["number"].as_i64(), opened["state"].as_str()), (Some(1), Some("open")));
    assert_eq!(
        (opened["org_id"].as_str(), opened["page"].as_str(), opened["request_id"].as_str()),
        (Some("alpine-survey"), Some("/o/alpine-survey/drive?q=dam"), Some("0198c0de-0000-7000-8000-000000000000"))
    );
    // To the operator, with a way to reply; never to whoever wrote it.
    let mails = app.mail_to(OPERATOR).await;
    assert_eq!(mails.len(), 1);
    let (subject, text) = &mails[0];
    assert_eq!(subject, "Ticket 1: The map stays grey");
    for part in ["Anna Muster", anna.email.as_str(), "> On every dataset.", "Alpine Survey", "ticket answer 1"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("not verified"), "{text}");
    let replies_to_anna = "SELECT CAST(COUNT(*) AS BIGINT) FROM outbox o JOIN person p ON p.email = o.reply_to
        WHERE o.recipient = 'ops@example.com' AND p.first_name = 'Anna'";
    assert_eq!(app.count(replies_to_anna).await, 1);
    let to_anna = async || app.mail_to(&anna.email).await.into_iter().filter(|(subject, _)| subject.contains("Ticket"));
    assert_eq!(to_anna().await.count(), 0);

    let ops = Ops::new(app).await;
    let answered =
        ops.post("tickets/1/answer", &json!({ "text": "Fixed.\nReload the page." })).await.expect(200).json();
    assert_eq!(
        (answered["state"].as_str(), answered["requester"]["email"].as_str()),
        (Some("answered"), Some(&*anna.email))
    );
    assert_eq!(answered["messages"][1]["author"], "Operator (tests)");
    assert_eq!(app.mail_to(OPERATOR).await.len(), 1, "nobody is mailed their own words");
    let mails: Vec<_> = to_anna().await.collect();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].0.contains("Ticket 1 was answered") && mails[0].1.contains("/support/1"), "{mails:?}");
    assert!(mails[0].1.contains("> Reload the page."), "{}", mails[0].1);

    // Thanks, and closed; a closed ticket is opened again by a message.
    assert_eq!(write(&anna, 1, "Thanks").await.expect(201).json()["state"], "open");
    let mails = app.mail_to(OPERATOR).await;
    assert!(mails.len() == 2 && mails[0].1.contains("wrote in ticket 1"), "{mails:?}");
    assert_eq!(anna.post(&at(1, "/close"), &json!({})).await.expect(200).json()["state"], "closed");
    assert_eq!(anna.post(&at(1, "/close"), &json!({})).await.expect(200).json()["state"], "closed", "as it was");
    assert_eq!(write(&anna, 1, "Grey again").await.expect(201).json()["state"], "open");
    assert_eq!(ops.post("tickets/1/close", &json!({})).await.expect(200).json()["state"], "closed");
    assert_eq!(to_anna().await.count(), 1, "of closing nobody is mailed");
    let shown = anna.get(&at(1, "")).await.expect(200);
    assert!(!shown.body.contains("Operator (tests)"), "who answered is the operator's business: {}", shown.body);
    let shown = shown.json();
    assert_eq!(shown["message_count"], 4);
    let sides: Vec<String> = thread(&shown).into_iter().map(|(from, _)| from).collect();
    assert_eq!(sides, ["requester", "operator", "requester", "requester"]);
    assert_eq!(thread(&shown)[0].1, "Since today.\n\nOn every dataset.");
    app.healthy().await;
});

both!(help_1_without_an_operators_address_a_ticket_is_there_all_the_same, async |app| {
    let anna = app.stranger("Anna").await;
    let number = opened(&anna).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM outbox WHERE subject LIKE '%Ticket%'").await, 0);
    assert_eq!(anna.get(&at(number, "")).await.expect(200).json()["state"], "open");
    let ops = Ops::new(app).await;
    let listed = ops.get("tickets?state=open").await.expect(200).json();
    assert_eq!(listed["items"][0]["requester"]["email_verified"], false);
});

both!(help_1_tickets_are_listed_newest_first_a_page_at_a_time, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    for _ in 0..3 {
        opened(&anna).await;
        opened(&john).await;
    }
    let numbers = |page: &Value| -> Vec<i64> {
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|ticket| ticket["number"].as_i64()).collect()
    };
    let first = anna.get(&format!("{TICKETS}?limit=2")).await.expect(200).json();
    assert_eq!(numbers(&first), [5, 3]);
    let cursor = first["next_cursor"].as_str().expect("more");
    let rest = anna.get(&format!("{TICKETS}?cursor={cursor}")).await.expect(200).json();
    assert_eq!((numbers(&rest), &rest["next_cursor"]), (vec![1], &Value::Null));
    anna.post(&at(3, "/close"), &json!({})).await.expect(200);
    let ops = Ops::new(app).await;
    assert_eq!(numbers(&ops.get("tickets").await.expect(200).json()), [6, 5, 4, 3, 2, 1]);
    let open = ops.get("tickets?state=open&limit=4").await.expect(200).json();
    assert_eq!(numbers(&open), [6, 5, 4, 2]);
    let cursor = open["next_cursor"].as_str().expect("more");
    let rest = ops.get(&format!("tickets?state=open&cursor={cursor}")).await.expect(200).json();
    assert_eq!(numbers(&rest), [1]);
    assert_eq!(numbers(&ops.get("tickets?state=closed").await.expect(200).json()), [3]);
    assert_eq!(ops.get("tickets?state=lost").await.expect(422).fields(), ["state"]);
    assert_eq!(anna.get(&format!("{TICKETS}?cursor=nonsense")).await.expect(422).fields(), ["cursor"]);
    for missing in ["7", "0", "-1", "9223372036854775808", "nonsense"] {
        ops.get(&format!("tickets/{missing}")).await.expect(404);
    }
});

both!(help_1_attack_88_the_ticket_of_somebody_else_does_not_exist_whatever_their_role, async |app| {
    let (anna, john, eve) = (app.person("Anna").await, app.person("John").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &john, Role::Owner).await;
    let asked = json!({ "subject": "Our secret plans", "message": "Of the north portal.", "org": org.org_id });
    let number = anna.post(TICKETS, &asked).await.expect(201).json()["number"].as_i64().expect("a number");
    usecase::ticket::answer(app.ctx(), &Operator::command_line(), &number.to_string(), "Between us.")
        .await
        .expect("an answer");
    let before = anna.get(&at(number, "")).await.expect(200).body;
    for other in [&john, &eve] {
        for (theirs, nobodys) in [(at(number, ""), at(99, "")), (format!("{TICKETS}/0{number}"), at(99, ""))] {
            let bare = async |path: &str| {
                let mut body = other.get(path).await.expect(404).json();
                body.as_object_mut().expect("an object").remove("request_id");
                body
            };
            assert_eq!(bare(&theirs).await, bare(&nobodys).await);
        }
        // Before what is wrong with the text is told.
        for text in ["Mine now", "", "\u{202E}"] {
            write(other, number, text).await.expect(404);
        }
        other.post(&at(number, "/close"), &json!({})).await.expect(404);
        let page = other.page(&format!("/support/{number}")).await.expect(404);
        assert!(!page.body.contains("secret plans") && !page.body.contains("north portal"), "{}", page.body);
        assert!(!other.page("/support").await.expect(200).body.contains("secret plans"));
        assert_eq!(other.get(TICKETS).await.expect(200).json()["items"], json!([]));
    }
    for path in [TICKETS.to_owned(), at(number, "")] {
        app.nobody().get(&path).await.expect(401);
    }
    for path in ["/support", "/support/new", "/support/1"] {
        let away = app.nobody().page(path).await;
        assert_eq!((away.status, away.location().starts_with("/signin?next=%2Fsupport")), (303, true), "{path}");
    }
    assert_eq!(anna.get(&at(number, "")).await.expect(200).body, before);
    // Nor does the log of the organization tell Owners of it.
    let log = john.get(&format!("/api/v1/orgs/{}/audit", org.org_id)).await.expect(200);
    assert!(!log.body.contains("ticket") && !log.body.contains("secret plans"), "{}", log.body);
    app.healthy().await;
});

both!(help_1_attack_88_an_organization_goes_along_only_if_one_belongs_to_it, async |app| {
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let theirs = john.create_org("Tunnel North").await;
    let with = |org: &str| json!({ "subject": "S", "message": "M", "org": org });
    let bare = async |org: &str| {
        let answer = anna.post(TICKETS, &with(org)).await.expect(422);
        (answer.fields(), answer.json()["errors"].clone())
    };
    let of_theirs = bare(&theirs.org_id).await;
    assert_eq!(of_theirs.0, ["org"]);
    for other in [theirs.id.to_string(), "nobody".to_owned(), uuid::Uuid::from_u128(7).to_string()] {
        assert_eq!(bare(&other).await, of_theirs, "{other}");
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM ticket").await, 0);
    let own = anna.post(TICKETS, &with("")).await.expect(201).json();
    assert_eq!((own["number"].as_i64(), &own["org_id"]), (Some(1), &Value::Null), "what was refused took no number");
});

both!(help_1_attack_89_ten_tickets_and_fifty_messages_a_day_and_a_thread_ends, async |app| {
    app.ctx().set_operator_mail(OPERATOR.to_owned());
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    for _ in 0..10 {
        opened(&anna).await;
    }
    assert_eq!(anna.post(TICKETS, &question()).await.expect(429).code(), "rate_limited");
    assert_eq!(app.mail_to(OPERATOR).await.len(), 10);
    let of_john = opened(&john).await;
    for number in 0..40 {
        write(&anna, 1, &format!("Message {number}")).await.expect(201);
    }
    assert_eq!(write(&anna, 1, "One more").await.expect(429).code(), "rate_limited");
    assert_eq!(write(&anna, 2, "One more").await.expect(429).code(), "rate_limited");
    write(&john, of_john, "Others are not held up").await.expect(201);
    // A day later.
    yesterday(app).await;
    opened(&anna).await;
    for number in 0..49 {
        write(&anna, 1, &format!("Message {number}")).await.expect(201);
    }
    yesterday(app).await;
    let full = write(&anna, 1, "One more").await.expect(422);
    assert!(full.body.contains("This ticket is full"), "{}", full.body);
    let page = anna.page("/support/1").await.expect(200);
    assert!(page.body.contains("This ticket is full") && !page.body.contains("name=\"text\""), "said on the page");
    // There is room for the operator's answers, and an end to them too.
    let ops = Ops::new(app).await;
    let mut answers = 0;
    while ops.post("tickets/1/answer", &json!({ "text": "Noted." })).await.status == 200 {
        answers += 1;
        assert!(answers <= MAX_THREAD_MESSAGES);
    }
    assert_eq!(answers, 10);
    app.healthy().await;
});

both!(help_1_attack_89_subjects_and_texts_break_out_of_nothing, async |app| {
    app.ctx().set_operator_mail(OPERATOR.to_owned());
    let anna = app.person("Anna").await;
    for (wrong, fields) in [
        (json!({}), vec!["subject", "message"]),
        (json!({ "subject": "A\r\nBcc: eve@evil.example", "message": "x" }), vec!["subject"]),
        (json!({ "subject": "A\nReply-To: eve@evil.example", "message": "x" }), vec!["subject"]),
        (json!({ "subject": "x".repeat(121), "message": "x".repeat(5_001) }), vec!["subject", "message"]),
        (json!({ "subject": "A", "message": "a\u{202E}b" }), vec!["message"]),
        (json!({ "subject": "A", "message": "\u{0}" }), vec!["message"]),
        (json!({ "subject": "A", "message": "x", "page": "/a\r\nBcc: x" }), vec!["page"]),
        (json!({ "subject": "A", "message": "x", "request_id": "x".repeat(65) }), vec!["request_id"]),
    ] {
        assert_eq!(anna.post(TICKETS, &wrong).await.expect(422).fields(), fields, "{wrong}");
    }
    anna.post(TICKETS, &json!({ "subject": "A", "message": "x".repeat(1_100_000) })).await.expect(413);
    anna.post(TICKETS, &json!({ "subject": "A", "message": "x", "state": "closed" })).await.expect(400);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM ticket").await, 0);
    let evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>";
    let asked = json!({ "subject": evil, "message": format!("{evil}\nhttps://evil.example\n> quoted"), "page": evil });
    let number = anna.post(TICKETS, &asked).await.expect(201).json()["number"].as_i64().expect("a number");
    assert_eq!(write(&anna, number, " \n ").await.expect(422).fields(), ["text"]);
    assert_eq!(write(&anna, number, &"x".repeat(5_001)).await.expect(422).fields(), ["text"]);
    write(&anna, number, &"é\n".repeat(2_000)).await.expect(201);
    for path in ["/support".to_owned(), format!("/support/{number}"), format!("/support/new?page=/{evil}&org={evil}")] {
        let path = path.replace('<', "%3C").replace('>', "%3E").replace(' ', "%20");
        let page = anna.page(&path).await.expect(200);
        assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x"), "{path}");
    }
    let mails = app.mail_to(OPERATOR).await;
    assert_eq!(mails.len(), 2);
    for (subject, text) in mails {
        assert!(!subject.contains(['\r', '\n']), "{subject}");
        assert!(!text.contains("evil.example"), "no mail program makes a link of it: {text}");
    }
    app.healthy().await;
});

both!(help_1_set_2_tickets_go_with_the_account_and_their_numbers_are_not_given_again, async |app| {
    app.ctx().set_operator_mail(OPERATOR.to_owned());
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let (first, second) = (opened(&john).await, opened(&anna).await);
    let delete = json!({ "password": crate::support::PASSWORD, "confirm": anna.email });
    anna.call(axum::http::Method::DELETE, "/api/v1/me", Some(&delete), &[]).await.expect(204);
    let ops = Ops::new(app).await;
    ops.get(&format!("tickets/{second}")).await.expect(404);
    ops.post(&format!("tickets/{second}/answer"), &json!({ "text": "x" })).await.expect(404);
    ops.get(&format!("tickets/{first}")).await.expect(200);
    let messages = "SELECT CAST(COUNT(*) AS BIGINT) FROM ticket_message";
    assert_eq!(app.count(messages).await, 1);
    assert_eq!(opened(&john).await, second + 1);
    app.healthy().await;
});
