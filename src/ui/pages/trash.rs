//! The trash (DRIVE-4): what is in it, for how long still; restoring, and deleting for good.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    domain::{
        resource::Kind,
        time::Timestamp,
        view::{
            Control,
            trash::{TrashRow, TrashView},
        },
    },
    rpc::{
        FormFlash, ask,
        trash::{DeleteForGood, EmptyTrash, RestoreFromTrash, trash_page},
    },
    ui::{
        components::{
            breadcrumbs::{Breadcrumbs, Step},
            button::{ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::{Empty, Skeleton},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
        },
        layout::{Arrival, Frame, Section},
        pages::drive::work::RunningWork,
        paths::{self, Address},
        routes::here,
        sending::ServerAction,
        session::{Beginning, Session},
        trouble::Trouble,
        words::{self, When},
    },
};

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    org: String,
    cursor: String,
    open: Open,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    /// **Delete for good**.
    Delete(String),
    /// **Empty trash**.
    Empty,
}

impl Place {
    fn page(&self) -> Address {
        Address::new(paths::trash(&self.org)).with("cursor", self.cursor.clone())
    }

    fn address(&self) -> String {
        self.page().text()
    }
}

/// The page: `/o/{org}/drive/trash`.
#[component]
pub fn TrashPage() -> impl IntoView {
    let session = Session::get();
    let place = here(|segments, query| match segments {
        ["o", org, "drive", "trash"] => {
            let get = |name: &str| query.get(name).unwrap_or_default();
            let open = match (get("dialog").as_str(), get("item")) {
                ("empty", _) => Open::Empty,
                ("delete", item) if !item.is_empty() => Open::Delete(item),
                _ => Open::Nothing,
            };
            Some(Place { org: (*org).to_owned(), cursor: get("cursor"), open })
        }
        _ => None,
    });
    let org = Signal::derive(move || place.with(|place| place.org.clone()));
    let listed = Memo::new(move |_| place.with(|place| Place { open: Open::Nothing, ..place.clone() }));
    let trash = ask(
        move || (listed.get(), session.version()),
        |(place, _)| async move { trash_page(place.org.clone(), place.cursor.clone()).await },
    );
    view! {
        <Frame section=Section::Drive org>
            <Transition fallback=Skeleton>
                {move || {
                    let place = listed.get();
                    Suspend::new(async move {
                        let begin = Beginning::from(session.start().await);
                        match trash.await {
                            Ok(trash) => view! { <TrashContent place trash now=begin.now flash=begin.form/> }.into_any(),
                            Err(failure) => view! { <Trouble failure/> }.into_any(),
                        }
                    })
                }}
            </Transition>
            {move || {
                let place = place.get();
                (place.open != Open::Nothing).then(|| view! {
                    <Suspense>
                        {move || {
                            let place = place.clone();
                            Suspend::new(async move {
                                let flash = Beginning::from(session.start().await).form;
                                trash.await.ok().map(|trash| view! { <Question place trash flash/> })
                            })
                        }}
                    </Suspense>
                })
            }}
            <RunningWork org/>
        </Frame>
    }
    .into_any()
}

/// The page, loaded.
#[component]
fn TrashContent(place: Place, trash: TrashView, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let place = Place { org: trash.organization.org_id.clone(), ..place };
    let steps = vec![Step::to(Kind::Root.title(), paths::drive(&place.org, "")), Step::here("Trash")];
    let any = trash.rows.items.iter().any(|row| row.change == Control::Enabled);
    let empty = any.then(|| {
        let href = place.page().with("dialog", "empty").text();
        view! { <ButtonLink href icon="trash" in_place=true>"Empty trash"</ButtonLink> }
    });
    let next =
        trash.rows.next_cursor.map(|cursor| Address::new(paths::trash(&place.org)).with("cursor", cursor).text());
    let nothing = trash.rows.items.is_empty();
    let rows = trash
        .rows
        .items
        .into_iter()
        .map(|row| view! { <Row row place=place.clone() now flash=flash.clone()/> })
        .collect_view();
    let list = if nothing {
        view! { <section class="panel"><Empty icon="trash" sentence="Nothing is in the trash."/></section> }.into_any()
    } else {
        view! {
            <div class="panel">
                <table class="list trash" aria-label="Trash">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col" class="from-tablet">"From"</th>
                            <th scope="col" class="from-tablet">"Moved here"</th>
                            <th scope="col">"Days left"</th>
                            <th scope="col"><span class="unseen">"Options"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <Title text="Trash"/>
        <Arrival/>
        <header class="bar page-header">
            <div>
                <Breadcrumbs id="crumbs" steps heading=true/>
                <p class="lead">"What is here is deleted for good after 30 days."</p>
            </div>
            <div class="end">{empty}</div>
        </header>
        {list}
        {(next.is_some() || !place.cursor.is_empty()).then(|| view! {
            <nav class="pages" aria-label="Pages">
                {(!place.cursor.is_empty()).then(|| view! { <ButtonLink href=paths::trash(&place.org)>"From the start"</ButtonLink> })}
                {next.map(|href| view! { <ButtonLink href>"Show more"</ButtonLink> })}
            </nav>
        })}
    }
}

/// One thing in the trash.
#[component]
fn Row(row: TrashRow, place: Place, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let id = row.id.to_string();
    let action = ServerAction::<RestoreFromTrash>::new();
    // A refused form is shown at the row that it is of.
    let flash = flash.filter(|flash| flash.values.iter().any(|(name, value)| name == "items" && *value == id));
    let delete = place.page().with("dialog", "delete").with("item", id.clone()).text();
    let from = row.from.map_or_else(|| "—".to_owned(), |crumb| crumb.name);
    let label = row.name.clone();
    let by = row.by_name.map(|name| format!(" by {name}"));
    let options = match row.change {
        Control::Enabled => view! {
            <Form action flash class="inline-form">
                <Hidden name="items" value=id/>
                <Hidden name="back" value=place.address()/>
                <Submit label="Restore" tone=Tone::Plain/>
            </Form>
            <ButtonLink href=delete tone=Tone::Quiet in_place=true>"Delete for good"</ButtonLink>
        }
        .into_any(),
        Control::Disabled(reason) => view! { <small class="why">{reason}</small> }.into_any(),
        Control::Absent => ().into_any(),
    };
    view! {
        <tr aria-label=label>
            <td>
                <span class=format!("name {}", row.kind.word())>
                    <Icon name=words::kind_icon(row.kind)/>
                    <span>{row.name}</span>
                </span>
            </td>
            <td class="m from-tablet">{from}</td>
            <td class="m from-tablet"><When at=row.at now/>{by}</td>
            <td class="m num">{words::days_left(row.kept_until, now)}</td>
            <td class="act"><div class="bar">{options}</div></td>
        </tr>
    }
}

/// What is asked before something is gone for good.
#[component]
fn Question(place: Place, trash: TrashView, flash: Option<FormFlash>) -> impl IntoView {
    let close = place.address();
    let first = paths::trash(&place.org);
    match place.open {
        Open::Nothing => ().into_any(),
        Open::Empty => {
            let action = ServerAction::<EmptyTrash>::new();
            view! {
                <Dialog label="Empty trash" heading="Empty the trash?" close=close.clone() reads=true>
                    <Form action flash class="dialog-form">
                        <Hidden name="org" value=place.org/>
                        <Hidden name="back" value=first/>
                        <DialogBody>
                            <p>"Everything in the trash that you may delete is deleted for good, with all that is in it. Nobody can bring it back, and nothing that processing has cost is given back."</p>
                        </DialogBody>
                        <DialogButtons close><Submit label="Empty trash" tone=Tone::Danger/></DialogButtons>
                    </Form>
                </Dialog>
            }
            .into_any()
        }
        Open::Delete(item) => {
            let action = ServerAction::<DeleteForGood>::new();
            let row = trash.rows.items.into_iter().find(|row| row.id.to_string() == item);
            let (name, holds) = row.map_or((String::new(), true), |row| (row.name, row.kind.is_container()));
            let sentence = if holds {
                "It is deleted for good, with everything in it, and so are its links and who had access."
            } else {
                "It is deleted for good, and so are its links and who had access."
            };
            view! {
                <Dialog label="Delete for good" heading=format!("Delete “{name}” for good?") close=close.clone() reads=true>
                    <Form action flash class="dialog-form">
                        <Hidden name="items" value=item/>
                        <Hidden name="back" value=close.clone()/>
                        <DialogBody>
                            <p>{sentence} " Nobody can bring it back, and nothing that processing has cost is given back."</p>
                        </DialogBody>
                        <DialogButtons close><Submit label="Delete for good" tone=Tone::Danger/></DialogButtons>
                    </Form>
                </Dialog>
            }
            .into_any()
        }
    }
}
