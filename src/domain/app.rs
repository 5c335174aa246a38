//! Apps (JOB-1): what an organization publishes to process datasets, in versions that never change, and who may run one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    fields::Fields,
    refusal::Refusal,
    text::{FieldIssue, Identifier, Name, line, optional_line},
};

/// An app that the program has built in (JOB-4): the server runs it itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuiltIn {
    SurveyIndex,
    QcReport,
}

/// What a built-in app says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BuiltInFacts {
    /// Nobody else can claim it.
    pub slug: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    pub price: PriceRule,
    pub makes_processed: bool,
    /// The number of its newest version. What it writes, or how it decides, changes under a new number only.
    pub version: i64,
    pub notes: &'static str,
    pub outputs: &'static [OutputRole],
    /// How long a job may take.
    pub timeout_minutes: i64,
}

impl BuiltIn {
    pub const ALL: [Self; 2] = [Self::SurveyIndex, Self::QcReport];

    /// The one that is called like this in addresses.
    pub fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.facts().slug == slug)
    }

    /// What it says of itself.
    pub const fn facts(self) -> BuiltInFacts {
        match self {
            Self::SurveyIndex => BuiltInFacts {
                slug: "survey-index",
                title: "Survey index",
                summary: "Positions, flights, footprints and overlap of a survey, and a preview mosaic.",
                price: PriceRule::Processing,
                makes_processed: true,
                version: 2,
                notes: "The mosaic is placed by position and heading, so edges do not match. It is not a measured orthophoto.",
                outputs: &[OutputRole::Mosaic, OutputRole::Coverage, OutputRole::Index, OutputRole::Other],
                timeout_minutes: 120,
            },
            Self::QcReport => BuiltInFacts {
                slug: "qc-report",
                title: "QC report",
                summary: "Photos without a position, duplicates, blur, exposure, gaps, and low overlap.",
                price: PriceRule::Free,
                makes_processed: false,
                version: 1,
                notes: "",
                outputs: &[OutputRole::Report],
                timeout_minutes: 30,
            },
        }
    }
}

/// How many apps an organization publishes at most.
pub const MAX_APPS: u64 = 200;

/// How many versions an app has at most.
pub const MAX_VERSIONS: i64 = 1_000;

/// How many options a version has at most.
pub const MAX_OPTIONS: usize = 100;

/// How many outputs a version declares at most.
pub const MAX_OUTPUTS: usize = 50;

/// How many people and organizations are authorized to use an app at most. Who needs more asks the operator for everybody.
pub const MAX_USERS: u64 = 1_000;

/// The longest summary, in characters.
pub const MAX_SUMMARY_LENGTH: usize = 500;

/// The longest notes of a version, and the longest help of an option, in characters.
pub const MAX_NOTES_LENGTH: usize = 2_000;

/// The longest value of an option, in characters.
pub const MAX_VALUE_LENGTH: usize = 1_000;

/// How many values an option of kind `enum` may choose from at most.
pub const MAX_CHOICES: usize = 100;

/// How long a job of a version may run if it does not say, in minutes.
pub const DEFAULT_TIMEOUT_MINUTES: i64 = 24 * 60;

/// How long a job may run at most, in minutes: a week.
pub const MAX_TIMEOUT_MINUTES: i64 = 7 * 24 * 60;

/// What a job of an app costs (LIC-2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRule {
    /// Nothing.
    Free,
    /// What processing costs under the account's licence.
    Processing,
}

words! {
    PriceRule
    Free => "free", "Free";
    Processing => "processing", "Processing";
}

/// Whether an app can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppState {
    /// Only by those who publish it.
    Draft,
    /// By who is authorized.
    Published,
    /// By nobody; jobs that began go on.
    Withdrawn,
}

words! {
    AppState
    Draft => "draft", "Draft";
    Published => "published", "Published";
    Withdrawn => "withdrawn", "Withdrawn";
}

impl AppState {
    /// Whether an app may come to another state.
    ///
    /// # Errors
    /// `BadRequest` for one without versions; `Invalid` at `state` for what was published and would be a draft again.
    pub fn may_become(self, next: Self, versions: i64) -> Result<(), Refusal> {
        match next {
            Self::Published if versions == 0 => {
                Err(Refusal::BadRequest("Add a version first. An app without versions cannot be published.".to_owned()))
            }
            Self::Draft if self != Self::Draft => Err(Refusal::field("state", FieldIssue::NotAChoice)),
            Self::Draft | Self::Published | Self::Withdrawn => Ok(()),
        }
    }
}

/// A new app, unread.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewAppForm {
    pub slug: String,
    pub title: String,
    /// May be empty.
    pub summary: String,
    pub price: String,
    pub makes_processed: bool,
}

/// A new app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewApp {
    pub slug: String,
    pub title: Name,
    pub summary: String,
    pub price: PriceRule,
    pub makes_processed: bool,
}

/// A summary: one line, or none.
fn summary(text: &str) -> Result<String, FieldIssue> {
    optional_line(text, MAX_SUMMARY_LENGTH).map(Option::unwrap_or_default)
}

/// A slug as it is claimed and compared: in lower case.
///
/// # Errors
/// Not an identifier, or that of something built in.
pub fn slug(text: &str) -> Result<String, FieldIssue> {
    let slug = Identifier::parse(text)?.key();
    if BuiltIn::of_slug(&slug).is_some() { Err(FieldIssue::Taken) } else { Ok(slug) }
}

impl NewApp {
    /// Reads an app.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &NewAppForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let price = PriceRule::parse(form.price.trim());
        // A transfer gives back what a Processed dataset was charged (XFER-10), so nothing becomes one for nothing.
        let makes_processed = match price {
            Ok(PriceRule::Free) if form.makes_processed => Err(FieldIssue::OnlyWhatCosts),
            _ => Ok(()),
        };
        let read = (
            fields.check("slug", slug(&form.slug)),
            fields.check("title", Name::parse(&form.title)),
            fields.check("summary", summary(&form.summary)),
            fields.check("price", price),
        );
        fields.check("makes_processed", makes_processed);
        fields.done()?;
        match read {
            (Some(slug), Some(title), Some(summary), Some(price)) => {
                Ok(Self { slug, title, summary, price, makes_processed: form.makes_processed })
            }
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// What is to be changed about an app; what is not given stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppForm {
    pub title: Option<String>,
    pub summary: Option<String>,
    /// `published` or `withdrawn`.
    pub state: Option<String>,
}

/// A change of an app.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AppChange {
    pub title: Option<Name>,
    pub summary: Option<String>,
    pub state: Option<AppState>,
}

impl AppChange {
    /// Reads a change.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &AppForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let title = fields.check("title", form.title.as_deref().map(Name::parse).transpose());
        let summary = fields.check("summary", form.summary.as_deref().map(summary).transpose());
        let state = fields.check("state", form.state.as_deref().map(AppState::parse).transpose());
        fields.done()?;
        Ok(Self { title: title.flatten(), summary: summary.flatten(), state: state.flatten() })
    }
}

/// What kind of value an option takes: the kinds of `NodeODM`, so that one form does for all engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionKind {
    Int,
    Float,
    String,
    Bool,
    /// One of `choices`.
    Enum,
}

words! {
    OptionKind
    Int => "int", "Whole number";
    Float => "float", "Number";
    String => "string", "Text";
    Bool => "bool", "Yes or no";
    Enum => "enum", "Choice";
}

/// An option that a version of an app has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppOption {
    pub name: String,
    pub kind: OptionKind,
    /// What it is where nobody says.
    pub value: String,
    /// Which values there are: in words, for people. Of a number, `64..1024` holds for whoever chooses it.
    pub domain: String,
    /// Which values there are, for kind `enum`.
    pub choices: Vec<String>,
    pub help: String,
}

/// An option, unread.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppOptionForm {
    pub name: String,
    pub kind: String,
    pub value: String,
    pub domain: String,
    pub choices: Vec<String>,
    pub help: String,
}

impl AppOptionForm {
    /// Whether nothing was said of it: a row of a form that was left empty.
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }
}

/// An option as people fill it in: a row of a form.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OptionRow {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// `Yes` and `No` count for kind `bool`. Where it is empty, that is no, and of a choice the first.
    pub value: String,
    /// The values of a choice, with commas between them; of the other kinds words about the values.
    pub domain: String,
    pub help: String,
}

impl OptionRow {
    /// The same as machines send it.
    fn read(&self) -> AppOptionForm {
        let text = |text: &str| text.trim().to_owned();
        let (kind, typed) = (OptionKind::parse(self.kind.trim()).ok(), text(&self.value));
        let choices: Vec<String> = match kind {
            Some(OptionKind::Enum) => {
                self.domain.split([',', '\n']).map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let value = match kind {
            Some(OptionKind::Bool) if typed.is_empty() || typed.eq_ignore_ascii_case("no") => "false".to_owned(),
            Some(OptionKind::Bool) if typed.eq_ignore_ascii_case("yes") => "true".to_owned(),
            Some(OptionKind::Enum) if typed.is_empty() => choices.first().cloned().unwrap_or_default(),
            _ => typed,
        };
        let domain = if kind == Some(OptionKind::Enum) { String::new() } else { text(&self.domain) };
        AppOptionForm { name: text(&self.name), kind: text(&self.kind), value, domain, choices, help: text(&self.help) }
    }
}

impl From<&AppOption> for OptionRow {
    fn from(option: &AppOption) -> Self {
        let value = match (option.kind, option.value.as_str()) {
            (OptionKind::Bool, "true") => "Yes".to_owned(),
            (OptionKind::Bool, _) => "No".to_owned(),
            (_, value) => value.to_owned(),
        };
        let domain = if option.kind == OptionKind::Enum { option.choices.join(", ") } else { option.domain.clone() };
        let (name, kind, help) = (option.name.clone(), option.kind.as_str().to_owned(), option.help.clone());
        Self { name, kind, value, domain, help }
    }
}

/// A new version of an app as people fill it in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VersionForm {
    pub label: String,
    /// Rows that were left empty are no options.
    pub options: Vec<OptionRow>,
    pub outputs: Vec<String>,
    /// Empty for [`DEFAULT_TIMEOUT_MINUTES`].
    pub timeout_minutes: String,
    pub notes: String,
}

impl VersionForm {
    /// The same as machines send it.
    pub fn read(self) -> NewVersionForm {
        let minutes = self.timeout_minutes.trim();
        NewVersionForm {
            label: self.label,
            options: self.options.iter().map(OptionRow::read).collect(),
            outputs: self.outputs,
            // What is no number is refused like one out of range, in the same words.
            timeout_minutes: (!minutes.is_empty()).then(|| minutes.parse().unwrap_or(0)),
            notes: self.notes,
        }
    }
}

/// A new version of an app, unread.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NewVersionForm {
    pub label: String,
    /// One in which nothing is said is none.
    pub options: Vec<AppOptionForm>,
    /// The roles of the files that it writes.
    pub outputs: Vec<String>,
    pub timeout_minutes: Option<i64>,
    pub notes: String,
}

/// A version of an app. It never changes once it is published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewVersion {
    pub label: Name,
    pub options: Vec<AppOption>,
    pub outputs: Vec<OutputRole>,
    pub timeout_minutes: i64,
    pub notes: String,
}

/// What a file is among the results of a job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputRole {
    Orthophoto,
    Mosaic,
    Dsm,
    Dtm,
    Coverage,
    PointCloud,
    Mesh,
    Index,
    Report,
    /// Kept also where the job failed.
    Log,
    #[default]
    Other,
}

words! {
    OutputRole
    Orthophoto => "orthophoto", "Orthophoto";
    Mosaic => "mosaic", "Preview mosaic";
    Dsm => "dsm", "Surface model";
    Dtm => "dtm", "Terrain model";
    Coverage => "coverage", "Coverage";
    PointCloud => "point_cloud", "Point cloud";
    Mesh => "mesh", "Mesh";
    Index => "index", "Index";
    Report => "report", "Report";
    Log => "log", "Log";
    Other => "other", "Other";
}

/// Text of several lines without control characters, or none.
fn notes(text: &str) -> Result<String, FieldIssue> {
    let text = text.replace("\r\n", "\n").replace('\t', " ");
    if text.chars().count() > MAX_NOTES_LENGTH {
        return Err(FieldIssue::TooLong(MAX_NOTES_LENGTH));
    }
    let lines: Result<Vec<String>, FieldIssue> =
        text.trim().lines().map(|one| optional_line(one, MAX_NOTES_LENGTH).map(Option::unwrap_or_default)).collect();
    Ok(lines?.join("\n"))
}

/// The name of an option: what a command line can have.
fn option_name(text: &str) -> Result<String, FieldIssue> {
    let text = line(text, 60)?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.chars().all(is_word) { Ok(text) } else { Err(FieldIssue::NotAnIdentifier) }
}

impl AppOption {
    /// Reads an option of a version; `at` is the field that problems are at.
    fn parse(form: &AppOptionForm, at: &str, fields: &mut Fields) -> Option<Self> {
        let name = fields.check(&format!("{at}.name"), option_name(&form.name));
        let kind = fields.check(&format!("{at}.type"), OptionKind::parse(form.kind.trim()));
        let domain = fields.check(&format!("{at}.domain"), notes(&form.domain));
        let help = fields.check(&format!("{at}.help"), notes(&form.help));
        let choices: Result<Vec<String>, FieldIssue> =
            form.choices.iter().map(|choice| line(choice, MAX_VALUE_LENGTH)).collect();
        let choices = choices.and_then(|choices| match (kind, choices.len()) {
            (_, count) if count > MAX_CHOICES => Err(FieldIssue::TooMany(MAX_CHOICES)),
            (Some(OptionKind::Enum), 0) => Err(FieldIssue::Missing),
            _ => Ok(choices),
        });
        let choices = fields.check(&format!("{at}.domain"), choices);
        let option =
            Self { name: name?, kind: kind?, value: String::new(), domain: domain?, choices: choices?, help: help? };
        let value = fields.check(&format!("{at}.value"), option.read(&form.value))?;
        Some(Self { value, ..option })
    }

    /// The smallest and the largest number, where its values are written as `64..1024`.
    fn range(&self) -> Option<(i64, i64)> {
        if !matches!(self.kind, OptionKind::Int | OptionKind::Float) {
            return None;
        }
        let (low, high) = self.domain.trim().split_once("..")?;
        let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        (low <= high).then_some((low, high))
    }

    /// Reads a value of this option.
    ///
    /// # Errors
    /// Not a value of its kind, or out of its range.
    pub fn read(&self, text: &str) -> Result<String, FieldIssue> {
        let value = optional_line(text, MAX_VALUE_LENGTH)?.unwrap_or_default();
        let fits = match self.kind {
            OptionKind::String => true,
            OptionKind::Int => value.parse::<i64>().is_ok(),
            OptionKind::Float => value.parse::<f64>().is_ok_and(f64::is_finite),
            OptionKind::Bool => matches!(value.as_str(), "true" | "false"),
            OptionKind::Enum => self.choices.contains(&value),
        };
        if let (true, Some((low, high))) = (fits, self.range()) {
            #[expect(
                clippy::cast_precision_loss,
                reason = "whoever writes a range beyond 2^53 does not mean its last digits"
            )]
            let within = |value: f64| (low as f64..=high as f64).contains(&value);
            if !value.parse().is_ok_and(within) {
                return Err(FieldIssue::NotInRange(low, high));
            }
        }
        match (fits, self.kind) {
            (true, _) => Ok(value),
            (false, OptionKind::Int) => Err(FieldIssue::NotAWholeNumber),
            (false, OptionKind::Float) => Err(FieldIssue::NotANumber),
            (false, _) => Err(FieldIssue::NotAChoice),
        }
    }
}

impl NewVersion {
    /// Reads a version.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn parse(form: &NewVersionForm) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let label = fields.check("label", Name::parse(&form.label));
        let timeout = form.timeout_minutes.unwrap_or(DEFAULT_TIMEOUT_MINUTES);
        fields.check(
            "timeout_minutes",
            if (1..=MAX_TIMEOUT_MINUTES).contains(&timeout) {
                Ok(())
            } else {
                Err(FieldIssue::NotInRange(1, MAX_TIMEOUT_MINUTES))
            },
        );
        let notes = fields.check("notes", notes(&form.notes));
        let too_many = |count: usize, most| if count > most { Err(FieldIssue::TooMany(most)) } else { Ok(()) };
        fields.check("options", too_many(form.options.len(), MAX_OPTIONS));
        fields.check("outputs", too_many(form.outputs.len(), MAX_OUTPUTS));
        let mut seen = BTreeSet::new();
        let mut options = Vec::new();
        let said = form.options.iter().take(MAX_OPTIONS).enumerate().filter(|(_, option)| !option.is_blank());
        for (number, option) in said {
            let at = format!("options.{number}");
            if let Some(option) = AppOption::parse(option, &at, &mut fields) {
                if !seen.insert(option.name.clone()) {
                    fields.check::<()>(&format!("{at}.name"), Err(FieldIssue::Duplicate));
                }
                options.push(option);
            }
        }
        let outputs: Result<Vec<OutputRole>, FieldIssue> =
            form.outputs.iter().map(|role| OutputRole::parse(role)).collect();
        let outputs = fields.check("outputs", outputs);
        fields.done()?;
        match (label, notes, outputs) {
            (Some(label), Some(notes), Some(outputs)) => {
                Ok(Self { label, options, outputs, timeout_minutes: timeout, notes })
            }
            _ => Err(Refusal::Invalid(Vec::new())),
        }
    }
}

/// The options of a job: what was chosen, and for the others what the version says.
///
/// # Errors
/// `Invalid` at `options.NAME` for a value that does not fit, or an option that there is not.
pub fn choose_options(
    options: &[AppOption],
    chosen: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut fields = Fields::default();
    for name in chosen.keys().filter(|name| options.iter().all(|option| option.name != **name)) {
        let shown: String = name.chars().take(60).collect();
        fields.check::<()>(&format!("options.{shown}"), Err(FieldIssue::NotAChoice));
    }
    let mut values = BTreeMap::new();
    for option in options {
        let value = chosen.get(&option.name).map_or(Ok(option.value.clone()), |value| option.read(value));
        if let Some(value) = fields.check(&format!("options.{}", option.name), value) {
            values.insert(option.name.clone(), value);
        }
    }
    fields.done()?;
    Ok(values)
}

/// Whether an organization that publishes so many apps may publish one more.
///
/// # Errors
/// `BadRequest`.
pub fn may_add(apps: u64) -> Result<(), Refusal> {
    if apps < MAX_APPS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!("An organization can have at most {MAX_APPS} apps.")))
}

/// Whether an app with so many versions may have one more.
///
/// # Errors
/// `BadRequest`.
pub fn may_add_version(versions: i64) -> Result<(), Refusal> {
    if versions < MAX_VERSIONS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!("An app can have at most {MAX_VERSIONS} versions.")))
}

/// Whether an app with so many authorized people and organizations may have one more. Whoever it names has no limits of a membership
/// (JOB-5), so nobody names themselves.
///
/// # Errors
/// `BadRequest`.
pub fn may_add_user(users: u64, is_oneself: bool) -> Result<(), Refusal> {
    if is_oneself {
        let text = "You cannot name yourself. Who publishes an app can run it by their membership.";
        return Err(Refusal::BadRequest(text.to_owned()));
    }
    if users < MAX_USERS {
        return Ok(());
    }
    Err(Refusal::BadRequest(format!(
        "An app can name at most {MAX_USERS} people and organizations. The operator can authorize everybody."
    )))
}

/// Through what somebody may run an app, as far as it is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AppUseFacts {
    pub title: String,
    /// Who publishes it; `None` for what is built in.
    pub publisher: Option<String>,
    pub state: Option<AppState>,
    /// Whether the caller is one of those who publish it.
    pub publishes: bool,
    /// Whether everybody is authorized.
    pub everybody: bool,
    /// Whether the caller is named themselves.
    pub person: bool,
    /// The caller's organizations that are authorized, the publisher among them: each with whether their membership lets the use of
    /// apps through (JOB-5).
    pub organizations: Vec<(String, bool)>,
}

impl AppUseFacts {
    /// Whether its publisher can help who may not run it: by authorizing an organization of theirs, or them alone.
    pub fn asks_publisher(&self) -> bool {
        self.state == Some(AppState::Published) && self.organizations.is_empty() && may_use(self).is_err()
    }
}

/// Whether somebody may run an app (JOB-1): everybody may, or they are named, or an organization of theirs is and their membership
/// there includes the use of apps. Where an organization is not authorized, none of its people are.
///
/// # Errors
/// `AppNotAuthorized`, naming the reason; `NotFound` for a draft of others.
pub fn may_use(facts: &AppUseFacts) -> Result<(), Refusal> {
    match facts.state {
        Some(AppState::Published) => {}
        Some(AppState::Draft) if facts.publishes => return Ok(()),
        Some(AppState::Withdrawn) => {
            return Err(Refusal::AppNotAuthorized(format!(
                "“{}” has been withdrawn, so no one can run it.",
                facts.title
            )));
        }
        Some(AppState::Draft) | None => return Err(Refusal::NotFound),
    }
    if facts.everybody || facts.person || facts.organizations.iter().any(|(_, apps)| *apps) {
        return Ok(());
    }
    let ask = facts.publisher.as_deref().unwrap_or("your administrator");
    Err(Refusal::AppNotAuthorized(match facts.organizations.first() {
        Some((name, _)) => format!(
            "{name} may use “{}”, but your membership there does not include the use of apps. Ask an Owner or a Manager of {name}.",
            facts.title
        ),
        None => format!(
            "No organization of yours is authorized to use “{}”, and neither are you yourself. Ask {ask} to authorize your organization.",
            facts.title
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> AppUseFacts {
        AppUseFacts {
            title: "QC".to_owned(),
            publisher: Some("Tunnel North".to_owned()),
            state: Some(AppState::Published),
            ..AppUseFacts::default()
        }
    }

    fn text(facts: &AppUseFacts) -> String {
        may_use(facts).map_err(|refusal| refusal.to_string()).err().unwrap_or_default()
    }

    #[test]
    fn job_1_who_may_run_an_app() {
        assert!(text(&facts()).contains("No organization of yours") && text(&facts()).contains("Ask Tunnel North"));
        let capped = AppUseFacts { organizations: vec![("Alpine Survey".to_owned(), false)], ..facts() };
        assert!(text(&capped).contains("does not include the use of apps"), "{}", text(&capped));
        assert!(facts().asks_publisher() && !capped.asks_publisher());
        for fine in [
            AppUseFacts { everybody: true, ..facts() },
            AppUseFacts { person: true, ..capped.clone() },
            AppUseFacts { organizations: vec![("A".to_owned(), false), ("B".to_owned(), true)], ..facts() },
            AppUseFacts { state: Some(AppState::Draft), publishes: true, ..facts() },
        ] {
            assert_eq!(may_use(&fine), Ok(()), "{fine:?}");
            assert!(!fine.asks_publisher(), "{fine:?}");
        }
        let everybody = AppUseFacts { everybody: true, person: true, ..facts() };
        let withdrawn = AppUseFacts { state: Some(AppState::Withdrawn), publishes: true, ..everybody.clone() };
        assert!(text(&withdrawn).contains("withdrawn"));
        assert_eq!(may_use(&AppUseFacts { state: Some(AppState::Draft), ..everybody }), Err(Refusal::NotFound));
    }

    #[test]
    fn job_1_an_app_is_published_with_a_version_and_never_a_draft_again() {
        use AppState::{Draft, Published, Withdrawn};
        for (from, to, versions, fine) in [
            (Draft, Published, 0, false),
            (Draft, Published, 1, true),
            (Draft, Withdrawn, 0, true),
            (Published, Withdrawn, 1, true),
            (Withdrawn, Published, 1, true),
            (Published, Draft, 1, false),
            (Draft, Draft, 0, true),
        ] {
            assert_eq!(from.may_become(to, versions).is_ok(), fine, "{from:?} {to:?} {versions}");
        }
    }

    fn option(name: &str, kind: &str, value: &str) -> AppOptionForm {
        let choices = if kind == "enum" { vec!["low".to_owned(), "high".to_owned()] } else { Vec::new() };
        AppOptionForm {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            choices,
            ..AppOptionForm::default()
        }
    }

    #[test]
    fn job_1_every_problem_of_a_version_is_at_its_field() {
        let form = NewVersionForm {
            label: String::new(),
            options: vec![
                option("quality", "enum", "middle"),
                option("fast", "bool", "maybe"),
                option("a b", "int", "1"),
                option("fast", "bool", "true"),
                option("fast", "float", "NaN"),
            ],
            outputs: vec!["sculpture".to_owned()],
            timeout_minutes: Some(0),
            notes: "x".repeat(MAX_NOTES_LENGTH + 1),
        };
        let Err(Refusal::Invalid(problems)) = NewVersion::parse(&form) else { panic!("it is not valid") };
        let at: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(
            at,
            [
                "label",
                "timeout_minutes",
                "notes",
                "options.0.value",
                "options.1.value",
                "options.2.name",
                "options.4.value",
                "outputs"
            ]
        );
    }

    #[test]
    fn job_1_rows_of_a_form_are_options_and_empty_rows_are_none() {
        let row = |name: &str, kind: &str, value: &str, domain: &str| OptionRow {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value: value.to_owned(),
            domain: domain.to_owned(),
            help: String::new(),
        };
        let rows = vec![
            row("quality", "enum", "", " low, high ,"),
            row(" ", "", "", ""),
            row("fast", "bool", "yes", ""),
            row("careful", "bool", "", ""),
            row("tiles", "int", " 4 ", "1 to 16"),
        ];
        let form = VersionForm { label: "1.0".to_owned(), options: rows, ..VersionForm::default() };
        let version = NewVersion::parse(&form.clone().read()).expect("a version");
        assert_eq!(version.timeout_minutes, DEFAULT_TIMEOUT_MINUTES);
        let values: Vec<(&str, &str)> =
            version.options.iter().map(|option| (option.name.as_str(), option.value.as_str())).collect();
        assert_eq!(values, [("quality", "low"), ("fast", "true"), ("careful", "false"), ("tiles", "4")]);
        assert_eq!(version.options[0].choices, ["low", "high"]);
        assert_eq!((version.options[0].domain.as_str(), version.options[3].domain.as_str()), ("", "1 to 16"));
        // What was published fills the rows of the next version.
        let next: Vec<OptionRow> = version.options.iter().map(OptionRow::from).collect();
        assert_eq!(
            (next[0].domain.as_str(), next[1].value.as_str(), next[2].value.as_str()),
            ("low, high", "Yes", "No")
        );
        let again = NewVersion::parse(&VersionForm { options: next, ..form.clone() }.read()).expect("a version");
        assert_eq!(again.options, version.options);
        // Problems are at the row that somebody filled in, whatever was left empty before it.
        let wrong = vec![row("", "", "", ""), row("a", "", "", ""), row("", "int", "x", ""), row("b", "enum", "", "")];
        let wrong = VersionForm { options: wrong, timeout_minutes: "a day".to_owned(), ..form };
        let Err(Refusal::Invalid(problems)) = NewVersion::parse(&wrong.read()) else { panic!("it is not valid") };
        let at: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(at, ["timeout_minutes", "options.1.type", "options.2.name", "options.3.domain"]);
    }

    #[test]
    fn job_1_options_of_a_job_are_those_of_its_version() {
        let form = NewVersionForm {
            label: "1.0".to_owned(),
            options: vec![option("quality", "enum", "low"), option("tiles", "int", "4"), option("note", "string", "")],
            outputs: vec!["report".to_owned()],
            ..NewVersionForm::default()
        };
        let version = NewVersion::parse(&form).expect("a version");
        assert_eq!(version.timeout_minutes, DEFAULT_TIMEOUT_MINUTES);
        let chosen = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            choose_options(&version.options, &pairs)
        };
        let values = chosen(&[("quality", "high")]).expect("values");
        assert_eq!((values["quality"].as_str(), values["tiles"].as_str(), values["note"].as_str()), ("high", "4", ""));
        let Err(Refusal::Invalid(wrong)) = chosen(&[("tiles", "many"), ("colour", "red")]) else { panic!("not valid") };
        let at: Vec<&str> = wrong.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(at, ["options.colour", "options.tiles"]);
    }

    #[test]
    fn job_1_a_number_keeps_to_the_range_that_is_written_of_it() {
        let ranged = |kind, domain: &str, value: &str| {
            let option = AppOption {
                name: "tiles".to_owned(),
                kind,
                value: String::new(),
                domain: domain.to_owned(),
                choices: Vec::new(),
                help: String::new(),
            };
            option.read(value)
        };
        let (int, float, text) = (OptionKind::Int, OptionKind::Float, OptionKind::String);
        for (kind, domain, value, fits) in [
            (int, "64..1024", "64", true),
            (int, " -5 .. 5 ", "-5", true),
            (int, "64..1024", "1025", false),
            (float, "0..1", "0.5", true),
            (float, "0..1", "1.01", false),
            (int, "positive integer", "-1", true),
            (int, "5..1", "9", true),
            (text, "1..2", "9", true),
        ] {
            assert_eq!(ranged(kind, domain, value).is_ok(), fits, "{domain}: {value}");
        }
        assert_eq!(ranged(int, "64..1024", "5"), Err(FieldIssue::NotInRange(64, 1024)));
    }

    #[test]
    fn job_4_what_is_built_in_keeps_its_slug() {
        assert_eq!(slug("QC-Report"), Err(FieldIssue::Taken));
        assert_eq!(slug("Ortho-Fast"), Ok("ortho-fast".to_owned()));
        assert!(slug("no spaces").is_err());
    }
}
