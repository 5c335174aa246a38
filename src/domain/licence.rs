//! Licences: what an account may do, and the books of what it has used (LIC).

use serde::{Deserialize, Serialize};

use super::{id::LicenceId, refusal::Refusal, text::Problem, time::Timestamp};

/// What was bought. The order of the cloud products is the order of their tiers.
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

impl Product {
    /// Every product.
    pub const ALL: [Self; 6] =
        [Self::Discovery, Self::Desktop, Self::Cloud, Self::CloudPro, Self::CloudTeams, Self::CloudEnterprise];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Desktop => "desktop",
            Self::Cloud => "cloud",
            Self::CloudPro => "cloud_pro",
            Self::CloudTeams => "cloud_teams",
            Self::CloudEnterprise => "cloud_enterprise",
        }
    }

    /// The words on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Discovery => "Discovery",
            Self::Desktop => "Desktop",
            Self::Cloud => "Cloud",
            Self::CloudPro => "Cloud Pro",
            Self::CloudTeams => "Cloud Teams",
            Self::CloudEnterprise => "Cloud Enterprise",
        }
    }

    /// Reads [`Product::word`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|product| product.word() == word).ok_or(Problem::NotAChoice)
    }

    /// Which family it is of. Discovery is no cloud licence: it neither processes nor lets anything be transferred.
    pub const fn family(self) -> Family {
        match self {
            Self::Discovery | Self::Desktop => Family::Desktop,
            Self::Cloud | Self::CloudPro | Self::CloudTeams | Self::CloudEnterprise => Family::Cloud,
        }
    }

    /// LIC-4: whether datasets can be assigned to sites.
    pub const fn has_sites(self) -> bool {
        matches!(self, Self::CloudPro | Self::CloudTeams | Self::CloudEnterprise)
    }

    /// LIC-4: whether there is Team Access Control (Members, grants).
    pub const fn has_team_access(self) -> bool {
        matches!(self, Self::CloudTeams | Self::CloudEnterprise)
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

impl Model {
    /// Both models.
    pub const ALL: [Self; 2] = [Self::ImagesProjects, Self::Credits];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ImagesProjects => "images_projects",
            Self::Credits => "credits",
        }
    }

    /// The words on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ImagesProjects => "Images & Projects",
            Self::Credits => "Credits",
        }
    }

    /// Reads [`Model::word`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|model| model.word() == word).ok_or(Problem::NotAChoice)
    }
}

/// Amounts of what licences are billed in; in a ledger entry, the change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Amount {
    /// Images.
    pub images: i64,
    /// Projects: one for every dataset processed.
    pub projects: i64,
    /// Credits.
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
    /// A failed job was refunded.
    Refund,
    /// Items left in a transfer; their images and projects came back.
    TransferOut,
    /// Items arrived in a transfer and were charged.
    TransferIn,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Grant, Self::Spend, Self::Refund, Self::TransferOut, Self::TransferIn];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::Spend => "spend",
            Self::Refund => "refund",
            Self::TransferOut => "transfer_out",
            Self::TransferIn => "transfer_in",
        }
    }

    /// Reads [`EntryKind::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(Problem::NotAChoice)
    }
}

/// A licence as the rules see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Licence {
    /// Its id.
    pub id: LicenceId,
    /// What was bought.
    pub product: Product,
    /// How it is billed; cloud licences only.
    pub model: Option<Model>,
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
    let cloud = || licences.iter().filter(|licence| licence.product.family() == Family::Cloud && licence.model.is_some());
    cloud()
        .filter(|licence| licence.is_active(now))
        .max_by_key(|licence| (licence.product, licence.left.images, licence.left.credits, licence.id))
        .or_else(|| cloud().filter(|licence| licence.has_expired(now)).max_by_key(|licence| (licence.active_until, licence.id)))
}

/// Megapixels of an image when nobody said: a common survey camera.
pub const MEGAPIXELS: i64 = 20;

/// LIC-2: what processing a dataset costs. Credits: megapixels x images / 100, rounded up.
pub const fn price(model: Model, images: i64, megapixels: i64) -> Amount {
    match model {
        Model::ImagesProjects => Amount { images, projects: 1, credits: 0 },
        Model::Credits => Amount { images: 0, projects: 0, credits: (images.saturating_mul(megapixels)).saturating_add(99) / 100 },
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
        format!("This takes {} credits and {} are left.", cost.credits, left.credits)
    } else {
        format!(
            "This takes {} images and {} projects; {} images and {} projects are left.",
            cost.images, cost.projects, left.images, left.projects
        )
    };
    Err(Refusal::AllowanceExceeded(text))
}

/// What needs more than an open Drive (LIC-6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// Open, view, rename, delete, move to a folder, remove from a site.
    Keep,
    /// Create something new.
    Create,
    /// Have a dataset processed.
    Process,
    /// Assign a dataset to a site (LIC-4).
    AssignToSite,
    /// Give access, or share a link.
    Share,
}

/// LIC-4 and LIC-6: whether the licences of an account allow a use of it. An account that never had a cloud licence
/// keeps what Discovery gives: everything but processing and sites.
///
/// # Errors
/// `Licence`, saying what is missing.
pub fn allows(licences: &[Licence], wanted: Use, now: Timestamp) -> Result<(), Refusal> {
    let licence = governing(licences, now);
    let active = licence.filter(|licence| licence.is_active(now));
    match wanted {
        Use::Keep => Ok(()),
        Use::Create | Use::Share if licence.is_none() || active.is_some() => Ok(()),
        Use::Process if active.is_some() => Ok(()),
        Use::AssignToSite if active.is_some_and(|licence| licence.product.has_sites()) => Ok(()),
        Use::AssignToSite if active.is_some() => {
            Err(Refusal::Licence("Assigning to a site takes a Cloud Pro licence or above.".to_owned()))
        }
        _ if licence.is_some() => Err(Refusal::Licence(
            "The cloud licence has expired. What is here can be viewed, renamed, moved and deleted; for more, an Owner can contact sales.".to_owned(),
        )),
        _ => Err(Refusal::Licence("This takes an active cloud licence. An Owner can contact sales.".to_owned())),
    }
}
