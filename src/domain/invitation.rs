//! Invitations into an organization (PEOPLE-2 to PEOPLE-4, PEOPLE-10): who may be invited as what, reading a pasted list,
//! and who may answer.

use serde::{Deserialize, Serialize};

use super::{
    access::{Level, Permit, given_by_invitation, may_be_given},
    id::{OrganizationId, PersonId, ResourceId},
    refusal::Refusal,
    role::{Role, RolePermit, Standing, change_role, join},
    sender::{Sender, Sent, still_valid},
    text::{Email, Problem, key, optional_line},
    time::Timestamp,
};

/// How long an invitation's link works, in days.
pub const DAYS: i64 = 14;

/// How many people are invited at a time.
pub const MOST: usize = 500;

/// How long one waits before the same invitation is mailed again, in milliseconds.
pub const COOLDOWN: i64 = 60_000;

/// How many invitations go out to one address in a day, whoever sends them (attack 27).
pub const MOST_TO_ONE_ADDRESS: u64 = 10;

/// How many invitations one person sends in a day.
pub const MOST_FROM_ONE_PERSON: u64 = 2_000;

/// What became of an invitation. Expired is not stored: it is pending, and late.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for an answer.
    Pending,
    /// Accepted: used up.
    Accepted,
    /// Declined by the invited person.
    Declined,
    /// Taken back by the organization.
    Revoked,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Declined, Self::Revoked];

    /// The word in the API and in the database.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
        }
    }

    /// Reads [`State::word`].
    ///
    /// # Errors
    /// Any other word.
    pub fn parse(word: &str) -> Result<Self, Problem> {
        Self::ALL.into_iter().find(|state| state.word() == word).ok_or(Problem::NotAChoice)
    }

    /// Whether it can still be accepted.
    pub fn is_open(self, expires_at: Timestamp, now: Timestamp) -> bool {
        self == Self::Pending && now < expires_at
    }
}

/// ROLE-3 for an invitation: nobody invites somebody as more than they are themselves, and only an Owner as an Owner.
///
/// # Errors
/// `Forbidden`, saying which of these it is.
pub fn may_invite_as(by: Role, role: Role) -> Result<(), Refusal> {
    change_role(by, Role::Member, role)
}

/// The roles that somebody may invite as, lowest first.
pub fn roles_to_invite_as(by: Role) -> Vec<Role> {
    Role::ALL.into_iter().rev().filter(|role| may_invite_as(by, *role).is_ok()).collect()
}

/// What a Member is invited to reach (PEOPLE-2). A level goes with a Member only: every other role reaches everything.
///
/// # Errors
/// A level for another role, or one that a Member cannot be given.
pub fn may_come_with(role: Role, level: Level) -> Result<(), Refusal> {
    if role == Role::Member {
        may_be_given(level, Standing::In(role))
    } else {
        Err(Refusal::field("level", Problem::NotForThisRole))
    }
}

/// What decides whether an invitation may be answered.
#[derive(Clone, Debug)]
pub struct Answering<'a> {
    /// What became of it so far.
    pub state: State,
    /// When its link stops working.
    pub expires_at: Timestamp,
    /// When a newer link was sent, and to whom, where it was opened from one before that.
    pub replaced: Option<(Timestamp, &'a str)>,
    /// Whom it is for, as addresses are compared.
    pub email_key: &'a str,
    /// Who answers, as addresses are compared.
    pub by_email_key: &'a str,
    /// Whether it was opened from the mailed link, which proves the address.
    pub by_link: bool,
    /// Whether the address of who answers was verified before (AUTH-2).
    pub verified: bool,
}

impl Answering<'_> {
    /// Whether it may be accepted or declined now, by this person (PEOPLE-3, PEOPLE-10, attacks 18, 19, 22).
    ///
    /// # Errors
    /// `InvitationWrongPerson`, `EmailUnverified`, `InvitationClosed`, `InvitationReplaced`, `InvitationExpired`: in this
    /// order, so that somebody else learns nothing about it.
    pub fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        if self.email_key != self.by_email_key {
            return Err(Refusal::InvitationWrongPerson);
        }
        if !self.by_link && !self.verified {
            return Err(Refusal::EmailUnverified);
        }
        if self.state != State::Pending {
            return Err(Refusal::InvitationClosed(self.state));
        }
        if let Some((sent_at, email)) = self.replaced {
            return Err(Refusal::InvitationReplaced(sent_at, email.to_owned()));
        }
        if now >= self.expires_at {
            return Err(Refusal::InvitationExpired);
        }
        Ok(())
    }

    /// Leave to join, with the role that the invitation has now (attack 22), while who answers for it could still give it.
    ///
    /// # Errors
    /// See [`Answering::check`]; `InvitationSenderLost`.
    pub fn accept(
        &self,
        person: PersonId,
        organization: OrganizationId,
        role: Role,
        sender: Sender,
        now: Timestamp,
    ) -> Result<RolePermit, Refusal> {
        self.check(now)?;
        if !still_valid(sender, Sent::Role(role)) {
            return Err(Refusal::InvitationSenderLost);
        }
        Ok(join(person, organization, role))
    }

    /// Leave to receive what waited with the invitation: `by` gave it, and still could (ACCESS-2).
    ///
    /// # Errors
    /// See [`Answering::check`]; `InvitationSenderLost`.
    pub fn receive(
        &self,
        (by, sender): (PersonId, Sender),
        organization: OrganizationId,
        (resource, level): (ResourceId, Level),
        now: Timestamp,
    ) -> Result<Permit, Refusal> {
        self.check(now)?;
        if !still_valid(sender, Sent::Access(level)) {
            return Err(Refusal::InvitationSenderLost);
        }
        Ok(given_by_invitation(by, organization, resource))
    }
}

/// What came of inviting one person (PEOPLE-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The invitation is on its way.
    Invited,
    /// They are in the organization.
    AlreadyMember,
    /// An invitation is waiting for them, or they are in this list twice.
    AlreadyInvited,
    /// It could not be read, or not be done; the words say why.
    Invalid,
}

impl Outcome {
    /// The word in the API.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::AlreadyMember => "already_member",
            Self::AlreadyInvited => "already_invited",
            Self::Invalid => "invalid",
        }
    }
}

/// One person of a list that was typed, pasted or read from a file; nothing in it is checked yet.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invitee {
    /// What stands where the address should be.
    pub email: String,
    /// The name, where one was given.
    pub name: String,
    /// The word for a role, where one was given.
    pub role: String,
}

/// Reads a list of people in any usual form: `name@example.com`, `Name <name@example.com>`, separated by commas,
/// semicolons, blanks or lines; `Name, address, role` a line; or the text of a CSV file whose first line names its
/// columns. What cannot be read stays in the list as it is, so that it gets its own verdict.
///
/// # Errors
/// `TooMany` for more than [`MOST`]; `NotUtf8` where a file was read in another encoding; `NoEmailColumn` for a CSV file
/// without one.
pub fn read_list(text: &str) -> Result<Vec<Invitee>, Problem> {
    if text.contains('\u{FFFD}') {
        return Err(Problem::NotUtf8);
    }
    let lines: Vec<&str> =
        text.trim_start_matches('\u{FEFF}').lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let found = match lines.split_first() {
        Some((head, rest)) if is_heading(head) => {
            let columns = Columns::read(&cells(head))?;
            rest.iter().map(|line| columns.row(&cells(line))).collect()
        }
        _ => lines.iter().flat_map(|line| read_line(line)).collect::<Vec<_>>(),
    };
    if found.len() > MOST { Err(Problem::TooMany(MOST)) } else { Ok(found) }
}

/// Names of columns, in the languages and habits of the programs that write such files.
const EMAIL_COLUMNS: [&str; 5] = ["email", "e-mail", "mail", "email address", "e-mail address"];
const NAME_COLUMNS: [&str; 3] = ["name", "full name", "display name"];
const FIRST_NAME_COLUMNS: [&str; 3] = ["first name", "firstname", "given name"];
const LAST_NAME_COLUMNS: [&str; 4] = ["last name", "lastname", "surname", "family name"];
const ROLE_COLUMNS: [&str; 1] = ["role"];

fn plain(cell: &str) -> String {
    key(cell).replace('_', " ")
}

/// Whether a first line names columns: several words, no address, and one of them a name that we know.
fn is_heading(line: &str) -> bool {
    let cells = cells(line);
    let known = |cell: &String| {
        let cell = plain(cell);
        [&EMAIL_COLUMNS[..], &NAME_COLUMNS, &FIRST_NAME_COLUMNS, &LAST_NAME_COLUMNS, &ROLE_COLUMNS]
            .iter()
            .any(|names| names.contains(&cell.as_str()))
    };
    !line.contains('@') && (cells.len() > 1 || EMAIL_COLUMNS.contains(&plain(line).as_str())) && cells.iter().any(known)
}

/// Where the columns of a CSV file are.
struct Columns {
    email: usize,
    name: Option<usize>,
    first_name: Option<usize>,
    last_name: Option<usize>,
    role: Option<usize>,
}

impl Columns {
    fn read(heads: &[String]) -> Result<Self, Problem> {
        let find = |names: &[&str]| heads.iter().position(|head| names.contains(&plain(head).as_str()));
        Ok(Self {
            email: find(&EMAIL_COLUMNS).ok_or(Problem::NoEmailColumn)?,
            name: find(&NAME_COLUMNS),
            first_name: find(&FIRST_NAME_COLUMNS),
            last_name: find(&LAST_NAME_COLUMNS),
            role: find(&ROLE_COLUMNS),
        })
    }

    fn row(&self, cells: &[String]) -> Invitee {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).cloned().unwrap_or_default();
        let name = match self.name {
            Some(_) => cell(self.name),
            None => format!("{} {}", cell(self.first_name), cell(self.last_name)).trim().to_owned(),
        };
        Invitee { email: cell(Some(self.email)), name, role: cell(self.role) }
    }
}

/// The cells of a line, separated by commas, semicolons or tabs outside quotes and angle brackets; quotes are taken off.
fn cells(line: &str) -> Vec<String> {
    let (mut found, mut cell, mut quoted, mut bracketed) = (Vec::new(), String::new(), false, false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            '<' | '>' if !quoted => {
                bracketed = c == '<';
                cell.push(c);
            }
            ',' | ';' | '\t' if !quoted && !bracketed => found.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
    }
    found.push(cell.trim().to_owned());
    found
}

/// A line without columns: one person with name and role beside the address, or several addresses.
fn read_line(line: &str) -> Vec<Invitee> {
    let cells: Vec<String> = cells(line).into_iter().filter(|cell| !cell.is_empty()).collect();
    let mut with_address = cells.iter().enumerate().filter(|(_, cell)| cell.contains('@'));
    match (with_address.next(), with_address.next()) {
        (Some((at, address)), None) if cells.len() > 1 => {
            let mut found = read_addresses(address);
            // `Name <address>` has its name already: what stands beside it, but for a role, is somebody else.
            let rest = |cell: &String| Role::parse(&key(cell)).is_ok();
            let whole = found.iter().all(|one| one.name.is_empty())
                || cells.iter().enumerate().all(|(index, cell)| index == at || rest(cell));
            if let ([only], true) = (&mut found[..], whole) {
                for (_, cell) in cells.iter().enumerate().filter(|(index, _)| *index != at) {
                    if only.role.is_empty() && Role::parse(&key(cell)).is_ok() {
                        only.role.clone_from(cell);
                    } else if only.name.is_empty() {
                        only.name.clone_from(cell);
                    } else {
                        only.name = format!("{} {cell}", only.name);
                    }
                }
                return found;
            }
            cells.iter().flat_map(|cell| read_addresses(cell)).collect()
        }
        _ => cells.iter().flat_map(|cell| read_addresses(cell)).collect(),
    }
}

/// `Name <address>`, an address, or several with blanks between them.
fn read_addresses(cell: &str) -> Vec<Invitee> {
    if let Some((name, rest)) = cell.split_once('<') {
        let email = rest.split('>').next().unwrap_or_default().trim().to_owned();
        return vec![Invitee { email, name: name.trim().to_owned(), role: String::new() }];
    }
    let words: Vec<&str> = cell.split_whitespace().collect();
    if words.len() > 1 && words.iter().all(|word| word.contains('@')) {
        words.into_iter().map(|word| Invitee { email: word.to_owned(), ..Invitee::default() }).collect()
    } else if let [name @ .., email] = &words[..]
        && email.contains('@')
    {
        vec![Invitee { email: (*email).to_owned(), name: name.join(" "), role: String::new() }]
    } else {
        vec![Invitee { email: cell.to_owned(), ..Invitee::default() }]
    }
}

/// One person to be invited, read and checked by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invite {
    /// Address.
    pub email: Email,
    /// Name, where one was given.
    pub name: Option<String>,
    /// Role.
    pub role: Role,
}

impl Invite {
    /// Reads one person of a list; `otherwise` is the role of those that come without one.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(invitee: &Invitee, otherwise: Role) -> Result<Self, Problem> {
        let email = Email::parse(&invitee.email)?;
        let name = optional_line(&invitee.name, super::text::NAME_LENGTH)?;
        let role = match key(&invitee.role).as_str() {
            "" => otherwise,
            word => Role::parse(word).map_err(|_| Problem::NotARole)?,
        };
        Ok(Self { email, name, role })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::id;

    fn invitee(email: &str, name: &str, role: &str) -> Invitee {
        Invitee { email: email.to_owned(), name: name.to_owned(), role: role.to_owned() }
    }

    #[test]
    fn people_2_a_list_is_read_in_any_usual_form() {
        let table: [(&str, Vec<Invitee>); 18] = [
            ("anna@example.com", vec![invitee("anna@example.com", "", "")]),
            ("Anna Muster <anna@example.com>", vec![invitee("anna@example.com", "Anna Muster", "")]),
            ("\"Muster, Anna\" <anna@example.com>", vec![invitee("anna@example.com", "Muster, Anna", "")]),
            ("<anna@example.com>;", vec![invitee("anna@example.com", "", "")]),
            (
                "a@b.ch, c@d.ch;e@f.ch",
                vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", ""), invitee("e@f.ch", "", "")],
            ),
            (
                "a@b.ch c@d.ch\te@f.ch",
                vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", ""), invitee("e@f.ch", "", "")],
            ),
            ("a@b.ch\r\n\n  c@d.ch  \n", vec![invitee("a@b.ch", "", ""), invitee("c@d.ch", "", "")]),
            ("A <a@b.ch>, C D <c@d.ch>", vec![invitee("a@b.ch", "A", ""), invitee("c@d.ch", "C D", "")]),
            ("Anna Muster, anna@example.com, Editor", vec![invitee("anna@example.com", "Anna Muster", "Editor")]),
            ("Anna <a@b.ch>, nonsense", vec![invitee("a@b.ch", "Anna", ""), invitee("nonsense", "", "")]),
            ("Anna <a@b.ch>, editor", vec![invitee("a@b.ch", "Anna", "editor")]),
            ("anna@example.com;reader", vec![invitee("anna@example.com", "", "reader")]),
            ("Anna Muster anna@example.com", vec![invitee("anna@example.com", "Anna Muster", "")]),
            (
                "name,email,role\nAnna,a@b.ch,editor\n,c@d.ch,",
                vec![invitee("a@b.ch", "Anna", "editor"), invitee("c@d.ch", "", "")],
            ),
            (
                "E-Mail;First name;Last_name\na@b.ch;Anna;\"van \"\"der\"\" Berg\"",
                vec![invitee("a@b.ch", "Anna van \"der\" Berg", "")],
            ),
            ("\u{FEFF}email\na@b.ch", vec![invitee("a@b.ch", "", "")]),
            (
                "nonsense, a@b.ch, c@d.ch",
                vec![invitee("nonsense", "", ""), invitee("a@b.ch", "", ""), invitee("c@d.ch", "", "")],
            ),
            (" \n ; , ", vec![]),
        ];
        for (text, expected) in table {
            assert_eq!(read_list(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn people_2_a_list_that_cannot_be_read_says_why() {
        assert_eq!(read_list("name,role\nAnna,editor"), Err(Problem::NoEmailColumn));
        assert_eq!(read_list("na\u{FFFD}me@example.com"), Err(Problem::NotUtf8));
        let many = (0..=MOST).map(|n| format!("p{n}@example.com\n")).collect::<String>();
        assert_eq!(read_list(&many), Err(Problem::TooMany(MOST)));
        assert_eq!(read_list(many.trim_start_matches("p0@example.com\n")).map(|list| list.len()), Ok(MOST));
    }

    #[test]
    fn people_2_one_person_of_a_list_is_checked_by_itself() {
        let read = |email, name, role| Invite::read(&invitee(email, name, role), Role::Reader);
        assert_eq!(
            read("Anna@Example.com", " ", "").map(|one| (one.email.key(), one.name, one.role)),
            Ok(("anna@example.com".to_owned(), None, Role::Reader))
        );
        assert_eq!(
            read("a@b.ch", "Anna", " EDITOR ").map(|one| (one.name, one.role)),
            Ok((Some("Anna".to_owned()), Role::Editor))
        );
        assert_eq!(read("anna", "", ""), Err(Problem::NotAnEmail));
        assert_eq!(read("", "", ""), Err(Problem::Missing));
        assert_eq!(read("a@b.ch", "a\u{202E}b", ""), Err(Problem::ControlCharacters));
        assert_eq!(read("a@b.ch", "", "boss"), Err(Problem::NotARole));
    }

    #[test]
    fn role_3_who_may_be_invited_as_what() {
        for by in Role::ALL {
            for role in Role::ALL {
                let fine = by >= Role::Manager && role <= by && (role != Role::Owner || by == Role::Owner);
                assert_eq!(may_invite_as(by, role).is_ok(), fine, "{by:?} invites {role:?}");
            }
        }
    }

    #[test]
    fn people_2_only_a_member_is_invited_to_something() {
        for role in Role::ALL {
            for level in Level::ALL {
                assert_eq!(may_come_with(role, level).is_ok(), role == Role::Member, "{role:?} {level:?}");
            }
        }
    }

    #[test]
    fn people_10_every_way_an_invitation_cannot_be_accepted_says_which() {
        let now = Timestamp(1_800_000_000_000);
        let fine = Answering {
            state: State::Pending,
            expires_at: now.plus_days(1),
            replaced: None,
            email_key: "anna@example.com",
            by_email_key: "anna@example.com",
            by_link: true,
            verified: false,
        };
        let (person, organization) = (PersonId(id(1)), OrganizationId(id(2)));
        let manager = Sender { role: Some(Role::Manager), level: Some(Level::Manager) };
        let permit = fine.accept(person, organization, Role::Editor, manager, now);
        assert_eq!(permit.map(|permit| (permit.person(), permit.role())), Ok((person, Role::Editor)));
        // What its sender can no longer give is not taken (ROLE-3).
        for role in [None, Some(Role::Editor), Some(Role::Member)] {
            let sender = Sender { role, level: None };
            let permit = fine.accept(person, organization, Role::Editor, sender, now);
            assert_eq!(permit.err(), Some(Refusal::InvitationSenderLost), "{role:?}");
        }
        let given = (ResourceId(id(3)), Level::Reader);
        assert!(fine.receive((PersonId(id(4)), manager), organization, given, now).is_ok());
        let editor = Sender { level: Some(Level::Editor), ..manager };
        let lost = fine.receive((PersonId(id(4)), editor), organization, given, now);
        assert_eq!(lost.err(), Some(Refusal::InvitationSenderLost));
        let sent = now.plus_days(-1);
        let table = [
            (Answering { by_email_key: "john@example.com", ..fine.clone() }, Refusal::InvitationWrongPerson),
            (
                Answering { by_email_key: "john@example.com", state: State::Revoked, ..fine.clone() },
                Refusal::InvitationWrongPerson,
            ),
            (Answering { by_link: false, ..fine.clone() }, Refusal::EmailUnverified),
            (Answering { state: State::Accepted, ..fine.clone() }, Refusal::InvitationClosed(State::Accepted)),
            (Answering { state: State::Declined, ..fine.clone() }, Refusal::InvitationClosed(State::Declined)),
            (Answering { state: State::Revoked, ..fine.clone() }, Refusal::InvitationClosed(State::Revoked)),
            (Answering { expires_at: now, ..fine.clone() }, Refusal::InvitationExpired),
            (
                Answering { replaced: Some((sent, "anna@example.com")), ..fine.clone() },
                Refusal::InvitationReplaced(sent, "anna@example.com".to_owned()),
            ),
            (
                Answering { replaced: Some((sent, "anna@example.com")), state: State::Accepted, ..fine.clone() },
                Refusal::InvitationClosed(State::Accepted),
            ),
            (
                Answering { replaced: Some((sent, "anna@example.com")), by_email_key: "x@example.com", ..fine.clone() },
                Refusal::InvitationWrongPerson,
            ),
        ];
        for (answering, refusal) in table {
            assert_eq!(answering.check(now), Err(refusal), "{answering:?}");
        }
        assert_eq!(Answering { by_link: false, verified: true, ..fine }.check(now), Ok(()));
    }

    proptest! {
        #[test]
        fn people_2_no_text_breaks_the_reading_of_a_list(text in "\\PC{0,200}") {
            if let Ok(list) = read_list(&text) {
                prop_assert!(list.len() <= MOST);
                for one in list {
                    // Whatever it is, it has a verdict.
                    drop(Invite::read(&one, Role::Member));
                }
            }
        }

        #[test]
        fn people_2_addresses_are_found_whatever_separates_them(
            count in 1_usize..20,
            separators in proptest::collection::vec(proptest::sample::select(&[",", ";", " ", "\n", ", ", "\r\n", " ; "][..]), 20),
        ) {
            let text: String = (0..count).map(|n| format!("p{n}@example.com{}", separators[n])).collect();
            let found: Vec<String> = read_list(&text).unwrap_or_default().into_iter().map(|one| one.email).collect();
            prop_assert_eq!(found, (0..count).map(|n| format!("p{n}@example.com")).collect::<Vec<_>>());
        }
    }

    #[test]
    fn people_3_an_invitation_can_be_accepted_while_it_is_pending_and_for_14_days() {
        let sent = Timestamp(1_800_000_000_000);
        let expires = sent.plus_days(DAYS);
        for state in State::ALL {
            assert_eq!(State::parse(state.word()), Ok(state));
            let pending = state == State::Pending;
            for (moment, in_time) in [(sent, true), (expires.plus_millis(-1), true), (expires, false)] {
                assert_eq!(state.is_open(expires, moment), pending && in_time, "{state:?}, {}", moment.words());
            }
        }
    }
}
