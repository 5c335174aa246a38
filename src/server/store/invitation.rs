//! Table `invitation`.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::domain::{
    id::{InvitationId, OrganizationId, PersonId},
    invitation::State,
    role::{Role, RolePermit},
    time::Timestamp,
};

/// An invitation to be added.
#[derive(Debug)]
pub struct NewInvitation<'a> {
    /// Id.
    pub id: InvitationId,
    /// Email as typed.
    pub email: &'a str,
    /// Email as compared.
    pub email_key: &'a str,
    /// The invited person's name, where it was given.
    pub name: Option<&'a str>,
    /// The role they will have.
    pub role: Role,
    /// Digest of the link's token.
    pub token_hash: &'a str,
    /// Now.
    pub at: Timestamp,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

/// Adds an invitation into the permit's organization.
///
/// # Errors
/// `Taken` if one is pending for the same email.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, new: &NewInvitation<'_>) -> Result<()> {
    tx.sql(
        "INSERT INTO invitation (id, organization_id, email, email_key, name, role, token_hash, state, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10)",
    )
    .bind(new.id.0)
    .bind(permit.organization().0)
    .bind(new.email.to_owned())
    .bind(new.email_key.to_owned())
    .bind(new.name.map(str::to_owned))
    .bind(new.role.word())
    .bind(new.token_hash.to_owned())
    .bind(permit.person().0)
    .bind(new.at.0)
    .bind(new.expires_at.0)
    .execute()
    .await
    .map(|_| ())
}

/// An invitation.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Id.
    pub id: InvitationId,
    /// Into which organization.
    pub organization: OrganizationId,
    /// Whose email, as compared.
    pub email_key: String,
    /// With which role.
    pub role: Role,
    /// What became of it.
    pub state: State,
    /// Who invited.
    pub invited_by: PersonId,
    /// When the link stops working.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct InvitationRow {
    id: Uuid,
    organization_id: Uuid,
    email_key: String,
    role: String,
    state: String,
    invited_by: Uuid,
    expires_at: i64,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = super::DbError;

    fn try_from(row: InvitationRow) -> Result<Self> {
        Ok(Self {
            id: InvitationId(row.id),
            organization: OrganizationId(row.organization_id),
            email_key: row.email_key,
            role: read("invitation", "role", &row.role, Role::parse)?,
            state: read("invitation", "state", &row.state, State::parse)?,
            invited_by: PersonId(row.invited_by),
            expires_at: Timestamp(row.expires_at),
        })
    }
}

/// An invitation by the digest of its token.
///
/// # Errors
/// The database.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Invitation>> {
    let row: Option<InvitationRow> = tx
        .sql(
            "SELECT id, organization_id, email_key, role, state, invited_by, expires_at
             FROM invitation WHERE token_hash = $1",
        )
        .bind(token_hash.to_owned())
        .optional()
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// Whether an email has an unanswered invitation into an organization that still works (XFER-6).
///
/// # Errors
/// The database.
pub async fn is_pending(tx: &mut Tx, organization: OrganizationId, email_key: &str, now: Timestamp) -> Result<bool> {
    tx.sql(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation
         WHERE email_key = $1 AND organization_id = $2 AND state = 'pending' AND expires_at > $3",
    )
    .bind(email_key.to_owned())
    .bind(organization.0)
    .bind(now.0)
    .number()
    .await
    .map(|n| n > 0)
}

/// Answers an invitation, once: whether it was still pending.
///
/// # Errors
/// The database.
pub async fn update_state(tx: &mut Tx, id: InvitationId, state: State) -> Result<bool> {
    tx.sql("UPDATE invitation SET state = $2 WHERE id = $1 AND state = 'pending'")
        .bind(id.0)
        .bind(state.word())
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// An invitation that somebody was sent, for the export of their data.
#[derive(Debug, Clone, FromRow)]
pub struct SentInvitation {
    /// Id.
    pub id: Uuid,
    /// The organization's name.
    pub organization: String,
    /// With which role.
    pub role: String,
    /// What became of it.
    pub state: String,
    /// When.
    pub created_at: i64,
    /// When its link stops working.
    pub expires_at: i64,
}

/// The invitations that were sent to an address.
///
/// # Errors
/// The database.
pub async fn list_sent_to(tx: &mut Tx, email_key: &str, limit: i64) -> Result<Vec<SentInvitation>> {
    tx.sql(
        "SELECT i.id, o.name AS organization, i.role, i.state, i.created_at, i.expires_at
         FROM invitation i JOIN organization o ON o.id = i.organization_id WHERE i.email_key = $1 ORDER BY i.id LIMIT $2",
    )
    .bind(email_key.to_owned())
    .bind(limit)
    .all()
    .await
}

/// Forgets the invitations that were sent to an address: its account is being deleted (SET-2).
///
/// # Errors
/// The database.
pub async fn delete_sent_to(tx: &mut Tx, email_key: &str) -> Result<u64> {
    tx.sql("DELETE FROM invitation WHERE email_key = $1").bind(email_key.to_owned()).execute().await
}
