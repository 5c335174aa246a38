//! Text that people type, parsed once: whoever holds a [`Name`] knows that it is one.

use serde::{Deserialize, Serialize};

/// What is wrong with a field, in the words that are shown beneath it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Problem {
    /// Nothing was given.
    #[error("Fill this in.")]
    Missing,
    /// Fewer characters than allowed.
    #[error("Use at least {0} characters.")]
    TooShort(usize),
    /// More characters than allowed.
    #[error("Use at most {0} characters.")]
    TooLong(usize),
    /// Line breaks, other control characters, or characters that turn the reading direction around.
    #[error("Remove line breaks and invisible control characters.")]
    ControlCharacters,
    /// Not an email address.
    #[error("Enter an email address like name@example.com.")]
    NotAnEmail,
    /// Someone signed up with this address before.
    #[error("There is an account with this email already. Sign in instead.")]
    EmailTaken,
    /// An address at a domain that nobody signs up with here.
    #[error("Use an address at {0}, or ask to be invited.")]
    AddressElsewhere(String),
    /// A password that is guessed quickly.
    #[error("This password is easy to guess. Use a few unrelated words, or more characters.")]
    WeakPassword,
    /// The current password was asked for, and this is another (AUTH-4).
    #[error("This is not your password.")]
    WrongPassword,
    /// The address of one's own account was asked for, as a confirmation (SET-2).
    #[error("Type the email address of this account to confirm.")]
    NotYourEmail,
    /// The address that the account has already.
    #[error("This is your email address already.")]
    SameEmail,
    /// Not one of the values that this field takes.
    #[error("Choose one of the values offered.")]
    NotAChoice,
    /// Not a number in the range this field takes.
    #[error("Enter a whole number from {0} to {1}.")]
    NotInRange(i64, i64),
    /// Not a day of the calendar.
    #[error("Enter a day like 2026-11-21.")]
    NotADay,
    /// Neither a moment nor a day.
    #[error("Enter a day like 2026-11-21, or a moment like 2026-11-21T18:00:00Z.")]
    NotAMoment,
    /// A moment that has passed, or is too far away.
    #[error("Choose a time in the future, at most ten years from now.")]
    NotSoonEnough,
    /// Not the password of what it is tried on (LINK-1).
    #[error("This is not the password of this link.")]
    WrongLinkPassword,
    /// Not an Org ID or Account ID.
    #[error("Use 2 to 40 letters, digits and single hyphens, starting and ending with a letter or digit.")]
    NotAnIdentifier,
    /// Not a Sharing ID (ACCT-1).
    #[error("Enter a Sharing ID like Table/Chair: an Org ID, a slash, and an Account ID.")]
    NotASharingId,
    /// A Sharing ID that nothing answers to (ACCT-1).
    #[error("There is no account with this Sharing ID.")]
    NoSuchSharingId,
    /// The Sharing ID of the account that something is in already (ACCT-3).
    #[error("This is the account that it is in already. Enter another account’s Sharing ID.")]
    SameAccount,
    /// An account that can receive nothing (ACCT-3); why is nobody else's business.
    #[error("The account behind this Sharing ID cannot receive anything now.")]
    CannotReceive,
    /// An organization has several accounts, and none of them was named.
    #[error("This organization has several accounts. Say which one is meant.")]
    SeveralAccounts,
    /// Taken by somebody else.
    #[error("This is taken. Try another one.")]
    Taken,
    /// An id that is not one.
    #[error("This is not an id.")]
    NotAnId,
    /// An Org ID that nobody has (XFER-18).
    #[error("No organization has this Org ID. Ask them for it; they find it on their Home.")]
    NoSuchOrganization,
    /// One's own organization, where another is meant (XFER-18).
    #[error("This is the organization that the items are in. Enter the Org ID of another one.")]
    OwnOrganization,
    /// The same thing twice in a list that takes each once.
    #[error("The same item is in the list twice.")]
    Duplicate,
    /// More entries than one request takes.
    #[error("Use at most {0} at a time.")]
    TooMany(usize),
    /// Items of two organizations in one request.
    #[error("These items belong to different organizations. Move them one organization at a time.")]
    MixedOrganizations,
    /// A role that is none.
    #[error("This is not a role. Use Owner, Manager, Editor, Reader or Member.")]
    NotARole,
    /// A level that does not go with a role.
    #[error("Only a Member is given access to something of their own; every other role reaches everything.")]
    NotForThisRole,
    /// A file in another encoding.
    #[error("This file is not in UTF-8. Save it as “CSV UTF-8” and choose it again.")]
    NotUtf8,
    /// A CSV file without addresses.
    #[error("No column is called “email”. Name the columns in the first line: name, email, role.")]
    NoEmailColumn,
    /// Someone is known by this address already.
    #[error("There is an account with this email already. Invite them instead.")]
    KnownAlready,
    /// Not the address of a website.
    #[error("Enter a web address like https://example.com.")]
    NotAWebsite,
    /// A name typed to confirm, which is another one.
    #[error("This is not the name. Type it exactly as it is shown.")]
    NotTheName,
    /// A VAT number is missing, and the organization is not exempt.
    #[error("Fill this in, or tick “VAT exempt”.")]
    MissingUnlessExempt,
    /// Who may take any free seat (LIC-5).
    #[error("Owners, Managers and Editors use any free seat. Only Readers and Members are given one.")]
    NeedsNoSeat,
    /// Who was given one before (LIC-5).
    #[error("A seat is kept for this person already.")]
    SeatedAlready,
    /// Somebody who is not in the organization.
    #[error("Nobody in this organization has this address.")]
    NotInOrganization,
    /// A licence that cannot be lent (ACCT-3); the text says why.
    #[error("{0}")]
    NotLendable(String),
    /// A field that this kind of thing does not have.
    #[error("This kind of item does not have this.")]
    NotForThisKind,
    /// An amount that a licence of this product and model is not counted in.
    #[error("A licence of this kind is not counted in this.")]
    NotForThisLicence,
    /// A last day before the first one.
    #[error("Choose a day that is not before the first day of the licence.")]
    BeforeItBegins,
    /// Not a phone number.
    #[error("Enter a phone number like +41 44 123 45 67.")]
    NotAPhone,
    /// Neither a product nor words say what is wanted.
    #[error("Choose a product, or say in your own words what you need.")]
    SayWhat,
}

/// A problem and the field it is at (the field's name in forms and in the REST API).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name, for example `first_name`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

impl FieldError {
    /// A problem at a field.
    pub fn new(field: &str, problem: Problem) -> Self {
        Self { field: field.to_owned(), problem }
    }
}

/// Collects the problems of several fields, so that a form shows all of them at once.
#[derive(Default, Debug)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Keeps the value, or notes what is wrong with the field.
    pub fn check<T>(&mut self, field: &str, value: Result<T, Problem>) -> Option<T> {
        value.map_err(|problem| self.0.push(FieldError::new(field, problem))).ok()
    }

    /// The problems found, or nothing if there were none.
    ///
    /// # Errors
    /// [`crate::domain::refusal::Refusal::Invalid`] with every problem noted.
    pub fn done(self) -> Result<(), crate::domain::refusal::Refusal> {
        if self.0.is_empty() { Ok(()) } else { Err(crate::domain::refusal::Refusal::Invalid(self.0)) }
    }
}

/// The longest name of anything, in characters.
pub const NAME_LENGTH: usize = 255;

/// One line of text without control characters, trimmed, 1 to 255 characters: what resources, organizations and people
/// are called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// Empty, longer than 255 characters, or with control characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        line(text, NAME_LENGTH).map(Self)
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as names are compared (DRIVE-5): see [`key`].
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text folded for comparing regardless of case (DRIVE-5, AUTH-1, ACCT-1). Stored beside the text, so that both
/// databases compare alike.
pub fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// One trimmed line of at most `longest` characters.
///
/// # Errors
/// Empty, too long, or with control characters.
pub fn line(text: &str, longest: usize) -> Result<String, Problem> {
    match optional_line(text, longest)? {
        Some(line) => Ok(line),
        None => Err(Problem::Missing),
    }
}

/// One trimmed line of at most `longest` characters, or nothing where it is empty.
///
/// # Errors
/// Too long, or with control characters.
pub fn optional_line(text: &str, longest: usize) -> Result<Option<String>, Problem> {
    let text = text.trim();
    if text.chars().any(is_control) {
        Err(Problem::ControlCharacters)
    } else if text.chars().count() > longest {
        Err(Problem::TooLong(longest))
    } else {
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
}

/// A number as people read it: `12,345`.
pub fn number(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Control characters, and the marks that turn the reading direction of what follows (right-to-left text itself is
/// fine).
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// An email address, trimmed. Its [`Email::key`] is what is unique (AUTH-1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, no blanks, at most 254 characters, ASCII (so that no look-alike letter passes for
    /// another), a domain with a dot.
    ///
    /// # Errors
    /// Empty, or not an address of that shape.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = line(text, 254)?;
        let Some((local, domain)) = text.split_once('@') else { return Err(Problem::NotAnEmail) };
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b));
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
        if local_ok && domain_ok { Ok(Self(text)) } else { Err(Problem::NotAnEmail) }
    }

    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as addresses are compared: regardless of case.
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

/// A password that may be tried or set: 12 to 128 characters, never trimmed, never truncated (AUTH-1). How easily it is
/// guessed is judged on the server, where the estimator is.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Reads a new password.
    ///
    /// # Errors
    /// Fewer than 12 or more than 128 characters.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        match text.chars().count() {
            0 => Err(Problem::Missing),
            1..12 => Err(Problem::TooShort(12)),
            12..=128 => Ok(Self(text.to_owned())),
            _ => Err(Problem::TooLong(128)),
        }
    }

    /// The password itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// An Org ID or Account ID (ORG-5, ACCT-1): 2 to 40 ASCII letters, digits and single hyphens. Shown as typed, compared
/// regardless of case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Identifier(String);

impl Identifier {
    /// Reads an identifier.
    ///
    /// # Errors
    /// Not of that shape, or what a UUID looks like (the REST API takes either).
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = line(text, 40)
            .map_err(|problem| if problem == Problem::Missing { problem } else { Problem::NotAnIdentifier })?;
        let shape = (2..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--")
            && uuid::Uuid::parse_str(&text).is_err();
        if shape { Ok(Self(text)) } else { Err(Problem::NotAnIdentifier) }
    }

    /// The identifier that suits a name (ORG-2): its letters and digits in lower case, everything else a hyphen.
    pub fn derive(name: &str, otherwise: &str) -> Self {
        let mut slug = String::new();
        for c in name.chars().flat_map(plain_letters) {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() == 34 {
                break;
            }
        }
        let slug = slug.trim_matches('-');
        Self::parse(slug).unwrap_or_else(|_| Self(otherwise.to_owned()))
    }

    /// The next one to try when this is taken: `name-2`, `name-3`, …
    pub fn numbered(&self, number: u32) -> Self {
        if number < 2 { self.clone() } else { Self(format!("{}-{number}", self.0)) }
    }

    /// The identifier as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as identifiers are compared.
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

/// The plain letters that stand for an accented one in an identifier; anything not listed stands for itself.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let text: &'static str = match c {
        'ä' | 'Ä' | 'æ' | 'Æ' => "ae",
        'ö' | 'Ö' | 'œ' | 'Œ' => "oe",
        'ü' | 'Ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' | 'å' | 'À' | 'Á' | 'Â' | 'Ã' | 'Å' => "a",
        'è' | 'é' | 'ê' | 'ë' | 'È' | 'É' | 'Ê' | 'Ë' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'Ì' | 'Í' | 'Î' | 'Ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ø' => "o",
        'ù' | 'ú' | 'û' | 'Ù' | 'Ú' | 'Û' => "u",
        'ç' | 'Ç' => "c",
        'ñ' | 'Ñ' => "n",
        '\'' | '’' => "",
        _ => return Some(c).into_iter().chain("".chars()),
    };
    None.into_iter().chain(text.chars())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_what_people_type_and_refuse_what_they_cannot_see() {
        assert_eq!(Name::parse("  Gotthard ☃ مرحبا ").map(|n| n.to_string()), Ok("Gotthard ☃ مرحبا".to_owned()));
        assert_eq!(Name::parse("<b>../x</b>").map(|n| n.to_string()), Ok("<b>../x</b>".to_owned()));
        assert_eq!(Name::parse(" \t "), Err(Problem::Missing));
        assert_eq!(Name::parse(&"é".repeat(255)).map(|n| n.as_str().chars().count()), Ok(255));
        assert_eq!(Name::parse(&"é".repeat(256)), Err(Problem::TooLong(255)));
        for hidden in ["a\nb", "a\0b", "a\u{202E}b", "a\u{2066}b", "a\u{7f}b"] {
            assert_eq!(Name::parse(hidden), Err(Problem::ControlCharacters), "{hidden:?}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-12_345, "-12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(number(n), text);
        }
    }

    #[test]
    fn auth_1_emails_are_compared_regardless_of_case() {
        assert_eq!(Email::parse(" Anna@Example.COM ").map(|e| e.key()), Ok("anna@example.com".to_owned()));
        assert!(Email::parse("anna+drive@mail.example.com").is_ok());
        for wrong in [
            "anna",
            "anna@",
            "@example.com",
            "anna@localhost",
            "a b@example.com",
            "аnna@example.com",
            "a@b@example.com",
            "a..b@example.com",
            "anna@-x.com",
            "anna@example.com\r\nBcc: x@example.com",
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn auth_1_passwords_are_12_to_128_characters() {
        assert!(Password::parse("elevenchars").is_err());
        assert!(Password::parse("twelve chars").is_ok());
        assert!(Password::parse(&"x".repeat(128)).is_ok());
        assert!(Password::parse(&"x".repeat(129)).is_err());
    }

    #[test]
    fn org_2_an_org_id_is_derived_from_the_name() {
        for (name, id) in [
            ("Alpine Survey", "alpine-survey"),
            ("Müller & Söhne GmbH", "mueller-soehne-gmbh"),
            ("Anna Muster's Space", "anna-musters-space"),
            ("測量", "organization"),
            ("  --x--  ", "organization"),
            ("018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f", "018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e"),
        ] {
            assert_eq!(Identifier::derive(name, "organization").as_str(), id);
        }
        assert_eq!(Identifier::derive(&"long ".repeat(50), "x").as_str().len(), 34);
        assert_eq!(Identifier::derive("Table", "x").numbered(3).as_str(), "table-3");
    }

    #[test]
    fn org_5_an_org_id_has_one_shape() {
        assert!(Identifier::parse("Table").is_ok());
        for wrong in ["a", "-a", "a-", "a--b", "a b", "ä-b", "a/b", "018f3c1e-7b2a-7c3d-8e4f-5a6b7c8d9e0f"] {
            assert_eq!(Identifier::parse(wrong), Err(Problem::NotAnIdentifier), "{wrong}");
        }
    }
}
