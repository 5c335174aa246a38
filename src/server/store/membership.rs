//! Table `membership`: who belongs where, with what role.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live};
use crate::domain::{
    access::Level,
    cap::Caps,
    id::{AccountId, OrganizationId, PersonId},
    permit::RolePermit,
    role::Role,
    time::Timestamp,
};

/// The position of a role in sorted lists: Owners first.
pub const fn rank(role: Role) -> i64 {
    match role {
        Role::Owner => 0,
        Role::Manager => 1,
        Role::Editor => 2,
        Role::Reader => 3,
        Role::Member => 4,
    }
}

/// A person's role in an organization, as it counts for what is of the organization as a whole; nobody has one in an
/// organization that was deleted. A machine counts as a Manager (AUTH-6).
pub async fn find_role(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Role>> {
    tx.sql(
        "SELECT COALESCE((SELECT role FROM active_membership WHERE organization_id = $1 AND person_id = $2),
            (SELECT 'manager' FROM active_machine WHERE organization_id = $1 AND person_id = $2)) AS role",
    )
    .bind(organization)
    .bind(person)
    .value()
    .await
    .map(Option::flatten)
}

/// Which of some organizations somebody is in.
pub async fn list_among(
    tx: &mut Tx,
    person: PersonId,
    organizations: &[OrganizationId],
) -> Result<Vec<OrganizationId>> {
    let mut found = Vec::new();
    for chunk in organizations.chunks(super::CHUNK) {
        let rows: Vec<OrganizationId> = tx
            .sql_list(
                "SELECT organization_id FROM active_membership WHERE person_id = {1} AND organization_id IN ({ids})",
                chunk,
            )
            .bind(person)
            .column()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// A person's role as it counts in an account: Member where they are limited to others.
pub async fn find_role_in(tx: &mut Tx, account: AccountId, person: PersonId) -> Result<Option<Role>> {
    tx.sql(
        "SELECT COALESCE((SELECT role FROM account_membership WHERE account_id = $1 AND person_id = $2),
            (SELECT 'manager' FROM active_machine WHERE account_id = $1 AND person_id = $2)) AS role",
    )
    .bind(account)
    .bind(person)
    .value()
    .await
    .map(Option::flatten)
}

/// The role that a person was given in an organization, where it counts in some accounts only (ACCT-2); `None` for everybody
/// else.
pub async fn find_limited(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Role>> {
    tx.sql("SELECT assigned_role FROM active_membership WHERE organization_id = $1 AND person_id = $2 AND limited")
        .bind(organization)
        .bind(person)
        .value()
        .await
}

/// A person's role in an organization as it was given, and what their membership lets through (JOB-5).
pub async fn find_caps(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<(Role, Caps)>> {
    let row: Option<(Role, Option<Level>, bool, Option<bool>)> = tx
        .sql(
            "SELECT m.role, m.max_level, m.without_apps, m.billable FROM membership m JOIN active_organization o ON o.id = m.organization_id
             WHERE m.organization_id = $1 AND m.person_id = $2",
        )
        .bind(organization)
        .bind(person)
        .optional()
        .await?;
    Ok(row.map(|(role, max_level, without_apps, billable)| {
        let own = Caps::of_role(role);
        let max_level = max_level.unwrap_or(own.max_level);
        (role, Caps { max_level, apps: !without_apps, billable: billable.unwrap_or(own.billable) })
    }))
}

/// Sets what the membership of a person in the permit's organization lets through.
pub async fn update_caps(tx: &mut Tx, permit: &RolePermit, person: PersonId, caps: Caps) -> Result<bool> {
    live::touch_person(tx, person);
    tx.sql(
        "UPDATE membership SET max_level = $3, without_apps = $4, billable = $5 WHERE organization_id = $1 AND person_id = $2",
    )
    .bind(permit.organization())
    .bind(person)
    .bind(caps.max_level)
    .bind(!caps.apps)
    .bind(caps.billable)
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Adds a person to the permit's organization.
///
/// # Errors
/// `Taken` if they are in it.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, person: PersonId, role: Role, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO membership (organization_id, person_id, role, created_at, role_rank, name_key, email_key, name_search, last_seen_at, organization_name_key, organization_name_search, last_used_at)
         SELECT $1, p.id, $3, $4, $5, p.name_key, p.email_key, p.name_search, COALESCE(p.last_seen_at, 0), o.name_key, o.name_search, $4
         FROM person p CROSS JOIN organization o WHERE p.id = $2 AND o.id = $1",
    )
    .bind(permit.organization())
    .bind(person)
    .bind(role)
    .bind(at)
    .bind(rank(role))
    .execute()
    .await?;
    live::touch_person(tx, person);
    Ok(())
}

/// Changes a person's role; whether they were in the organization. What the membership lets through is what the new role has by itself.
pub async fn update_role(tx: &mut Tx, permit: &RolePermit, person: PersonId, role: Role) -> Result<bool> {
    live::touch_person(tx, person);
    tx.sql("UPDATE membership SET role = $3, role_rank = $4, max_level = NULL, without_apps = FALSE, billable = NULL WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization())
        .bind(person)
        .bind(role)
        .bind(rank(role))
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Notes that somebody used an organization, for the list of those they used last.
pub async fn update_used(tx: &mut Tx, organization: OrganizationId, person: PersonId, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE membership SET last_used_at = $3 WHERE organization_id = $1 AND person_id = $2")
        .bind(organization)
        .bind(person)
        .bind(at)
        .execute()
        .await
        .map(|_| ())
}

/// How many Owners each organization has of which this person is an Owner.
pub async fn count_owners_where_owner(tx: &mut Tx, person: PersonId) -> Result<BTreeMap<OrganizationId, u64>> {
    let counted: Vec<(OrganizationId, i64)> = tx
        .sql(
            "SELECT own.organization_id,
                (SELECT CAST(COUNT(*) AS BIGINT) FROM membership m WHERE m.organization_id = own.organization_id AND m.role = 'owner')
             FROM membership own WHERE own.person_id = $1 AND own.role = 'owner'",
        )
        .bind(person)
        .all()
        .await?;
    Ok(counted.into_iter().map(|(organization, owners)| (organization, u64::try_from(owners).unwrap_or(0))).collect())
}

/// How many Owners an organization has (ORG-3).
pub async fn count_owners(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND role = 'owner'")
        .bind(organization)
        .count()
        .await
}

/// The first and last name of the Owner who has been in the organization longest.
pub async fn find_first_owner(tx: &mut Tx, organization: OrganizationId) -> Result<Option<(String, String)>> {
    tx.sql(
        "SELECT p.first_name, p.last_name FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.created_at, m.person_id LIMIT 1",
    )
    .bind(organization)
    .optional()
    .await
}

/// How many people of an organization have a role.
pub async fn count_in_role(tx: &mut Tx, organization: OrganizationId, role: Role) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND role = $2")
        .bind(organization)
        .bind(role)
        .count()
        .await
}

/// How many people belong to an organization.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1")
        .bind(organization)
        .count()
        .await
}

/// One of the Owners of an organization.
pub async fn find_any_owner(tx: &mut Tx, organization: OrganizationId) -> Result<Option<PersonId>> {
    tx.sql("SELECT person_id FROM membership WHERE organization_id = $1 AND role = 'owner' ORDER BY person_id LIMIT 1")
        .bind(organization)
        .value()
        .await
}

/// The first Owners of an organization, with their names.
pub async fn list_owner_names(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<(PersonId, String)>> {
    tx.sql(
        "SELECT p.id, p.first_name || ' ' || p.last_name AS name FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.person_id LIMIT 10",
    )
    .bind(organization)
    .all()
    .await
}

/// Somebody of an organization, as lists show them.
#[derive(Debug, Clone, FromRow)]
pub struct Member {
    pub id: PersonId,
    pub role: Role,
    /// The sort key of their name.
    pub name_key: String,
    /// Their email's comparison key.
    pub email_key: String,
    pub name: String,
    pub email: String,
    /// When they were last here.
    #[sqlx(rename = "last_seen_at")]
    pub last_seen: Option<Timestamp>,
}

/// How a list of people is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// By name.
    Name,
    /// By email.
    Email,
    /// Owners first, and by name among equals.
    Role,
    /// Those who are in it first, then those who are invited, and so on; by name among equals.
    Status,
    /// By when they were last here, and by name among equals; who never was counts as longest ago.
    LastSeen,
}

/// A page of people starts after this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Where their role sorts, or when they were last here; used where the list is sorted by that.
    pub rank: i64,
    /// Their name or email, as it is sorted by.
    pub key: String,
    pub id: Uuid,
}

impl Cursor {
    /// Before the first person.
    pub fn start(descending: bool) -> Self {
        if descending {
            Self { rank: i64::MAX, key: "\u{10FFFF}".to_owned(), id: Uuid::max() }
        } else {
            Self { rank: -1, key: String::new(), id: Uuid::nil() }
        }
    }
}

/// Which people of an organization are wanted.
#[derive(Debug, Clone)]
pub struct PeopleFilter<'a> {
    /// What name or email is like; `%` for everybody. `!` escapes.
    pub pattern: &'a str,
    /// Only this role.
    pub role: Option<Role>,
    /// How they are sorted.
    pub sort: Sort,
    /// Reverses the order.
    pub descending: bool,
    /// Where the page starts.
    pub after: &'a Cursor,
    /// How many.
    pub limit: i64,
}

/// One page of the people of an organization.
pub async fn list(tx: &mut Tx, organization: OrganizationId, wanted: &PeopleFilter<'_>) -> Result<Vec<Member>> {
    macro_rules! people {
        ($rest:literal) => {
            concat!(
                "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
                 FROM membership m JOIN person p ON p.id = m.person_id
                 WHERE m.organization_id = $1 AND (m.name_search LIKE $2 ESCAPE '!' OR m.email_key LIKE $2 ESCAPE '!')
                    AND m.role_rank BETWEEN $3 AND $4 AND ",
                $rest
            )
        };
    }
    let sql = match (wanted.sort, wanted.descending) {
        (Sort::Name | Sort::Status, false) => {
            people!("(m.name_key, m.person_id) > ($6, $7) ORDER BY m.name_key, m.person_id LIMIT CAST($5 AS BIGINT)")
        }
        (Sort::Name | Sort::Status, true) => {
            people!(
                "(m.name_key, m.person_id) < ($6, $7) ORDER BY m.name_key DESC, m.person_id DESC LIMIT CAST($5 AS BIGINT)"
            )
        }
        (Sort::Email, false) => {
            people!("(m.email_key, m.person_id) > ($6, $7) ORDER BY m.email_key, m.person_id LIMIT CAST($5 AS BIGINT)")
        }
        (Sort::Email, true) => {
            people!(
                "(m.email_key, m.person_id) < ($6, $7) ORDER BY m.email_key DESC, m.person_id DESC LIMIT CAST($5 AS BIGINT)"
            )
        }
        (Sort::Role, false) => {
            people!(
                "(m.role_rank, m.name_key, m.person_id) > ($8, $6, $7) ORDER BY m.role_rank, m.name_key, m.person_id LIMIT CAST($5 AS BIGINT)"
            )
        }
        (Sort::Role, true) => {
            people!(
                "(m.role_rank, m.name_key, m.person_id) < ($8, $6, $7) ORDER BY m.role_rank DESC, m.name_key DESC, m.person_id DESC LIMIT CAST($5 AS BIGINT)"
            )
        }
        (Sort::LastSeen, false) => {
            people!(
                "(m.last_seen_at, m.name_key, m.person_id) > ($8, $6, $7) ORDER BY m.last_seen_at, m.name_key, m.person_id LIMIT CAST($5 AS BIGINT)"
            )
        }
        (Sort::LastSeen, true) => {
            people!(
                "(m.last_seen_at, m.name_key, m.person_id) < ($8, $6, $7) ORDER BY m.last_seen_at DESC, m.name_key DESC, m.person_id DESC LIMIT CAST($5 AS BIGINT)"
            )
        }
    };
    let (lowest, highest) = wanted.role.map_or((0, 4), |role| (rank(role), rank(role)));
    let statement = tx
        .sql(sql)
        .bind(organization)
        .bind(wanted.pattern.to_owned())
        .bind(lowest)
        .bind(highest)
        .bind(wanted.limit)
        .bind(wanted.after.key.clone())
        .bind(wanted.after.id);
    // Only these two orders have the last placeholder.
    let ranked = matches!(wanted.sort, Sort::Role | Sort::LastSeen);
    let statement = if ranked { statement.bind(wanted.after.rank) } else { statement };
    statement.all().await
}

/// One page of the people who reach everything in an account by their role (ACCESS-1): every role but Member, and nobody who
/// is limited to other accounts.
pub async fn list_reaching(
    tx: &mut Tx,
    organization: OrganizationId,
    account: AccountId,
    after: &Cursor,
    limit: i64,
) -> Result<Vec<Member>> {
    tx.sql(
        "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
         FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role_rank < 4 AND (m.role_rank, m.name_key, m.person_id) > ($2, $3, $4)
            AND (NOT m.limited OR EXISTS (SELECT 1 FROM membership_account c
                WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = $6))
         ORDER BY m.role_rank, m.name_key, m.person_id LIMIT CAST($5 AS BIGINT)",
    )
    .bind(organization)
    .bind(after.rank)
    .bind(after.key.clone())
    .bind(after.id)
    .bind(limit)
    .bind(account)
    .all()
    .await
}

/// How many people of an organization have each role in an account of it: whoever is limited to other accounts counts as a
/// Member there.
pub async fn count_by_role(tx: &mut Tx, organization: OrganizationId, account: AccountId) -> Result<Vec<(Role, u64)>> {
    // The index counts everybody by role; only the few who are limited to other accounts are read one by one.
    let rows: Vec<(Role, i64)> = tx
        .sql("SELECT role, CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 GROUP BY role")
        .bind(organization)
        .all()
        .await?;
    let elsewhere: Vec<(Role, i64)> = tx
        .sql(
            "SELECT m.role, CAST(COUNT(*) AS BIGINT) FROM membership m
             WHERE m.organization_id = $1 AND m.limited AND NOT EXISTS (SELECT 1 FROM membership_account c
                WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = $2)
             GROUP BY m.role",
        )
        .bind(organization)
        .bind(account)
        .all()
        .await?;
    let mut counts = std::collections::BTreeMap::new();
    let count = |people: i64| u64::try_from(people).unwrap_or(0);
    for (role, people) in rows {
        *counts.entry(role).or_insert(0) += count(people);
    }
    for (role, people) in elsewhere {
        let had: &mut u64 = counts.entry(role).or_insert(0);
        *had = had.saturating_sub(count(people));
        *counts.entry(Role::Member).or_insert(0) += count(people);
    }
    Ok(counts.into_iter().filter(|(_, people)| *people > 0).collect())
}

/// Somebody who is limited to some accounts, and their role there.
#[derive(Debug, Clone, FromRow)]
pub struct Limited {
    #[sqlx(rename = "person_id")]
    pub id: PersonId,
    pub name: String,
    pub role: Role,
}

/// The people whose role counts in one account of an organization, but not in another one of it, as they are limited to the
/// first: who would no longer see by their role what moved from the one to the other (XFER-3). At most `limit`.
pub async fn list_limited_between(
    tx: &mut Tx,
    organization: OrganizationId,
    from: &[AccountId],
    to: AccountId,
    limit: i64,
) -> Result<Vec<Limited>> {
    if from.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = from.iter().take(CHUNK).copied().collect();
    tx.sql_list(
        "SELECT DISTINCT m.person_id, p.first_name || ' ' || p.last_name AS name, m.role
         FROM membership m JOIN membership_account c ON c.organization_id = m.organization_id AND c.person_id = m.person_id
         JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = {1} AND m.limited AND c.account_id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM membership_account t
            WHERE t.organization_id = m.organization_id AND t.person_id = m.person_id AND t.account_id = {2})
         ORDER BY m.person_id LIMIT CAST({3} AS BIGINT)",
        &ids,
    )
    .bind(organization)
    .bind(to)
    .bind(limit)
    .all()
    .await
}

/// Whether somebody else than this person is in an organization.
pub async fn any_other(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (
            SELECT 1 AS one FROM membership WHERE organization_id = $1 AND person_id <> $2 LIMIT 1) AS first",
    )
    .bind(organization)
    .bind(person)
    .number()
    .await
    .map(|found| found > 0)
}

/// The addresses of the first Owners of an organization.
pub async fn list_owner_addresses(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<String>> {
    tx.sql(
        "SELECT p.email FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.person_id LIMIT 10",
    )
    .bind(organization)
    .column()
    .await
}

/// Some people of an organization by id; who is not in it is left out.
pub async fn list_by_id(tx: &mut Tx, organization: OrganizationId, people: &[PersonId]) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<Member> = tx
            .sql_list(
                "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
                 FROM membership m JOIN person p ON p.id = m.person_id
                 WHERE m.organization_id = {1} AND m.person_id IN ({ids})",
                chunk,
            )
            .bind(organization)
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// Somebody of an organization by their address, as addresses are compared.
pub async fn find_by_email(tx: &mut Tx, organization: OrganizationId, email_key: &str) -> Result<Option<Member>> {
    tx.sql(
        "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
         FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.email_key = $2",
    )
    .bind(organization)
    .bind(email_key.to_owned())
    .optional()
    .await
}

/// Which of some addresses belong to people of an organization.
pub async fn list_known(tx: &mut Tx, organization: OrganizationId, email_keys: &[String]) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for chunk in email_keys.chunks(CHUNK) {
        let rows: Vec<String> = tx
            .sql_list("SELECT email_key FROM membership WHERE organization_id = {1} AND email_key IN ({ids})", chunk)
            .bind(organization)
            .column()
            .await?;
        known.extend(rows);
    }
    Ok(known)
}

/// Takes people out of the permit's organization; how many were in it.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, people: &[PersonId]) -> Result<u64> {
    let mut gone = 0;
    for person in people {
        live::touch_person(tx, *person);
    }
    for chunk in people.chunks(CHUNK) {
        gone += tx
            .sql_list("DELETE FROM membership WHERE organization_id = {1} AND person_id IN ({ids})", chunk)
            .bind(permit.organization())
            .execute()
            .await?;
    }
    Ok(gone)
}

/// The first people of an organization by name, with their names.
pub async fn list_names(tx: &mut Tx, organization: OrganizationId, limit: i64) -> Result<Vec<(PersonId, String)>> {
    tx.sql(
        "SELECT m.person_id, p.first_name || ' ' || p.last_name AS name FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 ORDER BY m.name_key, m.person_id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(organization)
    .bind(limit)
    .all()
    .await
}

/// Somebody who may be able to reach what moves, with their role in the target organization, as it counts in the account that
/// things go to.
#[derive(Debug, Clone, FromRow)]
pub struct Candidate {
    pub id: PersonId,
    pub name: String,
    /// Their role in the target organization.
    pub target_role: Option<Role>,
}

/// The people who see all of the account `source` by their role, without those who see all of the account `target` by theirs
/// (they lose nothing): how many, and the first `limit` of them.
pub async fn list_candidates(
    tx: &mut Tx,
    source: AccountId,
    target: AccountId,
    limit: usize,
) -> Result<(u64, Vec<Candidate>)> {
    let total = tx
        .sql(
            "SELECT CAST(COUNT(*) AS BIGINT) FROM account_membership s
             WHERE s.account_id = $1 AND s.role <> 'member' AND NOT EXISTS (
                SELECT 1 FROM account_membership t WHERE t.account_id = $2 AND t.person_id = s.person_id AND t.role <> 'member')",
        )
        .bind(source)
        .bind(target)
        .number()
        .await?;
    let candidates = tx
        .sql(
            "SELECT p.id, p.first_name || ' ' || p.last_name AS name,
                (SELECT t.role FROM account_membership t WHERE t.account_id = $2 AND t.person_id = s.person_id) AS target_role
             FROM account_membership s JOIN person p ON p.id = s.person_id
             WHERE s.account_id = $1 AND s.role <> 'member' AND NOT EXISTS (
                SELECT 1 FROM account_membership t WHERE t.account_id = $2 AND t.person_id = s.person_id AND t.role <> 'member')
             ORDER BY s.person_id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(source)
        .bind(target)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .all()
        .await?;
    Ok((u64::try_from(total).unwrap_or(0), candidates))
}

/// People by id, and everyone in the organizations given, with their role as it counts in the account `target`; at most
/// `limit` of each.
pub async fn list_grantees(
    tx: &mut Tx,
    people: &[PersonId],
    organizations: &[OrganizationId],
    target: AccountId,
    limit: usize,
) -> Result<Vec<Candidate>> {
    let mut found = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    for chunk in people.chunks(CHUNK) {
        let rows: Vec<Candidate> = tx
            .sql_list(
                "SELECT p.id, p.first_name || ' ' || p.last_name AS name,
                    (SELECT t.role FROM account_membership t WHERE t.account_id = {1} AND t.person_id = p.id) AS target_role
                 FROM person p WHERE p.id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                chunk,
            )
            .bind(target)
            .bind(limit)
            .all()
            .await?;
        found.extend(rows);
    }
    for chunk in organizations.chunks(CHUNK) {
        let rows: Vec<Candidate> = tx
            .sql_list(
                "SELECT DISTINCT p.id, p.first_name || ' ' || p.last_name AS name,
                    (SELECT t.role FROM account_membership t WHERE t.account_id = {1} AND t.person_id = p.id) AS target_role
                 FROM active_membership m JOIN person p ON p.id = m.person_id
                 WHERE m.organization_id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                chunk,
            )
            .bind(target)
            .bind(limit)
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// One of a person's memberships, whatever became of the organization.
#[derive(Debug, Clone, FromRow)]
pub struct OwnMembership {
    /// Where.
    #[sqlx(rename = "id")]
    pub organization: OrganizationId,
    pub name: String,
    pub org_id: String,
    /// The role there.
    pub role: Role,
    /// Whether it is their personal space.
    pub personal: bool,
    /// Whether it was deleted, and could still be restored.
    pub deleted: bool,
    /// Since when they belong to it.
    #[sqlx(rename = "created_at")]
    pub since: Timestamp,
}

/// Every membership of a person, by the organization's id.
pub async fn list_own(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<OwnMembership>> {
    tx.sql(
        "SELECT o.id, o.name, o.org_id, m.role, COALESCE(o.space_of = $1, FALSE) AS personal, o.deleted_at IS NOT NULL AS deleted, m.created_at
         FROM membership m JOIN organization o ON o.id = m.organization_id
         WHERE m.person_id = $1 ORDER BY m.organization_id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(person)
    .bind(limit)
    .all()
    .await
}
