//! **Manage access**, and clearing the blockers of a move, by forms alone (ACCESS-2, XFER-2, XFER-3).

use commonhold::{
    domain::{access::Level, id::ResourceId, role::Role, transfer::Grantee},
    rpc::{
        access::{ChangeAccess, GiveAccess, RemoveAccess},
        transfer::{ConfirmTransfer, MoveHere, TakeAccessAndMove},
    },
};
use leptos::server_fn::ServerFn;

use crate::{
    both,
    support::{Answer, Person, TestApp},
};

/// The value of a hidden field.
fn hidden(page: &Answer, name: &str) -> String {
    let rest = page.body.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_default();
    let value = rest.split("value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no {name} in the page")).to_owned()
}

both!(access_2_the_dialog_gives_changes_and_takes_by_forms_alone, async |app| {
    let (anna, mem) = (app.person("Anna").await, app.person("Mem").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &mem, Role::Member).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let inside = anna.folder(folder, "Inside").await;
    let item = inside.to_string();
    let back = format!("/o/alpine-survey/drive/{folder}?dialog=access&item={inside}");
    let page = anna.page(&back).await.expect(200).body;
    for words in [
        "Manage access",
        "Give access",
        "1 person by their role in the organization",
        "Share with someone outside",
        "Invite as a Member",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let form = |email: &str, level: &str| {
        [
            ("item", item.clone()),
            ("email", email.to_owned()),
            ("level", level.to_owned()),
            ("way", "external".to_owned()),
            ("back", back.clone()),
        ]
    };
    let give = async |email: &str, level: &str| {
        let fields = form(email, level);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.form(GiveAccess::url(), &back, &fields).await
    };
    assert_eq!(give(&mem.email, "editor").await.location(), back);
    let page = anna.page(&back).await.expect(200);
    assert!(page.body.contains("Mem Muster now has Editor access") && page.body.contains("Level of Mem Muster"));
    give("eve@example.com", "reader").await;
    assert!(anna.page(&back).await.body.contains("Invited eve@example.com. They get Reader access when they accept"));
    assert!(anna.page(&back).await.body.contains("Invited from outside"));
    // Refused: the dialog is open again with what was typed, and says why.
    give("nonsense", "reader").await;
    assert!(anna.page(&back).await.expect(200).body.contains("value=\"nonsense\""));
    // What is above is a link to where it is.
    app.give(folder, Grantee::Person(mem.id), Level::Reader, false).await;
    let page = anna.page(&back).await.expect(200);
    assert!(page.body.contains("Inherited from") && page.body.contains(&format!("/o/alpine-survey/drive/{folder}\"")));
    let why = anna.page(&format!("{back}&why={}", mem.id)).await.expect(200).body;
    for words in
        ["Why can Mem Muster see this?", "Mem Muster has Editor access. The highest of these applies:", "Gotthard"]
    {
        assert!(why.contains(words), "{words}");
    }
    let roles = anna.page(&format!("{back}&show=roles")).await.expect(200).body;
    assert!(roles.contains("Owner of the organization") && roles.contains("Back to direct and inherited access"));
    let grant = hidden(&page, "grant");
    let fields = [("item", item.as_str()), ("grant", &grant), ("level", "uploader"), ("back", &back)];
    assert_eq!(anna.form(ChangeAccess::url(), &back, &fields).await.location(), back);
    assert_eq!(mem.show(inside).await.json()["level"], "uploader");
    let fields = [("item", item.as_str()), ("grant", &grant), ("back", &back)];
    assert_eq!(anna.form(RemoveAccess::url(), &back, &fields).await.location(), back);
    assert_eq!(mem.show(inside).await.json()["level"], "reader", "from above");
    // The second time it is gone, and the page says so.
    anna.form(RemoveAccess::url(), &back, &fields).await;
    assert!(anna.page(&back).await.body.contains("This does not exist"));
    // Who does not manage it sees no button, and no dialog.
    let page = mem.page(&format!("/o/alpine-survey/drive/{folder}?dialog=access&item={inside}")).await.expect(200).body;
    assert!(!page.contains("Give access") && page.contains("You need Manager access"));
});

async fn tree(app: &TestApp) -> (Person, Person, [ResourceId; 3], String) {
    let (anna, mem) = (app.person("Anna").await, app.person("Mem").await);
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    app.join(&org, &mem, Role::Member).await;
    let (from, to) = (anna.folder(org.root, "From").await, anna.folder(org.root, "To").await);
    let item = anna.folder(from, "Item").await;
    (anna, mem, [from, to, item], "/o/alpine-survey/drive".to_owned())
}

both!(xfer_2_one_click_takes_the_access_away_and_moves, async |app| {
    let (anna, mem, [from, to, item], back) = tree(app).await;
    anna.give(item, serde_json::json!({ "person": mem.id }), "editor").await.expect(200);
    let (items, destination) = (item.to_string(), to.to_string());
    let form = [("items", items.as_str()), ("destination", destination.as_str()), ("back", back.as_str())];
    let answer = anna.form(MoveHere::url(), &back, &form).await;
    assert!(answer.location().contains("dialog=transfer"), "{}", answer.location());
    let page = anna.page(answer.location()).await.expect(200);
    assert!(page.body.contains("Mem Muster has direct access to") && page.body.contains("Remove this access and move"));
    let digest = hidden(&page, "digest");
    let send = async |by: &Person, digest: &str| {
        let form = [
            ("items", items.as_str()),
            ("destination", destination.as_str()),
            ("digest", digest),
            ("back", back.as_str()),
        ];
        by.form(TakeAccessAndMove::url(), answer.location(), &form).await
    };
    // An Editor moves, but does not manage access: no button, and no way around it.
    let ed = app.person("Ed").await;
    let org = crate::support::Org {
        id: app.stored(item).await.organization,
        org_id: "alpine-survey".to_owned(),
        root: from,
        account: app.stored(item).await.account,
    };
    app.join(&org, &ed, Role::Editor).await;
    let his = ed.page(answer.location()).await.expect(200);
    assert!(his.body.contains("Mem Muster has direct access to") && !his.body.contains("Remove this access"));
    send(&ed, &digest).await;
    send(&anna, "another").await;
    assert_eq!(app.stored(item).await.parent, Some(from));
    assert_eq!(mem.show(item).await.status, 200, "nothing half-done");
    let done = send(&anna, &digest).await;
    assert_eq!(done.location(), format!("/o/alpine-survey/drive/{to}"));
    assert_eq!(app.stored(item).await.parent, Some(to));
    mem.show(item).await.expect(404);
    let audit = anna.audit(&org).await;
    assert_eq!(&audit[..2], ["resource.moved", "access.removed"]);
    app.healthy().await;
});

both!(xfer_2_between_organizations_the_plan_is_shown_again_afterwards, async |app| {
    let (anna, mem, [from, _, item], back) = tree(app).await;
    let target = anna.create_org("Tunnel North").await;
    app.team_licence(&target).await;
    let inside = anna.folder(item, "Inside").await;
    app.give(inside, Grantee::Person(mem.id), Level::Reader, false).await;
    let (items, destination) = (item.to_string(), target.root.to_string());
    let dialog = format!("{back}?dialog=transfer&item={item}&destination={}", target.root);
    let digest = hidden(&anna.page(&dialog).await.expect(200), "digest");
    let form = [("items", items.as_str()), ("destination", destination.as_str()), ("digest", &digest), ("back", &back)];
    let answer = anna.form(TakeAccessAndMove::url(), &dialog, &form).await;
    assert_eq!(answer.location(), dialog);
    mem.show(inside).await.expect(404);
    assert_eq!(app.stored(item).await.parent, Some(from), "not moved yet");
    let page = anna.page(&dialog).await.expect(200);
    assert!(page.body.contains("Confirm transfer") && page.body.contains("Removed direct access"));
    app.healthy().await;
});

both!(xfer_3_a_move_that_changes_who_has_access_is_shown_first, async |app| {
    let (anna, mem, [from, to, item], back) = tree(app).await;
    let chris = app.person("Chris").await;
    app.give(from, Grantee::Person(mem.id), Level::Reader, false).await;
    app.give(to, Grantee::Person(chris.id), Level::Editor, false).await;
    let (items, destination) = (item.to_string(), to.to_string());
    let form = [("items", items.as_str()), ("destination", destination.as_str()), ("back", back.as_str())];
    let answer = anna.form(MoveHere::url(), &back, &form).await;
    assert!(answer.location().contains("dialog=transfer"), "{}", answer.location());
    assert_eq!(app.stored(item).await.parent, Some(from), "not yet");
    let page = anna.page(answer.location()).await.expect(200);
    for words in
        ["1 gains access", "Chris Muster (Editor)", "1 keeps access", "Mem Muster (Reader)", "Confirm transfer"]
    {
        assert!(page.body.contains(words), "{words}");
    }
    let plan = anna.plan(&[item], to).await.expect(200).json();
    assert_eq!(plan["effects"]["gaining_access"][0]["name"], "Chris Muster");
    assert_eq!(plan["effects"]["keeping_access"][0]["level"], "reader");
    let digest = hidden(&page, "digest");
    let form = [("items", items.as_str()), ("destination", destination.as_str()), ("digest", &digest)];
    let done = anna.form(ConfirmTransfer::url(), answer.location(), &form).await;
    assert_eq!(done.location(), format!("/o/alpine-survey/drive/{to}"));
    assert_eq!(mem.show(item).await.expect(200).json()["level"], "reader");
    assert_eq!(anna.access(item, "").await.json()["items"][0]["source"], "carried");
    // Onward with nothing to change it moves at once: back to where Mem has it anyway.
    app.healthy().await;
});
