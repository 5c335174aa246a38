//! Random histories: whatever a handful of people do in whatever order, the doctor finds nothing broken, no answer is a
//! 500, and no allowance appears or disappears.

use commonhold::{
    domain::{access::Level, id::ResourceId, resource::Status, role::Role, transfer::Grantee},
    server::store::resource,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{both, support::TestApp};

const STEPS: usize = 60;

async fn history(app: &TestApp, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let people = [app.person("Anna").await, app.person("John").await, app.person("Mary").await];
    let orgs = [people[0].create_org(&format!("One {seed}")).await, people[1].create_org(&format!("Two {seed}")).await];
    let mut licences = Vec::new();
    for org in &orgs {
        licences.push(app.images_licence(org, 300, 20).await);
    }
    app.join(&orgs[1], &people[0], Role::Editor).await;
    app.join(&orgs[0], &people[1], Role::Owner).await;
    app.join(&orgs[0], &people[2], Role::Manager).await;
    let mut nodes: Vec<ResourceId> = orgs.iter().map(|org| org.root).collect();
    let mut told = Vec::new();
    for step in 0..STEPS {
        let by = &people[random.random_range(0..people.len())];
        let node = nodes[random.random_range(0..nodes.len())];
        let other = nodes[random.random_range(0..nodes.len())];
        let org = &orgs[random.random_range(0..2)];
        let whom = people[random.random_range(0..people.len())].id;
        let status = match random.random_range(0..17) {
            0..=2 => {
                let kind = ["folder", "folder", "site"][random.random_range(0..3)];
                let answer = by.create(node, kind, &format!("Node {}", step % 7)).await;
                if answer.status == 201 {
                    nodes.push(crate::support::read(&answer.json()["id"]));
                }
                answer.status
            }
            3..=4 => {
                let images = random.random_range(0..40);
                let body = serde_json::json!({ "parent": node, "kind": "dataset", "name": format!("Data {}", step % 5), "dataset": { "images": images } });
                let answer = by.post("/api/v1/resources", &body).await;
                if answer.status == 201 {
                    let id = crate::support::read(&answer.json()["id"]);
                    nodes.push(id);
                    app.set_status(id, Status::ALL[random.random_range(0..Status::ALL.len())]).await;
                }
                answer.status
            }
            5..=7 => by.transfer(&[node], other).await.status,
            8 => by.rename(node, &format!("Node {}", step % 7)).await.status,
            9 => {
                let carried = random.random_bool(0.5);
                let mut tx = app.db().read().await.expect("a connection");
                let there = resource::find(&mut tx, node).await.expect("an answer").is_some();
                drop(tx);
                if there && !orgs.iter().any(|org| org.root == node) {
                    app.give(node, Grantee::Person(whom), Level::ALL[random.random_range(0..4)], carried).await;
                }
                200
            }
            10 => {
                let role = Role::ALL[random.random_range(0..Role::ALL.len())];
                by.change_role(org, whom, role.word()).await.status
            }
            11 => by.trash(node).await.status,
            12..=13 => by.restore(node).await.status,
            14 => by.delete_for_good(node).await.status,
            15 => {
                let answer = by.copy(node, other).await;
                if answer.status == 201 {
                    nodes.push(crate::support::read(&answer.json()["id"]));
                }
                answer.status
            }
            _ => {
                let answer = by.leave(org).await;
                if answer.status == 204 {
                    // And comes back, so that the history goes on.
                    app.join(org, by, Role::Manager).await;
                }
                answer.status
            }
        };
        assert!(status < 500, "seed {seed}, step {step}");
        told.push(status);
    }
    assert!(
        told.iter().filter(|status| **status < 300).count() > STEPS / 6,
        "seed {seed}: something happens: {told:?}"
    );
    let spent: i64 = app
        .count("SELECT CAST(COALESCE(SUM(images), 0) AS BIGINT) FROM ledger_entry WHERE kind IN ('spend', 'refund')")
        .await;
    let mut left = 0;
    for licence in &licences {
        left += app.left(*licence).await.0;
    }
    assert_eq!(left, 600 + spent, "seed {seed}: transfers move allowance, they make none");
    app.healthy().await;
}

both!(lic_3_xfer_10_org_3_random_history_1, async |app| history(app, 1).await);
both!(lic_3_xfer_10_org_3_random_history_2, async |app| history(app, 2).await);
both!(lic_3_xfer_10_org_3_random_history_3, async |app| history(app, 3).await);
both!(lic_3_xfer_10_org_3_random_history_4, async |app| history(app, 4).await);

both!(lic_3_org_3_the_demo_and_generated_data_are_healthy, async |app| {
    use commonhold::server::{demo, generate};
    demo::fill(app.ctx()).await.expect("an empty database is filled");
    app.healthy().await;
    assert!(demo::fill(app.ctx()).await.is_err(), "only an empty one");
    let amounts = generate::Amounts { org: None, orgs: 1, people: 30, resources: 250, processed: true, flat: false };
    assert_eq!(generate::generate(app.ctx(), &amounts).await.expect("big data").len(), 1);
    app.healthy().await;
});
