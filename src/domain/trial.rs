//! Trials (LIC-7): where the operator gives one, each new organization begins with a licence that ends by itself, so that
//! everything can be tried before anything is bought.

use super::{
    licence::{Amount, Family, Product},
    time::Timestamp,
};

/// How long a trial may last, in days.
pub const MAX_TRIAL_DAYS: i64 = 365;

/// What a trial allows, in Images & Projects: a few surveys, and a transfer or two.
pub const TRIAL_ALLOWANCE: Amount = Amount { images: 10_000, projects: 10, credits: 0 };

/// What a new organization may try, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trial {
    product: Product,
    days: i64,
}

impl Trial {
    /// A trial of a cloud product, for 1 to [`MAX_TRIAL_DAYS`] days; `None` for anything else.
    pub fn new(product: Product, days: i64) -> Option<Self> {
        let possible = product.family() == Family::Cloud && (1..=MAX_TRIAL_DAYS).contains(&days);
        possible.then_some(Self { product, days })
    }

    pub const fn product(self) -> Product {
        self.product
    }

    /// The first moment after a trial that begins now. The day it begins on is given in addition, as it may be nearly over.
    pub const fn end(self, now: Timestamp) -> Timestamp {
        now.day().start().plus_days(self.days + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{licence::last_day, time::Day};

    #[test]
    fn lic_7_a_trial_is_of_a_cloud_product_for_a_day_to_a_year() {
        for product in Product::ALL {
            for (days, possible) in [(-1, false), (0, false), (1, true), (28, true), (365, true), (366, false)] {
                let trial = Trial::new(product, days);
                assert_eq!(trial.is_some(), possible && product.family() == Family::Cloud, "{product:?} {days}");
            }
        }
    }

    #[test]
    fn lic_7_a_trial_has_all_its_days_whenever_in_the_day_it_begins() {
        let trial = Trial::new(Product::CloudPro, 28).expect("a trial");
        let day = Day::from_civil(2026, 11, 30).start();
        for now in [day, day.plus_millis(86_399_999)] {
            assert_eq!(last_day(trial.end(now)).words(), "28 Dec 2026");
            assert!(trial.end(now) >= now.plus_days(28));
        }
    }
}
