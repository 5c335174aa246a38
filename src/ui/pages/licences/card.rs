//! A summary of a licence, on Home, in the list and above its ledger: product, state, and balance.

use leptos::prelude::*;

use crate::{
    domain::{
        licence::{CreditBand, END_TOLD_DAYS, Model, Product, credit_band, days_left, ends_soon, last_day},
        loan::LoanDirection,
        time::Timestamp,
    },
    ui::{components::meter::Meter, words},
    view::{LicenceState, LicenceView},
};

/// The state of a licence: the class of its dot, the word, and a remark about its end.
pub fn standing(licence: &LicenceView, now: Timestamp) -> (&'static str, &'static str, Option<String>) {
    match (licence.state, licence.active_until) {
        (LicenceState::Upcoming, _) => {
            ("status run", "Starts later", Some(format!("from {}", licence.active_from.day().words())))
        }
        (LicenceState::Active, _)
            if licence.loan.as_ref().is_some_and(|loan| loan.direction == LoanDirection::Lent) =>
        {
            ("status wait", "Lent", None)
        }
        // A trial is short: that it ends is said from the first day on, and is no reason to worry before the last week.
        (LicenceState::Active, Some(until)) if licence.trial && days_left(until, now) > END_TOLD_DAYS => {
            ("status run", "Trial", Some(left(until, now)))
        }
        (LicenceState::Active, Some(until)) if ends_soon(until, now) => {
            ("status wait", if licence.trial { "Trial ends soon" } else { "Ends soon" }, Some(left(until, now)))
        }
        (LicenceState::Active, Some(until)) => {
            ("status ok", "Active", Some(format!("until {}", last_day(until).words())))
        }
        (LicenceState::Active, None) => ("status ok", "Active", None),
        (LicenceState::Expired, Some(until)) => {
            ("status fail", "Expired", Some(format!("on {}", last_day(until).words())))
        }
        (LicenceState::Expired, None) => ("status fail", "Expired", None),
    }
}

/// How many days are left until the end of a licence.
fn left(until: Timestamp, now: Timestamp) -> String {
    match days_left(until, now) {
        ..=0 => "today is the last day".to_owned(),
        days => format!("{} left, until {}", words::counted(days, "day", "days"), last_day(until).words()),
    }
}

#[component]
pub fn LicenceFacts(
    licence: LicenceView,
    now: Timestamp,
    /// Whether the product is a heading.
    #[prop(optional)]
    heading: bool,
) -> impl IntoView {
    let (tone, state, until) = standing(&licence, now);
    let title = licence.product.label();
    let name = if heading { view! { <h2>{title}</h2> }.into_any() } else { view! { <b>{title}</b> }.into_any() };
    let books = match licence.model {
        Some(Model::ImagesProjects) => view! {
            <Allowance label="Images" used=licence.used.images total=licence.total.images/>
            <Allowance label="Projects" used=licence.used.projects total=licence.total.projects/>
        }
        .into_any(),
        Some(Model::Credits) => view! { <Credits left=licence.left.credits/> }.into_any(),
        None => match (licence.seats, licence.product) {
            (Some(seats), _) => view! { <Seats used=licence.seats_used total=seats/> }.into_any(),
            (None, Product::Discovery) => {
                view! { <p class="small">"Store and view your work. To process it, you need a cloud licence."</p> }
                    .into_any()
            }
            (None, _) => view! { <p class="small">"No seats."</p> }.into_any(),
        },
    };
    view! {
        <div class="kv licence-name">
            {name}
            <span class=tone>{state} {until.map(|until| format!(" {until}"))}</span>
        </div>
        {licence.model.map(|model| view! { <small>{model.label()}</small> })}
        {licence.loan.as_ref().map(|loan| view! { <p class="small">{words::loan(loan)}</p> })}
        {books}
    }
}

/// One of the two totals of Images & Projects.
#[component]
fn Allowance(label: &'static str, used: i64, total: i64) -> impl IntoView {
    view! {
        <div class="allowance">
            <div class="kv num"><span>{label}</span><span>{words::count(used)} " of " {words::count(total)} " used"</span></div>
            <Meter label=format!("{label} used") used total/>
        </div>
    }
}

/// The seats, and how many are in use; a lender does not see that.
#[component]
fn Seats(used: Option<u64>, total: i64) -> impl IntoView {
    let Some(used) = used.map(|used| i64::try_from(used).unwrap_or(i64::MAX)) else {
        return view! { <p class="small">{words::counted(total, "seat", "seats")}</p> }.into_any();
    };
    view! {
        <div class="allowance">
            <div class="kv num"><span>"Seats"</span><span>{words::count(used)} " of " {words::count(total)} " used"</span></div>
            <Meter label="Seats used" used total/>
        </div>
    }
    .into_any()
}

/// A balance, coloured by how much is left.
#[component]
fn Credits(left: i64) -> impl IntoView {
    let (class, words) = match credit_band(left) {
        CreditBand::Low => ("credits low", "Almost used up. Owners can get more under Licences."),
        CreditBand::Medium => ("credits medium", "Running low."),
        CreditBand::High => ("credits high", "Enough for now."),
    };
    view! {
        <p class=class>
            <b class="num">{words::count(left)}</b>
            " credits left "
            <small>{words}</small>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        id::{AccountId, LicenceId},
        licence::Amount,
        time::Day,
    };

    #[test]
    fn lic_1_the_end_of_a_licence_is_said_by_its_last_day() {
        let now = Day::from_civil(2026, 11, 21).start().plus_millis(3_600_000);
        let last = |year, month, day| Some(Day::from_civil(year, month, day).start().plus_days(1));
        let licence = |state, active_until| LicenceView {
            id: LicenceId(uuid::Uuid::nil()),
            account: AccountId(uuid::Uuid::nil()),
            product: Product::Cloud,
            model: Some(Model::Credits),
            state,
            active_from: Day::from_civil(2027, 1, 1).start(),
            active_until,
            seats: None,
            trial: false,
            total: Amount::default(),
            used: Amount::default(),
            left: Amount::default(),
            seats_used: None,
            loan: None,
        };
        for (state, until, words) in [
            (LicenceState::Active, None, "Active"),
            (LicenceState::Active, last(2027, 12, 31), "Active until 31 Dec 2027"),
            (LicenceState::Active, last(2026, 12, 3), "Ends soon 12 days left, until 3 Dec 2026"),
            (LicenceState::Active, last(2026, 11, 22), "Ends soon 1 day left, until 22 Nov 2026"),
            (LicenceState::Active, last(2026, 11, 21), "Ends soon today is the last day"),
            (LicenceState::Expired, last(2026, 11, 20), "Expired on 20 Nov 2026"),
            (LicenceState::Upcoming, last(2027, 12, 31), "Starts later from 1 Jan 2027"),
        ] {
            let (_, state, about) = standing(&licence(state, until), now);
            assert_eq!([Some(state.to_owned()), about].into_iter().flatten().collect::<Vec<_>>().join(" "), words);
        }
        for (state, until, words) in [
            (LicenceState::Active, last(2026, 12, 19), "Trial 28 days left, until 19 Dec 2026"),
            (LicenceState::Active, last(2026, 11, 28), "Trial ends soon 7 days left, until 28 Nov 2026"),
            (LicenceState::Active, last(2026, 11, 21), "Trial ends soon today is the last day"),
            (LicenceState::Active, None, "Active"),
            (LicenceState::Expired, last(2026, 11, 20), "Expired on 20 Nov 2026"),
        ] {
            let (_, state, about) = standing(&LicenceView { trial: true, ..licence(state, until) }, now);
            assert_eq!([Some(state.to_owned()), about].into_iter().flatten().collect::<Vec<_>>().join(" "), words);
        }
    }
}
