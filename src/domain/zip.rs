//! What is in a ZIP that somebody downloads (FILE-4): which files, and under which paths.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    file::{FilePath, Side, numbered_path, path_key, portable_path, safe_segment},
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

/// A file that goes into a ZIP.
#[derive(Clone, Copy, Debug)]
pub struct Zipped<'a> {
    /// The folder of its dataset, with a slash at its end unless it is empty.
    pub folder: &'a str,
    /// Whether both places of the dataset are there, which are then told apart.
    pub both: bool,
    pub side: Side,
    pub path: &'a str,
}

/// Where each file is in a ZIP, in the given order. Every system can write these paths, no two are the same, and none is a folder of
/// another. A path stays as it is where that is possible; else there is a number behind it.
pub fn paths_in_zip(files: &[Zipped<'_>]) -> Vec<String> {
    let around = |file: &Zipped<'_>| {
        let place = if file.both { format!("{}/", file.side.label()) } else { String::new() };
        format!("{}{place}", file.folder)
    };
    let wanted: Vec<(String, String)> = files.iter().map(|file| (around(file), portable_path(file.path))).collect();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for (around, path) in &wanted {
        let key = path_key(&format!("{around}{path}"));
        folders.extend(key.match_indices('/').map(|(at, _)| key[..at].to_owned()));
    }
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut paths: Vec<Option<String>> = vec![None; files.len()];
    // What is called so keeps its name, before what would only be called so here.
    for ((file, (around, path)), found) in files.iter().zip(&wanted).zip(&mut paths) {
        let whole = format!("{around}{path}");
        let key = path_key(&whole);
        if file.path == path && !folders.contains(&key) && taken.insert(key) {
            *found = Some(whole);
        }
    }
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let named = wanted.iter().zip(paths).map(|((around, path), found)| {
        found.unwrap_or_else(|| {
            let number = numbers.entry(path_key(&format!("{around}{path}"))).or_default();
            loop {
                let path = if *number == 0 { path.clone() } else { numbered_path(path, *number) };
                *number += 1;
                let whole = format!("{around}{path}");
                let key = path_key(&whole);
                if !folders.contains(&key) && taken.insert(key) {
                    return whole;
                }
            }
        })
    });
    named.collect()
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
        let files = [
            Zipped { folder: "", both: false, side: Side::Input, path: "a/1.jpg" },
            Zipped { folder: "Dam/", both: true, side: Side::Output, path: "map.tif" },
            Zipped { folder: "Dam/", both: true, side: Side::Input, path: "map.tif" },
        ];
        assert_eq!(paths_in_zip(&files), ["a/1.jpg", "Dam/Results/map.tif", "Dam/Images/map.tif"]);
    }

    fn in_zip(paths: &[&str]) -> Vec<String> {
        let zipped = paths.iter().map(|path| Zipped { folder: "", both: false, side: Side::Input, path });
        paths_in_zip(&zipped.collect::<Vec<_>>())
    }

    #[test]
    fn attack_38_a_zip_has_names_that_every_system_writes_and_none_twice() {
        let stored = ["ab:c.jpg", "ab?c.jpg", "ab_c.jpg", "AB|C.jpg", "10:00/x", "\"q\"<>*"];
        let written = ["ab_c (1).jpg", "ab_c (2).jpg", "ab_c.jpg", "AB_C (3).jpg", "10_00/x", "_q____"];
        assert_eq!(in_zip(&stored), written);
        // What one of them would be called may be taken, too.
        assert_eq!(in_zip(&["a1?", "a1_", "a1_ (1)"]), ["a1_ (2)", "a1_", "a1_ (1)"]);
    }

    #[test]
    fn file_4_no_file_of_a_zip_is_a_folder_of_another() {
        assert_eq!(
            in_zip(&["dir", "DIR/inside.txt", "x:y", "x_y/z"]),
            ["dir (1)", "DIR/inside.txt", "x_y (1)", "x_y/z"]
        );
    }

    #[test]
    fn file_4_very_many_names_that_would_be_the_same_are_told_apart() {
        let signs = [':', '?', '|', '"', '<', '>', '*'];
        let mut names = vec![String::new()];
        for _ in 0..4 {
            names = names.iter().flat_map(|name| signs.map(|sign| format!("{name}{sign}"))).collect();
        }
        let paths: Vec<String> = names.iter().map(|name| format!("ab{name}.jpg")).collect();
        let written = in_zip(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(written.iter().collect::<BTreeSet<_>>().len(), 2_401);
    }
}
