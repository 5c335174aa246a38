//! Table `billing_contact`: whom to write to about money (ORG-4).

use super::{Result, Tx, values::from_columns};
use crate::{
    domain::{
        billing::Contact,
        id::{ContactId, OrganizationId},
        permit::RolePermit,
        time::Timestamp,
    },
    view::billing::ContactView,
};

from_columns! {
    ContactView: id: ContactId, name: String, email: String, phone: Option<String>;
    Self { id, name, email, phone }
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
    .bind(id)
    .bind(permit.organization())
    .bind(new.name.clone())
    .bind(new.email.as_str().to_owned())
    .bind(new.email.key())
    .bind(new.phone.clone())
    .bind(at)
    .execute()
    .await
    .map(|_| ())
}

/// Changes a contact of the permit's organization; returns whether there is one.
///
/// # Errors
/// `Taken` if the address is another contact's.
pub async fn update(tx: &mut Tx, permit: &RolePermit, id: ContactId, new: &Contact) -> Result<bool> {
    tx.sql(
        "UPDATE billing_contact SET name = $3, email = $4, email_key = $5, phone = $6
         WHERE id = $1 AND organization_id = $2",
    )
    .bind(id)
    .bind(permit.organization())
    .bind(new.name.clone())
    .bind(new.email.as_str().to_owned())
    .bind(new.email.key())
    .bind(new.phone.clone())
    .execute()
    .await
    .map(|rows| rows > 0)
}

/// Removes a contact of the permit's organization; returns whether there was one.
pub async fn delete(tx: &mut Tx, permit: &RolePermit, id: ContactId) -> Result<bool> {
    tx.sql("DELETE FROM billing_contact WHERE id = $1 AND organization_id = $2")
        .bind(id)
        .bind(permit.organization())
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// A contact of an organization.
pub async fn find(tx: &mut Tx, organization: OrganizationId, id: ContactId) -> Result<Option<ContactView>> {
    tx.sql("SELECT id, name, email, phone FROM billing_contact WHERE id = $1 AND organization_id = $2")
        .bind(id)
        .bind(organization)
        .optional()
        .await
}

/// The contact of an organization that has an address.
pub async fn find_by_email(tx: &mut Tx, organization: OrganizationId, email_key: &str) -> Result<Option<ContactId>> {
    tx.sql("SELECT id FROM billing_contact WHERE organization_id = $1 AND email_key = $2")
        .bind(organization)
        .bind(email_key.to_owned())
        .value()
        .await
}

/// The contacts of an organization, oldest first.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<ContactView>> {
    tx.sql("SELECT id, name, email, phone FROM billing_contact WHERE organization_id = $1 ORDER BY id LIMIT 100")
        .bind(organization)
        .all()
        .await
}
