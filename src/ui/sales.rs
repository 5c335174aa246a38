//! What to do about a missing licence (ORG-8). Owners see **Contact sales** or, if the operator reads no mail, the
//! command that grants a licence; everybody else sees which Owner to ask.

use leptos::prelude::*;

use super::{
    components::{
        button::{ButtonLink, Tone},
        copy::CopyField,
    },
    session::Session,
};
use crate::paths;
use crate::view::billing::LicenceRequestPath;

/// What the reader can do about a missing licence. Empty for people without a role in the organization.
#[component]
pub fn GetLicence(#[prop(into)] org: String, #[prop(optional)] tone: Tone) -> impl IntoView {
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

/// What the reader can do where a licence has too little left: another one would not help. Empty for people without a role in the
/// organization.
#[component]
pub fn GetMore(#[prop(into)] org: String) -> impl IntoView {
    match Session::get().way_to_licence() {
        Some(LicenceRequestPath::Ask | LicenceRequestPath::Grant(_)) => view! { <ContactSales org/> }.into_any(),
        Some(LicenceRequestPath::AskOwner(owner)) => view! { <p class="small">{ask_owner(owner)}</p> }.into_any(),
        None => ().into_any(),
    }
}

fn ask_owner(owner: Option<String>) -> String {
    owner.map_or_else(|| "Ask an Owner of this organization.".to_owned(), |owner| format!("Ask {owner} (Owner)."))
}

/// The command for whoever runs this installation.
#[component]
pub fn GrantCommand(command: String) -> impl IntoView {
    view! {
        <p class="small">"This server does not mail requests, because no operator address is set. Your administrator can grant a licence with this command; change the numbers as needed."</p>
        <CopyField value=command label="Command that grants a licence" action="Copy" action_label="Copy the command"/>
    }
}

/// A link that leads to the dialog.
#[component]
pub fn ContactSales(#[prop(into)] org: String, #[prop(optional)] tone: Tone) -> impl IntoView {
    view! { <ButtonLink href=paths::contact_sales(&org) tone icon="mail">"Contact sales"</ButtonLink> }
}
