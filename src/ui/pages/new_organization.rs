//! **New organization** (ORG-1, ORG-2).

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::{
    domain::{country::COUNTRIES, organization::OrganizationKind, policy::BY_OPERATOR, refusal::Refusal},
    rpc::{Failure, FormFlash, organization::CreateOrganization},
    ui::{
        components::{
            field::{Choice, Field, Radios},
            form::{Form, FormButtons, Submit},
        },
        error_page::ErrorPage,
        form_action::FormAction,
        layout::{Frame, PageHeader, Section},
        paths,
        session::{PageContext, Session},
    },
};

/// The page: `/organizations/new`.
#[component]
pub fn NewOrganizationPage() -> impl IntoView {
    let session = Session::get();
    view! {
        <Frame section=Section::Other org="">
            <Transition>
                {move || Suspend::new(async move {
                    let begin = PageContext::from(session.start().await);
                    match begin.person {
                        Some(_) if !begin.policy.has_founding() => {
                            view! { <ErrorPage failure=Failure::Refused(Refusal::Forbidden(BY_OPERATOR.to_owned()))/> }.into_any()
                        }
                        Some(_) => view! { <NewOrganizationView flash=begin.form/> }.into_any(),
                        None => view! { <ErrorPage failure=Failure::Refused(Refusal::Unauthenticated)/> }.into_any(),
                    }
                })}
            </Transition>
        </Frame>
    }
    .into_any()
}

/// The form. Which fields a business has more than an individual is for the style sheet to show, so that it follows the
/// choice without WebAssembly; with it, what is hidden that way is emptied too, as an individual has neither.
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

/// Empties what only a business has, once somebody says that they are an individual.
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
