//! A ticket: `/support/{number}`. The thread, a reply, and **Close ticket**.

use leptos::{html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use super::state_tone;
use crate::{
    domain::{
        person::full_name,
        ticket::{TicketSide, TicketState},
        time::Timestamp,
    },
    paths,
    rpc::{
        FormFlash, ask,
        ticket::{CloseTicket, ReplyToTicket, ticket_page},
    },
    ui::{
        components::{
            avatar::PersonAvatar,
            button::{ButtonLink, Tone},
            field::{Hidden, Lines},
            form::{Form, FormButtons, Submit},
            icon::Icon,
            note::Note,
            table::Fact,
        },
        form_action::FormAction,
        layout::{Frame, PageHeader, Section},
        live,
        location::use_route_query,
        page::content_built_once,
        session::{PageContext, Session},
        words::{self, Moment},
    },
    view::{
        PersonView,
        query::TicketQuery,
        ticket::{TicketMessageView, TicketThreadView, TicketView},
    },
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct TicketRoute {
    org: String,
    number: String,
}

/// The forms of the page: made outside its content, so that an answer survives when that is loaded again.
#[derive(Clone, Copy)]
struct Forms {
    reply: FormAction<ReplyToTicket>,
    close: FormAction<CloseTicket>,
}

/// The page. An answer appears in it by itself, and whoever types a reply meanwhile goes on typing.
#[component]
pub fn TicketPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["support", number] if *number != "new" => {
            Some(TicketRoute { org: query.get("org").unwrap_or_default(), number: (*number).to_owned() })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    let ticket =
        ask(move || (route.get().number, session.version()), |(number, _)| ticket_page(TicketQuery { number }));
    let forms = Forms { reply: FormAction::new(), close: FormAction::new() };
    live::follow(Signal::derive(|| Some(live::MY_STREAM.to_owned())));
    let content = content_built_once(move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let first = ticket.await?;
            let shown = Memo::new(move |before: Option<&TicketThreadView>| {
                let loaded = ticket.get().and_then(Result::ok);
                loaded.or_else(|| before.cloned()).unwrap_or_else(|| first.clone())
            });
            Ok(view! { <TicketContent route shown forms context/> }.into_any())
        }
    });
    view! { <Frame section=Section::Support org>{content}</Frame> }
}

#[component]
fn TicketContent(
    route: TicketRoute,
    shown: Memo<TicketThreadView>,
    forms: Forms,
    context: PageContext,
) -> impl IntoView {
    let TicketRoute { org, number } = route;
    let PageContext { person, form: flash, now, .. } = context;
    let subject = shown.with_untracked(|thread| thread.ticket.subject.clone());
    let (list, frame) = (paths::support(&org), org.clone());
    let close_flash = flash.clone();
    let close = {
        let (org, number) = (org, number.clone());
        move || {
            let is_open = shown.with(|thread| thread.ticket.state != TicketState::Closed);
            let (frame, number, flash) = (org.clone(), number.clone(), close_flash.clone());
            is_open.then(|| view! { <CloseForm frame number action=forms.close flash/> })
        }
    };
    view! {
        <PageHeader title=subject>
            <ButtonLink href=list>"Your tickets"</ButtonLink>
            {close}
        </PageHeader>
        {move || view! { <About ticket=shown.with(|thread| thread.ticket.clone())/> }}
        <section class="panel support-thread" aria-label="Thread">
            <ol class="support-messages" aria-label="Messages">
                <For
                    each=move || shown.with(|thread| thread.messages.clone())
                    key=|message| message.number
                    children=move |message| view! { <Message message person=person.clone() now/> }
                />
            </ol>
        </section>
        <Reply frame number shown action=forms.reply flash/>
    }
}

#[component]
fn CloseForm(
    frame: String,
    number: String,
    action: FormAction<CloseTicket>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    view! {
        <Form action flash class="inline-form">
            <Hidden name="frame" value=frame/>
            <Hidden name="number" value=number/>
            <Submit label="Close ticket" tone=Tone::Plain icon="check"/>
        </Form>
    }
}

/// Where the ticket stands, and what went along with it.
#[component]
fn About(ticket: TicketView) -> impl IntoView {
    view! {
        <dl class="facts support-facts">
            <Fact label="Ticket"><span class="num">{ticket.number}</span></Fact>
            <Fact label="State"><span class=state_tone(ticket.state)>{ticket.state.label()}</span></Fact>
            <Fact label="Opened"><Moment at=ticket.created_at/></Fact>
            {ticket.organization.map(|(_, name)| view! { <Fact label="Organization">{name}</Fact> })}
            {ticket.page.map(|page| view! { <Fact label="Page">{page}</Fact> })}
            {ticket.request_id.map(|id| view! { <Fact label="Failed request"><span class="num">{id}</span></Fact> })}
        </dl>
    }
}

#[component]
fn Message(message: TicketMessageView, person: Option<PersonView>, now: Timestamp) -> impl IntoView {
    let is_mine = message.side == TicketSide::Requester;
    let face = match person.filter(|_| is_mine) {
        Some(person) => {
            let (name, hue) = (full_name(&person.first_name, &person.last_name), words::hue(person.id.0.as_bytes()));
            view! { <PersonAvatar name hue/> }.into_any()
        }
        None => view! { <span class="face support-face" aria-hidden="true"><Icon name="help"/></span> }.into_any(),
    };
    let who = if is_mine { "You" } else { message.side.label() };
    let (at, exact) = (message.created_at.rfc3339(), message.created_at.words());
    view! {
        <li class="support-message" class:from-support=!is_mine>
            {face}
            <div class="support-said">
                <p class="support-who"><b>{who}</b> <small class="num"><time datetime=at title=exact>{words::lately(message.created_at, now)}</time></small></p>
                <p class="support-text">{message.text}</p>
            </div>
        </li>
    }
}

/// The form of a reply, unless the thread is full.
#[component]
fn Reply(
    frame: String,
    number: String,
    shown: Memo<TicketThreadView>,
    action: FormAction<ReplyToTicket>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let around = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        // What was sent is in the thread.
        if matches!(action.value().get(), Some(Ok(_))) {
            text.set(String::new());
            if let Some(area) =
                around.get_untracked().and_then(|around| around.query_selector("textarea").ok().flatten())
                && let Ok(area) = area.dyn_into::<HtmlTextAreaElement>()
            {
                area.set_value("");
            }
        }
    });
    let full = Memo::new(move |_| shown.with(|thread| thread.full.clone()));
    view! {
        <section class="panel sheet support-reply" aria-labelledby="reply" node_ref=around>
            <h2 id="reply">"Reply"</h2>
            {move || match full.get() {
                Some(reason) => view! { <Note><p>{reason}</p></Note> }.into_any(),
                None => {
                    let (frame, number, flash) = (frame.clone(), number.clone(), flash.clone());
                    view! { <ReplyForm frame number text action flash/> }.into_any()
                }
            }}
        </section>
    }
}

#[component]
fn ReplyForm(
    frame: String,
    number: String,
    text: RwSignal<String>,
    action: FormAction<ReplyToTicket>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    view! {
        <Form action flash class="form">
            <Hidden name="frame" value=frame/>
            <Hidden name="number" value=number/>
            <Lines name="text" label="Message" hint="Up to 5,000 characters. A reply opens a closed ticket again." placeholder="" text/>
            <FormButtons><Submit label="Send"/></FormButtons>
        </Form>
    }
}
