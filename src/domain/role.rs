//! Roles and what each may do: the one table that every check uses and that "Who can do what" renders.

use serde::{Deserialize, Serialize};

use super::{
    id::{OrganizationId, PersonId},
    refusal::Refusal,
    text::Problem,
};

/// A person's one role in one organization. The order is the meaning: a later role stands above an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Access only where invited.
    Member,
    /// Views every resource of the organization.
    Reader,
    /// Works with every resource of the organization.
    Editor,
    /// And manages people, accounts and licences.
    Manager,
    /// And billing, legal information, and the organization itself.
    Owner,
}

impl Role {
    /// Every role, highest first.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Manager, Self::Editor, Self::Reader, Self::Member];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Editor => "editor",
            Self::Reader => "reader",
            Self::Member => "member",
        }
    }

    /// The word on screen.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Manager => "Manager",
            Self::Editor => "Editor",
            Self::Reader => "Reader",
            Self::Member => "Member",
        }
    }

    /// Reads [`Role::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or(Problem::NotAChoice)
    }
}

/// How somebody stands to an organization: in it with a role, or outside it with access to some resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
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
    /// View quota and allowance usage.
    ViewUsage,
    /// Invite, remove people, change roles.
    ManagePeople,
    /// Create a person's account directly.
    CreatePerson,
    /// Grant or take the Owner role, or touch an Owner.
    TouchOwner,
    /// Manage accounts, credential keys, licence seats and loans.
    ManageAccounts,
    /// Read the audit log.
    ReadAudit,
    /// Use desktop licences.
    UseDesktopLicences,
    /// Use cloud licences.
    UseCloudLicences,
    /// See the price of jobs billed to the organization.
    SeePrices,
    /// View every resource of the organization.
    ViewResources,
    /// Create, upload, rename, process, delete, move any resource.
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
    /// Yes.
    Yes,
    /// No.
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
    pub const fn title(self) -> &'static str {
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
    pub const ALL: [Self; 17] = [
        Self::ManageBilling,
        Self::EditLegal,
        Self::ViewUsage,
        Self::ManagePeople,
        Self::CreatePerson,
        Self::TouchOwner,
        Self::ManageAccounts,
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
    pub const fn title(self) -> &'static str {
        match self {
            Self::ManageBilling => "View and manage billing, request purchases",
            Self::EditLegal => "Edit legal information, Org ID, plan; delete the organization",
            Self::ViewUsage => "View quota and allowance usage",
            Self::ManagePeople => "Invite, remove people, change roles",
            Self::CreatePerson => "Create a person's account directly",
            Self::TouchOwner => "Grant or take the Owner role, or touch an Owner",
            Self::ManageAccounts => "Manage accounts, credential keys, licence seats and loans",
            Self::ReadAudit => "Read the audit log",
            Self::UseDesktopLicences => "Use desktop licences",
            Self::UseCloudLicences => "Use cloud licences",
            Self::SeePrices => "See the price of jobs billed to the organization",
            Self::ViewResources => "View every resource of the organization",
            Self::EditResources => "Create, upload, rename, process, delete, move any resource",
            Self::GiveAccess => "Give access to any resource",
            Self::BeGivenManager => "Be given the Manager level on a resource (“project owner”)",
            Self::BeGivenLevel => "Be given Reader, Uploader or Editor on a resource",
            Self::Leave => "Leave the organization",
        }
    }

    /// The lowest role whose cell is not "No": what a refusal names.
    pub fn lowest(self) -> Option<Role> {
        Role::ALL.into_iter().rev().find(|role| cell(self, Standing::In(*role)) != Cell::No)
    }
}

/// The role table (ROLE). Exhaustive: a new permission or role does not compile until it is decided here.
pub const fn cell(permission: Permission, standing: Standing) -> Cell {
    use Cell::{ByLevel, IfSeated, No, NotTheLast, ToView, Yes};
    use Permission as P;
    let row = match permission {
        //                          Owner       Manager  Editor  Reader    Member    External
        P::ManageBilling      => [Yes,        No,      No,     No,       No,       No],
        P::EditLegal          => [Yes,        No,      No,     No,       No,       No],
        P::ViewUsage          => [Yes,        Yes,     No,     No,       No,       No],
        P::ManagePeople       => [Yes,        Yes,     No,     No,       No,       No],
        P::CreatePerson       => [Yes,        No,      No,     No,       No,       No],
        P::TouchOwner         => [Yes,        No,      No,     No,       No,       No],
        P::ManageAccounts     => [Yes,        Yes,     No,     No,       No,       No],
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
    let column = match standing {
        Standing::In(Role::Owner) => 0,
        Standing::In(Role::Manager) => 1,
        Standing::In(Role::Editor) => 2,
        Standing::In(Role::Reader) => 3,
        Standing::In(Role::Member) => 4,
        Standing::External => 5,
    };
    row[column]
}

/// Whether a role has a permission outright.
pub const fn may(role: Role, permission: Permission) -> bool {
    matches!(cell(permission, Standing::In(role)), Cell::Yes | Cell::NotTheLast)
}

/// Proof that a person may do something as one of an organization, by their role alone. Only [`allow`] makes one, so a
/// change that takes a `RolePermit` cannot be reached past the check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RolePermit {
    person: PersonId,
    organization: OrganizationId,
    role: Role,
}

impl RolePermit {
    /// Who may.
    pub const fn person(&self) -> PersonId {
        self.person
    }

    /// In which organization.
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// In which role.
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// A permit for what the role allows outright.
///
/// # Errors
/// `NotFound` for somebody who is not in the organization (what one may not see does not exist), else `Forbidden`
/// naming the role it takes.
pub fn allow(person: PersonId, organization: OrganizationId, role: Option<Role>, permission: Permission) -> Result<RolePermit, Refusal> {
    let role = role.ok_or(Refusal::NotFound)?;
    if may(role, permission) {
        Ok(RolePermit { person, organization, role })
    } else {
        let needs = permission.lowest().map_or("Owner", Role::title);
        Err(Refusal::Forbidden(format!("You need to be at least {needs} of this organization to do this. You are {}.", role.title())))
    }
}

/// A permit for the founder of an organization that is just being made: its creator is its Owner (ORG-2).
pub const fn found(person: PersonId, organization: OrganizationId) -> RolePermit {
    RolePermit { person, organization, role: Role::Owner }
}

/// ROLE-3: nobody gives a role above their own, or acts on someone who stands above them; only Owners touch Owners.
///
/// # Errors
/// `Forbidden`, saying which of these it is.
pub fn change_role(by: Role, of: Role, to: Role) -> Result<(), Refusal> {
    if !may(by, Permission::ManagePeople) {
        return Err(Refusal::Forbidden("You need to be at least Manager of this organization to change roles.".to_owned()));
    }
    if (of == Role::Owner || to == Role::Owner) && !may(by, Permission::TouchOwner) {
        return Err(Refusal::Forbidden("Only an Owner can make, change or remove an Owner.".to_owned()));
    }
    if of > by || to > by {
        return Err(Refusal::Forbidden("You cannot act on someone who stands above you, or give a role above your own.".to_owned()));
    }
    Ok(())
}

/// ORG-3: an organization with `owners` Owners may lose `leaving` of them.
///
/// # Errors
/// `LastOwner` if none would be left.
pub const fn keep_an_owner(owners: u64, leaving: u64) -> Result<(), Refusal> {
    if leaving == 0 || owners > leaving { Ok(()) } else { Err(Refusal::LastOwner) }
}
