//! Who asks: a person, or a machine with a credential key (AUTH-6), and what a machine may do.

use super::{
    access::Act,
    id::PersonId,
    key::{Scope, Scopes},
    refusal::Refusal,
    role::{Permission, Role},
};

/// Who asks: a person, or a machine with the scopes of its key. In its account a machine has the rights of a Manager, limited
/// to its scopes (AUTH-6). Every check takes a `Requester`, so that no check can forget the scopes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Requester<'a> {
    id: PersonId,
    scopes: Option<&'a Scopes>,
}

impl<'a> Requester<'a> {
    /// A person. Also for a task that goes on in somebody's name, because their scopes were checked when it was started.
    pub const fn person(id: PersonId) -> Self {
        Self { id, scopes: None }
    }

    pub const fn machine(id: PersonId, scopes: &'a Scopes) -> Self {
        Self { id, scopes: Some(scopes) }
    }

    /// The person or machine identity that rows name as their creator.
    pub const fn id(&self) -> PersonId {
        self.id
    }

    /// Whether it is a machine.
    pub const fn is_machine(&self) -> bool {
        self.scopes.is_some()
    }

    fn may(&self, needs: Needs) -> Result<(), Refusal> {
        match (self.scopes, needs) {
            (None, _) => Ok(()),
            (Some(scopes), Needs::Scope(scope)) => scopes.allow(scope),
            (Some(_), Needs::People(why)) => Err(why.refusal()),
        }
    }

    /// Whether the scopes include a permission.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope, or why no scope gives it.
    pub fn may_use(&self, permission: Permission) -> Result<(), Refusal> {
        self.may(needs_for_permission(permission))
    }

    /// Whether the scopes include an act.
    ///
    /// # Errors
    /// See [`Requester::may_use`].
    pub fn may_act(&self, act: Act) -> Result<(), Refusal> {
        self.may(needs_for_act(act))
    }

    /// Whether the scopes include reading.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope.
    pub fn may_look(&self) -> Result<(), Refusal> {
        self.may(Needs::Scope(Scope::Read))
    }

    /// Refuses a machine, with the reason why only people may do this.
    ///
    /// # Errors
    /// `Forbidden`, with the reason.
    pub fn is_a_person(&self, why: PeopleOnly) -> Result<(), Refusal> {
        self.may(Needs::People(why))
    }

    /// ROLE-3 for machines: they give, change and take roles below Manager.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn may_touch(&self, role: Role) -> Result<(), Refusal> {
        if self.is_machine() && role >= Role::Manager {
            return Err(Refusal::Forbidden(format!(
                "A credential key can give and remove roles below Manager, not {}. Ask an Owner or a Manager.",
                role.label()
            )));
        }
        Ok(())
    }
}

/// Why something is for signed-in people only, whatever the scopes of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeopleOnly {
    /// It is somebody's own: their account, sessions, password, invitations and memberships.
    Personal,
    /// It concerns the whole organization, and so accounts other than the key's: settings, accounts, audit log, Owners.
    Whole,
    /// It is about keys. A key that could create keys would survive its own revocation.
    Keys,
    /// It costs money, or lends what cost money.
    Money,
    /// It publishes something, or decides what everybody may do with it.
    Publishing,
    /// It reaches another organization.
    Outside,
    /// It looks with somebody else's eyes.
    Viewer,
}

impl PeopleOnly {
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::Personal, Self::Whole, Self::Keys, Self::Money, Self::Publishing, Self::Outside, Self::Viewer];

    /// The reason in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Personal => "it belongs to one person",
            Self::Whole => "it covers the whole organization, and a key belongs to one account",
            Self::Keys => "people create and revoke keys",
            Self::Money => "it decides about licences and money",
            Self::Publishing => "it decides what anyone may see or do",
            Self::Outside => "it reaches outside the key’s account",
            Self::Viewer => "it shows what someone else sees",
        }
    }

    /// What a machine is told.
    pub fn refusal(self) -> Refusal {
        Refusal::Forbidden(format!("Only signed-in people can do this, not a credential key: {}.", self.reason()))
    }
}

/// What a machine needs to do something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    Scope(Scope),
    /// It cannot: people do it.
    People(PeopleOnly),
}

/// Which scope gives a permission of the role table. The match is exhaustive, so a new permission does not compile until it
/// is decided.
pub const fn needs_for_permission(permission: Permission) -> Needs {
    match permission {
        Permission::ViewUsage | Permission::SeePrices | Permission::ViewResources => Needs::Scope(Scope::Read),
        Permission::EditResources | Permission::UseCloudLicences => Needs::Scope(Scope::Write),
        Permission::ManagePeople | Permission::GiveAccess => Needs::Scope(Scope::People),
        Permission::UseDesktopLicences => Needs::Scope(Scope::Desktop),
        Permission::ManageBilling => Needs::People(PeopleOnly::Money),
        Permission::EditLegal
        | Permission::ViewLegal
        | Permission::EditDetails
        | Permission::CreatePerson
        | Permission::TouchOwner
        | Permission::ManageAccounts
        | Permission::ReadAudit => Needs::People(PeopleOnly::Whole),
        Permission::PublishApps => Needs::People(PeopleOnly::Publishing),
        Permission::BeGivenManager | Permission::BeGivenLevel | Permission::Leave => {
            Needs::People(PeopleOnly::Personal)
        }
    }
}

/// Which scope gives an act on a resource. Exhaustive, as [`needs_for_permission`] is.
pub const fn needs_for_act(act: Act) -> Needs {
    match act {
        Act::View | Act::Download => Needs::Scope(Scope::Read),
        Act::Create
        | Act::Rename
        | Act::Process
        | Act::Annotate
        | Act::Move
        | Act::Copy
        | Act::Trash
        | Act::CopyLink => Needs::Scope(Scope::Write),
        Act::GiveAccess => Needs::Scope(Scope::People),
        Act::Share | Act::Restrict => Needs::People(PeopleOnly::Publishing),
    }
}

/// A machine may act on the organization as a whole only if its account is the only one. With several accounts it would
/// otherwise see or change accounts that its key is not for.
///
/// # Errors
/// `Forbidden`, saying so.
pub fn may_reach_the_whole(requester: Requester<'_>, accounts: u64) -> Result<(), Refusal> {
    if requester.is_machine() && accounts > 1 {
        return Err(Refusal::Forbidden(
            "This key belongs to one account, and this covers the whole organization, which has several. With the scope “people”, a key can invite Members and give access within its account. Anything else needs a person.".to_owned(),
        ));
    }
    Ok(())
}

/// Whether a machine may invite somebody with this role. A role counts in every account. Where there are several, a machine
/// therefore invites Members only, and only to something in its own account.
///
/// # Errors
/// `Forbidden`, saying what it may.
pub fn may_invite(requester: Requester<'_>, role: Role, to_something: bool, accounts: u64) -> Result<(), Refusal> {
    requester.may_touch(role)?;
    if role == Role::Member && to_something { Ok(()) } else { may_reach_the_whole(requester, accounts) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn auth_6_what_each_scope_gives() {
        let words = |needs: Needs| match needs {
            Needs::Scope(scope) => scope.as_str().to_owned(),
            Needs::People(why) => format!("people only: {}", why.reason()),
        };
        let permissions =
            Permission::ALL.into_iter().map(|one| vec![one.label().to_owned(), words(needs_for_permission(one))]);
        let acts = Act::ALL.into_iter().map(|one| vec![format!("{one:?}"), words(needs_for_act(one))]);
        insta::assert_snapshot!(crate::domain::testing::table(&permissions.chain(acts).collect::<Vec<_>>()));
    }

    #[test]
    fn auth_6_a_machine_does_what_its_scopes_say_and_a_person_is_not_asked() {
        let person = PersonId(id(1));
        for scope in Scope::ALL {
            let scopes = Scopes::parse([scope.as_str()]).expect("scopes");
            let requester = Requester::machine(person, &scopes);
            for act in Act::ALL {
                assert_eq!(
                    requester.may_act(act).is_ok(),
                    needs_for_act(act) == Needs::Scope(scope),
                    "{scope:?} {act:?}"
                );
                assert_eq!(Requester::person(person).may_act(act), Ok(()));
            }
            for permission in Permission::ALL {
                let given = needs_for_permission(permission) == Needs::Scope(scope);
                assert_eq!(requester.may_use(permission).is_ok(), given, "{scope:?} {permission:?}");
            }
            assert_eq!(requester.may_look().is_ok(), scope == Scope::Read);
            for why in PeopleOnly::ALL {
                let refused = requester.is_a_person(why).expect_err("no scope gives it").to_string();
                assert!(refused.contains(why.reason()) && refused.contains("credential key"), "{refused}");
                assert_eq!(Requester::person(person).is_a_person(why), Ok(()));
            }
        }
    }

    #[test]
    fn auth_6_role_3_a_machine_gives_roles_below_manager_and_stays_in_its_account() {
        let scopes = Scopes::parse(["people"]).expect("scopes");
        let (machine, person) = (Requester::machine(PersonId(id(1)), &scopes), Requester::person(PersonId(id(2))));
        for role in Role::ALL {
            assert_eq!(machine.may_touch(role).is_ok(), role < Role::Manager);
            assert_eq!(person.may_touch(role), Ok(()));
            for (to_something, accounts) in [(false, 1), (true, 1), (false, 2), (true, 2)] {
                let fine = role < Role::Manager && (accounts == 1 || (role == Role::Member && to_something));
                assert_eq!(may_invite(machine, role, to_something, accounts).is_ok(), fine, "{role:?} {accounts}");
                assert_eq!(may_invite(person, role, to_something, accounts), Ok(()));
            }
        }
    }
}
