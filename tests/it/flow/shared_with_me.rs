//! Resources that are shared with somebody from outside (PEOPLE-9, ACCESS-3), and the list of their organizations, however many
//! there are (ORG-6).

use commonhold::{
    domain::{
        id::{OrganizationId, PersonId},
        legal::LegalInformation,
        organization::OrganizationKind,
        permit::found,
        plan::PlanTier,
        role::Role,
    },
    server::{
        error::Error,
        store::{membership, organization},
    },
};
use serde_json::{Value, json};

use crate::{
    both,
    support::{Person, TestApp},
};

/// The names of what is shared with somebody, in `/me` and page by page; they are the same.
async fn shared(who: &Person) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = who.get(&format!("/api/v1/me/shared?limit=1&cursor={cursor}")).await.expect(200).json();
        let items = page["items"].as_array().cloned().expect("rows");
        names.extend(items.iter().map(|one| one["name"].as_str().expect("a name").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let me = who.get("/api/v1/me").await.expect(200).json();
    let first: Vec<String> = me["shared"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|one| one["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(first, names);
    names
}

both!(people_9_what_is_shared_from_outside_is_found_again_and_nothing_else_is_told, async |app| {
    let (anna, eve, guest, host) =
        (app.person("Anna").await, app.person("Eve").await, app.person("Guest").await, app.person("Host").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let guests = host.create_org("Guests").await;
    app.join(&guests, &guest, Role::Reader).await;
    let secret = anna.folder(org.root, "Secret").await;
    let (tunnels, bridges) = (anna.folder(secret, "Tunnels").await, anna.folder(secret, "Bridges").await);
    assert!(shared(&eve).await.is_empty());
    anna.give(tunnels, json!({ "email": eve.email }), "editor").await.expect(200);
    assert!(shared(&eve).await.is_empty(), "not before it is accepted");
    eve.accept(&app.invitation_token(&eve.email).await).await.expect(200);
    anna.give(bridges, json!({ "organization": guests.org_id }), "reader").await.expect(200);
    assert_eq!(shared(&eve).await, ["Tunnels"]);
    for one in [&guest, &host] {
        assert_eq!(shared(one).await, ["Bridges"], "everybody of an organization that was given something");
    }
    assert!(shared(&anna).await.is_empty(), "in one's own organization it is no more than the Drive has");
    let me = eve.get("/api/v1/me").await.expect(200);
    let item = &me.json()["shared"][0];
    assert_eq!((&item["organization"]["name"], &item["level"]), (&json!("Alpine Survey"), &json!("editor")));
    assert_eq!((&item["resource"], &item["kind"]), (&json!(tunnels), &json!("folder")));
    // On the welcome page and in the switcher of any page, with a way that works; nothing else of the organization.
    let own = eve.create_org("Own").await;
    for path in ["/".to_owned(), format!("/o/{}", own.org_id)] {
        let page = eve.page(&path).await.expect(200).body;
        assert!(
            page.contains("Shared with you") && page.contains("Tunnels") && page.contains("Alpine Survey"),
            "{path}"
        );
        assert!(page.contains(&format!("/o/{}/drive/{tunnels}", org.org_id)), "{path}");
        for hidden in ["Secret", "Bridges", "Anna Muster"] {
            assert!(!page.contains(hidden), "{path} tells of {hidden}");
        }
    }
    eve.page(&format!("/o/{}/drive/{tunnels}", org.org_id)).await.expect(200);
    // More of it is one thing with the level that counts; names and the trash are followed.
    anna.give(tunnels, json!({ "organization": guests.org_id }), "reader").await.expect(200);
    assert_eq!(shared(&guest).await, ["Tunnels", "Bridges"], "the newest first");
    anna.rename(tunnels, "Galleries").await.expect(200);
    assert_eq!(shared(&eve).await, ["Galleries"]);
    anna.trash(secret).await.expect(204);
    assert!(shared(&eve).await.is_empty() && shared(&guest).await.is_empty(), "in the trash");
    assert!(!eve.page("/").await.body.contains("Shared with you"));
    anna.restore(secret).await.expect(200);
    assert_eq!(shared(&eve).await, ["Galleries"]);
    // Whoever leaves the organization that was given it loses it, and who is cut off; who joins has it in the Drive.
    guest.leave(&guests).await.expect(204);
    assert!(shared(&guest).await.is_empty());
    anna.invite(&org, &host.email, "reader").await;
    host.accept(&app.invitation_token(&host.email).await).await.expect(200);
    assert!(shared(&host).await.is_empty());
    anna.remove(&org, &[eve.id]).await.expect(204);
    assert!(shared(&eve).await.is_empty());
    app.healthy().await;
});

/// Memberships in so many empty organizations.
async fn belong_to(app: &TestApp, person: PersonId, from: u32, to: u32) {
    let (ctx, now) = (app.ctx().clone(), app.ctx().now());
    app.db()
        .write(move |tx, _| {
            let ctx = ctx.clone();
            Box::pin(async move {
                for number in from..to {
                    let id = OrganizationId(ctx.id());
                    let permit = found(person, id);
                    let (name, org_id) = (format!("Org {number:04}"), format!("org-{number:04}"));
                    let row = organization::NewOrganizationRow {
                        org_id: &org_id,
                        org_key: &org_id,
                        name: &name,
                        kind: OrganizationKind::Business,
                        plan: PlanTier::Enterprise,
                        space_of: None,
                        legal: &LegalInformation::default(),
                        storage_limit: None,
                        at: now,
                    };
                    organization::insert(tx, &permit, &row).await?;
                    membership::insert(tx, &permit, person, Role::Reader, now).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .expect("they are written");
}

both!(org_6_every_page_and_me_cost_the_same_in_100_organizations_and_in_2000, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.folder(org.root, "Gotthard").await;
    belong_to(app, anna.id, 0, 100).await;
    let paths = [
        "/".to_owned(),
        format!("/o/{}", org.org_id),
        format!("/o/{}/people", org.org_id),
        format!("/o/{}/drive", org.org_id),
        "/account".to_owned(),
        "/api/v1/me".to_owned(),
        "/api/v1/orgs".to_owned(),
    ];
    let measure = async || {
        let mut sizes = Vec::new();
        for path in &paths {
            let answer = if path.starts_with("/api") { anna.get(path).await } else { anna.page(path).await };
            assert_eq!(answer.status, 200, "{path}");
            sizes.push(answer.body.len());
        }
        sizes
    };
    let before = measure().await;
    belong_to(app, anna.id, 100, 2_000).await;
    let after = measure().await;
    for ((path, before), after) in paths.iter().zip(before).zip(after) {
        assert!(before.abs_diff(after) * 50 < before, "{path}: {before} bytes, and then {after}");
    }
    // All of them are there, page by page, by name; and are found.
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = anna.get(&format!("/api/v1/orgs?limit=200&cursor={cursor}")).await.expect(200);
        names.extend(page.names());
        match page.json()["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(names.len(), 2_001);
    assert!(names.is_sorted());
    assert_eq!(anna.get("/api/v1/orgs?query=ORG%201234").await.expect(200).names(), ["Org 1234"]);
    assert!(anna.get("/api/v1/orgs?query=%25").await.expect(200).names().is_empty());
    assert_eq!(anna.get("/api/v1/orgs?cursor=x").await.expect(422).fields(), ["cursor"]);
    let me = anna.get("/api/v1/me").await.expect(200).json();
    assert!(me["organizations"].as_array().is_some_and(|all| all.len() <= 51), "bounded");
    let next = me["organizations_next_cursor"].as_str().expect("more").to_owned();
    let more = anna.get(&format!("/api/v1/orgs?cursor={next}")).await.expect(200).names();
    assert_eq!(more.len(), 50);
    // On the pages: a search without a script, and the one that is shown is told wherever it stands.
    let found = anna.page("/?q=org+1234").await.expect(200).body;
    assert!(found.contains("Org 1234") && !found.contains("<h2><a href=\"/o/org-0003"), "found by the server");
    let page = anna.page("/o/org-1234").await.expect(200).body;
    assert!(page.contains("Organization switcher: ") && page.contains("Org 1234"));
    assert!(page.contains("action=\"/\"") && page.contains("name=\"q\""), "a way to all of them");
});

both!(org_6_the_organization_that_was_used_last_comes_first, async |app| {
    let anna = app.person("Anna").await;
    belong_to(app, anna.id, 0, 30).await;
    let order = async || -> Vec<String> {
        let page = anna.page("/account").await.expect(200).body;
        let list = page.split("switcher-list").nth(1).unwrap_or_default().to_owned();
        let names = list.split("<b>").skip(1).filter_map(|part| part.split("</b>").next());
        // What is hydrated marks where a text ends.
        names.map(|name| name.trim_end_matches("<!>").to_owned()).collect()
    };
    app.tick(1_000);
    anna.page("/o/org-0007").await.expect(200);
    // The use is noted in the background.
    let mut first = order().await;
    for _ in 0..200 {
        if first.first().is_some_and(|name| name == "Org 0007") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        first = order().await;
    }
    assert_eq!(first.first().map(String::as_str), Some("Org 0007"), "{first:?}");
    let me: Value = anna.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["organizations"][0]["name"], json!("Org 0000"), "by name over REST");
});
