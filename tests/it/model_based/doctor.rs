//! The doctor on a live database: each invariant is broken by hand and found, with exit code 1; nothing is found while others
//! work.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use commonhold::{
    domain::{access::Level, resource::DatasetStatus, transfer::Grantee},
    server::{doctor, store::doctor::INVARIANTS},
};

use crate::{both, support::TestApp};

/// The address of a test's database, for the program.
fn address(app: &TestApp) -> String {
    app.database_url().unwrap_or_else(|| format!("sqlite://{}", app.folder().join("it.db").display()))
}

/// The output and the exit status of a command.
pub async fn program(app: &TestApp, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_commonhold"));
    command.arg("--database").arg(address(app)).args(words);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

async fn broken(app: &TestApp) -> Vec<String> {
    let findings = doctor::examine(app.ctx()).await.expect("the doctor comes");
    findings.into_iter().filter(|finding| finding.broken > 0).map(|finding| finding.invariant).collect()
}

/// An organization with a row in every table that an invariant is about.
async fn something_of_everything(app: &TestApp) {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    for org in [&source, &target] {
        app.images_licence(org, 1_000, 10).await;
    }
    let folder = anna.folder(source.root, "A").await;
    anna.folder(folder, "B").await;
    let site = anna.site(source.root, "Site").await;
    let flight = anna.dataset(site, "Flight", 1).await;
    app.set_status(flight, DatasetStatus::Processed).await;
    app.give(folder, Grantee::Person(anna.id), Level::Reader, false).await;
    let sent = anna.dataset(source.root, "Sent", 5).await;
    app.set_status(sent, DatasetStatus::Processed).await;
    anna.transfer(&[sent], target.root).await.expect(201);
    let filled = anna.dataset(folder, "With files", 0).await;
    for name in ["a.jpg", "b.jpg"] {
        anna.upload(filled, name, name.as_bytes()).await;
    }
    let begun = serde_json::json!({ "files": [{ "path": "c.jpg", "bytes": 9 }] });
    let begun = anna.post(&format!("/api/v1/datasets/{filled}/uploads"), &begun).await.expect(200).json();
    anna.send_bytes(begun["items"][0]["upload"]["url"].as_str().expect("an address"), 0, "abc").await.expect(204);
    let line = serde_json::json!({ "kind": "line", "coordinates": [[8.5, 46.6], [8.6, 46.6]] });
    anna.post(&format!("/api/v1/datasets/{filled}/annotations"), &line).await.expect(201);
    crate::flow::apps::published(&anna, &source, "ortho", "processing", true).await;
    for name in ["Paid", "Failing"] {
        let dataset = anna.dataset(folder, name, 3).await;
        let start = serde_json::json!({ "app": "ortho" });
        anna.post(&format!("/api/v1/datasets/{dataset}/jobs"), &start).await.expect(201);
    }
    let asked = serde_json::json!({ "subject": "Grey map", "message": "Since today." });
    anna.post("/api/v1/support/tickets", &asked).await.expect(201);
    let gone = anna.folder(folder, "Gone").await;
    anna.folder(gone, "Inside gone").await;
    anna.trash(gone).await;
}

/// The statements that break each invariant. They run in a copy of the database.
const WAYS: &[(&str, &[&str])] = &[
    ("every job was charged once at most", &["UPDATE job SET price_images = price_images + 1"]),
    (
        "what failed was refunded",
        &[
            "UPDATE job SET state = 'failed', ended_at = 1 WHERE dataset_name = 'Failing'",
            "UPDATE resource SET live_jobs = 0, status = 'failed', status_rank = 6 WHERE name = 'Failing'",
        ],
    ),
    ("are held by its jobs", &["UPDATE resource SET live_jobs = live_jobs + 1 WHERE name = 'Paid'"]),
    (
        "has come as far as the job",
        &["UPDATE resource SET status = 'processing', status_rank = 4 WHERE name = 'Paid'"],
    ),
    (
        "only jobs that are under way have outputs",
        &[
            "INSERT INTO job_output (job_id, number, path, path_key, path_sort, role, blob_id, created_at)
             SELECT j.id, 1, 'a', 'a', 'a', 'report', (SELECT b.id FROM blob b ORDER BY b.id LIMIT 1), 0 FROM job j",
        ],
    ),
    ("every annotation is on a dataset", &["UPDATE annotation SET place_count = place_count + 1"]),
    ("are those of its files", &["UPDATE resource SET bytes = bytes + 1 WHERE files > 0"]),
    (
        "knows how many of its images were paid for",
        &[
            "UPDATE blob SET media = 'image/jpeg'",
            "UPDATE resource SET images = 2, charged_images = 2, charged_to = (SELECT l.id FROM licence l ORDER BY l.id LIMIT 1) WHERE name = 'With files'",
            "INSERT INTO paid_image (dataset_id, sha256, paid_by) SELECT f.dataset_id, b.sha256, b.id FROM dataset_file f JOIN blob b ON b.id = f.blob_id",
        ],
    ),
    ("has all of its pieces", &["UPDATE blob_piece SET number = number + 1"]),
    (
        "every image to be processed that can be shown is a photo",
        &[
            "UPDATE blob SET media = 'image/jpeg'",
            "INSERT INTO photo (blob_id, state, due_at, attempts, width, height, sharpness, luminance, look) SELECT id, 'made', 0, 1, 1, 1, 1, '', 1 FROM blob",
        ],
    ),
    (
        "every raster that a job made is a layer",
        &[
            "UPDATE blob SET media = 'image/tiff'",
            "UPDATE dataset_file SET side = 'output', role = 'dsm', app_id = dataset_id",
        ],
    ),
    ("in the cluster of its dataset", &["UPDATE resource SET cluster = 'elsewhere' WHERE files > 0"]),
    (
        "every deleted file that can be brought back",
        &[
            "INSERT INTO deleted_file (dataset_id, number, side, path, path_key, path_sort, blob_id, left_out, created_by, created_at, deleted_at)
             SELECT dataset_id, number, side, path, path_key, path_sort, blob_id, left_out, created_by, created_at, 0 FROM dataset_file",
        ],
    ),
    (
        "every blob has a file",
        &[
            "DELETE FROM dataset_file WHERE number = 1",
            "UPDATE resource SET files = files - 1, bytes = bytes - 5 WHERE files > 0",
        ],
    ),
    ("has the pieces that it has received", &["UPDATE upload SET received = received - 1 WHERE file_number IS NULL"]),
    (
        "belongs to one blob, preview, layer or upload",
        &["INSERT INTO object_trash (object_id, cluster, not_before, attempts) SELECT object_id, 'x', 0, 0 FROM blob_piece"],
    ),
    (
        "no one who belongs to an organization has work in their personal space",
        &["UPDATE licence SET product = 'cloud' WHERE organization_id IN (SELECT id FROM organization WHERE space_of IS NOT NULL)"],
    ),
    ("every organization has at least one Owner", &["UPDATE membership SET role = 'manager', role_rank = 1"]),
    (
        "every resource sorts by its own status and by its owner's name",
        &["UPDATE resource SET status_rank = 6, owner_name_key = 'somebody else' WHERE kind = 'dataset'"],
    ),
    (
        "every organization has an account",
        &[
            "UPDATE account SET root_id = id WHERE organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North')",
        ],
    ),
    ("is the sum of its ledger", &["UPDATE licence SET images_left = images_left + 1 WHERE model IS NOT NULL"]),
    ("is the sum of its grants", &["UPDATE licence SET images_granted = images_granted + 1 WHERE model IS NOT NULL"]),
    ("holds only amounts of its billing model", &["UPDATE licence SET model = 'credits' WHERE model IS NOT NULL"]),
    (
        "belongs to an account of its organization",
        &["UPDATE licence SET organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North')"],
    ),
    ("each entry has the balance after it", &["UPDATE ledger_entry SET images_after = images_after + 1"]),
    ("counts the entries of its ledger", &["UPDATE licence SET entry_count = entry_count + 1 WHERE entry_count > 0"]),
    ("has the time since when", &["UPDATE resource SET waiting_since = 1 WHERE name = 'Flight'"]),
    ("only datasets are charged", &["UPDATE resource SET charged_to = id WHERE name = 'Flight'"]),
    ("nothing is charged twice", &["UPDATE resource SET charged_to = NULL WHERE name = 'Flight'"]),
    (
        "every root belongs to one account",
        &[
            "UPDATE account SET root_id = id WHERE organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North')",
        ],
    ),
    (
        "organization and account of its container",
        &[
            "UPDATE resource SET organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North') WHERE name = 'B'",
        ],
    ),
    ("hold only datasets", &["UPDATE resource SET kind = 'folder', status = NULL WHERE name = 'Flight'"]),
    ("no cycles", &["UPDATE resource SET parent_id = id WHERE name = 'A'"]),
    ("both ledgers have the charge of every transfer", &["UPDATE ledger_entry SET transfer_id = NULL WHERE kind = 'transfer_out'"]),
    ("every transfer in a ledger has a receipt", &["DELETE FROM transfer"]),
    ("in the audit logs of both organizations", &["DELETE FROM audit WHERE action = 'transfer.received'"]),
    ("lists of people", &["UPDATE membership SET name_key = 'somebody'"]),
    ("nothing outside the trash", &["UPDATE resource SET trashed_with = NULL WHERE name = 'Inside gone'"]),
    ("everything in the trash belongs", &["UPDATE resource SET trashed_at = NULL WHERE name = 'Gone'"]),
    (
        "every search entry",
        &["UPDATE resource_word SET organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North')"],
    ),
    (
        "is inside that item",
        &[
            "UPDATE resource SET parent_id = (SELECT r.id FROM resource r WHERE r.name = 'A') WHERE name = 'Inside gone'",
        ],
    ),
    ("only unfinished copies", &["UPDATE resource SET copied_from = id WHERE name = 'B'"]),
    (
        "no desktop licence has more seats",
        &["INSERT INTO seat (licence_id, holder_id, person_id, organization_id, assigned_at)
            SELECT l.id, m.person_id, m.person_id, l.organization_id, 1 FROM licence l JOIN membership m ON m.organization_id = l.organization_id WHERE l.model IS NOT NULL"],
    ),
    (
        "every seat is held",
        &["INSERT INTO seat (licence_id, holder_id, person_id, organization_id, assigned_at)
            SELECT l.id, m.person_id, m.person_id, l.organization_id, 1 FROM licence l JOIN membership m ON m.organization_id = l.organization_id WHERE l.model IS NOT NULL"],
    ),
    (
        "every loan is from the account",
        &["INSERT INTO licence_loan (id, licence_id, lender_organization_id, lender_account_id, borrower_organization_id, borrower_account_id,
                lender_name, lender_sharing_id, borrower_name, borrower_sharing_id, person_id, person_name, started_at, ends_at)
            SELECT l.id, l.id, b.organization_id, l.account_id, b.organization_id, b.id, 'A', 'a', 'B', 'b', m.person_id, 'C', 1, 2
            FROM licence l JOIN account b ON b.organization_id <> l.organization_id JOIN organization o ON o.id = b.organization_id
            JOIN membership m ON m.organization_id = b.organization_id WHERE l.model IS NOT NULL AND o.name = 'Alpine Survey'"],
    ),
    (
        "no deleted account holds",
        &["UPDATE account SET deleted_at = 1 WHERE organization_id = (SELECT id FROM organization WHERE name = 'Alpine Survey')"],
    ),
    (
        "every resource is in an account of its organization",
        &["UPDATE resource SET organization_id = (SELECT id FROM organization WHERE name = 'Tunnel North') WHERE name = 'B'"],
    ),
    ("people are limited only to accounts", &["UPDATE membership SET limited = TRUE"]),
    ("every ticket counts its messages", &["UPDATE ticket SET state = 'answered'"]),
    ("every grant has the organization", &["UPDATE access_grant SET owner_organization_id = id"]),
];

both!(lic_3_org_3_drive_1_every_invariant_that_is_broken_by_hand_is_found, async |app| {
    something_of_everything(app).await;
    assert_eq!(broken(app).await, Vec::<String>::new());
    let (code, says, _) = program(app, &["doctor"]).await;
    assert_eq!(code, Some(0), "{says}");
    assert!(says.lines().all(|line| line.starts_with("ok")) && says.lines().count() >= INVARIANTS.len(), "{says}");
    for invariant in INVARIANTS {
        let ways: Vec<_> = WAYS.iter().filter(|(name, _)| invariant.name.contains(name)).collect();
        // A check of the database keeps this one, so that no statement can break it.
        let kept_by_the_database = invariant.name.contains("below zero");
        assert_eq!(ways.len(), usize::from(!kept_by_the_database), "{}: {ways:?}", invariant.name);
        for (name, statements) in ways {
            let found = app.broken_by(statements).await;
            assert!(found.iter().any(|found| found.contains(name)), "{name}: {found:?}");
        }
        assert_eq!(broken(app).await, Vec::<String>::new(), "{}: it was taken back", invariant.name);
    }
    app.corrupt("UPDATE licence SET images_left = images_left + 1 WHERE model IS NOT NULL").await;
    let (code, says, _) = program(app, &["doctor"]).await;
    assert_eq!(code, Some(1), "{says}");
    let found: Vec<&str> = says.lines().filter(|line| line.starts_with("BROKEN")).collect();
    assert_eq!(found.len(), 1, "{says}");
    assert!(found[0].contains("is the sum of its ledger (LIC-3) (2 times)"), "{says}");
});

both!(lic_3_xfer_13_the_doctor_comes_while_the_server_works_and_sees_nothing_half_done, async |app| {
    let anna = app.person("Anna").await;
    let (source, target) = (anna.create_org("Alpine Survey").await, anna.create_org("Tunnel North").await);
    for org in [&source, &target] {
        app.images_licence(org, 1_000_000, 10_000).await;
    }
    let working = Arc::new(AtomicBool::new(true));
    let work = tokio::spawn({
        let (app, anna, working, roots) = (app.clone(), anna.clone(), working.clone(), [source.root, target.root]);
        async move {
            let mut done = 0;
            let folder = anna.folder(roots[0], "Back and forth").await;
            while working.load(Ordering::SeqCst) {
                let dataset = anna.dataset(folder, &format!("Flight {done}"), 3).await;
                app.set_status(dataset, DatasetStatus::Processed).await;
                anna.transfer(&[folder], roots[(done + 1) % 2]).await.expect(201);
                let copy: commonhold::domain::id::ResourceId =
                    crate::support::read(&anna.copy(dataset, folder).await.expect(201).json()["id"]);
                anna.trash(copy).await;
                done += 1;
            }
            done
        }
    });
    for _ in 0..crate::support::rounds(8) {
        assert_eq!(broken(app).await, Vec::<String>::new());
    }
    let (code, says, _) = program(app, &["doctor"]).await;
    assert_eq!(code, Some(0), "{says}");
    working.store(false, Ordering::SeqCst);
    assert!(work.await.expect("the work goes well") > 0, "others work meanwhile");
    app.healthy().await;
});
