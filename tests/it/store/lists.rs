//! Edges of lists that pages of usual length do not reach.

use std::collections::BTreeSet;

use commonhold::{
    domain::{
        audit::Action,
        id::{AuditId, ResourceId},
        time::Timestamp,
    },
    server::{
        error::Error,
        store::{audit, resource},
    },
};
use uuid::Uuid;

use crate::both;

both!(drive_1_more_ids_than_one_statement_takes_are_found_in_several, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Folder").await;
    let many: Vec<ResourceId> = (10..2_510_u128).map(|n| ResourceId(Uuid::from_u128(n))).chain([folder]).collect();
    let mut tx = app.db().read().await.expect("a connection");
    assert_eq!(resource::find_all(&mut tx, &many).await.expect("an answer").len(), 1);
    assert!(resource::find_all(&mut tx, &[]).await.expect("an answer").is_empty());
});

both!(drive_5_taken_names_are_looked_up_one_by_one_and_many_at_once, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for name in ["Tunnel", "Tunnel (2)", "Tunnel (10)", "Tunnels", "100%", "100% (2)", "Other"] {
        anna.folder(org.root, name).await;
    }
    let mut tx = app.db().read().await.expect("a connection");
    let keys = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let few = resource::list_taken_names(&mut tx, org.root, &keys(&["tunnel", "100%"])).await.expect("an answer");
    for taken in ["tunnel", "tunnel (2)", "tunnel (10)", "100%", "100% (2)"] {
        assert!(few.contains(taken), "{taken}: {few:?}");
    }
    assert!(!few.contains("other"));
    let names: Vec<String> = (0..40).map(|n| format!("name {n}")).collect();
    let many: Vec<&str> = names.iter().map(String::as_str).chain(["tunnel"]).collect();
    let many = resource::list_taken_names(&mut tx, org.root, &keys(&many)).await.expect("an answer");
    assert!(many.contains("tunnel (10)"));
});

both!(audit_1_the_log_is_listed_in_both_directions_by_every_filter, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (id, by) = (org.id, anna.id);
    // Two at one moment, so that the id breaks the tie.
    for (action, at) in [(Action::LinkCreated, 1_000), (Action::LinkRevoked, 2_000), (Action::LinkCreated, 2_000)] {
        let line = AuditId(app.ctx().id());
        app.db()
            .write(move |tx, _| {
                Box::pin(async move {
                    let new = audit::NewAudit {
                        id: line,
                        organization: Some(id),
                        actor: (action == Action::LinkCreated).then_some(by),
                        actor_name: "Anna",
                        action,
                        summary: "did something".to_owned(),
                        transfer: None,
                        resources: &[],
                        before: None,
                        after: None,
                        address: None,
                        at: Timestamp(at),
                    };
                    Ok::<_, Error>(audit::insert(tx, &new).await?)
                })
            })
            .await
            .expect("a line");
    }
    let mut tx = app.db().read().await.expect("a connection");
    let any = audit::Filter::default;
    let all = audit::list(&mut tx, id, &any(), None, 10).await.expect("an answer");
    let actions: Vec<&str> = all.iter().map(|(_, line)| line.action.as_str()).collect();
    assert_eq!(actions, ["organization.created", "link.created", "link.revoked", "link.created"]);
    let cursor = |index: usize| audit::Cursor { at: all[index].1.at, id: all[index].0 };
    for index in 0..all.len() {
        let older = audit::list(&mut tx, id, &any(), Some(cursor(index)), 10).await.expect("an answer");
        assert_eq!(older, all[index + 1..], "older than {index}");
        let newer = audit::list_newer(&mut tx, id, &any(), cursor(index), 10).await.expect("an answer");
        assert_eq!(newer, all[..index].iter().rev().cloned().collect::<Vec<_>>(), "newer than {index}");
    }
    let created = audit::Filter { action: Some("link.created".to_owned()), ..any() };
    for (filter, count) in [
        (any(), 4),
        (created.clone(), 2),
        (audit::Filter { actor: Some(by), ..any() }, 3),
        (audit::Filter { actor: Some(by), ..created.clone() }, 2),
        (audit::Filter { from: Some(Timestamp(2_000)), to: Some(Timestamp(3_000)), ..any() }, 2),
        (audit::Filter { actor: Some(by), to: Some(Timestamp(2_000)), ..created }, 1),
    ] {
        let listed = audit::list(&mut tx, id, &filter, None, 10).await.expect("an answer");
        assert_eq!(listed.len(), usize::try_from(count).expect("few"), "{filter:?}");
        let start = audit::Cursor { at: Timestamp(0), id: AuditId(Uuid::nil()) };
        let upwards = audit::list_newer(&mut tx, id, &filter, start, 10).await.expect("an answer");
        assert_eq!(upwards, listed.into_iter().rev().collect::<Vec<_>>(), "{filter:?}");
        assert!(audit::is_longer_than(&mut tx, id, &filter, count - 1).await.expect("an answer"));
        assert!(!audit::is_longer_than(&mut tx, id, &filter, count).await.expect("an answer"));
    }
});
