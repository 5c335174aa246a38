//! What can be done with files of a dataset: one list for the bar over the list, for a file's own view and for the keys, and what
//! decides whether each is there (FILE-1, FILE-4; ux.md, "Showing rules").

use super::{
    access::{Act, Level, may_act},
    command::{Control, Target},
    file::Side,
    refusal::Refusal,
    resource::Kind,
    restriction::Restrictions,
};

/// Something that can be done with files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileCommand {
    /// Out of what is processed and counted.
    LeaveOut,
    /// Into it again.
    TakeIn,
    /// Their bytes.
    Download,
    /// Another path.
    Rename,
    /// Out of the dataset. It can be undone.
    Delete,
}

// The words differ from those of commands for whole datasets: both open dialogs on a dataset's page.
words! {
    FileCommand
    LeaveOut => "leave-out", "Leave out";
    TakeIn => "take-in", "Take in again";
    Download => "download", "Download";
    Rename => "rename-file", "Rename";
    Delete => "delete-files", "Delete";
}

impl FileCommand {
    /// Its icon in the sprite.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::LeaveOut => "eye-off",
            Self::TakeIn => "eye",
            Self::Download => "download",
            Self::Rename => "rename",
            Self::Delete => "trash",
        }
    }

    /// Whether the command also works on several files at once.
    pub const fn takes_several(self) -> bool {
        !matches!(self, Self::Rename)
    }
}

/// Files of one place of a dataset, with what decides which commands there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FilesTarget {
    pub side: Side,
    /// The reader's level on the dataset.
    pub level: Level,
    /// What is forbidden on the dataset, by itself and from above.
    pub restrictions: Restrictions,
    /// Whether its images are fixed: see [`may_change_files`](super::upload::may_change_files).
    pub held: bool,
}

impl FileCommand {
    /// What it does, as access decides on it.
    const fn acts(self) -> &'static [Act] {
        match self {
            Self::LeaveOut | Self::TakeIn | Self::Rename => &[Act::Process],
            Self::Download => &[Act::Download],
            Self::Delete => &[Act::Process, Act::Trash],
        }
    }

    /// Whether it changes what is processed and charged for, or what it is called, where the files are images.
    const fn changes_inputs(self) -> bool {
        matches!(self, Self::LeaveOut | Self::TakeIn | Self::Rename | Self::Delete)
    }
}

/// Whether a command may be used on files.
///
/// # Errors
/// `Forbidden` by level or restriction (POL-1); `InputsHeld`.
pub fn may_use(command: FileCommand, on: FilesTarget) -> Result<(), Refusal> {
    for act in command.acts() {
        may_act(*act, on.level, on.restrictions)?;
    }
    if on.held && on.side == Side::Input && command.changes_inputs() { Err(Refusal::InputsHeld) } else { Ok(()) }
}

/// Whether a command is there for files, and usable.
pub fn control(command: FileCommand, on: FilesTarget) -> Control {
    // Only images are processed and counted.
    let fits = on.side == Side::Input || !matches!(command, FileCommand::LeaveOut | FileCommand::TakeIn);
    if !fits || command.acts().iter().any(|act| on.level < act.needs()) {
        return Control::Absent;
    }
    may_use(command, on).map_or_else(|refusal| Control::Disabled(refusal.to_string()), |()| Control::Enabled)
}

/// Whether everything in an item can be downloaded at once. What is in a root is more than one takes away.
pub fn download_control(on: Target) -> Control {
    if on.kind == Kind::Root {
        return Control::Absent;
    }
    let Target { level, restrictions, .. } = on;
    control(FileCommand::Download, FilesTarget { side: Side::Output, level, restrictions, held: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn file_4_whole_items_are_downloaded_but_no_root() {
        let none = Restrictions::default();
        let on = |kind, restrictions| Target { kind, level: Level::Reader, in_site: false, restrictions };
        for kind in Kind::CREATABLE {
            assert_eq!(download_control(on(kind, none)), Control::Enabled, "{kind:?}");
            let closed = Restrictions { download: true, ..none };
            assert!(matches!(download_control(on(kind, closed)), Control::Disabled(_)), "{kind:?}");
        }
        assert_eq!(download_control(on(Kind::Root, none)), Control::Absent);
    }

    #[test]
    fn file_4_pol_1_what_each_level_finds_in_the_bar_over_files() {
        let mut rows = vec![row(["files", "level", "usable", "with a reason"])];
        let none = Restrictions::default();
        let all = Restrictions { copy: true, delete: true, download: true };
        for (words, side, restrictions, held) in [
            ("images", Side::Input, none, false),
            ("images that are fixed", Side::Input, none, true),
            ("images, restricted", Side::Input, all, false),
            ("results", Side::Output, none, true),
            ("results, restricted", Side::Output, all, true),
        ] {
            for level in Level::ALL {
                let on = FilesTarget { side, level, restrictions, held };
                let those = |wanted: fn(&Control) -> bool| {
                    let there = FileCommand::ALL.into_iter().filter(|command| wanted(&control(*command, on)));
                    there.map(FileCommand::label).collect::<Vec<_>>().join(", ")
                };
                let (usable, blocked) = (
                    those(|control| *control == Control::Enabled),
                    those(|control| matches!(control, Control::Disabled(_))),
                );
                rows.push(row([words, level.label(), &usable, &blocked]));
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn lic_2_what_is_fixed_says_so_in_the_words_of_the_refusal() {
        let on =
            FilesTarget { side: Side::Input, level: Level::Editor, restrictions: Restrictions::default(), held: true };
        assert_eq!(control(FileCommand::Delete, on), Control::Disabled(Refusal::InputsHeld.to_string()));
        // Engines know images by their paths (JOB-2).
        assert_eq!(control(FileCommand::Rename, on), Control::Disabled(Refusal::InputsHeld.to_string()));
        let output = FilesTarget { side: Side::Output, ..on };
        assert_eq!(control(FileCommand::Rename, output), Control::Enabled);
    }
}
