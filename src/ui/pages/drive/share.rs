//! **Share** (LINK-1): creating, copying and revoking links that show an item to anyone who has them.

use leptos::prelude::*;

use super::route::Listing;
use crate::{
    domain::{command::Command, resource::Kind, share_link::LinkStatus, time::Timestamp},
    rpc::{
        FormFlash, ask,
        link::{CreateLink, RevokeLink, share_page},
    },
    ui::{
        components::{
            button::{BlockedButton, Tone},
            copy::CopyField,
            dialog::{Dialog, DialogBody},
            empty::Skeleton,
            field::{Field, Hidden},
            form::{Form, Submit},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        sales::GetLicence,
        session::Session,
        suspend::rebuilt,
        words,
    },
    view::{
        Control,
        link::{ShareLinkView, ShareView},
    },
};

#[component]
pub fn ShareDialog(item: String, listing: Listing) -> impl IntoView {
    let session = Session::get();
    let close = listing.address();
    let org = listing.org.clone();
    let back = listing.dialog(Command::Share, std::slice::from_ref(&item));
    let share = ask(
        move || session.version(),
        move |_| {
            let item = item.clone();
            async move { share_page(item).await }
        },
    );
    view! {
        <Dialog label="Share" heading="Share" close=close.clone() starts_with_text=true>
            <Transition fallback=Skeleton>
                {rebuilt(move || {
                    let (back, org) = (back.clone(), org.clone());
                    async move {
                        let context = session.context().await;
                        match share.await {
                            Ok(share) => {
                                view! { <Links share back org flash=context.form now=context.now/> }.into_any()
                            }
                            Err(failure) => view! { <DialogBody><ErrorPage failure/></DialogBody> }.into_any(),
                        }
                    }
                })}
            </Transition>
            <footer>
                <a class="button" href=close data-noscroll="" prop:replace=true>"Done"</a>
            </footer>
        </Dialog>
    }
}

/// The existing links, and the form for another.
#[component]
fn Links(
    share: ShareView,
    back: String,
    /// The organization, for **Contact sales** if it lacks the licence.
    org: String,
    flash: Option<FormFlash>,
    now: Timestamp,
) -> impl IntoView {
    let ShareView { id, name, kind, manages, create, lacks_licence, links } = share;
    let sales = lacks_licence.then_some(org);
    let what = if kind == Kind::Root { "the whole Drive".to_owned() } else { format!("“{name}”") };
    let below = if kind == Kind::Dataset { "" } else { " and everything in it" };
    let lead = format!("Anyone who has a link can view {what}{below}. They cannot change anything.");
    let nothing = if manages { "No links yet." } else { "No links yet. Someone with Manager access can create one." };
    // With each new link the form is built anew, so that no password stays in it.
    let newest = links.first().map(|link| link.id);
    let form = {
        let (back, flash) = (back.clone(), flash.clone());
        match create {
            Control::Absent => ().into_any(),
            Control::Disabled(reason) => view! {
                <BlockedButton label="Create link" reason icon="link" tone=Tone::Primary/>
                {sales.map(|org| view! { <div><GetLicence org/></div> })}
            }
            .into_any(),
            Control::Enabled => view! {
                <For each=move || [newest] key=|newest| *newest let(_newest)>
                    <NewLink id=id.to_string() back=back.clone() flash=flash.clone()/>
                </For>
            }
            .into_any(),
        }
    };
    let list = if links.is_empty() {
        view! { <p class="small">{nothing}</p> }.into_any()
    } else {
        let entries = links
            .into_iter()
            .map(|link| view! { <Entry link manages back=back.clone() flash=flash.clone() now/> })
            .collect_view();
        view! { <ul class="links" aria-label="Links">{entries}</ul> }.into_any()
    };
    view! {
        <DialogBody>
            <p>{lead}</p>
            {list}
            {form}
        </DialogBody>
    }
}

/// The form for a new link.
#[component]
fn NewLink(id: String, back: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateLink>::new();
    view! {
        <Form action flash class="form new-link">
            <Hidden name="id" value=id/>
            <Hidden name="back" value=back/>
            <div class="columns">
                <Field
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 8 characters. Send it separately from the link."
                    optional=true
                />
                <Field name="expires_at" label="Last day" kind="date" hint="If you leave it empty, the link works until you revoke it." optional=true/>
            </div>
            <Submit label="Create link"/>
        </Form>
    }
}

/// One link with its facts and actions.
#[component]
fn Entry(link: ShareLinkView, manages: bool, back: String, flash: Option<FormFlash>, now: Timestamp) -> impl IntoView {
    let (class, state) = match link.standing {
        LinkStatus::On => ("status ok", "Active"),
        LinkStatus::Expired => ("status", "Expired"),
        LinkStatus::Moved => ("status", "Stopped by a transfer"),
        LinkStatus::Revoked => ("status", "Revoked"),
    };
    let mut facts = Vec::new();
    if link.has_password {
        facts.push("needs a password".to_owned());
    }
    if let Some(end) = link.expires_at {
        facts.push(format!("until {}", end.words()));
    }
    facts.push(link.last_opened_at.map_or_else(
        || "not opened yet".to_owned(),
        |at| format!("last opened {}", words::day(at.day(), now).to_lowercase()),
    ));
    let by = link.created_by_name.map(|name| format!(" by {name}"));
    let made = format!("Created {}{}", link.created_at.day().words(), by.unwrap_or_default());
    let facts = format!("{} · {made}", facts.join(" · "));
    let on = link.standing == LinkStatus::On;
    let address = match link.url {
        Some(url) => view! { <CopyField value=url label="Link address" action="Copy link"/> }.into_any(),
        None if on => view! {
            <p class="small">"This link still works, but the server’s secret has changed, so it cannot be shown. Revoke it and create a new one."</p>
        }
        .into_any(),
        None => ().into_any(),
    };
    view! {
        <li>
            <div class="bar">
                <span class=class>{state}</span>
                <span class="small">{facts}</span>
                {(manages && on).then(|| view! { <span class="end"><Revoke id=link.id.to_string() back flash/></span> })}
            </div>
            {address}
        </li>
    }
}

/// **Revoke**.
#[component]
fn Revoke(id: String, back: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RevokeLink>::new();
    view! {
        <Form action flash class="inline-form">
            <Hidden name="id" value=id/>
            <Hidden name="back" value=back/>
            <Submit label="Revoke" tone=Tone::Plain/>
        </Form>
    }
}
