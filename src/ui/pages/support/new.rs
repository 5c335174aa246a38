//! **Contact support**: `/support/new`. What goes along with the message is shown, and is left out by a click.

use leptos::prelude::*;

use crate::{
    domain::refusal::Refusal,
    paths,
    rpc::{Failure, FormFlash, ticket::OpenTicket},
    ui::{
        components::{
            button::ButtonLink,
            field::{Field, Hidden, Lines},
            form::{Form, FormButtons, FormContext, Submit},
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        session::{PageContext, Session},
        words,
    },
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct NewTicketRoute {
    org: String,
    /// The page that the reader came from.
    page: String,
    /// The request that failed there.
    request: String,
}

/// The page.
#[component]
pub fn NewTicketPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["support", "new"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(NewTicketRoute { org: text("org"), page: text("page"), request: text("request") })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    let session = Session::get();
    page(Section::Support, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            if context.person.is_none() {
                return Err(Failure::Refused(Refusal::Unauthenticated));
            }
            Ok(view! { <NewTicketContent route context/> }.into_any())
        }
    })
}

#[component]
fn NewTicketContent(route: NewTicketRoute, context: PageContext) -> impl IntoView {
    let action = FormAction::<OpenTicket>::new();
    let flash: Option<FormFlash> = context.form.clone();
    let NewTicketRoute { org, page, request } = route;
    let name = context.organization(&org).map_or_else(|| org.clone(), words::organization_name);
    let along = [
        ("org", "Organization", org.clone(), name),
        ("page", "Page", page.clone(), page.clone()),
        ("request_id", "Failed request", request.clone(), request),
    ];
    let along: Vec<_> = along.into_iter().filter(|(_, _, value, _)| !value.is_empty()).collect();
    // What is no address of this site leads nowhere.
    let back = if page.starts_with('/') && !page.starts_with("//") { page } else { paths::support(&org) };
    let message = RwSignal::new(String::new());
    view! {
        <PageHeader title="Contact support" lead="Your administrator gets your message. The answer is here and in your mail. No one else sees it, not even the people of your organization."/>
        <section class="panel sheet">
            <Form action flash class="form support-new">
                <Hidden name="frame" value=org/>
                <Field name="subject" label="Subject" hint="In a few words." focused=true/>
                <Lines name="message" label="Message" hint="What you did, what you expected, and what happened instead. Up to 5,000 characters." placeholder="" text=message/>
                {(!along.is_empty()).then(|| view! { <Along along/> })}
                <FormButtons>
                    <ButtonLink href=back>"Cancel"</ButtonLink>
                    <Submit label="Send"/>
                </FormButtons>
            </Form>
        </section>
    }
}

/// What goes along: ticked, so that leaving something out is one click.
#[component]
fn Along(
    /// Field, label, value, and the value as it is shown.
    along: Vec<(&'static str, &'static str, String, String)>,
) -> impl IntoView {
    let boxes = along
        .into_iter()
        .map(|(name, label, value, shown)| {
            let form = FormContext::get();
            form.named(name, label);
            let ticked = !form.came_back() || form.typed_among(name, &value);
            let (id, problem) = (form.field_id(name), form.problem(name));
            view! {
                <div class="field">
                    <label class="tick">
                        <input type="checkbox" id=id name=name value=value checked=ticked/>
                        <span class="support-along">{label} ": " <b>{shown}</b></span>
                    </label>
                    {move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}
                </div>
            }
        })
        .collect_view();
    view! {
        <fieldset class="group support-along-group">
            <legend>"Sent along"</legend>
            {boxes}
        </fieldset>
    }
}
