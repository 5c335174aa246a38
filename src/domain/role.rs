//! Roles and what each may do: the one table that every check uses and that "Who can do what" renders.

use serde::{Deserialize, Serialize};

use super::{
    id::{OrganizationId, PersonId},
    key::Who,
    organization::PeopleVisibility,
    refusal::Refusal,
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

    /// What it may do, in one line that goes on after "As Editor you can" (see [`cell`] for all of it).
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

/// How somebody stands to an organization: in it with a role, or outside it with access to some resource.
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
    /// Read the audit log.
    ReadAudit,
    /// Use desktop licences.
    UseDesktopLicences,
    /// Use cloud licences.
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
    pub const ALL: [Self; 19] = [
        Self::ManageBilling,
        Self::EditLegal,
        Self::ViewLegal,
        Self::EditDetails,
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

    /// The lowest role that has it outright (see [`may`]): what a refusal names.
    pub fn lowest(self) -> Option<Role> {
        Role::ALL.into_iter().rev().find(|role| may(*role, self))
    }
}

/// The role table (ROLE). Exhaustive: a new permission or role does not compile until it is decided here.
pub const fn cell(permission: Permission, standing: Affiliation) -> Cell {
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
        Affiliation::In(Role::Owner) => 0,
        Affiliation::In(Role::Manager) => 1,
        Affiliation::In(Role::Editor) => 2,
        Affiliation::In(Role::Reader) => 3,
        Affiliation::In(Role::Member) => 4,
        Affiliation::External => 5,
    };
    row[column]
}

/// Whether a role has a permission outright.
pub const fn may(role: Role, permission: Permission) -> bool {
    matches!(cell(permission, Affiliation::In(role)), Cell::Yes | Cell::NotTheLast)
}

/// Proof that a person may do something as one of an organization, by their role alone. Only [`allow`] makes one (and
/// [`found`] for who founds an organization, and an accepted invitation for who joins), so a
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
/// naming the role or the scope it takes.
pub fn allow(
    who: Who<'_>,
    organization: OrganizationId,
    role: Option<Role>,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    let role = role.ok_or(Refusal::NotFound)?;
    who.may_use(permission)?;
    by_role(who, organization, role, permission)
}

/// A permit to look at what a permission is about, like the seats of a licence: a machine needs to be able to read, and people
/// the permission.
///
/// # Errors
/// See [`allow`].
pub fn allow_to_look(
    who: Who<'_>,
    organization: OrganizationId,
    role: Option<Role>,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    let role = role.ok_or(Refusal::NotFound)?;
    who.may_look()?;
    by_role(who, organization, role, permission)
}

fn by_role(
    who: Who<'_>,
    organization: OrganizationId,
    role: Role,
    permission: Permission,
) -> Result<RolePermit, Refusal> {
    if may(role, permission) {
        Ok(RolePermit { person: who.id(), organization, role })
    } else {
        let needs = permission.lowest().map_or("Owner", Role::label);
        Err(Refusal::Forbidden(format!(
            "You need at least the {needs} role in this organization to do this. You have the {} role.",
            role.label()
        )))
    }
}

/// A permit for the founder of an organization that is just being made: its creator is its Owner (ORG-2).
pub const fn found(person: PersonId, organization: OrganizationId) -> RolePermit {
    RolePermit { person, organization, role: Role::Owner }
}

/// The roles that somebody can be given in a menu, theirs among them (ROLE-3, ORG-3): the last Owner has no other.
pub fn roles_to_give(by: Role, of: Role, last_owner: bool) -> Vec<Role> {
    let fits = |to: Role| to == of || (!last_owner && change_role(by, of, to).is_ok());
    Role::ALL.into_iter().filter(|to| fits(*to)).collect()
}

/// A permit for somebody who joins by an invitation, for [`super::invitation::Answering::accept`], which has checked it.
pub(super) const fn join(person: PersonId, organization: OrganizationId, role: Role) -> RolePermit {
    RolePermit { person, organization, role }
}

/// ROLE-3: nobody gives a role above their own, or acts on someone who stands above them; only Owners touch Owners.
///
/// # Errors
/// `Forbidden`, saying which of these it is.
pub fn change_role(by: Role, of: Role, to: Role) -> Result<(), Refusal> {
    if !may(by, Permission::ManagePeople) {
        return Err(Refusal::Forbidden(
            "You need at least the Manager role in this organization to change roles.".to_owned(),
        ));
    }
    if (of == Role::Owner || to == Role::Owner) && !may(by, Permission::TouchOwner) {
        return Err(Refusal::Forbidden("Only an Owner can make, change or remove an Owner.".to_owned()));
    }
    if of > by || to > by {
        return Err(Refusal::Forbidden(
            "You cannot change someone with a higher role, or give a role above your own.".to_owned(),
        ));
    }
    Ok(())
}

/// ROLE-3: whether a change of role is asked about first: making somebody an Owner, and giving up what one may do
/// oneself.
pub fn asks_first(own: bool, from: Role, to: Role) -> bool {
    (to == Role::Owner && from != Role::Owner) || (own && to < from)
}

/// Whose names one sees in an organization (PEOPLE-11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sight {
    /// Everybody's.
    Everyone,
    /// Of those one shares a resource with.
    Shared,
    /// Nobody's: the list does not exist.
    Nobody,
}

/// PEOPLE-11: whose names somebody with this role sees. A Member sees those they share a resource with, unless only Owners
/// and Managers see the list.
pub fn sees_people(role: Option<Role>, shown_to: PeopleVisibility) -> Sight {
    match role {
        Some(role) if shown_to.shows_to(role) => Sight::Everyone,
        Some(Role::Member) if shown_to == PeopleVisibility::Everyone => Sight::Shared,
        _ => Sight::Nobody,
    }
}

/// ORG-3: an organization with `owners` Owners may lose `leaving` of them.
///
/// # Errors
/// `LastOwner` if none would be left.
pub const fn keep_an_owner(owners: u64, leaving: u64) -> Result<(), Refusal> {
    if leaving == 0 || owners > leaving { Ok(()) } else { Err(Refusal::LastOwner) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{id, row, table};

    #[test]
    fn role_3_org_3_a_menu_offers_what_may_be_given() {
        assert_eq!(roles_to_give(Role::Owner, Role::Owner, true), [Role::Owner]);
        assert_eq!(roles_to_give(Role::Owner, Role::Reader, false), Role::ALL);
        assert_eq!(roles_to_give(Role::Manager, Role::Owner, false), [Role::Owner]);
        assert!(!roles_to_give(Role::Manager, Role::Reader, false).contains(&Role::Owner));
        assert_eq!(roles_to_give(Role::Editor, Role::Reader, false), [Role::Reader]);
    }

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
            let cells = standings.map(|standing| match cell(permission, standing) {
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

    #[test]
    fn role_a_refusal_names_the_lowest_role_that_may() {
        let (person, organization) = (PersonId(id(1)), OrganizationId(id(2)));
        for permission in Permission::ALL {
            for role in Role::ALL {
                let permit = allow(Who::person(person), organization, Some(role), permission);
                match permission.lowest() {
                    Some(lowest) if role >= lowest => {
                        assert_eq!(
                            permit.map(|p| (p.person(), p.organization(), p.role())),
                            Ok((person, organization, role))
                        );
                    }
                    lowest => {
                        let Err(Refusal::Forbidden(text)) = permit else { panic!("{permission:?} {role:?}") };
                        let lowest = lowest.map(Role::label).unwrap_or_default();
                        assert!(
                            text.contains(&format!("at least the {lowest} role")) && text.contains(role.label()),
                            "{text}"
                        );
                    }
                }
            }
            assert_eq!(allow(Who::person(person), organization, None, permission), Err(Refusal::NotFound), "ACCESS-3");
        }
    }

    #[test]
    fn role_3_who_may_make_whom_what() {
        let header = ["by, of", "to Owner", "to Manager", "to Editor", "to Reader", "to Member"];
        let mut rows = vec![row(header)];
        for by in Role::ALL {
            for of in Role::ALL {
                let cells = Role::ALL.map(|to| match change_role(by, of, to) {
                    Ok(()) => "yes",
                    Err(Refusal::Forbidden(text)) if text.contains("at least the Manager role") => "takes a Manager",
                    Err(Refusal::Forbidden(text)) if text.contains("Only an Owner") => "takes an Owner",
                    Err(other) => panic!("{other:?}"),
                });
                let name = format!("{}, {}", by.label(), of.label());
                rows.push([name].into_iter().chain(cells.map(str::to_owned)).collect());
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn people_11_who_sees_the_people_list() {
        let table = [
            (Some(Role::Owner), Sight::Everyone, Sight::Everyone),
            (Some(Role::Manager), Sight::Everyone, Sight::Everyone),
            (Some(Role::Editor), Sight::Everyone, Sight::Nobody),
            (Some(Role::Reader), Sight::Everyone, Sight::Nobody),
            (Some(Role::Member), Sight::Shared, Sight::Nobody),
            (None, Sight::Nobody, Sight::Nobody),
        ];
        for (role, everyone, managers_only) in table {
            assert_eq!(
                (sees_people(role, PeopleVisibility::Everyone), sees_people(role, PeopleVisibility::Managers)),
                (everyone, managers_only),
                "{role:?}"
            );
        }
    }

    #[test]
    fn role_3_becoming_an_owner_and_stepping_down_are_asked_about() {
        for from in Role::ALL {
            for to in Role::ALL {
                let rises = to == Role::Owner && from != Role::Owner;
                assert_eq!(asks_first(false, from, to), rises, "{from:?} to {to:?}");
                assert_eq!(asks_first(true, from, to), rises || to < from, "me, {from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn org_3_the_last_owner_stays() {
        let table = [(1, 0, true), (1, 1, false), (2, 1, true), (2, 2, false), (2, 3, false), (3, 2, true)];
        for (owners, leaving, fine) in table {
            let expected = if fine { Ok(()) } else { Err(Refusal::LastOwner) };
            assert_eq!(keep_an_owner(owners, leaving), expected, "{leaving} of {owners}");
        }
    }

    /// What may happen to the people of an organization, by their position in the list.
    #[derive(Clone, Debug)]
    enum Step {
        Change { by: usize, of: usize, to: Role },
        Remove { by: usize, whom: Vec<usize> },
        Leave(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let someone = 0..6_usize;
        prop_oneof![
            (someone.clone(), someone.clone(), proptest::sample::select(&Role::ALL[..]))
                .prop_map(|(by, of, to)| Step::Change { by, of, to }),
            (someone.clone(), proptest::collection::vec(someone.clone(), 1..4))
                .prop_map(|(by, whom)| Step::Remove { by, whom }),
            someone.prop_map(Step::Leave),
        ]
    }

    proptest! {
        #[test]
        fn org_3_whoever_may_go_an_owner_is_left(owners in 1_u64..1_000, leaving in 0_u64..1_100) {
            prop_assert_eq!(keep_an_owner(owners, leaving).is_ok(), leaving == 0 || leaving < owners);
        }

        #[test]
        fn role_3_nobody_rises_above_who_lifts_them(
            by in proptest::sample::select(&Role::ALL[..]),
            of in proptest::sample::select(&Role::ALL[..]),
            to in proptest::sample::select(&Role::ALL[..]),
        ) {
            if change_role(by, of, to).is_ok() {
                prop_assert!(of <= by && to <= by && by >= Role::Manager);
            }
        }

        #[test]
        fn org_3_no_history_of_changes_ends_without_an_owner(steps in proptest::collection::vec(step(), 0..40)) {
            // Two Owners, and one of every other role.
            let mut people: Vec<Option<Role>> = [Role::Owner].into_iter().chain(Role::ALL).map(Some).collect();
            for step in steps {
                let owners = people.iter().filter(|role| **role == Some(Role::Owner)).count() as u64;
                match step {
                    Step::Change { by, of, to } => {
                        let (Some(by), Some(from)) = (people[by], people[of]) else { continue };
                        let leaving = u64::from(from == Role::Owner && to != Role::Owner);
                        if change_role(by, from, to).and_then(|()| keep_an_owner(owners, leaving)).is_ok() {
                            people[of] = Some(to);
                        }
                    }
                    Step::Remove { by, mut whom } => {
                        whom.sort_unstable();
                        whom.dedup();
                        let Some(by) = people[by] else { continue };
                        let roles: Vec<Role> = whom.iter().filter_map(|person| people[*person]).collect();
                        let leaving = roles.iter().filter(|role| **role == Role::Owner).count() as u64;
                        let may_touch = roles.iter().all(|role| change_role(by, *role, Role::Member).is_ok());
                        if may_touch && keep_an_owner(owners, leaving).is_ok() {
                            for person in &whom {
                            people[*person] = None;
                        }
                        }
                    }
                    Step::Leave(person) => {
                        if keep_an_owner(owners, u64::from(people[person] == Some(Role::Owner))).is_ok() {
                            people[person] = None;
                        }
                    }
                }
                prop_assert!(people.contains(&Some(Role::Owner)));
            }
        }
    }
}
