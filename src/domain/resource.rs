//! What a Drive holds: folders, sites, assets and datasets (DRIVE).

use serde::{Deserialize, Serialize};

use super::{
    name::{beginning, same_key},
    refusal::Refusal,
    text::{FieldIssue, NAME_LENGTH},
};

/// How deep a tree may be: a root is at depth 0, and nothing is deeper than this (DRIVE-1).
pub const MAX_DEPTH: i64 = 64;

/// The most items that one request may name.
pub const MAX_ITEMS: usize = 10_000;

/// How a message names items: "“Tunnel”", or "3 items".
pub fn name_or_count(names: &[String]) -> String {
    match names {
        [one] => format!("“{one}”"),
        several => format!("{} items", several.len()),
    }
}

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

words! {
    Kind
    Root => "root", "Drive";
    Folder => "folder", "Folder";
    Site => "site", "Site";
    Asset => "asset", "Asset";
    Dataset => "dataset", "Dataset";
}

impl Kind {
    /// The kinds that people create.
    pub const CREATABLE: [Self; 4] = [Self::Folder, Self::Site, Self::Asset, Self::Dataset];

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
/// `BadRequest`, saying whether the container cannot hold it or it would be too deep.
pub fn may_create(parent: Kind, parent_depth: i64, child: Kind) -> Result<(), Refusal> {
    if !parent.may_hold(child) {
        return Err(Refusal::BadRequest(match parent {
            Kind::Dataset => "A dataset holds files, not other items. Create this in a folder.".to_owned(),
            Kind::Site | Kind::Asset => {
                format!(
                    "{} can hold only datasets. Create the {} in a folder.",
                    a(parent),
                    child.label().to_lowercase()
                )
            }
            Kind::Root | Kind::Folder => "Choose a folder, a site, an asset or a dataset.".to_owned(),
        }));
    }
    if parent_depth >= MAX_DEPTH {
        return Err(Refusal::BadRequest(format!(
            "Folders can be at most {MAX_DEPTH} levels deep. Create this higher up."
        )));
    }
    Ok(())
}

/// "A site", "An asset".
pub fn a(kind: Kind) -> String {
    let article = if matches!(kind, Kind::Asset) { "An" } else { "A" };
    format!("{article} {}", kind.label().to_lowercase())
}

/// How far a dataset has come (DRIVE-6).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetStatus {
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

words! {
    DatasetStatus without parse
    Draft => "draft", "Draft";
    Queued => "queued", "Queued";
    WaitingForCredits => "waiting_for_credits", "Waiting for credits";
    Processing => "processing", "Processing";
    Processed => "processed", "Processed";
    Failed => "failed", "Failed";
}

impl DatasetStatus {
    /// What a dataset that is wanted in this state comes to: what is paid for does not wait to be, or it would be charged once
    /// more when it starts (LIC-2).
    pub const fn when_paid(self, paid: bool) -> Self {
        match self {
            Self::WaitingForCredits if paid => Self::Queued,
            wanted => wanted,
        }
    }

    /// Where it sorts in a list: as far as it has come. What is no dataset sorts at 0.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Draft => 1,
            Self::Queued => 2,
            Self::WaitingForCredits => 3,
            Self::Processing => 4,
            Self::Processed => 5,
            Self::Failed => 6,
        }
    }

    /// Reads [`DatasetStatus::as_str`], with hyphens for underscores as the command line writes it.
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, FieldIssue> {
        let word = word.replace('-', "_");
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(FieldIssue::NotAChoice)
    }

    /// XFER-9: whether a dataset in this state may cross to another organization.
    pub const fn is_processed(self) -> bool {
        matches!(self, Self::Processed)
    }
}

/// Whether a dataset may be said to have another number of images: as long as no job holds them, and the operator does not say that
/// it is being processed. What is charged follows from that number.
///
/// # Errors
/// `BadRequest`, saying why.
pub fn may_count_anew(status: DatasetStatus, live_jobs: i64) -> Result<(), Refusal> {
    if live_jobs > 0 || matches!(status, DatasetStatus::Queued | DatasetStatus::Processing) {
        return Err(Refusal::BadRequest(
            "The number of images was fixed when this dataset was queued. Wait until it is processed, or cancel the job."
                .to_owned(),
        ));
    }
    Ok(())
}

/// How many characters of a name stay when the longest number is put behind it: what [`free_name`] tries begins like this.
pub const NUMBERED_LENGTH: usize = NAME_LENGTH - 15;

/// DRIVE-5: the name a thing gets in a container where `taken` (keys of names, see [`same_key`]) are in use: its own, or
/// with " (2)", " (3)", … behind it. A name that is too long for that is shortened by as much as the number needs.
pub fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    free_name_from(name, 2, taken).0
}

/// [`free_name`] for one of many of the same name: tries numbers from `number` on, and says where the next one may start.
pub fn free_name_from(name: &str, mut number: u64, taken: impl Fn(&str) -> bool) -> (String, u64) {
    if !taken(&same_key(name)) {
        return (name.to_owned(), number);
    }
    loop {
        let behind = format!(" ({number})");
        let candidate = format!("{}{behind}", beginning(name, NAME_LENGTH.saturating_sub(behind.len())));
        number += 1;
        if !taken(&same_key(&candidate)) {
            return (candidate, number);
        }
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
pub fn cluster(text: &str) -> Result<String, FieldIssue> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(CLUSTERS[0].0.to_owned());
    }
    CLUSTERS.iter().find(|(id, _)| *id == text).map(|(id, _)| (*id).to_owned()).ok_or(FieldIssue::NotAChoice)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::table;

    #[test]
    fn lic_2_what_is_paid_for_does_not_wait() {
        for status in DatasetStatus::ALL {
            assert_eq!(status.when_paid(false), status);
            let waits = status == DatasetStatus::WaitingForCredits;
            assert_eq!(status.when_paid(true), if waits { DatasetStatus::Queued } else { status });
            let held = matches!(status, DatasetStatus::Queued | DatasetStatus::Processing);
            assert_eq!(may_count_anew(status, 0).is_err(), held, "{status:?}");
            assert!(may_count_anew(status, 1).is_err(), "{status:?}");
        }
    }

    #[test]
    fn drive_1_what_may_be_in_what() {
        let header = ["holds"].into_iter().chain(Kind::ALL.map(Kind::as_str)).map(str::to_owned);
        let mut rows = vec![header.collect::<Vec<_>>()];
        for parent in Kind::ALL {
            let cells = Kind::ALL.map(|child| if parent.may_hold(child) { "yes" } else { "" });
            rows.push([parent.as_str()].into_iter().chain(cells).map(str::to_owned).collect());
        }
        insta::assert_snapshot!(table(&rows));
        for parent in Kind::ALL {
            assert_eq!(parent.is_container(), Kind::ALL.into_iter().any(|child| parent.may_hold(child)), "{parent:?}");
        }
    }

    #[test]
    fn drive_1_a_tree_is_at_most_64_deep() {
        for (depth, fine) in [(0, true), (62, true), (63, true), (64, false), (65, false)] {
            assert_eq!(may_create(Kind::Folder, depth, Kind::Folder).is_ok(), fine, "in a folder at depth {depth}");
        }
        let refusal = may_create(Kind::Folder, 64, Kind::Dataset).map_err(|refusal| refusal.to_string());
        assert_eq!(refusal, Err("Folders can be at most 64 levels deep. Create this higher up.".to_owned()));
    }

    #[test]
    fn drive_1_a_refusal_says_what_a_container_holds() {
        let text = |parent, child| may_create(parent, 1, child).map_err(|refusal| refusal.to_string()).err();
        for (parent, child, expected) in [
            (Kind::Root, Kind::Folder, None),
            (Kind::Site, Kind::Dataset, None),
            (Kind::Asset, Kind::Dataset, None),
            (Kind::Site, Kind::Folder, Some("A site can hold only datasets. Create the folder in a folder.")),
            (Kind::Asset, Kind::Site, Some("An asset can hold only datasets. Create the site in a folder.")),
            (Kind::Dataset, Kind::Dataset, Some("A dataset holds files, not other items. Create this in a folder.")),
            (Kind::Folder, Kind::Root, Some("Choose a folder, a site, an asset or a dataset.")),
        ] {
            assert_eq!(text(parent, child).as_deref(), expected, "{child:?} in {parent:?}");
        }
    }

    #[test]
    fn drive_5_a_clash_is_solved_with_a_number() {
        let table: [(&str, &[&str], &str); 8] = [
            ("Survey", &[], "Survey"),
            ("Survey", &["Surveys", "Survey (2)"], "Survey"),
            ("Survey", &["Survey"], "Survey (2)"),
            ("Survey", &["SURVEY"], "Survey (2)"),
            ("ÜBERSICHT", &["Übersicht"], "ÜBERSICHT (2)"),
            ("Survey", &["survey", "survey (2)", "SURVEY (3)"], "Survey (4)"),
            ("Survey", &["survey", "survey (3)"], "Survey (2)"),
            ("Survey (2)", &["Survey", "Survey (2)"], "Survey (2) (2)"),
        ];
        for (name, there, expected) in table {
            let taken: BTreeSet<String> = there.iter().map(|name| same_key(name)).collect();
            assert_eq!(free_name(name, |key| taken.contains(key)), expected, "{name} among {there:?}");
        }
    }

    #[test]
    fn drive_5_a_name_is_shortened_where_its_number_does_not_fit() {
        for (name, expected) in [
            ("é".repeat(251), format!("{} (2)", "é".repeat(251))),
            ("é".repeat(252), format!("{} (2)", "é".repeat(251))),
            ("é".repeat(255), format!("{} (2)", "é".repeat(251))),
            (format!("{} tunnel", "x".repeat(248)), format!("{} tu (2)", "x".repeat(248))),
            (format!("{} unnel", "x".repeat(250)), format!("{} (2)", "x".repeat(250))),
            // No letter loses its mark.
            (format!("{}u\u{308}ber", "x".repeat(250)), format!("{} (2)", "x".repeat(250))),
        ] {
            let taken = BTreeSet::from([same_key(&name)]);
            assert_eq!(free_name(&name, |key| taken.contains(key)), expected, "{name}");
        }
        // One more digit takes one more character.
        let name = "y".repeat(255);
        let mut taken = BTreeSet::from([same_key(&name)]);
        for number in 2..=12 {
            let free = free_name(&name, |key| taken.contains(key));
            assert!(free.ends_with(&format!("y ({number})")) && free.chars().count() == 255, "{free}");
            taken.insert(same_key(&free));
        }
    }

    #[test]
    fn drive_5_many_of_one_name_go_on_counting() {
        let mut taken = BTreeSet::from(["survey".to_owned(), "survey (3)".to_owned()]);
        let mut number = 2;
        for expected in ["Survey (2)", "Survey (4)", "Survey (5)"] {
            let (name, next) = free_name_from("Survey", number, |key| taken.contains(key));
            assert_eq!(name, expected);
            taken.insert(same_key(&name));
            number = next;
        }
    }

    #[test]
    fn drive_5_a_name_that_looks_the_same_is_taken() {
        let taken = BTreeSet::from([same_key("Zürich Nord")]);
        for name in ["Zu\u{308}rich Nord", "ZÜRICH\u{A0}NORD", "Zürich\u{200B} Nord"] {
            assert_eq!(free_name(name, |key| taken.contains(key)), format!("{name} (2)"));
        }
    }

    #[test]
    fn drive_6_only_processed_counts_as_processed() {
        let processed: Vec<DatasetStatus> =
            DatasetStatus::ALL.into_iter().filter(|status| status.is_processed()).collect();
        assert_eq!(processed, [DatasetStatus::Processed]);
    }

    #[test]
    fn drive_words_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Ok(kind));
        }
        for status in DatasetStatus::ALL {
            assert_eq!(DatasetStatus::parse(status.as_str()), Ok(status));
            assert_eq!(DatasetStatus::parse(&status.as_str().replace('_', "-")), Ok(status));
        }
        assert_eq!(cluster(" "), Ok("eu-central".to_owned()));
        assert_eq!(cluster("us-east"), Ok("us-east".to_owned()));
        assert_eq!(cluster("moon"), Err(FieldIssue::NotAChoice));
    }

    proptest! {
        #[test]
        fn drive_5_a_free_name_is_never_taken(
            name in "[aAbÉé]{1,2}( \\([23]\\))?",
            there in proptest::collection::btree_set("[aAbÉé]{1,2}( \\([2-5]\\))?", 0..60),
        ) {
            let taken: BTreeSet<String> = there.iter().map(|name| same_key(name)).collect();
            let free = free_name(&name, |key| taken.contains(key));
            prop_assert!(!taken.contains(&same_key(&free)));
            prop_assert!(free.starts_with(&name));
            prop_assert_eq!(free == name, !taken.contains(&same_key(&name)));
        }
    }
}
