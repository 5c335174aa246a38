//! How much an organization may store (FILE-6): the operator's limit, and whether something fits.

use super::{id::OrganizationId, refusal::Refusal, text::FieldIssue};

/// The most that a limit can be: an exabyte.
pub const MAX_STORAGE_LIMIT: i64 = 1_000_000_000_000_000_000;

/// Proof that an organization may be given a limit. Only [`may_limit`] makes one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoragePermit {
    organization: OrganizationId,
    limit: Option<i64>,
}

impl StoragePermit {
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// In bytes; `None` for no limit.
    pub const fn limit(&self) -> Option<i64> {
        self.limit
    }
}

/// Whether an organization may be given a limit: any that is a number of bytes, also one that is exceeded already. Then nothing is
/// added until something was deleted.
///
/// # Errors
/// `NotInRange`.
pub fn may_limit(organization: OrganizationId, limit: Option<i64>) -> Result<StoragePermit, FieldIssue> {
    if limit.is_none_or(|limit| (0..=MAX_STORAGE_LIMIT).contains(&limit)) {
        Ok(StoragePermit { organization, limit })
    } else {
        Err(FieldIssue::NotInRange(0, MAX_STORAGE_LIMIT))
    }
}

/// More than fits into the storage of an organization.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StorageFull {
    more: i64,
    left: i64,
    limit: i64,
}

impl StorageFull {
    /// What is said about it. How much an organization stores is for who may view its usage (ROLE); others learn that it is full.
    pub fn told(self, sees_usage: bool) -> Refusal {
        Refusal::QuotaExceeded(if sees_usage {
            format!(
                "This needs {}, and the organization’s storage has {} left of {}. Delete something for good, or ask your administrator for more.",
                size(self.more),
                size(self.left),
                size(self.limit)
            )
        } else {
            "The organization’s storage is full.".to_owned()
        })
    }
}

/// Whether so many more bytes fit into the storage of an organization (FILE-6). What is in the trash and what is on its way counts.
///
/// # Errors
/// How much is missing.
pub fn fits(limit: i64, used: i64, more: i64) -> Result<(), StorageFull> {
    let left = limit.saturating_sub(used).max(0);
    if more <= left { Ok(()) } else { Err(StorageFull { more, left, limit }) }
}

/// A number of bytes for people: "20.0 GB".
pub fn size(bytes: i64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut unit, mut divisor) = (0, 1_i64);
    while unit + 1 < UNITS.len() && bytes / divisor >= 1_000 {
        divisor *= 1_000;
        unit += 1;
    }
    if unit == 0 {
        return format!("{bytes} B");
    }
    format!("{}.{} {}", bytes / divisor, bytes % divisor / (divisor / 10), UNITS[unit])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn file_6_storage_is_full_when_it_is_full() {
        assert_eq!(fits(100, 40, 60), Ok(()));
        let full = fits(5_000_000_000, 4_000_000_000, 1_200_000_000).expect_err("refused");
        let text = full.told(true).to_string();
        assert!(text.contains("1.2 GB") && text.contains("1.0 GB left of 5.0 GB"), "{text}");
        assert!(fits(10, 40, 1).is_err_and(|full| full.told(true).to_string().contains("0 B left")));
        assert_eq!(fits(10, 40, 0), Ok(()));
    }

    #[test]
    fn attack_15_who_may_not_view_the_usage_learns_that_storage_is_full() {
        let full = fits(10, 0, 11).expect_err("refused");
        assert_eq!(full.told(false).to_string(), "The organization’s storage is full.");
    }

    #[test]
    fn file_6_a_limit_is_a_number_of_bytes_or_none() {
        let may = |limit| may_limit(OrganizationId(id(1)), limit).map(|permit| (permit.organization(), permit.limit()));
        for limit in [None, Some(0), Some(MAX_STORAGE_LIMIT)] {
            assert_eq!(may(limit), Ok((OrganizationId(id(1)), limit)));
        }
        for wrong in [-1, MAX_STORAGE_LIMIT + 1] {
            assert_eq!(may(Some(wrong)), Err(FieldIssue::NotInRange(0, MAX_STORAGE_LIMIT)));
        }
    }

    proptest! {
        #[test]
        fn file_6_what_fits_together_fits_one_by_one(limit in 0_i64..1_000, used in 0_i64..1_000, a in 0_i64..1_000, b in 0_i64..1_000) {
            if fits(limit, used, a + b).is_ok() {
                prop_assert!(fits(limit, used, a).is_ok() && fits(limit, used + a, b).is_ok());
            }
        }
    }
}
