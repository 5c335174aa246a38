//! Tables `offer` and `offer_item`: items offered to another organization (XFER-18).

use sqlx::FromRow;
use uuid::Uuid;

use super::{CHUNK, DbError, Result, Tx, read};
use crate::{
    domain::{
        id::{OfferId, OrganizationId, PersonId, ResourceId, TransferId},
        offer::OfferState,
        time::Timestamp,
        transfer::{NamedResource, Summary},
    },
    view::transfer::{OfferedItem, TransferDirection},
};

/// An offer as it is stored.
#[derive(Debug, Clone)]
pub struct Offer {
    /// Id.
    pub id: OfferId,
    /// The organization that offers.
    pub source: OrganizationId,
    /// The organization it is offered to.
    pub target: OrganizationId,
    /// Who offers.
    pub person: PersonId,
    /// Their name then.
    pub person_name: String,
    /// The source's name then.
    pub source_name: String,
    /// The target's name then.
    pub target_name: String,
    /// What they say to it.
    pub note: String,
    /// What became of it: as it was noted; see [`Offer::now`].
    pub state: OfferState,
    /// What was offered, as it is recognized.
    pub digest: String,
    /// The first of the items.
    pub items: Vec<NamedResource>,
    /// What was offered.
    pub what: Summary,
    /// When.
    pub created_at: Timestamp,
    /// Until when it can be taken.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Who answered it.
    pub answered_by: Option<PersonId>,
    /// Their name then.
    pub answered_name: Option<String>,
    /// The receipt.
    pub transfer: Option<TransferId>,
    /// Whether every item is still in the source.
    pub all_there: bool,
}

impl Offer {
    /// What became of it by now.
    pub fn now(&self, now: Timestamp) -> OfferState {
        self.state.now(self.expires_at, self.all_there, now)
    }
}

#[derive(FromRow)]
struct OfferRow {
    id: Uuid,
    source_organization_id: Uuid,
    target_organization_id: Uuid,
    person_id: Uuid,
    person_name: String,
    source_name: String,
    target_name: String,
    note: String,
    state: String,
    digest: String,
    content: String,
    created_at: i64,
    expires_at: i64,
    answered_at: Option<i64>,
    answered_by: Option<Uuid>,
    answered_by_name: Option<String>,
    transfer_id: Option<Uuid>,
    gone: bool,
}

impl TryFrom<OfferRow> for Offer {
    type Error = DbError;

    fn try_from(row: OfferRow) -> Result<Self> {
        let (items, what): (Vec<NamedResource>, Summary) = serde_json::from_str(&row.content)
            .map_err(|error| DbError::Inconsistent(format!("offer.content of {}: {error}", row.id)))?;
        Ok(Self {
            id: OfferId(row.id),
            source: OrganizationId(row.source_organization_id),
            target: OrganizationId(row.target_organization_id),
            person: PersonId(row.person_id),
            person_name: row.person_name,
            source_name: row.source_name,
            target_name: row.target_name,
            note: row.note,
            state: read("offer", "state", &row.state, OfferState::parse)?,
            digest: row.digest,
            items,
            what,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            answered_at: row.answered_at.map(Timestamp),
            answered_by: row.answered_by.map(PersonId),
            answered_name: row.answered_by_name,
            transfer: row.transfer_id.map(TransferId),
            all_there: !row.gone,
        })
    }
}

/// What is read of an offer: with whether something in an open one is gone.
macro_rules! offers {
    ($where_and_order:literal) => {
        concat!(
            "SELECT o.id, o.source_organization_id, o.target_organization_id, o.person_id, o.person_name, o.source_name, o.target_name, o.note, o.state, o.digest, o.content,
                o.created_at, o.expires_at, o.answered_at, o.answered_by, o.answered_by_name, o.transfer_id,
                (o.state = 'open' AND EXISTS (SELECT 1 FROM offer_item i WHERE i.offer_id = o.id AND NOT EXISTS (
                    SELECT 1 FROM resource r WHERE r.id = i.resource_id AND r.organization_id = o.source_organization_id AND r.trashed_with IS NULL))) AS gone
             FROM offer o WHERE ",
            $where_and_order
        )
    };
}

/// Notes an offer and its items.
///
/// # Errors
/// The database.
pub async fn insert(tx: &mut Tx, offer: &Offer, items: &[ResourceId]) -> Result<()> {
    let content = serde_json::to_string(&(&offer.items, &offer.what))
        .map_err(|error| DbError::Inconsistent(error.to_string()))?;
    tx.sql(
        "INSERT INTO offer (id, source_organization_id, target_organization_id, person_id, person_name, source_name, target_name, note, state, digest, content, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(offer.id.0)
    .bind(offer.source.0)
    .bind(offer.target.0)
    .bind(offer.person.0)
    .bind(offer.person_name.clone())
    .bind(offer.source_name.clone())
    .bind(offer.target_name.clone())
    .bind(offer.note.clone())
    .bind(offer.state.as_str())
    .bind(offer.digest.clone())
    .bind(content)
    .bind(offer.created_at.0)
    .bind(offer.expires_at.0)
    .execute()
    .await?;
    for chunk in items.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO offer_item (offer_id, resource_id)
             WITH listed(id) AS (VALUES {rows:1}) SELECT DISTINCT {1}, listed.id FROM listed",
            chunk,
            |statement, id| statement.bind(id.0),
        )
        .bind(offer.id.0)
        .execute()
        .await?;
    }
    Ok(())
}

/// An offer by id.
///
/// # Errors
/// The database.
pub async fn find(tx: &mut Tx, id: OfferId) -> Result<Option<Offer>> {
    let row: Option<OfferRow> = tx.sql(offers!("o.id = $1")).bind(id.0).optional().await?;
    row.map(TryInto::try_into).transpose()
}

/// The items of an offer.
///
/// # Errors
/// The database.
pub async fn list_items(tx: &mut Tx, id: OfferId) -> Result<Vec<ResourceId>> {
    let rows: Vec<(Uuid,)> = tx
        .sql("SELECT resource_id FROM offer_item WHERE offer_id = $1 ORDER BY resource_id LIMIT 10000")
        .bind(id.0)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(id,)| ResourceId(id)).collect())
}

/// Which offers are wanted.
#[derive(Debug, Clone, Copy)]
pub struct OfferFilter {
    /// Of this organization.
    pub organization: OrganizationId,
    /// Which way.
    pub direction: TransferDirection,
    /// Made by this person only.
    pub by: Option<PersonId>,
    /// Before this one.
    pub before: Option<OfferId>,
    /// The most.
    pub limit: i64,
}

/// Offers of an organization, or to it, newest first.
///
/// # Errors
/// The database.
pub async fn list(tx: &mut Tx, wanted: &OfferFilter) -> Result<Vec<Offer>> {
    let sql = match wanted.direction {
        TransferDirection::Out => offers!(
            "o.source_organization_id = $1 AND o.id < $2 AND ($3 IS NULL OR o.person_id = $3) ORDER BY o.id DESC LIMIT CAST($4 AS BIGINT)"
        ),
        TransferDirection::In => offers!(
            "o.target_organization_id = $1 AND o.id < $2 AND ($3 IS NULL OR o.person_id = $3) ORDER BY o.id DESC LIMIT CAST($4 AS BIGINT)"
        ),
    };
    let rows: Vec<OfferRow> = tx
        .sql(sql)
        .bind(wanted.organization.0)
        .bind(wanted.before.map_or(Uuid::max(), |id| id.0))
        .bind(wanted.by.map(|person| person.0))
        .bind(wanted.limit)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Offers that wait for an answer of an organization, those first that wait the shortest still.
///
/// # Errors
/// The database.
pub async fn list_waiting(tx: &mut Tx, target: OrganizationId, now: Timestamp, limit: i64) -> Result<Vec<Offer>> {
    let rows: Vec<OfferRow> = tx
        .sql(offers!(
            "o.target_organization_id = $1 AND o.state = 'open' AND o.expires_at > $2 ORDER BY o.expires_at, o.id LIMIT CAST($3 AS BIGINT)"
        ))
        .bind(target.0)
        .bind(now.0)
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Open offers that some resources are items of, by the resource.
///
/// # Errors
/// The database.
pub async fn list_open_of(
    tx: &mut Tx,
    resources: &[ResourceId],
    now: Timestamp,
) -> Result<Vec<(ResourceId, OfferId, String)>> {
    let mut found = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let ids: Vec<Uuid> = chunk.iter().map(|id| id.0).collect();
        let rows: Vec<(Uuid, Uuid, String)> = tx
            .sql_list(
                "SELECT i.resource_id, o.id, o.target_name FROM offer_item i CROSS JOIN offer o
                 WHERE i.resource_id IN ({ids}) AND o.id = i.offer_id AND o.state = 'open' AND o.expires_at > {1}",
                &ids,
            )
            .bind(now.0)
            .all()
            .await?;
        found.extend(rows.into_iter().map(|(resource, id, target)| (ResourceId(resource), OfferId(id), target)));
    }
    Ok(found)
}

/// The items that an organization offers now, at most `limit`.
///
/// # Errors
/// The database.
pub async fn list_open(tx: &mut Tx, source: OrganizationId, now: Timestamp, limit: i64) -> Result<Vec<OfferedItem>> {
    let rows: Vec<(Uuid, Uuid, String)> = tx
        .sql(
            "SELECT i.resource_id, o.id, o.target_name FROM offer o CROSS JOIN offer_item i
             WHERE o.source_organization_id = $1 AND o.state = 'open' AND o.expires_at > $2 AND i.offer_id = o.id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(source.0)
        .bind(now.0)
        .bind(limit)
        .all()
        .await?;
    let offered = |(item, offer, target)| OfferedItem { item: ResourceId(item), offer: OfferId(offer), target };
    Ok(rows.into_iter().map(offered).collect())
}

/// How many offers somebody made since a moment.
///
/// # Errors
/// The database.
pub async fn count_made_by(tx: &mut Tx, person: PersonId, since: Timestamp) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM offer WHERE person_id = $1 AND created_at >= $2")
        .bind(person.0)
        .bind(since.0)
        .number()
        .await
        .map(|n| u64::try_from(n).unwrap_or(0))
}

/// How an offer was answered, or that it was withdrawn.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What became of it.
    pub state: OfferState,
    /// Who did that.
    pub by: PersonId,
    /// Their name.
    pub name: &'a str,
    /// The receipt.
    pub transfer: Option<TransferId>,
    /// When.
    pub at: Timestamp,
}

/// Notes how an open offer was answered; `false`: it is not open any more.
///
/// # Errors
/// The database.
pub async fn update_answered(tx: &mut Tx, id: OfferId, answer: &Answer<'_>) -> Result<bool> {
    tx.sql(
        "UPDATE offer SET state = $2, answered_by = $3, answered_by_name = $4, transfer_id = $5, answered_at = $6
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id.0)
    .bind(answer.state.as_str())
    .bind(answer.by.0)
    .bind(answer.name.to_owned())
    .bind(answer.transfer.map(|id| id.0))
    .bind(answer.at.0)
    .execute()
    .await
    .map(|changed| changed > 0)
}

/// The addresses of the first Owners and Managers of an organization: who is told of an offer.
///
/// # Errors
/// The database.
pub async fn list_addresses(tx: &mut Tx, target: OrganizationId, limit: i64) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = tx
        .sql(
            "SELECT p.email FROM membership m CROSS JOIN person p WHERE m.organization_id = $1 AND m.role_rank <= 1 AND p.id = m.person_id
             ORDER BY m.role_rank, m.name_key, m.person_id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(target.0)
        .bind(limit)
        .all()
        .await?;
    Ok(rows.into_iter().map(|(email,)| email).collect())
}
