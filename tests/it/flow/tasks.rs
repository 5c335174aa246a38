//! Background tasks: moves, transfers, copies and deletions (XFER-16, DRIVE-4), and their cancellation.

use commonhold::{
    domain::{id::ResourceId, resource::DatasetStatus, task::MAX_INLINE_ITEMS},
    rpc::{
        task::CancelTask,
        transfer::{ConfirmTransfer, MoveHere},
        trash::UndoChange,
    },
    server::{
        context::Principal,
        generate::{self, Amounts},
        usecase, workers,
    },
};
use leptos::server_fn::ServerFn;
use serde_json::{Value, json};

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

/// Runs all tasks, as a worker does that is never told to stop.
async fn work(app: &TestApp) {
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    workers::task::drain(app.ctx(), &stopped).await.expect("done");
}

/// A generated folder with so many processed datasets in folders.
async fn filled(app: &TestApp, anna: &Person, org: &Org, resources: u64) -> ResourceId {
    let amounts =
        Amounts { org: Some(org.org_id.clone()), orgs: 0, people: 0, resources, processed: true, flat: false };
    generate::generate(app.ctx(), &amounts).await.expect("generated");
    read(&anna.children(org.root, "?query=generated").await.expect(200).json()["items"][0]["id"])
}

struct Fixture {
    anna: Person,
    source: Org,
    target: Org,
    folder: ResourceId,
}

async fn fixture(app: &TestApp) -> Fixture {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.images_licence(&source, 1_000, 10).await;
    app.images_licence(&target, 1_000, 10).await;
    let folder = anna.folder(source.root, "Gotthard").await;
    for name in ["One", "Two"] {
        let dataset = anna.dataset(folder, name, 10).await;
        app.set_status(dataset, DatasetStatus::Processed).await;
    }
    Fixture { anna, source, target, folder }
}

impl Fixture {
    /// Starts a transfer of the folder; the address of its task.
    async fn begin(&self, digest: Option<&str>) -> String {
        let body =
            json!({ "items": [self.folder], "destination": self.target.root, "digest": digest, "background": true });
        let answer = self.anna.post("/api/v1/transfers", &body).await.expect(202);
        let task = answer.json();
        assert_eq!((task["kind"].as_str(), task["state"].as_str()), (Some("transfer"), Some("running")));
        assert_eq!((task["total"].as_u64(), task["cancellable"].as_bool()), (Some(3), Some(true)));
        answer.location().to_owned()
    }

    async fn digest(&self) -> String {
        let plan = self.anna.plan(&[self.folder], self.target.root).await.expect(200).json();
        plan["digest"].as_str().expect("a digest").to_owned()
    }

    async fn at(&self, task: &str) -> Value {
        self.anna.get(task).await.expect(200).json()
    }
}

both!(xfer_16_a_transfer_in_the_background_is_all_there_at_once_with_its_receipt, async |app| {
    let fixture = fixture(app).await;
    let digest = fixture.digest().await;
    let task = fixture.begin(Some(&digest)).await;
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id, "nothing until it is done");
    app.nobody().get(&task).await.expect(401);
    app.person("Eve").await.get(&task).await.expect(404);
    work(app).await;
    let done = fixture.at(&task).await;
    assert_eq!((done["state"].as_str(), done["done"].as_u64()), (Some("done"), Some(3)), "{done}");
    assert_eq!(done["message"], "Transferred “Gotthard” to Tunnel North");
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.target.id);
    let receipt = done["transfer"].as_str().expect("a receipt");
    let receipt = fixture.anna.get(&format!("/api/v1/transfers/{receipt}")).await.expect(200).json();
    assert_eq!((receipt["datasets"].as_u64(), receipt["by"].as_str()), (Some(2), Some(&*fixture.anna.id.to_string())));
    assert_eq!(fixture.anna.audit(&fixture.source).await[0], "transfer.sent");
    assert_eq!(fixture.anna.delete(&task).await.expect(422).code(), "invalid", "done is done");
    app.healthy().await;
});

both!(drive_4_a_background_move_is_undone_from_its_message, async |app| {
    let fixture = fixture(app).await;
    let (anna, org) = (&fixture.anna, &fixture.source);
    let place = anna.folder(org.root, "Place").await;
    let body = json!({ "items": [fixture.folder], "destination": place, "background": true });
    anna.post("/api/v1/transfers", &body).await.expect(202);
    work(app).await;
    assert_eq!(app.stored(fixture.folder).await.parent, Some(place));
    let at = format!("/o/{}/drive", org.org_id);
    let token_on = |page: &Answer| {
        let after = page.body.split("name=\"token\"").nth(1).and_then(|after| after.split("value=\"").nth(1));
        after.and_then(|after| after.split('"').next()).map(str::to_owned)
    };
    let token = token_on(&anna.page(&at).await.expect(200)).expect("a button");
    let undo = [("token", token.as_str()), ("back", &at)];
    anna.form(UndoChange::url(), &at, &undo).await;
    assert_eq!(app.stored(fixture.folder).await.parent, Some(org.root));
    assert_eq!(token_on(&anna.page(&at).await.expect(200)), None, "once");
    // What crosses is taken back on its receipt.
    fixture.begin(None).await;
    work(app).await;
    assert_eq!(token_on(&anna.page(&at).await.expect(200)), None);
    app.healthy().await;
});

both!(xfer_15_xfer_16_a_task_fails_if_its_plan_has_changed, async |app| {
    let fixture = fixture(app).await;
    let digest = fixture.digest().await;
    // What is in the way or changed already is told at once.
    let body = |digest: &str| json!({ "items": [fixture.folder], "destination": fixture.target.root, "digest": digest, "background": true });
    assert_eq!(fixture.anna.post("/api/v1/transfers", &body("other")).await.expect(409).code(), "plan_changed");
    let task = fixture.begin(Some(&digest)).await;
    fixture.anna.folder(fixture.folder, "New").await;
    work(app).await;
    let failed = fixture.at(&task).await;
    assert_eq!((failed["state"].as_str(), failed["transfer"].as_str()), (Some("failed"), None));
    assert!(failed["message"].as_str().is_some_and(|text| text.contains("nothing was moved")), "{failed}");
    // Without a digest, what gets in the way.
    let task = {
        let body = json!({ "items": [fixture.folder], "destination": fixture.target.root, "background": true });
        fixture.anna.post("/api/v1/transfers", &body).await.expect(202).location().to_owned()
    };
    let draft = fixture.anna.dataset(fixture.folder, "Draft", 1).await;
    work(app).await;
    let failed = fixture.at(&task).await;
    assert!(failed["message"].as_str().is_some_and(|text| text.contains("“Draft” is not processed")), "{failed}");
    let body = json!({ "items": [draft], "destination": fixture.target.root, "background": true });
    let blocked = fixture.anna.post("/api/v1/transfers", &body).await.expect(409);
    assert_eq!(blocked.blockers(), ["not_processed"]);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 0);
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    app.healthy().await;
});

both!(xfer_16_a_task_of_a_person_without_the_right_does_nothing, async |app| {
    let fixture = fixture(app).await;
    let by = app.person("By").await;
    app.join(&fixture.source, &by, commonhold::domain::role::Role::Manager).await;
    app.join(&fixture.target, &by, commonhold::domain::role::Role::Editor).await;
    let body = json!({ "items": [fixture.folder], "destination": fixture.target.root, "background": true });
    let task = by.post("/api/v1/transfers", &body).await.expect(202).location().to_owned();
    fixture.anna.remove(&fixture.source, &[by.id]).await.expect(204);
    work(app).await;
    let failed = by.get(&task).await.expect(200).json();
    assert_eq!(failed["state"], "failed", "{failed}");
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    app.healthy().await;
});

both!(xfer_16_a_task_survives_a_crash_and_is_done_once, async |app| {
    let fixture = fixture(app).await;
    let task = fixture.begin(None).await;
    // Held by a worker that is gone.
    usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    work(app).await;
    assert_eq!(fixture.at(&task).await["state"], "running");
    app.tick(61_000);
    work(app).await;
    assert_eq!(fixture.at(&task).await["state"], "done");
    // Where there is one node, it is nobody's when that starts.
    let fixture = self::fixture(app).await;
    let task = fixture.begin(None).await;
    let lost = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    usecase::task::begin_again(app.ctx()).await.expect("given back");
    if app.db().is_sqlite() {
        work(app).await;
        assert_eq!(fixture.at(&task).await["state"], "done");
        // Whoever lost it does nothing.
        assert!(usecase::task::step(app.ctx(), lost).await.expect("an answer").is_none());
        assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM transfer").await, 2);
    }
    app.healthy().await;
});

both!(xfer_16_a_transfer_is_cancelled_while_it_waits_and_while_it_goes_on, async |app| {
    let fixture = fixture(app).await;
    let task = fixture.begin(None).await;
    app.person("Eve").await.delete(&task).await.expect(404);
    assert_eq!(fixture.anna.delete(&task).await.expect(200).json()["state"], "cancelled");
    fixture.anna.delete(&task).await.expect(422);
    work(app).await;
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    assert_eq!(fixture.anna.audit(&fixture.source).await[0], "work.cancelled");
    // In the middle: whoever is at it looks again and again whether to go on.
    let task = fixture.begin(None).await;
    let id = task.rsplit('/').next().expect("an id").parse().expect("an id");
    let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    let running = app.ctx().tasks().begin(id);
    assert_eq!(fixture.at(&task).await["done"], 0);
    running.progress().goes_on(2);
    assert_eq!(fixture.at(&task).await["done"], 2, "this node counts");
    fixture.anna.delete(&task).await.expect(200);
    assert!(running.progress().is_cancelled());
    drop(running);
    assert!(usecase::task::step(app.ctx(), held).await.expect("an answer").is_none());
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    app.healthy().await;
});

both!(xfer_16_a_node_that_stops_leaves_the_work_to_the_next, async |app| {
    let fixture = fixture(app).await;
    let task = fixture.begin(None).await;
    app.ctx().tasks().interrupt();
    let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    assert!(usecase::task::step(app.ctx(), held).await.expect("an answer").is_none());
    assert_eq!(fixture.at(&task).await["state"], "running");
    assert_eq!(app.stored(fixture.folder).await.organization, fixture.source.id);
    assert!(usecase::task::claim(app.ctx()).await.expect("an answer").is_some(), "it was given back");
    app.healthy().await;
});

both!(drive_4_a_copy_that_is_cancelled_leaves_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = filled(app, &anna, &org, 2_100).await;
    let before = app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await;
    let task = format!(
        "/api/v1/tasks/{}",
        anna.copy(folder, org.root).await.expect(202).json()["id"].as_str().expect("an id")
    );
    let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    let held = usecase::task::step(app.ctx(), held).await.expect("a step").expect("there is more");
    assert_eq!(anna.delete(&task).await.expect(200).json()["state"], "cancelled");
    assert!(usecase::task::step(app.ctx(), held).await.is_err(), "it is nobody's any more");
    app.healthy().await;
    work(app).await;
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource").await, before);
    assert_eq!(anna.in_trash(&org).await, Vec::<String>::new());
    // What tidies up behind it is not cancelled.
    assert_eq!(
        app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM task WHERE kind = 'delete' AND NOT cancellable").await,
        1
    );
    app.healthy().await;
});

both!(drive_4_a_deletion_that_is_cancelled_leaves_the_rest_in_the_trash, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = filled(app, &anna, &org, 2_100).await;
    anna.trash(folder).await.expect(204);
    anna.delete_for_good(folder).await.expect(204);
    let by = Principal {
        person: anna.id,
        name: anna.name.clone(),
        email_key: String::new(),
        address: None,
        session: None,
        key: None,
    };
    let tasks = usecase::task::list(app.ctx(), &by, &org.org_id).await.expect("a list");
    let held = usecase::task::claim(app.ctx()).await.expect("an answer").expect("work");
    usecase::task::step(app.ctx(), held).await.expect("a step").expect("there is more");
    let cancelled = anna.delete(&format!("/api/v1/tasks/{}", tasks[0].id)).await.expect(200).json();
    assert_eq!(cancelled["message"], "Cancelled. 500 of 2100 items were deleted; the rest are back in the trash.");
    assert_eq!(anna.in_trash(&org).await.len(), 1);
    anna.restore(folder).await.expect(200);
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM resource WHERE parent_id IS NOT NULL").await, 1_600);
    app.healthy().await;
});

both!(xfer_16_in_the_browser_a_large_transfer_runs_as_a_task, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    app.credits_licence(&source, 10).await;
    app.credits_licence(&target, 10).await;
    let folder = filled(app, &anna, &source, MAX_INLINE_ITEMS + 100).await;
    let (items, destination) = (folder.to_string(), target.root.to_string());
    let digest = anna.plan(&[folder], target.root).await.expect(200).json()["digest"].as_str().expect("one").to_owned();
    let at = format!("/o/{}/drive", source.org_id);
    let confirm = [("items", items.as_str()), ("destination", &destination), ("digest", &digest), ("back", &at)];
    let answer = anna.form(ConfirmTransfer::url(), &at, &confirm).await;
    assert_eq!(answer.location(), at, "{answer:?}");
    let page = anna.page(&at).await.expect(200).body;
    assert!(page.contains("Transferring “") && page.contains("You can leave this page"), "{page}");
    assert!(page.contains("Background tasks") && page.contains("Working on 2,100 items"), "{page}");
    // Cancelled by the button in the panel.
    let task = page.split("name=\"task\"").nth(1).and_then(|after| after.split("value=\"").nth(1));
    let task = task.and_then(|after| after.split('"').next()).expect("a button").to_owned();
    let answer = anna.form(CancelTask::url(), &at, &[("task", &task), ("back", &at)]).await;
    assert_eq!(answer.location(), at);
    assert!(anna.page(&at).await.expect(200).body.contains("Cancelled. Nothing was moved."));
    // Once more, to its end.
    anna.form(ConfirmTransfer::url(), &at, &confirm).await;
    work(app).await;
    let page = anna.page(&at).await.expect(200).body;
    assert!(page.contains("Transferred “") && page.contains("/transfers/"), "{page}");
    assert_eq!(app.stored(folder).await.organization, target.id);
    // A move within an organization changes few rows, however much is inside: it is done at once.
    let place = anna.folder(target.root, "Place").await.to_string();
    let at = format!("/o/{}/drive", target.org_id);
    anna.form(MoveHere::url(), &at, &[("items", &items), ("destination", &place), ("back", &at)]).await;
    assert_eq!(app.stored(folder).await.parent.map(|id| id.to_string()), Some(place));
    app.healthy().await;
});

both!(drive_5_xfer_3_thousands_that_clash_and_carry_access_move_in_few_statements, async |app| {
    use commonhold::domain::{access::Level, role::Role, transfer::Grantee};
    let (anna, john) = (app.person("Anna").await, app.person("John").await);
    let org = anna.create_org("Alpine Survey").await;
    let partner = john.create_org("Partner").await;
    app.join(&org, &john, Role::Member).await;
    let (here, there) = (anna.folder(org.root, "Here").await, anna.folder(org.root, "There").await);
    app.give(here, Grantee::Person(john.id), Level::Editor, false).await;
    app.give(here, Grantee::Organization(partner.id), Level::Reader, false).await;
    let mut items = Vec::new();
    for n in 0..70 {
        items.push(anna.dataset(here, &format!("Flight {n}"), 1).await);
        anna.dataset(there, &format!("flight {n}"), 1).await;
    }
    // One of them has access that was carried along before, and gets more of it.
    app.give(items[3], Grantee::Person(john.id), Level::Reader, true).await;
    let receipt = anna.transfer(&items, there).await.expect(201).json();
    assert_eq!(receipt["effects"]["renamed"].as_array().map(Vec::len), Some(70));
    assert_eq!(app.stored(items[69]).await.name, "Flight 69 (2)");
    for item in [items[0], items[3], items[69]] {
        assert_eq!(john.show(item).await.expect(200).json()["level"], "editor");
    }
    assert_eq!(app.count("SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant WHERE carried").await, 140);
    let found = anna.get(&format!("/api/v1/orgs/{}/search?q=69%202", org.org_id)).await.expect(200).names();
    assert_eq!(found, ["Flight 69 (2)"], "the new name is found");
    app.healthy().await;
});
