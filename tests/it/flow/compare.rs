//! Two datasets of a site in the viewer (VIEW-6): who may compare which, inside and by a link (attacks 93 and 94).

use commonhold::{
    domain::{access::Level, id::ResourceId, photo::Position, role::Role, time::Timestamp, transfer::Grantee},
    server::{pictures::survey::Survey, workers::photos},
};
use serde_json::json;

use crate::{
    both,
    support::{Answer, Org, Person, TestApp, read},
};

/// What is said instead of the second dataset.
const NOT_SHOWN: &str = "The second dataset cannot be shown beside this one.";

/// A site with two datasets that have photos and one that has none, and datasets with photos elsewhere.
struct World {
    anna: Person,
    org: Org,
    folder: ResourceId,
    site: ResourceId,
    spring: ResourceId,
    autumn: ResourceId,
    empty: ResourceId,
    elsewhere: ResourceId,
    beside: ResourceId,
}

async fn dataset(by: &Person, parent: ResourceId, name: &str, day: &str) -> ResourceId {
    let body =
        json!({ "parent": parent, "kind": "dataset", "name": name, "dataset": { "images": 0, "captured_on": day } });
    read(&by.post("/api/v1/resources", &body).await.expect(201).json()["id"])
}

async fn flown(by: &Person, parent: ResourceId, name: &str, day: &str, path: &str) -> ResourceId {
    let id = dataset(by, parent, name, day).await;
    let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
    let middle = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };
    let survey = Survey { width: 240, seed: 3, lines: 1, photos_in_line: 1, middle, begins, planted: &[] };
    for shot in &survey.fly().expect("it flies") {
        by.upload(id, path, &shot.jpeg).await;
    }
    id
}

async fn world(app: &TestApp) -> World {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.team_licence(&org).await;
    let folder = anna.folder(org.root, "Gotthard").await;
    let site = anna.site(folder, "North Portal").await;
    let other = anna.site(folder, "Quarry").await;
    let spring = flown(&anna, site, "Spring flight", "2026-03-01", "spring.jpg").await;
    let autumn = flown(&anna, site, "Autumn flight", "2026-10-09", "autumn.jpg").await;
    let empty = dataset(&anna, site, "Empty flight", "2026-07-01").await;
    let elsewhere = flown(&anna, other, "Quarry flight", "2026-07-02", "quarry.jpg").await;
    let beside = flown(&anna, folder, "Road flight", "2026-07-03", "road.jpg").await;
    photos::run_due(app.ctx()).await.expect("photos are opened");
    World { anna, org, folder, site, spring, autumn, empty, elsewhere, beside }
}

fn viewer(org: &Org, first: ResourceId, second: &str) -> String {
    format!("/o/{}/drive/{first}/view?with={second}&compare=slider", org.org_id)
}

/// The first dataset alone: nothing tells of a second one, or what it is called.
fn alone(page: &Answer, words: &[&str]) {
    assert!(page.body.contains(NOT_SHOWN), "{}", page.body);
    assert!(!page.body.contains("End comparison"));
    for word in words {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
}

both!(view_6_drive_6_the_timeline_leads_to_two_datasets_on_one_map, async |app| {
    let World { anna, org, site, spring, autumn, empty, .. } = world(app).await;
    let page = anna.page(&format!("/o/{}/drive/{site}", org.org_id)).await.expect(200).body;
    for day in ["Spring flight", "Autumn flight"] {
        assert!(page.contains(&format!("Open viewer of {day}")), "{page}");
    }
    assert!(!page.contains("Open viewer of Empty flight"), "it has no place");
    assert!(page.contains("Compare with 1 Mar 2026, Autumn flight"));
    assert!(page.contains(&format!("/drive/{spring}/view?with={autumn}\"")), "{page}");

    let page = anna.page(&format!("/o/{}/drive/{spring}/view", org.org_id)).await.expect(200);
    assert!(page.body.contains("9 Oct 2026: Autumn flight"), "{}", page.body);
    for word in ["Empty flight", "Quarry flight", "Road flight", "autumn.jpg", NOT_SHOWN, "End comparison"] {
        assert!(!page.body.contains(word), "{word}: {}", page.body);
    }
    let page = anna.page(&viewer(&org, spring, &autumn.to_string())).await.expect(200);
    for word in ["spring.jpg", "autumn.jpg", "9 Oct 2026", "1 Mar 2026", "Swap", "End comparison"] {
        assert!(page.body.contains(word), "{word}: {}", page.body);
    }
    assert!(!page.body.contains(NOT_SHOWN));
    // The other way round is another address.
    let swapped = format!("/o/{}/drive/{autumn}/view?", org.org_id);
    assert!(page.body.contains(&swapped) && page.body.contains(&format!("with={spring}&amp;compare=slider")));
    let page = anna.page(&viewer(&org, spring, &empty.to_string())).await.expect(200);
    assert!(page.body.contains("Nothing in the second dataset has a place yet."), "{}", page.body);
    // Only what can be compared is offered: with one dataset that has a place there is nothing.
    anna.trash(autumn).await;
    let page = anna.page(&format!("/o/{}/drive/{spring}/view", org.org_id)).await.expect(200);
    assert!(!page.body.contains("Compare with"), "{}", page.body);
    alone(&anna.page(&viewer(&org, spring, &autumn.to_string())).await.expect(200), &["Autumn", "autumn.jpg"]);
});

both!(view_6_drive_6_attack_103_a_link_of_a_site_has_its_timeline_and_nothing_of_others, async |app| {
    let World { anna, folder, site, spring, autumn, .. } = world(app).await;
    let link = async |resource: ResourceId| {
        let made = anna.post(&format!("/api/v1/resources/{resource}/links"), &json!({})).await.expect(201).json();
        let url = made["url"].as_str().expect("an address").to_owned();
        url.strip_prefix("http://localhost:3000").expect("the public URL").to_owned()
    };
    // Of the site, and of the folder that it is in.
    for (path, at) in [(link(site).await, String::new()), (link(folder).await, format!("/{site}"))] {
        let page = app.nobody().page(&format!("{path}{at}")).await.expect(200).body;
        assert!(page.contains("<h2 id=\"timeline\">Timeline</h2>"), "{page}");
        for word in
            ["Open viewer of Spring flight", "Open viewer of Autumn flight", "Compare with 1 Mar 2026, Autumn flight"]
        {
            assert!(page.contains(word), "{word}: {page}");
        }
        assert!(page.contains(&format!("{path}/view/{spring}?with={autumn}\"")), "{page}");
        for word in ["Open viewer of Empty flight", "Quarry flight", "Road flight", "Anna", "Alpine"] {
            assert!(!page.contains(word), "{word}: {page}");
        }
        let compared = app.nobody().page(&format!("{path}/view/{spring}?with={autumn}")).await.expect(200);
        assert!(compared.body.contains("End comparison"), "{}", compared.body);
    }
    // The folder has no timeline; a link of one dataset opens neither the site nor its timeline.
    let page = app.nobody().page(&link(folder).await).await.expect(200).body;
    assert!(!page.contains("Timeline"), "{page}");
    let path = link(spring).await;
    let page = app.nobody().page(&path).await.expect(200).body;
    assert!(!page.contains("Timeline") && !page.contains("Autumn"), "{page}");
    app.nobody().page(&format!("{path}/{site}")).await.expect(404);
    // What is in the trash is not there any more.
    let path = link(site).await;
    anna.trash(autumn).await;
    let page = app.nobody().page(&path).await.expect(200).body;
    assert!(page.contains("Open viewer of Spring flight") && !page.contains("Autumn"), "{page}");
});

both!(attack_93_what_is_not_of_the_site_or_not_to_be_seen_is_not_compared, async |app| {
    let World { anna, org, site, spring, autumn, elsewhere, beside, .. } = world(app).await;
    let eve = app.person("Eve").await;
    let evil = eve.create_org("Evil Survey").await;
    app.images_licence(&evil, 1_000, 10).await;
    let lair = eve.site(evil.root, "Lair").await;
    let foreign = flown(&eve, lair, "Foreign flight", "2026-07-04", "foreign.jpg").await;
    photos::run_due(app.ctx()).await.expect("photos are opened");
    let words = ["Quarry", "quarry.jpg", "Road", "road.jpg", "Foreign", "foreign.jpg"];
    let ids = [elsewhere, beside, foreign, site, spring, org.root].map(|id| id.to_string());
    for with in ids {
        alone(&anna.page(&viewer(&org, spring, &with)).await.expect(200), &words);
    }
    // What is no id is as if it were not there.
    for with in ["", "1", "..", "%00", "'"] {
        let page = anna.page(&viewer(&org, spring, with)).await.expect(200);
        assert!(!page.body.contains(NOT_SHOWN) && !page.body.contains("End comparison"), "{with}");
    }
    // The first one decides too: a dataset of one's own opens nothing of others.
    eve.page(&viewer(&evil, spring, &foreign.to_string())).await.expect(404);
    alone(&eve.page(&viewer(&evil, foreign, &spring.to_string())).await.expect(200), &["Spring", "spring.jpg"]);
    // Who sees one of the two is not even told that there is another one.
    let rita = app.person("Rita").await;
    app.join(&org, &rita, Role::Member).await;
    app.give(spring, Grantee::Person(rita.id), Level::Reader, false).await;
    let page = rita.page(&viewer(&org, spring, &autumn.to_string())).await.expect(200);
    alone(&page, &["Autumn", "autumn.jpg", "9 Oct 2026", "Compare with"]);
    rita.page(&viewer(&org, autumn, &spring.to_string())).await.expect(404);
    app.give(autumn, Grantee::Person(rita.id), Level::Reader, false).await;
    let page = rita.page(&viewer(&org, spring, &autumn.to_string())).await.expect(200);
    assert!(page.body.contains("autumn.jpg") && page.body.contains("End comparison"), "{}", page.body);
});

both!(attack_94_a_link_compares_only_what_it_shows, async |app| {
    let World { anna, folder, site, spring, autumn, elsewhere, .. } = world(app).await;
    let link = async |resource: ResourceId| {
        let made = anna.post(&format!("/api/v1/resources/{resource}/links"), &json!({})).await.expect(201).json();
        let url = made["url"].as_str().expect("an address").to_owned();
        url.strip_prefix("http://localhost:3000").expect("the public URL").to_owned()
    };
    let at =
        |path: &str, first: ResourceId, second: ResourceId| format!("{path}/view/{first}?with={second}&compare=side");
    let names = ["Anna", "Alpine", "Gotthard", "North Portal"];
    // Of the site, and of what is above it.
    for top in [site, folder] {
        let path = link(top).await;
        let page = app.nobody().page(&at(&path, spring, autumn)).await.expect(200);
        for word in ["spring.jpg", "autumn.jpg", "End comparison", "9 Oct 2026: Autumn flight"] {
            assert!(page.body.contains(word), "{word}: {}", page.body);
        }
        for word in names {
            assert!(!page.body.contains(word), "{word}: {}", page.body);
        }
        alone(&app.nobody().page(&at(&path, spring, elsewhere)).await.expect(200), &["Quarry", "quarry.jpg"]);
    }
    // Of one dataset: the other one does not exist, also for who is signed in and sees it inside.
    let path = link(spring).await;
    for visitor in [app.nobody(), anna.elsewhere().await] {
        let page = visitor.page(&at(&path, spring, autumn)).await.expect(200);
        alone(&page, &["Autumn", "autumn.jpg", "9 Oct 2026", "Compare with"]);
        visitor.page(&at(&path, autumn, spring)).await.expect(404);
    }
});
