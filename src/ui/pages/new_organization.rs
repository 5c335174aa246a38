//! **New organization** (ORG-1, ORG-2).

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::{
    domain::{country::COUNTRIES, installation_policy::BY_OPERATOR, organization::OrganizationKind, refusal::Refusal},
    paths,
    rpc::{Failure, FormFlash, organization::CreateOrganization},
    ui::{
        components::{
            field::{Choice, Field, Radios},
            form::{Form, FormButtons, Submit},
        },
        form_action::FormAction,
        layout::{PageHeader, Section},
        page::page,
        session::Session,
    },
};

/// The page: `/organizations/new`.
#[component]
pub fn NewOrganizationPage() -> impl IntoView {
    let session = Session::get();
    page(Section::Other, "", move || async move {
        let context = session.context().await;
        if context.person.is_none() {
            return Err(Failure::Refused(Refusal::Unauthenticated));
        }
        if !context.policy.has_founding() {
            return Err(Failure::Refused(Refusal::Forbidden(BY_OPERATOR.to_owned())));
        }
        Ok(view! { <NewOrganizationView flash=context.form/> }.into_any())
    })
}

/// The form. The style sheet shows the fields that only a business has, so that it works without WebAssembly. With
/// WebAssembly, hidden fields are emptied as well, because an individual must not send them.
#[component]
fn NewOrganizationView(flash: Option<FormFlash>) -> impl IntoView {
    let action = FormAction::<CreateOrganization>::new();
    let kinds = OrganizationKind::ALL.map(|kind| (kind.as_str(), kind.label())).to_vec();
    view! {
        <PageHeader title="New organization" lead="You become its Owner. It starts with a free Discovery licence and an empty Drive."/>
        <section class="panel sheet">
            <Form action flash class="form new-organization" changes_session=true>
                <div on:change=|event| empty_business_fields(&event)>
                    <Radios name="kind" label="Who is it for?" options=kinds first=OrganizationKind::Business.as_str()/>
                </div>
                <Field name="name" label="Organization name" autocomplete="organization" focused=true/>
                <div class="business columns">
                    <Field name="legal_name" label="Legal company name" hint="If it differs from the name." optional=true/>
                    <Field name="vat_number" label="VAT number" hint="As on your invoices." optional=true/>
                </div>
                <Field name="address" label="Address" autocomplete="street-address" optional=true/>
                <div class="columns place">
                    <Field name="postal_code" label="Postal code" autocomplete="postal-code" optional=true/>
                    <Field name="city" label="City" autocomplete="address-level2" optional=true/>
                </div>
                <Choice name="country" label="Country" options=COUNTRIES autocomplete="country"/>
                <FormButtons>
                    <a class="button" href=paths::WELCOME>"Cancel"</a>
                    <Submit label="Create organization"/>
                </FormButtons>
            </Form>
        </section>
    }
}

/// Empties the fields of a business when **Individual** is chosen.
fn empty_business_fields(event: &leptos::ev::Event) {
    if event_target_value(event) != OrganizationKind::Individual.as_str() {
        return;
    }
    let Ok(found) = document().query_selector_all(".business input") else { return };
    for index in 0..found.length() {
        if let Some(input) = found.item(index).and_then(|node| node.dyn_into::<HtmlInputElement>().ok()) {
            input.set_value("");
        }
    }
}
