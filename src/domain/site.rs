//! What is said about sites (XFER-5), and how far apart the days on a timeline are (DRIVE-6).

use super::{
    blocker::{Blocker, BlockerCode},
    id::ResourceId,
    refusal::Refusal,
    time::Day,
};

/// XFER-5: in one site, and to go into another.
pub fn already_in_site(item: ResourceId, name: &str) -> Blocker {
    Blocker {
        code: BlockerCode::AlreadyInSite,
        resource: Some(item),
        name: Some(name.to_owned()),
        message: format!("“{name}” is already in a site. Remove it from that site first."),
    }
}

/// Only datasets go into sites.
pub fn not_a_dataset(name: &str) -> Refusal {
    Refusal::BadRequest(format!("Only datasets can be assigned to a site, and “{name}” is not a dataset."))
}

/// There is nothing to remove it from.
pub fn not_in_a_site(name: &str) -> Refusal {
    Refusal::BadRequest(format!("“{name}” is not in a site."))
}

/// Who sees the site alone cannot put anything beside it.
pub fn outside_not_seen() -> Refusal {
    Refusal::Forbidden(
        "To remove a dataset from a site, you need Editor access to the folder that the site is in.".to_owned(),
    )
}

/// A name alone does not say which.
pub fn several_of_this_name(name: &str, count: usize) -> Refusal {
    Refusal::BadRequest(format!("There are {count} sites named “{name}”. Use Move to, and choose the one you mean."))
}

/// How far two days are apart on a timeline, in steps from 0 to 5: days, weeks, a month, a quarter, a year, more.
pub const fn distance(from: Day, to: Day) -> u8 {
    match to.0 - from.0 {
        ..=2 => 0,
        3..=14 => 1,
        15..=45 => 2,
        46..=120 => 3,
        121..=400 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drive_6_the_longer_between_two_days_the_further_apart_they_are() {
        let steps: Vec<u8> = [0, 1, 7, 30, 90, 365, 1_000].map(|days| distance(Day(20_000), Day(20_000 + days))).into();
        assert_eq!(steps, [0, 0, 1, 2, 3, 4, 5]);
    }
}
