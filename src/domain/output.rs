//! Where what a job has written goes among the results of a dataset (JOB-2). What somebody uploaded, and what another app made, stays:
//! an output whose path is taken goes into a folder of its app.

use std::collections::BTreeSet;

use super::file::{FilePath, clash};

/// How many folders of an app are tried.
const MAX_FOLDERS: usize = 20;

/// The names of folders that an app's outputs may go into, in the order in which they are tried: "survey-index", "survey-index (2)".
pub fn folders_of(slug: &str) -> Vec<String> {
    let numbered = (2..=MAX_FOLDERS).map(|number| format!("{slug} ({number})"));
    std::iter::once(slug.to_owned()).chain(numbered).collect()
}

/// What is taken of the places for outputs, by keys of paths.
#[derive(Debug, Default)]
pub struct Taken {
    pub files: BTreeSet<String>,
    pub folders: BTreeSet<String>,
}

impl Taken {
    fn has_room_for(&self, path: &FilePath) -> bool {
        let (is_file, is_folder) = (|key: &str| self.files.contains(key), |key: &str| self.folders.contains(key));
        !is_file(&path.key()) && clash(path, is_file, is_folder).is_none()
    }

    fn take(&mut self, path: &FilePath) {
        self.folders.extend(path.folder_keys());
        self.files.insert(path.key());
    }
}

/// The outputs that cannot stay where they are, each with its number and where it goes instead. `free_folders` are names that no file
/// and no folder has.
pub fn moved(outputs: &[(i64, FilePath)], mut taken: Taken, free_folders: &[String]) -> Vec<(i64, FilePath)> {
    let mut moved = Vec::new();
    for (number, path) in outputs {
        if taken.has_room_for(path) {
            taken.take(path);
            continue;
        }
        let inside = free_folders.iter().map(|folder| format!("{folder}/{path}"));
        // A path that is too long or too deep for a folder around it keeps its number only.
        let bare = free_folders.iter().map(|folder| format!("{folder}/{number}"));
        let place =
            inside.chain(bare).filter_map(|path| FilePath::parse(&path).ok()).find(|path| taken.has_room_for(path));
        if let Some(place) = place {
            taken.take(&place);
            moved.push((*number, place));
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(of: &[&str]) -> Vec<(i64, FilePath)> {
        (1..).zip(of).map(|(number, path)| (number, FilePath::parse(path).expect("a path"))).collect()
    }

    fn places(outputs: &[&str], files: &[&str], folders: &[&str]) -> Vec<String> {
        let set = |of: &[&str]| of.iter().map(|key| (*key).to_owned()).collect();
        let taken = Taken { files: set(files), folders: set(folders) };
        let moved = moved(&paths(outputs), taken, &folders_of("ortho"));
        moved.iter().map(|(number, path)| format!("{number} {path}")).collect()
    }

    #[test]
    fn job_2_outputs_go_where_nothing_is_and_else_into_a_folder_of_their_app() {
        assert!(places(&["map.tif", "a/b.txt"], &["other.tif"], &["c"]).is_empty());
        assert_eq!(places(&["Map.tif", "b.txt"], &["map.tif"], &[]), ["1 ortho/Map.tif"]);
        assert_eq!(places(&["a", "x/y"], &["x"], &["a"]), ["1 ortho/a", "2 ortho/x/y"]);
    }

    #[test]
    fn file_1_outputs_of_a_job_never_have_the_path_of_a_folder() {
        assert_eq!(places(&["x", "x/y", "x/y/z"], &[], &[]), ["2 ortho/x/y", "3 ortho (2)/x/y/z"]);
        assert_eq!(places(&["x/y", "x"], &[], &[]), ["2 ortho/x"]);
        let deep = format!("{}/file", vec!["d"; 64].join("/"));
        assert_eq!(places(&[deep.as_str()], &["d"], &[]), ["1 ortho/1"], "it would be too deep");
    }
}
