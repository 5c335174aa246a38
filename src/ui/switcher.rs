//! The organization switcher (ORG-6): a button that says where one is, and a menu of where one could be. Its entries are
//! links, so the address stays the only truth, and a middle click opens a second organization beside the first.

use leptos::prelude::*;

use super::{
    components::{avatar::Mark, icon::Icon, menu::Menu},
    paths,
    session::Session,
    words,
};
use crate::view::OrganizationMembership;

/// From how many organizations on there is a field to find one.
const MANY: usize = 7;

/// One organization in the switcher.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The organization, with my role in it.
    pub belonging: OrganizationMembership,
    /// The page it leads to: the same kind of page as this one.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
    /// The accounts of the one that is shown, where I see several (ACCT-4).
    pub accounts: Vec<AccountEntry>,
}

/// One account in the switcher.
#[derive(Clone, Debug)]
pub struct AccountEntry {
    /// Its name.
    pub name: String,
    /// The page it leads to: of the same kind as this one.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// The switcher.
#[component]
pub fn Switcher(
    /// An id that nothing else on the page has.
    id: &'static str,
    /// The organization that is shown.
    current: Option<OrganizationMembership>,
    /// What stands under its name; the role in it if empty.
    #[prop(optional, into)]
    remark: Option<String>,
    /// All organizations.
    entries: Vec<Entry>,
    /// Whether following an entry is a step inside a dialog: the page stays scrolled where it is, and Back closes the dialog.
    #[prop(optional)]
    in_place: bool,
    /// Whether there are more organizations than these.
    #[prop(optional)]
    more: bool,
    /// Whether the field to find one also finds those that are not here: on the page of all of them.
    #[prop(optional)]
    find_all: bool,
    /// Links under the organizations.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let hydrated = Session::get().hydrated;
    let wanted = RwSignal::new(String::new());
    let many = entries.len() >= MANY;
    let finds = find_all && (many || more);
    let names: Vec<String> =
        entries.iter().map(|entry| words::organization_name(&entry.belonging).to_lowercase()).collect();
    let listed = names.len() as u64;
    let none_fits =
        move || wanted.with(|wanted| !wanted.is_empty() && !names.iter().any(|name| name.contains(wanted.as_str())));
    let face = move || match current {
        Some(belonging) => {
            let name = words::organization_name(&belonging);
            let remark = remark.unwrap_or_else(|| words::role_here(&belonging));
            view! {
                <span class="unseen">"Organization switcher: "</span>
                <Mark name=name.clone() hue=words::organization_hue(belonging.id)/>
                <span class="switcher-text">
                    <b>{name}</b>
                    <small>{remark}</small>
                </span>
                <Icon name="up-down"/>
            }
            .into_any()
        }
        None => view! {
            <span class="unseen">"Organization switcher: "</span>
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
        .map(|Entry { belonging, href, current, accounts }| {
            let role = words::role_here(&belonging);
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
                let label = format!("Accounts of {}", words::organization_name(&belonging));
                view! { <ul class="switcher-accounts" aria-label=label>{links}</ul> }
            });
            let name = words::organization_name(&belonging);
            let folded = name.to_lowercase();
            view! {
                <li hidden=move || wanted.with(|wanted| !wanted.is_empty() && !folded.contains(wanted.as_str()))>
                    <a class="switcher-entry" href=href aria-current=current.then_some("true") data-noscroll=in_place.then_some("") prop:replace=in_place>
                        <Mark name=name.clone() hue=words::organization_hue(belonging.id) small=true/>
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
                // Typing finds among these, at once; sending finds among all, also without a script.
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
                // While one looks for something, as else nothing is missed.
                view! { <p class="menu-note" hidden=move || wanted.with(String::is_empty)>{words}</p> }
            })}
            {children.map(|children| view! { <div class="menu-foot">{children()}</div> })}
        </Menu>
    }
    .into_any()
}
