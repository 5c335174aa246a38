//! The invariants of the whole database, each a query that finds what breaks it (`commonhold doctor`).

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
            (SELECT COUNT(*) FROM organization o WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.organization_id = o.id))
            + (SELECT COUNT(*) FROM account a WHERE NOT EXISTS (
                SELECT 1 FROM resource r WHERE r.id = a.root_id AND r.kind = 'root' AND r.account_id = a.id AND r.organization_id = a.organization_id))
            AS BIGINT)",
    },
    Invariant {
        name: "what is left of every licence is the sum of its ledger (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE
            l.images_left <> (SELECT COALESCE(SUM(e.images), 0) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR l.projects_left <> (SELECT COALESCE(SUM(e.projects), 0) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR l.credits_left <> (SELECT COALESCE(SUM(e.credits), 0) FROM ledger_entry e WHERE e.licence_id = l.id)",
    },
    Invariant {
        name: "every ledger is numbered from 1 and says after each entry what was left (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT e.number, e.at, e.images_after, e.projects_after, e.credits_after,
                ROW_NUMBER() OVER book AS place, MAX(e.at) OVER book AS latest,
                SUM(e.images) OVER book AS images, SUM(e.projects) OVER book AS projects, SUM(e.credits) OVER book AS credits
            FROM ledger_entry e WINDOW book AS (PARTITION BY e.licence_id ORDER BY e.number)) AS books
            WHERE number IS NULL OR number <> place OR at <> latest
                OR images_after <> images OR projects_after <> projects OR credits_after <> credits",
    },
    Invariant {
        name: "the books of every licence are as long as it says (LIC-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE
            COALESCE(l.entries, 0) <> (SELECT COUNT(*) FROM ledger_entry e WHERE e.licence_id = l.id)
            OR COALESCE(l.last_entry_at, 0) <> COALESCE((SELECT MAX(e.at) FROM ledger_entry e WHERE e.licence_id = l.id), 0)",
    },
    Invariant {
        name: "what waits for credits knows since when, and nothing else does (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource
            WHERE (COALESCE(status, '') = 'waiting_for_credits') <> (waiting_since IS NOT NULL)",
    },
    Invariant {
        name: "nothing is left below zero (LIC-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence WHERE images_left < 0 OR projects_left < 0 OR credits_left < 0",
    },
    Invariant {
        name: "everything is in the organization and account of its container (DRIVE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE p.organization_id <> r.organization_id OR p.account_id <> r.account_id",
    },
    Invariant {
        name: "sites and assets hold only datasets, datasets hold nothing (DRIVE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE p.kind = 'dataset' OR (p.kind IN ('site', 'asset') AND r.kind <> 'dataset')",
    },
    Invariant {
        name: "every way up ends at a root: no cycles, nothing deeper than 64 (DRIVE-1)",
        sql: "WITH RECURSIVE down(id, depth) AS (
                SELECT id, CAST(0 AS BIGINT) FROM resource WHERE parent_id IS NULL
                UNION ALL
                SELECT r.id, down.depth + 1 FROM down JOIN resource r ON r.parent_id = down.id WHERE down.depth < 64
            )
            SELECT CAST((SELECT COUNT(*) FROM resource) - (SELECT COUNT(*) FROM down) AS BIGINT)",
    },
    Invariant {
        name: "both sides of every transfer's charge are in the books (XFER-10)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT transfer_id FROM ledger_entry WHERE transfer_id IS NOT NULL
            GROUP BY transfer_id HAVING SUM(images) <> 0 OR SUM(projects) <> 0 OR SUM(credits) <> 0) AS uneven",
    },
    Invariant {
        name: "lists of people show everybody as they are called and what they are (PEOPLE-1)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM membership m JOIN person p ON p.id = m.person_id
            WHERE COALESCE(m.name_key, '') <> COALESCE(p.name_key, '') OR COALESCE(m.email_key, '') <> p.email_key
                OR COALESCE(m.role_rank, -1) <> CASE m.role
                    WHEN 'owner' THEN 0 WHEN 'manager' THEN 1 WHEN 'editor' THEN 2 WHEN 'reader' THEN 3 ELSE 4 END",
    },
    Invariant {
        name: "what is there is in something that is there, not in the trash (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE r.trashed_with IS NULL AND p.trashed_with IS NOT NULL",
    },
    Invariant {
        name: "what went to the trash went with something that is in the trash, or that a job makes or deletes (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN resource t ON t.id = r.trashed_with
            WHERE (r.trashed_with IS NOT NULL AND (t.trashed_with IS NULL OR t.trashed_with <> t.id
                    OR (t.trashed_at IS NULL AND NOT EXISTS (SELECT 1 FROM job j WHERE j.top_id = t.id AND j.state = 'running'))))
                OR (r.trashed_at IS NOT NULL AND (r.trashed_with IS NULL OR r.trashed_with <> r.id))",
    },
    Invariant {
        name: "what is searched is where it is found (DRIVE-2)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource_word w JOIN resource r ON r.id = w.resource_id
            WHERE w.organization_id <> r.organization_id OR r.name_key NOT LIKE '%' || w.word || '%'",
    },
    Invariant {
        name: "what went to the trash with something is below it (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r JOIN resource p ON p.id = r.parent_id
            WHERE r.trashed_with IS NOT NULL AND r.trashed_with <> r.id AND (p.trashed_with IS NULL OR p.trashed_with <> r.trashed_with)",
    },
    Invariant {
        name: "only copies in the making remember what they are copies of (DRIVE-4)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM resource r LEFT JOIN resource t ON t.id = r.trashed_with
            WHERE r.copied_from IS NOT NULL AND (r.trashed_with IS NULL OR t.trashed_at IS NOT NULL)",
    },
    Invariant {
        name: "no more seats are given, or were taken at one moment, than a desktop licence has (LIC-5)",
        // 900,000 milliseconds: how long a seat is taken that nothing is heard of.
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence l WHERE EXISTS (SELECT 1 FROM seat s WHERE s.licence_id = l.id) AND (
            COALESCE(l.seats, 0) < (SELECT COALESCE(MAX(n), 0) FROM (
                SELECT COUNT(*) AS n FROM seat s WHERE s.licence_id = l.id AND s.given_at IS NOT NULL GROUP BY s.loan_id) AS given)
            OR COALESCE(l.seats, 0) < (SELECT COALESCE(MAX(n), 0) FROM (
                SELECT COUNT(*) AS n FROM seat s WHERE s.licence_id = l.id AND s.seen_at > (
                    SELECT MAX(t.seen_at) FROM seat t WHERE t.licence_id = l.id AND t.loan_id IS NOT DISTINCT FROM s.loan_id) - 900000
                GROUP BY s.loan_id) AS taken))",
    },
    Invariant {
        name: "every seat is held by one of who owns the licence, or borrows it (LIC-5, ACCT-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM seat s JOIN licence l ON l.id = s.licence_id LEFT JOIN licence_loan o ON o.id = s.loan_id
            WHERE l.product <> 'desktop' OR s.organization_id <> COALESCE(o.borrower_organization_id, l.organization_id)
                OR (s.loan_id IS NOT NULL AND (o.id IS NULL OR o.licence_id <> s.licence_id))
                OR NOT EXISTS (SELECT 1 FROM membership m WHERE m.organization_id = s.organization_id AND m.person_id = s.person_id)",
    },
    Invariant {
        name: "a licence is lent by who owns it, to another account, and to one at a time (ACCT-3)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM licence_loan o JOIN licence l ON l.id = o.licence_id
                JOIN account b ON b.id = o.borrower_account_id
            WHERE o.lender_organization_id <> l.organization_id OR o.lender_account_id <> l.account_id
                OR b.organization_id <> o.borrower_organization_id OR l.product = 'discovery' OR o.lent_at > COALESCE(o.ended_at, o.ends_at)
                OR EXISTS (SELECT 1 FROM licence_loan p WHERE p.licence_id = o.licence_id AND p.id <> o.id
                    AND p.lent_at < COALESCE(o.ended_at, o.ends_at) AND o.lent_at < COALESCE(p.ended_at, p.ends_at))",
    },
    Invariant {
        name: "every grant knows who owns what it is on (PEOPLE-9)",
        sql: "SELECT CAST(COUNT(*) AS BIGINT) FROM access_grant g JOIN resource r ON r.id = g.resource_id
            WHERE g.owner_id IS NULL OR g.owner_id <> r.organization_id",
    },
];

impl Invariant {
    /// How many things break it.
    ///
    /// # Errors
    /// The database.
    pub async fn count(&self, tx: &mut Tx) -> Result<u64> {
        tx.sql(self.sql).number().await.map(|n| u64::try_from(n).unwrap_or(0))
    }
}

/// SQLite's own check of its file; `None` if it is fine, or on PostgreSQL.
///
/// # Errors
/// The database.
pub async fn check_file(tx: &mut Tx, sqlite: bool) -> Result<Option<String>> {
    if !sqlite {
        return Ok(None);
    }
    let rows: Vec<(String,)> = tx.sql("PRAGMA quick_check(1)").all().await?;
    Ok(rows.into_iter().map(|(text,)| text).find(|text| text != "ok"))
}
