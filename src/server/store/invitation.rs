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

/// An invitation by the digest of its token; nobody is invited into an organization that was deleted.
///
/// # Errors
/// The database.
pub async fn find_by_token(tx: &mut Tx, token_hash: &str) -> Result<Option<Invitation>> {
    let row: Option<InvitationRow> = tx
        .sql(
            "SELECT i.id, i.organization_id, i.email_key, i.role, i.state, i.invited_by, i.expires_at
             FROM invitation i JOIN living_organization l ON l.id = i.organization_id WHERE i.token_hash = $1",
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
        "SELECT CAST(COUNT(*) AS BIGINT) FROM invitation i JOIN living_organization l ON l.id = i.organization_id
         WHERE i.email_key = $1 AND i.organization_id = $2 AND i.state = 'pending' AND i.expires_at > $3",
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
