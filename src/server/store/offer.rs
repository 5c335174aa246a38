//! Tables `offer` and `offer_item`: items offered to another organization (XFER-18).

use uuid::Uuid;

use super::{
    CHUNK, DbError, Result, Tx,
    values::{Json, from_columns},
};
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
    /// The state as stored. An open offer may have expired since: see [`Offer::now`].
    pub state: OfferState,
    /// Digest of what was offered, to see that it is still the same.
    pub digest: String,
    /// The first of the items.
    pub items: Vec<NamedResource>,
    /// What was offered.
    pub what: Summary,
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
    /// The state at a moment, with expiry and missing items taken into account.
    pub fn now(&self, now: Timestamp) -> OfferState {
        self.state.now(self.expires_at, self.all_there, now)
    }
}

from_columns! {
    Offer: id: OfferId,
    source_organization_id: OrganizationId,
    target_organization_id: OrganizationId,
    person_id: PersonId,
    person_name: String,
    source_name: String,
    target_name: String,
    note: String,
    state: OfferState,
    digest: String,
    content: Json<(Vec<NamedResource>, Summary)>,
    created_at: Timestamp,
    expires_at: Timestamp,
    answered_at: Option<Timestamp>,
    answered_by: Option<PersonId>,
    answered_by_name: Option<String>,
    transfer_id: Option<TransferId>, all_there: bool;
    Self {
            id,
            source: source_organization_id,
            target: target_organization_id,
            person: person_id,
        person_name,
            source_name,
        target_name,
            note,
            state,
        digest,
            items: content.0.0,
            what: content.0.1,
            created_at,
            expires_at,
            answered_at,
            answered_by,
            answered_name: answered_by_name,
            transfer: transfer_id,
            all_there,
        }
}

/// The columns of an offer. `all_there` is false once an item of an open offer is no longer in its source.
macro_rules! offers {
    ($where_and_order:literal) => {
        concat!(
            "SELECT o.id, o.source_organization_id, o.target_organization_id, o.person_id, o.person_name, o.source_name, o.target_name, o.note, o.state, o.digest, o.content,
                o.created_at, o.expires_at, o.answered_at, o.answered_by, o.answered_by_name, o.transfer_id,
                NOT (o.state = 'open' AND EXISTS (SELECT 1 FROM offer_item i WHERE i.offer_id = o.id AND NOT EXISTS (
                    SELECT 1 FROM resource r WHERE r.id = i.resource_id AND r.organization_id = o.source_organization_id AND r.trashed_with IS NULL))) AS all_there
             FROM offer o WHERE ",
            $where_and_order
        )
    };
}

/// Notes an offer and its items.
pub async fn insert(tx: &mut Tx, offer: &Offer, items: &[ResourceId]) -> Result<()> {
    let content = serde_json::to_string(&(&offer.items, &offer.what))
        .map_err(|error| DbError::Inconsistent(error.to_string()))?;
    tx.sql(
        "INSERT INTO offer (id, source_organization_id, target_organization_id, person_id, person_name, source_name, target_name, note, state, digest, content, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(offer.id)
    .bind(offer.source)
    .bind(offer.target)
    .bind(offer.person)
    .bind(offer.person_name.clone())
    .bind(offer.source_name.clone())
    .bind(offer.target_name.clone())
    .bind(offer.note.clone())
    .bind(offer.state)
    .bind(offer.digest.clone())
    .bind(content)
    .bind(offer.created_at)
    .bind(offer.expires_at)
    .execute()
    .await?;
    for chunk in items.chunks(CHUNK) {
        tx.sql_rows(
            "INSERT INTO offer_item (offer_id, resource_id)
             WITH listed(id) AS (VALUES {rows:1}) SELECT DISTINCT {1}, listed.id FROM listed",
            chunk,
            |statement, id| statement.bind(id),
        )
        .bind(offer.id)
        .execute()
        .await?;
    }
    Ok(())
}

/// An offer by id.
pub async fn find(tx: &mut Tx, id: OfferId) -> Result<Option<Offer>> {
    tx.sql(offers!("o.id = $1")).bind(id).optional().await
}

/// The items of an offer.
pub async fn list_items(tx: &mut Tx, id: OfferId) -> Result<Vec<ResourceId>> {
    tx.sql("SELECT resource_id FROM offer_item WHERE offer_id = $1 ORDER BY resource_id LIMIT 10000")
        .bind(id)
        .column()
        .await
}

/// Which offers are wanted.
#[derive(Debug, Clone, Copy)]
pub struct OfferFilter {
    /// Of this organization.
    pub organization: OrganizationId,
    /// Received or made.
    pub direction: TransferDirection,
    /// Made by this person only.
    pub by: Option<PersonId>,
    /// Before this one.
    pub before: Option<OfferId>,
    /// The maximum number of offers.
    pub limit: i64,
}

/// Offers of an organization, or to it, newest first.
pub async fn list(tx: &mut Tx, wanted: &OfferFilter) -> Result<Vec<Offer>> {
    let sql = match wanted.direction {
        TransferDirection::Out => offers!(
            "o.source_organization_id = $1 AND o.id < $2 AND ($3 IS NULL OR o.person_id = $3) ORDER BY o.id DESC LIMIT CAST($4 AS BIGINT)"
        ),
        TransferDirection::In => offers!(
            "o.target_organization_id = $1 AND o.id < $2 AND ($3 IS NULL OR o.person_id = $3) ORDER BY o.id DESC LIMIT CAST($4 AS BIGINT)"
        ),
    };
    tx.sql(sql)
        .bind(wanted.organization)
        .bind(wanted.before.map_or(Uuid::max(), |id| id.0))
        .bind(wanted.by)
        .bind(wanted.limit)
        .all()
        .await
}

/// Offers that an organization has yet to answer, those that expire first on top.
pub async fn list_waiting(tx: &mut Tx, target: OrganizationId, now: Timestamp, limit: i64) -> Result<Vec<Offer>> {
    tx
        .sql(offers!(
            "o.target_organization_id = $1 AND o.state = 'open' AND o.expires_at > $2 ORDER BY o.expires_at, o.id LIMIT CAST($3 AS BIGINT)"
        ))
        .bind(target)
        .bind(now)
        .bind(limit)
        .all()
        .await
}

/// Open offers that some resources are items of, by the resource.
pub async fn list_open_of(
    tx: &mut Tx,
    resources: &[ResourceId],
    now: Timestamp,
) -> Result<Vec<(ResourceId, OfferId, String)>> {
    let mut found = Vec::new();
    for chunk in resources.chunks(CHUNK) {
        let rows: Vec<(ResourceId, OfferId, String)> = tx
            .sql_list(
                "SELECT i.resource_id, o.id, o.target_name FROM offer_item i CROSS JOIN offer o
                 WHERE i.resource_id IN ({ids}) AND o.id = i.offer_id AND o.state = 'open' AND o.expires_at > {1}",
                chunk,
            )
            .bind(now)
            .all()
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// The items that an organization offers now, at most `limit`.
pub async fn list_open(tx: &mut Tx, source: OrganizationId, now: Timestamp, limit: i64) -> Result<Vec<OfferedItem>> {
    let rows: Vec<(ResourceId, OfferId, String)> = tx
        .sql(
            "SELECT i.resource_id, o.id, o.target_name FROM offer o CROSS JOIN offer_item i
             WHERE o.source_organization_id = $1 AND o.state = 'open' AND o.expires_at > $2 AND i.offer_id = o.id LIMIT CAST($3 AS BIGINT)",
        )
        .bind(source)
        .bind(now)
        .bind(limit)
        .all()
        .await?;
    let offered = |(item, offer, target)| OfferedItem { item, offer, target };
    Ok(rows.into_iter().map(offered).collect())
}

/// How many offers somebody made since a moment.
pub async fn count_made_by(tx: &mut Tx, person: PersonId, since: Timestamp) -> Result<u64> {
    tx.sql("SELECT CAST(COUNT(*) AS BIGINT) FROM offer WHERE person_id = $1 AND created_at >= $2")
        .bind(person)
        .bind(since)
        .count()
        .await
}

/// The answer to an offer, or its withdrawal.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// What became of it.
    pub state: OfferState,
    /// Who did that.
    pub by: PersonId,
    pub name: &'a str,
    /// The receipt.
    pub transfer: Option<TransferId>,
    pub at: Timestamp,
}

/// Stores the answer to an open offer; `false` if it is no longer open.
pub async fn update_answered(tx: &mut Tx, id: OfferId, answer: &Answer<'_>) -> Result<bool> {
    tx.sql(
        "UPDATE offer SET state = $2, answered_by = $3, answered_by_name = $4, transfer_id = $5, answered_at = $6
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id)
    .bind(answer.state)
    .bind(answer.by)
    .bind(answer.name.to_owned())
    .bind(answer.transfer)
    .bind(answer.at)
    .execute()
    .await
    .map(|changed| changed > 0)
}

/// The addresses of the first Owners and Managers of an organization: who is told of an offer.
pub async fn list_addresses(tx: &mut Tx, target: OrganizationId, limit: i64) -> Result<Vec<String>> {
    tx
        .sql(
        "SELECT p.email FROM membership m CROSS JOIN person p WHERE m.organization_id = $1 AND m.role_rank <= 1 AND p.id = m.person_id
         ORDER BY m.role_rank, m.name_key, m.person_id LIMIT CAST($2 AS BIGINT)",
        )
        .bind(target)
        .bind(limit)
        .column()
        .await
}
