//! LIC-4 everywhere: what each product allows, by every call that asks for it. One table of products and acts.

use commonhold::domain::{id::ResourceId, resource::DatasetStatus, role::Role};
use serde_json::json;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

/// What an organization holds besides Discovery.
const HOLDINGS: [(&str, Option<&str>); 7] = [
    ("Discovery", None),
    ("Desktop", Some("desktop")),
    ("Cloud", Some("cloud")),
    ("Cloud Pro", Some("cloud-pro")),
    ("Cloud Teams", Some("cloud-teams")),
    ("Cloud Enterprise", Some("cloud-enterprise")),
    ("Cloud Teams, expired", Some("cloud-teams")),
];

/// "yes", or what is missing.
fn told(answer: &Answer) -> String {
    if answer.status < 300 && !answer.body.contains("\"outcome\":\"invalid\"") {
        return "yes".to_owned();
    }
    said(&answer.body)
}

fn said(text: &str) -> String {
    let found =
        ["has expired", "Cloud Teams", "Cloud Pro", "active cloud licence"].iter().find(|part| text.contains(**part));
    match found {
        Some(&"has expired") => "expired".to_owned(),
        Some(&"active cloud licence") => "takes Cloud".to_owned(),
        Some(other) => format!("takes {other}"),
        None => panic!("refused for another reason: {text}"),
    }
}

/// What there is before the licence is looked at; made past the rules, so that every product begins with the same.
struct Fixture {
    folder: ResourceId,
    site: ResourceId,
    dataset: ResourceId,
    second: ResourceId,
    reader: Person,
    invited: Person,
    outsider: Person,
    target: Org,
}

async fn fixture(app: &TestApp, anna: &Person, org: &Org) -> Fixture {
    let folder = anna.folder(org.root, "Folder").await;
    let site = anna.folder(org.root, "Site").await;
    app.corrupt("UPDATE resource SET kind = 'site', kind_rank = 2 WHERE name = 'Site'").await;
    let dataset = anna.dataset(org.root, "Dataset", 1).await;
    let second = anna.dataset(org.root, "Second", 1).await;
    let (reader, invited, outsider) = (app.person("Rita").await, app.person("Ina").await, app.person("Otto").await);
    app.join(org, &reader, Role::Reader).await;
    for person in [&invited, &outsider] {
        app.verify(person).await;
    }
    anna.invite(org, &invited.email, "reader").await;
    app.corrupt("UPDATE invitation SET role = 'member' WHERE state = 'pending'").await;
    let target = outsider.create_org("Partner").await;
    Fixture { folder, site, dataset, second, reader, invited, outsider, target }
}

async fn everything_but_processing(
    app: &TestApp,
    anna: &Person,
    org: &Org,
    at: &Fixture,
) -> Vec<(&'static str, String)> {
    let Fixture { folder, site, dataset, second, reader, invited, outsider, target } = at;
    let one = |id: &ResourceId, rest: &str| format!("/api/v1/resources/{id}{rest}");
    let invite = |email: &str, role: &str| json!({ "invitations": [{ "email": email, "role": role }] });
    let invitations = format!("/api/v1/orgs/{}/invitations", org.org_id);
    let people = format!("/api/v1/orgs/{}/people", org.org_id);
    let mut rows = Vec::new();
    let mut note = |what: &'static str, answer: &Answer| rows.push((what, told(answer)));
    note("look inside", &anna.children(org.root, "").await);
    note("rename", &anna.rename(*folder, "Renamed").await);
    note("create a folder", &anna.create(org.root, "folder", "New folder").await);
    note("create a dataset", &anna.create(org.root, "dataset", "New dataset").await);
    note("copy a folder", &anna.copy(*folder, org.root).await);
    note("switch a link on", &anna.post(&one(folder, "/links"), &json!({})).await);
    let sharing_id = format!("{}/primary", target.org_id);
    note("share a copy", &anna.post(&one(folder, "/share-copy"), &json!({ "sharing_id": sharing_id })).await);
    note("create a site", &anna.create(org.root, "site", "New site").await);
    note("create a dataset in a site", &anna.create(*site, "dataset", "In the site").await);
    note("copy a site", &anna.copy(*site, *folder).await);
    note("copy a dataset into a site", &anna.copy(*dataset, *site).await);
    note("assign to a site", &anna.post(&one(dataset, "/assign"), &json!({ "site": site })).await);
    note("assign to a new site", &anna.assign(*second, "Fresh").await);
    note("give access to somebody", &anna.give(*folder, json!({ "email": outsider.email }), "reader").await);
    note("give access to an unknown address", &anna.give(*folder, json!({ "email": "x@example.com" }), "reader").await);
    note("invite a Reader", &anna.post(&invitations, &invite("r@example.com", "reader")).await);
    note("invite a Member", &anna.post(&invitations, &invite("m@example.com", "member")).await);
    let token = app.invitation_token(&invited.email).await;
    note("accept as a Member", &invited.accept(&token).await);
    note("make a Reader a Member", &anna.change_role(org, reader.id, "member").await);
    let made =
        |email: &str, role: &str| json!({ "first_name": "New", "last_name": "One", "email": email, "role": role });
    note("create a person as Member", &anna.post(&people, &made("new.member@example.com", "member")).await);
    note("create a person as Reader", &anna.post(&people, &made("new.reader@example.com", "reader")).await);
    rows
}

/// With a dataset of its own to process, where one can be made.
async fn everything(app: &TestApp, anna: &Person, org: &Org, at: &Fixture) -> Vec<(&'static str, String)> {
    let third = anna.create(org.root, "dataset", "Third").await;
    let dataset: ResourceId = if third.status == 201 { read(&third.json()["id"]) } else { at.dataset };
    let mut rows = everything_but_processing(app, anna, org, at).await;
    let became = app.set_status(dataset, DatasetStatus::Queued).await.status;
    rows.push((
        "process a dataset",
        if became == DatasetStatus::Queued { "yes".to_owned() } else { "waits".to_owned() },
    ));
    rows
}

both!(lic_4_what_each_product_allows_by_every_call, async |app| {
    let mut table: Vec<(&'static str, Vec<String>)> = Vec::new();
    for (name, product) in HOLDINGS {
        // A database of its own, as some of it is made past the rules.
        let app = &app.another().await;
        let anna = app.person("Anna").await;
        let org = anna.create_org("Alpine Survey").await;
        let at = fixture(app, &anna, &org).await;
        match product {
            Some("desktop") => drop(app.desktop_licence(&org, 1).await),
            Some(cloud) => {
                let licence = app.licence(&org, cloud, "images-projects", 1_000, 10, 0).await;
                if name.ends_with("expired") {
                    app.expire(licence).await;
                }
            }
            None => {}
        }
        let answers = everything(app, &anna, &org, &at).await;
        for (at, (what, answer)) in answers.into_iter().enumerate() {
            if table.len() <= at {
                table.push((what, Vec::new()));
            }
            table[at].1.push(answer);
        }
        app.healthy().await;
        app.finish().await;
    }
    let heads: Vec<String> = HOLDINGS.iter().map(|(name, _)| format!("{name:<21}")).collect();
    let lines = table.iter().map(|(what, answers)| {
        let answers: Vec<String> = answers.iter().map(|answer| format!("{answer:<21}")).collect();
        format!("{what:<34}{}", answers.concat()).trim_end().to_owned()
    });
    let text = [format!("{:<34}{}", "", heads.concat()).trim_end().to_owned()].into_iter().chain(lines);
    insta::assert_snapshot!("what_each_product_allows", text.collect::<Vec<_>>().join("\n"));
});

both!(lic_4_the_pages_name_a_missing_licence_beforehand, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let drive = format!("/o/{}/drive", org.org_id);
    let invite = format!("/o/{}/people?dialog=invite", org.org_id);
    let share = format!("{drive}?dialog=share&item={folder}");
    let page = async |path: &str| anna.page(path).await.expect(200).body;
    // Among the roles of the dialog; the filter of the list behind it has all of them.
    let offers_member = |body: &str| {
        let roles = body.split("id=\"send_invitations-role\"").nth(1).and_then(|rest| rest.split("</select>").next());
        roles.expect("a choice of roles").contains("value=\"member\"")
    };
    assert!(page(&invite).await.contains("need a Cloud Teams licence") && !offers_member(&page(&invite).await));
    assert!(page(&share).await.contains("You need an active cloud licence"));
    assert!(page(&drive).await.contains("Sites need a Cloud Pro licence"));
    app.team_licence(&org).await;
    assert!(!page(&invite).await.contains("need a Cloud Teams licence") && offers_member(&page(&invite).await));
    assert!(!page(&share).await.contains("You need an active cloud licence"));
    assert!(!page(&drive).await.contains("Sites need a Cloud Pro licence"));
});

both!(lic_4_accepting_an_invitation_needs_the_licence, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let licence = app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Folder").await;
    let (ina, otto) = (app.person("Ina").await, app.person("Otto").await);
    let invitation = anna.invite(&org, &ina.email, "member").await;
    anna.give(folder, json!({ "email": otto.email }), "reader").await.expect(200);
    app.expire(licence).await;
    let token = app.invitation_token(&ina.email).await;
    for _ in 0..2 {
        let refused = ina.accept(&token).await.expect(403);
        assert!(refused.body.contains("has expired"), "{}", refused.body);
    }
    let outside = app.invitation_token(&otto.email).await;
    otto.accept(&outside).await.expect(403);
    app.tick(120_000);
    let resend = format!("/api/v1/orgs/{}/invitations/{invitation}/resend", org.org_id);
    anna.post(&resend, &json!({})).await.expect(403);
    assert_eq!(app.role(org.id, ina.id).await, None);
    otto.show(folder).await.expect(404);
    // Nothing is lost: with a licence again, both can accept.
    app.team_licence(&org).await;
    ina.accept(&token).await.expect(200);
    otto.accept(&outside).await.expect(200);
    otto.show(folder).await.expect(200);
    app.healthy().await;
});

both!(link_1_the_drive_itself_has_no_link, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let refused = anna.post(&format!("/api/v1/resources/{}/links", org.root), &json!({})).await.expect(422);
    assert!(refused.body.contains("Share a folder, a site, an asset or a dataset in it."), "{}", refused.body);
    let page = anna.page(&format!("/o/{}/drive?dialog=share&item={}", org.org_id, org.root)).await.expect(200);
    assert!(page.body.contains("The whole Drive cannot be shared by a link"));
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM share_link").await, 0);
    // Somebody who may not share anything is told that first, and a stranger nothing.
    let eddi = app.person("Eddi").await;
    eddi.post(&format!("/api/v1/resources/{}/links", org.root), &json!({})).await.expect(404);
});
