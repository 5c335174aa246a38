//! The people table: search, filters, roles, selection, and a menu for each person.
//!
//! Without WebAssembly the table is a form of checkboxes whose button leads to the dialog, and every role is a small
//! form of its own. With it, the same table listens once for all rows.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;

use super::{header::manages, route::PeopleRoute};
use crate::{
    domain::{
        cap::may_cap,
        refusal::Refusal,
        role::{Permission, Role, may},
        role_change::{asks_first, keep_an_owner, roles_to_give},
        time::Timestamp,
    },
    rpc::{Failure, FormFlash, invitation::ChangeInvitation, people::ChangeRole},
    ui::{
        components::{
            avatar::PersonAvatar,
            button::ButtonLink,
            empty::Empty,
            form::follow,
            icon::Icon,
            markup::escaped,
            note::{Note, Severity},
            pages::Pages,
            selection::Selection,
            table::{Order, SortHeader},
            toast::Toaster,
        },
        form_action::FormAction,
        session::Session,
        words::{self, When},
    },
    view::people::{PeopleView, PersonRow, PersonStatus},
};

#[component]
pub fn PeopleList(
    people: PeopleView,
    route: PeopleRoute,
    now: Timestamp,
    flash: Option<FormFlash>,
    waiting: RwSignal<u64>,
) -> impl IntoView {
    let empty = people.rows.items.is_empty();
    let refused = flash
        .filter(|flash| {
            [<ChangeRole as leptos::server_fn::ServerFn>::PATH, <ChangeInvitation as leptos::server_fn::ServerFn>::PATH]
                .contains(&flash.action.as_str())
        })
        .map(|flash| view! { <div role="alert"><Note severity=Severity::Error><p>{flash.failure.to_string()}</p></Note></div> });
    let filters = route.clone();
    let creates = people.organization.role.is_some_and(|role| may(role, Permission::CreatePerson));
    let content = if empty {
        let everybody = route.is_filtered().then(|| route.everybody());
        let sentence = if route.is_filtered() { "No one matches your search." } else { "No one is here yet." };
        view! {
            <section class="panel">
                <Empty icon="people" sentence>
                    {everybody.map(|href| view! { <ButtonLink href>"Show everyone"</ButtonLink> })}
                </Empty>
            </section>
        }
        .into_any()
    } else {
        view! { <Table people=people.clone() route=route.clone() now/> }.into_any()
    };
    view! {
        {refused}
        <Filters creates route=filters shown=people.rows.items.len() as u64 people=people.people waiting/>
        {content}
    }
}

/// Search and filters: a GET form.
#[component]
fn Filters(route: PeopleRoute, shown: u64, people: u64, creates: bool, waiting: RwSignal<u64>) -> impl IntoView {
    // The number of shown people matters only if some are left out.
    let shown = (route.is_filtered() || !route.cursor.is_empty()).then(|| format!(" · {} shown", words::total(shown)));
    let invited = move || match waiting.get() {
        0 => String::new(),
        waiting => format!(", {} invited", words::total(waiting)),
    };
    let create = creates.then(|| route.create());
    let navigate = use_navigate();
    let form = NodeRef::<html::Form>::new();
    let look = {
        let route = route.clone();
        move || {
            let Some(form) = form.get_untracked() else { return };
            let read = |name: &str| {
                form.elements()
                    .named_item(name)
                    .and_then(|field| field.dyn_into::<web_sys::Element>().ok())
                    .map(|field| match field.dyn_ref::<HtmlSelectElement>() {
                        Some(select) => select.value(),
                        None => field
                            .dyn_ref::<web_sys::HtmlInputElement>()
                            .map(web_sys::HtmlInputElement::value)
                            .unwrap_or_default(),
                    })
                    .unwrap_or_default()
            };
            let wanted = PeopleRoute {
                query: read("q"),
                role: read("role"),
                status: read("status"),
                cursor: String::new(),
                ..route.clone()
            };
            navigate(&wanted.address(), NavigateOptions { scroll: false, replace: true, ..NavigateOptions::default() });
        }
    };
    let (on_submit, on_change) = (look.clone(), look);
    let roles = Role::ALL
        .into_iter()
        .map(
            |role| view! { <option value=role.as_str() selected={route.role == role.as_str()}>{role.label()}</option> },
        )
        .collect_view();
    let statuses = PersonStatus::ALL
        .into_iter()
        .map(|status| view! { <option value=status.as_str() selected={route.status == status.as_str()}>{status.label()}</option> })
        .collect_view();
    view! {
        <form
            node_ref=form
            class="people-filters"
            method="get"
            role="search"
            on:submit=move |event| {
                event.prevent_default();
                on_submit();
            }
            on:change=move |_| on_change()
        >
            {(!route.sort.is_empty()).then(|| view! { <input type="hidden" name="sort" value=route.sort.clone()/> })}
            <label class="search">
                <Icon name="search"/>
                <span class="visually-hidden">"Search"</span>
                <input class="input" type="search" name="q" value=route.query.clone() placeholder="Name or email"/>
            </label>
            <select class="input" name="role" aria-label="Role filter">
                <option value="">"Any role"</option>
                {roles}
            </select>
            <select class="input" name="status" aria-label="Status filter">
                <option value="">"Any status"</option>
                {statuses}
            </select>
            <button type="submit" class="button without-script">"Search"</button>
            {create.map(|href| view! { <ButtonLink href in_place=true>"Create an account"</ButtonLink> })}
            <p class="small num end">{words::totalled(people, "person", "people")} {invited} {shown}</p>
        </form>
    }
    .into_any()
}

#[component]
fn Table(people: PeopleView, route: PeopleRoute, now: Timestamp) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let selection = Selection::new(form, 0);
    let navigate = use_navigate();
    let session = Session::get();
    let toaster = Toaster::get();
    let (roles, invitations) = (FormAction::<ChangeRole>::new(), FormAction::<ChangeInvitation>::new());
    let refused = move |answer: Option<Result<crate::rpc::Done, Failure>>| {
        if let Some(Err(failure)) = answer {
            toaster.show(&failure.to_string());
        }
        // Loads the list again, so that the menus show the current values.
        session.refresh();
    };
    follow(Signal::derive(move || roles.value().get()), false, move || refused(roles.value().get_untracked()));
    follow(Signal::derive(move || invitations.value().get()), false, move || {
        refused(invitations.value().get_untracked());
    });
    Effect::new(move |_| {
        if form.get().is_some() {
            selection.add_up();
        }
    });
    let may_manage = manages(&people.organization);
    let on_submit = {
        let (route, navigate) = (route.clone(), navigate.clone());
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let ids = selection.selected();
            if !ids.is_empty() {
                navigate(&route.remove(&ids), NavigateOptions { scroll: false, ..NavigateOptions::default() });
            }
        }
    };
    let on_change = {
        let (org, back) = (route.org.clone(), route.address());
        move |event: leptos::ev::Event| {
            let target = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let Some(select) = target else { return selection.change(&event) };
            let (org, back, role) = (org.clone(), back.clone(), select.value());
            match (select.get_attribute("data-person"), select.get_attribute("data-invitation")) {
                (Some(person), _) => {
                    roles.dispatch(ChangeRole { org, person, role, confirmed: false, back });
                }
                (None, Some(invitation)) => {
                    invitations.dispatch(ChangeInvitation { org, invitation, role, back });
                }
                (None, None) => return,
            }
            // The menu shows the old role until the change is confirmed; the reloaded row then shows the new one
            // (`prop:value` below).
            if let Some(before) = select.get_attribute("data-role") {
                select.set_value(&before);
            }
        }
    };
    let mine = people.organization.role;
    // Forms cannot be nested, so these stand outside the table's form; each `<select>` names its own by `form`.
    let forms = people.rows.items.iter().filter(|_| may_manage).filter_map(|row| role_form(row, &route)).collect_view();
    let refused = if may_manage { people.refused_roles() } else { Vec::new() };
    let rows = people
        .rows
        .items
        .clone()
        .into_iter()
        .map(|row| {
            let me = row.person == Some(people.me);
            view! { <Row row route=route.clone() mine me owners=people.owners now may_manage refused=refused.clone() several_accounts={people.accounts > 1}/> }
        })
        .collect_view();
    let start = (!route.cursor.is_empty()).then(|| route.page(""));
    let next = people.rows.next_cursor.clone().map(|cursor| route.page(&cursor));
    let pages = view! { <Pages start next/> };
    let words = move || words::totalled(selection.count.get(), "person selected", "people selected");
    view! {
        <form
            node_ref=form
            class="drive people"
            method="get"
            on:submit=on_submit
            on:click=move |event| selection.click(&event)
            on:change=on_change
        >
            {may_manage.then(|| view! {
                <div class="selection" role="toolbar" aria-label="Selection">
                    <span aria-live="polite" inner_html=move || escaped(&words())></span>
                    <span class="sum"></span>
                    <button type="submit" class="button" name="dialog" value="remove"><Icon name="trash"/>"Remove user"</button>
                    <button type="reset" class="button icon-only quiet" aria-label="Clear selection" on:click=move |event| {
                        event.prevent_default();
                        selection.clear();
                    }>
                        <Icon name="close"/>
                    </button>
                </div>
            })}
            <div class="panel">
                <table class="list people-table" aria-label="People">
                    <ColumnHeadings route may_manage/>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {pages}
        </form>
        {forms}
    }
    .into_any()
}

#[component]
fn ColumnHeadings(route: PeopleRoute, may_manage: bool) -> impl IntoView {
    let sort = if route.sort.is_empty() { "name".to_owned() } else { route.sort.clone() };
    let head = move |label: &'static str, column: &'static str| {
        let (order, next) = if sort == column {
            (Order::Ascending, format!("-{column}"))
        } else if sort.strip_prefix('-') == Some(column) {
            (Order::Descending, column.to_owned())
        } else {
            // Most recent first is the more useful order here.
            (Order::None, if column == "last_seen" { format!("-{column}") } else { column.to_owned() })
        };
        view! { <SortHeader label order href=route.sorted(&next)/> }.into_any()
    };
    view! {
        <thead>
            <tr>
                {may_manage.then(|| view! {
                    <th scope="col" class="first">
                        <label class="check-target"><input class="check" type="checkbox" data-all="" aria-label="Select all"/></label>
                    </th>
                })}
                {head("Person", "name")}
                {head("Role", "role")}
                {head("Status", "status")}
                {head("Last seen", "last_seen")}
                {may_manage.then(|| view! { <th scope="col" class="act"><span class="visually-hidden">"Options"</span></th> })}
            </tr>
        </thead>
    }
    .into_any()
}

/// The roles that the reader may give to this person, including the current one. Fewer than two means no choice.
fn choices(row: &PersonRow, mine: Option<Role>, owners: u64) -> Vec<Role> {
    let (Some(mine), Some(role)) = (mine, row.role) else { return Vec::new() };
    let last = row.status == PersonStatus::Active && role == Role::Owner && keep_an_owner(owners, 1).is_err();
    roles_to_give(mine, role, last)
}

/// The form that sends a row's role without WebAssembly.
fn role_form(row: &PersonRow, route: &PeopleRoute) -> Option<AnyView> {
    let (id, action, field) = match (row.person, row.invitation) {
        (Some(person), _) if row.role.is_some() => {
            (person.to_string(), <ChangeRole as leptos::server_fn::ServerFn>::PATH, "person")
        }
        (_, Some(invitation)) => {
            (invitation.to_string(), <ChangeInvitation as leptos::server_fn::ServerFn>::PATH, "invitation")
        }
        _ => return None,
    };
    let name = format!("role-{id}");
    Some(
        view! {
            <form id=name method="post" action=Session::get().sent_from(action) hidden=true>
                <input type="hidden" name="org" value=route.org.clone()/>
                <input type="hidden" name=field value=id/>
                <input type="hidden" name="back" value=route.address()/>
            </form>
        }
        .into_any(),
    )
}

#[component]
fn Row(
    row: PersonRow,
    route: PeopleRoute,
    mine: Option<Role>,
    me: bool,
    owners: u64,
    now: Timestamp,
    may_manage: bool,
    refused: Vec<(Role, String)>,
    several_accounts: bool,
) -> impl IntoView {
    let name = row.label();
    let id =
        row.person.map(|id| id.to_string()).or_else(|| row.invitation.map(|id| id.to_string())).unwrap_or_default();
    let hue = row.person.map_or_else(|| words::hue(row.email.as_bytes()), |id| words::hue(id.0.as_bytes()));
    let second = if row.name.is_empty() { "Has not signed up yet".to_owned() } else { row.email.clone() };
    let (status, tone) = match row.status {
        PersonStatus::Active => ("Active".to_owned(), "status ok"),
        PersonStatus::Invited => (
            format!("Invited · {}", row.expires_at.map(|at| words::days_left(at, now)).unwrap_or_default()),
            "status wait",
        ),
        PersonStatus::Expired => ("Expired".to_owned(), "status fail"),
        PersonStatus::External => {
            (format!("External · {}", words::totalled(row.resources, "resource", "resources")), "status")
        }
    };
    let reaches =
        row.reaches.iter().map(|(name, level)| format!("{name} ({})", level.label())).collect::<Vec<_>>().join(", ");
    let reaches = (!reaches.is_empty()).then(|| view! { <small class="reaches">{reaches}</small> });
    let choices = if may_manage { choices(&row, mine, owners) } else { Vec::new() };
    // Accounts are not mentioned if there is only one (ACCT-4); an Owner cannot be limited.
    let limitable = (several_accounts || row.accounts.is_some())
        && row.role.is_some_and(|of| of != Role::Owner && mine.is_some_and(|mine| of <= mine));
    let capable = mine.zip(row.role).is_some_and(|(mine, of)| may_cap(mine, of, me).is_ok());
    let limited = row.accounts.as_ref().map(|accounts| match accounts.as_slice() {
        [] => "In no account".to_owned(),
        [(_, one)] => format!("In {one}"),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
            format!("In {}", words::some_of(&names, names.len() as u64))
        }
    });
    let role = match row.role {
        None => view! { <span class="tag">"External"</span> }.into_any(),
        Some(role) if choices.len() < 2 => {
            let last = may_manage && role == Role::Owner && owners == 1 && row.status == PersonStatus::Active;
            view! {
                <span>{role.label()}</span>
                {last.then(|| view! { <small class="why" title=Refusal::LastOwner.to_string()>"The last Owner"</small> })}
            }
            .into_any()
        }
        Some(role) => {
            // The role of an invitation changes without a question, because nobody holds it yet.
            let asks = row.person.is_some();
            let options = choices
                .into_iter()
                .map(|to| {
                    let why = refused.iter().find(|(refused, _)| *refused == to && to != role).map(|(_, why)| why.clone());
                    view! { <option value=to.as_str() selected={to == role} disabled=why.is_some() title=why>{to.label()} {(asks && asks_first(me, role, to)).then_some("…")}</option> }
                })
                .collect_view();
            view! {
                <select
                    class="input role"
                    name="role"
                    form=format!("role-{id}")
                    aria-label=format!("Role of {name}")
                    // Once changed by hand, a `<select>` ignores the `selected` attribute of its options.
                    prop:value=role.as_str()
                    data-role=role.as_str()
                    data-person=row.person.map(|id| id.to_string())
                    data-invitation=if row.person.is_none() { row.invitation.map(|id| id.to_string()) } else { None }
                >
                    {options}
                </select>
                <button type="submit" class="button without-script" form=format!("role-{id}") aria-label=format!("Save the role of {name}")>"Save"</button>
            }
            .into_any()
        }
    };
    let value = id.clone();
    let selectable = may_manage && row.person.is_some();
    let options = may_manage.then(|| {
        let menu = format!("menu-{id}");
        let entries = match (row.person, row.status) {
            (Some(_), PersonStatus::External) => view! {
                <a href=route.invite(&row.email) data-noscroll="">"Invite people"</a>
                <a href=route.remove(std::slice::from_ref(&id)) data-noscroll="">"Remove user"</a>
            }
            .into_any(),
            (Some(_), _) => {
                let limits = limitable.then(|| view! { <a href=route.limits(&id) data-noscroll="">"Accounts"</a> });
                let caps = capable.then(|| view! { <a href=route.caps(&id) data-noscroll="">"Limits"</a> });
                view! {
                    {limits}
                    {caps}
                    <a href=route.remove(std::slice::from_ref(&id)) data-noscroll="">"Remove user"</a>
                }
                .into_any()
            }
            (None, _) => {
                view! { <a href=crate::paths::invitations(&route.org)>"Resend or revoke"</a> }.into_any()
            }
        };
        view! {
            <td class="act">
                <button type="button" class="button icon-only quiet" popovertarget=menu.clone() aria-label=format!("More options for {name}")>
                    <Icon name="more"/>
                </button>
                <div id=menu popover="auto" class="menu">{entries}</div>
            </td>
        }
    });
    let label = format!("Select {name}");
    view! {
        <tr class="person" data-id=id>
            {may_manage.then(|| view! {
                <td class="first">
                    {selectable.then(|| view! {
                        <label class="check-target">
                            <input class="check" type="checkbox" name="item" value=value aria-label=label/>
                        </label>
                    })}
                </td>
            })}
            <td class="name-cell">
                <span class="name">
                    <PersonAvatar name=name.clone() hue=hue/>
                    <span class="two-lines">
                        <span>{name.clone()} {me.then(|| view! { " " <span class="tag">"you"</span> })}</span>
                        <small>{second}</small>
                    </span>
                </span>
            </td>
            <td class="role-cell">{role}{limited.map(|text| view! { <small class="of-account">{text}</small> })}</td>
            <td class="status-cell"><span class=tone>{status}</span>{reaches}</td>
            <td class="m num seen-cell">{match row.last_seen { Some(at) => view! { <When at now/> }.into_any(), None => "—".into_any() }}</td>
            {options}
        </tr>
    }
    .into_any()
}
