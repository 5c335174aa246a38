//! What people see of the invitations that are for them (PEOPLE-4, PEOPLE-10).

use crate::{
    domain::{
        id::InvitationId, invitation::InvitationState, refusal::Refusal, role::Role, text::FieldIssue, time::Timestamp,
    },
    server::{
        context::{Ctx, Principal, digest, machine_name},
        error::Result,
        store::{
            Tx,
            invitation::{self, Invitation},
            membership, organization as organizations, person, resource,
        },
        usecase::{self, key as keys},
    },
    view::people::{InvitationView, PendingInvitation},
};

use super::sender::sender_lost;

/// Which invitation is answered.
#[derive(Debug, Clone)]
pub enum InvitationRef {
    /// By its mailed link, which proves the address.
    Token(String),
    /// By its id: only with a verified address.
    Id(InvitationId),
}

impl InvitationRef {
    /// Reads what a form or a body says: exactly one of both.
    ///
    /// # Errors
    /// `Invalid` for neither, both, or what is no id.
    pub fn read(token: &str, id: &str) -> Result<Self> {
        match (token.trim(), id.trim()) {
            ("", "") => Err(Refusal::field("token", FieldIssue::Missing).into()),
            ("", id) => Ok(Self::Id(usecase::id("id", id)?)),
            (token, "") => Ok(Self::Token(token.to_owned())),
            _ => Err(Refusal::BadRequest("Send a token or an id, not both.".to_owned()).into()),
        }
    }
}

pub(super) async fn find(tx: &mut Tx, which: &InvitationRef) -> Result<Invitation> {
    let found = match which {
        InvitationRef::Token(token) => {
            let hash = digest(token.as_bytes());
            match invitation::find_by_token(tx, &hash).await? {
                Some(found) => Some(found),
                // A link that was replaced is found as well, so that its page can say so.
                None => invitation::find_by_old_token(tx, &hash).await?,
            }
        }
        InvitationRef::Id(id) => invitation::find(tx, *id).await?,
    };
    found.ok_or_else(|| Refusal::NotFound.into())
}

/// Whether the address of who answers was verified before.
pub(super) async fn is_verified(tx: &mut Tx, by: &Principal) -> Result<bool> {
    Ok(person::find(tx, by.person).await?.is_some_and(|one| one.email_verified))
}

/// The invitations that wait for somebody's answer. Until their address is verified, they are without names: whoever signs up
/// with the address of somebody else must not learn who invites that person.
pub async fn waiting(tx: &mut Tx, by: &Principal, verified: bool, now: Timestamp) -> Result<Vec<PendingInvitation>> {
    let mut waiting = invitation::list_waiting(tx, &by.email_key, now).await?;
    if !verified {
        for one in &mut waiting {
            one.organization = None;
            one.invited_by = None;
        }
    }
    Ok(waiting)
}

/// The invitations that wait for my answer, for the API.
pub async fn mine(ctx: &Ctx, by: &Principal) -> Result<Vec<PendingInvitation>> {
    let mut tx = ctx.db().read().await?;
    let verified = is_verified(&mut tx, by).await?;
    waiting(&mut tx, by, verified, ctx.now()).await
}

/// What a Member is invited to reach is called, while it is in the organization that invites.
pub(super) async fn reach_name(tx: &mut Tx, found: &Invitation) -> Result<Option<String>> {
    let Some((on, _)) = found.reach else { return Ok(None) };
    let there = resource::find(tx, on).await?.filter(|one| one.organization == found.organization);
    Ok(there.map(|one| one.name))
}

/// What the page of a mailed link shows (PEOPLE-10). Looking changes nothing.
///
/// # Errors
/// `NotFound` for a link that is none, or not any more.
pub async fn open(ctx: &Ctx, by: Option<&Principal>, token: &str) -> Result<InvitationView> {
    let mut tx = ctx.db().read().await?;
    let found = find(&mut tx, &InvitationRef::Token(token.to_owned())).await?;
    let at = organizations::find(&mut tx, found.organization).await?.ok_or(Refusal::NotFound)?;
    let inviter = person::find(&mut tx, found.invited_by).await?;
    let machine = match &inviter {
        Some(_) => None,
        None => keys::of_identity(&mut tx, found.invited_by, None).await?,
    };
    let role = match by {
        Some(by) => membership::find_role(&mut tx, found.organization, by.person).await?,
        None => None,
    };
    // Whoever has a link that was replaced learns that it was, and nothing that came after it.
    let replaced_at = (found.replaced && found.state == InvitationState::Pending).then_some(found.sent_at);
    if replaced_at.is_some() {
        return Ok(InvitationView {
            organization: at.name,
            organization_id: at.id,
            invited_by: String::new(),
            email: found.email,
            name: None,
            role: Role::Member,
            external: false,
            resource: None,
            state: found.state,
            expires_at: found.expires_at,
            expired: false,
            has_account: false,
            org_id: at.org_id,
            inside: role.is_some(),
            sender_lost: false,
            replaced_at,
        });
    }
    let resource = reach_name(&mut tx, &found).await?;
    let expired = ctx.now() >= found.expires_at;
    let lost = found.state == InvitationState::Pending && !expired && sender_lost(&mut tx, &found).await?;
    Ok(InvitationView {
        sender_lost: lost,
        replaced_at,
        organization: at.name,
        organization_id: at.id,
        invited_by: match (inviter, machine) {
            (Some(one), _) => crate::domain::person::full_name(&one.first_name, &one.last_name),
            (None, Some(machine)) => machine_name(&machine.name),
            (None, None) => String::new(),
        },
        // No secret here: whoever has the token reads the mails of this address.
        has_account: person::find_credentials(&mut tx, &found.email_key).await?.is_some(),
        email: found.email,
        name: found.name,
        role: found.role,
        external: found.external,
        resource,
        state: found.state,
        expires_at: found.expires_at,
        expired,
        inside: role.is_some(),
        org_id: at.org_id,
    })
}
