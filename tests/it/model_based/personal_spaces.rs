//! Random histories of personal spaces (PEOPLE-4b, SPACE-1): whatever order work, licences and memberships come in, a space
//! becomes an organization at the first moment at which it holds work and its person belongs somewhere, and never before.

use commonhold::domain::id::{AccountId, ResourceId};
use serde_json::{Value, json};

use super::generator::Generator;
use crate::{
    both,
    support::{Org, Person, TestApp, read, rounds, setting},
};

/// The rule, written a second time.
#[derive(Default, Debug)]
struct Model {
    belongs: usize,
    /// In the Drive or in the trash.
    things: usize,
    licences: usize,
    turned: bool,
}

impl Model {
    fn look(&mut self) {
        self.turned |= self.belongs > 0 && self.things + self.licences > 0;
    }
}

async fn space_in_me(who: &Person) -> Value {
    who.get("/api/v1/me").await.expect(200).json()["space"].clone()
}

async fn history(app: &TestApp, host: &Person, seed: u64) {
    let mut dice = Generator::new(seed);
    let who = app.person("Eve").await;
    let space = space_in_me(&who).await;
    let space = Org {
        id: read(&space["id"]),
        org_id: space["org_id"].as_str().expect("an Org ID").to_owned(),
        root: read(&space["root"]),
        account: AccountId(uuid::Uuid::nil()),
    };
    let (mut model, mut joined, mut things): (Model, Vec<Org>, Vec<ResourceId>) = Default::default();
    for step in 0..10 {
        let told = match dice.below(6) {
            0 => {
                let org = host.create_org(&format!("Host {seed} {step}")).await;
                host.invite(&org, &who.email, ["reader", "editor", "manager"][dice.below(3)]).await;
                who.accept(&app.invitation_token(&who.email).await).await.expect(200);
                joined.push(org);
                model.belongs += 1;
                model.look();
                "joined"
            }
            1 => {
                who.create_org(&format!("Own {seed} {step}")).await;
                model.belongs += 1;
                model.look();
                "founded"
            }
            2 if !joined.is_empty() => {
                who.leave(&joined.swap_remove(dice.below(joined.len()))).await.expect(204);
                model.belongs -= 1;
                "left"
            }
            3 => {
                app.credits_licence(&space, 10).await;
                model.licences += 1;
                model.look();
                "licence"
            }
            4 => {
                things.push(who.folder(space.root, &format!("Folder {step}")).await);
                model.things += 1;
                model.look();
                "folder"
            }
            5 if !things.is_empty() => {
                let gone = things.swap_remove(dice.below(things.len()));
                who.trash(gone).await.expect(204);
                if dice.chance(60) {
                    who.delete_for_good(gone).await.expect(204);
                    model.things -= 1;
                }
                "deleted"
            }
            _ => "nothing",
        };
        let now = space_in_me(&who).await;
        assert_eq!(now.is_null(), model.turned, "seed {seed}, step {step}, {told}: {model:?}, {now}");
        let listed = who.get("/api/v1/orgs?limit=200").await.expect(200).names();
        assert_eq!(listed.contains(&"Eve Muster's Space".to_owned()), model.turned, "seed {seed}, step {step}, {told}");
        let team = who.get(&format!("/api/v1/orgs/{}/people", space.org_id)).await.status;
        assert_eq!(team, if model.turned { 200 } else { 404 }, "a space has no team, an organization has");
        assert_eq!(who.patch("/api/v1/me", &json!({})).await.expect(200).json()["space"], now);
    }
}

both!(people_4b_space_1_random_histories_of_spaces_agree_with_the_rule, async |app| {
    let host = app.person("Host").await;
    let seeds: Vec<u64> = match setting("COMMONHOLD_TEST_SEED").and_then(|seed| seed.parse().ok()) {
        Some(seed) => vec![seed],
        None => (0..u64::try_from(rounds(12)).unwrap_or(u64::MAX)).collect(),
    };
    for seed in seeds {
        history(app, &host, seed).await;
    }
    app.healthy().await;
});
