//! The invariants of the whole database, each a query that finds what breaks it (`commonhold doctor`).
//!
//! Each is one statement, so that it sees the database at one moment, whatever others write meanwhile. It counts in the database:
//! nothing but a number comes back.

use super::{Result, Tx};

/// An invariant and the query that counts what breaks it.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// What always holds.
    pub name: &'static str,
    sql: &'static str,
}

/// Every invariant.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "every organization has at least one Owner (ORG-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM organization o WHERE o.deleted_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM membership m WHERE m.organization_id = o.id AND m.role = 'owner')",
    },
    Invariant {
        name: "every organization has an account, and every account its root (ORG-2, DRIVE-1)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM organization o WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.organization_id = o.id AND a.deleted_at IS NULL))
            + (SELECT COUNT(*) FROM account a WHERE a.deleted_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM resource r WHERE r.id = a.root_id AND r.kind = 'root' AND r.account_id = a.id AND r.organization_id = a.organization_id))
            AS BIGINT)",
    },
    Invariant {
        name: "no one who belongs to an organization has work in their personal space (PEOPLE-4b, SPACE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM organization o WHERE o.space_of IS NOT NULL
            AND EXISTS (SELECT 1 FROM membership m WHERE m.person_id = o.space_of AND m.organization_id <> o.id)
            AND (EXISTS (SELECT 1 FROM account a JOIN resource r ON r.parent_id = a.root_id WHERE a.deleted_at IS NULL AND a.organization_id = o.id)
                OR EXISTS (SELECT 1 FROM licence l WHERE l.organization_id = o.id AND l.product <> 'discovery'))",
    },
    Invariant {
        name: "the balance of every licence is the sum of its ledger (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE
            l.images_left <> (SELECT COALESCE(SUM(e.images), 0) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR l.projects_left <> (SELECT COALESCE(SUM(e.projects), 0) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR l.credits_left <> (SELECT COALESCE(SUM(e.credits), 0) FROM ledger_entry e WHERE e.licence_id = l.id)",
    },
    Invariant {
        name: "the total of every licence is the sum of its grants (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE
            l.images_granted <> (SELECT COALESCE(SUM(e.images), 0) FROM ledger_entry e WHERE e.licence_id = l.id AND e.kind = 'grant')
            OR l.projects_granted <> (SELECT COALESCE(SUM(e.projects), 0) FROM ledger_entry e WHERE e.licence_id = l.id AND e.kind = 'grant')
            OR l.credits_granted <> (SELECT COALESCE(SUM(e.credits), 0) FROM ledger_entry e WHERE e.licence_id = l.id AND e.kind = 'grant')",
    },
    Invariant {
        name: "every licence holds only amounts of its billing model (LIC-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence WHERE
            (COALESCE(model, '') <> 'images_projects' AND (images_left <> 0 OR projects_left <> 0))
            OR (COALESCE(model, '') <> 'credits' AND credits_left <> 0)",
    },
    Invariant {
        name: "every licence belongs to an account of its organization (LIC-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE NOT EXISTS (
            SELECT 1 FROM account a WHERE a.id = l.account_id AND a.organization_id = l.organization_id)",
    },
    Invariant {
        name: "every resource sorts by its own status and by its owner's name (DRIVE-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN person p ON p.id = r.created_by
            WHERE r.owner_name_key <> COALESCE(p.name_key, '') OR r.status_rank <> CASE COALESCE(r.status, '')
                WHEN 'draft' THEN 1 WHEN 'queued' THEN 2 WHEN 'waiting_for_credits' THEN 3
                WHEN 'processing' THEN 4 WHEN 'processed' THEN 5 WHEN 'failed' THEN 6 ELSE 0 END",
    },
    Invariant {
        name: "only datasets are charged, and only to licences that exist (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r WHERE r.charged_to IS NOT NULL
            AND (r.kind <> 'dataset' OR NOT EXISTS (SELECT 1 FROM licence l WHERE l.id = r.charged_to))",
    },
    Invariant {
        name: "nothing is charged twice: a dataset has at most one charge that was not refunded, and none if no one pays for it (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT e.resource_id, SUM(CASE WHEN e.kind = 'spend' THEN 1 ELSE -1 END) AS paid FROM ledger_entry e
            WHERE e.resource_id IS NOT NULL AND e.kind IN ('spend', 'refund') AND (e.job_id IS NULL OR e.projects <> 0) GROUP BY e.resource_id) AS books
            LEFT JOIN resource r ON r.id = books.resource_id
            WHERE books.paid > CASE WHEN r.id IS NOT NULL AND r.charged_to IS NULL THEN 0 ELSE 1 END",
    },
    Invariant {
        name: "every ledger is numbered from 1, and each entry has the balance after it (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT e.number, e.created_at, e.images_after, e.projects_after, e.credits_after,
                ROW_NUMBER() OVER book AS place, MAX(e.created_at) OVER book AS latest,
                SUM(e.images) OVER book AS images, SUM(e.projects) OVER book AS projects, SUM(e.credits) OVER book AS credits
            FROM ledger_entry e WINDOW book AS (PARTITION BY e.licence_id ORDER BY e.number)) AS books
            WHERE number <> place OR created_at <> latest
                OR images_after <> images OR projects_after <> projects OR credits_after <> credits",
    },
    Invariant {
        name: "every licence counts the entries of its ledger correctly (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE
            l.entry_count <> (SELECT COUNT(*) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR COALESCE(l.last_entry_at, 0) <> COALESCE((SELECT MAX(e.created_at) FROM ledger_entry e WHERE e.licence_id = l.id), 0)",
    },
    Invariant {
        name: "every dataset that waits for credits has the time since when, and no other has (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource
            WHERE (COALESCE(status, '') = 'waiting_for_credits' OR EXISTS (
                SELECT 1 FROM job j WHERE j.dataset_id = resource.id AND j.state = 'waiting_for_credits')) <> (waiting_since IS NOT NULL)",
    },
    Invariant {
        name: "every job was charged once at most, as much as it says, and refunded once at most (JOB-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM job j LEFT JOIN (
            SELECT e.job_id, SUM(CASE WHEN e.kind = 'spend' THEN 1 ELSE 0 END) AS spent, SUM(CASE WHEN e.kind = 'refund' THEN 1 ELSE 0 END) AS given_back,
                SUM(e.images) AS images, SUM(e.projects) AS projects, SUM(e.credits) AS credits, COUNT(DISTINCT e.licence_id) AS licences
            FROM ledger_entry e WHERE e.job_id IS NOT NULL GROUP BY e.job_id) AS books ON books.job_id = j.id
            WHERE COALESCE(books.spent, 0) <> CASE WHEN j.licence_id IS NULL THEN 0 ELSE 1 END
                OR COALESCE(books.given_back, 0) <> CASE WHEN j.refunded THEN 1 ELSE 0 END OR COALESCE(books.licences, 0) > 1
                OR COALESCE(books.images, 0) <> CASE WHEN j.refunded THEN 0 ELSE -j.price_images END
                OR COALESCE(books.projects, 0) <> CASE WHEN j.refunded THEN 0 ELSE -j.price_projects END
                OR COALESCE(books.credits, 0) <> CASE WHEN j.refunded THEN 0 ELSE -j.price_credits END",
    },
    Invariant {
        name: "what failed was refunded, and what is done or under way was not (JOB-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM job
            WHERE (state = 'failed' AND licence_id IS NOT NULL AND NOT refunded) OR (refunded AND state NOT IN ('failed', 'cancelled'))
                OR (state = 'waiting_for_credits' AND licence_id IS NOT NULL)",
    },
    Invariant {
        name: "the images of a dataset are held by its jobs that are queued or run, and every job under way has its dataset (JOB-2)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM resource r WHERE r.live_jobs <> (
                SELECT COUNT(*) FROM job j WHERE j.dataset_id = r.id AND j.state IN ('queued', 'running', 'cancelling')))
            + (SELECT COUNT(*) FROM job j WHERE j.ended_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM resource r WHERE r.id = j.dataset_id AND r.kind = 'dataset' AND r.organization_id = j.organization_id))
            AS BIGINT)",
    },
    Invariant {
        name: "a dataset has come as far as the job that processes it, unless there is an earlier result (DRIVE-6)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM job j JOIN resource r ON r.id = j.dataset_id
            WHERE j.ended_at IS NULL AND j.makes_processed AND r.status <> CASE WHEN j.status_before = 'processed' THEN 'processed'
                WHEN j.state = 'cancelling' OR j.state = 'running' THEN 'processing' ELSE j.state END",
    },
    Invariant {
        name: "only jobs that are under way have outputs that nobody sees yet, but for the logs of those that failed (JOB-6)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM job_output o JOIN job j ON j.id = o.job_id
            WHERE j.state NOT IN ('running', 'cancelling') AND NOT (j.state = 'failed' AND o.role = 'log')",
    },
    Invariant {
        name: "no balance is below zero (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence WHERE images_left < 0 OR projects_left < 0 OR credits_left < 0",
    },
    Invariant {
        name: "every root belongs to one account, and everything else is in a container (DRIVE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN account a ON a.root_id = r.id
            WHERE r.parent_id IS NULL AND (r.kind <> 'root' OR a.id IS NULL OR a.id <> r.account_id)",
    },
    Invariant {
        name: "every resource has the organization and account of its container (DRIVE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE p.organization_id <> r.organization_id OR p.account_id <> r.account_id",
    },
    Invariant {
        name: "sites and assets hold only datasets, and datasets hold nothing (DRIVE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE p.kind = 'dataset' OR (p.kind IN ('site', 'asset') AND r.kind <> 'dataset')",
    },
    Invariant {
        name: "every path ends at a root: no cycles, nothing deeper than 64 levels (DRIVE-1)",
        sql: "WITH RECURSIVE down(id, depth) AS (
                SELECT id, CAST(0 AS BIGINT) FROM resource WHERE parent_id IS NULL
                UNION ALL
                SELECT r.id, down.depth + 1 FROM down JOIN resource r ON r.parent_id = down.id WHERE down.depth < 64
            )
            SELECT CAST((SELECT COUNT(*) FROM resource) - (SELECT COUNT(*) FROM down) AS BIGINT)",
    },
    Invariant {
        name: "both ledgers have the charge of every transfer (XFER-10)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT transfer_id FROM ledger_entry WHERE transfer_id IS NOT NULL
            GROUP BY transfer_id HAVING SUM(images) <> 0 OR SUM(projects) <> 0 OR SUM(credits) <> 0) AS uneven",
    },
    Invariant {
        name: "every transfer in a ledger has a receipt (XFER-18)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_entry e WHERE e.transfer_id IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM transfer t WHERE t.id = e.transfer_id)",
    },
    Invariant {
        name: "every transfer is in the audit logs of both organizations (XFER-13, AUDIT-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT id, source_organization_id AS side FROM transfer WHERE scope = 'between' UNION ALL SELECT id, target_organization_id FROM transfer WHERE scope = 'between') AS sides
            LEFT JOIN (SELECT DISTINCT transfer_id, organization_id FROM audit WHERE transfer_id IS NOT NULL) AS told
                ON told.transfer_id = sides.id AND told.organization_id = sides.side
            WHERE told.transfer_id IS NULL",
    },
    Invariant {
        name: "lists of people have everyone's current name and role (PEOPLE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM membership m JOIN person p ON p.id = m.person_id
            WHERE m.name_key <> p.name_key OR m.name_search <> p.name_search OR m.email_key <> p.email_key
                OR m.role_rank <> CASE m.role
                    WHEN 'owner' THEN 0 WHEN 'manager' THEN 1 WHEN 'editor' THEN 2 WHEN 'reader' THEN 3 ELSE 4 END",
    },
    Invariant {
        name: "nothing outside the trash is in a container in the trash (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE r.trashed_with IS NULL AND p.trashed_with IS NOT NULL",
    },
    Invariant {
        name: "everything in the trash belongs to an item that was moved there, or that a task creates or deletes (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN resource t ON t.id = r.trashed_with
            WHERE (r.trashed_with IS NOT NULL AND (t.trashed_with IS NULL OR t.trashed_with <> t.id
                    OR (t.trashed_at IS NULL AND NOT EXISTS (SELECT 1 FROM task j WHERE j.hidden_root_id = t.id AND j.state = 'running'))))
                OR (r.trashed_at IS NOT NULL AND (r.trashed_with IS NULL OR r.trashed_with <> r.id))",
    },
    Invariant {
        name: "every search entry has the organization of its resource (DRIVE-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource_word w JOIN resource r ON r.id = w.resource_id
            WHERE w.organization_id <> r.organization_id",
    },
    Invariant {
        name: "everything that went to the trash with an item is inside that item (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE r.trashed_with IS NOT NULL AND r.trashed_with <> r.id AND (p.trashed_with IS NULL OR p.trashed_with <> r.trashed_with)",
    },
    Invariant {
        name: "only unfinished copies refer to their original (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN resource t ON t.id = r.trashed_with
            WHERE r.copied_from IS NOT NULL AND (r.trashed_with IS NULL OR t.trashed_at IS NOT NULL)",
    },
    Invariant {
        name: "no desktop licence has more seats given, or taken at one moment, than it has in all (LIC-5)",
        // 900,000 milliseconds: after that long without a sign of life a taken seat is free.
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE EXISTS (SELECT 1 FROM seat s WHERE s.licence_id = l.id) AND (
            COALESCE(l.seats, 0) < (SELECT COALESCE(MAX(n), 0) FROM (
                SELECT COUNT(*) AS n FROM seat s WHERE s.licence_id = l.id AND s.assigned_at IS NOT NULL GROUP BY s.loan_id) AS given)
            OR COALESCE(l.seats, 0) < (SELECT COALESCE(MAX(n), 0) FROM (
                SELECT COUNT(*) AS n FROM seat s WHERE s.licence_id = l.id AND s.last_seen_at > (
                    SELECT MAX(t.last_seen_at) FROM seat t WHERE t.licence_id = l.id AND t.loan_id IS NOT DISTINCT FROM s.loan_id) - 900000
                GROUP BY s.loan_id) AS taken))",
    },
    Invariant {
        name: "every seat is held by someone of the organization that owns or borrows the licence (LIC-5, ACCT-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM seat s JOIN licence l ON l.id = s.licence_id LEFT JOIN licence_loan o ON o.id = s.loan_id
            WHERE l.product <> 'desktop' OR s.organization_id <> COALESCE(o.borrower_organization_id, l.organization_id)
                OR (s.loan_id IS NOT NULL AND (o.id IS NULL OR o.licence_id <> s.licence_id))
                OR (s.key_id IS NULL AND NOT EXISTS (
                    SELECT 1 FROM membership m WHERE m.organization_id = s.organization_id AND m.person_id = s.person_id))
                OR (s.key_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM credential_key k WHERE k.id = s.key_id AND k.organization_id = s.organization_id AND k.revoked_at IS NULL))",
    },
    Invariant {
        name: "every loan is from the account that owns the licence to another account, one loan at a time (ACCT-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence_loan o JOIN licence l ON l.id = o.licence_id
                JOIN account b ON b.id = o.borrower_account_id
            WHERE o.lender_organization_id <> l.organization_id OR o.lender_account_id <> l.account_id
                OR b.organization_id <> o.borrower_organization_id OR l.product = 'discovery' OR o.started_at > COALESCE(o.ended_at, o.ends_at)
                OR EXISTS (SELECT 1 FROM licence_loan p WHERE p.licence_id = o.licence_id AND p.id <> o.id
                    AND p.started_at < COALESCE(o.ended_at, o.ends_at) AND o.started_at < COALESCE(p.ended_at, p.ends_at))",
    },
    Invariant {
        name: "no deleted account holds items or licences that have not ended (ACCT-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM account a WHERE a.deleted_at IS NOT NULL AND (
            EXISTS (SELECT 1 FROM resource r WHERE r.account_id = a.id)
            OR EXISTS (SELECT 1 FROM licence l WHERE l.account_id = a.id AND (l.active_until IS NULL OR l.active_until > a.deleted_at))
            OR EXISTS (SELECT 1 FROM membership_account c WHERE c.account_id = a.id))",
    },
    Invariant {
        name: "every resource is in an account of its organization (ACCT-1)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM resource r JOIN account a ON a.id = r.account_id WHERE a.organization_id <> r.organization_id)
            + (SELECT COUNT(*) FROM licence l JOIN account a ON a.id = l.account_id WHERE a.organization_id <> l.organization_id)
            AS BIGINT)",
    },
    Invariant {
        name: "people are limited only to accounts of their organization, Owners never, and others only if the plan allows it (ACCT-2)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM membership_account c JOIN account a ON a.id = c.account_id WHERE a.organization_id <> c.organization_id)
            + (SELECT COUNT(*) FROM membership_account c JOIN membership m ON m.organization_id = c.organization_id AND m.person_id = c.person_id
                WHERE NOT m.limited)
            + (SELECT COUNT(*) FROM membership m JOIN organization o ON o.id = m.organization_id
                WHERE m.limited AND (m.role = 'owner' OR o.plan <> 'enterprise'))
            + (SELECT COUNT(*) FROM membership m JOIN organization o ON o.id = m.organization_id
                WHERE m.role = 'manager' AND o.plan <> 'enterprise')
            + (SELECT COUNT(*) FROM organization o WHERE o.plan = 'essential' AND 1 < (
                SELECT COUNT(*) FROM account a WHERE a.organization_id = o.id AND a.deleted_at IS NULL))
            AS BIGINT)",
    },
    Invariant {
        name: "files, images and bytes of every dataset are those of its files, and only datasets have any (FILE-5)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN (
            SELECT f.dataset_id, COUNT(*) AS files, SUM(b.bytes) AS bytes, MAX(f.number) AS last_file,
                SUM(CASE WHEN f.side = 'input' THEN 1 ELSE 0 END) AS inputs,
                SUM(CASE WHEN f.side = 'input' AND NOT f.left_out AND b.media LIKE 'image/%' THEN 1 ELSE 0 END) AS images
            FROM dataset_file f JOIN blob b ON b.id = f.blob_id GROUP BY f.dataset_id) AS counted ON counted.dataset_id = r.id
            WHERE r.files <> COALESCE(counted.files, 0) OR (r.files > 0 AND ((counted.inputs > 0 AND r.images <> counted.images) OR r.bytes <> counted.bytes
                OR r.last_file < counted.last_file OR r.kind <> 'dataset'))",
    },
    Invariant {
        name: "every charged dataset knows how many of its images were paid for, and no more were than it was charged (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN (
            SELECT f.dataset_id, COUNT(*) AS inputs, SUM(CASE WHEN NOT f.left_out AND b.media LIKE 'image/%' AND p.sha256 IS NOT NULL THEN 1 ELSE 0 END) AS paid
            FROM dataset_file f JOIN blob b ON b.id = f.blob_id LEFT JOIN paid_image p ON p.dataset_id = f.dataset_id AND p.sha256 = b.sha256
            WHERE f.side = 'input' GROUP BY f.dataset_id) AS counted ON counted.dataset_id = r.id
            WHERE r.charged_to IS NOT NULL AND ((counted.inputs > 0 AND r.paid_images <> counted.paid)
                OR (SELECT COUNT(*) FROM paid_image p WHERE p.dataset_id = r.id) > r.charged_images)",
    },
    Invariant {
        name: "every blob has all of its pieces, numbered from 1 (FILE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM blob b LEFT JOIN (
            SELECT p.blob_id, SUM(p.bytes) AS bytes, COUNT(*) AS pieces, MAX(p.number) AS highest FROM blob_piece p GROUP BY p.blob_id) AS whole ON whole.blob_id = b.id
            WHERE b.bytes <> COALESCE(whole.bytes, 0) OR COALESCE(whole.pieces, 0) <> COALESCE(whole.highest, 0)",
    },
    Invariant {
        name: "every file has its bytes in the cluster of its dataset (XFER-13)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM dataset_file f JOIN blob b ON b.id = f.blob_id JOIN resource r ON r.id = f.dataset_id
            WHERE b.cluster <> COALESCE(r.cluster, '')",
    },
    Invariant {
        name: "every blob has a file or is the tiles of a layer, or is about to be freed (FILE-6)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM blob b WHERE NOT EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id)
            AND NOT EXISTS (SELECT 1 FROM deleted_file d WHERE d.blob_id = b.id)
            AND NOT EXISTS (SELECT 1 FROM job_output o WHERE o.blob_id = b.id)
            AND NOT EXISTS (SELECT 1 FROM view_layer l WHERE l.tiles_blob_id = b.id)
            AND NOT EXISTS (SELECT 1 FROM blob_check c WHERE c.blob_id = b.id)",
    },
    Invariant {
        name: "every deleted file that can be brought back has a number that a file of its dataset had, and none has now (FILE-6)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM deleted_file d JOIN resource r ON r.id = d.dataset_id
            WHERE r.kind <> 'dataset' OR d.number > r.last_file
                OR EXISTS (SELECT 1 FROM dataset_file f WHERE f.dataset_id = d.dataset_id AND f.number = d.number)",
    },
    Invariant {
        name: "every upload has the pieces that it has received, and none once it is a file (FILE-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM upload u LEFT JOIN (
            SELECT p.upload_id, SUM(CASE WHEN p.state = 'written' THEN p.bytes ELSE 0 END) AS bytes,
                SUM(CASE WHEN p.state = 'writing' THEN 1 ELSE 0 END) AS writing, COUNT(*) AS pieces, MAX(p.number) AS highest
            FROM upload_piece p GROUP BY p.upload_id) AS whole ON whole.upload_id = u.id
            WHERE (u.file_number IS NULL AND u.received <> COALESCE(whole.bytes, 0)) OR (u.file_number IS NOT NULL AND COALESCE(whole.pieces, 0) > 0)
                OR COALESCE(whole.highest, 0) > u.pieces OR (u.claim_id IS NULL AND COALESCE(whole.writing, 0) > 0)",
    },
    Invariant {
        name: "every object belongs to one blob, preview, layer or upload, or is in the trash (FILE-1)",
        sql: "SELECT CAST((SELECT COUNT(*) FROM blob_piece b JOIN upload_piece u ON u.object_id = b.object_id)
            + (SELECT COUNT(*) FROM photo_preview v JOIN blob_piece b ON b.object_id = v.object_id)
            + (SELECT COUNT(*) FROM photo_preview v JOIN upload_piece u ON u.object_id = v.object_id)
            + (SELECT COUNT(*) FROM photo_preview v JOIN object_trash t ON t.object_id = v.object_id)
            + (SELECT COUNT(*) FROM view_layer l JOIN blob_piece b ON b.object_id = l.object_id)
            + (SELECT COUNT(*) FROM view_layer l JOIN upload_piece u ON u.object_id = l.object_id)
            + (SELECT COUNT(*) FROM view_layer l JOIN photo_preview v ON v.object_id = l.object_id)
            + (SELECT COUNT(*) FROM view_layer l JOIN object_trash t ON t.object_id = l.object_id)
            + (SELECT COUNT(*) FROM blob_piece b JOIN object_trash t ON t.object_id = b.object_id)
            + (SELECT COUNT(*) FROM upload_piece u JOIN object_trash t ON t.object_id = u.object_id) AS BIGINT)",
    },
    Invariant {
        name: "every image to be processed that can be shown is a photo, with both previews once it is made, and with none before (FILE-5)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM photo p JOIN blob b ON b.id = p.blob_id
                WHERE b.media NOT IN ('image/jpeg', 'image/png', 'image/tiff', 'image/webp'))
            + (SELECT COUNT(*) FROM blob b WHERE b.media IN ('image/jpeg', 'image/png', 'image/tiff', 'image/webp')
                AND NOT EXISTS (SELECT 1 FROM photo p WHERE p.blob_id = b.id)
                AND EXISTS (SELECT 1 FROM dataset_file f WHERE f.blob_id = b.id AND (f.side = 'input' OR b.media <> 'image/tiff')))
            + (SELECT COUNT(*) FROM photo p LEFT JOIN (
                SELECT v.blob_id, COUNT(*) AS previews, SUM(CASE WHEN v.bytes > 0 THEN 1 ELSE 0 END) AS written
                FROM photo_preview v GROUP BY v.blob_id) AS made ON made.blob_id = p.blob_id
                WHERE (p.state = 'made' AND COALESCE(made.written, 0) <> 2) OR (p.state <> 'made' AND COALESCE(made.written, 0) > 0)
                    OR (p.state <> 'made' AND p.claim_id IS NULL AND COALESCE(made.previews, 0) > 0))
            AS BIGINT)",
    },
    Invariant {
        name: "every ticket counts its messages, begins with its requester's, and is answered if the operator wrote last (HELP-1)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM ticket t LEFT JOIN (
                SELECT m.ticket_number, COUNT(*) AS messages, MAX(m.number) AS highest FROM ticket_message m GROUP BY m.ticket_number) AS thread
                ON thread.ticket_number = t.number
                WHERE t.messages <> COALESCE(thread.messages, 0) OR t.messages <> COALESCE(thread.highest, 0))
            + (SELECT COUNT(*) FROM ticket t JOIN ticket_message m ON m.ticket_number = t.number
                WHERE (m.number = 1 AND m.side <> 'requester')
                    OR (m.number = t.messages AND t.state <> 'closed' AND (m.side = 'operator') <> (t.state = 'answered')))
            + (SELECT COUNT(*) FROM ticket t WHERE t.number > (SELECT COALESCE(MAX(n.last), 0) FROM ticket_number n))
            AS BIGINT)",
    },
    Invariant {
        name: "every annotation is on a dataset, has the places of its kind, and a number that was given (VIEW-3)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM annotation a JOIN resource r ON r.id = a.dataset_id
                WHERE r.kind <> 'dataset' OR a.number > r.last_annotation
                    OR a.place_count <> LENGTH(a.places) - LENGTH(REPLACE(a.places, ' ', '')) + 1
                    OR a.place_count < CASE a.kind WHEN 'area' THEN 3 WHEN 'line' THEN 2 ELSE 1 END
                    OR a.place_count > CASE WHEN a.kind IN ('area', 'line') THEN 10000 ELSE 1 END)
            + (SELECT COUNT(*) FROM (
                SELECT a.dataset_id FROM annotation a GROUP BY a.dataset_id HAVING COUNT(*) > 1000 OR SUM(a.place_count) > 100000) AS crowded)
            AS BIGINT)",
    },
    Invariant {
        name: "every raster that a job made is a layer, whose tiles are in its cluster (VIEW-1)",
        sql: "SELECT CAST(
            (SELECT COUNT(*) FROM dataset_file f JOIN blob b ON b.id = f.blob_id
                WHERE f.side = 'output' AND f.app_id IS NOT NULL AND f.role IN ('mosaic', 'orthophoto', 'dsm', 'dtm', 'coverage') AND b.media = 'image/tiff'
                AND NOT EXISTS (SELECT 1 FROM view_layer l WHERE l.blob_id = f.blob_id
                    AND l.kind = CASE WHEN f.role IN ('dsm', 'dtm') THEN 'elevation' ELSE f.role END))
            + (SELECT COUNT(*) FROM view_layer l JOIN blob b ON b.id = l.blob_id JOIN blob t ON t.id = l.tiles_blob_id
                WHERE t.cluster <> b.cluster OR t.media <> 'image/tiff' OR l.index_bytes > t.bytes)
            AS BIGINT)",
    },
    Invariant {
        name: "every grant has the organization of its resource (PEOPLE-9)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g JOIN resource r ON r.id = g.resource_id
            WHERE g.owner_organization_id <> r.organization_id",
    },
];

impl Invariant {
    /// How many things break it.
    pub async fn count(&self, tx: &mut Tx) -> Result<u64> {
        tx.sql(self.sql).count().await
    }
}

/// SQLite's own check of its file; `None` if it is fine, or on PostgreSQL.
pub async fn check_file(tx: &mut Tx, sqlite: bool) -> Result<Option<String>> {
    if !sqlite {
        return Ok(None);
    }
    let rows: Vec<(String,)> = tx.sql("PRAGMA quick_check(1)").all().await?;
    Ok(rows.into_iter().map(|(text,)| text).find(|text| text != "ok"))
}
