//! Credential keys (AUTH-6): how machines sign in, and what each may do. A key is of one account; it has a client ID, and a
//! secret that is shown once.

use serde::{Deserialize, Serialize};

use super::{
    access::Act,
    id::{KeyId, PersonId},
    refusal::Refusal,
    role::{Permission, Role},
    text::{FieldIssue, Fields, Name},
};

/// How long a bearer token works, in milliseconds: one hour.
pub const TOKEN_LIFE: i64 = 3_600_000;

/// How many keys an organization has at most.
pub const MAX_KEYS: usize = 100;

/// Whether an organization that has so many keys may have one more.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_add(keys: usize) -> Result<(), Refusal> {
    if keys < MAX_KEYS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!(
        "An organization can have at most {MAX_KEYS} keys. Revoke one that you no longer use."
    )))
}

/// What a key may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read everything that the account holds.
    Read,
    /// Change the account's Drive as an Editor may.
    Write,
    /// Manage people and access as a Manager may.
    People,
    /// Report processing status.
    Engine,
    /// Take seats of the account's desktop licences (LIC-5).
    Desktop,
}

words! {
    Scope
    Read => "read", "Read everything in the account";
    Write => "write", "Change the account’s Drive";
    People => "people", "Manage people and access";
    Engine => "engine", "Report processing status";
    Desktop => "desktop", "Use desktop licences";
}

impl Scope {
    /// What that is, in one sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Read => "Drive, search, trash, access, people, licences and receipts.",
            Self::Write => "Create, rename, move, copy, delete and restore, as an Editor can.",
            Self::People => "Invite, remove, give roles below Manager, and give access to what is in the account.",
            Self::Engine => "For processing programs: set datasets to queued, processing, processed or failed.",
            Self::Desktop => "Take seats for computers that no one signs in to.",
        }
    }
}

/// The scopes of a key: at least one, each once, in order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Reads words.
    ///
    /// # Errors
    /// None at all, or a word that is none.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, FieldIssue> {
        let mut scopes = words.into_iter().map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        scopes.sort_unstable();
        scopes.dedup();
        if scopes.is_empty() { Err(FieldIssue::Missing) } else { Ok(Self(scopes)) }
    }

    /// Reads [`Scopes::text`].
    ///
    /// # Errors
    /// See [`Scopes::parse`].
    pub fn read(text: &str) -> Result<Self, FieldIssue> {
        Self::parse(text.split_whitespace())
    }

    /// The words, with spaces between.
    pub fn text(&self) -> String {
        self.0.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Each of them.
    pub fn list(&self) -> &[Scope] {
        &self.0
    }

    /// Leave to do what a scope says.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope that it takes.
    pub fn allow(&self, scope: Scope) -> Result<(), Refusal> {
        if self.0.contains(&scope) {
            Ok(())
        } else {
            Err(Refusal::Forbidden(format!(
                "This key does not have the scope “{}”. Create a key that has it.",
                scope.as_str()
            )))
        }
    }
}

/// Why something is for signed-in people only: what no scope gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeopleOnly {
    /// It is somebody's own: their account, sessions, password, invitations and memberships.
    Personal,
    /// It is of the organization as a whole, and so of other accounts as well: its settings, accounts, audit log, Owners.
    Whole,
    /// It is about keys: a key that makes keys could not be revoked.
    Keys,
    /// It costs money, or lends what does.
    Money,
    /// It shows things to anyone, or says what everybody may do with them.
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
    /// A scope.
    Scope(Scope),
    /// It cannot: people do it.
    People(PeopleOnly),
}

/// What of the role table a scope gives. Exhaustive: a new permission does not compile until it is decided here.
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
        Permission::BeGivenManager | Permission::BeGivenLevel | Permission::Leave => {
            Needs::People(PeopleOnly::Personal)
        }
    }
}

/// What of the acts on a resource a scope gives. Exhaustive, as [`needs_for_permission`] is.
pub const fn needs_for_act(act: Act) -> Needs {
    match act {
        Act::View => Needs::Scope(Scope::Read),
        Act::Create | Act::Rename | Act::Process | Act::Move | Act::Copy | Act::Trash | Act::CopyLink => {
            Needs::Scope(Scope::Write)
        }
        Act::GiveAccess => Needs::Scope(Scope::People),
        Act::Share | Act::Restrict => Needs::People(PeopleOnly::Publishing),
    }
}

/// Who acts: a person, or a machine with the scopes of its key. In its account a machine stands as a Manager does, and its
/// scopes say how much of that it may use (AUTH-6). Every check takes this, so none can forget the scopes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Who<'a> {
    id: PersonId,
    scopes: Option<&'a Scopes>,
}

impl<'a> Who<'a> {
    /// A person. Also work that goes on in somebody's name: what it needed was asked when it was begun.
    pub const fn person(id: PersonId) -> Self {
        Self { id, scopes: None }
    }

    /// A machine.
    pub const fn machine(id: PersonId, scopes: &'a Scopes) -> Self {
        Self { id, scopes: Some(scopes) }
    }

    /// Whom the rows name.
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

    /// Whether the scopes reach as far as a permission.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope, or why no scope gives it.
    pub fn may_use(&self, permission: Permission) -> Result<(), Refusal> {
        self.may(needs_for_permission(permission))
    }

    /// Whether the scopes reach as far as an act.
    ///
    /// # Errors
    /// See [`Who::may_use`].
    pub fn may_act(&self, act: Act) -> Result<(), Refusal> {
        self.may(needs_for_act(act))
    }

    /// Whether the scopes allow to look at what the account holds.
    ///
    /// # Errors
    /// `Forbidden`, naming the scope.
    pub fn may_look(&self) -> Result<(), Refusal> {
        self.may(Needs::Scope(Scope::Read))
    }

    /// Whether this is nothing that only people do.
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

/// What is of the organization as a whole is for a machine only where its account is the only one: where there are several, it
/// would tell of the others, or reach into them.
///
/// # Errors
/// `Forbidden`, saying so.
pub fn may_reach_the_whole(who: Who<'_>, accounts: u64) -> Result<(), Refusal> {
    if who.is_machine() && accounts > 1 {
        return Err(Refusal::Forbidden(
            "This key belongs to one account, and this covers the whole organization, which has several. With the scope “people”, a key can invite Members and give access within its account. Anything else needs a person.".to_owned(),
        ));
    }
    Ok(())
}

/// As what a machine may invite. Where there are several accounts, a role would count in all of them: it invites Members, to
/// something that is in its account.
///
/// # Errors
/// `Forbidden`, saying what it may.
pub fn may_invite(who: Who<'_>, role: Role, to_something: bool, accounts: u64) -> Result<(), Refusal> {
    who.may_touch(role)?;
    if role == Role::Member && to_something { Ok(()) } else { may_reach_the_whole(who, accounts) }
}

/// The client ID of a key.
pub fn client_id(id: KeyId) -> String {
    format!("ck_{}", id.0.simple())
}

/// Reads [`client_id`].
pub fn parse_client_id(text: &str) -> Option<KeyId> {
    text.trim().strip_prefix("ck_").filter(|hex| hex.len() == 32)?.parse().ok()
}

/// What the form of **New key** sends.
#[derive(Debug, Clone, Default)]
pub struct KeyForm {
    /// What it is called.
    pub name: String,
    /// The id or Account ID of its account; the first where it is empty.
    pub account: String,
    /// Words of its scopes.
    pub scopes: Vec<String>,
}

/// A key to be made: its name and scopes. What is wrong with the account is told together with the rest.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn parse<T>(form: &KeyForm, account: Result<T, FieldIssue>) -> Result<(Name, T, Scopes), Refusal> {
    let mut fields = Fields::default();
    let name = fields.check("name", Name::parse(&form.name));
    let account = fields.check("account", account);
    let scopes = fields.check("scopes", Scopes::parse(form.scopes.iter().map(String::as_str)));
    fields.done()?;
    match (name, account, scopes) {
        (Some(name), Some(account), Some(scopes)) => Ok((name, account, scopes)),
        _ => Err(Refusal::Invalid(Vec::new())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::id;

    #[test]
    fn auth_6_scopes_are_read_in_any_order_each_once() {
        let scopes = Scopes::parse(["engine", "read", "engine"]).expect("scopes");
        assert_eq!((scopes.text().as_str(), scopes.list()), ("read engine", &[Scope::Read, Scope::Engine][..]));
        assert_eq!(Scopes::read("read engine"), Ok(scopes.clone()));
        assert_eq!(Scopes::parse([]), Err(FieldIssue::Missing));
        assert_eq!(Scopes::parse(["admin"]), Err(FieldIssue::NotAChoice));
        assert_eq!(scopes.allow(Scope::Engine), Ok(()));
        assert!(scopes.allow(Scope::Desktop).is_err_and(|refusal| refusal.to_string().contains("“desktop”")));
    }

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
            let who = Who::machine(person, &scopes);
            for act in Act::ALL {
                assert_eq!(who.may_act(act).is_ok(), needs_for_act(act) == Needs::Scope(scope), "{scope:?} {act:?}");
                assert_eq!(Who::person(person).may_act(act), Ok(()));
            }
            for permission in Permission::ALL {
                let given = needs_for_permission(permission) == Needs::Scope(scope);
                assert_eq!(who.may_use(permission).is_ok(), given, "{scope:?} {permission:?}");
            }
            assert_eq!(who.may_look().is_ok(), scope == Scope::Read);
            for why in PeopleOnly::ALL {
                let refused = who.is_a_person(why).expect_err("no scope gives it").to_string();
                assert!(refused.contains(why.reason()) && refused.contains("credential key"), "{refused}");
                assert_eq!(Who::person(person).is_a_person(why), Ok(()));
            }
        }
    }

    #[test]
    fn auth_6_role_3_a_machine_gives_roles_below_manager_and_stays_in_its_account() {
        let scopes = Scopes::parse(["people"]).expect("scopes");
        let (machine, person) = (Who::machine(PersonId(id(1)), &scopes), Who::person(PersonId(id(2))));
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

    #[test]
    fn auth_6_the_number_of_keys_is_limited() {
        assert!(may_add(MAX_KEYS - 1).is_ok() && may_add(MAX_KEYS).is_err());
    }

    #[test]
    fn auth_6_a_client_id_names_its_key() {
        let key = KeyId(id(7));
        assert_eq!(parse_client_id(&format!(" {} ", client_id(key))), Some(key));
        for wrong in ["", "ck_", "ck_7", &key.to_string(), "ck_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            assert_eq!(parse_client_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn auth_6_what_is_wrong_with_a_new_key_is_said_at_every_field() {
        let refused = parse::<()>(&KeyForm::default(), Err(FieldIssue::NotAChoice));
        let Err(Refusal::Invalid(fields)) = refused else { panic!("{refused:?}") };
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["name", "account", "scopes"]);
    }
}
