//! Seats of desktop licences (LIC-5): given, taken, kept by a heartbeat, freed; and which licences a program may take (SET-1).

use commonhold::{
    domain::{id::LicenceId, role::Role},
    server::usecase,
};
use serde_json::json;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, at_once},
};

const MINUTE: i64 = 60_000;

async fn take(person: &Person, licence: LicenceId, device: &str) -> Answer {
    person.post(&format!("/api/v1/desktop/licences/{licence}/take"), &json!({ "device": device })).await
}

async fn beat(person: &Person, licence: LicenceId, device: &str) -> Answer {
    person.post(&format!("/api/v1/desktop/licences/{licence}/heartbeat"), &json!({ "device": device })).await
}

async fn release(person: &Person, licence: LicenceId, device: &str) -> Answer {
    person.post(&format!("/api/v1/desktop/licences/{licence}/release"), &json!({ "device": device })).await
}

async fn give(by: &Person, licence: LicenceId, person: &str) -> Answer {
    by.post(&format!("/api/v1/licences/{licence}/seats"), &json!({ "person": person })).await
}

/// The seats: name, whether it was assigned, and the device; and how many are used.
async fn seats(by: &Person, licence: LicenceId) -> (Vec<(String, bool, Option<String>)>, i64) {
    let answer = by.get(&format!("/api/v1/licences/{licence}/seats")).await.expect(200).json();
    let mut rows: Vec<_> = answer["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            let text = |field: &str| row[field].as_str().map(str::to_owned);
            (text("name").expect("a name"), row["given"].as_bool().expect("a flag"), text("device"))
        })
        .collect();
    rows.sort();
    (rows, answer["used"].as_i64().expect("a number"))
}

/// Somebody in an organization, whose programs take its licences.
async fn somebody(app: &TestApp, org: &Org, name: &str, role: Role) -> Person {
    let person = app.person(name).await;
    app.join(org, &person, role).await;
    person.patch("/api/v1/me", &json!({ "default_organization": org.org_id })).await.expect(200);
    person
}

both!(lic_5_free_seats_for_editors_given_ones_for_readers_and_members, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 2).await;
    let (john, mary) =
        (somebody(app, &org, "John", Role::Editor).await, somebody(app, &org, "Mary", Role::Reader).await);

    let refused = take(&mary, licence, "Laptop").await.expect(403);
    assert!(refused.body.contains("need a seat from"), "{}", refused.body);
    give(&anna, licence, &mary.email.to_uppercase()).await.expect(201);
    assert_eq!(seats(&anna, licence).await, (vec![("Mary Muster".to_owned(), true, None)], 1));

    let taken = take(&john, licence, "Desk").await.expect(200).json();
    assert_eq!((taken["device"].as_str(), taken["heartbeat_seconds"].as_i64()), (Some("Desk"), Some(300)));
    assert_eq!(seats(&anna, licence).await.1, 2);
    let full = take(&anna, licence, "Tower").await.expect(409);
    assert_eq!(full.code(), "no_seat");
    assert!(full.body.contains("All 2 seats"), "{}", full.body);
    // An assigned seat is reserved for its person.
    take(&mary, licence, "Laptop").await.expect(200);
    let list = anna.get("/api/v1/desktop/licences").await.expect(200).json();
    assert_eq!((&list["items"][0]["used"], &list["items"][0]["may_take"]), (&json!(2), &json!(false)));
    let list = mary.get("/api/v1/desktop/licences").await.expect(200).json();
    assert_eq!((&list["items"][0]["given"], &list["items"][0]["device"]), (&json!(true), &json!("Laptop")));

    release(&john, licence, "Desk").await.expect(204);
    release(&john, licence, "Desk").await.expect(204);
    take(&anna, licence, "Tower").await.expect(200);
    // An assigned seat stays assigned after its release.
    release(&mary, licence, "Laptop").await.expect(204);
    assert_eq!(
        seats(&anna, licence).await,
        (vec![("Anna Muster".to_owned(), false, Some("Tower".to_owned())), ("Mary Muster".to_owned(), true, None)], 2)
    );
    anna.delete(&format!("/api/v1/licences/{licence}/seats/{}", mary.id)).await.expect(204);
    anna.delete(&format!("/api/v1/licences/{licence}/seats/{}", mary.id)).await.expect(404);
    take(&mary, licence, "Laptop").await.expect(403);
    let actions = anna.audit(&org).await;
    assert_eq!(
        actions[..8].iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "seat.taken_back",
            "seat.let_go",
            "seat.taken",
            "seat.let_go",
            "seat.taken",
            "seat.taken",
            "seat.given",
            "licence.granted"
        ]
    );
    app.healthy().await;
});

both!(lic_5_a_seat_is_kept_by_a_heartbeat_and_free_without_one, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 1).await;
    let john = somebody(app, &org, "John", Role::Manager).await;
    take(&anna, licence, "Desk").await.expect(200);
    for _ in 0..4 {
        app.tick(10 * MINUTE);
        let kept = beat(&anna, licence, "Desk").await.expect(200).json();
        assert_eq!(kept["taken_at"], "2026-11-21T19:05:03.007Z");
        take(&john, licence, "Tower").await.expect(409);
    }
    assert_eq!(beat(&anna, licence, "Another").await.expect(409).code(), "seat_lost");
    app.tick(15 * MINUTE);
    assert_eq!(beat(&anna, licence, "Desk").await.expect(409).code(), "seat_lost");
    assert_eq!(seats(&anna, licence).await, (Vec::new(), 0));
    take(&john, licence, "Tower").await.expect(200);
    // On another device it moves there.
    take(&john, licence, "Laptop").await.expect(200);
    assert_eq!(beat(&john, licence, "Tower").await.expect(409).code(), "seat_lost");
    release(&john, licence, "Tower").await.expect(204);
    beat(&john, licence, "Laptop").await.expect(200);
    // Taking it again on the same device changes nothing.
    let before = anna.audit(&org).await.len();
    take(&john, licence, "Laptop").await.expect(200);
    assert_eq!(anna.audit(&org).await.len(), before);
    // An Owner sets it free.
    anna.delete(&format!("/api/v1/licences/{licence}/seats/{}", john.id)).await.expect(204);
    assert_eq!(beat(&john, licence, "Laptop").await.expect(409).code(), "seat_lost");
    assert_eq!(anna.audit(&org).await[0], "seat.released");
    app.healthy().await;
});

both!(lic_5_giving_is_read_field_by_field, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 1).await;
    let (john, mary) =
        (somebody(app, &org, "John", Role::Editor).await, somebody(app, &org, "Mary", Role::Member).await);
    let peter = somebody(app, &org, "Peter", Role::Reader).await;
    let eve = app.person("Eve").await;
    for wrong in ["", "nobody@example.com", &eve.email, &eve.id.to_string(), &john.email, "nonsense"] {
        let refused = give(&anna, licence, wrong).await.expect(422);
        assert_eq!(refused.fields(), ["person"], "{wrong}: {}", refused.body);
    }
    give(&anna, licence, &mary.id.to_string()).await.expect(201);
    assert_eq!(give(&anna, licence, &mary.email).await.expect(422).fields(), ["person"]);
    assert_eq!(give(&anna, licence, &peter.email).await.expect(409).code(), "no_seat");
    for outsider in [&john, &mary] {
        give(outsider, licence, &peter.email).await.expect(403);
        outsider.get(&format!("/api/v1/licences/{licence}/seats")).await.expect(403);
    }
    give(&eve, licence, &peter.email).await.expect(404);
    // A licence of another kind has no seats.
    let cloud = app.images_licence(&org, 1, 1).await;
    give(&anna, cloud, &peter.email).await.expect(404);
    for wrong in ["", "x\ny", &"x".repeat(101)] {
        let refused = take(&mary, licence, wrong).await.expect(422);
        assert_eq!(refused.fields(), ["device"], "{}", refused.body);
    }
    app.healthy().await;
});

both!(lic_5_leaving_a_change_of_role_and_the_licences_end_free_seats, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 3).await;
    app.team_licence(&org).await;
    let (john, mary) =
        (somebody(app, &org, "John", Role::Editor).await, somebody(app, &org, "Mary", Role::Reader).await);
    let peter = somebody(app, &org, "Peter", Role::Member).await;
    take(&john, licence, "Desk").await.expect(200);
    give(&anna, licence, &mary.email).await.expect(201);
    give(&anna, licence, &peter.email).await.expect(201);
    assert_eq!(seats(&anna, licence).await.1, 3);
    // From Reader to Member a given seat stays; an Editor who becomes Reader has none; a Member who becomes Editor takes any.
    anna.change_role(&org, mary.id, "member").await.expect(200);
    assert_eq!(seats(&anna, licence).await.1, 3);
    anna.change_role(&org, john.id, "reader").await.expect(200);
    assert_eq!(beat(&john, licence, "Desk").await.expect(409).code(), "seat_lost");
    anna.change_role(&org, peter.id, "editor").await.expect(200);
    assert_eq!(seats(&anna, licence).await, (vec![("Mary Muster".to_owned(), true, None)], 1));
    take(&peter, licence, "Laptop").await.expect(200);
    anna.remove(&org, &[peter.id]).await.expect(204);
    beat(&peter, licence, "Laptop").await.expect(404);
    mary.leave(&org).await.expect(204);
    assert_eq!(seats(&anna, licence).await, (Vec::new(), 0));
    take(&anna, licence, "Tower").await.expect(200);
    app.expire(licence).await;
    assert!(beat(&anna, licence, "Tower").await.expect(403).body.contains("expired"));
    assert!(take(&anna, licence, "Tower").await.expect(403).body.contains("expired"));
    assert_eq!(seats(&anna, licence).await, (Vec::new(), 0));
    app.healthy().await;
});

both!(set_1_a_program_takes_licences_of_the_default_organization_else_of_the_only_one, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 1).await;
    // The only one, whatever else there is in the personal space.
    let list = anna.get("/api/v1/desktop/licences").await.expect(200).json();
    assert_eq!((&list["org_id"], &list["items"][0]["id"]), (&json!(org.org_id), &json!(licence)));
    let second = anna.create_org("Tunnel North").await;
    let other = app.desktop_licence(&second, 1).await;
    for path in ["/api/v1/desktop/licences".to_owned()] {
        let refused = anna.get(&path).await.expect(409);
        assert_eq!(refused.code(), "choose_organization");
        assert!(refused.body.contains("default organization"), "{}", refused.body);
    }
    assert_eq!(take(&anna, licence, "Desk").await.expect(409).code(), "choose_organization");
    anna.patch("/api/v1/me", &json!({ "default_organization": second.org_id })).await.expect(200);
    take(&anna, licence, "Desk").await.expect(404);
    take(&anna, other, "Desk").await.expect(200);
    // A seat in use continues when the default changes.
    anna.patch("/api/v1/me", &json!({ "default_organization": org.org_id })).await.expect(200);
    beat(&anna, other, "Desk").await.expect(200);
    take(&anna, licence, "Desk").await.expect(200);
    // A default organization that one has left does not count.
    let john = somebody(app, &org, "John", Role::Editor).await;
    john.leave(&org).await.expect(204);
    let list = john.get("/api/v1/desktop/licences").await.expect(200).json();
    assert_eq!(list["items"], json!([]));
    app.healthy().await;
});

both!(attack_49_lic_5_many_take_and_are_given_at_once_and_no_seat_is_used_twice, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.desktop_licence(&org, 4).await;
    let mut people = Vec::new();
    for number in 0..6 {
        people.push(somebody(app, &org, &format!("E{number}"), Role::Editor).await);
    }
    let mut readers = Vec::new();
    for number in 0..4 {
        readers.push(somebody(app, &org, &format!("R{number}"), Role::Reader).await);
    }
    for round in 0..5 {
        let mut tasks: Vec<futures::future::BoxFuture<'static, u16>> = Vec::new();
        for person in &people {
            let person = person.clone();
            tasks.push(Box::pin(async move { take(&person, licence, "Desk").await.status }));
        }
        for reader in &readers {
            let (anna, reader) = (anna.clone(), reader.email.clone());
            tasks.push(Box::pin(async move { give(&anna, licence, &reader).await.status }));
        }
        let answers = at_once(tasks).await;
        let done = answers.iter().filter(|status| **status < 300).count();
        assert_eq!(done, 4, "round {round}: {answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 200 | 201 | 409)), "{answers:?}");
        assert_eq!(seats(&anna, licence).await.1, 4);
        app.healthy().await;
        for person in people.iter().chain(&readers) {
            anna.delete(&format!("/api/v1/licences/{licence}/seats/{}", person.id)).await;
        }
    }
});

both!(lic_5_acct_2_who_is_limited_to_an_account_takes_seats_of_its_licences_alone, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    // Granted while the account needs no name.
    let primary = app.desktop_licence(&org, 1).await;
    let south = anna.post(&format!("/api/v1/orgs/{}/accounts", org.org_id), &json!({ "name": "South" })).await;
    let south = south.expect(201).json();
    let form = usecase::licence::operator::GrantForm {
        org: org.org_id.clone(),
        account: south["id"].as_str().map(str::to_owned),
        product: "desktop".to_owned(),
        seats: Some(1),
        ..Default::default()
    };
    let southern = usecase::licence::operator::grant(app.ctx(), &form).await.expect("a licence is granted");
    let john = somebody(app, &org, "John", Role::Editor).await;
    let ids = async |person: &Person| -> Vec<String> {
        let list = person.get("/api/v1/desktop/licences").await.expect(200).json();
        let items = list["items"].as_array().expect("a list").clone();
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert_eq!(ids(&john).await.len(), 2);
    let person = format!("/api/v1/orgs/{}/people/{}", org.org_id, john.id);
    anna.patch(&person, &json!({ "accounts": [south["id"]] })).await.expect(200);
    assert_eq!(ids(&john).await, [southern.to_string()]);
    take(&john, southern, "Desk").await.expect(200);
    let refused = take(&john, primary, "Desk").await.expect(403);
    assert!(refused.body.contains("need a seat from"), "{}", refused.body);
    // A seat that was given counts everywhere.
    give(&anna, primary, &john.email).await.expect(201);
    assert_eq!(ids(&john).await.len(), 2);
    take(&john, primary, "Desk").await.expect(200);
    beat(&john, primary, "Desk").await.expect(200);
});
