//! Table `purchase_request`: what Owners asked the operator for, and what became of it (ORG-8).

use sqlx::FromRow;
use uuid::Uuid;

use super::{Result, Tx, read};
use crate::{
    domain::{
        billing::{RequestState, RequestedLicence},
        id::{OrganizationId, PersonId, RequestId},
        licence::{Model, Product},
        permit::RolePermit,
        time::Timestamp,
    },
    view::billing::RequestView,
};

/// Adds a request of the permit's organization.
///
/// # Errors
/// The database.
pub async fn insert(
    tx: &mut Tx,
    permit: &RolePermit,
    id: RequestId,
    person_name: &str,
    wanted: &RequestedLicence,
    at: Timestamp,
) -> Result<()> {
    tx.sql(
        "INSERT INTO purchase_request (id, organization_id, person_id, person_name, product, model, images, projects, credits, seats,
            message, contact_name, contact_email, contact_phone, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'open', $15)",
    )
    .bind(id.0)
    .bind(permit.organization().0)
    .bind(permit.person().0)
    .bind(person_name.to_owned())
    .bind(wanted.product.map(Product::as_str))
    .bind(wanted.model.map(Model::as_str))
    .bind(wanted.images)
    .bind(wanted.projects)
    .bind(wanted.credits)
    .bind(wanted.seats)
    .bind(wanted.message.clone())
    .bind(wanted.contact.name.clone())
    .bind(wanted.contact.email.as_str().to_owned())
    .bind(wanted.contact.phone.clone())
    .bind(at.0)
    .execute()
    .await
    .map(|_| ())
}

/// Closes a request that is open; whether it was.
///
/// # Errors
/// The database.
pub async fn update_closed(
    tx: &mut Tx,
    id: RequestId,
    state: RequestState,
    answer: Option<&str>,
    at: Timestamp,
) -> Result<bool> {
    tx.sql("UPDATE purchase_request SET state = $2, answer = $3, closed_at = $4 WHERE id = $1 AND state = 'open'")
        .bind(id.0)
        .bind(state.as_str())
        .bind(answer.map(str::to_owned))
        .bind(at.0)
        .execute()
        .await
        .map(|rows| rows > 0)
}

/// How many requests an organization and a person have sent since a moment.
///
/// # Errors
/// The database.
pub async fn count_since(
    tx: &mut Tx,
    organization: OrganizationId,
    person: PersonId,
    since: Timestamp,
) -> Result<(u64, u64)> {
    let (from_organization, from_person): (i64, i64) = tx
        .sql(
            "SELECT
                CAST((SELECT COUNT(*) FROM purchase_request WHERE organization_id = $1 AND created_at > $3) AS BIGINT) AS from_organization,
                CAST((SELECT COUNT(*) FROM purchase_request WHERE person_id = $2 AND created_at > $3) AS BIGINT) AS from_person",
        )
        .bind(organization.0)
        .bind(person.0)
        .bind(since.0)
        .one()
        .await?;
    Ok((u64::try_from(from_organization).unwrap_or(0), u64::try_from(from_person).unwrap_or(0)))
}

#[derive(FromRow)]
struct RequestRow {
    id: Uuid,
    organization_id: Uuid,
    organization_name: String,
    org_id: String,
    person_name: String,
    product: Option<String>,
    model: Option<String>,
    images: Option<i64>,
    projects: Option<i64>,
    credits: Option<i64>,
    seats: Option<i64>,
    message: Option<String>,
    contact_name: String,
    contact_email: String,
    contact_phone: Option<String>,
    state: String,
    answer: Option<String>,
    created_at: i64,
    closed_at: Option<i64>,
}

impl TryFrom<RequestRow> for RequestView {
    type Error = super::DbError;

    fn try_from(row: RequestRow) -> Result<Self> {
        let word = |column: &str, word: Option<String>| word.map(|word| (column.to_owned(), word));
        let product = word("product", row.product)
            .map(|(column, word)| read("purchase_request", &column, &word, Product::parse))
            .transpose()?;
        let model = word("model", row.model)
            .map(|(column, word)| read("purchase_request", &column, &word, Model::parse))
            .transpose()?;
        Ok(Self {
            id: RequestId(row.id),
            organization: OrganizationId(row.organization_id),
            organization_name: row.organization_name,
            org_id: row.org_id,
            by_name: row.person_name,
            product,
            model,
            images: row.images,
            projects: row.projects,
            credits: row.credits,
            seats: row.seats,
            message: row.message,
            contact_name: row.contact_name,
            contact_email: row.contact_email,
            contact_phone: row.contact_phone,
            state: read("purchase_request", "state", &row.state, RequestState::parse)?,
            answer: row.answer,
            created_at: Timestamp(row.created_at),
            closed_at: row.closed_at.map(Timestamp),
        })
    }
}

/// Requests with what their organization is called, one text, so that all lists show the same.
macro_rules! requests {
    ($where_and_order:literal) => {
        concat!(
            "SELECT q.id, q.organization_id, o.name AS organization_name, o.org_id, q.person_name, q.product, q.model, q.images, q.projects,
                q.credits, q.seats, q.message, q.contact_name, q.contact_email, q.contact_phone, q.state, q.answer, q.created_at, q.closed_at
             FROM purchase_request q JOIN organization o ON o.id = q.organization_id WHERE ",
            $where_and_order
        )
    };
}

/// A request.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: RequestId) -> Result<Option<RequestView>> {
    let row: Option<RequestRow> = tx.sql(requests!("q.id = $1")).bind(id.0).optional().await?;
    row.map(TryInto::try_into).transpose()
}

/// A page of an organization's requests, newest first, behind one.
///
/// # Errors
/// The database.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<RequestView>> {
    let rows: Vec<RequestRow> = tx
        .sql(requests!("q.organization_id = $1 AND q.id < $2 ORDER BY q.id DESC LIMIT CAST($3 AS BIGINT)"))
        .bind(organization.0)
        .bind(before.map_or(Uuid::max(), |id| id.0))
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A page of all requests, or of those in a state, newest first, behind one: what the operator lists.
///
/// # Errors
/// The database.
pub async fn list_all(
    tx: &mut Tx,
    state: Option<RequestState>,
    before: Option<RequestId>,
    limit: i64,
) -> Result<Vec<RequestView>> {
    let before = before.map_or(Uuid::max(), |id| id.0);
    let rows: Vec<RequestRow> = match state {
        Some(state) => {
            tx.sql(requests!("q.state = $2 AND q.id < $1 ORDER BY q.id DESC LIMIT CAST($3 AS BIGINT)"))
                .bind(before)
                .bind(state.as_str())
                .bind(limit)
                .all()
                .await?
        }
        None => {
            tx.sql(requests!("q.id < $1 ORDER BY q.id DESC LIMIT CAST($2 AS BIGINT)"))
                .bind(before)
                .bind(limit)
                .all()
                .await?
        }
    };
    rows.into_iter().map(TryInto::try_into).collect()
}
