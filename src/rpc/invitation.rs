//! Inviting people and answering invitations.
#![expect(clippy::too_many_arguments, reason = "a form has as many fields as it has")]

use leptos::prelude::*;

use super::{Done, Failure, Postcard};
use crate::view::people::{InvitationView, InvitationsView};

/// **Send invitations** (PEOPLE-2); with `preview`, nothing is sent, and what is known of each row comes back as a refusal.
#[server(output = Postcard)]
pub async fn send_invitations(
    #[server(default)] org: String,
    #[server(default)] people: String,
    #[server(default)] role: String,
    #[server(default)] resource: String,
    #[server(default)] level: String,
    #[server(default)] counts: String,
    #[server(default)] accounts: Vec<String>,
    #[server(default)] preview: bool,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let accounts = (counts == "chosen").then_some(accounts);
    let form = usecase::invitation::send::ListForm { people, role, resource, level, accounts, preview };
    let sent = usecase::invitation::send::invite_list(&ctx, &by, &org, &form).await;
    let page = response::back_to(&back, &crate::paths::invitations(&org));
    // Whoever could not be invited is corrected in the form, which comes back with what is known of each row.
    let sent = sent.and_then(|review| {
        if review.all_invited() {
            Ok(review.rows.len())
        } else {
            Err(crate::domain::refusal::Refusal::Review(review).into())
        }
    });
    response::done(sent, |count| {
        (page, if *count == 1 { "Sent one invitation".to_owned() } else { format!("Sent {count} invitations") })
    })
    .await
}

/// A page of an organization's invitations; `state` is `pending` where it is empty.
#[server(output = Postcard)]
pub async fn invitations_page(
    org: String,
    #[server(default)] state: String,
    #[server(default)] cursor: String,
) -> Result<InvitationsView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    response::read(usecase::invitation::list::view_list(&ctx, &by, &org, &state, &cursor).await)
}

/// Changes the role of an invitation that waits (PEOPLE-3).
#[server(output = Postcard)]
pub async fn change_invitation(
    #[server(default)] org: String,
    #[server(default)] invitation: String,
    #[server(default)] role: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let changed = async {
        usecase::invitation::change::change_role(&ctx, &by, &org, usecase::subject(&invitation)?, &role).await
    }
    .await;
    let page = response::back_to(&back, &crate::paths::invitations(&org));
    response::done(changed, |(email, role)| (page, format!("{email} is now invited as {}", role.with_article()))).await
}

/// **Resend** (PEOPLE-3).
#[server(output = Postcard)]
pub async fn resend_invitation(
    #[server(default)] org: String,
    #[server(default)] invitation: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let sent =
        async { usecase::invitation::change::resend(&ctx, &by, &org, usecase::subject(&invitation)?).await }.await;
    let page = response::back_to(&back, &crate::paths::invitations(&org));
    response::done(sent, |(email, _)| (page, format!("Sent {email} a new link. The old one no longer works."))).await
}

/// **Revoke** (PEOPLE-3).
#[server(output = Postcard)]
pub async fn revoke_invitation(
    #[server(default)] org: String,
    #[server(default)] invitation: String,
    #[server(default)] back: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let revoked =
        async { usecase::invitation::change::revoke(&ctx, &by, &org, usecase::subject(&invitation)?).await }.await;
    let page = response::back_to(&back, &crate::paths::invitations(&org));
    response::done(revoked, |email| (page, format!("Revoked the invitation of {email}"))).await
}

/// What the page of a mailed link shows (PEOPLE-10). Looking changes nothing.
#[server(output = Postcard)]
pub async fn invitation_page(token: String) -> Result<InvitationView, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let by = response::current_person();
    response::read(usecase::invitation::show::open(&ctx, by.as_ref(), &token).await)
}

/// Tells the Owners that an invitation can no longer be given by who sent it. The answer is the same whether or not they were
/// told before.
#[server(output = Postcard)]
pub async fn ask_for_invitation(#[server(default)] token: String) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let ctx = response::ctx()?;
    let page = format!("/invitations/{token}");
    let told =
        usecase::invitation::answer::tell_owners(&ctx, &usecase::invitation::show::InvitationRef::Token(token)).await;
    response::done(told, |organization| (page, format!("We told the Owners of {organization}"))).await
}

/// **Accept** (PEOPLE-4), by the token of the mailed link or by id. Leads to Home of the organization, or to what was shared.
#[server(output = Postcard)]
pub async fn accept_invitation(
    #[server(default)] token: String,
    #[server(default)] id: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let joined = async {
        let which = usecase::invitation::show::InvitationRef::read(&token, &id)?;
        usecase::invitation::answer::accept(&ctx, &by, &which).await
    }
    .await;
    response::done(joined, |joined| {
        let toast = match &joined.space {
            Some(space) => format!("Welcome to {}. Your own work is in {}.", joined.organization.name, space.name),
            None => format!("Welcome to {}", joined.organization.name),
        };
        // Who stays outside finds what was shared in the Drive.
        let page = if joined.organization.role.is_none() { "/drive" } else { "" };
        (format!("/o/{}{page}", joined.organization.org_id), toast)
    })
    .await
}

/// **Decline** (PEOPLE-4). Leads to the welcome page.
#[server(output = Postcard)]
pub async fn decline_invitation(
    #[server(default)] token: String,
    #[server(default)] id: String,
) -> Result<Done, Failure> {
    use crate::server::{server_fn_response as response, usecase};
    let (ctx, by) = response::signed_in().await?;
    let declined = async {
        let which = usecase::invitation::show::InvitationRef::read(&token, &id)?;
        usecase::invitation::answer::decline(&ctx, &by, &which).await
    }
    .await;
    response::done(declined, |()| ("/".to_owned(), "Declined".to_owned())).await
}
