//! Text that people type, parsed once: whoever holds a [`Name`] knows that it is one.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::name::{is_blank, is_invisible, is_visible, same_key};

/// What is wrong with a field, in the words that are shown beneath it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FieldIssue {
    /// Nothing was given.
    #[error("Enter a value.")]
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
    /// Not the path of a file (FILE-1).
    #[error("Use a path like folder/photo.jpg: without empty parts, “.”, “..” or a drive letter.")]
    NotAPath,
    /// More bytes than a path may have.
    #[error("Use at most {0} bytes for a path.")]
    TooManyBytes(usize),
    /// A part of a path that no file system takes as a name.
    #[error("Use at most {0} bytes between two slashes.")]
    SegmentTooLong(usize),
    /// A part of a path in which nothing can be seen.
    #[error("Give the file and its folders names that can be seen.")]
    Invisible,
    /// A file in more folders than a path may have.
    #[error("Put the file into at most {0} folders inside each other.")]
    TooManyFolders(usize),
    /// A part of a path that Windows would shorten.
    #[error("Names cannot end with a dot or a space. Rename the file or folder.")]
    TrailingDot,
    /// A name that Windows takes for a device.
    #[error("Windows cannot store a file called “{0}”. Rename it.")]
    DeviceName(String),
    /// Not an email address.
    #[error("Enter an email address like name@example.com.")]
    NotAnEmail,
    /// A sign that no email address has, or none at that place.
    #[error("{} cannot be part of an email address. Type the address again, like name@example.com.", sign(*.0))]
    NotInAnEmail(char),
    /// Someone signed up with this address before.
    #[error("An account with this email already exists. Sign in instead.")]
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
    #[error("This is already your email address.")]
    SameEmail,
    /// A free app that would make datasets Processed (JOB-1).
    #[error("Only an app that costs what processing costs can make a dataset Processed.")]
    OnlyWhatCosts,
    /// Not one of the values that this field takes.
    #[error("Choose one of the listed values.")]
    NotAChoice,
    /// Not a number in the range this field takes.
    #[error("Enter a whole number from {} to {}.", number(*.0), number(*.1))]
    NotInRange(i64, i64),
    /// Not a whole number at all.
    #[error("Enter a whole number.")]
    NotAWholeNumber,
    /// Not a number at all.
    #[error("Enter a number like 2.5.")]
    NotANumber,
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
    /// An id that nobody has who could be authorized to use an app (JOB-1).
    #[error("No organization and no person has this ID. Ask them for their Org ID, Sharing ID or personal ID.")]
    NoSuchAppUser,
    /// The Sharing ID of the account that something is in already (ACCT-3).
    #[error("It is already in this account. Enter another account’s Sharing ID.")]
    SameAccount,
    /// An account that can receive nothing (ACCT-3); why is nobody else's business.
    #[error("The account with this Sharing ID cannot receive anything right now.")]
    CannotReceive,
    /// An organization has several accounts, and none of them was named.
    #[error("This organization has several accounts. Choose one of them.")]
    SeveralAccounts,
    /// Taken by somebody else.
    #[error("This is taken. Try another one.")]
    Taken,
    #[error("This is not a valid id.")]
    NotAnId,
    /// An Org ID that nobody has (XFER-18).
    #[error("No organization has this Org ID. Ask them for it; it is on their Home page.")]
    NoSuchOrganization,
    /// One's own organization, where another is meant (XFER-18).
    #[error("This is the organization that the items are in. Enter the Org ID of another one.")]
    OwnOrganization,
    /// The same thing twice in a list that takes each once.
    #[error("The same item is listed twice.")]
    Duplicate,
    /// Not a list of numbers of files (FILE-4).
    #[error("Enter numbers of files like 1-50,60.")]
    NotNumbers,
    /// More entries than one request takes.
    #[error("Use at most {0} at a time.")]
    TooMany(usize),
    /// Items of two organizations in one request.
    #[error("These items belong to different organizations. Move them one organization at a time.")]
    MixedOrganizations,
    /// A role that is none.
    #[error("There is no role “{0}”. Use Owner, Manager, Editor, Reader or Member.")]
    NotARole(String),
    /// A level that does not go with a role.
    #[error("Only Members are given access to single items. Every other role already has access to everything.")]
    NotForThisRole,
    /// A file in another encoding.
    #[error("This file is not in UTF-8. Save it as “CSV UTF-8” and choose it again.")]
    NotUtf8,
    /// A CSV file without addresses.
    #[error("No column is called “email”. Name the columns in the first line: name, email, role.")]
    NoEmailColumn,
    /// Someone is known by this address already.
    #[error("An account with this email already exists. Invite them instead.")]
    KnownAlready,
    /// Not the address of a website.
    #[error("Enter a web address like https://example.com.")]
    NotAWebsite,
    /// A name typed to confirm, which is another one.
    #[error("This is not the name. Type it exactly as it is shown.")]
    NotTheName,
    /// A VAT number is missing, and the organization is not exempt.
    #[error("Enter a VAT number, or tick “VAT exempt”.")]
    MissingUnlessExempt,
    /// Who may take any free seat (LIC-5).
    #[error("Owners, Managers and Editors can use any free seat. Only Readers and Members need to be given one.")]
    NeedsNoSeat,
    /// Who was given one before (LIC-5).
    #[error("This person already has a seat.")]
    SeatedAlready,
    /// Somebody who is not in the organization.
    #[error("No one in this organization has this address.")]
    NotInOrganization,
    /// A licence that cannot be lent (ACCT-3); the text says why.
    #[error("{0}")]
    NotLendable(String),
    /// A field that this kind of thing does not have.
    #[error("This kind of item does not have this field.")]
    NotForThisKind,
    /// An amount that a licence of this product and model is not counted in.
    #[error("This kind of licence does not have this field.")]
    NotForThisLicence,
    /// A last day before the first one.
    #[error("Choose a day on or after the first day of the licence.")]
    BeforeItBegins,
    /// Not a phone number.
    #[error("Enter a phone number like +41 44 123 45 67.")]
    NotAPhone,
    /// Not a place on the earth (VIEW-2).
    #[error("Enter a latitude from -90 to 90 and a longitude from -180 to 180, in degrees.")]
    NotAPlace,
    /// Not a part of a place.
    #[error("Enter degrees from -{0} to {0}, like 8.591230.")]
    NotDegrees(i64),
    /// So many places as no drawing of its kind has: the least, and the most.
    #[error("{}", places(*.0, *.1))]
    NotSoManyPlaces(usize, usize),
    /// A shape of GeoJSON that is no drawing (VIEW-3).
    #[error("This shape cannot be imported. Use points, lines and areas without holes.")]
    NotAShape,
    /// What is wrong with a feature of GeoJSON: its number from 1, the member, the problem.
    #[error("Feature {0}, {1}: {2}")]
    OfFeature(usize, String, Box<FieldIssue>),
    /// Neither a product nor words say what is wanted.
    #[error("Choose a product, or describe what you need in your own words.")]
    SayWhat,
}

/// How many places a drawing takes.
fn places(least: usize, most: usize) -> String {
    let count = |places: usize| number(i64::try_from(places).unwrap_or(i64::MAX));
    match (least, most) {
        (1, 1) => "Give exactly one place.".to_owned(),
        _ => format!("Give from {} to {} places.", count(least), count(most)),
    }
}

/// A character as a message names it. An invisible one is named by its code point.
fn sign(c: char) -> String {
    if c.is_control() || is_blank(c) || is_invisible(c) {
        format!("An invisible character (U+{:04X})", u32::from(c))
    } else {
        format!("“{c}” (U+{:04X})", u32::from(c))
    }
}

/// A problem and the field it is at (the field's name in forms and in the REST API).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name, for example `first_name`.
    pub field: String,
    /// What is wrong with it.
    pub problem: FieldIssue,
}

impl FieldError {
    /// A problem at a field.
    pub fn new(field: &str, problem: FieldIssue) -> Self {
        Self { field: field.to_owned(), problem }
    }

    /// What is wrong, as the field shows it: what is missing is named.
    pub fn words(&self) -> String {
        match self.problem {
            FieldIssue::Missing => missing(&self.field).to_owned(),
            ref problem => problem.to_string(),
        }
    }
}

/// What to do about an empty field.
fn missing(field: &str) -> &'static str {
    match field {
        "name" | "legal_name" | "site_name" | "contact_name" | "title" | "label" => "Enter a name.",
        "path" => "Enter a path.",
        "coordinates" | "places" => "Give at least one place.",
        "latitude" => "Enter a latitude, like 46.634560.",
        "longitude" => "Enter a longitude, like 8.591230.",
        "first_name" => "Enter a first name.",
        "last_name" => "Enter a last name.",
        "email" | "contact_email" | "person" => "Enter an email address.",
        "people" | "invitations" => "Enter at least one address.",
        "password" => "Enter a password.",
        "current" => "Enter your current password.",
        "country" => "Choose a country.",
        "role" => "Choose a role.",
        "level" => "Choose a level.",
        "kind" => "Choose a kind.",
        "cluster" => "Choose a location.",
        "licence" => "Choose a licence.",
        "model" => "Choose how the licence is billed.",
        "scopes" => "Choose at least one permission.",
        "items" => "Choose at least one item.",
        "sharing_id" => "Enter a Sharing ID.",
        "user" => "Enter an Org ID, a Sharing ID or a personal ID.",
        "target" => "Enter an Org ID.",
        "until" => "Enter a day.",
        "confirm" => "Type it to confirm.",
        _ => "Enter a value.",
    }
}

/// The longest name of anything, in characters.
pub const NAME_LENGTH: usize = 255;

/// One line of text without control characters, trimmed, 1 to 255 characters, with something to see in it: what resources,
/// organizations and people are called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// Empty or with nothing to see, longer than 255 characters, or with control characters.
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        line(text, NAME_LENGTH).map(Self)
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as names are told apart (DRIVE-5): see [`same_key`].
    pub fn key(&self) -> String {
        same_key(&self.0)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text for comparing regardless of case (AUTH-1, ACCT-1): addresses, identifiers, words for roles.
/// Names have [keys of their own](super::name). Stored beside the text, so that both databases compare alike.
pub fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// One trimmed line of at most `longest` characters.
///
/// # Errors
/// Empty, too long, or with control characters.
pub fn line(text: &str, longest: usize) -> Result<String, FieldIssue> {
    match optional_line(text, longest)? {
        Some(line) => Ok(line),
        None => Err(FieldIssue::Missing),
    }
}

/// One trimmed line of at most `longest` characters, or nothing where there is nothing to see.
///
/// # Errors
/// Too long, or with control characters.
pub fn optional_line(text: &str, longest: usize) -> Result<Option<String>, FieldIssue> {
    let text = text.trim();
    if text.chars().any(is_control) {
        Err(FieldIssue::ControlCharacters)
    } else if text.chars().count() > longest {
        Err(FieldIssue::TooLong(longest))
    } else {
        Ok(is_visible(text).then(|| text.to_owned()))
    }
}

/// Text of several lines, each as [`optional_line`] takes it, without blank lines at its ends; nothing where there is nothing to see.
///
/// # Errors
/// Too long, or with control characters.
pub fn paragraphs(text: &str, longest: usize) -> Result<Option<String>, FieldIssue> {
    let text = text.replace("\r\n", "\n");
    if text.trim().chars().count() > longest {
        return Err(FieldIssue::TooLong(longest));
    }
    let lines: Vec<String> = text
        .trim()
        .lines()
        // A tab is a blank that somebody pasted.
        .map(|line| optional_line(&line.replace('\t', " "), longest).map(Option::unwrap_or_default))
        .collect::<Result<_, _>>()?;
    let text = lines.join("\n");
    Ok((!text.is_empty()).then_some(text))
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
///
/// The part before the `@` is ASCII, and so is the domain that is kept: one that was typed in other letters is written as mail
/// programs send it (`xn--…`, IDNA). So an address is one address however it was typed, and no look-alike letter passes for another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, no blanks, at most 254 characters, a domain with a dot. Signs that show nothing are left out, and
    /// full-width letters are plain ones.
    ///
    /// # Errors
    /// Empty, or not an address of that shape.
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        let text = Self::shaped(text)?;
        let Some((local, domain)) = text.split_once('@') else { return Err(FieldIssue::NotAnEmail) };
        let address = format!("{local}@{}", ascii_domain(domain)?);
        if address.len() > MAX_EMAIL_LENGTH { Err(FieldIssue::TooLong(MAX_EMAIL_LENGTH)) } else { Ok(Self(address)) }
    }

    /// Whether a text has the shape of an address, for showing while it is typed: [`Email::parse`] without what needs tables of all
    /// letters. What comes back is the address as it was typed.
    ///
    /// # Errors
    /// Empty, or not an address of that shape.
    pub fn shaped(text: &str) -> Result<String, FieldIssue> {
        let plain: String = text.chars().filter(|c| !is_invisible(*c)).map(narrow).collect();
        let text = line(&plain, MAX_EMAIL_LENGTH)?;
        let Some((local, domain)) = text.split_once('@') else { return Err(FieldIssue::NotAnEmail) };
        let in_local = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c);
        let in_domain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || (!c.is_ascii() && !is_blank(c));
        let odd = local.chars().find(|c| !c.is_ascii() && !in_local(*c));
        if let Some(c) = odd.or_else(|| domain.chars().find(|c| !c.is_ascii() && !in_domain(*c))) {
            return Err(FieldIssue::NotInAnEmail(c));
        }
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local.chars().all(in_local);
        let label_ok = |label: &str| {
            (1..=63).contains(&label.chars().count())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| in_domain(c) && c != '.')
        };
        let dots = |c: char| c == '.' || c == IDEOGRAPHIC_STOP;
        let domain_ok = domain.contains(dots) && domain.split(dots).all(label_ok);
        if local_ok && domain_ok { Ok(text) } else { Err(FieldIssue::NotAnEmail) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address as addresses are compared: regardless of case.
    pub fn key(&self) -> String {
        key(&self.0)
    }
}

/// The longest address, in characters.
const MAX_EMAIL_LENGTH: usize = 254;

/// The full stop of Chinese and Japanese, which stands for a dot between the parts of a domain.
const IDEOGRAPHIC_STOP: char = '\u{3002}';

/// A full-width sign as the plain one it stands for.
pub(super) fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{FF61}' => IDEOGRAPHIC_STOP,
        c => c,
    }
}

/// A domain as mail programs send it (IDNA): lower-case letters in their composed form, each part that is not ASCII in punycode.
fn ascii_domain(domain: &str) -> Result<String, FieldIssue> {
    if domain.is_ascii() {
        return Ok(domain.to_owned());
    }
    let lower: String = domain.nfkc().flat_map(char::to_lowercase).collect();
    let mut ascii = String::with_capacity(lower.len() + 8);
    for label in lower.nfc().collect::<String>().split(['.', IDEOGRAPHIC_STOP]) {
        if !ascii.is_empty() {
            ascii.push('.');
        }
        if label.is_ascii() {
            ascii.push_str(label);
            continue;
        }
        let letter = |c: &char| c.is_alphanumeric() || is_combining_mark(*c) || *c == '-';
        if let Some(c) =
            label.chars().find(|c| !letter(c)).or_else(|| label.chars().next().filter(|c| is_combining_mark(*c)))
        {
            return Err(FieldIssue::NotInAnEmail(c));
        }
        // A label has at most 63 characters, the four of `xn--` among them.
        let encoded = punycode(label).filter(|encoded| encoded.len() <= 59).ok_or(FieldIssue::NotAnEmail)?;
        ascii.push_str("xn--");
        ascii.push_str(&encoded);
    }
    Ok(ascii)
}

/// RFC 3492: the letters of a label that are ASCII, then how the others are put between them. `None` where numbers run over.
fn punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    const LEAST: u32 = 1;
    const MOST: u32 = 26;
    const SKEW: u32 = 38;
    const DAMP: u32 = 700;
    let digit = |value: u32| char::from_u32(if value < 26 { value + 97 } else { value + 22 });
    let letters: Vec<u32> = label.chars().map(u32::from).collect();
    let mut encoded: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(encoded.len()).ok()?;
    if basic > 0 {
        encoded.push('-');
    }
    let (mut least, mut delta, mut bias, mut done) = (128_u32, 0_u32, 72_u32, basic);
    while (done as usize) < letters.len() {
        let next = letters.iter().copied().filter(|letter| *letter >= least).min()?;
        delta = delta.checked_add((next - least).checked_mul(done + 1)?)?;
        least = next;
        for letter in &letters {
            if *letter < least {
                delta = delta.checked_add(1)?;
            }
            if *letter != least {
                continue;
            }
            let (mut rest, mut k) = (delta, BASE);
            loop {
                let threshold = k.saturating_sub(bias).clamp(LEAST, MOST);
                if rest < threshold {
                    break;
                }
                encoded.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
                rest = (rest - threshold) / (BASE - threshold);
                k += BASE;
            }
            encoded.push(digit(rest)?);
            // How the bias follows what was encoded.
            let mut adapted = if done == basic { delta / DAMP } else { delta / 2 };
            adapted += adapted / (done + 1);
            let mut steps = 0;
            while adapted > (BASE - LEAST) * MOST / 2 {
                adapted /= BASE - LEAST;
                steps += BASE;
            }
            bias = steps + (BASE - LEAST + 1) * adapted / (adapted + SKEW);
            delta = 0;
            done += 1;
        }
        delta = delta.checked_add(1)?;
        least += 1;
    }
    Some(encoded)
}

/// A password as it is hashed (RFC 8265, OpaqueString): one kind of space, and composed letters, so that it is the same password on
/// every keyboard.
pub fn opaque(password: &str) -> Cow<'_, str> {
    if password.is_ascii() {
        return Cow::Borrowed(password);
    }
    Cow::Owned(password.chars().map(|c| if c.is_whitespace() && !c.is_control() { ' ' } else { c }).nfc().collect())
}

/// How many typed characters of a sign-in password are read. A letter may come with up to three separate marks. Anything longer
/// cannot be right, and is not hashed, because hashing megabytes would be a way to overload the server.
pub const MAX_TRIED_LENGTH: usize = 4 * 128 + 1;

/// A password that may be set: 12 to 128 characters, [`opaque`], never trimmed, never truncated (AUTH-1). How easily it is
/// guessed is judged on the server, where the estimator is.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Reads a new password.
    ///
    /// # Errors
    /// Fewer than 12 or more than 128 characters.
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        let text = opaque(text);
        match text.chars().count() {
            0 => Err(FieldIssue::Missing),
            1..12 => Err(FieldIssue::TooShort(12)),
            12..=128 => Ok(Self(text.into_owned())),
            _ => Err(FieldIssue::TooLong(128)),
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
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        let text = line(text, 40)
            .map_err(|problem| if problem == FieldIssue::Missing { problem } else { FieldIssue::NotAnIdentifier })?;
        let shape = (2..=40).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--")
            && uuid::Uuid::parse_str(&text).is_err();
        if shape { Ok(Self(text)) } else { Err(FieldIssue::NotAnIdentifier) }
    }

    /// The identifier that suits a name (ORG-2): its letters and digits in lower case, other letters as they are usually written with
    /// these, everything else a hyphen. German umlauts become `ae`, `oe`, `ue`, whichever language they are of.
    pub fn derive(name: &str, otherwise: &str) -> Self {
        let mut slug = String::new();
        for c in name.nfkc().flat_map(plain_letters) {
            if c.is_ascii_alphanumeric() {
                slug.push(c.to_ascii_lowercase());
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            // The rest of the 40 characters is room for the number that `numbered` adds.
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

/// The Latin letters that are usually written for another one in an identifier. Accents are left away; letters of alphabets without
/// a usual way stand for themselves.
fn plain_letters(c: char) -> impl Iterator<Item = char> {
    let lower = c.to_lowercase().next().unwrap_or(c);
    let whole = usual_letters(lower);
    // What is not in the table may be in it without its marks.
    let base = lower.nfd().next().unwrap_or(lower);
    let text = whole.or_else(|| usual_letters(base));
    let itself = if is_combining_mark(lower) || is_invisible(lower) { None } else { Some(base) };
    itself.filter(|_| text.is_none()).into_iter().chain(text.unwrap_or_default().chars())
}

/// German, Scandinavian, Slavic, Greek, Ukrainian and Russian letters (as in passports, signs without a sound left away).
const fn usual_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'å' | 'ə' | 'α' | 'а' => "a",
        'ø' | 'ο' | 'ω' | 'о' => "o",
        'ł' | 'λ' | 'л' => "l",
        'đ' | 'ð' | 'δ' | 'д' => "d",
        'þ' | 'θ' => "th",
        'ħ' => "h",
        'ı' | 'ι' | 'η' | 'и' | 'і' => "i",
        'ŋ' | 'ν' | 'н' => "n",
        'ŧ' | 'τ' | 'т' => "t",
        'β' | 'в' => "v",
        'γ' | 'г' | 'ґ' => "g",
        'ε' | 'е' | 'э' => "e",
        'ζ' | 'з' => "z",
        'κ' | 'к' => "k",
        'μ' | 'м' => "m",
        'ξ' => "x",
        'π' | 'п' => "p",
        'ρ' | 'р' => "r",
        'σ' | 'ς' | 'с' => "s",
        'υ' | 'ы' | 'й' => "y",
        'φ' | 'ф' => "f",
        'χ' => "ch",
        'ψ' => "ps",
        'б' => "b",
        'ж' => "zh",
        'у' | 'ў' => "u",
        'ё' => "yo",
        'х' => "kh",
        'ц' => "ts",
        'ч' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ю' => "yu",
        'я' => "ya",
        'є' => "ye",
        'ї' => "yi",
        'ђ' => "dj",
        'ј' => "j",
        'љ' => "lj",
        'њ' => "nj",
        'ћ' => "c",
        'џ' => "dz",
        'ъ' | 'ь' | '\'' | '’' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_what_people_type_and_refuse_what_they_cannot_see() {
        assert_eq!(Name::parse("  Gotthard ☃ مرحبا ").map(|n| n.to_string()), Ok("Gotthard ☃ مرحبا".to_owned()));
        assert_eq!(Name::parse("<b>../x</b>").map(|n| n.to_string()), Ok("<b>../x</b>".to_owned()));
        assert_eq!(Name::parse(" \t "), Err(FieldIssue::Missing));
        assert_eq!(Name::parse(&"é".repeat(255)).map(|n| n.as_str().chars().count()), Ok(255));
        assert_eq!(Name::parse(&"é".repeat(256)), Err(FieldIssue::TooLong(255)));
        for hidden in ["a\nb", "a\0b", "a\u{202E}b", "a\u{2066}b", "a\u{7f}b"] {
            assert_eq!(Name::parse(hidden), Err(FieldIssue::ControlCharacters), "{hidden:?}");
        }
    }

    #[test]
    fn drive_5_a_name_with_nothing_to_see_is_none() {
        for nothing in ["\u{200B}", "\u{A0}", "\u{3000}", "\u{2800}", "\u{3164}", "\u{200D}\u{FE0F}", "\u{AD}"] {
            assert_eq!(Name::parse(nothing), Err(FieldIssue::Missing), "{nothing:?}");
            assert_eq!(optional_line(nothing, 255), Ok(None), "{nothing:?}");
        }
    }

    #[test]
    fn auth_1_a_domain_is_one_domain_however_it_is_typed() {
        let ascii = "anna@xn--bcher-kva.example";
        for typed in [
            "anna@bücher.example",
            "Anna@BÜCHER.example",
            "anna@bu\u{308}cher.example",
            "anna@xn--bcher-kva.example",
            "anna@XN--BCHER-KVA.EXAMPLE",
            "anna＠bücher.example",
            "anna@bücher。example",
            "\u{202A}anna@bücher.example\u{202C}",
            "anna@büch\u{AD}er.example",
            "\u{FEFF}anna@bücher.example\u{200B}",
        ] {
            assert_eq!(Email::parse(typed).map(|email| email.key()), Ok(ascii.to_owned()), "{typed}");
            assert!(Email::shaped(typed).is_ok(), "{typed}");
        }
        for (domain, encoded) in [
            ("例え.jp", "xn--r8jz45g.jp"),
            ("faß.de", "xn--fa-hia.de"),
            ("παράδειγμα.gr", "xn--hxajbheg2az3al.gr"),
            ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
            ("उदाहरण.भारत", "xn--p1b6ci4b4b3a.xn--h2brj9c"),
            ("مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"),
        ] {
            assert_eq!(
                Email::parse(&format!("a@{domain}")).map(|email| email.key()),
                Ok(format!("a@{encoded}")),
                "{domain}"
            );
        }
        for (typed, problem) in [
            ("änna@example.com", FieldIssue::NotInAnEmail('ä')),
            ("anna@exam🙂ple.com", FieldIssue::NotInAnEmail('🙂')),
            ("anna@\u{300}x.com", FieldIssue::NotInAnEmail('\u{300}')),
            ("anna@bücher", FieldIssue::NotAnEmail),
            ("anna@-bücher.example", FieldIssue::NotAnEmail),
        ] {
            assert_eq!(Email::parse(typed), Err(problem), "{typed}");
        }
        let long = format!("anna@{}.example", "ü".repeat(60));
        assert!(Email::parse(&long).is_err());
        assert_eq!(
            FieldIssue::NotInAnEmail('\u{A0}').to_string().split(" cannot").next(),
            Some("An invisible character (U+00A0)")
        );
    }

    #[test]
    fn auth_1_a_password_is_the_same_on_every_keyboard() {
        let (composed, decomposed) = ("Zürich, écluse", "Zu\u{308}rich,\u{A0}e\u{301}cluse");
        assert_eq!(opaque(composed), opaque(decomposed));
        assert_ne!(opaque("Zürich"), opaque("zürich"));
        assert_ne!(opaque("ﬁn"), opaque("fin"), "no more than that is folded");
        assert!(Password::parse(&"u\u{308}".repeat(11)).is_err() && Password::parse(&"u\u{308}".repeat(128)).is_ok());
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
            ("Mu\u{308}ller", "mueller"),
            ("Łódź", "lodz"),
            ("Škoda", "skoda"),
            ("S\u{30C}koda", "skoda"),
            ("Ærø Hörnchen", "aero-hoernchen"),
            ("Đặng Thị", "dang-thi"),
            ("İstanbul Ölçüm", "istanbul-oelcuem"),
            ("Αθήνα", "athina"),
            ("Москва Съёмка", "moskva-syomka"),
            ("Київ", "kiyiv"),
            ("Ｔａｂｌｅ", "table"),
            ("Tun\u{200B}nel", "tunnel"),
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
            assert_eq!(Identifier::parse(wrong), Err(FieldIssue::NotAnIdentifier), "{wrong}");
        }
    }
}
