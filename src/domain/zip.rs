//! What is in a ZIP that somebody downloads (FILE-4): which files, and under which paths.

use std::collections::BTreeSet;

use super::{
    file::{FilePath, Side, safe_segment},
    refusal::Refusal,
    text::FieldIssue,
};

/// How many files a ZIP holds at most. More than that is what `commonhold` or a program of the API takes file by file.
pub const MAX_ZIP_FILES: usize = 10_000;

/// Of how many objects its files are at most. What there is of them is in memory while the ZIP is sent.
pub const MAX_ZIP_OBJECTS: usize = 100_000;

/// The numbers of the chosen files, each once: `1-50,60,62`.
///
/// # Errors
/// `Invalid` at `numbers` for what is no number, and for more than a ZIP holds.
pub fn parse_numbers(text: &str) -> Result<Vec<i64>, Refusal> {
    let wrong = |issue: FieldIssue| Refusal::field("numbers", issue);
    let number = |text: &str| {
        let text = text.trim();
        // `parse()` would take a sign.
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_plain).ok_or_else(|| wrong(FieldIssue::NotNumbers))
    };
    let mut numbers = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(wrong(FieldIssue::NotNumbers));
        }
        // Looked at before they are made: "1-9223372036854775807" is short.
        let most = i64::try_from(MAX_ZIP_FILES).unwrap_or(i64::MAX);
        if last - first >= most {
            return Err(wrong(FieldIssue::TooMany(MAX_ZIP_FILES)));
        }
        numbers.extend(first..=last);
        if numbers.len() > MAX_ZIP_FILES {
            return Err(wrong(FieldIssue::TooMany(MAX_ZIP_FILES)));
        }
    }
    Ok(numbers.into_iter().collect())
}

/// Why a ZIP that is too much is not made.
pub fn too_much() -> Refusal {
    Refusal::BadRequest(
        "This has more than 10,000 files, which is more than a ZIP holds here. Download parts of it.".to_owned(),
    )
}

/// Why there is no ZIP of nothing.
pub fn nothing_there() -> Refusal {
    Refusal::BadRequest("There are no files to download here.".to_owned())
}

/// Why a folder is not downloaded that has something in it which may not be (POL-1).
pub fn restricted_inside(name: &str) -> Refusal {
    Refusal::Forbidden(format!(
        "“{name}”, which is inside, cannot be downloaded, because its Managers have restricted downloading."
    ))
}

/// A name for each of some siblings as folders can have it, no two the same, in the given order.
pub fn folder_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    names
        .into_iter()
        .map(|name| {
            let segment = safe_segment(name);
            // A segment is a path. Where two hundred of a name are taken, the names are the same, which a ZIP may have.
            let free = FilePath::parse(&segment).ok().and_then(|path| path.free(|key| taken.contains(key)));
            if let Some(path) = &free {
                taken.insert(path.key());
            }
            free.map_or(segment, |path| path.as_str().to_owned())
        })
        .collect()
}

/// Where a file is in a ZIP, below the folder of its dataset. The two places of a dataset are told apart where both are there.
pub fn path_in_zip(folder: &str, both: bool, side: Side, path: &str) -> String {
    let place = if both { format!("{}/", side.label()) } else { String::new() };
    format!("{folder}{place}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_4_chosen_files_are_numbers_and_ranges_of_them() {
        assert_eq!(parse_numbers("3"), Ok(vec![3]));
        assert_eq!(parse_numbers("7, 1-3,2"), Ok(vec![1, 2, 3, 7]));
        assert_eq!(parse_numbers("1-10000").map(|numbers| numbers.len()), Ok(10_000));
        for wrong in ["", ",", "1,", "-", "1-", "-1", "+1", "3-1", "1-2-3", "a", "1.5", "99999999999999999999"] {
            assert_eq!(parse_numbers(wrong), Err(Refusal::field("numbers", FieldIssue::NotNumbers)), "{wrong}");
        }
        for wrong in ["1-10001", "0-9223372036854775807", "1-9000,20000-22000"] {
            assert_eq!(parse_numbers(wrong), Err(Refusal::field("numbers", FieldIssue::TooMany(10_000))), "{wrong}");
        }
    }

    #[test]
    fn file_4_folders_in_a_zip_have_names_that_every_system_writes() {
        let names = ["Dam: north/south", "Dam_ north_south", "CON", "..", " ", "dam", "Dam", "a\u{202e}b", "Ende. "];
        let wanted =
            ["Dam_ north_south", "Dam_ north_south (1)", "_CON", "_", "_ (1)", "dam", "Dam (1)", "a_b", "Ende"];
        assert_eq!(folder_names(names), wanted);
    }

    #[test]
    fn file_4_places_are_told_apart_where_both_are_there() {
        assert_eq!(path_in_zip("", false, Side::Input, "a/1.jpg"), "a/1.jpg");
        assert_eq!(path_in_zip("Dam/", true, Side::Output, "map.tif"), "Dam/Results/map.tif");
    }
}
