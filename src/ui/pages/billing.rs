//! Billing, for Owners (ORG-4, ORG-8): billing contacts, and **Contact sales** with the state of each request.

use leptos::prelude::*;

use crate::{
    domain::{
        billing::{FOR_SALE, RequestState},
        licence::Model,
        time::Timestamp,
    },
    paths::{self, Address},
    rpc::{
        FormFlash, ask,
        billing::{ContactSales, RemoveContact, SaveContact, WithdrawRequest, organization_billing},
    },
    ui::{
        components::{
            button::{BlockedButton, ButtonLink, Tone},
            dialog::{Dialog, DialogBody, DialogButtons},
            empty::Empty,
            field::{Choice, Field, Hidden, Lines},
            form::{Form, Submit},
            pages::Pages,
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        location::use_route_query,
        page::page,
        sales::GrantCommand,
        session::Session,
        words::{self, When},
    },
    view::billing::{BillingView, ContactView, RequestView},
};

/// What the address says.
#[derive(Clone, Default, PartialEq)]
struct BillingRoute {
    org: String,
    older: String,
    dialog: String,
    /// The contact that a dialog is about.
    contact: String,
}

impl BillingRoute {
    fn page(&self) -> Address {
        Address::new(paths::billing(&self.org)).with("older", &self.older)
    }

    fn dialog(&self, dialog: &str, contact: &str) -> String {
        self.page().with("dialog", dialog).with("contact", contact).text()
    }
}

/// The page: `/o/{org}/billing`.
#[component]
pub fn BillingPage() -> impl IntoView {
    let route = use_route_query(|segments, query| match segments {
        ["o", org, "billing"] => {
            let text = |name: &str| query.get(name).unwrap_or_default();
            Some(BillingRoute {
                org: (*org).to_owned(),
                older: text("older"),
                dialog: text("dialog"),
                contact: text("contact"),
            })
        }
        _ => None,
    });
    let org = Memo::new(move |_| route.get().org);
    // Without the dialog, so that opening one does not load the page again.
    let shown = Memo::new(move |_| {
        let route = route.get();
        (route.org, route.older)
    });
    let session = Session::get();
    let billing = ask(
        move || (shown.get(), session.version()),
        |((org, older), _)| async move { organization_billing(org, older).await },
    );
    page(Section::Billing, org, move || {
        let route = route.get();
        async move {
            let context = session.context().await;
            let billing = billing.await?;
            Ok(view! { <BillingContent route billing now=context.now flash=context.form/> }.into_any())
        }
    })
}

#[component]
fn BillingContent(
    route: BillingRoute,
    billing: BillingView,
    now: Timestamp,
    flash: Option<FormFlash>,
) -> impl IntoView {
    // Org IDs are case-insensitive (ORG-5); links use the organization's own spelling.
    let route = BillingRoute { org: billing.organization.org_id.clone(), ..route };
    let org = route.org.clone();
    let lead = format!(
        "Billing contacts and licence requests of {}. Only Owners see this page.",
        words::organization_name(&billing.organization)
    );
    let close = route.page().text();
    let contact = billing.contacts.iter().find(|contact| contact.id.to_string() == route.contact).cloned();
    let dialog = match (route.dialog.as_str(), contact) {
        ("contact-sales", _) => {
            let (name, email) = (billing.my_name.clone(), billing.my_email.clone());
            view! { <SalesDialog org=org.clone() name email grant=billing.grant.clone() close flash=flash.clone()/> }
                .into_any()
        }
        ("contact", contact) if contact.is_some() || (route.contact.is_empty() && billing.contacts_full.is_none()) => {
            view! { <ContactDialog org=org.clone() contact close flash=flash.clone()/> }.into_any()
        }
        ("remove", Some(contact)) => {
            view! { <RemoveDialog org=org.clone() contact close flash=flash.clone()/> }.into_any()
        }
        _ => ().into_any(),
    };
    let sales = route.dialog("contact-sales", "");
    let (licences, contact_sales) = (paths::licences(&org), sales.clone());
    view! {
        <PageHeader title="Billing" lead>
            <ButtonLink href=licences>"Licences"</ButtonLink>
            <ButtonLink href=contact_sales tone=Tone::Primary icon="mail" in_place=true>"Contact sales"</ButtonLink>
        </PageHeader>
        <Contacts route=route.clone() contacts=billing.contacts full=billing.contacts_full/>
        <Requests route grant=billing.grant requests=billing.requests.items older=billing.requests.next_cursor now flash sales/>
        {dialog}
    }
}

/// The billing contacts.
#[component]
fn Contacts(route: BillingRoute, contacts: Vec<ContactView>, full: Option<String>) -> impl IntoView {
    let empty = contacts.is_empty();
    let rows = contacts
        .into_iter()
        .map(|contact| {
            let id = contact.id.to_string();
            let (change, remove) = (route.dialog("contact", &id), route.dialog("remove", &id));
            let about = [Some(contact.email.clone()), contact.phone.clone()].into_iter().flatten().collect::<Vec<_>>();
            let (change_label, remove_label) = (format!("Change {}", contact.name), format!("Remove {}", contact.name));
            view! {
                <li>
                    <span class="two-lines"><b>{contact.name}</b><small>{about.join(" · ")}</small></span>
                    <span class="actions">
                        <a class="button" href=change aria-label=change_label data-noscroll="">"Change"</a>
                        <a class="button" href=remove aria-label=remove_label data-noscroll="">"Remove"</a>
                    </span>
                </li>
            }
        })
        .collect_view();
    let add = match full {
        Some(reason) => view! { <BlockedButton label="Add contact" reason icon="plus"/> }.into_any(),
        None => {
            let href = route.dialog("contact", "");
            view! { <ButtonLink href icon="plus" in_place=true>"Add contact"</ButtonLink> }.into_any()
        }
    };
    view! {
        <section class="panel tile" aria-labelledby="contacts">
            <h2 id="contacts">"Billing contacts"</h2>
            {if empty {
                view! { <p class="small">"No billing contacts yet. Until you add one, invoices and questions about them go to the Owners."</p> }.into_any()
            } else {
                view! { <ul class="billing-list" aria-label="Billing contacts">{rows}</ul> }.into_any()
            }}
            <div class="bar tile-foot">{add}</div>
        </section>
    }
}

/// The requests to sales.
#[component]
fn Requests(
    route: BillingRoute,
    grant: Option<String>,
    requests: Vec<RequestView>,
    older: Option<String>,
    now: Timestamp,
    flash: Option<FormFlash>,
    sales: String,
) -> impl IntoView {
    let empty = requests.is_empty();
    let rows = requests
        .into_iter()
        .map(|request| view! { <Request request org=route.org.clone() now flash=flash.clone()/> })
        .collect_view();
    let newest = (!route.older.is_empty()).then(|| paths::billing(&route.org));
    let older = older.map(|at| Address::new(paths::billing(&route.org)).with("older", at).text());
    view! {
        <section class="panel tile" aria-labelledby="requests">
            <h2 id="requests">"Requests"</h2>
            {if empty {
                view! {
                    <Empty icon="mail" sentence="No requests yet. Your administrator grants licences.">
                        {grant.map(|command| view! { <div class="grant"><GrantCommand command/></div> })}
                        <ButtonLink href=sales icon="mail" in_place=true>"Contact sales"</ButtonLink>
                    </Empty>
                }
                .into_any()
            } else {
                view! { <ul class="requests" aria-label="Requests">{rows}</ul> }.into_any()
            }}
            <Pages start=newest next=older words=["Newest", "Older"]/>
        </section>
    }
}

#[component]
fn Request(request: RequestView, org: String, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let tone = match request.state {
        RequestState::Open => "status run",
        RequestState::Answered => "status ok",
        RequestState::Declined => "status fail",
        RequestState::Withdrawn => "status",
    };
    let what = request.summary();
    let heading = {
        let mut chars = what.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    let open = request.state == RequestState::Open;
    let closed = request.closed_at.map(|at| view! { " · " <When at now/> });
    let contact = [Some(request.contact_name), Some(request.contact_email), request.contact_phone];
    let contact = contact.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let id = request.id.to_string();
    let action = FormAction::<WithdrawRequest>::new();
    view! {
        <li>
            <div class="bar">
                <b>{heading}</b>
                <span class="end"><span class=tone>{request.state.label()} {closed}</span></span>
            </div>
            <small>"Requested by " {request.by_name} " · " <When at=request.created_at now/> " · reply to " {contact}</small>
            {request.message.map(|text| view! { <p class="said">{text}</p> })}
            {request.answer.map(|text| view! { <div class="answer"><small>"Answer"</small><p class="said">{text}</p></div> })}
            {open.then(|| view! {
                <Form action flash class="inline-form">
                    <Hidden name="org" value=org/>
                    <Hidden name="id" value=id/>
                    <Submit label="Withdraw" tone=Tone::Plain/>
                </Form>
            })}
        </li>
    }
}

/// Adds or changes a contact.
#[component]
fn ContactDialog(org: String, contact: Option<ContactView>, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<SaveContact>::new();
    let label = if contact.is_some() { "Change contact" } else { "Add contact" };
    let id = contact.as_ref().map(|contact| contact.id.to_string()).unwrap_or_default();
    let (name, email, phone) =
        contact.map(|contact| (contact.name, contact.email, contact.phone.unwrap_or_default())).unwrap_or_default();
    view! {
        <Dialog label heading=label close=close.clone()>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=org/>
                <Hidden name="id" value=id/>
                <DialogBody>
                    <Field name="name" label="Name" value=name focused=true/>
                    <Field name="email" label="Email" kind="email" value=email/>
                    <Field name="phone" label="Phone" kind="tel" value=phone optional=true/>
                </DialogBody>
                <DialogButtons close><Submit label="Save"/></DialogButtons>
            </Form>
        </Dialog>
    }
}

#[component]
fn RemoveDialog(org: String, contact: ContactView, close: String, flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<RemoveContact>::new();
    view! {
        <Dialog label="Remove contact" heading=format!("Remove {}?", contact.name) close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form">
                <Hidden name="org" value=org/>
                <Hidden name="id" value=contact.id.to_string()/>
                <DialogBody><p>"Invoices and billing questions no longer go to " <b>{contact.email}</b> "."</p></DialogBody>
                <DialogButtons close><Submit label="Remove" tone=Tone::Danger/></DialogButtons>
            </Form>
        </Dialog>
    }
}

/// **Contact sales**.
#[component]
fn SalesDialog(
    org: String,
    name: String,
    email: String,
    grant: Option<String>,
    close: String,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let action = FormAction::<ContactSales>::new();
    let products = FOR_SALE.map(|product| (product.as_str(), product.label())).to_vec();
    let models = Model::ALL.map(|model| (model.as_str(), model.label())).to_vec();
    let message = RwSignal::new(String::new());
    let send = if grant.is_some() { "Save request" } else { "Send request" };
    view! {
        <Dialog label="Contact sales" heading="Contact sales" close=close.clone() starts_with_text=true>
            <Form action flash class="dialog-form sales">
                <Hidden name="org" value=org/>
                <DialogBody>
                    {match grant {
                        None => view! {
                            <p>"Say what you need. Your administrator gets the request by mail, and the answer goes to all Owners."</p>
                        }
                        .into_any(),
                        Some(command) => view! {
                            <GrantCommand command/>
                            <p>"Or say what you need. The request is kept for your administrator, and the answer goes to all Owners."</p>
                        }
                        .into_any(),
                    }}
                    <Choice name="product" label="Product" options=products optional=true/>
                    <div class="of-cloud"><Choice name="model" label="Billed in" options=models optional=true/></div>
                    <div class="columns of-images">
                        <Field name="images" label="Images" optional=true/>
                        <Field name="projects" label="Projects" optional=true/>
                    </div>
                    <div class="of-credits"><Field name="credits" label="Credits" optional=true/></div>
                    <div class="of-desktop"><Field name="seats" label="Seats" optional=true/></div>
                    <Lines name="message" label="In your own words" hint="For example what you need it for, and until when. Up to 2,000 characters." placeholder="" text=message optional=true/>
                    <fieldset class="group">
                        <legend>"Reply to"</legend>
                        <Field name="contact_name" label="Name" value=name autocomplete="name"/>
                        <div class="columns">
                            <Field name="contact_email" label="Email" kind="email" value=email autocomplete="email"/>
                            <Field name="contact_phone" label="Phone" kind="tel" autocomplete="tel" optional=true/>
                        </div>
                    </fieldset>
                </DialogBody>
                <DialogButtons close><Submit label=send/></DialogButtons>
            </Form>
        </Dialog>
    }
}
