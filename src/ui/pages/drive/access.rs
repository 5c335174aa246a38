//! **Manage access**: who can reach an item and why, giving, changing and taking access (ACCESS-2).
//!
//! The dialog's parts are in the address too: `show=roles` lists the people by role, `why=` answers "Why can they see
//! this?", `at=` is where the list starts.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlSelectElement};

use super::route::{DriveRoute, Listing};
use crate::{
    domain::{
        access::Level,
        command::Command,
        grant::{AccessOrigin, InviteAs},
        resource::Kind,
        role::Role,
        time::Timestamp,
        transfer::Grantee,
    },
    paths::{self, Address},
    rpc::{
        Done, Failure, FormFlash,
        access::{ChangeAccess, GiveAccess, RemoveAccess, access_page, access_why},
        ask,
    },
    ui::{
        components::{
            avatar::{OrganizationAvatar, PersonAvatar},
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody},
            field::{Field, Hidden, Radios},
            form::{Form, Submit, follow},
            icon::Icon,
            note::{Note, Severity},
            select::Select,
            toast::Toaster,
        },
        form_action::{FormAction, function_of},
        location::use_route_query,
        page::dialog_content,
        sales::GetLicence,
        session::Session,
        words::{self, Moment},
    },
    view::{
        Control, Crumb,
        access::{AccessReason, AccessRow, AccessView, RoleCount, WaitingAccess, WhyView},
    },
};

/// What the dialog shows, as the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AccessRoute {
    item: String,
    show: String,
    at: String,
    why: String,
}

impl AccessRoute {
    fn read(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        DriveRoute::read(segments, query)?;
        let get = |name: &str| query.get(name).unwrap_or_default();
        if get("dialog") != Command::Access.as_str() {
            return None;
        }
        let item = get("item").split(',').next().unwrap_or_default().to_owned();
        Some(Self { item, show: get("show"), at: get("at"), why: get("why") })
    }
}

/// The dialog's address with something else shown in it.
fn address(listing: &Listing, item: &str, show: &str, at: &str, why: &str) -> String {
    let mut text = listing.dialog(Command::Access, &[item.to_owned()]);
    for (name, value) in [("show", show), ("at", at), ("why", why)] {
        if !value.is_empty() {
            // `Address` also encodes the parameters after the first.
            let more = Address::new("").with(name, value).text();
            text.push('&');
            text.push_str(more.trim_start_matches('?'));
        }
    }
    text
}

/// The route, and what was loaded for it.
type AccessData = (AccessRoute, Result<AccessView, Failure>, Option<Result<WhyView, Failure>>);

#[component]
pub fn AccessDialog(route: Memo<DriveRoute>) -> impl IntoView {
    let session = Session::get();
    let listing = route.with_untracked(|route| route.listing.clone());
    let route = use_route_query(AccessRoute::read);
    let resource = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let view = access_page(route.item.clone(), route.show.clone(), route.at.clone()).await;
            let why =
                if route.why.is_empty() { None } else { Some(access_why(route.item.clone(), route.why.clone()).await) };
            (route, view, why)
        },
    );
    let close = listing.address();
    // Made outside the content, so that the answer survives when the list is loaded again.
    let give = FormAction::<GiveAccess>::new();
    let content = dialog_content(close.clone(), move || {
        let listing = listing.clone();
        async move {
            let context = session.context().await;
            let loaded: AccessData = resource.await;
            let (route, view, why) = loaded;
            let view = view?;
            Ok(match why {
                Some(why) => view! { <Why route why listing/> }.into_any(),
                None => view! { <Access route view listing give now=context.now flash=context.form/> }.into_any(),
            })
        }
    });
    view! { <Dialog label="Manage access" heading="Manage access" close starts_with_text=true>{content}</Dialog> }
        .into_any()
}

/// "the Drive of Alpine Survey", "“Tunnels”".
fn called(crumb: &Crumb, organization: &str) -> String {
    match crumb.kind {
        Kind::Root if crumb.name == Kind::Root.label() => format!("the Drive of {organization}"),
        // There are several accounts, so the name of this one is needed.
        Kind::Root => format!("the Drive of {} in {organization}", crumb.name),
        _ => format!("“{}”", crumb.name),
    }
}

/// The list, and what can be done.
#[component]
fn Access(
    route: AccessRoute,
    view: AccessView,
    listing: Listing,
    give: FormAction<GiveAccess>,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let item = route.item.clone();
    let back = address(&listing, &item, &route.show, &route.at, "");
    let what = called(&view.resource, &view.organization_name);
    let (change, remove) = (FormAction::<ChangeAccess>::new(), FormAction::<RemoveAccess>::new());
    let toaster = Toaster::get();
    let session = Session::get();
    let refused = move |answer: Option<Result<Done, Failure>>| {
        if let Some(Err(failure)) = answer {
            toaster.show(&failure.to_string());
        }
        // Loads the list again, so that the menus show the current values.
        session.refresh();
    };
    follow(Signal::derive(move || change.value().get()), false, move || refused(change.value().get_untracked()));
    follow(Signal::derive(move || remove.value().get()), false, move || refused(remove.value().get_untracked()));
    let (change_path, remove_path) = (change.url(), remove.url());
    // The rows are plain forms, which work without WebAssembly; with it, this sends them and the page stays.
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        let action = event
            .target()
            .and_then(|form| form.dyn_into::<web_sys::Element>().ok())
            .and_then(|form| form.get_attribute("action"))
            .unwrap_or_default();
        let action = function_of(&action);
        if action == change_path {
            event.prevent_default();
            change.submit(&event);
        } else if action == remove_path {
            event.prevent_default();
            remove.submit(&event);
        }
    };
    // Choosing a level saves it.
    let on_change = |event: leptos::ev::Event| {
        let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        if let Some(form) = select
            .and_then(|select| select.closest("form").ok().flatten())
            .and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
        {
            drop(form.request_submit());
        }
    };
    let failed = flash
        .as_ref()
        .filter(|flash| flash.action == change_path || flash.action == remove_path)
        .map(|flash| flash.failure.to_string())
        .map(|failure| view! { <div role="alert"><Note severity=Severity::Error><p>{failure}</p></Note></div> });
    let empty = view.rows.items.is_empty() && view.waiting.is_empty();
    let context = RowContext {
        item: item.clone(),
        back: back.clone(),
        listing: listing.clone(),
        me: Grantee::Person(view.me),
        shown: if view.resource.kind == Kind::Root { String::new() } else { item.clone() },
        looks: view.looks,
        change_path,
        remove_path,
        give: view.give.clone(),
    };
    let rows = view.rows.items.iter().map(|row| entry(row, &context)).collect_view();
    let waiting = (!view.by_role && route.at.is_empty())
        .then(|| view.waiting.iter().map(|one| waiting_entry(one, &context, now)).collect_view());
    let more = view.rows.next_cursor.clone().map(|at| {
        let href = address(&listing, &item, &route.show, &at, "");
        view! { <div><ButtonLink href in_place=true tone=Tone::Quiet>"Next page"</ButtonLink></div> }
    });
    let people: u64 = view.roles.iter().map(|count| count.people).sum();
    let by_role = (people > 0).then(|| {
        let href = address(&listing, &item, if view.by_role { "" } else { "roles" }, "", "");
        let label = if view.by_role {
            "Back to direct and inherited access".to_owned()
        } else {
            format!("{} by their role in the organization", words::totalled(people, "person", "people"))
        };
        view! {
            <a class="access-roles" href=href data-noscroll="" prop:replace=true>
                <Icon name="people"/>
                <span class="two-lines"><b>{label}</b><small>{role_words(&view.roles)}</small></span>
                {(!view.by_role).then(|| view! { <Icon name="chevron-right"/> })}
            </a>
        }
    });
    let list = if view.by_role || !empty {
        view! {
            <ul class="access-list" aria-label="People with access" on:submit=on_submit on:change=on_change>
                {rows}
                {waiting}
            </ul>
        }
        .into_any()
    } else {
        view! { <p class="pick-empty">"No one has been given access directly."</p> }.into_any()
    };
    let form = match view.give {
        _ if view.by_role => ().into_any(),
        Control::Disabled(reason) => {
            let org = listing.org.clone();
            view! {
                <BlockedButton label="Give access" reason tone=Tone::Primary/>
                <div><GetLicence org/></div>
            }
            .into_any()
        }
        _ => view! { <Give item=item.clone() back=back.clone() invites=view.invites give flash=flash.clone()/> }
            .into_any(),
    };
    let close = listing.address();
    let (above, below) = if view.by_role { (by_role, None) } else { (None, by_role) };
    view! {
        <DialogBody>
            <p>"Who has access to " <b>{what}</b> " and everything in it."</p>
            {form}
            {failed}
            {above}
            {list}
            {more}
            {below}
        </DialogBody>
        <footer>
            <a class="button" href=close data-noscroll="" prop:replace=true>"Done"</a>
        </footer>
    }
}

/// **Give access**.
#[component]
fn Give(
    item: String,
    back: String,
    invites: bool,
    give: FormAction<GiveAccess>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let ways = vec![
        (InviteAs::External.as_str(), "Share with someone outside"),
        (InviteAs::Member.as_str(), "Invite as a Member"),
    ];
    view! {
        <Form action=give flash class="form give-access">
            <Hidden name="item" value=item/>
            <Hidden name="back" value=back/>
            <Field name="email" label="Email" hint="Or an Org ID, to give access to everyone in that organization."/>
            <Select name="level" label="Level" options=level_options() value=Level::Reader.as_str().to_owned()/>
            <Submit label="Give access"/>
            {invites.then(|| view! {
                <Radios name="way" label="Not in this organization yet" options=ways first=InviteAs::External.as_str()/>
            })}
        </Form>
    }
}

fn level_options() -> Vec<(String, String)> {
    Level::ALL.into_iter().map(|level| (level.as_str().to_owned(), level.label().to_owned())).collect()
}

/// What all rows need.
struct RowContext {
    item: String,
    back: String,
    listing: Listing,
    me: Grantee,
    /// The item as written in addresses: empty for the root.
    shown: String,
    /// Whether the reader may look at the Drive as others see it.
    looks: bool,
    change_path: &'static str,
    remove_path: &'static str,
    /// Whether levels can be changed; taking access away always can (LIC-6).
    give: Control,
}

fn face(who: Grantee, name: &str) -> AnyView {
    match who {
        Grantee::Person(id) => {
            view! { <PersonAvatar name=name.to_owned() hue=words::hue(id.0.as_bytes())/> }.into_any()
        }
        Grantee::Organization(id) => {
            view! { <OrganizationAvatar name=name.to_owned() hue=words::organization_hue(id) small=true/> }.into_any()
        }
    }
}

/// Where access comes from: the folder, as a link if the reader may see it.
fn source(origin: AccessOrigin, role: Option<Role>, from: Option<&Crumb>, listing: &Listing) -> AnyView {
    match (origin, from) {
        (AccessOrigin::Role, _) => format!("{} of the organization", words::role(role)).into_any(),
        (AccessOrigin::Direct, _) => "Direct".into_any(),
        (AccessOrigin::Carried, _) => "Carried over from a move".into_any(),
        (AccessOrigin::Inherited, None) => "Inherited from a folder above".into_any(),
        (AccessOrigin::Inherited, Some(crumb)) => {
            let href = paths::drive(&listing.org, &crumb.id.to_string());
            let name = crumb.name.clone();
            view! { "Inherited from " <a href=href>{name}</a> }.into_any()
        }
    }
}

/// One reason for access, with its actions.
fn entry(row: &AccessRow, context: &RowContext) -> AnyView {
    let RowContext { item, back, listing, me, change_path, remove_path, give, .. } = context;
    let name = row.name.clone();
    let why = match row.who {
        Grantee::Person(id) => Some(address(listing, item, "", "", &id.to_string())),
        Grantee::Organization(_) => None,
    };
    let why = why.map(|href| {
        let label = format!("Why can {name} see this?");
        view! { " · " <a href=href data-noscroll="" aria-label=label>"Why?"</a> }
    });
    let view_mode = match row.who {
        Grantee::Person(id) if context.looks && row.who != *me => {
            Some(listing.with_view_as(&id.to_string(), &context.shown))
        }
        _ => None,
    };
    let view_mode = view_mode.map(|href| {
        let label = format!("View as {name}");
        view! { " · " <a href=href aria-label=label>"View as"</a> }
    });
    let you = (row.who == *me).then_some(" (you)");
    let outside = matches!((row.who, row.role, row.origin), (Grantee::Person(_), None, _)).then_some(" · External");
    let own = matches!(row.origin, AccessOrigin::Direct | AccessOrigin::Carried);
    let actions = match (own, row.grant, give) {
        (true, Some(grant), Control::Disabled(reason)) => view! {
            <select class="input" disabled=true title=reason.clone() aria-label=format!("Level of {name}")><option>{row.level.label()}</option></select>
            {remove_form(item, &grant.to_string(), back, remove_path, &name)}
        }
        .into_any(),
        (true, Some(grant), _) => {
            let options = Level::ALL
                .into_iter()
                .map(
                    |level| view! { <option value=level.as_str() selected={level == row.level}>{level.label()}</option> },
                )
                .collect_view();
            view! {
                <form class="inline-form" method="post" action=Session::get().sent_from(change_path)>
                    <input type="hidden" name="item" value=item.clone()/>
                    <input type="hidden" name="grant" value=grant.to_string()/>
                    <input type="hidden" name="back" value=back.clone()/>
                    <select class="input" name="level" autocomplete="off" aria-label=format!("Level of {name}")>{options}</select>
                    <button type="submit" class="button without-script" aria-label=format!("Save the level of {name}")>"Save"</button>
                </form>
                {remove_form(item, &grant.to_string(), back, remove_path, &name)}
            }
            .into_any()
        }
        _ => view! { <span class="small">{row.level.label()}</span> }.into_any(),
    };
    view! {
        <li>
            {face(row.who, &row.name)}
            <span class="two-lines">
                <b>{name.clone()} {you}</b>
                {row.address.clone().map(|address| view! { <small>{address}</small> })}
                <small>{source(row.origin, row.role, row.from.as_ref(), listing)} {outside} {why} {view_mode}</small>
            </span>
            <span class="actions">{actions}</span>
        </li>
    }
    .into_any()
}

fn remove_form(item: &str, grant: &str, back: &str, path: &'static str, name: &str) -> AnyView {
    let label = format!("Remove {name}");
    view! {
        <form class="inline-form" method="post" action=Session::get().sent_from(path)>
            <input type="hidden" name="item" value=item.to_owned()/>
            <input type="hidden" name="grant" value=grant.to_owned()/>
            <input type="hidden" name="back" value=back.to_owned()/>
            <button type="submit" class="button icon-only quiet" aria-label=label.clone() title=label><Icon name="close"/></button>
        </form>
    }
    .into_any()
}

/// Access that takes effect when an invitation is accepted.
fn waiting_entry(waiting: &WaitingAccess, context: &RowContext, now: Timestamp) -> AnyView {
    let way = match waiting.way {
        InviteAs::External => "Invited from outside",
        InviteAs::Member => "Invited as a Member",
    };
    let left = words::days_left(waiting.expires_at, now);
    let (item, back) = (&context.item, &context.back);
    view! {
        <li>
            <span class="face none" aria-hidden="true"><Icon name="mail"/></span>
            <span class="two-lines"><b>{waiting.email.clone()}</b><small>{way} " · " {left}</small></span>
            <span class="actions">
                <span class="small">{waiting.level.label()}</span>
                {remove_form(item, &waiting.invitation.to_string(), back, context.remove_path, &waiting.email)}
            </span>
        </li>
    }
    .into_any()
}

/// "2 Owners, 1 Editor".
fn role_words(roles: &[RoleCount]) -> String {
    let one = |count: &RoleCount| {
        let title = count.role.label();
        words::totalled(count.people, title, &format!("{title}s"))
    };
    roles.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// **Why can they see this?**: every reason, the strongest first, and what access would remain without it.
#[component]
fn Why(route: AccessRoute, why: Result<WhyView, Failure>, listing: Listing) -> impl IntoView {
    let back = address(&listing, &route.item, &route.show, &route.at, "");
    let view_mode = why.as_ref().ok().filter(|why| why.looks).map(|why| {
        let shown = if why.resource.kind == Kind::Root { String::new() } else { why.resource.id.to_string() };
        let href = listing.with_view_as(&why.person.to_string(), &shown);
        view! { <ButtonLink href icon="people">{format!("View as {}", why.name)}</ButtonLink> }
    });
    let content = match why {
        Err(failure) => {
            view! { <Note severity=Severity::Error><p role="alert">{failure.to_string()}</p></Note> }.into_any()
        }
        Ok(why) => {
            let heading = match (why.level, why.reasons.len()) {
                (Some(level), 1) => format!("{} has {} access, for one reason:", why.name, level.label()),
                (Some(level), _) => format!("{} has {} access. The highest of these applies:", why.name, level.label()),
                (None, _) => format!("{} has no access to this.", why.name),
            };
            let highest = why.level;
            let reasons = why
                .reasons
                .iter()
                .map(|reason| view! { <li class:counts={Some(reason.level) == highest}>{reason_words(reason, &listing)}</li> })
                .collect_view();
            view! {
                <h3 class="why-heading">{format!("Why can {} see this?", why.name)}</h3>
                <p>{heading}</p>
                <ol class="reasons" aria-label="Reasons">{reasons}</ol>
            }
            .into_any()
        }
    };
    view! {
        <DialogBody>{content}</DialogBody>
        <footer>
            {view_mode}
            <a class="button" href=back data-noscroll="" prop:replace=true>"Back"</a>
        </footer>
    }
}

fn reason_words(reason: &AccessReason, listing: &Listing) -> AnyView {
    let through = reason.through.clone().map(|name| format!(", through {name}"));
    let how = match (reason.carried, &reason.by) {
        (true, Some(by)) => format!("Carried over when {by} moved it"),
        (true, None) => "Carried over from a move".to_owned(),
        (false, Some(by)) => format!("Given by {by}"),
        (false, None) => "Given".to_owned(),
    };
    let made = reason.at.map(|at| view! { <small>{how} " on " <Moment at/></small> });
    let left = match reason.left {
        Some(level) if level == reason.level => {
            format!("Without this, they would still have {} access.", level.label())
        }
        Some(level) => format!("Without this, they would have {} access.", level.label()),
        None => "Without this, they would not see it.".to_owned(),
    };
    view! {
        <b>{reason.level.label()}</b>
        <span class="why-reason">
            <span>{source(reason.origin, reason.role, reason.from.as_ref(), listing)} {through}</span>
            {made}
            <small>{left}</small>
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_2_what_the_dialog_shows_is_in_its_address() {
        let listing = Listing { org: "a".into(), resource: "r".into(), ..Listing::default() };
        let text = address(&listing, "i", "roles", "c d", "");
        assert_eq!(text, "/o/a/drive/r?dialog=access&item=i&show=roles&at=c%20d");
        let query: ParamsMap = [("dialog", "access"), ("item", "i"), ("show", "roles"), ("at", "c d"), ("why", "p")]
            .into_iter()
            .map(|(name, value)| (name, value.to_owned()))
            .collect();
        let route = AccessRoute { item: "i".into(), show: "roles".into(), at: "c d".into(), why: "p".into() };
        assert_eq!(AccessRoute::read(&["o", "a", "drive"], &query), Some(route));
        assert_eq!(AccessRoute::read(&["o", "a"], &query), None);
    }
}
