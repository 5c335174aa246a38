//! Accepting and declining an invitation (PEOPLE-4, SPACE-1).

use crate::{
    domain::{
        access::{may_be_given, role_level},
        audit::Action,
        id::{GrantId, OrganizationId},
        invitation::{AnswerFacts, InvitationState},
        licence::{Entitlement, allows},
        plan::{may_give, may_limit},
        refusal::Refusal,
        role::Affiliation,
        sender::{Sent, still_valid},
        transfer::Grantee,
    },
    server::{
        context::{Ctx, Principal},
        error::{Error, Result},
        mail::{self, EmailMessage},
        store::{
            Tx, account, grant,
            invitation::{self, Invitation, PromisedGrant},
            licence, membership, organization as organizations, person, resource,
        },
        usecase::{
            self,
            audit::{self, AuditEvent},
            organization,
        },
    },
    view::OrganizationMembership,
};

use super::{
    sender::{no_sender_can_give, sender, sender_lost},
    show::{InvitationRef, find, is_verified},
};

/// What came of accepting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The organization, and the role in it.
    pub organization: OrganizationMembership,
    /// What had been the personal space, where it became an organization (PEOPLE-4b).
    pub space: Option<OrganizationMembership>,
}

/// **Accept** (PEOPLE-4). Accepting what one has accepted before changes nothing, and is fine.
///
/// # Errors
/// `InvitationWrongPerson`, `EmailUnverified`, `InvitationClosed`, `InvitationReplaced`, `InvitationExpired`;
/// `InvitationSenderLost`, of which the Owners are told; `NotFound`.
pub async fn accept(ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<Joined> {
    let joined = ctx.db().write(|tx, _| Box::pin(async { accept_in(tx, ctx, by, which).await })).await;
    // In a transaction of its own, because the one that was refused is rolled back with everything in it.
    if let Err(Error::Refused(Refusal::InvitationSenderLost)) = &joined {
        tell_owners(ctx, which).await?;
    }
    joined
}

/// [`accept`] within a transaction that does more, like signing up.
///
/// # Errors
/// As [`accept`].
pub async fn accept_in(tx: &mut Tx, ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<Joined> {
    let found = find_for(tx, by, which).await?;
    let role = membership::find_role(tx, found.organization, by.person).await?;
    // Before `check`, which refuses an invitation that was answered: to accept twice is fine.
    if found.state == InvitationState::Accepted && found.email_key == by.email_key && (role.is_some() || found.external)
    {
        return joined(tx, by, found.organization, None).await;
    }
    let verified = is_verified(tx, by).await?;
    let answering = answering(&found, by, which, verified);
    answering.check(ctx.now())?;
    let joins = !found.external && role.is_none();
    let permit = if joins {
        // As the sender stands now, not when they invited: somebody who was removed meanwhile brings nobody in (ROLE-3).
        let sender = sender(tx, &found).await?;
        Some(answering.accept(by.person, found.organization, found.role, sender, ctx.now())?)
    } else {
        None
    };
    let promised = invitation::list_promised(tx, &[found.id]).await?;
    if found.external && no_sender_can_give(promised.iter()) {
        return Err(Refusal::InvitationSenderLost.into());
    }
    // Of two answers at the same moment, one changes the state and the other is refused.
    if !invitation::update_state(tx, found.id, InvitationState::Accepted, ctx.now()).await? {
        return Err(InvitationState::Accepted.closed().into());
    }
    // The link was mailed to the address, so whoever uses it reads the mails that go there.
    if matches!(which, InvitationRef::Token(_)) {
        person::update_verified(tx, by.person).await?;
    }
    if let Some(permit) = &permit {
        let at = organizations::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
        may_give(at.plan, found.role)?;
        usecase::licence::entitlement::allow_role(tx, found.organization, found.role, ctx.now()).await?;
        membership::insert(tx, permit, by.person, found.role, ctx.now()).await?;
        if found.limited {
            may_limit(at.plan)?;
            let accounts = invitation::list_accounts(tx, found.id).await?;
            account::update_limits(tx, permit, by.person, Some(&accounts)).await?;
        }
    }
    // Access that was promised along with a membership is not given to somebody who was a member already.
    let promised = promised.into_iter().filter(|one| !one.first || joins || found.external);
    let (mut given, mut not_given) = (Vec::new(), Vec::new());
    for one in promised {
        if still_valid(one.sender, Sent::Access(one.level)) {
            if give(tx, ctx, by, &answering, &one, found.organization).await? {
                given.push(one.resource);
            }
        } else {
            not_given.push(one.resource);
        }
    }
    let action = if found.external { Action::AccessAccepted } else { Action::PersonJoined };
    let summary = if found.external {
        "accepted access from outside".to_owned()
    } else {
        format!("joined as {}", found.role.with_article())
    };
    let what = AuditEvent {
        organization: Some(found.organization),
        after: Some(serde_json::json!({
            "person": by.person, "role": (!found.external).then_some(found.role), "invitation": found.id,
            // Who gave access to these can no longer give it (ROLE-3).
            "not_given": (!not_given.is_empty()).then_some(not_given),
        })),
        resources: given,
        ..AuditEvent::new(action, summary)
    };
    audit::record(tx, ctx, by, what).await?;
    if found.external {
        return joined(tx, by, found.organization, None).await;
    }
    let space = organization::turn_space_of(tx, by.person).await?;
    joined(tx, by, found.organization, space).await
}

/// Gives what an invitation promised, if the resource is still there and the role does not give as much (ROLE-1). Answers
/// whether it was given.
async fn give(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    answering: &AnswerFacts<'_>,
    promised: &PromisedGrant,
    organization: OrganizationId,
) -> Result<bool> {
    let (on, level) = (promised.resource, promised.level);
    let there = resource::find(tx, on).await?.filter(|one| one.organization == organization);
    let Some(there) = there else { return Ok(false) };
    // The role as it counts in the resource's account: somebody who is limited to other accounts needs the grant (ACCT-2).
    let role = membership::find_role_in(tx, there.account, by.person).await?;
    let standing = role.map_or(Affiliation::External, Affiliation::In);
    let by_role = role.and_then(role_level).is_some_and(|by_role| by_role >= level);
    if by_role || may_be_given(level, standing).is_err() {
        return Ok(false);
    }
    allows(&licence::list_of_account(tx, there.account, ctx.now()).await?, Entitlement::TeamAccess, ctx.now())?;
    let permit = answering.receive((promised.by, promised.sender), organization, (on, level), ctx.now())?;
    let grantee = Grantee::Person(by.person);
    // They may have been given more by now, in another way.
    let held = grant::find_of(tx, on, grantee).await?;
    if held.iter().any(|one| !one.carried && one.level >= level) {
        return Ok(false);
    }
    let new = grant::NewGrant { id: GrantId(ctx.id()), resource: on, grantee, level, carried: false, at: ctx.now() };
    grant::upsert(tx, &permit, &new).await?;
    Ok(true)
}

async fn joined(
    tx: &mut Tx,
    by: &Principal,
    organization: OrganizationId,
    space: Option<OrganizationId>,
) -> Result<Joined> {
    let space = match space {
        Some(space) => Some(organization::belonging(tx, by, &space.to_string()).await?),
        None => None,
    };
    Ok(Joined { organization: organization::belonging(tx, by, &organization.to_string()).await?, space })
}

/// Tells the Owners of an organization that somebody wants to accept an invitation whose sender may no longer give it. They
/// are told once, until the invitation is changed or sent again. Answers the organization's name.
///
/// # Errors
/// `NotFound`.
pub async fn tell_owners(ctx: &Ctx, which: &InvitationRef) -> Result<String> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = find(tx, which).await?;
                let at = organizations::find(tx, found.organization).await?.ok_or(Refusal::NotFound)?;
                let (now, open) = (ctx.now(), found.state == InvitationState::Pending && !found.replaced);
                if open
                    && now < found.expires_at
                    && sender_lost(tx, &found).await?
                    && invitation::update_owners_told(tx, found.id, now).await?
                {
                    let sender = person::find(tx, found.role_by).await?;
                    let sender = sender.map_or_else(
                        || "the sender".to_owned(),
                        |one| crate::domain::person::full_name(&one.first_name, &one.last_name),
                    );
                    let message = EmailMessage::InvitationSenderLost {
                        organization: &at.name,
                        org_id: &at.org_id,
                        email: &found.email,
                        sender: &sender,
                    };
                    for address in membership::list_owner_addresses(tx, found.organization).await? {
                        mail::post(tx, ctx, &address, &message).await?;
                    }
                }
                Ok(at.name)
            })
        })
        .await
}

/// **Decline** (PEOPLE-4). Declining twice is fine.
///
/// # Errors
/// As [`accept`].
pub async fn decline(ctx: &Ctx, by: &Principal, which: &InvitationRef) -> Result<()> {
    ctx.db()
        .write(|tx, _| {
            Box::pin(async {
                let found = find_for(tx, by, which).await?;
                if found.state == InvitationState::Declined && found.email_key == by.email_key {
                    return Ok(());
                }
                let now = ctx.now();
                let verified = is_verified(tx, by).await?;
                answering(&found, by, which, verified).check(now)?;
                if !invitation::update_state(tx, found.id, InvitationState::Declined, now).await? {
                    return Err(InvitationState::Declined.closed().into());
                }
                let summary = if found.external {
                    "declined access from outside".to_owned()
                } else {
                    format!("declined to join as {}", found.role.with_article())
                };
                let what = AuditEvent {
                    organization: Some(found.organization),
                    before: Some(serde_json::json!({ "email": found.email, "role": found.role })),
                    ..AuditEvent::new(Action::InvitationDeclined, summary)
                };
                audit::record(tx, ctx, by, what).await
            })
        })
        .await
}

/// The invitation that somebody wants to answer. By its id, one for somebody else does not exist. By its token it does: who
/// has the link is told for which address it is.
async fn find_for(tx: &mut Tx, by: &Principal, which: &InvitationRef) -> Result<Invitation> {
    let found = find(tx, which).await?;
    if matches!(which, InvitationRef::Id(_)) && found.email_key != by.email_key {
        return Err(Refusal::NotFound.into());
    }
    Ok(found)
}

/// What decides whether somebody may answer.
fn answering<'a>(found: &'a Invitation, by: &'a Principal, which: &InvitationRef, verified: bool) -> AnswerFacts<'a> {
    AnswerFacts {
        state: found.state,
        expires_at: found.expires_at,
        replaced: found.replaced.then_some((found.sent_at, found.email.as_str())),
        email_key: &found.email_key,
        by_email_key: &by.email_key,
        by_link: matches!(which, InvitationRef::Token(_)),
        verified,
    }
}

/// Whom an invitation's link is for, for who signs up from it: the address must be this one.
///
/// # Errors
/// `NotFound`, `InvitationClosed`, `InvitationExpired`.
pub async fn addressee(tx: &mut Tx, ctx: &Ctx, token: &str) -> Result<String> {
    let found = find(tx, &InvitationRef::Token(token.to_owned())).await?;
    let answering = AnswerFacts {
        state: found.state,
        expires_at: found.expires_at,
        replaced: found.replaced.then_some((found.sent_at, found.email.as_str())),
        email_key: &found.email_key,
        by_email_key: &found.email_key,
        by_link: true,
        verified: false,
    };
    answering.check(ctx.now())?;
    Ok(found.email_key)
}
