//! Every write, struck at each of its statements: nothing of it is there. And every write that another transaction was in
//! the way of at each of its statements: it is done, once.

use std::collections::BTreeSet;

use commonhold::{
    domain::{
        access::Level, id::LicenceId, id::ResourceId, resource::DatasetStatus, role::Role, share_link::ShareLinkState,
        transfer::Grantee,
    },
    server::{
        error::Error,
        store::fault::{Fault, striking},
        usecase,
    },
};
use serde_json::json;
use uuid::Uuid;

use crate::{
    both,
    support::{Org, Person, TestApp},
};

type Id = Uuid;
type Maybe = Option<Uuid>;

/// Everything in the tables that writes change, row by row.
async fn everything(app: &TestApp) -> BTreeSet<String> {
    let mut tx = app.db().read().await.expect("a connection");
    let mut rows = BTreeSet::new();
    macro_rules! note {
        ($row:ty, $sql:literal) => {
            let found: Vec<$row> = tx.sql($sql).all().await.expect("an answer");
            rows.extend(found.into_iter().map(|row| format!("{} {row:?}", $sql)));
        };
    }
    note!(
        (Id, Maybe, Id, Id, String, Option<String>, Maybe, Maybe, Option<i64>, i64),
        "SELECT id, parent_id, organization_id, account_id, name, status, charged_to, trashed_with, trashed_at, modified_at FROM resource"
    );
    note!(
        (Id, Id, Maybe, Maybe, String, bool, Maybe),
        "SELECT id, resource_id, person_id, organization_id, level, carried, owner_organization_id FROM access_grant"
    );
    note!((Id, Id, String), "SELECT id, resource_id, state FROM share_link");
    note!((Id, String, Id), "SELECT resource_id, word, organization_id FROM resource_word");
    note!(
        (Id, Option<i64>, i64, i64, i64),
        "SELECT id, active_until, images_left, projects_left, credits_left FROM licence"
    );
    note!((Id, Id, String, i64, i64, i64), "SELECT id, licence_id, kind, images, projects, credits FROM ledger_entry");
    note!((Id, String), "SELECT id, digest FROM transfer");
    note!((Id, Maybe, String, String), "SELECT id, organization_id, action, summary FROM audit");
    note!((Id, String, Option<i64>), "SELECT id, org_id, deleted_at FROM organization");
    note!((Id, Id, Id), "SELECT id, organization_id, root_id FROM account");
    note!((Id, Id, String), "SELECT organization_id, person_id, role FROM membership");
    note!((Id, String, String), "SELECT id, state, token_hash FROM invitation");
    note!((Id, String), "SELECT id, recipient FROM outbox");
    note!((Id, String), "SELECT id, state FROM task");
    rows
}

/// What came of a write, as a status.
fn status<T>(answer: Result<T, Error>) -> u16 {
    match answer {
        Ok(_) => 200,
        Err(error) if error.is_unavailable() => 503,
        Err(error) => panic!("{error}"),
    }
}

/// Strikes a write at its first statement, its second, and so on, until it is through: before that, nothing of it is there.
async fn whole_or_not_at_all(app: &TestApp, what: &str, write: impl AsyncFn() -> u16) {
    let before = everything(app).await;
    for statement in 0.. {
        let (status, struck) = striking(statement, Fault::Gone, write()).await;
        if status < 300 {
            assert!(struck || statement > 2, "{what}: it writes more than a statement or two");
            assert_ne!(everything(app).await, before, "{what}: it is done in the end");
            return;
        }
        assert_eq!(status, 503, "{what}, struck at its statement {statement}");
        assert!(struck, "{what}: refused by nothing but the fault");
        let after = everything(app).await;
        let torn: Vec<&String> = after.symmetric_difference(&before).collect();
        assert!(torn.is_empty(), "{what}, struck at its statement {statement}, leaves {torn:#?}");
    }
}

/// Two organizations with an allowance each, and in the first a folder with everything that a transfer has to take care of.
struct Fixture {
    anna: Person,
    source: Org,
    target: Org,
    licences: [LicenceId; 2],
}

async fn fixture(app: &TestApp) -> Fixture {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Source").await, anna.create_org("Target").await);
    let licences =
        [app.images_licence(&source, 100_000, 1_000).await, app.images_licence(&target, 100_000, 1_000).await];
    Fixture { anna, source, target, licences }
}

impl Fixture {
    async fn folder(&self, app: &TestApp, name: &str) -> (ResourceId, ResourceId) {
        let folder = self.anna.folder(self.source.root, name).await;
        let inside = self.anna.folder(folder, "Inside").await;
        let dataset = self.anna.dataset(inside, "Flight", 30).await;
        app.set_status(dataset, DatasetStatus::Processed).await;
        app.give(dataset, Grantee::Organization(self.source.id), Level::Reader, true).await;
        let gone = self.anna.folder(inside, "Gone").await;
        self.anna.trash(gone).await;
        (folder, dataset)
    }
}

both!(xfer_13_audit_1_every_write_that_fails_anywhere_changes_nothing, async |app| {
    let fixture = fixture(app).await;
    let (anna, john) = (&fixture.anna, app.person("John").await);
    let (folder, dataset) = fixture.folder(app, "Tunnels").await;
    app.share(dataset, "a link").await;
    anna.folder(fixture.target.root, "Tunnels").await;
    let place = anna.folder(fixture.source.root, "Place").await;
    app.join(&fixture.source, &john, Role::Editor).await;
    app.give(fixture.source.root, Grantee::Person(john.id), Level::Editor, true).await;

    whole_or_not_at_all(app, "creating a dataset", async || {
        let body = json!({ "parent": place, "kind": "dataset", "name": "New", "dataset": { "images": 3 } });
        anna.post("/api/v1/resources", &body).await.status
    })
    .await;
    let draft = anna.dataset(place, "Draft", 12).await;
    whole_or_not_at_all(app, "paying for processing", async || {
        status(usecase::dataset::set_status(app.ctx(), draft, DatasetStatus::Queued).await)
    })
    .await;
    whole_or_not_at_all(app, "giving back what failed", async || {
        status(usecase::dataset::set_status(app.ctx(), draft, DatasetStatus::Failed).await)
    })
    .await;
    whole_or_not_at_all(app, "moving", async || anna.transfer(&[draft], folder).await.status).await;
    anna.trash(draft).await;
    whole_or_not_at_all(app, "restoring", async || anna.restore(draft).await.status).await;
    whole_or_not_at_all(app, "putting into the trash", async || anna.trash(draft).await.status).await;
    whole_or_not_at_all(app, "deleting for good", async || anna.delete_for_good(draft).await.status).await;
    whole_or_not_at_all(app, "copying", async || anna.copy(folder, place).await.status).await;
    whole_or_not_at_all(app, "transferring", async || anna.transfer(&[folder], fixture.target.root).await.status).await;
    assert_eq!(app.link_state("a link").await, ShareLinkState::Moved);

    let form = usecase::licence::operator::GrantForm {
        org: fixture.source.org_id.clone(),
        product: "cloud-teams".to_owned(),
        model: Some("credits".to_owned()),
        credits: 5,
        ..usecase::licence::operator::GrantForm::default()
    };
    whole_or_not_at_all(app, "granting", async || status(usecase::licence::operator::grant(app.ctx(), &form).await))
        .await;
    whole_or_not_at_all(app, "expiring", async || {
        status(usecase::licence::operator::expire(app.ctx(), fixture.licences[1]).await)
    })
    .await;
    whole_or_not_at_all(app, "giving access", async || {
        anna.give(place, json!({ "email": john.email }), "manager").await.status
    })
    .await;
    whole_or_not_at_all(app, "changing a role", async || {
        anna.change_role(&fixture.source, john.id, "manager").await.status
    })
    .await;
    whole_or_not_at_all(app, "leaving", async || john.leave(&fixture.source).await.status).await;
    whole_or_not_at_all(app, "founding an organization", async || {
        let body = json!({ "name": "Founded", "kind": "individual", "country": "CH" });
        anna.post("/api/v1/orgs", &body).await.status
    })
    .await;
    anna.invite(&fixture.source, &john.email, "reader").await;
    let token = app.invitation_token(&john.email).await;
    whole_or_not_at_all(app, "accepting an invitation", async || john.accept(&token).await.status).await;
    let path = format!("/api/v1/orgs/{}", fixture.target.id);
    whole_or_not_at_all(app, "deleting an organization", async || {
        anna.call(axum::http::Method::DELETE, &path, Some(&json!({ "confirm": "Target" })), &[]).await.status
    })
    .await;
    whole_or_not_at_all(app, "restoring an organization", async || {
        anna.post(&format!("{path}/restore"), &json!({})).await.status
    })
    .await;
    app.healthy().await;
});

both!(xfer_10_lic_2_every_write_that_conflicts_is_retried_and_done_once, async |app| {
    let fixture = fixture(app).await;
    let mut statement = 0;
    loop {
        let (folder, dataset) = fixture.folder(app, &format!("Tunnels {statement}")).await;
        let draft = fixture.anna.dataset(fixture.source.root, &format!("Draft {statement}"), 7).await;
        let left = async || (app.left(fixture.licences[0]).await, app.left(fixture.licences[1]).await);
        let before = (left().await, app.count("SELECT COUNT(*) FROM audit").await);

        let queue = usecase::dataset::set_status(app.ctx(), draft, DatasetStatus::Queued);
        let (queued, struck_queue) = striking(statement, Fault::Contended, queue).await;
        assert_eq!(queued.expect("tried again").charged.images, 7, "statement {statement}");
        let folder = [folder];
        let transfer = fixture.anna.transfer(&folder, fixture.target.root);
        let (answer, struck) = striking(statement, Fault::Contended, transfer).await;
        answer.expect(201);

        let ((source, target), lines) = (left().await, app.count("SELECT COUNT(*) FROM audit").await);
        assert_eq!(source, (before.0.0.0 - 7 + 30, before.0.0.1 - 1 + 1, 0), "statement {statement}");
        assert_eq!(target, (before.0.1.0 - 30, before.0.1.1 - 1, 0), "statement {statement}");
        assert_eq!(lines, before.1 + 3, "one line for each change, statement {statement}");
        assert_eq!(app.stored(dataset).await.organization, fixture.target.id);
        if !struck {
            assert!(!struck_queue && statement > 10, "a transfer is more than {statement} statements");
            break;
        }
        statement += 1;
    }
    app.healthy().await;
});
