//! The invitations of an organization, for who manages its people.

use std::collections::BTreeMap;

use crate::{
    domain::{
        id::{InvitationId, OrganizationId},
        invitation::InvitationState,
        refusal::Refusal,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{
            Tx, invitation,
            membership::{self, Cursor},
            outbox,
        },
        usecase::{self, key as keys, organization, pager::Pager},
    },
    view::{
        Page,
        people::{InvitationRow, InvitationsView},
    },
};

use super::{review::team_permit, sender::no_sender_can_give};

pub use crate::server::store::outbox::Delivery;

/// How many rows a page of invitations has in the browser.
const PAGE_SIZE: i64 = 100;

/// One page of an organization's invitations in one state, for the API.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn list(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    state: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<InvitationRow>> {
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    keys::reach_the_whole(&mut tx, by, permit.organization()).await?;
    page(&mut tx, permit.organization(), state, cursor, usecase::limit(limit)?).await
}

/// [`list`], and what became of the mail of each.
///
/// # Errors
/// See [`list`].
pub async fn list_with_delivery(
    ctx: &Ctx,
    by: &Principal,
    org: &str,
    state: &str,
    cursor: &str,
    limit: Option<i64>,
) -> Result<Page<(InvitationRow, Option<Delivery>)>> {
    let page = list(ctx, by, org, state, cursor, limit).await?;
    let ids: Vec<InvitationId> = page.items.iter().map(|row| row.id).collect();
    let mut mails: BTreeMap<InvitationId, Delivery> =
        outbox::list_of_invitations(&mut ctx.db().read().await?, &ids).await?.into_iter().collect();
    Ok(page.map(|row| {
        let mail = mails.remove(&row.id);
        (row, mail)
    }))
}

async fn page(
    tx: &mut Tx,
    organization: OrganizationId,
    state: &str,
    cursor: &str,
    limit: i64,
) -> Result<Page<InvitationRow>> {
    let state = match state {
        "" => InvitationState::Pending,
        word => InvitationState::parse(word).map_err(|problem| Refusal::field("status", problem))?,
    };
    let pager = Pager::new(format!("{organization} invitations {}", state.as_str()));
    let after = pager.read(cursor)?.unwrap_or_else(|| Cursor::start(false));
    let rows = invitation::list(tx, organization, state, &after, limit + 1).await?;
    let page = pager.page(rows, limit, |(row, key)| Cursor { rank: 0, key: key.clone(), id: row.id.0 })?;
    let mut items: Vec<InvitationRow> = page.items.into_iter().map(|(row, _)| row).collect();
    let external: Vec<InvitationId> = items.iter().filter(|row| row.external).map(|row| row.id).collect();
    if state == InvitationState::Pending && !external.is_empty() {
        let promised = invitation::list_promised(tx, &external).await?;
        for row in items.iter_mut().filter(|row| row.external) {
            row.sender_lost = no_sender_can_give(promised.iter().filter(|one| one.invitation == row.id));
        }
    }
    let ids: Vec<InvitationId> = items.iter().map(|row| row.id).collect();
    for (id, name) in invitation::list_account_names(tx, &ids).await? {
        if let Some(row) = items.iter_mut().find(|row| row.id == id) {
            row.accounts.push(name);
        }
    }
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// The page Invitations of Manage People.
///
/// # Errors
/// `NotFound` and `Forbidden` by role; `Invalid` at a field of the query.
pub async fn view_list(ctx: &Ctx, by: &Principal, org: &str, state: &str, cursor: &str) -> Result<InvitationsView> {
    let mut tx = ctx.db().read().await?;
    let permit = team_permit(&mut tx, by, org).await?;
    Ok(InvitationsView {
        organization: organization::belonging(&mut tx, by, org).await?,
        rows: page(&mut tx, permit.organization(), state, cursor, PAGE_SIZE).await?,
        people: membership::count(&mut tx, permit.organization()).await?,
        waiting: invitation::count_pending(&mut tx, permit.organization()).await?,
    })
}
