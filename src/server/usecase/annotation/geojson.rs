//! Reading GeoJSON (RFC 7946) that people import (VIEW-3).
//!
//! A feature becomes one annotation; one of several parts becomes one for each part. Heights are left out. What is not understood is
//! refused, and named by the number of its feature.

use serde_json::{Map, Value};

use crate::domain::{
    annotation::{Annotation, AnnotationKind, Draft, MAX_ANNOTATIONS, may_add, place_in_degrees},
    photo::Position,
    refusal::Refusal,
    text::{FieldError, FieldIssue},
};

/// How many problems are told at most.
const MAX_PROBLEMS: usize = 20;

type New = Vec<(AnnotationKind, Annotation)>;

/// Beyond so many degrees a number is no slip of the pen but metres of a national grid.
const NO_DEGREES: f64 = 360.0;

/// What GeoJSON holds, as annotations.
///
/// # Errors
/// `BadRequest` for what is no GeoJSON in WGS 84, or nothing, or too much; `Invalid` with the problems of features.
pub(super) fn read(bytes: &[u8]) -> Result<New, Refusal> {
    let refused = |text: &str| Refusal::BadRequest(text.to_owned());
    let bytes = bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes).map_err(|error| {
        Refusal::BadRequest(format!("This is not GeoJSON: it is not JSON from line {} on.", error.line().max(1)))
    })?;
    let no_geojson =
        || refused("This is not GeoJSON. Choose a file with a FeatureCollection, a Feature or a geometry.");
    let word = root.get("type").and_then(Value::as_str).unwrap_or_default();
    if !is_wgs84(&root) {
        return Err(not_degrees("This file is in another coordinate system."));
    }
    let nothing = Map::new();
    let features: Vec<(&Value, &Map<String, Value>)> = match word {
        "FeatureCollection" => {
            let features = root.get("features").and_then(Value::as_array).ok_or_else(no_geojson)?;
            features.iter().map(|feature| parts_of(feature, &nothing)).collect()
        }
        "Feature" => vec![parts_of(&root, &nothing)],
        _ if root.get("coordinates").is_some() => vec![(&root, &nothing)],
        _ => return Err(no_geojson()),
    };
    if features.is_empty() {
        return Err(refused("There is nothing to import: this GeoJSON has no features."));
    }
    may_add((0, features.len()), (0, 0))?;
    let (mut new, mut wrong) = (New::new(), Vec::new());
    for (at, (geometry, properties)) in features.into_iter().enumerate() {
        if let Err(problems) = feature(geometry, properties, &mut new) {
            if let Some((first, second)) = first_place(geometry.get("coordinates"))
                && (first.abs() > NO_DEGREES || second.abs() > NO_DEGREES)
            {
                // Other numbers than those of a grid would fill the screen.
                let (first, second) = (first.clamp(-1e9, 1e9), second.clamp(-1e9, 1e9));
                let what = format!("Feature {} is at {first}, {second}, which is no longitude and latitude.", at + 1);
                return Err(not_degrees(&what));
            }
            let named = problems.into_iter().map(|FieldError { field, problem }| {
                let member = if field == GEOMETRY { GEOMETRY.to_owned() } else { format!("properties.{field}") };
                FieldError {
                    problem: FieldIssue::OfFeature(at + 1, field, Box::new(problem)),
                    field: format!("features[{at}].{member}"),
                }
            });
            wrong.extend(named);
        }
        if wrong.len() >= MAX_PROBLEMS {
            break;
        }
        if new.len() > MAX_ANNOTATIONS {
            may_add((0, new.len()), (0, 0))?;
        }
    }
    wrong.truncate(MAX_PROBLEMS);
    if wrong.is_empty() { Ok(new) } else { Err(Refusal::Invalid(wrong)) }
}

/// The refusal of places that are not in degrees, with what to do about it.
fn not_degrees(what: &str) -> Refusal {
    Refusal::BadRequest(format!(
        "{what} The coordinates have to be longitudes and latitudes in degrees, not metres of a national grid such as LV95 or UTM. \
         Export the file again in the coordinate system WGS 84 (EPSG:4326). In QGIS, choose Export, Save Features As, and there \
         the CRS EPSG:4326."
    ))
}

/// The first two numbers of coordinates, however deep they are.
fn first_place(coordinates: Option<&Value>) -> Option<(f64, f64)> {
    let mut list = coordinates?.as_array()?;
    while let Some(Value::Array(inner)) = list.first() {
        list = inner;
    }
    Some((list.first()?.as_f64()?, list.get(1)?.as_f64()?))
}

const GEOMETRY: &str = "geometry";

fn parts_of<'a>(feature: &'a Value, nothing: &'a Map<String, Value>) -> (&'a Value, &'a Map<String, Value>) {
    let properties = feature.get("properties").and_then(Value::as_object).unwrap_or(nothing);
    (feature.get(GEOMETRY).unwrap_or(&Value::Null), properties)
}

/// Whether places are in degrees of WGS 84. Today's GeoJSON always is; older programs say so.
fn is_wgs84(root: &Value) -> bool {
    let Some(crs) = root.get("crs").filter(|crs| !crs.is_null()) else { return true };
    let name = crs.get("properties").and_then(|of| of.get("name")).and_then(Value::as_str).unwrap_or_default();
    name.ends_with("CRS84") || name.ends_with(":4326")
}

/// A property as text: the first of these that is there.
fn text(properties: &Map<String, Value>, names: &[&str]) -> String {
    match names.iter().find_map(|name| properties.get(*name).filter(|value| !value.is_null())) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => String::new(),
    }
}

/// Adds what a feature is.
fn feature(geometry: &Value, properties: &Map<String, Value>, new: &mut New) -> Result<(), Vec<FieldError>> {
    let shapes = shapes(geometry).map_err(|problem| vec![FieldError::new(GEOMETRY, problem)])?;
    let (name, description) =
        (text(properties, &["name", "Name", "title"]), text(properties, &["description", "Description"]));
    let (colour, of_kind) = (text(properties, &["colour"]), text(properties, &["kind"]));
    for (kind, places) in shapes {
        // A text is a point as well.
        let is_text = kind == AnnotationKind::Point && of_kind == AnnotationKind::Text.as_str();
        let kind = if is_text { AnnotationKind::Text } else { kind };
        let draft = Draft {
            kind: kind.as_str(),
            places_field: GEOMETRY,
            places: Ok(places),
            name: &name,
            description: &description,
            colour: &colour,
        };
        match draft.read() {
            Ok(read) => new.push(read),
            Err(Refusal::Invalid(problems)) => return Err(problems),
            Err(_) => return Err(vec![FieldError::new(GEOMETRY, FieldIssue::NotAShape)]),
        }
    }
    Ok(())
}

/// The shapes of a geometry.
fn shapes(geometry: &Value) -> Result<Vec<(AnnotationKind, Vec<Position>)>, FieldIssue> {
    let coordinates = geometry.get("coordinates").ok_or(FieldIssue::NotAShape)?;
    let list = |value: &Value| -> Result<Vec<Value>, FieldIssue> {
        Ok(value.as_array().ok_or(FieldIssue::NotAShape)?.clone())
    };
    let point = |value: &Value| Ok((AnnotationKind::Point, vec![position(value)?]));
    let line = |value: &Value| Ok((AnnotationKind::Line, line(value)?));
    let area = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([ring]) => Ok((AnnotationKind::Area, self::line(ring)?)),
        // What has holes would be as large as if it had none.
        _ => Err(FieldIssue::NotAShape),
    };
    match geometry.get("type").and_then(Value::as_str).unwrap_or_default() {
        "Point" => Ok(vec![point(coordinates)?]),
        "LineString" => Ok(vec![line(coordinates)?]),
        "Polygon" => Ok(vec![area(coordinates)?]),
        "MultiPoint" => list(coordinates)?.iter().map(point).collect(),
        "MultiLineString" => list(coordinates)?.iter().map(line).collect(),
        "MultiPolygon" => list(coordinates)?.iter().map(area).collect(),
        _ => Err(FieldIssue::NotAShape),
    }
}

fn line(value: &Value) -> Result<Vec<Position>, FieldIssue> {
    value.as_array().ok_or(FieldIssue::NotAShape)?.iter().map(position).collect()
}

/// A place: a longitude, a latitude, and perhaps a height.
fn position(value: &Value) -> Result<Position, FieldIssue> {
    match value.as_array().map(Vec::as_slice) {
        Some([longitude, latitude, ..]) => match (longitude.as_f64(), latitude.as_f64()) {
            (Some(longitude), Some(latitude)) => place_in_degrees(latitude, longitude),
            _ => Err(FieldIssue::NotAPlace),
        },
        _ => Err(FieldIssue::NotAPlace),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        annotation::Colour,
        geojson::{Exported, to_geojson},
    };

    fn kinds(text: &str) -> Vec<(AnnotationKind, usize, String)> {
        let read = read(text.as_bytes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        read.into_iter().map(|(kind, annotation)| (kind, annotation.places.len(), annotation.name)).collect()
    }

    fn feature(geometry: &str, properties: &str) -> String {
        format!("{{\"type\":\"Feature\",\"geometry\":{geometry},\"properties\":{properties}}}")
    }

    const POINT: &str = r#"{"type":"Point","coordinates":[8.5,46.6,1200.5]}"#;
    const RING: &str = "[[0,0],[1,0],[1,1],[0,0]]";

    #[test]
    fn view_3_what_other_programs_write_is_imported() {
        use AnnotationKind::{Area, Line, Point, Text};
        assert_eq!(kinds(&format!("\u{FEFF}{POINT}")), [(Point, 1, String::new())]);
        assert_eq!(kinds(&feature(POINT, "null")), [(Point, 1, String::new())]);
        assert_eq!(
            kinds(&feature(POINT, r#"{"kind":"text","name":"Here","stroke":"pink"}"#)),
            [(Text, 1, "Here".to_owned())]
        );
        assert_eq!(kinds(&feature(POINT, r#"{"Name":7,"kind":"area"}"#)), [(Point, 1, "7".to_owned())]);
        let polygon = format!(r#"{{"type":"Polygon","coordinates":[{RING}]}}"#);
        assert_eq!(kinds(&feature(&polygon, "{}")), [(Area, 3, String::new())]);
        let parts = format!(r#"{{"type":"MultiPolygon","coordinates":[[{RING}],[{RING}]]}}"#);
        assert_eq!(kinds(&feature(&parts, r#"{"name":"R"}"#)), [(Area, 3, "R".to_owned()), (Area, 3, "R".to_owned())]);
        let lines = format!(r#"{{"type":"MultiLineString","coordinates":[{RING}]}}"#);
        assert_eq!(kinds(&feature(&lines, "{}")), [(Line, 4, String::new())]);
        let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}}"#;
        let all = format!(
            r#"{{"type":"FeatureCollection",{crs},"features":[{},{}]}}"#,
            feature(POINT, "{}"),
            feature(&polygon, "{}")
        );
        assert_eq!(kinds(&all).len(), 2);
    }

    #[test]
    fn view_3_attack_85_what_cannot_be_imported_is_named_by_its_feature() {
        let (fine, wrong) = (feature(POINT, "{}"), feature("null", "{}"));
        let long = format!(r#"{{"name":"{}","colour":"pink"}}"#, "x".repeat(256));
        let holes = feature(&format!(r#"{{"type":"Polygon","coordinates":[{RING},{RING}]}}"#), "{}");
        let off = feature(r#"{"type":"Point","coordinates":[8.5,91]}"#, "{}");
        let short = feature(r#"{"type":"LineString","coordinates":[[1,2],[1,2]]}"#, "{}");
        let all = [fine, wrong, feature(POINT, &long), holes, off, short].join(",");
        let refused = read(format!(r#"{{"type":"FeatureCollection","features":[{all}]}}"#).as_bytes());
        let Err(Refusal::Invalid(fields)) = refused else { panic!("{refused:?}") };
        let told: Vec<(&str, String)> = fields.iter().map(|error| (error.field.as_str(), error.words())).collect();
        let shape = "This shape cannot be imported. Use points, lines and areas without holes.";
        let expected = [
            ("features[1].geometry", format!("Feature 2, geometry: {shape}")),
            ("features[2].properties.name", "Feature 3, name: Use at most 255 characters.".to_owned()),
            ("features[2].properties.colour", "Feature 3, colour: Choose one of the listed values.".to_owned()),
            ("features[3].geometry", format!("Feature 4, geometry: {shape}")),
            ("features[4].geometry", format!("Feature 5, geometry: {}", FieldIssue::NotAPlace)),
            ("features[5].geometry", "Feature 6, geometry: Give from 2 to 10,000 places.".to_owned()),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn view_3_attack_85_what_is_no_geojson_is_refused_whatever_it_is() {
        let many = vec![feature(POINT, "{}"); MAX_ANNOTATIONS + 1].join(",");
        let points = vec!["[1,1]"; MAX_ANNOTATIONS + 1].join(",");
        for (text, words) in [
            (String::new(), "not JSON"),
            ("{\n\"type\":".to_owned(), "from line 2"),
            (r#"{"type":"Point","coordinates":[NaN,1]}"#.to_owned(), "not JSON"),
            (r#"{"type":"Point","coordinates":[1e999,1]}"#.to_owned(), "not JSON"),
            ("[".repeat(100_000), "not JSON"),
            ("\u{FFFD}\u{0}".to_owned(), "not JSON"),
            ("[]".to_owned(), "FeatureCollection"),
            ("null".to_owned(), "FeatureCollection"),
            (r#"{"type":"FeatureCollection"}"#.to_owned(), "FeatureCollection"),
            (r#"{"type":"FeatureCollection","features":{}}"#.to_owned(), "FeatureCollection"),
            (r#"{"type":"Topology","objects":{}}"#.to_owned(), "FeatureCollection"),
            (r#"{"type":"FeatureCollection","features":[]}"#.to_owned(), "no features"),
            (format!(r#"{{"type":"FeatureCollection","features":[{many}]}}"#), "1,000 annotations"),
            (feature(&format!(r#"{{"type":"MultiPoint","coordinates":[{points}]}}"#), "{}"), "1,000 annotations"),
            (
                r#"{"type":"FeatureCollection","features":[],"crs":{"type":"name","properties":{"name":"EPSG:2056"}}}"#
                    .to_owned(),
                "WGS 84",
            ),
        ] {
            match read(text.as_bytes()) {
                Err(Refusal::BadRequest(told)) => assert!(told.contains(words), "{told}"),
                other => panic!("{}: {other:?}", text.chars().take(80).collect::<String>()),
            }
        }
        for geometry in [
            "7",
            "{}",
            r#"{"type":"Point"}"#,
            r#"{"type":"Point","coordinates":{}}"#,
            r#"{"type":"Point","coordinates":[]}"#,
            r#"{"type":"Point","coordinates":["8","46"]}"#,
            r#"{"type":"LineString","coordinates":[[[1,2]]]}"#,
            r#"{"type":"Polygon","coordinates":[]}"#,
            r#"{"type":"MultiPolygon","coordinates":7}"#,
            r#"{"type":"GeometryCollection","geometries":[]}"#,
            r#"{"type":"Circle","coordinates":[1,2]}"#,
        ] {
            assert!(matches!(read(feature(geometry, "{}").as_bytes()), Err(Refusal::Invalid(_))), "{geometry}");
        }
        let long = vec!["[1,1],[2,2]"; 5_001].join(",");
        let long = feature(&format!(r#"{{"type":"LineString","coordinates":[{long}]}}"#), "{}");
        assert!(matches!(read(long.as_bytes()), Err(Refusal::Invalid(_))), "10,002 places");
    }

    #[test]
    fn view_3_metres_of_a_national_grid_are_told_from_degrees_with_what_to_do() {
        let grids = [
            (r#"{"type":"Point","coordinates":[2600000.5,1200000]}"#, "2600000.5, 1200000"),
            (r#"{"type":"MultiPolygon","coordinates":[[[[500000,5166000],[500010,5166000]]]]}"#, "500000, 5166000"),
            (r#"{"type":"Point","coordinates":[1e300,-1e300]}"#, "1000000000, -1000000000"),
        ];
        for (geometry, place) in grids {
            let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, feature(geometry, "{}"));
            let Err(Refusal::BadRequest(told)) = read(text.as_bytes()) else { panic!("{geometry}") };
            assert!(told.starts_with("Feature 1 is at ") && told.contains(place), "{told}");
            assert!(told.contains("LV95") && told.contains("WGS 84 (EPSG:4326)"), "{told}");
        }
        // A slip is told as the problem of its feature.
        let slip = feature(r#"{"type":"Point","coordinates":[8.5,91]}"#, "{}");
        assert!(matches!(read(slip.as_bytes()), Err(Refusal::Invalid(_))));
    }

    fn annotations() -> impl Strategy<Value = (AnnotationKind, Annotation)> {
        let nano = |degrees: i64| -degrees * 1_000_000_000..=degrees * 1_000_000_000;
        let places = proptest::collection::vec((nano(90), nano(180)), 3..12);
        let kind = proptest::sample::select(&AnnotationKind::ALL[..]);
        let colour = proptest::sample::select(&Colour::ALL[..]);
        (kind, places, "[a-zA-Z\"\\\\<>&äß测🙂 ]{0,20}", "[a-z\"\\\\\n]{0,20}", colour).prop_filter_map(
            "a drawing",
            |(kind, places, name, description, colour)| {
                let most = if kind.places().1 == 1 { 1 } else { places.len() };
                let places = places[..most]
                    .iter()
                    .map(|(latitude, longitude)| Position { latitude: *latitude, longitude: *longitude });
                let draft = Draft {
                    kind: kind.as_str(),
                    places_field: GEOMETRY,
                    places: Ok(places.collect()),
                    name: &name,
                    description: &description,
                    colour: colour.as_str(),
                };
                draft.read().ok()
            },
        )
    }

    proptest! {
        /// Degrees are read as fractions, which are exact to less than a nanodegree.
        #[test]
        fn view_3_what_is_exported_is_imported_as_it_was(drawn in proptest::collection::vec(annotations(), 1..6)) {
            let exported = drawn.iter().map(|(kind, annotation)| Exported {
                number: Some(1), kind: *kind, annotation, created_by: Some("A \"B\""), created_at: None, modified_at: None,
            });
            let read = read(to_geojson(exported).as_bytes()).expect("what we write");
            prop_assert_eq!(read.len(), drawn.len());
            for ((kind, before), (of, after)) in drawn.iter().zip(&read) {
                prop_assert_eq!((kind, &before.name, &before.description, before.colour), (of, &after.name, &after.description, after.colour));
                // An area may go the other way round.
                let mut places = after.places.clone();
                if places != before.places {
                    places.reverse();
                }
                prop_assert_eq!(&places, &before.places);
            }
        }
    }
}
