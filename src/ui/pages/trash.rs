//! The trash (DRIVE-4): restoring items, and deleting them for good.

use leptos::{html, prelude::*};
use leptos_meta::Title;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::JsCast;

use crate::{
    domain::{resource::Kind, time::Timestamp},
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        trash::{DeleteForGood, EmptyTrash, RestoreFromTrash, trash_page},
    },
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::Hidden,
            form::{Form, Submit, follow},
            icon::Icon,
            markup::escaped,
            note::{Note, Severity},
            pages::Pages,
            selection::Selection,
        },
        form_action::FormAction,
        layout::{FocusHeading, Frame, Section},
        location::use_route_query,
        page::content,
        pages::drive::task_panel::TaskPanel,
        session::Session,
        suspend::rebuilt,
        words::{self, When},
    },
    view::{
        Control,
        trash::{TrashRow, TrashView},
    },
};

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TrashRoute {
    org: String,
    cursor: String,
    open: TrashDialog,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum TrashDialog {
    #[default]
    Nothing,
    /// **Delete for good**.
    Delete(Vec<String>),
    /// **Restore** for several, without WebAssembly.
    Restore(Vec<String>),
    /// **Empty trash**.
    Empty,
}

impl TrashRoute {
    fn page(&self) -> Address {
        Address::new(paths::trash(&self.org)).with("cursor", self.cursor.clone())
    }

    fn address(&self) -> String {
        self.page().text()
    }

    fn delete(&self, items: &[String]) -> String {
        self.page().with("dialog", "delete").with_all("item", items).text()
    }
}

/// The page: `/o/{org}/drive/trash`.
#[component]
pub fn TrashPage() -> impl IntoView {
    let session = Session::get();
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "drive", "trash"] => {
            let get = |name: &str| query.get(name).unwrap_or_default();
            let items: Vec<String> = query.get_all("item").unwrap_or_default();
            let open = match get("dialog").as_str() {
                "empty" => TrashDialog::Empty,
                "delete" if !items.is_empty() => TrashDialog::Delete(items),
                "restore" if !items.is_empty() => TrashDialog::Restore(items),
                _ => TrashDialog::Nothing,
            };
            Some(TrashRoute { org: (*org).to_owned(), cursor: get("cursor"), open })
        }
        _ => None,
    });
    let org = Signal::derive(move || route.with(|route| route.org.clone()));
    // Without the dialog, so that opening one does not load the page again.
    let listed = Memo::new(move |_| route.with(|route| TrashRoute { open: TrashDialog::Nothing, ..route.clone() }));
    let trash = ask(
        move || (listed.get(), session.version()),
        |(route, _)| async move { trash_page(route.org.clone(), route.cursor.clone()).await },
    );
    let content = content(move || {
        let route = listed.get();
        async move {
            let context = session.context().await;
            let trash = trash.await?;
            Ok(view! { <TrashContent route trash now=context.now flash=context.form/> }.into_any())
        }
    });
    view! {
        <Frame section=Section::Drive org>
            {content}
            {move || {
                let route = route.get();
                (route.open != TrashDialog::Nothing).then(|| view! {
                    <Suspense>
                        {rebuilt(move || {
                            let route = route.clone();
                            async move {
                                let flash = session.context().await.form;
                                trash.await.ok().map(|trash| view! { <TrashDialogs route trash flash/> })
                            }
                        })}
                    </Suspense>
                })
            }}
            <TaskPanel org/>
        </Frame>
    }
    .into_any()
}

#[component]
fn TrashContent(route: TrashRoute, trash: TrashView, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    // Org IDs are case-insensitive (ORG-5); links use the organization's own spelling.
    let route = TrashRoute { org: trash.organization.org_id.clone(), ..route };
    let steps = vec![Step::to(Kind::Root.label(), paths::drive(&route.org, "")), Step::here("Trash")];
    let any = trash.rows.items.iter().any(|row| row.change == Control::Enabled);
    let empty = any.then(|| {
        let href = route.page().with("dialog", "empty").text();
        view! { <ButtonLink href icon="trash" tone=Tone::Danger in_place=true>"Empty trash"</ButtonLink> }
    });
    let list = if trash.rows.items.is_empty() {
        view! { <section class="panel"><Empty icon="trash" sentence="The trash is empty."/></section> }.into_any()
    } else {
        view! { <List route=route.clone() rows=trash.rows.items any now flash/> }.into_any()
    };
    let start = (!route.cursor.is_empty()).then(|| paths::trash(&route.org));
    let next =
        trash.rows.next_cursor.map(|cursor| Address::new(paths::trash(&route.org)).with("cursor", cursor).text());
    view! {
        <Title text="Trash"/>
        <FocusHeading/>
        <header class="bar page-header">
            <div>
                <Breadcrumbs id="crumbs" steps heading=true/>
                <p class="lead">"Items here are deleted for good after 30 days."</p>
            </div>
            <div class="end">{empty}</div>
        </header>
        {list}
        <Pages start next/>
    }
}

/// The list, a form of checkboxes like the Drive. Without WebAssembly its buttons lead to dialogs, and every row has a
/// small form of its own.
#[component]
fn List(route: TrashRoute, rows: Vec<TrashRow>, any: bool, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let form = NodeRef::<html::Form>::new();
    let selection = Selection::new(form, 0);
    let navigate = use_navigate();
    let restore = FormAction::<RestoreFromTrash>::new();
    follow(Signal::derive(move || restore.value().get()), false, || ());
    Effect::new(move |_| {
        if form.get().is_some() {
            selection.add_up();
        }
    });
    let back = route.address();
    let put_back = {
        let back = back.clone();
        move |items: String| {
            restore.dispatch(RestoreFromTrash { items, back: back.clone() });
        }
    };
    let on_submit = {
        let (put_back, route) = (put_back.clone(), route.clone());
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            let items = selection.selected();
            let button = event.submitter().and_then(|button| button.dyn_into::<web_sys::Element>().ok());
            let deletes = button.and_then(|button| button.get_attribute("value")).is_some_and(|word| word == "delete");
            if items.is_empty() {
                return;
            }
            if deletes {
                navigate(&route.delete(&items), NavigateOptions { scroll: false, ..NavigateOptions::default() });
            } else {
                put_back(items.join(","));
            }
        }
    };
    let on_click = move |event: leptos::ev::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let one = target.and_then(|target| target.closest("[data-restore]").ok().flatten());
        match one.and_then(|button| button.get_attribute("data-restore")) {
            Some(id) => {
                event.prevent_default();
                put_back(id);
            }
            None => selection.click(&event),
        }
    };
    let restore_path = <RestoreFromTrash as leptos::server_fn::ServerFn>::PATH;
    // Refused, with WebAssembly or without.
    let before = flash.filter(|flash| flash.action == restore_path).map(|flash| flash.failure.to_string());
    let refused = move || {
        let now = restore.value().get().and_then(Result::err).map(|failure| failure.to_string());
        now.or_else(|| before.clone())
            .map(|why| view! { <div role="alert"><Note severity=Severity::Error><p>{why}</p></Note></div> })
    };
    let words = move || format!("{} selected", words::total(selection.count.get()));
    let count = words::totalled(rows.len() as u64, "item", "items");
    // Forms cannot be nested, so these stand outside the list's form; each button names its own by `form`.
    let forms = rows
        .iter()
        .filter(|row| row.change == Control::Enabled)
        .map(|row| {
            let id = row.id.to_string();
            let form_id = format!("restore-{id}");
            view! {
                <form id=form_id class="visually-hidden" method="post" action=Session::get().sent_from(restore_path)>
                    <input type="hidden" name="items" value=id/>
                    <input type="hidden" name="back" value=back.clone()/>
                </form>
            }
        })
        .collect_view();
    let lines = rows.into_iter().map(|row| view! { <Row row route=route.clone() now any/> }).collect_view();
    let picking = move || selection.count.get() > 0;
    view! {
        <form
            node_ref=form
            class="drive"
            class:picking=picking
            method="get"
            action=paths::trash(&route.org)
            on:submit=on_submit
            on:click=on_click
            on:change=move |event| selection.change(&event)
        >
            {(!route.cursor.is_empty()).then(|| view! { <input type="hidden" name="cursor" value=route.cursor.clone()/> })}
            {refused}
            <div class="drive-bar">
                <p class="drive-count small num">{count}</p>
                {any.then(|| view! {
                    <div class="selection" role="toolbar" aria-label="Selection">
                        <span aria-live="polite" inner_html=move || escaped(&words())></span>
                        <span class="sum"></span>
                        <button type="submit" class="button" name="dialog" value="restore"><Icon name="restore"/>"Restore"</button>
                        <button type="submit" class="button danger" name="dialog" value="delete"><Icon name="trash"/>"Delete for good"</button>
                        <button type="reset" class="button icon-only quiet" aria-label="Clear selection" on:click=move |event| {
                            event.prevent_default();
                            selection.clear();
                        }>
                            <Icon name="close"/>
                        </button>
                    </div>
                })}
            </div>
            <div class="panel">
                <table class="list trash" aria-label="Trash">
                    <thead>
                        <tr>
                            {any.then(|| view! {
                                <th scope="col" class="first">
                                    <label class="check-target"><input class="check" type="checkbox" data-all="" aria-label="Select all"/></label>
                                </th>
                            })}
                            <th scope="col">"Name"</th>
                            <th scope="col" class="from-tablet">"From"</th>
                            <th scope="col" class="from-tablet">"Deleted"</th>
                            <th scope="col">"Days left"</th>
                            <th scope="col"><span class="visually-hidden">"Options"</span></th>
                        </tr>
                    </thead>
                    <tbody>{lines}</tbody>
                </table>
            </div>
        </form>
        {forms}
    }
    .into_any()
}

/// One item in the trash.
#[component]
fn Row(row: TrashRow, route: TrashRoute, now: Timestamp, any: bool) -> impl IntoView {
    let id = row.id.to_string();
    let delete = route.delete(std::slice::from_ref(&id));
    let from = row.from.map_or_else(|| "—".to_owned(), |crumb| crumb.name);
    let account = row.account_name.filter(|account| *account != from);
    let label = row.name.clone();
    let by = row.by_name.map(|name| format!(" by {name}"));
    let enabled = row.change == Control::Enabled;
    let check = any.then(|| {
        let select = format!("Select {label}");
        let value = id.clone();
        view! {
            <td class="first">
                {enabled.then(|| view! {
                    <label class="check-target"><input class="check" type="checkbox" name="item" value=value aria-label=select/></label>
                })}
            </td>
        }
    });
    let options = match row.change {
        Control::Enabled => view! {
            <button type="submit" class="button" form=format!("restore-{id}") data-restore=id.clone()>"Restore"</button>
            <ButtonLink href=delete tone=Tone::Danger in_place=true>"Delete for good"</ButtonLink>
        }
        .into_any(),
        Control::Disabled(reason) => view! { <small class="why">{reason}</small> }.into_any(),
        Control::Absent => ().into_any(),
    };
    view! {
        <tr aria-label=label>
            {check}
            <td class="name-cell">
                <span class=format!("name {}", row.kind.as_str())>
                    <Icon name=words::kind_icon(row.kind)/>
                    <span>{row.name}</span>
                </span>
            </td>
            <td class="m from-tablet">{from}{account.map(|account| view! { <small class="of-account">{account}</small> })}</td>
            <td class="m from-tablet"><When at=row.at now/>{by}</td>
            <td class="m num">{words::days_left(row.kept_until, now)}</td>
            <td class="act"><div class="bar">{options}</div></td>
        </tr>
    }
}

/// The dialogs, which ask before something is deleted for good.
#[component]
fn TrashDialogs(route: TrashRoute, trash: TrashView, flash: Option<FormFlash>) -> impl IntoView {
    let close = route.address();
    let first = paths::trash(&route.org);
    match route.open {
        TrashDialog::Nothing => ().into_any(),
        TrashDialog::Empty => {
            let action = FormAction::<EmptyTrash>::new();
            view! {
                <Dialog label="Empty trash" heading="Empty the trash?" close=close.clone() starts_with_text=true>
                    <Form action flash class="dialog-form">
                        <Hidden name="org" value=route.org/>
                        <Hidden name="back" value=first/>
                        <DialogBody>
                            <p>"This deletes everything in the trash that you are allowed to delete, with its contents. No one can restore it, and what processing cost is not refunded."</p>
                        </DialogBody>
                        <DialogButtons close><Submit label="Empty trash" tone=Tone::Danger/></DialogButtons>
                    </Form>
                </Dialog>
            }
            .into_any()
        }
        TrashDialog::Restore(items) => {
            let action = FormAction::<RestoreFromTrash>::new();
            let heading = format!("Restore {}?", words::totalled(items.len() as u64, "item", "items"));
            view! {
                <Dialog label="Restore" heading close=close.clone() starts_with_text=true>
                    <Form action flash class="dialog-form">
                        <Hidden name="items" value=items.join(",")/>
                        <Hidden name="back" value=close.clone()/>
                        <DialogBody><p>"Each item goes back to where it was. Either all are restored, or none."</p></DialogBody>
                        <DialogButtons close><Submit label="Restore"/></DialogButtons>
                    </Form>
                </Dialog>
            }
            .into_any()
        }
        TrashDialog::Delete(items) => {
            let action = FormAction::<DeleteForGood>::new();
            let one = trash.rows.items.into_iter().find(|row| items.len() == 1 && row.id.to_string() == items[0]);
            let (heading, sentence) = match one {
                Some(row) if row.kind.is_container() => (
                    format!("Delete “{}” for good?", row.name),
                    "This deletes it for good, with everything in it, its links and its access.",
                ),
                Some(row) => (
                    format!("Delete “{}” for good?", row.name),
                    "This deletes it for good, with its links and its access.",
                ),
                None => (
                    format!("Delete {} for good?", words::totalled(items.len() as u64, "item", "items")),
                    "This deletes them for good, with everything in them, their links and their access.",
                ),
            };
            view! {
                <Dialog label="Delete for good" heading close=close.clone() starts_with_text=true>
                    <Form action flash class="dialog-form">
                        <Hidden name="items" value=items.join(",")/>
                        <Hidden name="back" value=close.clone()/>
                        <DialogBody>
                            <p>{sentence} " No one can restore this, and what processing cost is not refunded."</p>
                        </DialogBody>
                        <DialogButtons close><Submit label="Delete for good" tone=Tone::Danger/></DialogButtons>
                    </Form>
                </Dialog>
            }
            .into_any()
        }
    }
}
