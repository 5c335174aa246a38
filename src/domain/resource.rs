//! What a Drive holds: folders, sites, assets and datasets (DRIVE).

use serde::{Deserialize, Serialize};

use super::{
    text::{NAME_LENGTH, Problem, key},
    refusal::Refusal,
};

/// How deep a tree may be: a root is at depth 0, and nothing is deeper than this (DRIVE-1).
pub const MAX_DEPTH: i64 = 64;

/// The most items that one request may name.
pub const MAX_ITEMS: usize = 10_000;

/// What a resource is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The top of an account's Drive.
    Root,
    /// Holds anything.
    Folder,
    /// Datasets of one place over time.
    Site,
    /// Datasets of one structure.
    Asset,
    /// Images, and what became of them.
    Dataset,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Root, Self::Folder, Self::Site, Self::Asset, Self::Dataset];

    /// The kinds that people create.
    pub const CREATABLE: [Self; 4] = [Self::Folder, Self::Site, Self::Asset, Self::Dataset];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Folder => "folder",
            Self::Site => "site",
            Self::Asset => "asset",
            Self::Dataset => "dataset",
        }
    }

    /// The word on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Root => "Drive",
            Self::Folder => "Folder",
            Self::Site => "Site",
            Self::Asset => "Asset",
            Self::Dataset => "Dataset",
        }
    }

    /// Where it sorts in a list: folders first, datasets last.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Root => 0,
            Self::Folder => 1,
            Self::Site => 2,
            Self::Asset => 3,
            Self::Dataset => 4,
        }
    }

    /// Reads [`Kind::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(Problem::NotAChoice)
    }

    /// Whether it can hold anything at all.
    pub const fn is_container(self) -> bool {
        !matches!(self, Self::Dataset)
    }

    /// DRIVE-1: folders hold anything; sites and assets hold only datasets.
    pub const fn may_hold(self, child: Self) -> bool {
        match (self, child) {
            (_, Self::Root) | (Self::Dataset, _) => false,
            (Self::Root | Self::Folder, _) => true,
            (Self::Site | Self::Asset, Self::Dataset) => true,
            (Self::Site | Self::Asset, Self::Folder | Self::Site | Self::Asset) => false,
        }
    }
}

/// DRIVE-1 for something new in a container.
///
/// # Errors
/// `Invalid` at `kind` if the container cannot hold it, at `parent` if it would be too deep.
pub fn may_create(parent: Kind, parent_depth: i64, child: Kind) -> Result<(), Refusal> {
    if !parent.may_hold(child) {
        return Err(Refusal::BadRequest(match parent {
            Kind::Dataset => "A dataset holds files, not other items. Create this in a folder.".to_owned(),
            Kind::Site | Kind::Asset => {
                format!("{} can hold only datasets. Create the {} in a folder.", a(parent), child.title().to_lowercase())
            }
            Kind::Root | Kind::Folder => "Choose a folder, a site, an asset or a dataset.".to_owned(),
        }));
    }
    if parent_depth >= MAX_DEPTH {
        return Err(Refusal::BadRequest(format!("Folders can be nested at most {MAX_DEPTH} deep. Create this further up.")));
    }
    Ok(())
}

/// "A site", "An asset".
pub fn a(kind: Kind) -> String {
    let article = if matches!(kind, Kind::Asset) { "An" } else { "A" };
    format!("{article} {}", kind.title().to_lowercase())
}

/// How far a dataset has come (DRIVE-6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being put together.
    Draft,
    /// Waiting for its turn.
    Queued,
    /// Waiting until there are enough credits or allowance (LIC-2).
    WaitingForCredits,
    /// Being processed.
    Processing,
    /// Done.
    Processed,
    /// Did not work.
    Failed,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Queued, Self::WaitingForCredits, Self::Processing, Self::Processed, Self::Failed];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Queued => "queued",
            Self::WaitingForCredits => "waiting_for_credits",
            Self::Processing => "processing",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }

    /// The words on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Queued => "Queued",
            Self::WaitingForCredits => "Waiting for credits",
            Self::Processing => "Processing",
            Self::Processed => "Processed",
            Self::Failed => "Failed",
        }
    }

    /// Reads [`Status::word`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|status| status.word() == word).ok_or(Problem::NotAChoice)
    }

    /// XFER-9: whether a dataset in this state may cross to another organization.
    pub const fn is_processed(self) -> bool {
        matches!(self, Self::Processed)
    }
}

/// DRIVE-5: the name a thing gets in a container where `taken` (keys of names, see [`key`]) are in use: its own, or
/// with " (2)", " (3)", … behind it.
///
/// # Errors
/// `TooLong` if the number no longer fits.
pub fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> Result<String, Problem> {
    if !taken(&key(name)) {
        return Ok(name.to_owned());
    }
    let mut number: u64 = 2;
    loop {
        let candidate = format!("{name} ({number})");
        if candidate.chars().count() > NAME_LENGTH {
            return Err(Problem::TooLong(NAME_LENGTH));
        }
        if !taken(&key(&candidate)) {
            return Ok(candidate);
        }
        number += 1;
    }
}

/// Where data is processed and stored (DRIVE-6). What a dataset was given stays with it (XFER-13).
pub const CLUSTERS: [(&str, &str); 4] = [
    ("eu-central", "Europe (Frankfurt)"),
    ("us-east", "United States (Virginia)"),
    ("ap-northeast", "Asia Pacific (Tokyo)"),
    ("ap-southeast", "Australia (Sydney)"),
];

/// Reads a cluster location; the first one where none is given.
///
/// # Errors
/// Not one of [`CLUSTERS`].
pub fn cluster(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(CLUSTERS[0].0.to_owned());
    }
    CLUSTERS.iter().find(|(id, _)| *id == text).map(|(id, _)| (*id).to_owned()).ok_or(Problem::NotAChoice)
}
