//! One's tickets: `/support`.

use leptos::prelude::*;

use super::state_tone;
use crate::{
    domain::time::Timestamp,
    paths::{self, Address},
    rpc::{ask, ticket::my_tickets},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Empty,
            pages::Pages,
        },
        layout::{PageHeader, Section},
        live,
        location::use_route_query,
        page::page,
        session::Session,
        words,
    },
    view::{Page, query::TicketsQuery, ticket::TicketView},
};

/// The page. An answer appears in it by itself.
#[component]
pub fn TicketsPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["support"] => Some((query.get("org").unwrap_or_default(), query.get("cursor").unwrap_or_default())),
        _ => None,
    });
    let org = Memo::new(move |_| route.get().0);
    let cursor = Memo::new(move |_| route.get().1);
    let session = Session::get();
    let tickets = ask(move || (cursor.get(), session.version()), |(cursor, _)| my_tickets(TicketsQuery { cursor }));
    live::follow(Signal::derive(|| Some(live::MY_STREAM.to_owned())));
    page(Section::Support, org, move || {
        let (org, cursor) = route.get();
        async move {
            let now = session.context().await.now;
            let tickets = tickets.await?;
            Ok(view! { <TicketsContent org cursor tickets now/> }.into_any())
        }
    })
}

#[component]
fn TicketsContent(org: String, cursor: String, tickets: Page<TicketView>, now: Timestamp) -> impl IntoView {
    let to = |cursor: &str| Address::new("/support").with("org", &org).with("cursor", cursor).text();
    let start = (!cursor.is_empty()).then(|| to(""));
    let next = tickets.next_cursor.as_deref().map(to);
    let contact = paths::contact_support(&org, "", "");
    let list = if tickets.items.is_empty() {
        view! {
            <Empty icon="help" sentence="No tickets yet. Choose Contact support to ask your administrator. The answer is here and in your mail."/>
        }
        .into_any()
    } else {
        let rows = tickets.items.into_iter().map(|ticket| view! { <Row org=org.clone() ticket now/> }).collect_view();
        view! { <ul class="support-list" aria-label="Tickets">{rows}</ul> }.into_any()
    };
    view! {
        <PageHeader title="Your tickets" lead="What you asked your administrator. Only the two of you see it.">
            <ButtonLink href=contact tone=Tone::Primary icon="mail">"Contact support"</ButtonLink>
        </PageHeader>
        <section class="panel" aria-label="List of tickets">{list}</section>
        <Pages start next/>
    }
}

#[component]
fn Row(org: String, ticket: TicketView, now: Timestamp) -> impl IntoView {
    let about = [
        Some(format!("Ticket {}", ticket.number)),
        Some(words::counted(ticket.messages, "message", "messages")),
        ticket.organization.map(|(_, name)| name),
    ];
    let about = about.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let (at, exact) = (ticket.updated_at.rfc3339(), ticket.updated_at.words());
    view! {
        <li>
            <a class="support-row" href=paths::ticket(&org, ticket.number)>
                <span class="two-lines"><b>{ticket.subject}</b><small>{about}</small></span>
                <span class=state_tone(ticket.state)>{ticket.state.label()}</span>
                <small class="num"><time datetime=at title=exact>{words::lately(ticket.updated_at, now)}</time></small>
            </a>
        </li>
    }
}
