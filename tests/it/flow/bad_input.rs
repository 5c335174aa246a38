//! What people type and do that cannot be: clear refusals, and nothing lost (DRIVE-1, DRIVE-5, XFER-4, XFER-15; attacks 36,
//! 38, 45). A depth of 65 is in `drive`, a cursor of another folder in `rest::refusals`, a link's password guessed 1,000 times
//! in `links`.

use serde_json::json;

use crate::{both, support::read};

/// Names that are unusual and right.
const UNUSUAL: [&str; 8] = [
    "📸 Flüge 🏔️",
    "סקר הרים",
    "مسح الجبال",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "a%2f..%2fb",
    "' OR 1=1 --",
    "\"quoted\" & <b>bold</b>",
];

both!(drive_5_unusual_names_are_taken_literally, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let archive = anna.folder(org.root, "Archive").await;
    let longest = "🏔".repeat(255);
    for name in UNUSUAL.into_iter().chain([longest.as_str()]) {
        let made = anna.create(org.root, "folder", name).await.expect(201).json();
        assert_eq!(made["name"], name);
        let id = read(&made["id"]);
        assert_eq!(anna.show(id).await.expect(200).json()["name"], name);
        assert!(anna.children(org.root, "?limit=200").await.names().contains(&name.to_owned()), "{name}");
        anna.create(org.root, "folder", name).await.expect(409);
        anna.rename(id, "Plain").await.expect(200);
        assert_eq!(anna.rename(id, name).await.expect(200).json()["name"], name);
        anna.transfer(&[id], archive).await.expect(201);
        assert_eq!(anna.children(archive, "?limit=200").await.names().iter().filter(|other| *other == name).count(), 1);
    }
    // On pages they are text.
    for page in [format!("/o/alpine-survey/drive/{archive}"), "/o/alpine-survey/drive?q=script".to_owned()] {
        let body = anna.page(&page).await.expect(200).body;
        assert!(!body.contains("<script>alert(1)") && !body.contains("<b>bold"), "{page}");
    }
    let found = anna.get("/api/v1/orgs/alpine-survey/search?q=passwd").await.expect(200).names();
    assert_eq!(found, ["../../etc/passwd"]);
    app.healthy().await;
});

both!(drive_5_invalid_names_are_refused_at_their_field, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let folder = anna.folder(org.root, "Tunnels").await;
    let too_long = ["x".repeat(256), "🏔".repeat(256), "é".repeat(10_000)];
    let hidden = ["a\u{202E}gnp.exe", "a\nb", "a\0b", "a\u{2066}b", "", "   "];
    for name in too_long.iter().map(String::as_str).chain(hidden) {
        let made = anna.create(org.root, "folder", name).await.expect(422);
        assert_eq!((made.code().as_str(), made.fields()), ("invalid", vec!["name".to_owned()]), "{name:.20}");
        assert_eq!(anna.rename(folder, name).await.expect(422).fields(), ["name"]);
    }
    assert_eq!(anna.children(org.root, "").await.names(), ["Tunnels"]);
    app.healthy().await;
});

both!(xfer_4_drive_1_invalid_moves_say_why_and_change_nothing, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    app.images_licence(&org, 100, 10).await;
    let top = anna.folder(org.root, "Top").await;
    let below = anna.folder(anna.folder(top, "Middle").await, "Below").await;
    let site = anna.site(org.root, "Quarry").await;
    let dataset = anna.dataset(org.root, "Flight", 1).await;
    for (item, destination, code) in [
        (top, top, "into_itself"),
        (top, below, "into_itself"),
        (top, site, "kind_not_allowed_here"),
        (top, dataset, "kind_not_allowed_here"),
        (site, site, "into_itself"),
    ] {
        let refused = anna.transfer(&[item], destination).await.expect(409);
        assert_eq!(refused.code(), "blocked");
        assert!(refused.blockers().contains(&code.to_owned()), "{:?}", refused.blockers());
    }
    anna.transfer(&[org.root], top).await.expect(422);
    anna.transfer(&[dataset, dataset], top).await.expect(422);
    anna.transfer(&[], top).await.expect(422);
    for id in [top, site, dataset] {
        assert_eq!(app.stored(id).await.parent, Some(org.root));
    }
    app.healthy().await;
});

both!(drive_5_a_move_over_a_name_gets_a_number_and_says_so, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let archive = anna.folder(org.root, "Archive").await;
    anna.folder(archive, "TUNNELS").await;
    let tunnels = anna.folder(org.root, "Tunnels").await;
    let receipt = anna.transfer(&[tunnels], archive).await.expect(201).json();
    assert_eq!(receipt["effects"]["renamed"][0]["to"], "Tunnels (2)");
    assert_eq!(app.stored(tunnels).await.name, "Tunnels (2)");
    // Where the number does not fit, the name makes room for it: when it is moved, copied, and taken out of the trash.
    let longest = "x".repeat(255);
    let shorter = |number: u32| format!("{} ({number})", "x".repeat(251));
    anna.folder(archive, &longest).await;
    let long = anna.folder(org.root, &longest).await;
    anna.transfer(&[long], archive).await.expect(201);
    assert_eq!(app.stored(long).await.name, shorter(2));
    let copy: commonhold::domain::id::ResourceId =
        crate::support::read(&anna.copy(long, archive).await.expect(201).json()["id"]);
    assert_eq!(app.stored(copy).await.name, shorter(3));
    anna.trash(long).await.expect(204);
    anna.folder(archive, &shorter(2)).await;
    anna.restore(long).await.expect(200);
    assert_eq!(app.stored(long).await.name, shorter(4));
    app.healthy().await;
});

both!(xfer_15_what_was_trashed_moved_or_changed_meanwhile_is_refused, async |app| {
    let anna = app.person("Anna").await;
    let org = anna.create_org("Alpine Survey").await;
    let (archive, other) = (anna.folder(org.root, "Archive").await, anna.folder(org.root, "Other").await);
    let (one, two) = (anna.folder(org.root, "One").await, anna.folder(org.root, "Two").await);
    let digest = |plan: &serde_json::Value| plan["digest"].as_str().expect("a digest").to_owned();
    // Renamed meanwhile: the plan is another one.
    let plan = anna.plan(&[one, two], archive).await.expect(200).json();
    anna.rename(two, "Twice").await.expect(200);
    assert_eq!(anna.confirm(&[one, two], archive, &digest(&plan)).await.expect(409).code(), "plan_changed");
    // In the trash meanwhile: it does not exist, and the other does not move either.
    let plan = anna.plan(&[one, two], archive).await.expect(200).json();
    anna.trash(two).await.expect(204);
    anna.confirm(&[one, two], archive, &digest(&plan)).await.expect(404);
    assert_eq!(app.stored(one).await.parent, Some(org.root));
    anna.restore(two).await.expect(200);
    // And so the place it was to go to.
    anna.trash(archive).await.expect(204);
    anna.transfer(&[one], archive).await.expect(404);
    // Moved there meanwhile by somebody else: nothing is left to do.
    anna.transfer(&[one], other).await.expect(201);
    let again = anna.transfer(&[one], other).await.expect(201).json();
    assert_eq!(again["items"], json!(0));
    assert_eq!(app.stored(one).await.parent, Some(other));
    app.healthy().await;
});
