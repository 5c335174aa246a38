//! What somebody can do where a licence is missing (ORG-8): Owners **Contact sales**, or where the operator reads no mail, have
//! the command that grants one; everybody else learns which Owner to ask.

use leptos::prelude::*;

use super::{
    components::{
        button::{ButtonLink, Tone},
        copy::CopyField,
    },
    paths,
    session::Session,
};
use crate::view::billing::LicenceRequestPath;

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
    match Session::get().way_to_licence() {
        Some(LicenceRequestPath::Ask) => view! { <ContactSales org tone/> }.into_any(),
        Some(LicenceRequestPath::Grant(command)) => view! {
            <div class="grant">
                <GrantCommand command/>
                <ContactSales org tone/>
            </div>
        }
        .into_any(),
        Some(LicenceRequestPath::AskOwner(owner)) => view! { <p class="small">{ask_owner(owner)}</p> }.into_any(),
        None => ().into_any(),
    }
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
        <p class="small">"No requests are mailed from here: no operator address is set. Whoever runs this Commonhold grants a licence with this command; change the numbers as needed."</p>
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
