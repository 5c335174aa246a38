//! Searching an organization by name, and finding nothing that one may not see (DRIVE-2, ACCESS-3).

use std::collections::BTreeSet;

use commonhold::domain::{access::Level, role::Role, transfer::Grantee};

use crate::{
    both,
    support::{Org, Person},
};

async fn find(by: &Person, org: &Org, query: &str) -> Vec<String> {
    by.get(&format!("/api/v1/orgs/{}/search?{query}", org.org_id)).await.expect(200).names()
}

both!(drive_2_names_are_found_by_their_words_through_the_whole_organization, async |app| {
    let anna = app.person("Anna").await;
    let (org, other) = (anna.create_org("Alpine Survey").await, anna.create_org("Other").await);
    let tunnels = anna.folder(org.root, "Tunnels").await;
    let deep = anna.folder(tunnels, "Gotthard-North_2024").await;
    anna.dataset(deep, "North portal", 3).await;
    anna.folder(other.root, "North of somewhere else").await;
    assert_eq!(find(&anna, &org, "q=nor").await, ["Gotthard-North_2024", "North portal"]);
    assert_eq!(find(&anna, &org, "q=NORTH%20got").await, ["Gotthard-North_2024"]);
    assert_eq!(find(&anna, &org, "q=2024").await, ["Gotthard-North_2024"]);
    assert_eq!(find(&anna, &org, "q=north&kind=dataset").await, ["North portal"]);
    assert_eq!(find(&anna, &org, "q=north&status=draft").await, ["North portal"]);
    assert!(find(&anna, &org, "q=north&status=failed").await.is_empty());
    assert!(find(&anna, &org, "q=otthard").await.is_empty());
    let answer = anna.get(&format!("/api/v1/orgs/{}/search?q=portal", org.org_id)).await.expect(200).json();
    assert_eq!(answer["items"][0]["place"]["name"], "Gotthard-North_2024");
    // A new name is found, the old one is not; what moves is found where it is.
    anna.rename(deep, "Brenner").await.expect(200);
    assert_eq!(find(&anna, &org, "q=nor").await, ["North portal"]);
    assert_eq!(find(&anna, &org, "q=bren").await, ["Brenner"]);
    app.images_licence(&org, 1_000, 10).await;
    app.images_licence(&other, 1_000, 10).await;
    let folder = anna.folder(org.root, "Lötschberg north").await;
    anna.transfer(&[folder], other.root).await.expect(201);
    assert!(find(&anna, &org, "q=lötsch").await.is_empty());
    assert_eq!(find(&anna, &other, "q=lötsch").await, ["Lötschberg north"]);
    app.healthy().await;
});

both!(drive_2_search_results_are_paged_without_repetition, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..7 {
        anna.folder(org.root, &format!("Survey surveyed {number}")).await;
    }
    let base = format!("/api/v1/orgs/{}/search?q=surv&limit=3", org.org_id);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = anna.get(&format!("{base}&cursor={cursor}")).await.expect(200);
        seen.extend(page.names());
        match page.json()["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (7, 7), "{seen:?}");
    let of_another = format!("/api/v1/orgs/{}/search?q=other&cursor={cursor}", org.org_id);
    assert_eq!(anna.get(&of_another).await.expect(422).fields(), ["cursor"]);
});

both!(access_3_attack_15_search_tells_nothing_of_what_one_may_not_see, async |app| {
    let (anna, mem, eve) = (app.person("Anna").await, app.person("Mem").await, app.person("Eve").await);
    let org = anna.create_org("Alpine Survey").await;
    app.join(&org, &mem, Role::Member).await;
    let secret = anna.folder(org.root, "Secret tunnels").await;
    let shared = anna.folder(secret, "Tunnel A").await;
    anna.dataset(shared, "Tunnel flight", 1).await;
    anna.dataset(secret, "Tunnel flight hidden", 1).await;
    assert!(find(&mem, &org, "q=tunnel").await.is_empty());
    app.give(shared, Grantee::Person(mem.id), Level::Reader, false).await;
    let found = mem.get(&format!("/api/v1/orgs/{}/search?q=tunnel", org.org_id)).await.expect(200);
    assert_eq!(
        found.names().into_iter().collect::<BTreeSet<_>>(),
        BTreeSet::from(["Tunnel A".into(), "Tunnel flight".into()])
    );
    assert!(!found.body.contains("Secret"), "{}", found.body);
    eve.get(&format!("/api/v1/orgs/{}/search?q=tunnel", org.org_id)).await.expect(404);
    // An External the same.
    app.give(shared, Grantee::Person(eve.id), Level::Reader, false).await;
    assert_eq!(find(&eve, &org, "q=tunnel&kind=folder").await, ["Tunnel A"]);
});

both!(attack_45_what_is_typed_is_text, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    anna.folder(org.root, "100% done_x").await;
    anna.folder(org.root, "<script>alert(1)</script>").await;
    for nothing in ["", "%20", "%25", "_", "%F0%9F%99%82", "..%2F"] {
        let answer = anna.get(&format!("/api/v1/orgs/{}/search?q={nothing}", org.org_id)).await;
        assert_eq!(answer.expect(422).fields(), ["q"], "{nothing}");
    }
    assert_eq!(find(&anna, &org, "q=script").await, ["<script>alert(1)</script>"]);
    assert!(find(&anna, &org, "q=1%25_%27%20OR%201").await.is_empty());
    for (query, field) in [
        ("q=a&kind=elephant", "kind"),
        ("q=a&status=done", "status"),
        ("q=a&limit=0", "limit"),
        ("q=a&cursor=xyz", "cursor"),
    ] {
        let answer = anna.get(&format!("/api/v1/orgs/{}/search?{query}", org.org_id)).await.expect(422);
        assert_eq!(answer.fields(), [field], "{query}");
    }
});

both!(drive_2_a_list_is_filtered_and_starts_at_any_position, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    for number in 0..6 {
        anna.folder(org.root, &format!("f{number}")).await;
        anna.dataset(org.root, &format!("d{number}"), number).await;
    }
    let list = async |query: &str| {
        anna.get(&format!("/api/v1/resources/{}/children?{query}", org.root)).await.expect(200).names()
    };
    let whole = list("").await;
    assert_eq!(whole.len(), 12);
    for sort in [
        "name",
        "-name",
        "size",
        "-size",
        "modified_at",
        "-modified_at",
        "images",
        "-images",
        "status",
        "-status",
        "owner",
        "-owner",
    ] {
        let all = list(&format!("sort={sort}")).await;
        for at in [0, 1, 5, 11, 12, 500] {
            let rest = list(&format!("sort={sort}&at={at}")).await;
            assert_eq!(rest, all[at.min(12)..], "{sort} {at}");
        }
        assert_eq!(list(&format!("sort={sort}&kind=dataset&at=2")).await.len(), 4, "{sort}");
        assert_eq!(list(&format!("sort={sort}&status=draft")).await.len(), 6, "{sort}");
        assert!(list(&format!("sort={sort}&status=failed")).await.is_empty(), "{sort}");
    }
    for (query, field) in [("at=-1", "at"), ("status=done", "status"), ("at=9999999999999999", "at")] {
        let answer = anna.get(&format!("/api/v1/resources/{}/children?{query}", org.root)).await.expect(422);
        assert_eq!(answer.fields(), [field], "{query}");
    }
});
