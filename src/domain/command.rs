//! What can be done with items of a Drive: one list for the toolbar, the menus and the keys (DRIVE-3, DRIVE-4), and what
//! decides whether each is there (ux.md, "Showing rules").

use serde::{Deserialize, Serialize};

use super::{
    access::{Act, Level, may_act},
    licence::{Entitlement, Licence, allows},
    resource::Kind,
    restriction::Restrictions,
    role::{Permission, Role, may},
    time::Timestamp,
};

/// Something that can be done with items.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Another name.
    Rename,
    /// Another place (XFER).
    Move,
    /// Into a site (XFER-5).
    Assign,
    /// Out of a site (XFER-5).
    Unassign,
    /// Once more, somewhere.
    Copy,
    /// Once more, in the account behind a Sharing ID (ACCT-3).
    ShareCopy,
    /// Who can reach it (ACCESS-2).
    Access,
    /// A link for anyone (LINK-1).
    Share,
    /// What is forbidden on it (POL-1).
    Restrict,
    /// Into the trash.
    Trash,
}

words! {
    Command without parse
    Rename => "rename", "Rename";
    Move => "move", "Move to";
    Assign => "assign", "Assign to";
    Unassign => "unassign", "Remove from site";
    Copy => "copy", "Copy to";
    ShareCopy => "share-copy", "Share a copy";
    Access => "access", "Manage access";
    Share => "share", "Share";
    Restrict => "restrict", "Restrictions";
    Trash => "trash", "Move to trash";
}

impl Command {
    /// Its icon in the sprite.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Rename => "rename",
            Self::Move => "move",
            Self::Assign | Self::Unassign => "site",
            Self::Copy => "copy",
            Self::ShareCopy => "organization",
            Self::Access => "people",
            Self::Share => "link",
            Self::Restrict => "lock",
            Self::Trash => "trash",
        }
    }

    /// Reads [`Command::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.as_str() == word)
    }

    /// Whether the command also works on several items at once.
    pub const fn takes_several(self) -> bool {
        match self {
            Self::Move | Self::Assign | Self::Unassign | Self::Copy | Self::ShareCopy | Self::Trash => true,
            Self::Rename | Self::Access | Self::Share | Self::Restrict => false,
        }
    }

    /// What it does with the item.
    const fn act(self) -> Act {
        match self {
            Self::Rename => Act::Rename,
            Self::Move | Self::Assign | Self::Unassign => Act::Move,
            Self::Copy | Self::ShareCopy => Act::Copy,
            Self::Access => Act::GiveAccess,
            // The dialog shows existing links to Editors, who may copy them; making one takes more (LINK-1).
            Self::Share => Act::CopyLink,
            Self::Restrict => Act::Restrict,
            Self::Trash => Act::Trash,
        }
    }
}

/// Whether a button or menu item is shown, and usable (ux.md, "Showing rules").
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Control {
    /// Not shown: the reader can never use it.
    Absent,
    /// Shown, but not usable now. The text is that of the refusal.
    Disabled(String),
    /// Go ahead.
    Enabled,
}

/// The item of a command, with what decides whether the command is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    pub kind: Kind,
    pub level: Level,
    /// Whether it is in a site.
    pub in_site: bool,
    /// What is forbidden on it, by itself and from above.
    pub restrictions: Restrictions,
}

/// What the licences of an account do not allow, as the refusals say it (LIC-4, LIC-6).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct MissingEntitlements {
    /// To create folders, assets and datasets, or to copy into it.
    pub create: Option<String>,
    /// To make sites, or to assign to them.
    pub assign: Option<String>,
    pub share: Option<String>,
    /// To give access to single items.
    pub access: Option<String>,
    /// Whether the reader manages accounts here, and so may share copies with others (ACCT-3).
    pub shares_copies: bool,
}

impl MissingEntitlements {
    /// What these licences of an account do not allow now.
    pub fn of(licences: &[Licence], now: Timestamp) -> Self {
        let lacks = |wanted| allows(licences, wanted, now).err().map(|refusal| refusal.to_string());
        Self {
            create: lacks(Entitlement::Create),
            assign: lacks(Entitlement::Sites),
            share: lacks(Entitlement::Share),
            access: lacks(Entitlement::TeamAccess),
            shares_copies: false,
        }
    }

    /// For somebody with this role in the account.
    #[must_use]
    pub fn for_role(self, role: Option<Role>) -> Self {
        Self { shares_copies: role.is_some_and(|role| may(role, Permission::ManageAccounts)), ..self }
    }
}

impl MissingEntitlements {
    /// What is missing in both accounts. Where items of several accounts are shown, a command is refused only if no account
    /// allows it.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self {
            create: self.create.and(other.create),
            assign: self.assign.and(other.assign),
            share: self.share.and(other.share),
            access: self.access.and(other.access),
            shares_copies: self.shares_copies || other.shares_copies,
        }
    }
}

/// Whether a command is there for an item, and usable.
pub fn control(command: Command, on: Target, lacking: &MissingEntitlements) -> Control {
    let fits = match command {
        Command::Assign => on.kind == Kind::Dataset && !on.in_site,
        Command::Unassign => on.kind == Kind::Dataset && on.in_site,
        Command::ShareCopy => on.kind != Kind::Root && lacking.shares_copies,
        Command::Access | Command::Restrict => true,
        Command::Share | Command::Rename | Command::Move | Command::Copy | Command::Trash => on.kind != Kind::Root,
    };
    if !fits || on.level < command.act().needs() {
        return Control::Absent;
    }
    if let Err(refusal) = may_act(command.act(), on.level, on.restrictions) {
        return Control::Disabled(refusal.to_string());
    }
    let lacks = match command {
        Command::Assign => lacking.assign.as_ref(),
        Command::Copy if on.kind == Kind::Site => lacking.create.as_ref().or(lacking.assign.as_ref()),
        Command::Copy => lacking.create.as_ref(),
        Command::ShareCopy => lacking.share.as_ref(),
        _ => None,
    };
    lacks.map_or(Control::Enabled, |reason| Control::Disabled(reason.clone()))
}

/// Whether **Process** is there for a dataset, and usable (JOB-2). Which app may run there, and what it costs, its dialog says.
pub fn process_control(on: Target, lacking: &MissingEntitlements) -> Control {
    if on.kind != Kind::Dataset || on.level < Act::Process.needs() {
        return Control::Absent;
    }
    match (may_act(Act::Process, on.level, on.restrictions), &lacking.create) {
        (Err(refusal), _) => Control::Disabled(refusal.to_string()),
        (Ok(()), Some(reason)) => Control::Disabled(reason.clone()),
        (Ok(()), None) => Control::Enabled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn drive_4_what_each_level_finds_in_a_menu() {
        let mut rows = vec![row(["on", "level", "commands"])];
        for (words, kind, in_site) in [
            ("folder", Kind::Folder, false),
            ("dataset", Kind::Dataset, false),
            ("dataset in a site", Kind::Dataset, true),
            ("Drive", Kind::Root, false),
        ] {
            for level in Level::ALL {
                let on = Target { kind, level, in_site, restrictions: Restrictions::default() };
                let there: Vec<&str> = Command::ALL
                    .into_iter()
                    .filter(|command| control(*command, on, &MissingEntitlements::default()) == Control::Enabled)
                    .map(Command::label)
                    .collect();
                rows.push(row([words, level.label(), &there.join(", ")]));
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn lic_4_lic_6_what_the_licence_lacks_is_disabled_with_its_reason() {
        let on = Target {
            kind: Kind::Dataset,
            level: Level::Manager,
            in_site: false,
            restrictions: Restrictions::default(),
        };
        let lacking = MissingEntitlements {
            create: Some("create".to_owned()),
            assign: Some("assign".to_owned()),
            share: Some("share".to_owned()),
            access: Some("access".to_owned()),
            shares_copies: true,
        };
        for (command, reason) in [(Command::Assign, "assign"), (Command::Copy, "create"), (Command::ShareCopy, "share")]
        {
            assert_eq!(control(command, on, &lacking), Control::Disabled(reason.to_owned()), "{command:?}");
        }
        let site = Target { kind: Kind::Site, ..on };
        let no_sites = MissingEntitlements { create: None, ..lacking.clone() };
        assert_eq!(control(Command::Copy, site, &no_sites), Control::Disabled("assign".to_owned()));
        assert_eq!(control(Command::Copy, on, &no_sites), Control::Enabled);
        // Access that was given can still be looked at and taken away, and so can links: their dialogs say what is lacking.
        for command in
            [Command::Rename, Command::Move, Command::Access, Command::Share, Command::Restrict, Command::Trash]
        {
            assert_eq!(control(command, on, &lacking), Control::Enabled, "{command:?}");
        }
    }

    #[test]
    fn pol_1_what_is_restricted_is_disabled_with_its_reason() {
        let restrictions = Restrictions { copy: true, delete: true, download: true };
        let on = |level| Target { kind: Kind::Folder, level, in_site: false, restrictions };
        let reason = |command, level| match control(command, on(level), &MissingEntitlements::default()) {
            Control::Disabled(reason) => reason,
            other => format!("{other:?}"),
        };
        assert!(reason(Command::Copy, Level::Manager).contains("copied"));
        assert!(reason(Command::Trash, Level::Editor).contains("Manager"));
        assert_eq!(reason(Command::Trash, Level::Manager), "Enabled");
    }

    #[test]
    fn acct_3_who_manages_accounts_shares_copies_and_nobody_else() {
        let restrictions = Restrictions::default();
        let on = |level| Target { kind: Kind::Folder, level, in_site: false, restrictions };
        for role in Role::ALL.map(Some).into_iter().chain([None]) {
            let lacking = MissingEntitlements::default().for_role(role);
            let there = control(Command::ShareCopy, on(Level::Manager), &lacking) == Control::Enabled;
            assert_eq!(there, matches!(role, Some(Role::Owner | Role::Manager)), "{role:?}");
        }
        let manager = MissingEntitlements::default().for_role(Some(Role::Manager));
        let restricted = Target { restrictions: Restrictions { copy: true, ..restrictions }, ..on(Level::Manager) };
        assert!(matches!(control(Command::ShareCopy, restricted, &manager), Control::Disabled(_)));
        assert!(
            manager.clone().both(MissingEntitlements::default()).shares_copies,
            "offered where it is possible somewhere"
        );
    }

    #[test]
    fn drive_4_commands_are_read_as_they_are_written() {
        for command in Command::ALL {
            assert_eq!(Command::parse(command.as_str()), Some(command));
        }
        assert_eq!(Command::parse("new-folder"), None);
    }
}
