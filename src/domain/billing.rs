//! Billing: whom to write to about money (ORG-4), what Owners ask for (ORG-8), and what the operator adds to a licence or
//! changes about its end (LIC-1, LIC-3).

use serde::{Deserialize, Serialize};

use super::{
    fields::Fields,
    licence::{Amount, Family, Licence, Model, Product},
    refusal::Refusal,
    text::{Email, FieldIssue, line, number, optional_line, paragraphs},
    time::{Day, Timestamp},
};

/// The most of anything that one grant gives.
pub const MAX_GRANT_AMOUNT: i64 = 1_000_000_000_000;
/// The most of anything that a licence is ever given in all: sums of it stay far from where numbers end.
pub const MAX_TOTAL_AMOUNT: i64 = 1_000_000_000_000_000;
/// The most seats of a licence.
pub const MAX_SEATS: i64 = 1_000_000;

/// Which amounts a licence of this model is counted in.
const fn is_counted_in(model: Option<Model>, field: &str) -> bool {
    match model {
        Some(Model::ImagesProjects) => !matches!(field.as_bytes(), b"credits"),
        Some(Model::Credits) => matches!(field.as_bytes(), b"credits"),
        None => false,
    }
}

/// What the operator adds to a licence (**top up**): something, of what the licence is counted in, and never so much that
/// the books could overflow.
///
/// # Errors
/// `Invalid` with the problem of every field.
pub fn top_up(licence: &Licence, wanted: Amount) -> Result<Amount, Refusal> {
    let mut fields = Fields::default();
    let parts = [
        ("images", wanted.images, licence.total().images),
        ("projects", wanted.projects, licence.total().projects),
        ("credits", wanted.credits, licence.total().credits),
    ];
    for (field, amount, total) in parts {
        let room = MAX_GRANT_AMOUNT.min(MAX_TOTAL_AMOUNT.saturating_sub(total)).max(0);
        fields.check(
            field,
            match amount {
                0 => Ok(()),
                _ if !is_counted_in(licence.model, field) => Err(FieldIssue::NotForThisLicence),
                amount if amount < 0 || amount > room => Err(FieldIssue::NotInRange(1, room)),
                _ => Ok(()),
            },
        );
    }
    if wanted.is_nothing() {
        let (field, problem) = match licence.model {
            Some(Model::ImagesProjects) => ("images", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)),
            Some(Model::Credits) => ("credits", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)),
            None => ("credits", FieldIssue::NotForThisLicence),
        };
        fields.check::<()>(field, Err(problem));
    }
    fields.done()?;
    Ok(wanted)
}

/// The end of a licence that gets another last day (**extend**): the first moment after that day. An expired licence comes
/// alive again by it.
///
/// # Errors
/// `Invalid` at `until`: no day, or one before the licence begins.
pub fn new_end(active_from: Timestamp, until: &str) -> Result<Timestamp, Refusal> {
    let wrong = |problem| Refusal::field("until", problem);
    if until.trim().is_empty() {
        return Err(wrong(FieldIssue::Missing));
    }
    let last = Day::parse_iso(until.trim()).ok_or_else(|| wrong(FieldIssue::NotADay))?;
    if last < active_from.day() {
        return Err(wrong(FieldIssue::BeforeItBegins));
    }
    Ok(last.start().plus_days(1))
}

/// How many billing contacts an organization has at most.
pub const MAX_CONTACTS: u64 = 20;

/// Whether an organization with so many billing contacts may have one more.
///
/// # Errors
/// `BadRequest`, saying how many there may be.
pub fn may_add_contact(contacts: u64) -> Result<(), Refusal> {
    if contacts < MAX_CONTACTS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!(
        "An organization can have at most {MAX_CONTACTS} billing contacts. Remove one first."
    )))
}

/// A billing contact, unread.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactForm {
    pub name: String,
    pub email: String,
    /// Phone; may be empty.
    pub phone: String,
}

/// A billing contact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Contact {
    pub name: String,
    pub email: Email,
    pub phone: Option<String>,
}

impl Contact {
    /// Reads a contact.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &ContactForm) -> Result<Self, Refusal> {
        Self::parse_at(form, ["name", "email", "phone"])
    }

    fn parse_at(form: &ContactForm, [name, email, phone]: [&str; 3]) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let read = (
            fields.check(name, line(&form.name, super::text::NAME_LENGTH)),
            fields.check(email, Email::parse(&form.email)),
            fields.check(phone, parse_phone(&form.phone)),
        );
        fields.done()?;
        match read {
            (Some(name), Some(email), Some(phone)) => Ok(Self { name, email, phone }),
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// A phone number as people write it: digits, and what stands between them.
fn parse_phone(text: &str) -> Result<Option<String>, FieldIssue> {
    let phone = optional_line(text, 40)?;
    if let Some(phone) = &phone {
        let digits = phone.chars().filter(char::is_ascii_digit).count();
        let plain = phone.chars().all(|c| c.is_ascii_digit() || "+-()./ ext".contains(c));
        if digits < 3 || !plain {
            return Err(FieldIssue::NotAPhone);
        }
    }
    Ok(phone)
}

/// What became of a request for a licence (ORG-8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Sent, not answered yet.
    Open,
    /// The operator answered it.
    Answered,
    /// The operator declined it.
    Declined,
    /// An Owner took it back.
    Withdrawn,
}

words! {
    RequestState
    Open => "open", "Open";
    Answered => "answered", "Answered";
    Declined => "declined", "Declined";
    Withdrawn => "withdrawn", "Withdrawn";
}

impl RequestState {
    /// Whether it can still be answered or taken back.
    ///
    /// # Errors
    /// `BadRequest`, saying what became of it.
    pub fn is_still_open(self) -> Result<(), Refusal> {
        let text = match self {
            Self::Open => return Ok(()),
            Self::Answered => "This request has already been answered.",
            Self::Declined => "This request has already been declined.",
            Self::Withdrawn => "This request has been withdrawn.",
        };
        Err(Refusal::BadRequest(text.to_owned()))
    }
}

/// How many requests an organization, and a person, sends in a day.
pub const MAX_REQUESTS_PER_DAY: u64 = 10;

/// Whether one more request goes out today (attack 27).
///
/// # Errors
/// `RateLimited` until tomorrow.
pub const fn may_request(from_organization: u64, from_person: u64) -> Result<(), Refusal> {
    if from_organization < MAX_REQUESTS_PER_DAY && from_person < MAX_REQUESTS_PER_DAY {
        Ok(())
    } else {
        Err(Refusal::RateLimited(86_400))
    }
}

/// The longest message of a request, and the longest answer, in characters.
pub const MAX_MESSAGE_LENGTH: usize = 2_000;

/// The operator's command that grants a licence to an organization, to be copied and changed.
pub fn grant_command(org_id: &str) -> String {
    format!(
        "commonhold licence grant --org {org_id} --product cloud-pro --model images-projects --images 10000 --projects 100"
    )
}

/// What **Contact sales** sends, unread.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestForm {
    /// Product; may be empty.
    pub product: String,
    /// Billing model; cloud only, may be empty.
    pub model: String,
    /// Images; may be empty.
    pub images: String,
    /// Projects; may be empty.
    pub projects: String,
    /// Credits; may be empty.
    pub credits: String,
    /// Seats; desktop only, may be empty.
    pub seats: String,
    /// In one's own words; may be empty if there is a product.
    pub message: String,
    /// Whom to answer: name.
    pub contact_name: String,
    /// Whom to answer: email.
    pub contact_email: String,
    /// Whom to answer: phone; may be empty.
    pub contact_phone: String,
}

/// What an Owner asks for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RequestedLicence {
    pub product: Option<Product>,
    pub model: Option<Model>,
    pub images: Option<i64>,
    pub projects: Option<i64>,
    pub credits: Option<i64>,
    pub seats: Option<i64>,
    /// A message in their own words.
    pub message: Option<String>,
    /// Whom to answer.
    pub contact: Contact,
}

/// The products that can be asked for: Discovery comes with every organization.
pub const FOR_SALE: [Product; 5] =
    [Product::Desktop, Product::Cloud, Product::CloudPro, Product::CloudTeams, Product::CloudEnterprise];

impl RequestedLicence {
    /// Reads a request.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &RequestForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let choice = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let product = fields.check(
            "product",
            choice(&form.product)
                .map(|word| {
                    Product::parse(&word).and_then(|product| {
                        if FOR_SALE.contains(&product) { Ok(product) } else { Err(FieldIssue::NotAChoice) }
                    })
                })
                .transpose(),
        );
        let model = fields.check("model", choice(&form.model).map(|word| Model::parse(&word)).transpose());
        let mut amount = |field: &str, text: &str, most: i64| {
            fields
                .check(
                    field,
                    choice(text)
                        .map(|text| {
                            let read = text.replace([',', '\u{2009}', '\''], "").parse::<i64>().ok();
                            read.filter(|n| (1..=most).contains(n)).ok_or(FieldIssue::NotInRange(1, most))
                        })
                        .transpose(),
                )
                .flatten()
        };
        let images = amount("images", &form.images, MAX_GRANT_AMOUNT);
        let projects = amount("projects", &form.projects, MAX_GRANT_AMOUNT);
        let credits = amount("credits", &form.credits, MAX_GRANT_AMOUNT);
        let seats = amount("seats", &form.seats, MAX_SEATS);
        if let (Some(product), Some(model)) = (product, model) {
            let cloud = product.is_none_or(|product| product.family() == Family::Cloud);
            if model.is_some() && !cloud {
                fields.check::<()>("model", Err(FieldIssue::NotForThisLicence));
            }
            for (field, given) in [("images", images), ("projects", projects), ("credits", credits)] {
                let fits = cloud && model.is_none_or(|model| is_counted_in(Some(model), field));
                if given.is_some() && !fits {
                    fields.check::<()>(field, Err(FieldIssue::NotForThisLicence));
                }
            }
            if seats.is_some() && product.is_some() && cloud {
                fields.check::<()>("seats", Err(FieldIssue::NotForThisLicence));
            }
        }
        let message = fields.check("message", paragraphs(&form.message, MAX_MESSAGE_LENGTH)).flatten();
        // A message that could not be read is a problem of its own, not a missing one.
        if product == Some(None) && message.is_none() && form.message.trim().is_empty() {
            fields.check::<()>("product", Err(FieldIssue::SayWhat));
        }
        let contact = ContactForm {
            name: form.contact_name.clone(),
            email: form.contact_email.clone(),
            phone: form.contact_phone.clone(),
        };
        let contact = Contact::parse_at(&contact, ["contact_name", "contact_email", "contact_phone"]);
        match (fields.done(), contact) {
            (Ok(()), Ok(contact)) => Ok(Self {
                product: product.flatten(),
                model: model.flatten(),
                images,
                projects,
                credits,
                seats,
                message,
                contact,
            }),
            (Err(Refusal::Invalid(mut problems)), Err(Refusal::Invalid(more))) => {
                problems.extend(more);
                Err(Refusal::Invalid(problems))
            }
            (Err(refusal), _) | (_, Err(refusal)) => Err(refusal),
        }
    }

    /// What is wanted in one line: "Cloud Pro, Credits, 5,000 credits"; "something else" where only words say it.
    pub fn summary(&self) -> String {
        summary(self.product, self.model, self.images, self.projects, self.credits, self.seats)
    }
}

/// See [`RequestedLicence::summary`].
pub fn summary(
    product: Option<Product>,
    model: Option<Model>,
    images: Option<i64>,
    projects: Option<i64>,
    credits: Option<i64>,
    seats: Option<i64>,
) -> String {
    let counted = |amount: Option<i64>, one: &str, many: &str| {
        amount.map(|amount| format!("{} {}", number(amount), if amount == 1 { one } else { many }))
    };
    let parts = [
        product.map(|product| product.label().to_owned()),
        model.map(|model| model.label().to_owned()),
        counted(images, "image", "images"),
        counted(projects, "project", "projects"),
        counted(credits, "credit", "credits"),
        counted(seats, "seat", "seats"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "something else".to_owned() } else { parts.join(", ") }
}

/// What the operator answers.
///
/// # Errors
/// `Invalid` at `text`.
pub fn answer(text: &str) -> Result<String, Refusal> {
    match paragraphs(text, MAX_MESSAGE_LENGTH) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(Refusal::field("text", FieldIssue::Missing)),
        Err(problem) => Err(Refusal::field("text", problem)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::LicenceId, testing::id, text::FieldError};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn licence(model: Option<Model>) -> Licence {
        Licence {
            id: LicenceId(id(1)),
            product: if model.is_some() { Product::CloudPro } else { Product::Desktop },
            model,
            active_from: NOW,
            active_until: None,
            trial: false,
            granted: Amount::default(),
            left: Amount::default(),
        }
    }

    fn problems<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> Vec<(String, FieldIssue)> {
        match answer {
            Err(Refusal::Invalid(fields)) => {
                fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn at(field: &str, problem: FieldIssue) -> Vec<(String, FieldIssue)> {
        vec![(field.to_owned(), problem)]
    }

    #[test]
    fn lic_3_a_top_up_is_of_what_the_licence_is_counted_in_and_of_something() {
        let (images, credits) = (licence(Some(Model::ImagesProjects)), licence(Some(Model::Credits)));
        let amount = |images, projects, credits| Amount { images, projects, credits };
        for (licence, wanted) in [
            (&images, amount(1, 0, 0)),
            (&images, amount(0, 1, 0)),
            (&images, amount(MAX_GRANT_AMOUNT, MAX_GRANT_AMOUNT, 0)),
            (&credits, amount(0, 0, 1)),
        ] {
            assert_eq!(top_up(licence, wanted), Ok(wanted));
        }
        let range = FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT);
        for (licence, wanted, expected) in [
            (&images, amount(0, 0, 0), at("images", range.clone())),
            (&credits, amount(0, 0, 0), at("credits", range.clone())),
            (&images, amount(-1, 0, 0), at("images", range.clone())),
            (&images, amount(5, -1, 0), at("projects", range.clone())),
            (&images, amount(i64::MIN, 0, 0), at("images", range.clone())),
            (&credits, amount(0, 0, MAX_GRANT_AMOUNT + 1), at("credits", range.clone())),
            (&credits, amount(0, 0, i64::MAX), at("credits", range)),
            (&credits, amount(1, 0, 1), at("images", FieldIssue::NotForThisLicence)),
            (&images, amount(1, 0, 1), at("credits", FieldIssue::NotForThisLicence)),
        ] {
            assert_eq!(problems(top_up(licence, wanted)), expected, "{wanted:?}");
        }
        assert_eq!(problems(top_up(&licence(None), amount(0, 0, 5))), at("credits", FieldIssue::NotForThisLicence));
        assert_eq!(problems(top_up(&licence(None), amount(0, 0, 0))), at("credits", FieldIssue::NotForThisLicence));
    }

    #[test]
    fn lic_3_however_often_it_is_topped_up_the_books_do_not_overflow() {
        let mut full = licence(Some(Model::Credits));
        full.granted.credits = MAX_TOTAL_AMOUNT - 5;
        let credits = |credits| Amount { credits, ..Amount::default() };
        assert_eq!(top_up(&full, credits(5)), Ok(credits(5)));
        assert_eq!(problems(top_up(&full, credits(6))), at("credits", FieldIssue::NotInRange(1, 5)));
    }

    #[test]
    fn lic_1_the_new_last_day_is_a_day_of_the_licence() {
        let first = NOW.day();
        assert_eq!(new_end(NOW, &first.iso()), Ok(first.start().plus_days(1)));
        for (until, problem) in [
            ("", FieldIssue::Missing),
            ("tomorrow", FieldIssue::NotADay),
            ("2027-02-30", FieldIssue::NotADay),
            (&Day(first.0 - 1).iso(), FieldIssue::BeforeItBegins),
        ] {
            assert_eq!(problems(new_end(NOW, until)), at("until", problem), "{until}");
        }
    }

    fn form() -> RequestForm {
        RequestForm {
            product: "cloud_pro".to_owned(),
            model: "credits".to_owned(),
            credits: "5,000".to_owned(),
            message: "From January on.\r\n\r\nThank you".to_owned(),
            contact_name: " Anna Muster ".to_owned(),
            contact_email: "anna@example.com".to_owned(),
            ..RequestForm::default()
        }
    }

    #[test]
    fn org_8_a_request_says_what_is_wanted_and_whom_to_answer() {
        let wanted = RequestedLicence::parse(&form()).expect("this is right");
        assert_eq!(wanted.summary(), "Cloud Pro, Credits, 5,000 credits");
        assert_eq!(wanted.message.as_deref(), Some("From January on.\n\nThank you"));
        assert_eq!(wanted.contact.name, "Anna Muster");
        let words = RequestForm { product: String::new(), model: String::new(), credits: String::new(), ..form() };
        assert_eq!(RequestedLicence::parse(&words).map(|wanted| wanted.summary()), Ok("something else".to_owned()));
    }

    #[test]
    fn org_8_what_is_wrong_with_a_request_is_told_at_its_field() {
        let with = |change: fn(&mut RequestForm)| {
            let mut form = form();
            change(&mut form);
            problems(RequestedLicence::parse(&form))
        };
        for (expected, found) in [
            (at("product", FieldIssue::NotAChoice), with(|form| form.product = "moon".to_owned())),
            (at("product", FieldIssue::NotAChoice), with(|form| form.product = "discovery".to_owned())),
            (at("model", FieldIssue::NotAChoice), with(|form| form.model = "barter".to_owned())),
            (at("credits", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)), with(|form| form.credits = "-5".to_owned())),
            (at("credits", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)), with(|form| form.credits = "0".to_owned())),
            (at("credits", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)), with(|form| form.credits = "9".repeat(30))),
            (at("credits", FieldIssue::NotInRange(1, MAX_GRANT_AMOUNT)), with(|form| form.credits = "many".to_owned())),
            (at("images", FieldIssue::NotForThisLicence), with(|form| form.images = "5".to_owned())),
            (at("seats", FieldIssue::NotForThisLicence), with(|form| form.seats = "5".to_owned())),
            (at("message", FieldIssue::TooLong(MAX_MESSAGE_LENGTH)), with(|form| form.message = "x".repeat(2_001))),
            (at("message", FieldIssue::ControlCharacters), with(|form| form.message = "a\u{202E}b".to_owned())),
            (at("contact_email", FieldIssue::NotAnEmail), with(|form| form.contact_email = "anna".to_owned())),
            (at("contact_name", FieldIssue::Missing), with(|form| form.contact_name = " ".to_owned())),
            (at("contact_phone", FieldIssue::NotAPhone), with(|form| form.contact_phone = "call me".to_owned())),
        ] {
            assert_eq!(found, expected);
        }
        let desktop = RequestForm { product: "desktop".to_owned(), ..form() };
        let fields: Vec<String> =
            problems(RequestedLicence::parse(&desktop)).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["model", "credits"]);
        let nothing = RequestForm::default();
        let fields: Vec<String> =
            problems(RequestedLicence::parse(&nothing)).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["product", "contact_name", "contact_email"]);
    }

    #[test]
    fn org_4_a_billing_contact_has_a_name_and_an_address() {
        let form = |name: &str, email: &str, phone: &str| ContactForm {
            name: name.to_owned(),
            email: email.to_owned(),
            phone: phone.to_owned(),
        };
        let read = Contact::parse(&form("Lena", "lena@example.com", "+41 (0)44 123 45-67")).expect("this is right");
        assert_eq!(read.phone.as_deref(), Some("+41 (0)44 123 45-67"));
        assert_eq!(Contact::parse(&form("Lena", "lena@example.com", " ")).map(|read| read.phone), Ok(None));
        let fields: Vec<String> =
            problems(Contact::parse(&form("", "lena", "x"))).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["name", "email", "phone"]);
        assert!(may_add_contact(MAX_CONTACTS - 1).is_ok() && may_add_contact(MAX_CONTACTS).is_err());
    }

    #[test]
    fn org_8_requests_are_limited_by_the_day() {
        assert_eq!(may_request(MAX_REQUESTS_PER_DAY - 1, MAX_REQUESTS_PER_DAY - 1), Ok(()));
        assert!(may_request(MAX_REQUESTS_PER_DAY, 0).is_err() && may_request(0, MAX_REQUESTS_PER_DAY).is_err());
    }

    #[test]
    fn org_8_a_request_is_answered_once() {
        for state in RequestState::ALL {
            assert_eq!(RequestState::parse(state.as_str()), Ok(state));
            assert_eq!(state.is_still_open().is_ok(), state == RequestState::Open);
        }
        assert_eq!(problems(answer(" \n ")), at("text", FieldIssue::Missing));
        assert_eq!(answer(" Yes.\nGladly. "), Ok("Yes.\nGladly.".to_owned()));
    }
}
