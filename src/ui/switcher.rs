//! The organization switcher (ORG-6): a button with the current organization, and a menu of links to the others.
//! Because they are links, the current organization is always the one in the address, and a middle click opens a second
//! one in a new tab.

use leptos::prelude::*;

use super::{
    components::{avatar::OrganizationAvatar, icon::Icon, menu::Menu},
    session::Session,
    words,
};
use crate::paths;
use crate::view::OrganizationMembership;

/// The number of organizations from which there is a search field.
const MIN_ENTRIES_FOR_SEARCH: usize = 7;

/// One organization in the switcher.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The organization, with the reader's role in it.
    pub membership: OrganizationMembership,
    /// The link: to the same kind of page as this one, where the organization has it.
    pub href: String,
    /// Whether it is the current one.
    pub current: bool,
    /// The accounts of the current organization, if the reader sees several (ACCT-4).
    pub accounts: Vec<AccountEntry>,
}

/// One account in the switcher.
#[derive(Clone, Debug)]
pub struct AccountEntry {
    pub name: String,
    /// The link.
    pub href: String,
    /// Whether it is the current one.
    pub current: bool,
}

#[component]
pub fn Switcher(
    /// An id that nothing else on the page has.
    id: &'static str,
    /// The current organization.
    current: Option<OrganizationMembership>,
    /// The line under its name; the role by default.
    #[prop(optional, into)]
    remark: Option<String>,
    entries: Vec<Entry>,
    /// Whether the links stay inside a dialog: the page keeps its scroll position, and Back closes the dialog.
    #[prop(optional)]
    in_place: bool,
    /// Whether there are more organizations than `entries`.
    #[prop(optional)]
    more: bool,
    /// Whether the search field can be submitted, to search all organizations on the welcome page.
    #[prop(optional)]
    find_all: bool,
    /// Links under the organizations.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let hydrated = Session::get().hydrated;
    let wanted = RwSignal::new(String::new());
    let many = entries.len() >= MIN_ENTRIES_FOR_SEARCH;
    let finds = find_all && (many || more);
    let names: Vec<String> =
        entries.iter().map(|entry| words::organization_name(&entry.membership).to_lowercase()).collect();
    let listed = names.len() as u64;
    let none_fits =
        move || wanted.with(|wanted| !wanted.is_empty() && !names.iter().any(|name| name.contains(wanted.as_str())));
    let face = move || match current {
        Some(membership) => {
            let name = words::organization_name(&membership);
            let remark = remark.unwrap_or_else(|| words::role_here(&membership));
            view! {
                <span class="visually-hidden">"Organization switcher: "</span>
                <OrganizationAvatar name=name.clone() hue=words::organization_hue(membership.id)/>
                <span class="switcher-text">
                    <b>{name}</b>
                    <small>{remark}</small>
                </span>
                <Icon name="up-down"/>
            }
            .into_any()
        }
        None => view! {
            <span class="visually-hidden">"Organization switcher: "</span>
            <span class="mark none" aria-hidden="true"><Icon name="organization"/></span>
            <span class="switcher-text">
                <b>"Your organizations"</b>
                <small>"Choose one"</small>
            </span>
            <Icon name="up-down"/>
        }
        .into_any(),
    };
    let links = entries
        .into_iter()
        .map(|Entry { membership, href, current, accounts }| {
            let role = words::role_here(&membership);
            let accounts = (!accounts.is_empty()).then(|| {
                let links = accounts
                    .into_iter()
                    .map(|AccountEntry { name, href, current }| view! {
                        <li>
                            <a class="switcher-account" href=href aria-current=current.then_some("true") data-noscroll=in_place.then_some("") prop:replace=in_place>
                                <span>{name}</span>
                                {current.then(|| view! { <Icon name="check"/> })}
                            </a>
                        </li>
                    })
                    .collect_view();
                let label = format!("Accounts of {}", words::organization_name(&membership));
                view! { <ul class="switcher-accounts" aria-label=label>{links}</ul> }
            });
            let name = words::organization_name(&membership);
            let folded = name.to_lowercase();
            view! {
                <li hidden=move || wanted.with(|wanted| !wanted.is_empty() && !folded.contains(wanted.as_str()))>
                    <a class="switcher-entry" href=href aria-current=current.then_some("true") data-noscroll=in_place.then_some("") prop:replace=in_place>
                        <OrganizationAvatar name=name.clone() hue=words::organization_hue(membership.id) small=true/>
                        <span class="switcher-text">
                            <b>{name}</b>
                            <small>{role}</small>
                        </span>
                        {current.then(|| view! { <Icon name="check"/> })}
                    </a>
                    {accounts}
                </li>
            }
        })
        .collect_view();
    view! {
        <Menu id=id class="switcher" button=face>
            {finds.then(|| view! {
                // Typing filters these entries; submitting searches all organizations, also without a script.
                <form method="get" action=paths::WELCOME role="search" class="switcher-find">
                    <input
                        class="input"
                        type="search"
                        name="q"
                        aria-label="Find an organization"
                        placeholder="Find an organization"
                        on:input=move |event| wanted.set(event_target_value(&event).trim().to_lowercase())
                    />
                    {more.then(|| view! { <button type="submit" class="button">"Search all"</button> })}
                </form>
            })}
            // Only a script can filter, and here no page searches all organizations: the field appears after hydration.
            {move || {
                (!find_all && many && hydrated.get()).then(|| view! {
                    <input
                        class="input"
                        type="search"
                        aria-label="Find an organization"
                        placeholder="Find an organization"
                        on:input=move |event| wanted.set(event_target_value(&event).trim().to_lowercase())
                    />
                })
            }}
            <ul class="switcher-list">{links}</ul>
            <p class="menu-note none-fits" aria-live="polite">{move || none_fits().then_some("No organization matches.")}</p>
            {(finds && more).then(|| {
                let words = format!("Only the {} you used last are listed. Press Enter to search all.", words::total(listed));
                // Shown only during a search: otherwise nobody expects the list to be complete.
                view! { <p class="menu-note" hidden=move || wanted.with(String::is_empty)>{words}</p> }
            })}
            {children.map(|children| view! { <div class="menu-foot">{children()}</div> })}
        </Menu>
    }
    .into_any()
}
