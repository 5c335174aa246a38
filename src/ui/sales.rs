//! What somebody can do where a licence is missing (ORG-8): Owners **Contact sales**, or where the operator reads no mail, have
//! the command that grants one; everybody else learns which Owner to ask.

use leptos::prelude::*;

use super::{
    components::{
        button::{ButtonLink, Tone},
        copy::CopyField,
    },
    paths,
    session::current_path,
};
use crate::{
    domain::{refusal::Refusal, view::billing::WayToLicence},
    rpc::{Asked, Failure, ask, billing::missing_licence},
};

/// What the reader can do about a licence that is missing in the organization of the page.
#[derive(Clone, Copy)]
struct Way(Asked<Result<Option<WayToLicence>, Failure>>);

/// Asks for it, once, above the pages.
pub fn provide() {
    let path = current_path();
    let org = Memo::new(move |_| path.with(|path| paths::org_of(path)));
    let way = ask(
        move || org.get(),
        |org| async move {
            match org {
                Some(org) => missing_licence(org).await,
                None => Err(Refusal::NotFound.into()),
            }
        },
    );
    provide_context(Way(way));
}

/// What the reader can do about a licence that is missing. Nothing for who has no role in the organization.
#[component]
pub fn GetLicence(
    /// The Org ID.
    #[prop(into)]
    org: String,
    /// How much the button matters.
    #[prop(optional)]
    tone: Tone,
) -> impl IntoView {
    let Way(way) = expect_context();
    (move || {
        let org = org.clone();
        Suspend::new(async move {
            match way.await {
                Ok(Some(WayToLicence::Ask)) => view! { <ContactSales org tone/> }.into_any(),
                Ok(Some(WayToLicence::Grant(command))) => view! {
                    <div class="grant">
                        <GrantCommand command/>
                        <ContactSales org tone/>
                    </div>
                }
                .into_any(),
                Ok(Some(WayToLicence::AskOwner(owner))) => view! { <p class="small">{ask_owner(owner)}</p> }.into_any(),
                Ok(None) | Err(_) => ().into_any(),
            }
        })
    })
    .into_any()
}

fn ask_owner(owner: Option<String>) -> String {
    owner.map_or_else(|| "Ask an Owner of this organization.".to_owned(), |owner| format!("Ask {owner} (Owner)."))
}

/// The command of whoever runs this installation.
#[component]
pub fn GrantCommand(
    /// The command.
    command: String,
) -> impl IntoView {
    view! {
        <p class="small">"No requests are mailed from here: no operator address is set. Whoever runs it grants a licence with this command; change the numbers as needed."</p>
        <CopyField value=command label="Command that grants a licence" action="Copy" action_label="Copy the command"/>
    }
}

/// A link that leads to the dialog.
#[component]
pub fn ContactSales(
    /// The Org ID.
    #[prop(into)]
    org: String,
    /// How much it matters.
    #[prop(optional)]
    tone: Tone,
) -> impl IntoView {
    view! { <ButtonLink href=paths::contact_sales(&org) tone icon="mail">"Contact sales"</ButtonLink> }
}
