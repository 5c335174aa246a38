//! Organizations (ORG).

use serde::{Deserialize, Serialize};

use super::{
    country::parse_country,
    fields::Fields,
    id::PersonId,
    people_visibility::PeopleVisibility,
    refusal::Refusal,
    resource::CLUSTERS,
    text::{FieldIssue, Identifier, Name, opaque, optional_line},
    time::Timestamp,
};

/// The legal kind of an organization (ORG-1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// "I work for a business": has a legal company name and may have a VAT number.
    Business,
    /// "I am an individual".
    Individual,
}

words! {
    OrganizationKind
    Business => "business", "I work for a business";
    Individual => "individual", "I am an individual";
}

/// SPACE-1: a personal space has no team, no further accounts and no settings; asked for them, it answers like what is not there.
/// `space_of` is the person whose space the organization is.
///
/// # Errors
/// `NotFound` for a personal space.
pub const fn refuse_space(space_of: Option<PersonId>) -> Result<(), Refusal> {
    if space_of.is_some() { Err(Refusal::NotFound) } else { Ok(()) }
}

/// The form of **New organization** as it comes in, unread.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewOrganizationForm {
    pub name: String,
    /// `business` or `individual`.
    pub kind: String,
    /// ISO 3166 two-letter country code.
    pub country: String,
    /// Legal company name, for a business.
    pub legal_name: String,
    /// VAT number, for a business.
    pub vat_number: String,
    /// Street and number.
    pub address: String,
    pub postal_code: String,
    pub city: String,
}

/// An organization to be created, with every field read (ORG-1).
#[derive(Clone, Debug)]
pub struct NewOrganization {
    pub name: Name,
    pub kind: OrganizationKind,
    /// Two-letter country code.
    pub country: String,
    /// Legal company name; the display name where a business left it empty.
    pub legal_name: Option<String>,
    pub vat_number: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    pub postal_code: Option<String>,
    pub city: Option<String>,
}

impl NewOrganization {
    /// Reads the form.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &NewOrganizationForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let name = fields.check("name", Name::parse(&form.name));
        let kind = fields.check(
            "kind",
            if form.kind.is_empty() { Err(FieldIssue::Missing) } else { OrganizationKind::parse(&form.kind) },
        );
        let country = fields.check("country", parse_country(&form.country));
        let line = |text: &str| optional_line(text, 255);
        // An individual has neither of the two, whatever is in them.
        let of_a_business = |text: &str| match kind {
            Some(OrganizationKind::Individual) if !text.trim().is_empty() => Err(FieldIssue::NotForThisKind),
            _ => line(text),
        };
        let legal_name = fields.check("legal_name", of_a_business(&form.legal_name)).flatten();
        let vat_number = fields.check("vat_number", of_a_business(&form.vat_number)).flatten();
        let address = fields.check("address", line(&form.address)).flatten();
        let postal_code = fields.check("postal_code", line(&form.postal_code)).flatten();
        let city = fields.check("city", line(&form.city)).flatten();
        fields.done()?;
        match (name, kind, country) {
            (Some(name), Some(kind), Some(country)) => {
                let legal_name = match kind {
                    OrganizationKind::Business => legal_name.or_else(|| Some(name.to_string())),
                    OrganizationKind::Individual => None,
                };
                Ok(Self { name, kind, country, legal_name, vat_number, address, postal_code, city })
            }
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// Languages that an organization can say it works in, by code.
pub const LANGUAGES: &[(&str, &str)] = &[
    ("en", "English"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("pt", "Portuguese"),
];

/// Industries that an organization can say it works in.
pub const INDUSTRIES: &[(&str, &str)] = &[
    ("agriculture", "Agriculture and forestry"),
    ("architecture", "Architecture and heritage"),
    ("construction", "Construction"),
    ("education", "Education and research"),
    ("energy", "Energy and utilities"),
    ("environment", "Environment"),
    ("inspection", "Inspection"),
    ("mining", "Mining and quarries"),
    ("public_safety", "Public safety"),
    ("surveying", "Surveying and mapping"),
    ("transport", "Transport"),
    ("other", "Something else"),
];

fn one_of(choices: &[(&str, &str)], text: &str) -> Result<Option<String>, FieldIssue> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    choices
        .iter()
        .find(|(known, _)| *known == text)
        .map(|(known, _)| Some((*known).to_owned()))
        .ok_or(FieldIssue::NotAChoice)
}

/// Reads the address of a website: `http://` or `https://` (which is added where it is missing), a host with a dot, and
/// nothing that could be read as something else.
///
/// # Errors
/// Of another shape, or too long.
pub fn website(text: &str) -> Result<Option<String>, FieldIssue> {
    let Some(text) = optional_line(text, 255)? else { return Ok(None) };
    let address = if text.contains("://") { text } else { format!("https://{text}") };
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    // With or without its last letter.
    let scheme = scheme.to_ascii_lowercase();
    let of_the_web = "https".starts_with(&scheme) && scheme.len() >= 4;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let shape = of_the_web
        && address.bytes().all(|b| b.is_ascii_graphic() && !b"\"'<>\\`{}|^".contains(&b))
        && address.matches("://").count() == 1
        && host.contains('.')
        && host.split('.').all(|label| !label.is_empty())
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b));
    if shape { Ok(Some(address)) } else { Err(FieldIssue::NotAWebsite) }
}

/// What Owners and Managers change of an organization (ORG-4, PEOPLE-11).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OrganizationDetails {
    pub name: String,
    pub website: Option<String>,
    /// A word of [`crate::domain::organization::INDUSTRIES`].
    pub industry: Option<String>,
    /// A code of [`crate::domain::organization::LANGUAGES`].
    pub language: Option<String>,
    /// Where what is created next is processed and stored; where its maker prefers, if nothing is chosen.
    pub cluster: Option<String>,
    /// Who sees the people list.
    pub people_visible_to: PeopleVisibility,
}

/// Changes of an organization as they come in: only what is `Some` changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SettingsForm {
    pub name: Option<String>,
    /// Org ID: Owners.
    pub org_id: Option<String>,
    pub website: Option<String>,
    /// A word of [`INDUSTRIES`].
    pub industry: Option<String>,
    /// A code of [`LANGUAGES`].
    pub language: Option<String>,
    /// A cluster location; empty for none.
    pub cluster: Option<String>,
    /// `everyone` or `managers`.
    pub people_visible_to: Option<String>,
}

/// Changes of an organization, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What Owners and Managers change, as it will be.
    pub details: OrganizationDetails,
    /// The new Org ID, if it is asked for: Owners (ORG-5).
    pub org_id: Option<Identifier>,
}

/// Reads changes of an organization over what it is now.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn settings(now: &OrganizationDetails, form: &SettingsForm) -> Result<Settings, Refusal> {
    let mut fields = Fields::default();
    let mut details = now.clone();
    if let Some(text) = &form.name {
        fields.check("name", Name::parse(text).map(|name| details.name = name.to_string()));
    }
    if let Some(text) = &form.website {
        fields.check("website", website(text).map(|website| details.website = website));
    }
    if let Some(text) = &form.industry {
        fields.check("industry", one_of(INDUSTRIES, text).map(|industry| details.industry = industry));
    }
    if let Some(text) = &form.language {
        fields.check("language", one_of(LANGUAGES, text).map(|language| details.language = language));
    }
    if let Some(text) = &form.cluster {
        fields.check("cluster", one_of(&CLUSTERS, text).map(|cluster| details.cluster = cluster));
    }
    if let Some(text) = &form.people_visible_to {
        fields.check(
            "people_visible_to",
            PeopleVisibility::parse(text.trim()).map(|choice| details.people_visible_to = choice),
        );
    }
    let org_id = form.org_id.as_deref().and_then(|text| fields.check("org_id", Identifier::parse(text)));
    fields.done()?;
    Ok(Settings { details, org_id })
}

/// What decides whether a personal space stays one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Space {
    /// Whether its person founded or joined an organization.
    pub belongs_elsewhere: bool,
    /// Whether its Drive or its trash holds anything.
    pub holds_resources: bool,
    /// Whether it has a licence other than Discovery, which everybody is given.
    pub holds_licences: bool,
}

/// Whether a personal space becomes an organization, "Anna Muster's Space" (PEOPLE-4b, SPACE-1): as soon as its person
/// belongs to an organization and it holds work, in whichever order that comes. An empty one stays what it is.
pub const fn becomes_organization(space: Space) -> bool {
    space.belongs_elsewhere && (space.holds_resources || space.holds_licences)
}

/// How long a deleted organization can be restored, in days (ORG-4).
pub const RESTORABLE_DAYS: i64 = 30;

/// Until when an organization that was deleted can be restored.
pub const fn restorable_until(deleted_at: Timestamp) -> Timestamp {
    deleted_at.plus_days(RESTORABLE_DAYS)
}

/// ORG-4: whoever deletes an organization types its name, as it is shown.
///
/// # Errors
/// Empty, or another name.
pub fn confirmed(name: &str, typed: &str) -> Result<(), FieldIssue> {
    match typed.trim() {
        "" => Err(FieldIssue::Missing),
        // As it is seen: a keyboard may write a letter and its mark apart.
        typed if opaque(typed) == opaque(name.trim()) => Ok(()),
        _ => Err(FieldIssue::NotTheName),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A form that is right, for a business.
    fn business() -> NewOrganizationForm {
        NewOrganizationForm {
            name: " Alpine Survey ".to_owned(),
            kind: "business".to_owned(),
            country: "ch".to_owned(),
            legal_name: "Alpine Survey AG".to_owned(),
            vat_number: "CHE-123.456.789".to_owned(),
            address: "Bahnhofstrasse 1".to_owned(),
            postal_code: "8001".to_owned(),
            city: "Zürich".to_owned(),
        }
    }

    /// What is wrong with a form, field by field.
    fn problems(form: &NewOrganizationForm) -> Vec<(String, FieldIssue)> {
        match NewOrganization::parse(form) {
            Ok(_) => Vec::new(),
            Err(Refusal::Invalid(errors)) => errors.into_iter().map(|error| (error.field, error.problem)).collect(),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn of<const N: usize>(expected: [(&str, FieldIssue); N]) -> Vec<(String, FieldIssue)> {
        expected.map(|(field, problem)| (field.to_owned(), problem)).to_vec()
    }

    #[test]
    fn people_4b_space_1_a_space_becomes_an_organization_once_it_holds_work_and_its_person_belongs_elsewhere() {
        for (belongs_elsewhere, holds_resources, holds_licences, becomes) in [
            (false, false, false, false),
            (false, true, true, false),
            (true, false, false, false),
            (true, true, false, true),
            (true, false, true, true),
            (true, true, true, true),
        ] {
            let space = Space { belongs_elsewhere, holds_resources, holds_licences };
            assert_eq!(becomes_organization(space), becomes, "{space:?}");
        }
    }

    #[test]
    fn org_1_a_business_has_a_legal_name_and_may_have_a_vat_number() {
        let read = NewOrganization::parse(&business()).unwrap();
        assert_eq!(
            (read.name.as_str(), read.kind, read.country.as_str()),
            ("Alpine Survey", OrganizationKind::Business, "CH")
        );
        assert_eq!(read.legal_name.as_deref(), Some("Alpine Survey AG"));
        assert_eq!(read.vat_number.as_deref(), Some("CHE-123.456.789"));
        let places = [read.address, read.postal_code, read.city].map(Option::unwrap_or_default);
        assert_eq!(places, ["Bahnhofstrasse 1", "8001", "Zürich"]);

        let least = NewOrganizationForm {
            name: "Alpine Survey".to_owned(),
            kind: "business".to_owned(),
            country: "CH".to_owned(),
            ..NewOrganizationForm::default()
        };
        let read = NewOrganization::parse(&least).unwrap();
        assert_eq!(read.legal_name.as_deref(), Some("Alpine Survey"), "its own name, where none was given");
        assert_eq!((read.vat_number, read.address, read.postal_code, read.city), (None, None, None, None));
    }

    #[test]
    fn org_1_an_individual_has_neither_legal_name_nor_vat_number() {
        let individual = NewOrganizationForm { kind: "individual".to_owned(), ..business() };
        let refused = of([("legal_name", FieldIssue::NotForThisKind), ("vat_number", FieldIssue::NotForThisKind)]);
        assert_eq!(problems(&individual), refused);
        let too_long = NewOrganizationForm { vat_number: "1".repeat(300), ..individual.clone() };
        assert_eq!(problems(&too_long), refused, "however it is written");

        let blank = NewOrganizationForm { legal_name: " ".to_owned(), vat_number: String::new(), ..individual };
        let read = NewOrganization::parse(&blank).unwrap();
        assert_eq!((read.kind, read.legal_name, read.vat_number), (OrganizationKind::Individual, None, None));
    }

    #[test]
    fn org_1_everything_wrong_is_told_at_once() {
        let missing =
            of([("name", FieldIssue::Missing), ("kind", FieldIssue::Missing), ("country", FieldIssue::Missing)]);
        assert_eq!(problems(&NewOrganizationForm::default()), missing);

        let long = "x".repeat(256);
        let wrong = NewOrganizationForm {
            name: long.clone(),
            kind: "club".to_owned(),
            country: "Switzerland".to_owned(),
            legal_name: long.clone(),
            vat_number: long.clone(),
            address: "Bahnhofstrasse\n1".to_owned(),
            postal_code: long.clone(),
            city: long,
        };
        let expected = of([
            ("name", FieldIssue::TooLong(255)),
            ("kind", FieldIssue::NotAChoice),
            ("country", FieldIssue::NotAChoice),
            ("legal_name", FieldIssue::TooLong(255)),
            ("vat_number", FieldIssue::TooLong(255)),
            ("address", FieldIssue::ControlCharacters),
            ("postal_code", FieldIssue::TooLong(255)),
            ("city", FieldIssue::TooLong(255)),
        ]);
        assert_eq!(problems(&wrong), expected);
    }

    #[test]
    fn org_4_a_website_is_an_address_of_the_web_and_nothing_else() {
        for (typed, read) in [
            ("", None),
            ("example.com", Some("https://example.com")),
            (" http://example.com/a?b=c#d ", Some("http://example.com/a?b=c#d")),
            ("HTTPS://Example.com:8080", Some("HTTPS://Example.com:8080")),
        ] {
            assert_eq!(website(typed), Ok(read.map(str::to_owned)), "{typed}");
        }
        for wrong in [
            "javascript:alert(1)",
            "https://",
            "https://localhost",
            "a b.com",
            "https://a..b",
            "ftp://example.com",
            "https://a@b.com",
            "https://é.com",
            "https://example.com/\"><b>",
        ] {
            assert_eq!(website(wrong), Err(FieldIssue::NotAWebsite), "{wrong}");
        }
    }

    #[test]
    fn org_4_only_what_is_given_changes_and_everything_wrong_is_told_at_once() {
        let now = OrganizationDetails {
            name: "Alpine".to_owned(),
            website: Some("https://a.ch".to_owned()),
            ..OrganizationDetails::default()
        };
        assert_eq!(settings(&now, &SettingsForm::default()).map(|read| read.details), Ok(now.clone()));
        let cleared = SettingsForm { website: Some(" ".to_owned()), ..SettingsForm::default() };
        assert_eq!(settings(&now, &cleared).map(|read| read.details.website), Ok(None));
        let wrong = |text: &str| Some(text.to_owned());
        let form = SettingsForm {
            name: wrong(""),
            org_id: wrong("a--b"),
            website: wrong("x y"),
            industry: wrong("x"),
            language: wrong("x"),
            cluster: wrong("x"),
            people_visible_to: wrong("x"),
        };
        let Err(Refusal::Invalid(errors)) = settings(&now, &form) else { panic!("accepted") };
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["name", "website", "industry", "language", "cluster", "people_visible_to", "org_id"]);
    }

    #[test]
    fn org_4_the_name_is_typed_to_delete() {
        assert_eq!(confirmed("Alpine Survey", " Alpine Survey "), Ok(()));
        assert_eq!(confirmed("Alpine Survey", "alpine survey"), Err(FieldIssue::NotTheName));
        assert_eq!(confirmed("Zürich Nord", "Zu\u{308}rich\u{A0}Nord"), Ok(()));
        assert_eq!(confirmed("Alpine Survey", ""), Err(FieldIssue::Missing));
        assert_eq!(restorable_until(Timestamp(0)), Timestamp(0).plus_days(30));
    }
}
