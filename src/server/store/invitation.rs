//! Table `invitation`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CHUNK, Result, Tx,
    membership::{Cursor, PeopleFilter, Sort},
    values::from_columns,
};
use crate::{
    domain::{
        access::{Level, role_level},
        cap::through,
        id::{AccountId, InvitationId, MailId, OrganizationId, PersonId, ResourceId},
        invitation::InvitationState,
        mail::MailState,
        name::{search_key, sort_key},
        permit::{Permit, RolePermit},
        role::Role,
        sender::{Sender, Sent, still_valid},
        time::Timestamp,
    },
    view::people::{InvitationRow as RowView, PendingInvitation},
};

/// An invitation to be added.
#[derive(Debug)]
pub struct NewInvitation<'a> {
    pub id: InvitationId,
    /// Email as typed.
    pub email: &'a str,
    /// The email's comparison key.
    pub email_key: &'a str,
    /// The invited person's name, where it was given.
    pub name: Option<&'a str>,
    /// The role they will have.
    pub role: Role,
    /// For a Member: what they will reach, and how.
    pub reach: Option<(ResourceId, Level)>,
    /// The accounts in which alone the role will count (ACCT-2); `None` for all of them.
    pub accounts: Option<&'a [AccountId]>,
    /// Digest of the link's token.
    pub token_hash: &'a str,
    /// The mail that carries the link.
    pub mail: MailId,
    pub at: Timestamp,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

/// Adds an invitation into the permit's organization.
///
/// # Errors
/// `Taken` if one is pending for the same email.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewInvitation<'_>) -> Result<()> {
    insert_row(tx, permit.organization(), permit.person(), new, false).await
}

/// Adds an invitation to reach the permit's resource from outside, without a membership (ACCESS-2). One for the same
/// address that has expired makes room for it.
///
/// # Errors
/// `Taken` if one is pending for the same email.
pub async fn insert_external(tx: &mut Tx, permit: &Permit, new: &NewInvitation<'_>) -> Result<()> {
    tx.sql(
        "UPDATE invitation SET state = 'revoked', answered_at = $3
         WHERE organization_id = $1 AND email_key = $2 AND state = 'pending' AND expires_at <= $3",
    )
    .bind(permit.organization())
    .bind(new.email_key.to_owned())
    .bind(new.at)
    .execute()
    .await?;
    insert_row(tx, permit.organization(), permit.person(), new, true).await
}

async fn insert_row(
    tx: &mut Tx,
    organization: OrganizationId,
    by: PersonId,
    new: &NewInvitation<'_>,
    external: bool,
) -> Result<()> {
    tx.sql(
        "INSERT INTO invitation (id, organization_id, email, email_key, name, role, token_hash, state, invited_by, created_at, expires_at, sent_at, send_count, name_key, resource_id, level, mail_id, external, name_search, limited)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $9, 1, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(new.id)
    .bind(organization)
    .bind(new.email.to_owned())
    .bind(new.email_key.to_owned())
    .bind(new.name.map(str::to_owned))
    .bind(new.role)
    .bind(new.token_hash.to_owned())
    .bind(by)
    .bind(new.at)
    .bind(new.expires_at)
    .bind(sort_key(new.name.unwrap_or(new.email_key)))
    .bind(new.reach.map(|(resource, _)| resource.0))
    .bind(new.reach.map(|(_, level)| level))
    .bind(new.mail)
    .bind(external)
    .bind(search_key(new.name.unwrap_or(new.email_key)))
    .bind(new.accounts.is_some())
    .execute()
    .await?;
    for chunk in new.accounts.unwrap_or_default().chunks(CHUNK) {
        // The join leaves out accounts of other organizations, whatever ids were sent.
        tx.sql_list(
            "INSERT INTO invitation_account (invitation_id, account_id)
             SELECT i.id, a.id FROM invitation i JOIN account a ON a.organization_id = i.organization_id
             WHERE i.id = {1} AND a.deleted_at IS NULL AND a.id IN ({ids})",
            chunk,
        )
        .bind(new.id)
        .execute()
        .await?;
    }
    Ok(())
}

/// The accounts in which alone the role of an invitation will count; those that were deleted meanwhile are left out.
pub async fn list_accounts(tx: &mut Tx, invitation: InvitationId) -> Result<Vec<AccountId>> {
    tx.sql(
        "SELECT c.account_id FROM invitation_account c JOIN account a ON a.id = c.account_id
         WHERE c.invitation_id = $1 AND a.deleted_at IS NULL ORDER BY c.account_id LIMIT 1000",
    )
    .bind(invitation)
    .column()
    .await
}

/// The names of the accounts that some invitations are limited to.
pub async fn list_account_names(tx: &mut Tx, invitations: &[InvitationId]) -> Result<Vec<(InvitationId, String)>> {
    let mut names = Vec::new();
    for chunk in invitations.chunks(CHUNK) {
        let rows: Vec<(InvitationId, String)> = tx
            .sql_list(
                "SELECT c.invitation_id, a.name FROM invitation_account c JOIN account a ON a.id = c.account_id
                 WHERE c.invitation_id IN ({ids}) AND a.deleted_at IS NULL ORDER BY c.invitation_id, c.account_id",
                chunk,
            )
            .all()
            .await?;
        names.extend(rows);
    }
    Ok(names)
}

/// How many invitations of an organization to chosen accounts wait for an answer, and can still be accepted (ACCT-2).
pub async fn count_pending_limited(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<u64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation
         WHERE organization_id = $1 AND state = 'pending' AND limited AND expires_at > $2",
    )
    .bind(organization)
    .bind(now)
    .count()
    .await
}

/// Gives something more to whoever an invitation waits for, or sets what was given to another level (ACCESS-2).
pub async fn upsert_grant(
    tx: &mut Tx,
    permit: &Permit,
    invitation: InvitationId,
    level: Level,
    at: Timestamp,
) -> Result<()> {
    // The first grant is part of the invitation's own row.
    let began = tx
        .sql("UPDATE invitation SET level = $3, access_granted_by = $4 WHERE id = $1 AND resource_id = $2 AND state = 'pending'")
        .bind(invitation)
        .bind(permit.resource())
        .bind(level)
        .bind(permit.person())
        .execute()
        .await?;
    if began > 0 {
        return Ok(());
    }
    tx.sql(
        "INSERT INTO invitation_grant (invitation_id, resource_id, level, granted_by, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (invitation_id, resource_id) DO UPDATE SET level = $3, granted_by = $4",
    )
    .bind(invitation)
    .bind(permit.resource())
    .bind(level)
    .bind(permit.person())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Takes back what waits with an invitation on the permit's resource; whether anything did. The invitation itself stays.
pub async fn delete_grant(tx: &mut Tx, permit: &Permit, invitation: InvitationId) -> Result<bool> {
    let began = tx
        .sql("UPDATE invitation SET resource_id = NULL, level = NULL WHERE id = $1 AND resource_id = $2 AND state = 'pending'")
        .bind(invitation)
        .bind(permit.resource())
        .execute()
        .await?;
    let more = tx
        .sql("DELETE FROM invitation_grant WHERE invitation_id = $1 AND resource_id = $2")
        .bind(invitation)
        .bind(permit.resource())
        .execute()
        .await?;
    Ok(began + more > 0)
}

/// What was given to whoever accepts an invitation, besides what it began with, and by whom.
pub async fn list_grants(tx: &mut Tx, invitation: InvitationId) -> Result<Vec<(ResourceId, Level, PersonId)>> {
    tx.sql("SELECT resource_id, level, granted_by FROM invitation_grant WHERE invitation_id = $1 LIMIT 10000")
        .bind(invitation)
        .all()
        .await
}

/// Access that waits with an invitation, and who answers for it.
#[derive(Debug, Clone)]
pub struct PromisedGrant {
    pub invitation: InvitationId,
    /// Whether the invitation began with it; it was added later otherwise.
    pub first: bool,
    /// To what.
    pub resource: ResourceId,
    pub level: Level,
    /// Who gave it.
    pub by: PersonId,
    /// What they could do there now.
    pub sender: Sender,
}

#[derive(FromRow)]
struct PromisedGrantRow {
    invitation_id: InvitationId,
    first: bool,
    resource_id: ResourceId,
    level: Level,
    granted_by: PersonId,
    role: Option<Role>,
    own: Option<Level>,
    /// The highest level that comes through the organization that was granted it (JOB-5).
    max_level: Option<Level>,
}

/// The access that some invitations promise, with what its givers may do on each resource now. What is in the trash, or
/// not in the organization any more, is left out.
pub async fn list_promised(tx: &mut Tx, invitations: &[InvitationId]) -> Result<Vec<PromisedGrant>> {
    let mut promised: Vec<PromisedGrant> = Vec::new();
    for chunk in invitations.chunks(CHUNK) {
        let rows: Vec<PromisedGrantRow> = tx
            .sql_list(
                "WITH RECURSIVE given(invitation_id, first, resource_id, level, granted_by, organization_id) AS (
                    SELECT i.id, TRUE, i.resource_id, i.level, COALESCE(i.access_granted_by, i.invited_by), i.organization_id
                    FROM invitation i WHERE i.id IN ({ids}) AND i.resource_id IS NOT NULL AND i.level IS NOT NULL
                    UNION ALL
                    SELECT i.id, FALSE, g.resource_id, g.level, g.granted_by, i.organization_id
                    FROM invitation i JOIN invitation_grant g ON g.invitation_id = i.id WHERE i.id IN ({ids})
                 ), up(invitation_id, first, resource_id, level, granted_by, distance, id, parent_id, account_id) AS (
                    SELECT given.invitation_id, given.first, given.resource_id, given.level, given.granted_by, CAST(0 AS BIGINT), r.id, r.parent_id, r.account_id
                    FROM given JOIN resource r ON r.id = given.resource_id AND r.organization_id = given.organization_id
                    WHERE r.trashed_with IS NULL
                    UNION ALL
                    SELECT up.invitation_id, up.first, up.resource_id, up.level, up.granted_by, up.distance + 1, r.id, r.parent_id, r.account_id
                    FROM up JOIN resource r ON r.id = up.parent_id WHERE up.distance < 100
                 )
                 SELECT up.invitation_id, up.first, up.resource_id, up.level, up.granted_by,
                    (SELECT m.role FROM account_membership m WHERE m.account_id = up.account_id AND m.person_id = up.granted_by) AS role,
                    g.level AS own, (SELECT COALESCE(m.max_level, 'editor') FROM membership m WHERE m.organization_id = g.organization_id AND m.person_id = up.granted_by) AS max_level
                 FROM up LEFT JOIN access_grant g ON g.resource_id = up.id AND (g.person_id = up.granted_by
                    OR g.organization_id IN (SELECT organization_id FROM active_membership WHERE person_id = up.granted_by))",
                chunk,
            )
            .all()
            .await?;
        for row in rows {
            let (role, level) =
                (row.role, row.own.map(|own| through(own, row.max_level)).max(row.role.and_then(role_level)));
            let (invitation, resource) = (row.invitation_id, row.resource_id);
            let same = |one: &&mut PromisedGrant| {
                (one.invitation, one.first, one.resource) == (invitation, row.first, resource)
            };
            match promised.iter_mut().rev().find(same) {
                Some(known) => known.sender.level = known.sender.level.max(level),
                None => promised.push(PromisedGrant {
                    invitation,
                    first: row.first,
                    resource,
                    level: row.level,
                    by: row.granted_by,
                    sender: Sender { role, level },
                }),
            }
        }
    }
    promised.sort_by_key(|one| (one.invitation, !one.first, one.resource));
    Ok(promised)
}

/// Access to a resource that waits with an invitation.
#[derive(Debug, Clone, FromRow)]
pub struct WaitingGrant {
    /// The invitation.
    pub id: InvitationId,
    /// The address it is for.
    pub email: String,
    pub level: Level,
    /// Whether no membership comes with it.
    pub external: bool,
    /// When the invitation stops working.
    pub expires_at: Timestamp,
}

/// The access to one resource that waits for somebody to accept an invitation of the organization that owns it, oldest first;
/// at most `limit`.
pub async fn list_on(tx: &mut Tx, resource: ResourceId, now: Timestamp, limit: i64) -> Result<Vec<WaitingGrant>> {
    let mut rows: Vec<WaitingGrant> = tx
        .sql(
            "SELECT i.id, i.email, i.level, i.external, i.expires_at FROM invitation i
             JOIN resource r ON r.id = i.resource_id AND r.organization_id = i.organization_id
             WHERE i.resource_id = $1 AND i.state = 'pending' AND i.expires_at > $2 AND i.level IS NOT NULL
             ORDER BY i.id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(resource)
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    let more: Vec<WaitingGrant> = tx
        .sql(
            "SELECT i.id, i.email, g.level, i.external, i.expires_at
             FROM invitation_grant g JOIN invitation i ON i.id = g.invitation_id
             JOIN resource r ON r.id = g.resource_id AND r.organization_id = i.organization_id
             WHERE g.resource_id = $1 AND i.state = 'pending' AND i.expires_at > $2
             ORDER BY g.invitation_id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(resource)
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    rows.extend(more);
    rows.sort_by_key(|row| row.id);
    Ok(rows)
}

/// The invitation into an organization that waits for an address and still works.
pub async fn find_pending(
    tx: &mut Tx,
    organization: OrganizationId,
    email_key: &str,
    now: Timestamp,
) -> Result<Option<Invitation>> {
    tx.sql(
        "SELECT i.id, i.organization_id, i.email, i.email_key, i.name, i.role, i.state, i.invited_by, i.sent_at, i.expires_at, i.resource_id, i.level, i.external, i.role_granted_by, i.limited
         FROM invitation i WHERE i.organization_id = $1 AND i.email_key = $2 AND i.state = 'pending' AND i.expires_at > $3",
    )
    .bind(organization)
    .bind(email_key.to_owned())
    .bind(now)
    .optional()
    .await
}

/// An invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    pub id: InvitationId,
    /// Into which organization.
    pub organization: OrganizationId,
    /// Email as typed.
    pub email: String,
    /// The email's comparison key.
    pub email_key: String,
    /// The name that was given with it.
    pub name: Option<String>,
    /// The role they will have.
    pub role: Role,
    /// What became of it.
    pub state: InvitationState,
    /// Who invited.
    pub invited_by: PersonId,
    /// When its link was last mailed.
    pub sent_at: Timestamp,
    /// When the link stops working.
    pub expires_at: Timestamp,
    /// For a Member: what they will reach, and how.
    pub reach: Option<(ResourceId, Level)>,
    /// Whether no membership comes with it: then the role says nothing.
    pub external: bool,
    /// Who answers for the role.
    pub role_by: PersonId,
    /// Whether the role will count in chosen accounts only (ACCT-2).
    pub limited: bool,
    /// Whether it was found by a link that a newer one took the place of.
    pub replaced: bool,
}

from_columns! {
    Invitation: id: InvitationId, organization_id: OrganizationId, email: String, email_key: String,
        name: Option<String>, role: Role, state: InvitationState, invited_by: PersonId, sent_at: Timestamp,
        expires_at: Timestamp, resource_id: Option<ResourceId>, level: Option<Level>, external: bool,
        role_granted_by: Option<PersonId>, limited: bool;
    Self {
        id,
        organization: organization_id,
        email,
        email_key,
        name,
        role,
        state,
        invited_by,
        sent_at,
        expires_at,
        reach: resource_id.zip(level),
        external,
        role_by: role_granted_by.unwrap_or(invited_by),
        limited,
        replaced: false,
    }
}

/// An invitation by the digest of a token that a newer one took the place of (PEOPLE-10).
pub async fn find_by_old_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Invitation>> {
    let row: Option<Invitation> = tx
        .sql(
            "SELECT i.id, i.organization_id, i.email, i.email_key, i.name, i.role, i.state, i.invited_by, i.sent_at, i.expires_at, i.resource_id, i.level, i.external, i.role_granted_by, i.limited
             FROM invitation_old_link k JOIN invitation i ON i.id = k.invitation_id JOIN active_organization l ON l.id = i.organization_id
             WHERE k.token_hash = $1",
        )
        .bind(token_hash.to_owned())
        .optional()
        .await?;
    Ok(row.map(|found| Invitation { replaced: true, ..found }))
}

/// An invitation by the digest of its token. Those of a deleted organization do not exist (attack 17).
pub async fn find_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Invitation>> {
    tx.sql(
        "SELECT i.id, i.organization_id, i.email, i.email_key, i.name, i.role, i.state, i.invited_by, i.sent_at, i.expires_at, i.resource_id, i.level, i.external, i.role_granted_by, i.limited
         FROM invitation i JOIN active_organization l ON l.id = i.organization_id
         WHERE i.token_hash = $1",
    )
    .bind(token_hash.to_owned())
    .optional()
    .await
}

/// An invitation by id. Those of a deleted organization do not exist.
pub async fn find(tx: &mut Tx, id: InvitationId) -> Result<Option<Invitation>> {
    tx.sql(
        "SELECT i.id, i.organization_id, i.email, i.email_key, i.name, i.role, i.state, i.invited_by, i.sent_at, i.expires_at, i.resource_id, i.level, i.external, i.role_granted_by, i.limited
         FROM invitation i JOIN active_organization l ON l.id = i.organization_id
         WHERE i.id = $1",
    )
    .bind(id)
    .optional()
    .await
}

/// Whether an email has an unanswered invitation to join an organization that still works (XFER-6).
pub async fn is_pending(tx: &mut Tx, organization: OrganizationId, email_key: &str, now: Timestamp) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation i JOIN active_organization l ON l.id = i.organization_id
         WHERE i.email_key = $1 AND i.organization_id = $2 AND i.state = 'pending' AND i.expires_at > $3 AND NOT i.external",
    )
    .bind(email_key.to_owned())
    .bind(organization)
    .bind(now)
    .number()
    .await
    .map(|n| n > 0)
}

/// Answers an invitation, once: returns whether it was still pending.
pub async fn update_state(tx: &mut Tx, id: InvitationId, state: InvitationState, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE invitation SET state = $2, answered_at = $3 WHERE id = $1 AND state = 'pending'")
        .bind(id)
        .bind(state)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Changes the role of a pending invitation into the permit's organization; what came along for a Member ends with any
/// other role, and one to reach something from outside becomes one to join. Returns whether it was still pending.
pub async fn update_role(tx: &mut Tx, permit: &RolePermit, id: InvitationId, role: Role) -> Result<bool> {
    tx.sql(
        "UPDATE invitation SET role = $3, external = FALSE, role_granted_by = $5, access_granted_by = COALESCE(access_granted_by, invited_by), owners_notified_at = NULL,
            resource_id = CASE WHEN $4 THEN resource_id ELSE NULL END, level = CASE WHEN $4 THEN level ELSE NULL END
         WHERE id = $1 AND organization_id = $2 AND state = 'pending'",
    )
    .bind(id)
    .bind(permit.organization())
    .bind(role)
    .bind(role == Role::Member)
    .bind(permit.person())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Makes the role of a pending invitation count in every account.
pub async fn delete_accounts(tx: &mut Tx, permit: &RolePermit, id: InvitationId) -> Result<()> {
    tx.sql("UPDATE invitation SET limited = FALSE WHERE id = $1 AND organization_id = $2 AND state = 'pending'")
        .bind(id)
        .bind(permit.organization())
        .execute()
        .await?;
    tx.sql("DELETE FROM invitation_account WHERE invitation_id = $1").bind(id).execute().await.map(|_| ())
}

/// Notes that the Owners are told that the sender of a pending invitation may no longer send it; `false` if they were before.
pub async fn update_owners_told(tx: &mut Tx, id: InvitationId, at: Timestamp) -> Result<bool> {
    tx.sql("UPDATE invitation SET owners_notified_at = $2 WHERE id = $1 AND state = 'pending' AND owners_notified_at IS NULL")
        .bind(id)
        .bind(at)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// Gives a pending invitation a new link; the one before stops working (PEOPLE-3). From now on the sender answers for
/// everything that it gives. Returns whether it was still pending.
pub async fn update_link(
    tx: &mut Tx,
    permit: &RolePermit,
    id: InvitationId,
    token_hash: &str,
    mail: MailId,
    (sent_at, expires_at): (Timestamp, Timestamp),
) -> Result<bool> {
    // This runs first, while the invitation still has the digest of the old link.
    tx.sql(
        "INSERT INTO invitation_old_link (token_hash, invitation_id)
         SELECT token_hash, id FROM invitation WHERE id = $1 AND organization_id = $2 AND state = 'pending'",
    )
    .bind(id)
    .bind(permit.organization())
    .execute()
    .await?;
    tx.sql("UPDATE invitation_grant SET granted_by = $2 WHERE invitation_id = $1")
        .bind(id)
        .bind(permit.person())
        .execute()
        .await?;
    tx.sql(
        "UPDATE invitation SET token_hash = $3, mail_id = $4, sent_at = $5, expires_at = $6, send_count = send_count + 1,
            invited_by = $7, role_granted_by = NULL, access_granted_by = NULL, owners_notified_at = NULL
         WHERE id = $1 AND organization_id = $2 AND state = 'pending'",
    )
    .bind(id)
    .bind(permit.organization())
    .bind(token_hash.to_owned())
    .bind(mail)
    .bind(sent_at)
    .bind(expires_at)
    .bind(permit.person())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Takes back the invitations of some addresses that have expired, so that new ones can be sent.
pub async fn revoke_expired(tx: &mut Tx, permit: &RolePermit, email_keys: &[String], now: Timestamp) -> Result<u64> {
    let mut revoked = 0;
    for chunk in email_keys.chunks(CHUNK) {
        revoked += tx
            .sql_list(
                "UPDATE invitation SET state = 'revoked', answered_at = {2}
                 WHERE organization_id = {1} AND state = 'pending' AND expires_at <= {2} AND email_key IN ({ids})",
                chunk,
            )
            .bind(permit.organization())
            .bind(now)
            .execute()
            .await?;
    }
    Ok(revoked)
}

/// Which of some addresses have an invitation into an organization that waits and still works.
pub async fn list_known(
    tx: &mut Tx,
    organization: OrganizationId,
    email_keys: &[String],
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for chunk in email_keys.chunks(CHUNK) {
        let rows: Vec<String> = tx
            .sql_list(
                "SELECT email_key FROM invitation
                 WHERE organization_id = {1} AND state = 'pending' AND expires_at > {2} AND email_key IN ({ids})",
                chunk,
            )
            .bind(organization)
            .bind(now)
            .column()
            .await?;
        known.extend(rows);
    }
    Ok(known)
}

/// How many invitations one person has sent since a moment, those sent again among them (attack 27).
pub async fn count_sent_by(tx: &mut Tx, person: PersonId, since: Timestamp) -> Result<u64> {
    tx.sql(
        "SELECT CAST(COALESCE(SUM(send_count), 0) AS BIGINT) FROM invitation WHERE invited_by = $1 AND sent_at >= $2",
    )
    .bind(person)
    .bind(since)
    .count()
    .await
}

/// How many invitations an organization has sent since a moment, those sent again among them (attack 27).
pub async fn count_sent_of(tx: &mut Tx, organization: OrganizationId, since: Timestamp) -> Result<u64> {
    tx.sql("SELECT CAST(COALESCE(SUM(send_count), 0) AS BIGINT) FROM invitation WHERE organization_id = $1 AND sent_at >= $2")
    .bind(organization)
    .bind(since)
    .count()
    .await
}

/// How many invitations went to each of some addresses since a moment, whoever sent them, those sent again among them
/// (attack 27).
pub async fn count_sent_to(tx: &mut Tx, email_keys: &[String], since: Timestamp) -> Result<Vec<(String, u64)>> {
    let mut counts = Vec::new();
    for chunk in email_keys.chunks(CHUNK) {
        let rows: Vec<(String, i64)> = tx
            .sql_list(
                "SELECT email_key, CAST(SUM(send_count) AS BIGINT) AS sent FROM invitation
                 WHERE email_key IN ({ids}) AND sent_at >= {1} GROUP BY email_key",
                chunk,
            )
            .bind(since)
            .all()
            .await?;
        counts.extend(rows.into_iter().map(|(key, sent)| (key, u64::try_from(sent).unwrap_or(0))));
    }
    Ok(counts)
}

/// How many invitations into an organization wait for an answer.
pub async fn count_pending(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM invitation WHERE organization_id = $1 AND state = 'pending'")
        .bind(organization)
        .count()
        .await
}

/// Whether an invitation into an organization waits for an answer, and can still be accepted.
pub async fn any_pending(tx: &mut Tx, organization: OrganizationId, now: Timestamp) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 AS one FROM invitation
            WHERE organization_id = $1 AND state = 'pending' AND expires_at > $2 AND NOT external LIMIT 1) AS first",
    )
    .bind(organization)
    .bind(now)
    .number()
    .await
    .map(|found| found > 0)
}

/// How many invitations into an organization to be in a role wait for an answer, and can still be accepted.
pub async fn count_pending_in_role(
    tx: &mut Tx,
    organization: OrganizationId,
    role: Role,
    now: Timestamp,
) -> Result<u64> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation
         WHERE organization_id = $1 AND state = 'pending' AND role = $2 AND expires_at > $3 AND NOT external",
    )
    .bind(organization)
    .bind(role)
    .bind(now)
    .count()
    .await
}

from_columns! {
    PendingInvitation: id: InvitationId, organization: String, invited_by: String, role: Role, external: bool,
        expires_at: Timestamp;
    Self { id, organization: Some(organization), invited_by: Some(invited_by), role, external, expires_at }
}

/// The invitations that wait for the answer of an address (PEOPLE-4), newest first.
pub async fn list_waiting(tx: &mut Tx, email_key: &str, now: Timestamp) -> Result<Vec<PendingInvitation>> {
    tx.sql(
        "SELECT i.id, o.name AS organization, p.first_name || ' ' || p.last_name AS invited_by, i.role, i.external, i.expires_at
         FROM invitation i JOIN organization o ON o.id = i.organization_id JOIN active_organization l ON l.id = o.id
         JOIN person p ON p.id = i.invited_by
         WHERE i.email_key = $1 AND i.state = 'pending' AND i.expires_at > $2
         ORDER BY i.id DESC LIMIT 50",
    )
    .bind(email_key.to_owned())
    .bind(now)
    .all()
    .await
}

/// A pending invitation in the people table.
#[derive(Debug, Clone)]
pub struct Invited {
    pub id: InvitationId,
    /// The name if one was given, else the email, as they are compared.
    pub name_key: String,
    /// The email's comparison key.
    pub email_key: String,
    /// The name that was given with it.
    pub name: Option<String>,
    pub email: String,
    /// The role they will have; none if no membership comes with it.
    pub role: Option<Role>,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

from_columns! {
    Invited: id: InvitationId, name_key: String, email_key: String, name: Option<String>, email: String, role: Role,
        external: bool, expires_at: Timestamp;
    Self { id, name_key, email_key, name, email, role: (!external).then_some(role), expires_at }
}

/// One page of the pending invitations of an organization, sorted as its people are; those that still work, those that
/// have expired, or both.
pub async fn list_pending(
    tx: &mut Tx,
    organization: OrganizationId,
    wanted: &PeopleFilter<'_>,
    (working, expired): (bool, bool),
    now: Timestamp,
) -> Result<Vec<Invited>> {
    macro_rules! invited {
        ($rest:literal) => {
            concat!(
                "SELECT i.id, i.name_key, i.email_key, i.name, i.email, i.role, i.external, i.expires_at FROM invitation i
                 WHERE i.organization_id = $1 AND i.state = 'pending'
                    AND (i.name_search LIKE $2 ESCAPE '!' OR i.email_key LIKE $2 ESCAPE '!') AND ($3 = '' OR (i.role = $3 AND NOT i.external))
                    AND (($6 AND i.expires_at > $8) OR ($7 AND i.expires_at <= $8)) AND ",
                $rest
            )
        };
    }
    // Invitations have no rank of their own and were never seen, so those orders fall back to the name.
    let sql = match (wanted.sort, wanted.descending) {
        (Sort::Name | Sort::Role | Sort::Status | Sort::LastSeen, false) => {
            invited!("(i.name_key, i.id) > ($4, $5) ORDER BY i.name_key, i.id LIMIT CAST($9 AS BIGINT)")
        }
        (Sort::Name | Sort::Role | Sort::Status | Sort::LastSeen, true) => {
            invited!("(i.name_key, i.id) < ($4, $5) ORDER BY i.name_key DESC, i.id DESC LIMIT CAST($9 AS BIGINT)")
        }
        (Sort::Email, false) => {
            invited!("(i.email_key, i.id) > ($4, $5) ORDER BY i.email_key, i.id LIMIT CAST($9 AS BIGINT)")
        }
        (Sort::Email, true) => {
            invited!("(i.email_key, i.id) < ($4, $5) ORDER BY i.email_key DESC, i.id DESC LIMIT CAST($9 AS BIGINT)")
        }
    };
    tx.sql(sql)
        .bind(organization)
        .bind(wanted.pattern.to_owned())
        .bind(wanted.role.map_or("", Role::as_str))
        .bind(wanted.after.key.clone())
        .bind(wanted.after.id)
        .bind(working)
        .bind(expired)
        .bind(now)
        .bind(wanted.limit)
        .all()
        .await
}

#[derive(FromRow)]
struct ListRow {
    id: InvitationId,
    email: String,
    name: Option<String>,
    role: Role,
    state: InvitationState,
    invited_by: String,
    created_at: Timestamp,
    sent_at: Timestamp,
    expires_at: Timestamp,
    resource_id: Option<ResourceId>,
    resource_name: Option<String>,
    level: Option<Level>,
    external: bool,
    name_key: String,
    mail_state: Option<MailState>,
    sender_role: Option<Role>,
}

/// One page of an organization's invitations in one state, by name; with the key that the page after it starts behind.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    state: InvitationState,
    after: &Cursor,
    limit: i64,
) -> Result<Vec<(RowView, String)>> {
    let rows: Vec<ListRow> = tx
        .sql(
            "SELECT i.id, i.email, i.name, i.role, i.state, p.first_name || ' ' || p.last_name AS invited_by, i.created_at, i.sent_at,
                i.expires_at, i.resource_id, r.name AS resource_name, i.level, i.external, i.name_key, o.state AS mail_state,
                (SELECT m.role FROM active_membership m WHERE m.organization_id = i.organization_id AND m.person_id = COALESCE(i.role_granted_by, i.invited_by)) AS sender_role
             FROM invitation i JOIN person p ON p.id = i.invited_by LEFT JOIN outbox o ON o.id = i.mail_id
             LEFT JOIN resource r ON r.id = i.resource_id AND r.organization_id = i.organization_id AND r.trashed_with IS NULL
             WHERE i.organization_id = $1 AND i.state = $2 AND (i.name_key, i.id) > ($3, $4)
             ORDER BY i.name_key, i.id LIMIT CAST($5 AS BIGINT)",
        )
        .bind(organization)
        .bind(state)
        .bind(after.key.clone())
        .bind(after.id)
        .bind(limit)
        .all()
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let sender = Sender { role: row.sender_role, level: None };
            let view = RowView {
                id: row.id,
                email: row.email,
                name: row.name,
                role: row.role,
                state: row.state,
                invited_by: row.invited_by,
                created_at: row.created_at,
                sent_at: row.sent_at,
                expires_at: row.expires_at,
                resource: row.resource_id,
                resource_name: row.resource_name,
                level: row.level,
                external: row.external,
                accounts: Vec::new(),
                // Whether access from outside still holds is decided where its resource is shown.
                sender_lost: !row.external && !still_valid(sender, Sent::Role(row.role)),
                undelivered: row.mail_state == Some(MailState::Failed),
            };
            (view, row.name_key)
        })
        .collect())
}

/// An invitation that somebody was sent, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct SentInvitation {
    pub id: Uuid,
    /// The organization's name.
    pub organization: String,
    /// With which role.
    pub role: String,
    /// What became of it.
    pub state: String,
    pub created_at: i64,
    /// When its link stops working.
    pub expires_at: i64,
}

/// The invitations that were sent to an address.
pub async fn list_sent_to(tx: &mut Tx, email_key: &str, limit: i64) -> Result<Vec<SentInvitation>> {
    tx.sql(
        "SELECT i.id, o.name AS organization, i.role, i.state, i.created_at, i.expires_at
         FROM invitation i JOIN organization o ON o.id = i.organization_id WHERE i.email_key = $1 ORDER BY i.id LIMIT CAST($2 AS BIGINT)",
    )
    .bind(email_key.to_owned())
    .bind(limit)
    .all()
    .await
}

/// Forgets the invitations that were sent to an address: its account is being deleted (SET-2).
pub async fn delete_sent_to(tx: &mut Tx, email_key: &str) -> Result<u64> {
    tx.sql("DELETE FROM invitation WHERE email_key = $1").bind(email_key.to_owned()).execute().await
}
