//! What a job would cost and what is in its way, before it is started (LIC-2, JOB-3).

use leptos::prelude::*;

use crate::{
    domain::{app::PriceRule, job::paid_before, licence::Amount, refusal::Refusal},
    ui::{
        components::{
            button::{BlockedButton, Tone},
            field::Hidden,
            form::Submit,
            note::{Note, Severity},
            table::Fact,
        },
        sales::{GetLicence, GetMore},
        words,
    },
    view::job::JobPlanView,
};

/// Price and balance, for who may see them, and what is in the way or would have the job wait.
#[component]
pub fn PlanSummary(plan: JobPlanView, org: String) -> impl IntoView {
    let JobPlanView { price_rule, price, balance, product, model, blocked, waits, .. } = plan;
    let paid = price.and_then(|price| paid_before(price_rule, model, price)).filter(|_| blocked.is_empty());
    let costs = price_rule == PriceRule::Processing;
    let price = price.map(|price| match price_rule {
        PriceRule::Free => "Free".to_owned(),
        PriceRule::Processing if price.is_nothing() => "Nothing to pay".to_owned(),
        PriceRule::Processing => words::amount(price),
    });
    let balance = balance.filter(|_| costs).map(|left| {
        let of = product.map_or_else(String::new, |product| format!(" of {}", product.label()));
        words::balance(left, model) + &of
    });
    let figures = (price.is_some() || balance.is_some()).then(|| {
        view! {
            <dl class="facts">
                {price.map(|price| view! { <Fact label="Price"><span class="num">{price}</span>{paid.map(|paid| view! { <div><small>{paid}</small></div> })}</Fact> })}
                {balance.map(|balance| view! { <Fact label="Balance"><span class="num">{balance}</span></Fact> })}
            </dl>
        }
    });
    let blockers = (!blocked.is_empty()).then(|| {
        let reasons = blocked.into_iter().map(|reason| view! { <li>{reason}</li> }).collect_view();
        view! { <Note severity=Severity::Warning><ul aria-label="What is in the way">{reasons}</ul></Note> }
    });
    let waits = waits.map(|reason| {
        view! {
            <Note severity=Severity::Warning>
                <p>{reason} " The job waits for credits, and starts by itself once there is enough."</p>
                <GetMore org/>
            </Note>
        }
    });
    view! {
        {figures}
        {blockers}
        {waits}
    }
}

/// Why an app cannot be run at all.
#[component]
pub fn PlanRefused(refusal: Refusal, org: String) -> impl IntoView {
    let way = matches!(refusal, Refusal::Licence(_)).then(|| view! { <GetLicence org/> });
    view! {
        <Note severity=Severity::Warning>
            <p>{refusal.to_string()}</p>
            {way}
        </Note>
    }
}

/// The button that starts it, or that cannot be pressed because of what is in the way. Inside the form.
#[component]
pub fn StartButton(label: &'static str, blocked: Option<String>) -> impl IntoView {
    match blocked {
        Some(reason) => {
            view! { <BlockedButton label reason tone=Tone::Primary icon="play" reason_shown=true/> }.into_any()
        }
        None => view! { <Submit label icon="play"/> }.into_any(),
    }
}

/// The price that was shown: the server asks again if it is higher by then.
#[component]
pub fn AgreedPrice(price: Option<Amount>) -> impl IntoView {
    price.map(|Amount { images, projects, credits }| {
        view! {
            <Hidden name="price[images]" value=images.to_string()/>
            <Hidden name="price[projects]" value=projects.to_string()/>
            <Hidden name="price[credits]" value=credits.to_string()/>
        }
    })
}
