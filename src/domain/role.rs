//! Roles and what each may do: the one table that every check uses and that "Who can do what" renders.

use serde::{Deserialize, Serialize};

/// A person's one role in one organization. The order of the variants counts: a later role ranks above an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Access only where invited.
    Member,
    /// Views every resource of the organization.
    Reader,
    /// Works with every resource of the organization.
    Editor,
    /// What an Editor can do, and manages people, accounts and licences.
    Manager,
    /// What a Manager can do, and manages billing, legal information and the organization itself.
    Owner,
}

words! {
    Role
    Owner => "owner", "Owner";
    Manager => "manager", "Manager";
    Editor => "editor", "Editor";
    Reader => "reader", "Reader";
    Member => "member", "Member";
}

impl Role {
    /// "an Owner", "a Manager": the role in a sentence.
    pub const fn with_article(self) -> &'static str {
        match self {
            Self::Owner => "an Owner",
            Self::Manager => "a Manager",
            Self::Editor => "an Editor",
            Self::Reader => "a Reader",
            Self::Member => "a Member",
        }
    }

    /// What the role may do, as the end of a sentence that begins with "As Editor you can". [`cell`] has all of it.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Owner => "do everything, including billing, legal information and the organization itself",
            Self::Manager => "work with everything, and manage people, accounts and licences",
            Self::Editor => "create, change and process everything",
            Self::Reader => "view everything, without changing it",
            Self::Member => "work with what is shared with you",
        }
    }
}

/// How somebody belongs to an organization: as a member with a role, or from outside with access to some resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Affiliation {
    /// A member of the organization, with a role.
    In(Role),
    /// No membership (External).
    External,
}

/// One line of the role table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// View and manage billing, request purchases.
    ManageBilling,
    /// Edit legal information, Org ID, plan; delete the organization.
    EditLegal,
    /// View legal information.
    ViewLegal,
    /// Edit name, website, industry, language and default cluster location; choose who sees the people list.
    EditDetails,
    /// View quota and allowance usage.
    ViewUsage,
    /// Invite and remove people, change roles.
    ManagePeople,
    /// Create a person's account directly.
    CreatePerson,
    /// Give or remove the Owner role; change or remove an Owner.
    TouchOwner,
    /// Manage accounts, credential keys, licence seats and loans.
    ManageAccounts,
    /// Publish apps, and say who may run them (JOB-1).
    PublishApps,
    /// Read the audit log.
    ReadAudit,
    UseDesktopLicences,
    UseCloudLicences,
    /// See the price of tasks billed to the organization.
    SeePrices,
    /// View every resource of the organization.
    ViewResources,
    /// Create, upload, rename, process, delete and move any resource.
    EditResources,
    /// Give access to any resource.
    GiveAccess,
    /// Be given the Manager level on a resource ("project owner").
    BeGivenManager,
    /// Be given Reader, Uploader or Editor on a resource.
    BeGivenLevel,
    /// Leave the organization.
    Leave,
}

/// What the table says for one permission and one standing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    Yes,
    No,
    /// Only while holding a licence seat (LIC-5).
    IfSeated,
    /// To look, not to change.
    ToView,
    /// As far as the access level on the resource goes.
    ByLevel,
    /// Unless it is the last Owner (ORG-3).
    NotTheLast,
}

impl Cell {
    /// The words of the "Who can do what" page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Yes => "Yes",
            Self::No => "No",
            Self::IfSeated => "If given a seat",
            Self::ToView => "To view",
            Self::ByLevel => "By access level",
            Self::NotTheLast => "Unless the last",
        }
    }
}

impl Permission {
    /// Every permission, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::ManageBilling,
        Self::EditLegal,
        Self::ViewLegal,
        Self::EditDetails,
        Self::ViewUsage,
        Self::ManagePeople,
        Self::CreatePerson,
        Self::TouchOwner,
        Self::ManageAccounts,
        Self::PublishApps,
        Self::ReadAudit,
        Self::UseDesktopLicences,
        Self::UseCloudLicences,
        Self::SeePrices,
        Self::ViewResources,
        Self::EditResources,
        Self::GiveAccess,
        Self::BeGivenManager,
        Self::BeGivenLevel,
        Self::Leave,
    ];

    /// The words of the table.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ManageBilling => "View and manage billing, request purchases",
            Self::EditLegal => "Edit legal information, Org ID, plan; delete the organization",
            Self::ViewLegal => "View legal information",
            Self::EditDetails => "Edit name, website and other details; choose who sees the people list",
            Self::ViewUsage => "View quota and allowance usage",
            Self::ManagePeople => "Invite and remove people, change roles",
            Self::CreatePerson => "Create a person's account directly",
            Self::TouchOwner => "Give or remove the Owner role; change or remove an Owner",
            Self::ManageAccounts => "Manage accounts, credential keys, licence seats and loans",
            Self::PublishApps => "Publish apps, and say who may run them",
            Self::ReadAudit => "Read the audit log",
            Self::UseDesktopLicences => "Use desktop licences",
            Self::UseCloudLicences => "Use cloud licences",
            Self::SeePrices => "See the price of jobs billed to the organization",
            Self::ViewResources => "View every resource of the organization",
            Self::EditResources => "Create, upload, rename, process, delete and move any resource",
            Self::GiveAccess => "Give access to any resource",
            Self::BeGivenManager => "Be given the Manager level on a resource (“project owner”)",
            Self::BeGivenLevel => "Be given Reader, Uploader or Editor on a resource",
            Self::Leave => "Leave the organization",
        }
    }

    /// The lowest role that has the permission without a condition (see [`may`]). Refusals name it.
    pub fn lowest(self) -> Option<Role> {
        Role::ALL.into_iter().rev().find(|role| may(*role, self))
    }
}

/// The role table (ROLE). The matches are exhaustive, so a new permission or role does not compile until it is decided.
pub const fn cell(permission: Permission, affiliation: Affiliation) -> Cell {
    use Cell::{ByLevel, IfSeated, No, NotTheLast, ToView, Yes};
    use Permission as P;
    #[rustfmt::skip]
    let row = match permission {
        //                          Owner       Manager  Editor  Reader    Member    External
        P::ManageBilling      => [Yes,        No,      No,     No,       No,       No],
        P::EditLegal          => [Yes,        No,      No,     No,       No,       No],
        P::ViewLegal          => [Yes,        Yes,     No,     No,       No,       No],
        P::EditDetails        => [Yes,        Yes,     No,     No,       No,       No],
        P::ViewUsage          => [Yes,        Yes,     No,     No,       No,       No],
        P::ManagePeople       => [Yes,        Yes,     No,     No,       No,       No],
        P::CreatePerson       => [Yes,        No,      No,     No,       No,       No],
        P::TouchOwner         => [Yes,        No,      No,     No,       No,       No],
        P::ManageAccounts     => [Yes,        Yes,     No,     No,       No,       No],
        P::PublishApps        => [Yes,        Yes,     No,     No,       No,       No],
        P::ReadAudit          => [Yes,        Yes,     No,     No,       No,       No],
        P::UseDesktopLicences => [Yes,        Yes,     Yes,    IfSeated, IfSeated, No],
        P::UseCloudLicences   => [Yes,        Yes,     Yes,    ToView,   ByLevel,  ByLevel],
        P::SeePrices          => [Yes,        Yes,     Yes,    Yes,      Yes,      No],
        P::ViewResources      => [Yes,        Yes,     Yes,    Yes,      No,       No],
        P::EditResources      => [Yes,        Yes,     Yes,    No,       No,       No],
        P::GiveAccess         => [Yes,        Yes,     No,     No,       No,       No],
        P::BeGivenManager     => [Yes,        Yes,     Yes,    Yes,      Yes,      No],
        P::BeGivenLevel       => [Yes,        Yes,     Yes,    Yes,      Yes,      Yes],
        P::Leave              => [NotTheLast, Yes,     Yes,    Yes,      Yes,      No],
    };
    let column = match affiliation {
        Affiliation::In(Role::Owner) => 0,
        Affiliation::In(Role::Manager) => 1,
        Affiliation::In(Role::Editor) => 2,
        Affiliation::In(Role::Reader) => 3,
        Affiliation::In(Role::Member) => 4,
        Affiliation::External => 5,
    };
    row[column]
}

/// Whether a role has a permission without a condition.
pub const fn may(role: Role, permission: Permission) -> bool {
    matches!(cell(permission, Affiliation::In(role)), Cell::Yes | Cell::NotTheLast)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn role_the_one_line_about_a_role_agrees_with_the_table() {
        for role in Role::ALL {
            let says = |words: &str| role.summary().contains(words);
            assert_eq!(says("billing") || says("everything, and manage"), may(role, Permission::ManagePeople));
            assert_eq!(says("billing"), may(role, Permission::ManageBilling));
            assert_eq!(says("everything"), may(role, Permission::ViewResources));
            assert_eq!(
                says("without changing"),
                may(role, Permission::ViewResources) && !may(role, Permission::EditResources)
            );
        }
    }

    #[test]
    fn role_the_table_of_who_can_do_what() {
        let mut rows = vec![row(["", "Owner", "Manager", "Editor", "Reader", "Member", "External"])];
        for permission in Permission::ALL {
            let standings = Role::ALL.into_iter().map(Affiliation::In).chain([Affiliation::External]);
            let cells = standings.map(|affiliation| match cell(permission, affiliation) {
                Cell::No => String::new(),
                cell => cell.label().to_owned(),
            });
            rows.push([permission.label().to_owned()].into_iter().chain(cells).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn role_a_role_that_stands_higher_may_never_do_less() {
        for permission in Permission::ALL {
            for pair in Role::ALL.windows(2) {
                assert!(may(pair[0], permission) || !may(pair[1], permission), "{permission:?} {pair:?}");
            }
        }
    }
}
