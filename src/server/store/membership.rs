//! Table `membership`: who belongs where, with what role.

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, Result, Tx, live, read};
use crate::domain::{
    id::{AccountId, OrganizationId, PersonId},
    permit::RolePermit,
    role::Role,
    time::Timestamp,
};

/// Where a role sorts in lists: Owners first.
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
/// organization that was deleted. A machine stands as a Manager (AUTH-6).
///
/// # Errors
/// The database.
pub async fn find_role(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Role>> {
    let row: Option<(Option<String>,)> = tx
        .sql(
            "SELECT COALESCE((SELECT role FROM active_membership WHERE organization_id = $1 AND person_id = $2),
                (SELECT 'manager' FROM active_machine WHERE organization_id = $1 AND person_id = $2)) AS role",
        )
        .bind(organization.0)
        .bind(person.0)
        .optional()
        .await?;
    row.and_then(|(role,)| role).map(|role| read("membership", "role", &role, Role::parse)).transpose()
}

/// A person's role as it counts in an account: Member where they are limited to others.
///
/// # Errors
/// The database.
pub async fn find_role_in(tx: &mut Tx, account: AccountId, person: PersonId) -> Result<Option<Role>> {
    let row: Option<(Option<String>,)> = tx
        .sql(
            "SELECT COALESCE((SELECT role FROM account_membership WHERE account_id = $1 AND person_id = $2),
                (SELECT 'manager' FROM active_machine WHERE account_id = $1 AND person_id = $2)) AS role",
        )
        .bind(account.0)
        .bind(person.0)
        .optional()
        .await?;
    row.and_then(|(role,)| role).map(|role| read("membership", "role", &role, Role::parse)).transpose()
}

/// The role that a person was given in an organization, where it counts in some accounts only (ACCT-2); `None` for everybody
/// else.
///
/// # Errors
/// The database.
pub async fn find_limited(tx: &mut Tx, organization: OrganizationId, person: PersonId) -> Result<Option<Role>> {
    let row: Option<(String,)> = tx
        .sql("SELECT assigned_role FROM active_membership WHERE organization_id = $1 AND person_id = $2 AND limited")
        .bind(organization.0)
        .bind(person.0)
        .optional()
        .await?;
    row.map(|(role,)| read("membership", "role", &role, Role::parse)).transpose()
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
    .bind(permit.organization().0)
    .bind(person.0)
    .bind(role.as_str())
    .bind(at.0)
    .bind(rank(role))
    .execute()
    .await?;
    live::touch_person(tx, person);
    Ok(())
}

/// Changes a person's role; whether they were in the organization.
///
/// # Errors
/// The database.
pub async fn update_role(tx: &mut Tx, permit: &RolePermit, person: PersonId, role: Role) -> Result<bool> {
    live::touch_person(tx, person);
    tx.sql("UPDATE membership SET role = $3, role_rank = $4 WHERE organization_id = $1 AND person_id = $2")
        .bind(permit.organization().0)
        .bind(person.0)
        .bind(role.as_str())
        .bind(rank(role))
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Notes that somebody looks at the pages of an organization: it is among those they used last.
///
/// # Errors
/// The database.
pub async fn update_used(tx: &mut Tx, organization: OrganizationId, person: PersonId, at: Timestamp) -> Result<()> {
    tx.sql("UPDATE membership SET last_used_at = $3 WHERE organization_id = $1 AND person_id = $2")
        .bind(organization.0)
        .bind(person.0)
        .bind(at.0)
        .execute()
        .await
        .map(|_| ())
}

/// How many Owners an organization has (ORG-3).
///
/// # Errors
/// The database.
pub async fn count_owners(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let owners = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND role = 'owner'")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(owners).unwrap_or(0))
}

/// The names of the Owner who has been one of an organization for longest.
///
/// # Errors
/// The database.
pub async fn find_first_owner(tx: &mut Tx, organization: OrganizationId) -> Result<Option<(String, String)>> {
    tx.sql(
        "SELECT p.first_name, p.last_name FROM membership m JOIN person p ON p.id = m.person_id
         WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.created_at, m.person_id LIMIT 1",
    )
    .bind(organization.0)
    .optional()
    .await
}

/// How many people of an organization have a role.
///
/// # Errors
/// The database.
pub async fn count_in_role(tx: &mut Tx, organization: OrganizationId, role: Role) -> Result<u64> {
    let people = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 AND role = $2")
        .bind(organization.0)
        .bind(role.as_str())
        .number()
        .await?;
    Ok(u64::try_from(people).unwrap_or(0))
}

/// How many people belong to an organization.
///
/// # Errors
/// The database.
pub async fn count(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let people = tx
        .sql("SELECT CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1")
        .bind(organization.0)
        .number()
        .await?;
    Ok(u64::try_from(people).unwrap_or(0))
}

/// One of the Owners of an organization.
///
/// # Errors
/// The database.
pub async fn find_any_owner(tx: &mut Tx, organization: OrganizationId) -> Result<Option<PersonId>> {
    let row: Option<(Uuid,)> = tx
        .sql(
            "SELECT person_id FROM membership WHERE organization_id = $1 AND role = 'owner' ORDER BY person_id LIMIT 1",
        )
        .bind(organization.0)
        .optional()
        .await?;
    Ok(row.map(|(person,)| PersonId(person)))
}

/// The first Owners of an organization, with their names.
///
/// # Errors
/// The database.
pub async fn list_owner_names(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<(PersonId, String)>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql(
            "SELECT p.id, p.first_name || ' ' || p.last_name AS name FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.person_id LIMIT 10",
        )
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}

/// Somebody of an organization, as lists show them.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: PersonId,
    /// Their role.
    pub role: Role,
    /// Their name as names are compared.
    pub name_key: String,
    /// Their email as emails are compared.
    pub email_key: String,
    /// Their name.
    pub name: String,
    /// Their email.
    pub email: String,
    /// When they were last here.
    pub last_seen: Option<Timestamp>,
}

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    role: String,
    name_key: String,
    email_key: String,
    name: String,
    email: String,
    last_seen_at: Option<i64>,
}

impl TryFrom<MemberRow> for Member {
    type Error = super::DbError;

    fn try_from(row: MemberRow) -> Result<Self> {
        Ok(Self {
            id: PersonId(row.id),
            role: read("membership", "role", &row.role, Role::parse)?,
            name_key: row.name_key,
            email_key: row.email_key,
            name: row.name,
            email: row.email,
            last_seen: row.last_seen_at.map(Timestamp),
        })
    }
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

/// Where a page of people starts: behind this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Where their role sorts, or when they were last here; used where the list is sorted by that.
    pub rank: i64,
    /// Their name or email, as it is sorted by.
    pub key: String,
    /// Their id.
    pub id: Uuid,
}

impl Cursor {
    /// In front of everybody.
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
    /// Whether the other way round.
    pub descending: bool,
    /// Where the page starts.
    pub after: &'a Cursor,
    /// How many.
    pub limit: i64,
}

/// One page of the people of an organization.
///
/// # Errors
/// The database.
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
        .bind(organization.0)
        .bind(wanted.pattern.to_owned())
        .bind(lowest)
        .bind(highest)
        .bind(wanted.limit)
        .bind(wanted.after.key.clone())
        .bind(wanted.after.id);
    let ranked = matches!(wanted.sort, Sort::Role | Sort::LastSeen);
    let statement = if ranked { statement.bind(wanted.after.rank) } else { statement };
    let rows: Vec<MemberRow> = statement.all().await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// One page of the people who reach everything in an account by their role (ACCESS-1): every role but Member, and nobody who
/// is limited to other accounts.
///
/// # Errors
/// The database.
pub async fn list_reaching(
    tx: &mut Tx,
    organization: OrganizationId,
    account: AccountId,
    after: &Cursor,
    limit: i64,
) -> Result<Vec<Member>> {
    let rows: Vec<MemberRow> = tx
        .sql(
            "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
             FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 AND m.role_rank < 4 AND (m.role_rank, m.name_key, m.person_id) > ($2, $3, $4)
                AND (NOT m.limited OR EXISTS (SELECT 1 FROM membership_account c
                    WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = $6))
             ORDER BY m.role_rank, m.name_key, m.person_id LIMIT CAST($5 AS BIGINT)",
        )
        .bind(organization.0)
        .bind(after.rank)
        .bind(after.key.clone())
        .bind(after.id)
        .bind(limit)
        .bind(account.0)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How many people of an organization have each role in an account of it: whoever is limited to other accounts counts as a
/// Member there.
///
/// # Errors
/// The database.
pub async fn count_by_role(tx: &mut Tx, organization: OrganizationId, account: AccountId) -> Result<Vec<(Role, u64)>> {
    // Everybody by the role they have, without walking through them; and the few who are limited to other accounts.
    let rows: Vec<(String, i64)> = tx
        .sql("SELECT role, CAST(COUNT(*) AS BIGINT) FROM membership WHERE organization_id = $1 GROUP BY role")
        .bind(organization.0)
        .all()
        .await?;
    let elsewhere: Vec<(String, i64)> = tx
        .sql(
            "SELECT m.role, CAST(COUNT(*) AS BIGINT) FROM membership m
             WHERE m.organization_id = $1 AND m.limited AND NOT EXISTS (SELECT 1 FROM membership_account c
                WHERE c.organization_id = m.organization_id AND c.person_id = m.person_id AND c.account_id = $2)
             GROUP BY m.role",
        )
        .bind(organization.0)
        .bind(account.0)
        .all()
        .await?;
    let mut counts = std::collections::BTreeMap::new();
    let count = |people: i64| u64::try_from(people).unwrap_or(0);
    for (role, people) in rows {
        *counts.entry(read("membership", "role", &role, Role::parse)?).or_insert(0) += count(people);
    }
    for (role, people) in elsewhere {
        let had: &mut u64 = counts.entry(read("membership", "role", &role, Role::parse)?).or_insert(0);
        *had = had.saturating_sub(count(people));
        *counts.entry(Role::Member).or_insert(0) += count(people);
    }
    Ok(counts.into_iter().filter(|(_, people)| *people > 0).collect())
}

/// Somebody who is limited to some accounts, and their role there.
#[derive(Debug, Clone)]
pub struct Limited {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
}

/// The people whose role counts in one account of an organization, but not in another one of it, as they are limited to the
/// first: who would no longer see by their role what moved from the one to the other (XFER-3). At most `limit`.
///
/// # Errors
/// The database.
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
    let ids: Vec<Uuid> = from.iter().take(CHUNK).map(|account| account.0).collect();
    let rows: Vec<(Uuid, String, String)> = tx
        .sql_list(
            "SELECT DISTINCT m.person_id, p.first_name || ' ' || p.last_name AS name, m.role
             FROM membership m JOIN membership_account c ON c.organization_id = m.organization_id AND c.person_id = m.person_id
             JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = {1} AND m.limited AND c.account_id IN ({ids}) AND NOT EXISTS (SELECT 1 FROM membership_account t
                WHERE t.organization_id = m.organization_id AND t.person_id = m.person_id AND t.account_id = {2})
             ORDER BY m.person_id LIMIT CAST({3} AS BIGINT)",
            &ids,
        )
        .bind(organization.0)
        .bind(to.0)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter()
        .map(|(id, name, role)| {
            Ok(Limited { id: PersonId(id), name, role: read("membership", "role", &role, Role::parse)? })
        })
        .collect()
}

/// The addresses of the first Owners of an organization.
///
/// # Errors
/// The database.
pub async fn list_owner_addresses(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "SELECT p.email FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 AND m.role = 'owner' ORDER BY m.person_id LIMIT 10",
        )
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(email,)| email).collect())
}

/// Some people of an organization by id; who is not in it is left out.
///
/// # Errors
/// The database.
pub async fn list_by_id(tx: &mut Tx, organization: OrganizationId, people: &[PersonId]) -> Result<Vec<Member>> {
    let mut found = Vec::new();
    for chunk in people.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        let rows: Vec<MemberRow> = tx
            .sql_list(
                "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
                 FROM membership m JOIN person p ON p.id = m.person_id
                 WHERE m.organization_id = {1} AND m.person_id IN ({ids})",
                &ids,
            )
            .bind(organization.0)
            .all()
            .await?;
        for row in rows {
            found.push(row.try_into()?);
        }
    }
    Ok(found)
}

/// Somebody of an organization by their address, as addresses are compared.
///
/// # Errors
/// The database.
pub async fn find_by_email(tx: &mut Tx, organization: OrganizationId, email_key: &str) -> Result<Option<Member>> {
    let row: Option<MemberRow> = tx
        .sql(
            "SELECT p.id, m.role, m.name_key, m.email_key, p.first_name || ' ' || p.last_name AS name, p.email, p.last_seen_at
             FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 AND m.email_key = $2",
        )
        .bind(organization.0)
        .bind(email_key.to_owned())
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Which of some addresses belong to people of an organization.
///
/// # Errors
/// The database.
pub async fn list_known(tx: &mut Tx, organization: OrganizationId, email_keys: &[String]) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for chunk in email_keys.chunks(CHUNK) {
        let rows: Vec<(String,)> = tx
            .sql_list("SELECT email_key FROM membership WHERE organization_id = {1} AND email_key IN ({ids})", chunk)
            .bind(organization.0)
            .all()
            .await?;
        known.extend(rows.into_iter().map(|(key,)| key));
    }
    Ok(known)
}

/// Takes people out of the permit's organization; how many were in it.
///
/// # Errors
/// The database.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, people: &[PersonId]) -> Result<u64> {
    let mut gone = 0;
    for person in people {
        live::touch_person(tx, *person);
    }
    for chunk in people.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        gone += tx
            .sql_list("DELETE FROM membership WHERE organization_id = {1} AND person_id IN ({ids})", &ids)
            .bind(permit.organization().0)
            .execute()
            .await?;
    }
    Ok(gone)
}

/// The first people of an organization by name, with their names.
///
/// # Errors
/// The database.
pub async fn list_names(tx: &mut Tx, organization: OrganizationId, limit: i64) -> Result<Vec<(PersonId, String)>> {
    let rows: Vec<(Uuid, String)> = tx
        .sql(
            "SELECT m.person_id, p.first_name || ' ' || p.last_name AS name FROM membership m JOIN person p ON p.id = m.person_id
             WHERE m.organization_id = $1 ORDER BY m.name_key, m.person_id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(organization.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id, name)| (PersonId(id), name)).collect())
}

/// Somebody who may be able to reach what moves, with their role in the target organization, as it counts in the account that
/// things go to.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Who.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their role in the target organization.
    pub target_role: Option<Role>,
}

#[derive(FromRow)]
struct CandidateRow {
    id: Uuid,
    name: String,
    target_role: Option<String>,
}

impl CandidateRow {
    fn into_candidate(self) -> Result<Candidate> {
        let target_role = self.target_role.map(|role| read("membership", "role", &role, Role::parse)).transpose()?;
        Ok(Candidate { id: PersonId(self.id), name: self.name, target_role })
    }
}

/// The people who see all of the account `source` by their role, without those who see all of the account `target` by theirs
/// (they lose nothing): how many, and the first `limit` of them.
///
/// # Errors
/// The database.
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
        .bind(source.0)
        .bind(target.0)
        .number()
        .await?;
    let rows: Vec<CandidateRow> = tx
        .sql(
            "SELECT p.id, p.first_name || ' ' || p.last_name AS name,
                (SELECT t.role FROM account_membership t WHERE t.account_id = $2 AND t.person_id = s.person_id) AS target_role
             FROM account_membership s JOIN person p ON p.id = s.person_id
             WHERE s.account_id = $1 AND s.role <> 'member' AND NOT EXISTS (
                SELECT 1 FROM account_membership t WHERE t.account_id = $2 AND t.person_id = s.person_id AND t.role <> 'member')
             ORDER BY s.person_id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(source.0)
        .bind(target.0)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .all()
        .await?;
    let candidates = rows.into_iter().map(CandidateRow::into_candidate).collect::<Result<Vec<_>>>()?;
    Ok((u64::try_from(total).unwrap_or(0), candidates))
}

/// People by id, and everyone in the organizations given, with their role as it counts in the account `target`; at most
/// `limit` of each.
///
/// # Errors
/// The database.
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
        let ids: Vec<Uuid> = chunk.iter().map(|person| person.0).collect();
        let rows: Vec<CandidateRow> = tx
            .sql_list(
                "SELECT p.id, p.first_name || ' ' || p.last_name AS name,
                    (SELECT t.role FROM account_membership t WHERE t.account_id = {1} AND t.person_id = p.id) AS target_role
                 FROM person p WHERE p.id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                &ids,
            )
            .bind(target.0)
            .bind(limit)
            .all()
            .await?;
        for row in rows {
            found.push(row.into_candidate()?);
        }
    }
    for chunk in organizations.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|organization| organization.0).collect();
        let rows: Vec<CandidateRow> = tx
            .sql_list(
                "SELECT DISTINCT p.id, p.first_name || ' ' || p.last_name AS name,
                    (SELECT t.role FROM account_membership t WHERE t.account_id = {1} AND t.person_id = p.id) AS target_role
                 FROM active_membership m JOIN person p ON p.id = m.person_id
                 WHERE m.organization_id IN ({ids}) LIMIT CAST({2} AS BIGINT)",
                &ids,
            )
            .bind(target.0)
            .bind(limit)
            .all()
            .await?;
        for row in rows {
            found.push(row.into_candidate()?);
        }
    }
    Ok(found)
}

/// One of a person's memberships, whatever became of the organization.
#[derive(Debug, Clone)]
pub struct OwnMembership {
    /// Where.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its Org ID.
    pub org_id: String,
    /// The role there.
    pub role: Role,
    /// Whether it is their personal space.
    pub personal: bool,
    /// Whether it was deleted, and could still be restored.
    pub deleted: bool,
    /// Since when they belong to it.
    pub since: Timestamp,
}

#[derive(FromRow)]
struct OwnRow {
    id: Uuid,
    name: String,
    org_id: String,
    role: String,
    space_of: Option<Uuid>,
    deleted_at: Option<i64>,
    created_at: i64,
}

/// Every membership of a person, by the organization's id.
///
/// # Errors
/// The database.
pub async fn list_own(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<OwnMembership>> {
    let rows: Vec<OwnRow> = tx
        .sql(
            "SELECT o.id, o.name, o.org_id, m.role, o.space_of, o.deleted_at, m.created_at
             FROM membership m JOIN organization o ON o.id = m.organization_id
             WHERE m.person_id = $1 ORDER BY m.organization_id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(person.0)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter()
        .map(|row| {
            Ok(OwnMembership {
                organization: OrganizationId(row.id),
                name: row.name,
                org_id: row.org_id,
                role: read("membership", "role", &row.role, Role::parse)?,
                personal: row.space_of == Some(person.0),
                deleted: row.deleted_at.is_some(),
                since: Timestamp(row.created_at),
            })
        })
        .collect()
}
