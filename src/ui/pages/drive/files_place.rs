//! Which part of a dataset's page is shown, and which of its files, as the address says.

use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{file::Side, file_command::FileCommand, viewport::way_back, words::words},
    paths::Address,
};

/// How many selected files an address names at most. A larger selection is kept in the page alone.
pub const MAX_SELECTED: usize = 200;

/// A part of a dataset's page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tab {
    /// What it is.
    #[default]
    Overview,
    /// What is processed.
    Images,
    /// What became of it.
    Results,
    /// What the built-in apps say of its photos.
    Survey,
    /// What processed it.
    Jobs,
}

words! {
    Tab
    Overview => "", "Overview";
    Images => "images", "Images";
    Results => "results", "Results";
    Survey => "survey", "Survey";
    Jobs => "jobs", "Jobs";
}

impl Tab {
    /// The place whose files it lists.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Overview | Self::Survey | Self::Jobs => None,
            Self::Images => Some(Side::Input),
            Self::Results => Some(Side::Output),
        }
    }
}

/// What is shown of a dataset: a page of one of its places, or none of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesPlace {
    pub tab: Tab,
    /// Whether images are rows instead of tiles.
    pub rows: bool,
    /// Only files with this in their path.
    pub find: String,
    /// The cursor of this page.
    pub cursor: String,
    /// The numbers of the selected files, at most [`MAX_SELECTED`].
    pub selected: Vec<String>,
    /// The parameters of the viewer that a photo was opened from, where closing it leads back to (attack 95). Empty for none.
    pub map: String,
}

/// A dialog about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesDialog {
    /// A file's own view.
    Show(String),
    /// A command for files.
    Ask(FileCommand, Vec<String>),
    /// A command with nothing selected.
    NothingSelected(FileCommand),
}

impl FilesPlace {
    /// Reads it, with the dialog about files that is open. `items` is what the address names; ids of other things are left out.
    pub fn read(query: &ParamsMap, items: &[String]) -> (Self, Option<FilesDialog>) {
        let get = |name: &str| query.get(name).unwrap_or_default();
        let tab = Tab::parse(&get("tab")).unwrap_or_default();
        if tab == Tab::Overview {
            return (Self::default(), None);
        }
        let numbers: Vec<String> = items.iter().filter(|item| item.parse::<i64>().is_ok()).cloned().collect();
        let command = FileCommand::parse(&get("dialog")).ok();
        let dialog = match command {
            Some(command) if numbers.is_empty() => Some(FilesDialog::NothingSelected(command)),
            Some(command) => Some(FilesDialog::Ask(command, numbers.clone())),
            None => Some(get("file")).filter(|number| number.parse::<i64>().is_ok()).map(FilesDialog::Show),
        };
        // A command for a single file came from the file's own view or from a key; one for several from a selection.
        let selects = !matches!(dialog, Some(FilesDialog::Ask(..))) || numbers.len() > 1;
        let selected = if selects && numbers.len() <= MAX_SELECTED { numbers } else { Vec::new() };
        let (rows, find, cursor) = (get("view") == "list", get("find"), get("cursor"));
        let is_shown = matches!(dialog, Some(FilesDialog::Show(_)));
        let map = way_back(&get("map")).filter(|_| is_shown).unwrap_or_default().to_owned();
        (Self { tab, rows, find, cursor, selected, map }, dialog)
    }

    /// Adds it to an address, without its page and its selection.
    pub fn add_to(&self, address: Address) -> Address {
        address
            .with("tab", self.tab.as_str())
            .with("view", if self.rows { "list" } else { "" })
            .with("find", self.find.clone())
    }

    /// What has to be loaded: without display mode, selection and way back.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self { rows: false, selected: Vec::new(), map: String::new(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &[(&'static str, &str)]) -> (FilesPlace, Option<FilesDialog>) {
        let map: ParamsMap = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        FilesPlace::read(&map, &map.get_all("item").unwrap_or_default())
    }

    #[test]
    fn file_1_a_tab_its_page_and_what_is_selected_are_in_the_address() {
        let (place, dialog) = read(&[
            ("tab", "images"),
            ("view", "list"),
            ("find", "dji"),
            ("cursor", "c"),
            ("item", "1"),
            ("item", "2"),
        ]);
        assert_eq!((place.tab, place.rows, place.selected.len(), dialog), (Tab::Images, true, 2, None));
        let address = place.add_to(Address::new("/o/a/drive/d")).text();
        assert_eq!(address, "/o/a/drive/d?tab=images&view=list&find=dji");
        assert_eq!(read(&[("tab", "nonsense"), ("item", "1")]), (FilesPlace::default(), None));
    }

    #[test]
    fn attack_95_a_photo_leads_back_to_the_viewer_of_its_dataset_and_nowhere_else() {
        let of = |map: &str| read(&[("tab", "images"), ("file", "7"), ("map", map)]).0.map;
        assert_eq!(of("lat=46.6&lon=8.5&zoom=17.00&layers=12~photos"), "lat=46.6&lon=8.5&zoom=17.00&layers=12~photos");
        for wrong in ["//evil.example", "https://evil.example", "/o/b", "x=%2f%2fevil", "a b", ""] {
            assert_eq!(of(wrong), "", "{wrong}");
        }
        assert_eq!(read(&[("tab", "images"), ("map", "lat=1")]).0.map, "", "no photo is shown");
    }

    #[test]
    fn file_1_dialogs_about_files_lead_back_to_the_selection_they_came_from() {
        let (place, dialog) = read(&[("tab", "results"), ("dialog", "delete-files"), ("item", "1"), ("item", "2")]);
        assert_eq!(place.selected, ["1", "2"]);
        assert_eq!(dialog, Some(FilesDialog::Ask(FileCommand::Delete, vec!["1".to_owned(), "2".to_owned()])));
        let (place, dialog) = read(&[("tab", "images"), ("dialog", "rename-file"), ("item", "7")]);
        assert_eq!(
            (place.selected.len(), dialog),
            (0, Some(FilesDialog::Ask(FileCommand::Rename, vec!["7".to_owned()])))
        );
        let (_, dialog) = read(&[("tab", "images"), ("dialog", "leave-out")]);
        assert_eq!(dialog, Some(FilesDialog::NothingSelected(FileCommand::LeaveOut)));
        let (_, dialog) = read(&[("tab", "images"), ("file", "7")]);
        assert_eq!(dialog, Some(FilesDialog::Show("7".to_owned())));
        // Dialogs of the dataset itself name it by its id.
        let (place, dialog) = read(&[("tab", "images"), ("dialog", "rename"), ("item", "0193-a")]);
        assert_eq!((place.selected.len(), dialog), (0, None));
    }
}
