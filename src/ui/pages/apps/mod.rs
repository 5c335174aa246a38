//! Apps (JOB-1): what an organization publishes, what one may run, an app's own page, and the form of a new version.

pub mod edit;
pub mod list;
pub mod options;
pub mod organization;
pub mod refused;
pub mod route;
pub mod show;
pub mod users;
pub mod version;

use crate::{
    domain::app::{AppState, PriceRule},
    ui::words,
};

/// The class that colours a state.
const fn state_tone(state: AppState) -> &'static str {
    match state {
        AppState::Draft => "status",
        AppState::Published => "status ok",
        AppState::Withdrawn => "status fail",
    }
}

/// What a job of an app costs, in a sentence.
const fn price_sentence(price: PriceRule) -> &'static str {
    match price {
        PriceRule::Free => "Free: it uses no allowance and no credits.",
        PriceRule::Processing => {
            "What processing costs under the licence of the dataset’s account. The price is shown before it starts."
        }
    }
}

/// "2 days", "6 hours", "90 minutes".
fn duration(minutes: i64) -> String {
    if minutes % (24 * 60) == 0 {
        words::counted(minutes / (24 * 60), "day", "days")
    } else if minutes % 60 == 0 {
        words::counted(minutes / 60, "hour", "hours")
    } else {
        words::counted(minutes, "minute", "minutes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_told_in_the_largest_unit_that_fits() {
        for (minutes, text) in
            [(1, "1 minute"), (90, "90 minutes"), (60, "1 hour"), (1_440, "1 day"), (10_080, "7 days")]
        {
            assert_eq!(duration(minutes), text);
        }
    }
}
