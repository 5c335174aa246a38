//! Seats of desktop licences (LIC-5): who holds them, giving and freeing them.

use leptos::prelude::*;

use crate::{
    domain::{loan::LoanDirection, time::Timestamp},
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        seat::{FreeSeat, GiveSeat, seats_page},
    },
    ui::{
        components::{
            avatar::PersonAvatar,
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::{Field, Hidden},
            form::{Form, Submit},
            meter::Meter,
            pages::Pages,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        sales::GetLicence,
        session::Session,
        words::{self, When},
    },
    view::{
        Control, LicenceState,
        query::SeatsQuery,
        seat::{LicenceSeats, SeatRow, SeatsView},
    },
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct SeatsRoute {
    org: String,
    /// The licence to list alone; empty for all.
    only: String,
    cursor: String,
    dialog: String,
    /// The licence that a dialog is about.
    licence: String,
    /// The person whose seat the dialog is about.
    holder: String,
}

impl SeatsRoute {
    fn list(&self, cursor: &str) -> Address {
        Address::new(paths::seats(&self.org)).with("only", &self.only).with("cursor", cursor)
    }

    /// The page without a dialog.
    fn address(&self) -> String {
        self.list(&self.cursor).text()
    }

    fn give(&self, licence: &str) -> String {
        self.list(&self.cursor).with("dialog", "give").with("licence", licence).text()
    }

    fn free(&self, licence: &str, holder: &str) -> String {
        self.list(&self.cursor).with("dialog", "free").with("licence", licence).with("holder", holder).text()
    }
}

/// The page: `/o/{org}/seats`.
#[component]
pub fn SeatsPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "seats"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(SeatsRoute {
                org: (*org).to_owned(),
                only: text("only"),
                cursor: text("cursor"),
                dialog: text("dialog"),
                licence: text("licence"),
                holder: text("holder"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let seats = ask(
        move || (route.get(), session.version()),
        |(route, _)| async move {
            let giving = route.dialog == "give";
            seats_page(SeatsQuery { org: route.org, licence: route.only, cursor: route.cursor, giving }).await
        },
    );
    page(Section::Seats, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let seats = seats.await?;
            Ok(view! { <SeatsContent route seats now=context.now flash=context.form/> }.into_any())
        }
    })
}

#[component]
fn SeatsContent(route: SeatsRoute, seats: SeatsView, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    // Org IDs are case-insensitive (ORG-5); links use the organization's own spelling.
    let route = SeatsRoute { org: seats.organization.org_id.clone(), ..route };
    let about = seats.licences.iter().find(|one| one.licence.id.to_string() == route.licence).cloned();
    let dialog = match (route.dialog.as_str(), about) {
        ("give", Some(licence)) if licence.give == Control::Enabled => {
            view! { <GiveDialog route=route.clone() people=seats.people flash/> }.into_any()
        }
        ("free", Some(licence)) => {
            let row = licence.seats.items.into_iter().find(|row| row.holder.id().to_string() == route.holder);
            row.map(|row| view! { <FreeDialog route=route.clone() row flash/> }.into_any()).into_any()
        }
        _ => ().into_any(),
    };
    let (empty, org) = (seats.licences.is_empty(), route.org.clone());
    let entries =
        seats.licences.into_iter().map(|licence| view! { <Licence route=route.clone() licence now/> }).collect_view();
    let all = (!route.only.is_empty()).then(|| paths::seats(&route.org));
    view! {
        <PageHeader title="Seats" lead="Owners, Managers and Editors can use any free seat of a desktop licence. Readers and Members need to be given one.">
            {all.map(|href| view! { <ButtonLink href>"All desktop licences"</ButtonLink> })}
            <ButtonLink href=paths::loans(&route.org)>"Loans"</ButtonLink>
        </PageHeader>
        {if empty {
            view! {
                <section class="panel">
                    <Empty icon="licence" sentence="This organization has no desktop licence."><GetLicence org/></Empty>
                </section>
            }
            .into_any()
        } else {
            entries.into_any()
        }}
        {dialog}
    }
}

/// One licence and who holds its seats.
#[component]
fn Licence(route: SeatsRoute, licence: LicenceSeats, now: Timestamp) -> impl IntoView {
    let LicenceSeats { licence, seats, give } = licence;
    let id = licence.id.to_string();
    let total = licence.seats.unwrap_or_default();
    let used = i64::try_from(licence.seats_used.unwrap_or_default()).unwrap_or(i64::MAX);
    let (state, tone) = match (licence.state, licence.loan.as_ref().map(|loan| loan.direction)) {
        (LicenceState::Active, Some(LoanDirection::Lent)) if licence.seats_used.is_none() => ("Lent", "status wait"),
        (LicenceState::Active, _) => ("Active", "status ok"),
        (LicenceState::Upcoming, _) => ("Starts later", "status run"),
        (LicenceState::Expired, _) => ("Expired", "status fail"),
    };
    let until = match (licence.state, licence.active_until) {
        (LicenceState::Upcoming, _) => format!(" from {}", licence.active_from.day().words()),
        (_, Some(until)) => format!(" until {}", until.plus_millis(-1).day().words()),
        (_, None) => String::new(),
    };
    let loan = licence.loan.as_ref().map(words::loan);
    let heading = format!("seats-{id}");
    let labelled_by = heading.clone();
    let label = format!("People with a seat of {}", licence.product.label());
    let shown = seats.items.len();
    let more = usize::try_from(used).unwrap_or(usize::MAX).saturating_sub(shown);
    let usable = licence.seats_used.is_some() && licence.state == LicenceState::Active;
    let button = match give {
        Control::Enabled => view! {
            <ButtonLink href=route.give(&id) icon="plus" in_place=true>"Give a seat"</ButtonLink>
        }
        .into_any(),
        Control::Disabled(reason) => view! { <BlockedButton label="Give a seat" reason/> }.into_any(),
        Control::Absent => ().into_any(),
    };
    let only = route.only.clone();
    let pages = (!only.is_empty()).then(|| {
        let start = (!route.cursor.is_empty()).then(|| route.list("").text());
        let next = seats.next_cursor.clone().map(|cursor| route.list(&cursor).text());
        view! { <Pages start next/> }
    });
    let others = (only.is_empty() && usable && more > 0).then(|| {
        let href = Address::new(paths::seats(&route.org)).with("only", &id).text();
        view! { <p class="seats-more"><ButtonLink href>{format!("Show all {}", words::count(used))}</ButtonLink></p> }
    });
    let rows = seats
        .items
        .into_iter()
        .map(|row| view! { <Row route=route.clone() licence=id.clone() row now/> })
        .collect_view();
    let body = match (usable, shown) {
        (false, _) => ().into_any(),
        (true, 0) => view! { <p class="seats-none">"No one has a seat."</p> }.into_any(),
        (true, _) => view! {
            <table class="list seats-table" aria-label=label>
                <thead>
                    <tr>
                        <th scope="col">"Who"</th>
                        <th scope="col">"Seat"</th>
                        <th scope="col">"Device"</th>
                        <th scope="col">"Since"</th>
                        <th scope="col">"Last seen"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any(),
    };
    view! {
        <section class="panel seats" aria-labelledby=labelled_by>
            <header class="bar seats-head">
                <div class="seats-what">
                    <h2 id=heading>{licence.product.label()}</h2>
                    <p class="small"><span class=tone>{state} {until}</span></p>
                    {loan.map(|text| view! { <p class="small">{text}</p> })}
                </div>
                {usable.then(|| view! {
                    <div class="seats-used">
                        <span class="num"><b>{words::count(used)}</b> {format!(" of {} used", words::counted(total, "seat", "seats"))}</span>
                        <Meter label="Seats used" used total/>
                    </div>
                })}
                <div class="end">{button}</div>
            </header>
            {body}
            {others}
            {pages}
        </section>
    }
}

#[component]
fn Row(route: SeatsRoute, licence: String, row: SeatRow, now: Timestamp) -> impl IntoView {
    let holder = row.holder.id().to_string();
    let hue = words::hue(row.holder.id().as_bytes());
    let who = match (row.role, row.email) {
        (Some(role), Some(email)) => format!("{} · {email}", role.label()),
        _ => "Credential key".to_owned(),
    };
    let given = row.given_at.is_some();
    let (seat, tone) = match (given, row.device.is_some()) {
        (true, true) => ("Given, in use", "status ok"),
        (true, false) => ("Given", "status"),
        (false, _) => ("In use", "status ok"),
    };
    let action = if given { "Take back" } else { "Release" };
    let label = format!("{action} the seat of {}", row.name);
    let since = row.since.or(row.given_at);
    // Empty cells are hidden where rows are laid out as cards.
    let (device_class, seen_class) = if row.device.is_some() {
        ("m seat-device", "m num seat-seen")
    } else {
        ("m seat-device none", "m num seat-seen none")
    };
    view! {
        <tr>
            <td class="seat-who">
                <span class="name">
                    <PersonAvatar name=row.name.clone() hue/>
                    <span class="two-lines"><span>{row.name}</span><small>{who}</small></span>
                </span>
            </td>
            <td><span class=tone>{seat}</span></td>
            <td class=device_class>{row.device.unwrap_or_else(|| "—".to_owned())}</td>
            <td class="m num from-tablet">{since.map(|at| view! { <When at now/> })}</td>
            <td class=seen_class><span class="seat-unit">"Last seen "</span> {match row.seen { Some(at) => view! { <time datetime=at.rfc3339() title=at.words()>{words::ago(at, now)}</time> }.into_any(), None => "—".into_any() }}</td>
            <td class="seat-act"><a class="button" href=route.free(&licence, &holder) aria-label=label data-noscroll="">{action}</a></td>
        </tr>
    }
}

/// **Give a seat**.
#[component]
fn GiveDialog(route: SeatsRoute, people: Vec<(String, String)>, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<GiveSeat>::new();
    let close = route.address();
    let known = people.into_iter().map(|(name, email)| view! { <option value=email>{name}</option> }).collect_view();
    view! {
        <Dialog label="Give a seat" heading="Give a seat" close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="licence" value=route.licence.clone()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    <p>"The seat stays reserved for them, used or not, until you take it back."</p>
                    <Field name="person" label="Email" kind="email" hint="A Reader or Member of this organization." list="seatless" focused=true/>
                    <datalist id="seatless">{known}</datalist>
                </DialogBody>
                <DialogButtons close>
                    <Submit label="Give a seat"/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}

/// **Take back**, or **Release**.
#[component]
fn FreeDialog(route: SeatsRoute, row: SeatRow, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<FreeSeat>::new();
    let close = route.address();
    let given = row.given_at.is_some();
    let label = if given { "Take back" } else { "Release" };
    let heading = if given {
        format!("Take back the seat of {}?", row.name)
    } else {
        format!("Release the seat of {}?", row.name)
    };
    let running = row.device.map(|device| {
        view! { <p>{format!("The program on “{device}” loses this licence within a few minutes. Unsaved work there may be lost.")}</p> }
    });
    let sentence = if given {
        format!("{} cannot use this licence until they are given a seat again.", row.name)
    } else {
        format!("{} can take a free seat again.", row.name)
    };
    view! {
        <Dialog label heading close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=route.org.clone()/>
                <Hidden name="licence" value=route.licence.clone()/>
                <Hidden name="holder" value=row.holder.id().to_string()/>
                <Hidden name="back" value=close.clone()/>
                <DialogBody>
                    {running}
                    <p>{sentence}</p>
                </DialogBody>
                <DialogButtons close>
                    <Submit label tone=Tone::Danger/>
                </DialogButtons>
            </Form>
        </Dialog>
    }
}
