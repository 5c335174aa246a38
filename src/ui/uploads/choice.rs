//! Into which datasets chosen files can go (files.md: one new dataset, one per folder, or the selected one). Pure.
//!
//! # Invariants
//! - A file keeps the folder that was chosen in its path: cameras begin at `DJI_0001` on every card. So whoever chooses the same folder
//!   again sends the same paths, and what is there is known.

use std::collections::BTreeMap;

use crate::domain::time::{Day, Timestamp};

/// The longest part of a folder's name that goes into the name of a dataset.
const MAX_FOLDER_CHARS: usize = 200;

/// A folder of what was chosen that can become a dataset of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// What it is called; empty for files in no folder.
    pub name: String,
    /// How much of the paths is in front of it, in bytes.
    pub before: usize,
    /// Which of the files are in it.
    pub files: Vec<usize>,
}

/// The folders that can become a dataset each: those in the one folder that was chosen, else those that were chosen.
pub fn groups(paths: &[String]) -> Vec<Group> {
    let top = |path: &String| path.split_once('/').map(|(top, _)| top.to_owned());
    let first = paths.first().and_then(top);
    let single = first.filter(|first| paths.iter().all(|path| top(path).as_ref() == Some(first)));
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        let before = single.as_ref().map_or(0, |single| single.len() + 1);
        let (name, before) = match (path[before..].split_once('/'), &single) {
            (Some((folder, _)), _) => (folder.to_owned(), before),
            // Directly in the one folder that was chosen.
            (None, Some(single)) => (single.clone(), 0),
            (None, None) => (String::new(), 0),
        };
        let group =
            groups.entry(format!("{before} {name}")).or_insert_with(|| Group { name, before, files: Vec::new() });
        group.files.push(index);
    }
    groups.into_values().collect()
}

/// What a new dataset for all files is called: the day, and the one folder that was chosen, or else where it is made.
pub fn suggested_name(paths: &[String], container: &str, day: Day) -> String {
    let folder = paths.first().and_then(|path| path.split_once('/')).map(|(top, _)| top);
    let single =
        folder.filter(|folder| paths.iter().all(|path| path.split_once('/').is_some_and(|(top, _)| top == *folder)));
    name_of(single.unwrap_or(container), day)
}

/// "2026-11-21 Dam".
pub fn name_of(folder: &str, day: Day) -> String {
    let folder: String = folder.chars().take(MAX_FOLDER_CHARS).collect();
    let folder = folder.trim();
    // A folder that begins with the day needs no other one.
    let dated = folder.get(..10).is_some_and(|start| Day::parse_iso(start).is_some());
    match folder {
        "" => format!("{} Upload", day.iso()),
        folder if dated => folder.to_owned(),
        folder => format!("{} {folder}", day.iso()),
    }
}

/// The day that files are of: when the first of them was changed, if that can be, else today.
pub fn day_of(modified: Option<Timestamp>, now: Timestamp) -> Day {
    // Cameras without a clock begin in 1980.
    const YEAR_2000: i64 = 946_684_800_000;
    modified.filter(|at| (YEAR_2000..=now.0).contains(&at.0)).unwrap_or(now).day()
}

/// Whether a file is one of those that systems leave behind, which nobody means to upload.
pub fn is_left_out(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || matches!(part, "Thumbs.db" | "desktop.ini" | "__MACOSX"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    fn day() -> Day {
        Day::parse_iso("2026-11-21").expect("a day")
    }

    #[test]
    fn file_2_each_folder_of_the_chosen_one_can_be_a_dataset() {
        let paths = owned(&["DCIM/100MEDIA/1.JPG", "DCIM/101MEDIA/1.JPG", "DCIM/100MEDIA/2.JPG", "DCIM/notes.txt"]);
        let found: Vec<(String, Vec<String>)> = groups(&paths)
            .into_iter()
            .map(|group| (group.name, group.files.iter().map(|file| paths[*file][group.before..].to_owned()).collect()))
            .collect();
        let expected = [
            ("DCIM", owned(&["DCIM/notes.txt"])),
            ("100MEDIA", owned(&["100MEDIA/1.JPG", "100MEDIA/2.JPG"])),
            ("101MEDIA", owned(&["101MEDIA/1.JPG"])),
        ];
        assert_eq!(found, expected.map(|(name, files)| (name.to_owned(), files)));
    }

    #[test]
    fn file_2_folders_that_were_chosen_side_by_side_are_datasets_and_loose_files_are_one() {
        let paths = owned(&["a/1.JPG", "b/c/1.JPG", "x.JPG", "y.JPG"]);
        let names: Vec<(String, usize)> =
            groups(&paths).into_iter().map(|group| (group.name, group.files.len())).collect();
        assert_eq!(names, [(String::new(), 2), ("a".to_owned(), 1), ("b".to_owned(), 1)]);
        assert_eq!(groups(&owned(&["x.JPG", "y.JPG"])).len(), 1);
    }

    #[test]
    fn file_2_a_new_dataset_is_called_after_the_day_and_the_folder() {
        assert_eq!(suggested_name(&owned(&["Dam/1.JPG", "Dam/a/2.JPG"]), "Dams", day()), "2026-11-21 Dam");
        assert_eq!(suggested_name(&owned(&["1.JPG"]), "Dams", day()), "2026-11-21 Dams");
        assert_eq!(suggested_name(&owned(&["a/1.JPG", "b/1.JPG"]), "", day()), "2026-11-21 Upload");
        assert_eq!(name_of("2026-11-20 Gotthard", day()), "2026-11-20 Gotthard");
        assert!(name_of(&"ä".repeat(300), day()).chars().count() < 255);
    }

    #[test]
    fn file_2_a_day_that_cannot_be_is_today() {
        let now = day().start();
        assert_eq!(day_of(Some(Timestamp(now.0 - 86_400_000)), now).iso(), "2026-11-20");
        for wrong in [None, Some(Timestamp(315_532_800_000)), Some(Timestamp(now.0 + 1))] {
            assert_eq!(day_of(wrong, now), day());
        }
    }

    #[test]
    fn file_2_what_systems_leave_behind_is_left_out() {
        for left in [".DS_Store", "a/.git/config", "a/Thumbs.db"] {
            assert!(is_left_out(left), "{left}");
        }
        assert!(!is_left_out("a/DJI_0001.JPG"));
    }
}
