//! Licences: what an account may do, and the books of what it has used (LIC).

use serde::{Deserialize, Serialize};

use super::{
    id::LicenceId,
    refusal::Refusal,
    resource::Kind,
    role::Role,
    text::{FieldIssue, number},
    time::{Day, Timestamp},
};

/// The product that was bought. The cloud products are in the order of their tiers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Free, with every organization (ORG-2): keep a Drive, look at it, no processing.
    Discovery,
    /// Seats for desktop programs.
    Desktop,
    /// Processing in the cloud.
    Cloud,
    /// And sites.
    CloudPro,
    /// And Team Access Control.
    CloudTeams,
    /// Everything.
    CloudEnterprise,
}

/// Desktop licences have seats; cloud licences have an allowance or credits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// For programs on a person's computer.
    Desktop,
    /// For processing here.
    Cloud,
}

words! {
    Product without parse
    Discovery => "discovery", "Discovery";
    Desktop => "desktop", "Desktop";
    Cloud => "cloud", "Cloud";
    CloudPro => "cloud_pro", "Cloud Pro";
    CloudTeams => "cloud_teams", "Cloud Teams";
    CloudEnterprise => "cloud_enterprise", "Cloud Enterprise";
}

impl Product {
    /// Reads [`Product::as_str`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|product| product.as_str() == word).ok_or(FieldIssue::NotAChoice)
    }

    /// Which family it is of. Discovery is no cloud licence: it neither processes nor lets anything be transferred.
    pub const fn family(self) -> Family {
        match self {
            Self::Discovery | Self::Desktop => Family::Desktop,
            Self::Cloud | Self::CloudPro | Self::CloudTeams | Self::CloudEnterprise => Family::Cloud,
        }
    }

    /// LIC-4: whether it allows a use while it is active. The table is [`Entitlement::takes`].
    pub fn allows(self, wanted: Entitlement) -> bool {
        match wanted.takes() {
            RequiredProduct::Nothing | RequiredProduct::NothingExpired => true,
            RequiredProduct::Cloud(least) => self.family() == Family::Cloud && self >= least,
        }
    }
}

/// How a cloud licence is billed (LIC-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// Two totals that are used up: images, and projects.
    ImagesProjects,
    /// A balance that is spent.
    Credits,
}

words! {
    Model without parse
    ImagesProjects => "images_projects", "Images & Projects";
    Credits => "credits", "Credits";
}

impl Model {
    /// Reads [`Model::as_str`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|model| model.as_str() == word).ok_or(FieldIssue::NotAChoice)
    }
}

/// Amounts of what licences are billed in; in a ledger entry, the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Amount {
    pub images: i64,
    /// Projects: one for every dataset processed.
    pub projects: i64,
    pub credits: i64,
}

impl Amount {
    /// The opposite change.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { images: -self.images, projects: -self.projects, credits: -self.credits }
    }

    /// Both together, saturating.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            images: self.images.saturating_add(other.images),
            projects: self.projects.saturating_add(other.projects),
            credits: self.credits.saturating_add(other.credits),
        }
    }

    /// Whether every part of this is at least what `other` asks.
    pub const fn covers(self, other: Self) -> bool {
        self.images >= other.images && self.projects >= other.projects && self.credits >= other.credits
    }

    /// Whether nothing is in it.
    pub const fn is_nothing(self) -> bool {
        self.images == 0 && self.projects == 0 && self.credits == 0
    }
}

/// Why a ledger entry was written (LIC-3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The operator granted or topped up.
    Grant,
    /// A dataset was processed.
    Spend,
    /// A failed task was refunded.
    Refund,
    /// Items left in a transfer; their images and projects came back.
    TransferOut,
    /// Items arrived in a transfer and were charged.
    TransferIn,
}

words! {
    EntryKind
    Grant => "grant", "Granted";
    Spend => "spend", "Processing";
    Refund => "refund", "Refund";
    TransferOut => "transfer_out", "Transferred out";
    TransferIn => "transfer_in", "Transferred in";
}

/// A licence as the rules see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Licence {
    pub id: LicenceId,
    /// What was bought.
    pub product: Product,
    /// How it is billed; cloud licences only.
    pub model: Option<Model>,
    /// Whether it is given to try it out (LIC-7).
    pub trial: bool,
    /// First moment it is active.
    pub active_from: Timestamp,
    /// First moment it is not active any more; `None`: it does not expire.
    pub active_until: Option<Timestamp>,
    /// Everything ever granted to it.
    pub granted: Amount,
    /// What is left: the sum of its ledger.
    pub left: Amount,
}

impl Licence {
    /// Whether it is active at a moment.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.active_from <= now && self.active_until.is_none_or(|until| now < until)
    }

    /// Whether it was active once and is no more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.active_until.is_some_and(|until| until <= now)
    }

    /// What there is in all: what was granted, or more where a transfer gave back more than was ever used.
    pub fn total(&self) -> Amount {
        Amount {
            images: self.granted.images.max(self.left.images),
            projects: self.granted.projects.max(self.left.projects),
            credits: self.granted.credits.max(self.left.credits),
        }
    }

    /// What has been used, never below zero.
    pub fn used(&self) -> Amount {
        self.total().plus(self.left.negated())
    }
}

/// The cloud licence that governs an account: the active one of the highest tier; if none is active, the one that
/// expired last (its model still decides what leaves, XFER-12); `None` if there never was one.
pub fn governing(licences: &[Licence], now: Timestamp) -> Option<&Licence> {
    let cloud =
        || licences.iter().filter(|licence| licence.product.family() == Family::Cloud && licence.model.is_some());
    cloud()
        .filter(|licence| licence.is_active(now))
        // The id settles ties, so that the answer does not depend on the order in which licences were loaded.
        .max_by_key(|licence| (licence.product, licence.left.images, licence.left.credits, licence.id))
        .or_else(|| {
            cloud().filter(|licence| licence.has_expired(now)).max_by_key(|licence| (licence.active_until, licence.id))
        })
}

/// Assumed megapixels of an image if they are not known: those of a common survey camera.
pub const DEFAULT_MEGAPIXELS: i64 = 20;

/// LIC-2: what processing a dataset costs. Credits: megapixels x images / 100, rounded up.
pub const fn price(model: Model, images: i64, megapixels: i64) -> Amount {
    match model {
        Model::ImagesProjects => Amount { images, projects: 1, credits: 0 },
        Model::Credits => {
            Amount { images: 0, projects: 0, credits: (images.saturating_mul(megapixels)).saturating_add(99) / 100 }
        }
    }
}

/// LIC-2: how many images a dataset may have at most to be paid from what is left; `None` if nothing more can be paid.
pub const fn affordable_images(model: Model, left: Amount, megapixels: i64) -> Option<i64> {
    match model {
        Model::ImagesProjects if left.projects >= 1 => Some(left.images),
        Model::ImagesProjects => None,
        // An account without credits can still process what costs nothing.
        Model::Credits => Some(left.credits.saturating_mul(100) / megapixels),
    }
}

/// LIC-2: spending never goes below zero.
///
/// # Errors
/// `AllowanceExceeded`, naming what is needed and what is left.
pub fn spend(left: Amount, cost: Amount) -> Result<Amount, Refusal> {
    if left.covers(cost) {
        return Ok(left.plus(cost.negated()));
    }
    let text = if left.credits < cost.credits {
        format!("This needs {} credits, and {} are left.", number(cost.credits), number(left.credits))
    } else {
        format!(
            "This needs {} images and {} projects, and {} images and {} projects are left.",
            number(cost.images),
            number(cost.projects),
            number(left.images),
            number(left.projects)
        )
    };
    Err(Refusal::AllowanceExceeded(text))
}

/// The last day of a licence that ends at a moment: the end itself is not part of it any more.
pub const fn last_day(until: Timestamp) -> Day {
    until.plus_millis(-1).day()
}

/// How many days follow today until the last day of a licence; 0 on the last day itself, below zero afterwards.
pub const fn days_left(until: Timestamp, now: Timestamp) -> i64 {
    last_day(until).0 - now.day().0
}

/// From how many days before its last day on a licence is said to end soon.
pub const ENDS_SOON_DAYS: i64 = 30;

/// Whether a licence that is active ends soon enough to say so (LIC-1).
pub const fn ends_soon(until: Timestamp, now: Timestamp) -> bool {
    days_left(until, now) <= ENDS_SOON_DAYS
}

/// How many days before its last day the Owners are told that a licence ends (LIC-8).
pub const END_TOLD_DAYS: i64 = 7;

/// The latest end that Owners are told of at a moment (LIC-8): that of a licence whose last day is [`END_TOLD_DAYS`] away.
pub const fn latest_end_told(now: Timestamp) -> Timestamp {
    now.day().start().plus_days(END_TOLD_DAYS + 1)
}

/// Where a balance of credits stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum CreditBand {
    /// Under 50: nearly used up.
    Low,
    /// 50 to 100: time to think of more.
    Medium,
    /// Over 100.
    High,
}

/// The band of a balance of credits.
pub const fn credit_band(credits: i64) -> CreditBand {
    match credits {
        ..50 => CreditBand::Low,
        50..=100 => CreditBand::Medium,
        _ => CreditBand::High,
    }
}

/// Something that people do and that may require a licence (LIC-4, LIC-6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entitlement {
    /// Open, view, rename, delete, move to a folder, remove from a site.
    Keep,
    /// Create a folder, an asset or a dataset.
    Create,
    /// Save what is drawn on a dataset (VIEW-3).
    Annotate,
    /// Have a dataset processed.
    Process,
    /// Share a link or a copy.
    Share,
    /// Sites: create one, assign a dataset to one, make or copy something into one.
    Sites,
    /// Team Access Control: Members, and access to single resources.
    TeamAccess,
}

/// The product that an entitlement requires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequiredProduct {
    /// Nothing: it stays when every licence has expired.
    Nothing,
    /// No cloud licence; but where there was one, it must not have expired (LIC-6).
    NothingExpired,
    /// An active cloud licence of this product or a higher one.
    Cloud(Product),
}

impl Entitlement {
    /// Every use.
    pub const ALL: [Self; 7] =
        [Self::Keep, Self::Create, Self::Annotate, Self::Process, Self::Share, Self::Sites, Self::TeamAccess];

    /// LIC-4: what each use takes. This is the one table; every door asks it.
    pub const fn takes(self) -> RequiredProduct {
        match self {
            Self::Keep => RequiredProduct::Nothing,
            Self::Create | Self::Annotate => RequiredProduct::NothingExpired,
            Self::Process | Self::Share => RequiredProduct::Cloud(Product::Cloud),
            Self::Sites => RequiredProduct::Cloud(Product::CloudPro),
            Self::TeamAccess => RequiredProduct::Cloud(Product::CloudTeams),
        }
    }

    /// The refusal for who has no licence that is high enough.
    fn lacking(self) -> Refusal {
        let text = match self {
            Self::Sites => "Sites need a Cloud Pro licence or higher. Owners can get one under Licences.",
            Self::TeamAccess => {
                "Members and access to single items need a Cloud Teams licence or higher. Owners can get one under Licences."
            }
            Self::Keep | Self::Create | Self::Annotate | Self::Process | Self::Share => {
                "You need an active cloud licence for this. Owners can get one under Licences."
            }
        };
        Refusal::Licence(text.to_owned())
    }
}

/// The entitlement to create something of a kind in a container (LIC-4). Sites, and whatever is put into one, require sites.
pub const fn making(kind: Kind, container: Kind) -> Entitlement {
    match (kind, container) {
        (Kind::Site, _) | (_, Kind::Site) => Entitlement::Sites,
        _ => Entitlement::Create,
    }
}

/// The entitlement to have somebody with this role in an organization (LIC-4).
pub const fn entitlement_for_role(role: Role) -> Entitlement {
    match role {
        Role::Member => Entitlement::TeamAccess,
        Role::Owner | Role::Manager | Role::Editor | Role::Reader => Entitlement::Keep,
    }
}

/// LIC-4 and LIC-6: whether the licences of an account allow a use of it. An account that never had a cloud licence
/// has what Discovery allows.
///
/// # Errors
/// `Licence`, saying what is missing.
pub fn allows(licences: &[Licence], wanted: Entitlement, now: Timestamp) -> Result<(), Refusal> {
    let licence = governing(licences, now);
    let product = licence.map_or(Product::Discovery, |licence| licence.product);
    let expired = licence.is_some_and(|licence| !licence.is_active(now));
    if expired && wanted.takes() != RequiredProduct::Nothing {
        return Err(Refusal::Licence(
            "The cloud licence has expired. You can still view, rename, move and delete. Owners can get a new one under Licences.".to_owned(),
        ));
    }
    if product.allows(wanted) { Ok(()) } else { Err(wanted.lacking()) }
}

/// Whether the licences of at least one of several accounts allow a use of it (LIC-4, LIC-6); where nothing is chosen yet, that
/// is enough, and what is chosen is asked about by its own account.
///
/// # Errors
/// `Licence`, saying what is missing in the first.
pub fn allows_in_any(accounts: &[Vec<Licence>], wanted: Entitlement, now: Timestamp) -> Result<(), Refusal> {
    let mut answers = accounts.iter().map(|licences| allows(licences, wanted, now));
    let first = answers.next().unwrap_or(Ok(()));
    if answers.any(|answer| answer.is_ok()) { Ok(()) } else { first }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{id, table};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn amount(images: i64, projects: i64, credits: i64) -> Amount {
        Amount { images, projects, credits }
    }

    /// A licence of this product, active from a month ago for a year.
    fn licence(number: u128, product: Product) -> Licence {
        Licence {
            id: LicenceId(id(number)),
            product,
            model: (product.family() == Family::Cloud).then_some(Model::ImagesProjects),
            trial: false,
            active_from: NOW.plus_days(-30),
            active_until: Some(NOW.plus_days(335)),
            granted: amount(1_000, 10, 0),
            left: amount(1_000, 10, 0),
        }
    }

    fn expired(number: u128, product: Product, days_ago: i64) -> Licence {
        Licence {
            active_from: NOW.plus_days(-400),
            active_until: Some(NOW.plus_days(-days_ago)),
            ..licence(number, product)
        }
    }

    fn upcoming(number: u128, product: Product) -> Licence {
        Licence { active_from: NOW.plus_millis(1), ..licence(number, product) }
    }

    #[test]
    fn lic_1_a_licence_is_active_from_its_first_moment_until_just_before_its_last() {
        let licence = licence(1, Product::Cloud);
        let until = NOW.plus_days(335);
        for (moment, active, expired) in [
            (licence.active_from.plus_millis(-1), false, false),
            (licence.active_from, true, false),
            (until.plus_millis(-1), true, false),
            (until, false, true),
        ] {
            assert_eq!(
                (licence.is_active(moment), licence.has_expired(moment)),
                (active, expired),
                "{}",
                moment.words()
            );
        }
        let forever = Licence { active_until: None, ..licence };
        assert!(forever.is_active(NOW.plus_days(100_000)) && !forever.has_expired(NOW.plus_days(100_000)));
    }

    #[test]
    fn lic_1_the_last_day_is_a_day_of_the_licence_and_thirty_days_before_it_is_said() {
        let today = NOW.day();
        for (last, left, soon) in [(-1, -1, true), (0, 0, true), (1, 1, true), (30, 30, true), (31, 31, false)] {
            // As the operator grants it: until the first moment of the day after the last.
            let until = Day(today.0 + last).start().plus_days(1);
            assert_eq!(last_day(until), Day(today.0 + last));
            assert_eq!((days_left(until, NOW), ends_soon(until, NOW)), (left, soon), "{last}");
        }
        // Ended in the middle of a day, that day was the last.
        assert_eq!(last_day(NOW), today);
    }

    #[test]
    fn lic_1_credits_have_three_bands() {
        for (credits, expected) in [
            (0, CreditBand::Low),
            (49, CreditBand::Low),
            (50, CreditBand::Medium),
            (100, CreditBand::Medium),
            (101, CreditBand::High),
            (i64::MAX, CreditBand::High),
        ] {
            assert_eq!(credit_band(credits), expected, "{credits}");
        }
    }

    #[test]
    fn lic_1_what_was_used_is_what_is_missing_and_never_below_zero() {
        let with = |left| Licence { left, ..licence(1, Product::Cloud) };
        for (left, total, used) in [
            (amount(1_000, 10, 0), amount(1_000, 10, 0), amount(0, 0, 0)),
            (amount(400, 7, 0), amount(1_000, 10, 0), amount(600, 3, 0)),
            // A transfer gave back more than was ever used (XFER-10).
            (amount(1_200, 9, 0), amount(1_200, 10, 0), amount(0, 1, 0)),
        ] {
            assert_eq!((with(left).total(), with(left).used()), (total, used), "{left:?}");
        }
    }

    #[test]
    fn lic_2_the_price_of_processing() {
        for (model, images, megapixels, price_is) in [
            (Model::ImagesProjects, 0, 20, amount(0, 1, 0)),
            (Model::ImagesProjects, 214, 20, amount(214, 1, 0)),
            (Model::ImagesProjects, 214, 100, amount(214, 1, 0)),
            (Model::Credits, 0, 20, amount(0, 0, 0)),
            (Model::Credits, 1, 20, amount(0, 0, 1)),
            (Model::Credits, 5, 20, amount(0, 0, 1)),
            (Model::Credits, 6, 20, amount(0, 0, 2)),
            (Model::Credits, 100, 20, amount(0, 0, 20)),
            (Model::Credits, 101, 20, amount(0, 0, 21)),
            (Model::Credits, 214, 45, amount(0, 0, 97)),
        ] {
            assert_eq!(
                price(model, images, megapixels),
                price_is,
                "{model:?}: {images} images of {megapixels} megapixels"
            );
        }
    }

    #[test]
    fn lic_2_spending_down_to_zero_but_not_below() {
        for (left, cost, after) in [
            (amount(100, 2, 0), amount(40, 1, 0), Some(amount(60, 1, 0))),
            (amount(100, 2, 0), amount(100, 2, 0), Some(amount(0, 0, 0))),
            (amount(100, 2, 0), amount(101, 1, 0), None),
            (amount(100, 0, 0), amount(40, 1, 0), None),
            (amount(0, 0, 20), amount(0, 0, 20), Some(amount(0, 0, 0))),
            (amount(0, 0, 20), amount(0, 0, 21), None),
            (amount(0, 0, 0), amount(0, 0, 0), Some(amount(0, 0, 0))),
        ] {
            assert_eq!(spend(left, cost).ok(), after, "{cost:?} of {left:?}");
        }
    }

    #[test]
    fn lic_2_a_refusal_says_what_is_needed_and_what_is_left() {
        let text = |left, cost| spend(left, cost).map_err(|refusal| refusal.to_string());
        assert_eq!(text(amount(0, 0, 20), amount(0, 0, 21)), Err("This needs 21 credits, and 20 are left.".to_owned()));
        assert_eq!(
            text(amount(10, 2, 0), amount(11, 1, 0)),
            Err("This needs 11 images and 1 projects, and 10 images and 2 projects are left.".to_owned())
        );
    }

    #[test]
    fn lic_4_lic_6_what_the_licences_of_an_account_allow() {
        let mut accounts = vec![
            ("nothing".to_owned(), Vec::new()),
            ("Cloud Pro, not yet".to_owned(), vec![upcoming(1, Product::CloudPro)]),
        ];
        for product in Product::ALL {
            accounts.push((format!("{}, active", product.label()), vec![licence(1, product)]));
        }
        let used_up =
            Licence { model: Some(Model::Credits), left: Amount::default(), ..licence(1, Product::CloudTeams) };
        accounts.push(("Cloud Teams, credits used up".to_owned(), vec![used_up]));
        for product in Product::ALL {
            accounts.push((format!("{}, expired", product.label()), vec![expired(1, product, 1)]));
        }
        let both = vec![expired(1, Product::CloudEnterprise, 1), licence(2, Product::Cloud)];
        accounts.push(("Cloud Enterprise expired, Cloud active".to_owned(), both));
        let both = vec![licence(1, Product::Discovery), expired(2, Product::CloudPro, 1)];
        accounts.push(("Discovery active, Cloud Pro expired".to_owned(), both));

        let header = [String::new()].into_iter().chain(Entitlement::ALL.map(|wanted| format!("{wanted:?}")));
        let mut rows = vec![header.collect::<Vec<_>>()];
        for (name, licences) in accounts {
            let answers = Entitlement::ALL.map(|wanted| match allows(&licences, wanted, NOW) {
                Ok(()) => "yes",
                Err(Refusal::Licence(text)) if text.contains("has expired") => "expired",
                Err(Refusal::Licence(text)) if text.contains("active cloud licence") => "takes Cloud",
                Err(Refusal::Licence(text)) if text.contains("Cloud Pro") => "takes Cloud Pro",
                Err(Refusal::Licence(text)) if text.contains("Cloud Teams") => "takes Cloud Teams",
                Err(other) => panic!("{other:?}"),
            });
            rows.push([name].into_iter().chain(answers.map(str::to_owned)).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn lic_4_a_higher_product_allows_all_that_a_lower_one_does() {
        let cloud: Vec<Product> = Product::ALL.into_iter().filter(|one| one.family() == Family::Cloud).collect();
        for wanted in Entitlement::ALL {
            for pair in cloud.windows(2) {
                assert!(!pair[0].allows(wanted) || pair[1].allows(wanted), "{wanted:?}: {pair:?}");
            }
            assert!(Product::CloudEnterprise.allows(wanted), "{wanted:?}");
            assert_eq!(Product::Discovery.allows(wanted), Product::Desktop.allows(wanted), "{wanted:?}");
        }
        for container in [Kind::Root, Kind::Folder, Kind::Asset] {
            assert_eq!(making(Kind::Site, container), Entitlement::Sites);
            assert_eq!(making(Kind::Folder, container), Entitlement::Create);
        }
        assert_eq!(making(Kind::Dataset, Kind::Site), Entitlement::Sites);
    }

    #[test]
    fn lic_4_of_several_accounts_one_that_allows_it_is_enough() {
        let (teams, none) = (vec![licence(1, Product::CloudTeams)], Vec::new());
        for (accounts, allowed) in [
            (vec![], true),
            (vec![none.clone()], false),
            (vec![teams.clone(), none.clone()], true),
            (vec![none.clone(), teams], true),
            (vec![none.clone(), none], false),
        ] {
            assert_eq!(allows_in_any(&accounts, Entitlement::TeamAccess, NOW).is_ok(), allowed, "{accounts:?}");
        }
    }

    #[test]
    fn lic_the_licence_that_governs_an_account() {
        let empty = Licence { left: Amount::default(), ..licence(1, Product::CloudPro) };
        for (why, licences, governs) in [
            ("there is none", vec![], None),
            ("desktop products never do", vec![licence(1, Product::Desktop), licence(2, Product::Discovery)], None),
            ("one that has not begun does not", vec![upcoming(1, Product::CloudEnterprise)], None),
            ("the active one", vec![licence(1, Product::Cloud)], Some(1)),
            (
                "the highest tier",
                vec![licence(1, Product::Cloud), licence(2, Product::CloudTeams), licence(3, Product::CloudPro)],
                Some(2),
            ),
            (
                "an active one before a higher expired one",
                vec![licence(1, Product::Cloud), expired(2, Product::CloudEnterprise, 1)],
                Some(1),
            ),
            (
                "an active one before a higher upcoming one",
                vec![licence(1, Product::Cloud), upcoming(2, Product::CloudEnterprise)],
                Some(1),
            ),
            ("of one tier, the one with more left", vec![empty, licence(2, Product::CloudPro)], Some(2)),
            (
                "of none active, the one that expired last",
                vec![
                    expired(1, Product::CloudEnterprise, 90),
                    expired(2, Product::Cloud, 1),
                    expired(3, Product::CloudTeams, 30),
                ],
                Some(2),
            ),
        ] {
            assert_eq!(
                governing(&licences, NOW).map(|licence| licence.id),
                governs.map(|number| LicenceId(id(number))),
                "{why}"
            );
            let backwards: Vec<Licence> = licences.into_iter().rev().collect();
            assert_eq!(
                governing(&backwards, NOW).map(|licence| licence.id),
                governs.map(|number| LicenceId(id(number))),
                "{why}, in whatever order"
            );
        }
    }

    #[test]
    fn lic_words_are_read_as_the_api_and_the_command_line_write_them() {
        for product in Product::ALL {
            assert_eq!(Product::parse(product.as_str()), Ok(product));
            assert_eq!(Product::parse(&product.as_str().replace('_', "-")), Ok(product));
        }
        for model in Model::ALL {
            assert_eq!(Model::parse(model.as_str()), Ok(model));
            assert_eq!(Model::parse(&model.as_str().replace('_', "-")), Ok(model));
        }
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.as_str()), Ok(kind));
        }
        assert_eq!(Product::parse("cloud ultra"), Err(FieldIssue::NotAChoice));
    }

    fn some_amount() -> impl Strategy<Value = Amount> {
        (0_i64..5_000, 0_i64..50, 0_i64..500).prop_map(|(images, projects, credits)| amount(images, projects, credits))
    }

    proptest! {
        #[test]
        fn lic_2_no_history_of_spending_goes_below_zero(
            granted in some_amount(),
            costs in proptest::collection::vec(some_amount(), 0..30),
        ) {
            let mut left = granted;
            let mut spent = Amount::default();
            for cost in costs {
                match spend(left, cost) {
                    Ok(after) => {
                        left = after;
                        spent = spent.plus(cost);
                    }
                    Err(refusal) => prop_assert_eq!(refusal.code(), "allowance_exceeded"),
                }
                prop_assert!(left.covers(Amount::default()));
                prop_assert_eq!(left.plus(spent), granted);
            }
        }

        #[test]
        fn lic_2_what_can_be_paid_at_most_can_be_paid_and_one_image_more_cannot(left in some_amount()) {
            for model in Model::ALL {
                match affordable_images(model, left, DEFAULT_MEGAPIXELS) {
                    Some(images) => {
                        prop_assert!(left.covers(price(model, images, DEFAULT_MEGAPIXELS)));
                        prop_assert!(!left.covers(price(model, images + 1, DEFAULT_MEGAPIXELS)));
                    }
                    None => prop_assert!(!left.covers(price(model, 0, DEFAULT_MEGAPIXELS))),
                }
            }
        }

        #[test]
        fn lic_2_the_price_in_credits_is_rounded_up(images in 0_i64..1_000_000, megapixels in 1_i64..200) {
            let credits = price(Model::Credits, images, megapixels).credits;
            prop_assert!(credits * 100 >= images * megapixels && (credits - 1) * 100 < images * megapixels);
        }
    }
}
