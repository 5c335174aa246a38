//! First steps (ORG-9): how far an organization has come, for the welcome page and for its Home.

use crate::{
    domain::{
        first_steps::{FirstSteps, is_new, processing_licence, takes_first_steps},
        id::OrganizationId,
        licence::{Licence, last_day},
        refusal::Refusal,
    },
    server::{
        context::{Ctx, Principal},
        error::Result,
        store::{Tx, invitation, licence, membership, organization, person, storage},
        usecase::organization::find_with_role,
    },
    view::first_steps::{FirstStepsView, ProcessingLicence, StartedOrganization},
};

/// The first steps for the Home of an organization, or for somebody's welcome page where `org` is empty. `None` where nothing is
/// left to do, and for who has hidden them.
///
/// # Errors
/// `NotFound` if the reader may not see the organization; `Unauthenticated` if the person is gone.
pub async fn show(ctx: &Ctx, by: &Principal, org: &str, hidden: bool) -> Result<Option<FirstStepsView>> {
    if hidden {
        return Ok(None);
    }
    let view = if org.is_empty() { of_person(ctx, by).await? } else { of_organization(ctx, by, org).await? };
    Ok(view.filter(|view| view.steps.is_open()))
}

/// Those of the newest organization that somebody owns, while it is new; or how to begin, where they are in none and may create
/// one.
async fn of_person(ctx: &Ctx, by: &Principal) -> Result<Option<FirstStepsView>> {
    let mut tx = ctx.db().read().await?;
    if let Some(newest) = organization::find_newest_owned(&mut tx, by.person).await? {
        if !is_new(newest.created_at, ctx.now()) {
            return Ok(None);
        }
        return of(&mut tx, ctx, by, newest).await.map(Some);
    }
    // Who belongs to one at most has no other than a personal space.
    let used = organization::list_used(&mut tx, by.person, 2).await?;
    if used.iter().any(|one| !one.personal) || !ctx.policy().has_founding() {
        return Ok(None);
    }
    let me = person::find(&mut tx, by.person).await?.ok_or(Refusal::Unauthenticated)?;
    let steps = FirstSteps { email_verified: me.email_verified, ..FirstSteps::default() };
    Ok(Some(FirstStepsView { steps, email: me.email, organization: None, processing: None }))
}

/// Those of an organization, for its Owners and Managers, while it is new. A personal space has none.
async fn of_organization(ctx: &Ctx, by: &Principal, org: &str) -> Result<Option<FirstStepsView>> {
    let mut tx = ctx.db().read().await?;
    let (found, role) = find_with_role(&mut tx, by, org).await?;
    if found.space_of.is_some() || !takes_first_steps(role) || !is_new(found.created_at, ctx.now()) {
        return Ok(None);
    }
    let organization =
        organization::Founded { id: found.id, org_id: found.org_id, name: found.name, created_at: found.created_at };
    of(&mut tx, ctx, by, organization).await.map(Some)
}

async fn of(tx: &mut Tx, ctx: &Ctx, by: &Principal, organization: organization::Founded) -> Result<FirstStepsView> {
    let (id, now) = (organization.id, ctx.now());
    let me = person::find(tx, by.person).await?.ok_or(Refusal::Unauthenticated)?;
    let processing = processing(tx, ctx, id).await?;
    let steps = FirstSteps {
        email_verified: me.email_verified,
        organization: true,
        files: storage::any_file(tx, id).await?,
        colleague: membership::any_other(tx, id, by.person).await? || invitation::any_pending(tx, id, now).await?,
        processing: processing.is_some(),
    };
    let organization = Some(StartedOrganization { org_id: organization.org_id, name: organization.name });
    Ok(FirstStepsView { steps, email: me.email, organization, processing })
}

/// The licence that turns processing on in some account of an organization.
async fn processing(tx: &mut Tx, ctx: &Ctx, id: OrganizationId) -> Result<Option<ProcessingLicence>> {
    let now = ctx.now();
    let usable = licence::list_usable(tx, id, now).await?;
    let licences: Vec<Licence> = usable.iter().map(|stored| stored.licence.clone()).collect();
    let Some(governing) = processing_licence(&licences, now) else { return Ok(None) };
    Ok(Some(ProcessingLicence {
        product: governing.product,
        trial: governing.trial,
        last_day: governing.active_until.map(last_day),
    }))
}
