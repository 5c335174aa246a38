//! Giving access, and changing the level of what was given (ACCESS-2, ACCESS-4, ROLE-1, LIC-4).

use crate::{
    domain::{
        access::Level,
        audit::Action,
        grant::{AccessOrigin, NewAccess},
        id::{GrantId, ResourceId},
        licence::Entitlement,
        refusal::Refusal,
        resource::Kind,
        role::Affiliation,
        transfer::Grantee,
    },
    paths,
    server::{
        context::{Ctx, Principal},
        error::Result,
        mail::{self, EmailMessage},
        store::{Tx, grant, membership, organization as organizations, outbox, resource},
        usecase::{
            self,
            audit::{self, AuditEvent},
            drive,
            mail_limit::MailBudget,
        },
    },
    view::access::{AccessGiven, AccessRow},
};

use super::{
    invite::ask,
    managed::{ManagedResource, team_access, topic},
    recipient::{GiveForm, KnownRecipient, Recipient, find_known, find_organization, find_person, receiver_of},
};

/// Gives access, or sets what was given to another level (ACCESS-2, ACCESS-4). An address that the organization does not
/// know is invited.
///
/// # Errors
/// `Invalid` at a field; `NotFound` and `Forbidden`, also for a person or an organization that does not exist for the
/// caller; `BadRequest` by ROLE-1; `Licence` (LIC-4); `EmailUnverified` for who invites; `RateLimited` for too many
/// invitations.
pub async fn give(ctx: &Ctx, by: &Principal, id: &str, form: &GiveForm) -> Result<AccessGiven> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let (whom, level, way) = form.read()?;
    // Whether an address is known shows later, in the transaction. Until then it counts as one email to a stranger.
    let budget = MailBudget::about(ctx, by, usize::from(matches!(whom, Recipient::Address(_))))?;
    let given: Result<AccessGiven> = ctx
        .db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found = match &whom {
                    Recipient::Address(email) => find_known(tx, &managed, email).await?,
                    Recipient::Person(person) => Some(find_person(tx, &managed, *person).await?),
                    Recipient::Organization(word) => Some(find_organization(tx, by, &managed, word).await?),
                };
                match (found, &whom) {
                    (Some(receiver), _) => give_to(tx, ctx, by, &managed, receiver, level).await.map(AccessGiven::Now),
                    (None, Recipient::Address(email)) => {
                        ask(tx, ctx, by, &managed, email, level, way).await.map(AccessGiven::Invited)
                    }
                    (None, _) => Err(Refusal::NotFound.into()),
                }
            })
        })
        .await;
    let given = given?;
    budget.sent(usize::from(matches!(given, AccessGiven::Invited(_))));
    Ok(given)
}

/// Sets a grant on the very resource to another level. A carried one becomes one made by hand.
///
/// # Errors
/// As [`give`]; `NotFound` for a grant on something else.
pub async fn change(ctx: &Ctx, by: &Principal, id: &str, grant_id: &str, level: &str) -> Result<AccessRow> {
    let id: ResourceId = usecase::id("id", id).map_err(|_| Refusal::NotFound)?;
    let grant_id: GrantId = usecase::id("grant", grant_id).map_err(|_| Refusal::NotFound)?;
    let level = Level::parse(level).map_err(|problem| Refusal::field("level", problem))?;
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let managed = ManagedResource::of(tx, by, id).await?;
                let found =
                    grant::find(tx, grant_id).await?.filter(|found| found.resource == id).ok_or(Refusal::NotFound)?;
                let receiver = receiver_of(tx, &managed, found.grantee).await?;
                give_to(tx, ctx, by, &managed, receiver, level).await
            })
        })
        .await
}

async fn give_to(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    managed: &ManagedResource,
    receiver: KnownRecipient,
    level: Level,
) -> Result<AccessRow> {
    let held = grant::find_of(tx, managed.id(), receiver.grantee).await?;
    let from = held.iter().map(|one| one.level).max();
    let gift = NewAccess { own: managed.own()?, name: &receiver.name, standing: receiver.standing, from, to: level };
    gift.check()?;
    let found = resource::find(tx, managed.id()).await?.ok_or(Refusal::NotFound)?;
    if gift.takes() == Entitlement::TeamAccess {
        team_access(tx, ctx, found.account).await??;
    }
    // A grant by hand replaces those that a transfer carried along.
    for carried in held.iter().filter(|one| one.carried) {
        grant::delete(tx, &managed.permit, carried.id).await?;
    }
    let by_hand = held.iter().find(|one| !one.carried);
    let id = by_hand.map_or_else(|| GrantId(ctx.id()), |one| one.id);
    let row = AccessRow {
        who: receiver.grantee,
        name: receiver.name,
        address: Some(receiver.address),
        role: match receiver.standing {
            Affiliation::In(role) if matches!(receiver.grantee, Grantee::Person(_)) => Some(role),
            _ => None,
        },
        level,
        origin: AccessOrigin::Direct,
        from: None,
        grant: Some(id),
    };
    if by_hand.is_some_and(|one| one.level == level) {
        return Ok(row);
    }
    let new =
        grant::NewGrant { id, resource: managed.id(), grantee: receiver.grantee, level, carried: false, at: ctx.now() };
    grant::upsert(tx, &managed.permit, &new).await?;
    let state = |level: Level| serde_json::json!({ "resource": managed.id(), "to": receiver.grantee, "name": row.name, "level": level });
    let action = if from.is_some() { Action::AccessChanged } else { Action::AccessGiven };
    let summary = match from {
        Some(from) => format!(
            "changed the access of {} to {} from {} to {}",
            row.name,
            managed.words(),
            from.label(),
            level.label()
        ),
        None => format!("gave {} {} access to {}", row.name, level.label(), managed.words()),
    };
    let what = AuditEvent {
        organization: Some(managed.permit.organization()),
        before: from.map(state),
        after: Some(state(level)),
        resources: vec![managed.id()],
        ..AuditEvent::new(action, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    // An email that still waits is replaced by one that says what is true now, so that a change of mind is not told in
    // several emails. Otherwise only more access is told.
    let waited = outbox::delete_held_about(tx, &topic(managed, row.who), ctx.now()).await? > 0;
    if waited || from.is_none_or(|from| from < level) {
        tell(tx, ctx, by, managed, &row).await?;
    }
    Ok(row)
}

/// Mails those to whom something was given: the person, or the Owners of the organization.
async fn tell(tx: &mut Tx, ctx: &Ctx, by: &Principal, managed: &ManagedResource, row: &AccessRow) -> Result<()> {
    let owner = organizations::find(tx, managed.permit.organization()).await?.ok_or(Refusal::NotFound)?;
    let location = drive::show::location(tx, owner.id, Some(managed.id())).await?;
    let container = location.container.map(|id| id.to_string()).unwrap_or_default();
    let path = paths::drive(&location.org_id, &container);
    let (to, group) = match row.who {
        Grantee::Person(person) if person == by.person => return Ok(()),
        Grantee::Person(_) => (row.address.iter().cloned().collect(), None),
        Grantee::Organization(organization) => {
            (membership::list_owner_addresses(tx, organization).await?, Some(row.name.as_str()))
        }
    };
    let name = if managed.kind() == Kind::Root { "the Drive" } else { managed.name() };
    let message = EmailMessage::AccessGiven {
        organization: &owner.name,
        path: &path,
        resource: name,
        by: &by.name,
        level: row.level,
        group,
    };
    let topic = topic(managed, row.who);
    for address in &to {
        mail::post_about(tx, ctx, address, &message, &topic).await?;
    }
    Ok(())
}
