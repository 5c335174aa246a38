//! What people draw on a dataset (VIEW-2, VIEW-3): points, lines, areas and texts.
//!
//! # Invariants
//! - A drawing that is saved was read by [`Draft::read`]: it has the places of its kind, and every place is on the earth.
//! - An area's first place is not repeated at its end, and no place follows itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    access::{AccessFacts, Act, Level},
    command::Control,
    fields::Fields,
    geo::whole,
    measure::{Measured, area, length, perimeter},
    photo::{Position, decimal},
    refusal::Refusal,
    role::Role,
    text::{FieldIssue, NAME_LENGTH, number, optional_line, paragraphs},
};

/// How many drawings a dataset has at most.
pub const MAX_ANNOTATIONS: usize = 1_000;

/// How many places a drawing has at most.
pub const MAX_PLACES: usize = 10_000;

/// How many places all drawings of a dataset have at most together: a page loads all of them.
pub const MAX_ALL_PLACES: usize = 100_000;

/// The longest description, in characters.
pub const MAX_DESCRIPTION_LENGTH: usize = 2_000;

/// The longest GeoJSON that is imported.
pub const MAX_IMPORT_BYTES: usize = 2 * 1024 * 1024;

/// The refusal of GeoJSON that is longer.
pub fn import_too_large() -> Refusal {
    Refusal::TooLarge(format!("GeoJSON can have at most {} MB. Import it in parts.", MAX_IMPORT_BYTES / 1_024 / 1_024))
}

/// What is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum AnnotationKind {
    Point,
    Line,
    Area,
    Text,
}

words! {
    AnnotationKind
    Point => "point", "Point";
    Line => "line", "Line";
    Area => "area", "Area";
    Text => "text", "Text";
}

impl AnnotationKind {
    /// How many places it has: the least, and the most.
    pub const fn places(self) -> (usize, usize) {
        match self {
            Self::Point | Self::Text => (1, 1),
            Self::Line => (2, MAX_PLACES),
            Self::Area => (3, MAX_PLACES),
        }
    }

    /// What is measured of it, also while it is being drawn.
    pub fn measure(self, places: &[Position]) -> Measured {
        match self {
            Self::Point | Self::Text => Measured::default(),
            Self::Line => Measured { length: Some(length(places)), area: None },
            Self::Area => Measured { length: Some(perimeter(places)), area: Some(area(places)) },
        }
    }

    /// One of them in a sentence: “Roof”, or "an area" where it has no name.
    pub fn called(self, name: &str) -> String {
        match self {
            _ if !name.is_empty() => format!("“{name}”"),
            Self::Area => "an area".to_owned(),
            kind => format!("a {}", kind.as_str()),
        }
    }

    /// The places of one, as they are kept.
    ///
    /// # Errors
    /// Too few, or too many.
    pub fn check(self, mut places: Vec<Position>) -> Result<Vec<Position>, FieldIssue> {
        // Whoever ends a drawing with a double click clicks twice at one place.
        places.dedup();
        if self == Self::Area && places.len() > 1 && places.first() == places.last() {
            places.pop();
        }
        let (least, most) = self.places();
        match places.len() {
            0 => Err(FieldIssue::Missing),
            count if count < least || count > most => Err(FieldIssue::NotSoManyPlaces(least, most)),
            _ => Ok(places),
        }
    }
}

/// The colour of a drawing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Colour {
    #[default]
    Yellow,
    Red,
    Green,
    Blue,
    White,
}

words! {
    Colour
    Yellow => "yellow", "Yellow";
    Red => "red", "Red";
    Green => "green", "Green";
    Blue => "blue", "Blue";
    White => "white", "White";
}

/// What a drawing says and where it is; its kind never changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Annotation {
    /// One place of a point or a text, two and more of a line, three and more of an area, whose first place is not repeated.
    pub places: Vec<Position>,
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub description: String,
    pub colour: Colour,
}

/// A degree, in nanodegrees.
const DEGREE: i64 = 1_000_000_000;

/// A place, if it is on the earth, from nanodegrees. Where a camera without reception says that it is (0° N 0° E), people may draw.
///
/// # Errors
/// It is not.
pub fn place(latitude: i64, longitude: i64) -> Result<Position, FieldIssue> {
    if (-90 * DEGREE..=90 * DEGREE).contains(&latitude) && (-180 * DEGREE..=180 * DEGREE).contains(&longitude) {
        Ok(Position { latitude, longitude })
    } else {
        Err(FieldIssue::NotAPlace)
    }
}

/// A place, if it is on the earth, from degrees.
///
/// # Errors
/// It is not; what is no number is nowhere.
pub fn place_in_degrees(latitude: f64, longitude: f64) -> Result<Position, FieldIssue> {
    if latitude.abs() <= 90.0 && longitude.abs() <= 180.0 {
        place(whole(latitude * 1e9), whole(longitude * 1e9))
    } else {
        Err(FieldIssue::NotAPlace)
    }
}

/// A part of a place as somebody typed it, in nanodegrees: at most so many degrees to either side.
///
/// # Errors
/// Nothing, no number, or too much.
pub fn typed_degrees(text: &str, most: i64) -> Result<i64, FieldIssue> {
    match text.trim().trim_end_matches('°') {
        "" => Err(FieldIssue::Missing),
        text => decimal(text, 9)
            .filter(|nano| (-most * DEGREE..=most * DEGREE).contains(nano))
            .ok_or(FieldIssue::NotDegrees(most)),
    }
}

/// Nanodegrees in degrees, exactly: `-8.59123`.
pub fn degrees(nano: i64) -> String {
    plain_decimal(nano, 9)
}

/// A whole number of units of which ten to the power of `digits` are one, as a decimal number without needless zeros.
pub fn plain_decimal(units: i64, digits: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let one = 10_u64.pow(digits);
    let (whole, part) = (units.unsigned_abs() / one, units.unsigned_abs() % one);
    let text = format!("{sign}{whole}.{part:0digits$}", digits = digits as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Places as one text, in forms and in the database: `46.63456,8.59123 46.63460,8.59127`, latitudes first.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Places(pub Vec<Position>);

impl Places {
    /// Reads what [`Self::text`] writes.
    ///
    /// # Errors
    /// Something in it is no place, or there are more than any drawing has.
    pub fn read(text: &str) -> Result<Self, FieldIssue> {
        let mut places = Vec::new();
        for pair in text.split_whitespace() {
            let (latitude, longitude) = pair.split_once(',').ok_or(FieldIssue::NotAPlace)?;
            let nano = |text: &str| decimal(text, 9).ok_or(FieldIssue::NotAPlace);
            places.push(place(nano(latitude)?, nano(longitude)?)?);
            // One more for an area that is closed.
            if places.len() > MAX_PLACES + 1 {
                return Err(FieldIssue::NotSoManyPlaces(1, MAX_PLACES));
            }
        }
        Ok(Self(places))
    }

    /// The text.
    pub fn text(&self) -> String {
        let pairs = self.0.iter().map(|place| format!("{},{}", degrees(place.latitude), degrees(place.longitude)));
        pairs.collect::<Vec<_>>().join(" ")
    }
}

/// A drawing as somebody sent it, unread.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub kind: &'a str,
    /// What its places are called where it was sent.
    pub places_field: &'a str,
    pub places: Result<Vec<Position>, FieldIssue>,
    pub name: &'a str,
    pub description: &'a str,
    /// Empty for the usual one.
    pub colour: &'a str,
}

impl<'a> Draft<'a> {
    /// A drawing as forms send it: its places as [`Places::text`] writes them.
    pub fn of_form(kind: &'a str, places: &str, name: &'a str, description: &'a str, colour: &'a str) -> Self {
        let places = Places::read(places).map(|places| places.0);
        Self { kind, places_field: "places", places, name, description, colour }
    }

    /// Reads it.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn read(&self) -> Result<(AnnotationKind, Annotation), Refusal> {
        let mut fields = Fields::default();
        let kind = match self.kind {
            "" => Err(FieldIssue::Missing),
            word => AnnotationKind::parse(word),
        };
        let kind = fields.check("kind", kind);
        let places = fields.check(
            self.places_field,
            self.places.clone().and_then(|places| match kind {
                Some(kind) => kind.check(places),
                None if places.is_empty() => Err(FieldIssue::Missing),
                None => Ok(places),
            }),
        );
        let name = fields.check("name", optional_line(self.name, NAME_LENGTH));
        let description = fields.check("description", paragraphs(self.description, MAX_DESCRIPTION_LENGTH));
        let colour = match self.colour {
            "" => Some(Colour::default()),
            word => fields.check("colour", Colour::parse(word)),
        };
        fields.done()?;
        match (kind, places, name, description, colour) {
            (Some(kind), Some(places), Some(name), Some(description), Some(colour)) => Ok((
                kind,
                Annotation {
                    places,
                    name: name.unwrap_or_default(),
                    description: description.unwrap_or_default(),
                    colour,
                },
            )),
            _ => Err(Refusal::field("kind", FieldIssue::Missing)),
        }
    }
}

/// A point as somebody typed it into a form (VIEW-5).
#[derive(Clone, Copy, Debug)]
pub struct TypedPoint<'a> {
    pub latitude: &'a str,
    pub longitude: &'a str,
    pub name: &'a str,
    pub description: &'a str,
}

impl TypedPoint<'_> {
    /// Reads it.
    ///
    /// # Errors
    /// `Invalid` with the problem of every field.
    pub fn read(&self) -> Result<(AnnotationKind, Annotation), Refusal> {
        let mut fields = Fields::default();
        let latitude = fields.check("latitude", typed_degrees(self.latitude, 90));
        let longitude = fields.check("longitude", typed_degrees(self.longitude, 180));
        // Whatever the place is, the other fields are read as well.
        let place = latitude.zip(longitude).map(|(latitude, longitude)| Position { latitude, longitude });
        let places = vec![place.unwrap_or(Position { latitude: 0, longitude: 0 })];
        let kind = AnnotationKind::Point.as_str();
        let (name, description) = (self.name, self.description);
        let draft = Draft { kind, places_field: "latitude", places: Ok(places), name, description, colour: "" };
        match (fields.done(), draft.read()) {
            (Err(Refusal::Invalid(mut wrong)), Err(Refusal::Invalid(more))) => {
                wrong.extend(more);
                Err(Refusal::Invalid(wrong))
            }
            (place, read) => place.and(read),
        }
    }
}

/// Whether a dataset with so many drawings and places may have more of them.
///
/// # Errors
/// `BadRequest`, saying what to do.
pub fn may_add(annotations: (usize, usize), places: (usize, usize)) -> Result<(), Refusal> {
    let limit = |words: &str, most: usize| {
        let most = number(i64::try_from(most).unwrap_or(i64::MAX));
        Refusal::BadRequest(format!("A dataset can have at most {most} {words}. Delete some that you no longer need."))
    };
    if annotations.0.saturating_add(annotations.1) > MAX_ANNOTATIONS {
        return Err(limit("annotations", MAX_ANNOTATIONS));
    }
    if places.0.saturating_add(places.1) > MAX_ALL_PLACES {
        return Err(limit("places in all its annotations", MAX_ALL_PLACES));
    }
    Ok(())
}

/// Why what somebody draws is not saved (ROLE-4, VIEW-3, LIC-6). They have the same tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotSaved {
    /// Their role in the organization is too low.
    Role(Role),
    /// What they were given is too low.
    Level(Level),
    /// The cloud licence of the account has expired.
    Licence,
    /// They are a visitor of a link.
    Link,
    /// They look with somebody else's eyes.
    ViewAs,
}

impl fmt::Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("You can measure and draw. Nothing is saved: ")?;
        match self {
            Self::Role(role) => write!(f, "your role is {}.", role.label()),
            Self::Level(level) => write!(f, "you have {} access.", level.label()),
            Self::Licence => f.write_str("the cloud licence has expired."),
            Self::Link => f.write_str("you are here by a link."),
            Self::ViewAs => f.write_str("you are looking at this as someone else."),
        }
    }
}

/// Whether what somebody draws is saved, and why not. `licensed` says whether the licences of the dataset's account allow it.
pub fn not_saved(facts: &AccessFacts, licensed: bool) -> Option<NotSaved> {
    let level = facts.level().unwrap_or(Level::Reader);
    match facts.role {
        Some(role @ Role::Reader) if level == Level::Reader => Some(NotSaved::Role(role)),
        _ if level < Act::Annotate.needs() => Some(NotSaved::Level(level)),
        _ => (!licensed).then_some(NotSaved::Licence),
    }
}

/// [`not_saved`], as pages show it.
pub fn save_control(not_saved: Option<NotSaved>) -> Control {
    not_saved.map_or(Control::Enabled, |why| Control::Disabled(why.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        id::{OrganizationId, ResourceId},
        restriction::Restrictions,
        testing::{id, row, table},
        text::FieldError,
    };

    fn at(latitude: i64, longitude: i64) -> Position {
        Position { latitude, longitude }
    }

    fn draft(kind: AnnotationKind, places: usize) -> Draft<'static> {
        let places = (0..places).map(|n| at(i64::try_from(n).expect("few"), 8 * DEGREE)).collect();
        Draft {
            kind: kind.as_str(),
            places_field: "coordinates",
            places: Ok(places),
            name: "",
            description: "",
            colour: "",
        }
    }

    #[test]
    fn view_2_how_many_places_each_kind_has() {
        let mut rows = vec![row(["kind", "0", "1", "2", "3", "10,000", "10,001"])];
        for kind in AnnotationKind::ALL {
            let answers = [0, 1, 2, 3, MAX_PLACES, MAX_PLACES + 1].map(|count| match draft(kind, count).read() {
                Ok((of, annotation)) => {
                    assert_eq!((of, annotation.places.len()), (kind, count));
                    "yes"
                }
                Err(Refusal::Invalid(fields)) if fields[0].field == "coordinates" => "no",
                Err(other) => panic!("{other:?}"),
            });
            rows.push([kind.as_str()].into_iter().chain(answers).map(str::to_owned).collect());
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn view_2_the_end_of_an_area_is_not_its_beginning_and_no_place_follows_itself() {
        let (a, b, c) = (at(0, 0), at(0, DEGREE), at(DEGREE, 0));
        assert_eq!(AnnotationKind::Area.check(vec![a, a, b, c, c, a, a]), Ok(vec![a, b, c]));
        assert_eq!(AnnotationKind::Line.check(vec![a, b, b, a]), Ok(vec![a, b, a]));
        assert_eq!(AnnotationKind::Area.check(vec![a, b, a]), Err(FieldIssue::NotSoManyPlaces(3, MAX_PLACES)));
        assert_eq!(AnnotationKind::Line.check(vec![a, a]), Err(FieldIssue::NotSoManyPlaces(2, MAX_PLACES)));
        assert_eq!(AnnotationKind::Point.check(vec![a, a]), Ok(vec![a]));
    }

    #[test]
    fn view_3_every_wrong_field_of_a_drawing_is_told() {
        let long = "x".repeat(2_001);
        let wrong = Draft {
            kind: "circle",
            places: Err(FieldIssue::NotAPlace),
            name: "a\nb",
            description: &long,
            colour: "pink",
            ..draft(AnnotationKind::Point, 1)
        };
        let at = |field, problem| FieldError::new(field, problem);
        let expected = vec![
            at("kind", FieldIssue::NotAChoice),
            at("coordinates", FieldIssue::NotAPlace),
            at("name", FieldIssue::ControlCharacters),
            at("description", FieldIssue::TooLong(2_000)),
            at("colour", FieldIssue::NotAChoice),
        ];
        assert_eq!(wrong.read(), Err(Refusal::Invalid(expected)));
        let missing = Draft { kind: "", ..draft(AnnotationKind::Line, 0) };
        let expected = vec![at("kind", FieldIssue::Missing), at("coordinates", FieldIssue::Missing)];
        assert_eq!(missing.read(), Err(Refusal::Invalid(expected)));
        let fine = Draft {
            name: " Roof ",
            description: "North.\r\n\r\nWet.\n",
            colour: "red",
            ..draft(AnnotationKind::Point, 1)
        };
        let (_, read) = fine.read().expect("it is fine");
        assert_eq!(
            (read.name.as_str(), read.description.as_str(), read.colour),
            ("Roof", "North.\n\nWet.", Colour::Red)
        );
    }

    #[test]
    fn view_2_attack_85_what_is_no_place_on_the_earth_is_refused() {
        for (latitude, longitude) in [
            (f64::NAN, 0.0),
            (0.0, f64::NAN),
            (f64::INFINITY, 0.0),
            (0.0, f64::NEG_INFINITY),
            (90.000_000_001, 0.0),
            (0.0, -180.000_000_001),
            (1e300, 1e300),
            (f64::MAX, f64::MIN),
        ] {
            assert_eq!(place_in_degrees(latitude, longitude), Err(FieldIssue::NotAPlace), "{latitude} {longitude}");
        }
        assert_eq!(place_in_degrees(0.0, 0.0), Ok(at(0, 0)));
        assert_eq!(place_in_degrees(-90.0, 180.0), Ok(at(-90 * DEGREE, 180 * DEGREE)));
        assert_eq!(place(i64::MIN, i64::MAX), Err(FieldIssue::NotAPlace));
        for text in
            ["1", "1,", ",1", "1,2,3", "91,0", "0,181", "NaN,0", "inf,0", "1e3,0", "99999999999999999999,0", "1,x"]
        {
            assert_eq!(Places::read(text), Err(FieldIssue::NotAPlace), "{text}");
        }
        assert_eq!(Places::read(&"1,2 ".repeat(MAX_PLACES + 2)), Err(FieldIssue::NotSoManyPlaces(1, MAX_PLACES)));
        for (text, most, read) in [
            ("", 90, Err(FieldIssue::Missing)),
            (" 46.63456° ", 90, Ok(46_634_560_000)),
            ("-90", 90, Ok(-90 * DEGREE)),
            ("90.1", 90, Err(FieldIssue::NotDegrees(90))),
            ("north", 180, Err(FieldIssue::NotDegrees(180))),
        ] {
            assert_eq!(typed_degrees(text, most), read, "{text}");
        }
    }

    #[test]
    fn view_5_a_point_is_typed_into_a_form() {
        let typed = TypedPoint { latitude: "46.63456", longitude: "-8.5", name: "Crack", description: "" };
        let (kind, read) = typed.read().expect("a point");
        assert_eq!(
            (kind, read.places, read.name.as_str()),
            (AnnotationKind::Point, vec![at(46_634_560_000, -8_500_000_000)], "Crack")
        );
        let wrong = TypedPoint { latitude: "91", longitude: "", name: "a\nb", ..typed };
        let told = |field, problem| FieldError::new(field, problem);
        let expected = vec![
            told("latitude", FieldIssue::NotDegrees(90)),
            told("longitude", FieldIssue::Missing),
            told("name", FieldIssue::ControlCharacters),
        ];
        assert_eq!(wrong.read(), Err(Refusal::Invalid(expected)));
        let unnamed = TypedPoint { latitude: "north", name: "", ..typed };
        assert_eq!(unnamed.read(), Err(Refusal::field("latitude", FieldIssue::NotDegrees(90))));
        let long = "x".repeat(256);
        let named = TypedPoint { name: &long, ..typed };
        assert_eq!(named.read(), Err(Refusal::field("name", FieldIssue::TooLong(255))));
    }

    #[test]
    fn view_2_places_are_written_exactly() {
        let places = Places(vec![at(46_634_560_001, -8_500_000_000), at(0, 180 * DEGREE), at(-1, 7)]);
        assert_eq!(places.text(), "46.634560001,-8.5 0,180 -0.000000001,0.000000007");
        assert_eq!(Places::read(&places.text()), Ok(places));
        assert_eq!(Places::read(" \n"), Ok(Places::default()));
    }

    #[test]
    fn view_3_a_dataset_has_so_many_drawings_and_places_at_most() {
        assert_eq!(may_add((MAX_ANNOTATIONS - 1, 1), (MAX_ALL_PLACES - 5, 5)), Ok(()));
        for (annotations, places, words) in [
            ((MAX_ANNOTATIONS, 1), (0, 1), "1,000 annotations"),
            ((1, 1), (MAX_ALL_PLACES, 1), "100,000 places"),
            ((1, usize::MAX), (1, usize::MAX), "1,000 annotations"),
        ] {
            let refusal = may_add(annotations, places).expect_err("too many").to_string();
            assert!(refusal.contains(words) && refusal.contains("Delete"), "{refusal}");
        }
    }

    #[test]
    fn role_4_lic_6_view_3_whose_drawings_are_saved_and_what_the_others_are_told() {
        let mut rows = vec![row(["role", "granted", "licence", "what is drawn"])];
        let roles =
            [Some(Role::Owner), Some(Role::Manager), Some(Role::Editor), Some(Role::Reader), Some(Role::Member), None];
        for role in roles {
            for granted in [None].into_iter().chain(Level::ALL.map(Some)) {
                let facts = AccessFacts {
                    resource: ResourceId(id(1)),
                    organization: OrganizationId(id(2)),
                    role,
                    grants: granted.into_iter().collect(),
                    restrictions: Restrictions::default(),
                };
                if facts.level().is_none() {
                    continue;
                }
                for licensed in [true, false] {
                    let words = match save_control(not_saved(&facts, licensed)) {
                        Control::Enabled => "saved".to_owned(),
                        Control::Disabled(why) => why,
                        Control::Absent => "absent".to_owned(),
                    };
                    let names = [
                        role.map_or("External", Role::label),
                        granted.map_or("none", Level::label),
                        if licensed { "active" } else { "expired" },
                        words.trim_start_matches("You can measure and draw. "),
                    ];
                    rows.push(row(names));
                }
            }
        }
        insta::assert_snapshot!(table(&rows));
        let link = save_control(Some(NotSaved::Link));
        assert_eq!(
            link,
            Control::Disabled("You can measure and draw. Nothing is saved: you are here by a link.".to_owned())
        );
    }

    #[test]
    fn view_3_a_drawing_without_a_name_is_called_by_its_kind() {
        assert_eq!(AnnotationKind::Area.called("Roof"), "“Roof”");
        assert_eq!(AnnotationKind::ALL.map(|kind| kind.called("")), ["a point", "a line", "an area", "a text"]);
    }

    proptest! {
        #[test]
        fn view_2_places_are_read_as_they_are_written(
            places in proptest::collection::vec((-90 * DEGREE..=90 * DEGREE, -180 * DEGREE..=180 * DEGREE), 0..40),
        ) {
            let places = Places(places.into_iter().map(|(latitude, longitude)| at(latitude, longitude)).collect());
            prop_assert_eq!(Places::read(&places.text()), Ok(places));
        }

        #[test]
        fn view_2_attack_85_whatever_is_sent_as_places_is_read_or_refused(text in "[-+0-9.,eE/ NaInf]{0,60}") {
            if let Ok(Places(places)) = Places::read(&text) {
                for kind in AnnotationKind::ALL {
                    let measured = kind.measure(&places);
                    prop_assert!(measured.length.is_none_or(f64::is_finite) && measured.area.is_none_or(f64::is_finite));
                }
            }
        }
    }
}
