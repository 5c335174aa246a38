//! What is in a ZIP that somebody downloads (FILE-4): which files, and under which paths.

use std::collections::BTreeSet;

use super::{
    file::{FilePath, Side, safe_segment},
    refusal::Refusal,
};

/// How many files a ZIP holds at most. More than that is what `commonhold` or a program of the API takes file by file.
pub const MAX_ZIP_FILES: usize = 10_000;

/// Of how many objects its files are at most. What there is of them is in memory while the ZIP is sent.
pub const MAX_ZIP_OBJECTS: usize = 100_000;

/// Why a ZIP that is too much is not made: of files, of folders, or of objects that large files are stored in.
pub fn too_much() -> Refusal {
    Refusal::BadRequest(
        "This is too much for one ZIP, which takes up to 10,000 files. Download parts of it, one after the other."
            .to_owned(),
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
