//! Table `billing_contact`: whom to write to about money (ORG-4).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx};
use crate::{
    domain::{
        billing::Contact,
        id::{ContactId, OrganizationId},
        permit::RolePermit,
        time::Timestamp,
    },
    view::billing::ContactView,
};

#[derive(FromRow)]
struct ContactRow {
    id: Uuid,
    name: String,
    email: String,
    phone: Option<String>,
}

impl From<ContactRow> for ContactView {
    fn from(row: ContactRow) -> Self {
        Self { id: ContactId(row.id), name: row.name, email: row.email, phone: row.phone }
    }
}

/// Adds a contact to the permit's organization.
///
/// # Errors
/// `Taken` if the address is a contact already.
pub async fn insert(tx: &mut Tx, permit: &RolePermit, id: ContactId, new: &Contact, at: Timestamp) -> Result<()> {
    tx.sql(
        "INSERT INTO billing_contact (id, organization_id, name, email, email_key, phone, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id.0)
    .bind(permit.organization().0)
    .bind(new.name.clone())
    .bind(new.email.as_str().to_owned())
    .bind(new.email.key())
    .bind(new.phone.clone())
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}

/// Changes a contact of the permit's organization; whether there is one.
///
/// # Errors
/// `Taken` if the address is another contact's.
pub async fn update(tx: &mut Tx, permit: &RolePermit, id: ContactId, new: &Contact) -> Result<bool> {
    tx.sql(
        "UPDATE billing_contact SET name = $3, email = $4, email_key = $5, phone = $6
         WHERE id = $1 AND organization_id = $2",
    )
    .bind(id.0)
    .bind(permit.organization().0)
    .bind(new.name.clone())
    .bind(new.email.as_str().to_owned())
    .bind(new.email.key())
    .bind(new.phone.clone())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Removes a contact of the permit's organization; whether there was one.
///
/// # Errors
/// The database.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, id: ContactId) -> Result<bool> {
    tx.sql("DELETE FROM billing_contact WHERE id = $1 AND organization_id = $2")
        .bind(id.0)
        .bind(permit.organization().0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// A contact of an organization.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, organization: OrganizationId, id: ContactId) -> Result<Option<ContactView>> {
    let row: Option<ContactRow> = tx
        .sql("SELECT id, name, email, phone FROM billing_contact WHERE id = $1 AND organization_id = $2")
        .bind(id.0)
        .bind(organization.0)
        .optional()
        .await?;
    Ok(row.map(Into::into))
}

/// The contact of an organization that has an address.
///
/// # Errors
/// The database.
pub async fn find_by_email(tx: &mut Tx, organization: OrganizationId, email_key: &str) -> Result<Option<ContactId>> {
    let row: Option<(Uuid,)> = tx
        .sql("SELECT id FROM billing_contact WHERE organization_id = $1 AND email_key = $2")
        .bind(organization.0)
        .bind(email_key.to_owned())
        .optional()
        .await?;
    Ok(row.map(|(id,)| ContactId(id)))
}

/// The contacts of an organization, oldest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<ContactView>> {
    let rows: Vec<ContactRow> = tx
        .sql("SELECT id, name, email, phone FROM billing_contact WHERE organization_id = $1 ORDER BY id LIMIT 100")
        .bind(organization.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
