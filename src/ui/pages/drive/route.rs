//! The state of a Drive page, as its address says: what is listed, and which dialog is open over it.

use std::collections::BTreeSet;

use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};

use super::files_place::{FilesDialog, FilesPlace, Tab};
use crate::{
    domain::{command::Command, file_command::FileCommand, id::ResourceId, resource::Kind},
    paths::{self, Address},
    view::preferences::UiPreferences,
};

/// What is listed: one page of one container, in one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub org: String,
    /// The container or dataset; empty for the root.
    pub resource: String,
    /// The column to sort by, with `-` in front for descending; empty for the default order.
    pub sort: String,
    /// The filter by kind; empty for none.
    pub kind: String,
    /// The filter by a dataset's status; empty for none.
    pub status: String,
    /// The search text, for the whole organization; empty if a container is shown.
    pub q: String,
    /// The cursor of this page.
    pub cursor: String,
    /// How the list is displayed.
    pub view_mode: ViewMode,
    /// The id of the person whose view is shown (**View as**); empty for the reader's own.
    pub view_as: String,
    /// What is selected in it, at most [`MAX_SELECTED`] items.
    pub selected: Vec<String>,
    /// Of a dataset: which of its files.
    pub files: FilesPlace,
}

/// How many selected items an address names at most. A larger selection is kept in the page alone.
pub const MAX_SELECTED: usize = 100;

/// How a list is displayed. It does not change what is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewMode {
    /// As tiles instead of rows.
    pub grid: bool,
    /// Whether the address says so; otherwise the person's preference decides.
    pub said: bool,
    /// With the details panel.
    pub details: bool,
}

/// A dialog over the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OpenDialog {
    #[default]
    Nothing,
    /// **New folder**, **New site**, **New asset** or **New dataset**.
    New(Kind),
    /// The menu of an item, for a browser without WebAssembly.
    Menu(String),
    Rename(String),
    /// **Move to**.
    Move(Move),
    /// Another command for some items.
    Ask(Command, Vec<String>),
    /// A command with nothing selected.
    NothingSelected(Command),
    /// **Confirm transfer**.
    Transfer(Transfer),
    /// **Offer to another organization**: these items.
    Offer(Vec<String>),
    /// About files of a dataset.
    Files(FilesDialog),
    /// **Process**, with the slug of an app; empty for one that makes sense.
    Process(String),
    /// **Discard** what of one's uploads to a dataset is not complete.
    DiscardUploads,
}

/// Stands in [`Move::inside`] for the id of a folder that is being created: the server function replaces it.
pub const NEW_FOLDER_PLACEHOLDER: &str = "NEW";

/// In place of a resource's id: **Shared with you**, for people who also see the root of an account.
pub const SHARED_WITH_ME: &str = "shared";

/// A root as written in an address: empty if the organization has only one (ACCT-4).
pub fn root_of(root: ResourceId, several: bool) -> String {
    if several { root.to_string() } else { String::new() }
}

/// Which dialog is open. It stays the same while people navigate inside the dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogKind {
    Nothing,
    /// **New …**.
    New(Kind),
    /// The menu of this item, for a browser without WebAssembly.
    Menu(String),
    /// **Rename** for this item.
    Rename(String),
    /// Another command for these items.
    Ask(Command, Vec<String>),
    /// **Move to** or **Copy to**.
    Move,
    Transfer,
    Offer,
    /// **Process**.
    Process,
    /// **Discard** what of one's uploads to a dataset is not complete.
    DiscardUploads,
    /// A file's own view.
    ShowFile,
    /// A command for these files.
    AskAboutFiles(FileCommand, Vec<String>),
}

/// **Move to**: the items, and the container that the dialog shows (XFER-14).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub items: Vec<String>,
    /// The Org ID of the organization that is shown; empty for the items' own.
    pub to: String,
    /// The container that is shown; empty for the root.
    pub inside: String,
    /// The cursor of the container's page.
    pub at: String,
    /// Whether **New folder** is open.
    pub making_folder: bool,
    /// Whether the dialog is **Copy to**.
    pub copying: bool,
}

/// **Confirm transfer**: the items, and their destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub items: Vec<String>,
    /// The destination's id.
    pub destination: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriveRoute {
    pub listing: Listing,
    pub open: OpenDialog,
}

impl DriveRoute {
    /// Reads an address of the Drive; `None` for any other.
    pub fn read(segments: &[&str], query: &ParamsMap) -> Option<Self> {
        let (org, resource) = match segments {
            ["o", org, "drive"] => (*org, ""),
            // A page of its own.
            ["o", _, "drive", "trash"] => return None,
            ["o", org, "drive", resource] => (*org, *resource),
            _ => return None,
        };
        let get = |name: &str| query.get(name).unwrap_or_default();
        // Links have one `item` parameter each, a form has one with commas: both are read.
        let items = || -> Vec<String> {
            let all = ["item", "items"]
                .into_iter()
                .flat_map(|name| query.get_all(name).unwrap_or_default())
                .collect::<Vec<_>>();
            // Without duplicates: a dialog may be opened from an address that names its items already.
            let mut seen = BTreeSet::new();
            let named = all.iter().flat_map(|item| item.split(',')).filter(|item| !item.is_empty());
            named.filter(|item| seen.insert(*item)).map(str::to_owned).collect()
        };
        let (files, files_dialog) = FilesPlace::read(query, &items());
        let shows_files = files.tab != Tab::Overview;
        // A dialog for several items was opened from a selection, and leads back to it.
        let about = items();
        let selects = match get("dialog").as_str() {
            "" => true,
            word => about.len() > 1 && (word == "transfer" || word == "offer" || Command::parse(word).is_some()),
        };
        let selected = if selects && about.len() <= MAX_SELECTED { about } else { Vec::new() };
        let listing = Listing {
            org: org.to_owned(),
            resource: resource.to_owned(),
            sort: get("sort"),
            kind: get("kind"),
            status: get("status"),
            q: get("q"),
            // On a tab with files, these two are about them.
            cursor: if shows_files { String::new() } else { get("cursor") },
            view_mode: ViewMode {
                grid: !shows_files && get("view") == "grid",
                said: !shows_files && matches!(get("view").as_str(), "grid" | "list"),
                details: get("details") == "1",
            },
            view_as: get("as"),
            selected: if shows_files { Vec::new() } else { selected },
            files,
        };
        // **View as** is read-only, so no dialog opens but the menu, and the view of a file.
        if !listing.view_as.is_empty() {
            if let Some(show @ FilesDialog::Show(_)) = files_dialog {
                return Some(Self { listing, open: OpenDialog::Files(show) });
            }
            let open = if get("menu").is_empty() { OpenDialog::Nothing } else { OpenDialog::Menu(get("menu")) };
            return Some(Self { listing, open });
        }
        if let Some(dialog) = files_dialog {
            return Some(Self { listing, open: OpenDialog::Files(dialog) });
        }
        let open = match get("dialog").as_str() {
            "" if !get("menu").is_empty() => OpenDialog::Menu(get("menu")),
            "new-folder" => OpenDialog::New(Kind::Folder),
            "new-site" => OpenDialog::New(Kind::Site),
            "new-asset" => OpenDialog::New(Kind::Asset),
            "new-dataset" => OpenDialog::New(Kind::Dataset),
            "process" if !resource.is_empty() => OpenDialog::Process(get("app")),
            "discard-uploads" if !resource.is_empty() => OpenDialog::DiscardUploads,
            "rename" => items().into_iter().next().map_or(OpenDialog::Nothing, OpenDialog::Rename),
            "move" if items().is_empty() => OpenDialog::NothingSelected(Command::Move),
            "copy" if items().is_empty() => OpenDialog::NothingSelected(Command::Copy),
            dialog @ ("move" | "copy") => {
                let inside = get("in");
                // The server puts the new folder's id here (see `NEW_FOLDER_PLACEHOLDER`); where it did not, the root
                // is shown.
                let inside = if inside == NEW_FOLDER_PLACEHOLDER { String::new() } else { inside };
                OpenDialog::Move(Move {
                    items: items(),
                    to: get("to"),
                    inside,
                    at: get("at"),
                    making_folder: get("new") == "folder",
                    copying: dialog == "copy",
                })
            }
            "transfer" if !items().is_empty() => {
                OpenDialog::Transfer(Transfer { items: items(), destination: get("destination") })
            }
            "offer" if !items().is_empty() => OpenDialog::Offer(items()),
            other => match Command::parse(other) {
                Some(command) if !items().is_empty() => OpenDialog::Ask(command, items()),
                Some(command) if command.takes_several() => OpenDialog::NothingSelected(command),
                _ => OpenDialog::Nothing,
            },
        };
        Some(Self { listing, open })
    }

    /// Which kind of dialog is open.
    pub fn dialog_kind(&self) -> DialogKind {
        match &self.open {
            OpenDialog::Nothing
            | OpenDialog::NothingSelected(_)
            | OpenDialog::Files(FilesDialog::NothingSelected(_)) => DialogKind::Nothing,
            OpenDialog::Files(FilesDialog::Show(_)) => DialogKind::ShowFile,
            OpenDialog::Files(FilesDialog::Ask(command, files)) => DialogKind::AskAboutFiles(*command, files.clone()),
            OpenDialog::Ask(command, items) => DialogKind::Ask(*command, items.clone()),
            OpenDialog::New(kind) => DialogKind::New(*kind),
            OpenDialog::Menu(item) => DialogKind::Menu(item.clone()),
            OpenDialog::Rename(item) => DialogKind::Rename(item.clone()),
            OpenDialog::Move(_) => DialogKind::Move,
            OpenDialog::Transfer(_) => DialogKind::Transfer,
            OpenDialog::Offer(_) => DialogKind::Offer,
            OpenDialog::Process(_) => DialogKind::Process,
            OpenDialog::DiscardUploads => DialogKind::DiscardUploads,
        }
    }

    /// The items the open dialog is about.
    pub fn items(&self) -> &[String] {
        match &self.open {
            OpenDialog::Move(open) => &open.items,
            OpenDialog::Transfer(open) => &open.items,
            OpenDialog::Menu(item) | OpenDialog::Rename(item) => std::slice::from_ref(item),
            OpenDialog::Ask(_, items) | OpenDialog::Offer(items) => items,
            OpenDialog::Nothing
            | OpenDialog::NothingSelected(_)
            | OpenDialog::New(_)
            | OpenDialog::Files(_)
            | OpenDialog::Process(_)
            | OpenDialog::DiscardUploads => &[],
        }
    }

    /// The file whose own view is open; empty for none.
    pub fn shown_file(&self) -> String {
        match &self.open {
            OpenDialog::Files(FilesDialog::Show(number)) => number.clone(),
            _ => String::new(),
        }
    }

    /// The app that is chosen in **Process**; empty for none yet.
    pub fn chosen_app(&self) -> String {
        match &self.open {
            OpenDialog::Process(app) => app.clone(),
            _ => String::new(),
        }
    }

    /// The command that was asked for with nothing selected, as its button says.
    pub fn nothing_selected(&self) -> Option<&'static str> {
        match &self.open {
            OpenDialog::NothingSelected(command) => Some(command.label()),
            OpenDialog::Files(FilesDialog::NothingSelected(command)) => Some(command.label()),
            _ => None,
        }
    }
}

impl ViewMode {
    /// The value in the address; empty if the preference decides.
    pub const fn as_str(self) -> &'static str {
        match (self.said, self.grid) {
            (false, _) => "",
            (true, true) => "grid",
            (true, false) => "list",
        }
    }

    /// The preference, unless the address says otherwise.
    #[must_use]
    pub const fn or_preferred(self, preferences: UiPreferences) -> Self {
        if self.said { self } else { Self { grid: preferences.grid, ..self } }
    }
}

impl Listing {
    fn start(&self) -> Address {
        self.files
            .add_to(Address::new(paths::drive(&self.org, &self.resource)))
            .with("as", self.view_as.clone())
            .with("q", self.q.clone())
            .with("kind", self.kind.clone())
            .with("status", self.status.clone())
            .with("sort", self.sort.clone())
            .with("view", self.view_mode.as_str())
            .with("details", if self.view_mode.details { "1" } else { "" })
    }

    /// What has to be loaded: the list without display mode and selection.
    #[must_use]
    pub fn plain(&self) -> Self {
        let (view_mode, files) = (ViewMode::default(), FilesPlace::default());
        Self { view_mode, files, selected: Vec::new(), ..self.clone() }
    }

    /// The same dataset with other files.
    pub fn with_files(&self, files: FilesPlace) -> String {
        Self { files, ..self.clone() }.address()
    }

    /// Which files are listed, with none of them selected.
    pub fn files_alone(&self) -> FilesPlace {
        FilesPlace { selected: Vec::new(), map: String::new(), ..self.files.clone() }
    }

    /// With a file's own view.
    pub fn show_file(&self, number: i64) -> String {
        let address = self.base().with_all("item", &self.files.selected).with("file", number.to_string());
        address.with("map", self.files.map.clone()).text()
    }

    /// Where closing a file's own view leads: to the viewer that it was opened from, or to the list.
    pub fn without_file(&self) -> String {
        match self.files.map.as_str() {
            "" => self.address(),
            map => format!("{}?{map}", paths::viewer(&self.org, &self.resource)),
        }
    }

    /// With the dialog of a command for files.
    pub fn files_dialog(&self, command: FileCommand, files: &[String]) -> String {
        self.base().with("dialog", command.as_str()).with_all("item", files).text()
    }

    /// With **Process**, and an app chosen in it.
    pub fn process_dialog(&self, app: &str) -> String {
        self.base().with("dialog", "process").with("app", app).text()
    }

    /// With the question before uploads that are not complete are discarded.
    pub fn discard_dialog(&self) -> String {
        self.base().with("dialog", "discard-uploads").text()
    }

    /// Whether another list has the same rows in another order.
    pub fn differs_in_order(&self, other: &Self) -> bool {
        let unsorted = |one: &Self| Self { sort: String::new(), cursor: String::new(), ..one.plain() };
        self.plain() != other.plain() && unsorted(self) == unsorted(other)
    }

    /// The list in another display mode.
    pub fn with_view(&self, view_mode: ViewMode) -> String {
        Self { view_mode, ..self.clone() }.address()
    }

    /// A container or dataset of the same organization in the same display mode; the root if it is empty.
    pub fn container(&self, resource: &str) -> String {
        let (org, resource, view_as) = (self.org.clone(), resource.to_owned(), self.view_as.clone());
        Self { org, resource, view_as, view_mode: self.view_mode, ..Self::default() }.address()
    }

    /// A search through the whole organization.
    pub fn search(&self, q: &str) -> String {
        let (org, q, view_as) = (self.org.clone(), q.to_owned(), self.view_as.clone());
        Self { org, q, view_as, view_mode: self.view_mode, ..Self::default() }.address()
    }

    /// Whether somebody else's view is shown, which is read-only.
    pub fn is_view_as(&self) -> bool {
        !self.view_as.is_empty()
    }

    /// A container or dataset as another person sees it; the reader's own view if `person` is empty.
    pub fn with_view_as(&self, person: &str, resource: &str) -> String {
        Self { view_as: person.to_owned(), ..self.clone() }.container(resource)
    }

    fn base(&self) -> Address {
        self.start().with("cursor", self.cursor.clone()).with("cursor", self.files.cursor.clone())
    }

    /// Whether a filter is set.
    pub fn is_filtered(&self) -> bool {
        !(self.kind.is_empty() && self.status.is_empty())
    }

    /// The list without its filters.
    pub fn unfiltered(&self) -> String {
        Self { kind: String::new(), status: String::new(), cursor: String::new(), ..self.clone() }.address()
    }

    /// With the menu of an item open.
    pub fn menu(&self, item: &str) -> String {
        self.base().with("menu", item).text()
    }

    /// The list without a dialog, with its selection.
    pub fn address(&self) -> String {
        self.base().with_all("item", &self.selected).with_all("item", &self.files.selected).text()
    }

    /// The list sorted by a column, from its start.
    pub fn sorted(&self, sort: &str) -> String {
        Self { sort: sort.to_owned(), cursor: String::new(), ..self.clone() }.address()
    }

    /// Another page of the list.
    pub fn page(&self, cursor: &str) -> String {
        self.start().with("cursor", cursor).text()
    }

    /// With the dialog for something new.
    pub fn new_dialog(&self, kind: Kind) -> String {
        self.base().with("dialog", format!("new-{}", kind.as_str())).text()
    }

    /// With the dialog of a command for items.
    pub fn dialog(&self, command: Command, items: &[String]) -> String {
        self.base().with("dialog", command.as_str()).with_all("item", items).text()
    }

    pub fn move_dialog(&self, open: &Move) -> String {
        self.base()
            .with("dialog", if open.copying { "copy" } else { "move" })
            .with_all("item", &open.items)
            .with("to", open.to.clone())
            .with("in", open.inside.clone())
            .with("at", open.at.clone())
            .with("new", if open.making_folder { "folder" } else { "" })
            .text()
    }

    /// With **Offer to another organization** for items.
    pub fn offer_dialog(&self, items: &[String]) -> String {
        self.base().with("dialog", "offer").with_all("item", items).text()
    }

    /// With **Move to** for items, at the start.
    pub fn move_items(&self, items: Vec<String>) -> String {
        self.move_dialog(&Move { items, ..Move::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, query: &[(&'static str, &str)]) -> Option<DriveRoute> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let map: ParamsMap = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        DriveRoute::read(&segments, &map)
    }

    #[test]
    fn attack_95_closing_a_photo_leads_to_the_viewer_it_was_opened_from() {
        let route =
            |map| read("/o/a/drive/d", &[("tab", "images"), ("file", "7"), ("map", map)]).expect("a dataset").listing;
        let listing = route("lat=46.6&layers=12~photos&photo=7");
        assert_eq!(listing.without_file(), "/o/a/drive/d/view?lat=46.6&layers=12~photos&photo=7");
        assert!(listing.show_file(8).ends_with("&file=8&map=lat%3D46.6%26layers%3D12~photos%26photo%3D7"));
        assert_eq!(listing.address(), "/o/a/drive/d?tab=images");
        assert_eq!(route("//evil.example").without_file(), "/o/a/drive/d?tab=images");
    }

    #[test]
    fn an_address_of_another_page_is_none() {
        assert_eq!(read("/o/a", &[]), None);
        assert_eq!(read("/o/a/drive/b/c", &[]), None);
    }

    #[test]
    fn dialogs_are_read_as_they_are_written() {
        let listing = Listing {
            org: "a".into(),
            resource: "r".into(),
            sort: "-name".into(),
            cursor: "c".into(),
            ..Listing::default()
        };
        let open = Move {
            items: vec!["1".into(), "2".into()],
            to: "b".into(),
            inside: "x".into(),
            at: String::new(),
            making_folder: true,
            copying: false,
        };
        assert_eq!(
            listing.move_dialog(&open),
            "/o/a/drive/r?sort=-name&cursor=c&dialog=move&item=1&item=2&to=b&in=x&new=folder"
        );
        let route = read(
            "/o/a/drive/r",
            &[
                ("sort", "-name"),
                ("cursor", "c"),
                ("dialog", "move"),
                ("item", "1"),
                ("item", "2"),
                ("to", "b"),
                ("in", "x"),
                ("new", "folder"),
            ],
        );
        let listing = Listing { selected: vec!["1".into(), "2".into()], ..listing };
        assert_eq!(route, Some(DriveRoute { listing, open: OpenDialog::Move(open) }));
    }

    #[test]
    fn copying_is_the_same_dialog_under_another_name_and_the_trash_another_page() {
        let listing = Listing { org: "a".into(), ..Listing::default() };
        let open = Move { items: vec!["1".into()], copying: true, ..Move::default() };
        assert_eq!(listing.move_dialog(&open), "/o/a/drive?dialog=copy&item=1");
        let route = read("/o/a/drive", &[("dialog", "copy"), ("item", "1")]);
        assert_eq!(route, Some(DriveRoute { listing, open: OpenDialog::Move(open) }));
        assert_eq!(read("/o/a/drive/trash", &[]), None);
    }

    #[test]
    fn access_3_whoever_looks_as_another_goes_on_doing_so_and_opens_no_dialog() {
        let listing = Listing { org: "a".into(), resource: "r".into(), ..Listing::default() };
        assert_eq!(listing.with_view_as("p", "x"), "/o/a/drive/x?as=p");
        let seen = Listing { view_as: "p".into(), ..listing.clone() };
        let route = read("/o/a/drive/r", &[("as", "p"), ("dialog", "rename"), ("item", "i")]);
        assert_eq!(route, Some(DriveRoute { listing: seen.clone(), open: OpenDialog::Nothing }));
        for address in [seen.address(), seen.container("x"), seen.search("q"), seen.sorted("-name"), seen.page("c")] {
            assert!(address.contains("as=p"), "{address}");
        }
        assert_eq!(seen.with_view_as("", "r"), "/o/a/drive/r");
        let selected = read("/o/a/drive/r", &[("as", "p"), ("item", "i")]).unwrap_or_default();
        assert_eq!(selected.open, OpenDialog::Nothing);
        let menu = read("/o/a/drive/r", &[("as", "p"), ("menu", "i")]).unwrap_or_default();
        assert_eq!(menu.open, OpenDialog::Menu("i".into()));
    }

    #[test]
    fn drive_2_tiles_are_as_somebody_likes_them_unless_the_address_says_otherwise() {
        let view_mode = |view: &str| read("/o/a/drive", &[("view", view)]).unwrap_or_default().listing.view_mode;
        let likes_tiles = UiPreferences { grid: true, ..UiPreferences::default() };
        assert!(
            view_mode("").or_preferred(likes_tiles).grid && !view_mode("").or_preferred(UiPreferences::default()).grid
        );
        assert!(
            view_mode("grid").or_preferred(UiPreferences::default()).grid
                && !view_mode("list").or_preferred(likes_tiles).grid
        );
        let listing = |view| Listing { org: "a".into(), view_mode: view_mode(view), ..Listing::default() };
        assert_eq!(listing("").address(), "/o/a/drive");
        assert_eq!(listing("list").address(), "/o/a/drive?view=list");
    }

    #[test]
    fn drive_2_a_selection_has_an_address_and_a_dialog_for_several_leads_back_to_it() {
        let selected = |query: &[(&'static str, &str)]| read("/o/a/drive", query).unwrap_or_default().listing;
        let two = [("item", "1"), ("item", "2")];
        assert_eq!(selected(&two).selected, ["1", "2"]);
        assert_eq!(selected(&two).address(), "/o/a/drive?item=1&item=2");
        assert_eq!(selected(&two).plain(), selected(&[]), "the same list is loaded");
        assert_eq!(selected(&two).dialog(Command::Trash, &["1".to_owned()]), "/o/a/drive?dialog=trash&item=1");
        assert_eq!(selected(&two).sorted("-size"), "/o/a/drive?sort=-size&item=1&item=2");
        assert_eq!(selected(&two).container("c"), "/o/a/drive/c", "another folder has a selection of its own");
        let moving = [("dialog", "move"), ("item", "1"), ("item", "2")];
        assert_eq!(selected(&moving).address(), "/o/a/drive?item=1&item=2");
        // Opened from the menu of one item, which need not be selected.
        assert_eq!(selected(&[("dialog", "rename"), ("item", "1")]).address(), "/o/a/drive");
        let many: Vec<String> = (0..=MAX_SELECTED).map(|number| number.to_string()).collect();
        let many = many.join(",");
        assert!(selected(&[("item", &many)]).selected.is_empty(), "an address has its bounds");
    }

    #[test]
    fn drive_2_another_order_of_the_same_list_is_told_from_another_list() {
        let by = |sort: &str, kind: &str| Listing {
            org: "a".into(),
            sort: sort.into(),
            kind: kind.into(),
            ..Listing::default()
        };
        assert!(by("", "").differs_in_order(&by("-size", "")));
        assert!(!by("", "").differs_in_order(&by("", "")));
        assert!(!by("", "").differs_in_order(&by("-size", "folder")));
    }

    #[test]
    fn a_form_may_put_commas_between_items() {
        let route =
            read("/o/a/drive", &[("dialog", "transfer"), ("item", "1,2"), ("destination", "d")]).unwrap_or_default();
        assert_eq!(route.items(), ["1", "2"]);
        // A form sent from a selection names the items twice.
        let twice = read("/o/a/drive", &[("item", "1"), ("item", "2"), ("dialog", "transfer"), ("item", "1,2")]);
        assert_eq!(twice.unwrap_or_default().items(), ["1", "2"]);
    }

    #[test]
    fn job_2_process_is_a_dialog_of_a_dataset_with_the_app_in_its_address() {
        let open = |path: &str, query: &[(&'static str, &str)]| read(path, query).unwrap_or_default();
        let route = open("/o/a/drive/d", &[("tab", "images"), ("dialog", "process"), ("app", "ortho")]);
        assert_eq!((route.dialog_kind(), route.chosen_app().as_str()), (DialogKind::Process, "ortho"));
        assert_eq!(route.listing.process_dialog("qc"), "/o/a/drive/d?tab=images&dialog=process&app=qc");
        assert_eq!(open("/o/a/drive", &[("dialog", "process")]).open, OpenDialog::Nothing);
        let as_another = open("/o/a/drive/d", &[("dialog", "process"), ("as", "p")]);
        assert_eq!(as_another.open, OpenDialog::Nothing, "who looks as another changes nothing");
    }

    #[test]
    fn file_3_discarding_uploads_is_asked_about_on_the_page_of_their_dataset() {
        let route = read("/o/a/drive/d", &[("tab", "images"), ("dialog", "discard-uploads")]).unwrap_or_default();
        assert_eq!(route.dialog_kind(), DialogKind::DiscardUploads);
        assert_eq!(route.listing.discard_dialog(), "/o/a/drive/d?tab=images&dialog=discard-uploads");
        assert_eq!(read("/o/a/drive", &[("dialog", "discard-uploads")]).unwrap_or_default().open, OpenDialog::Nothing);
    }

    #[test]
    fn a_dialog_without_items_is_none() {
        assert_eq!(
            read("/o/a/drive", &[("dialog", "move")]).unwrap_or_default().open,
            OpenDialog::NothingSelected(Command::Move)
        );
        for dialog in ["transfer", "rename", "nonsense", ""] {
            assert_eq!(
                read("/o/a/drive", &[("dialog", dialog)]).unwrap_or_default().open,
                OpenDialog::Nothing,
                "{dialog}"
            );
        }
    }
}
