//! Drawings as GeoJSON (RFC 7946) and as CSV with WKT (VIEW-3): written here, so that the browser writes temporary ones as the server
//! writes saved ones. Reading is the server's.

use super::{
    annotation::{Annotation, AnnotationKind, degrees, plain_decimal},
    geo::whole,
    measure::signed_area,
    photo::Position,
    spreadsheet::escape_formula,
    time::Timestamp,
};

/// The media type of GeoJSON.
pub const MEDIA: &str = "application/geo+json";

/// A drawing in a file.
#[derive(Clone, Copy, Debug)]
pub struct Exported<'a> {
    /// `None` where it was not saved.
    pub number: Option<i64>,
    pub kind: AnnotationKind,
    pub annotation: &'a Annotation,
    /// A name.
    pub created_by: Option<&'a str>,
    pub created_at: Option<Timestamp>,
    pub modified_at: Option<Timestamp>,
}

/// Drawings as one collection of features.
pub fn to_geojson<'a>(drawings: impl IntoIterator<Item = Exported<'a>>) -> String {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    let mut between = "\n";
    for drawing in drawings {
        text.push_str(between);
        between = ",\n";
        feature(&mut text, &drawing);
    }
    text.push_str("\n]}\n");
    text
}

fn put(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

fn feature(text: &mut String, drawing: &Exported<'_>) {
    let Exported { kind, annotation, .. } = *drawing;
    text.push_str("{\"type\":\"Feature\",");
    if let Some(number) = drawing.number {
        put(text, &["\"id\":", &number.to_string(), ","]);
    }
    text.push_str("\"geometry\":");
    geometry(text, kind, &annotation.places);
    text.push_str(",\"properties\":{");
    let measured = kind.measure(&annotation.places);
    let time = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let texts = [
        ("kind", Some(kind.as_str().to_owned())),
        ("name", Some(annotation.name.clone())),
        ("description", Some(annotation.description.clone())),
        ("colour", Some(annotation.colour.as_str().to_owned())),
        ("created_by", drawing.created_by.map(str::to_owned)),
        ("created_at", time(drawing.created_at)),
        ("modified_at", time(drawing.modified_at)),
    ];
    let mut between = "";
    for (name, value) in texts.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value))) {
        put(text, &[between, "\"", name, "\":"]);
        quoted(text, value);
        between = ",";
    }
    let numbers = [("length_m", measured.length), ("area_m2", measured.area)];
    for (name, value) in numbers.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
        put(text, &[",\"", name, "\":", &thousandths(value)]);
    }
    text.push_str("}}");
}

/// A number to a thousandth.
pub fn thousandths(value: f64) -> String {
    plain_decimal(whole(value * 1e3), 3)
}

/// A text between quotes.
fn quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => put(text, &["\\u", &format!("{:04x}", u32::from(c))]),
            c => text.push(c),
        }
    }
    text.push('"');
}

fn geometry(text: &mut String, kind: AnnotationKind, places: &[Position]) {
    let (word, open, close) = match kind {
        AnnotationKind::Point | AnnotationKind::Text => ("Point", "", ""),
        AnnotationKind::Line => ("LineString", "[", "]"),
        AnnotationKind::Area => ("Polygon", "[[", "]]"),
    };
    put(text, &["{\"type\":\"", word, "\",\"coordinates\":", open]);
    let mut between = "";
    for place in written(kind, places) {
        put(text, &[between, "[", &degrees(place.longitude), ",", &degrees(place.latitude), "]"]);
        between = ",";
    }
    put(text, &[close, "}"]);
}

/// Places as files have them: an area goes counterclockwise and ends where it begins.
fn written(kind: AnnotationKind, places: &[Position]) -> Vec<Position> {
    let mut places = places.to_vec();
    if kind == AnnotationKind::Area {
        if signed_area(&places) < 0.0 {
            places.reverse();
        }
        places.extend(places.first().copied());
    }
    places
}

/// The columns of [`to_csv`].
const COLUMNS: &str = "number,kind,name,description,colour,wkt,length_m,area_m2,created_by,created_at,modified_at\n";

/// Drawings as CSV: where each is stands there as WKT, lengths and areas in metres. What people wrote is no formula (attack 86).
pub fn to_csv<'a>(drawings: impl IntoIterator<Item = Exported<'a>>) -> String {
    // The first character tells Excel that the text is UTF-8.
    let mut text = format!("\u{FEFF}{COLUMNS}");
    for Exported { number, kind, annotation, created_by, created_at, modified_at } in drawings {
        let measured = kind.measure(&annotation.places);
        let metres = |value: Option<f64>| value.map(thousandths).unwrap_or_default();
        let time = |at: Option<Timestamp>| at.map(Timestamp::rfc3339).unwrap_or_default();
        let cells = [
            number.map(|number| number.to_string()).unwrap_or_default(),
            kind.as_str().to_owned(),
            escape_formula(annotation.name.clone()),
            escape_formula(annotation.description.clone()),
            annotation.colour.as_str().to_owned(),
            to_wkt(kind, &annotation.places),
            metres(measured.length),
            metres(measured.area),
            escape_formula(created_by.unwrap_or_default().to_owned()),
            time(created_at),
            time(modified_at),
        ];
        let mut between = "";
        for cell in &cells {
            text.push_str(between);
            between = ",";
            if cell.contains([',', '"', '\n', '\r']) {
                put(&mut text, &["\"", &cell.replace('"', "\"\""), "\""]);
            } else {
                text.push_str(cell);
            }
        }
        text.push('\n');
    }
    text
}

/// Where a drawing is, as tables of geographic programs have it: `POINT (8.59123 46.63456)`.
fn to_wkt(kind: AnnotationKind, places: &[Position]) -> String {
    let pairs = written(kind, places);
    let pairs = pairs.iter().map(|place| format!("{} {}", degrees(place.longitude), degrees(place.latitude)));
    let pairs = pairs.collect::<Vec<_>>().join(", ");
    match kind {
        AnnotationKind::Point | AnnotationKind::Text => format!("POINT ({pairs})"),
        AnnotationKind::Line => format!("LINESTRING ({pairs})"),
        AnnotationKind::Area => format!("POLYGON (({pairs}))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::annotation::Colour;

    fn annotation(places: &[(i64, i64)], name: &str) -> Annotation {
        Annotation {
            places: places
                .iter()
                .map(|(latitude, longitude)| Position {
                    latitude: latitude * 1_000_000,
                    longitude: longitude * 1_000_000,
                })
                .collect(),
            name: name.to_owned(),
            description: String::new(),
            colour: Colour::Red,
        }
    }

    #[test]
    fn view_3_drawings_are_written_as_geojson_with_what_was_measured() {
        let (point, area) =
            (annotation(&[(46_634, -8_590)], "</script>\"\\\u{1}"), annotation(&[(0, 0), (1, 0), (1, 1)], ""));
        let saved = Exported {
            number: Some(7),
            kind: AnnotationKind::Text,
            annotation: &point,
            created_by: Some("Anna Muster"),
            created_at: Some(Timestamp(0)),
            modified_at: Some(Timestamp(1_000)),
        };
        let drawn = Exported {
            number: None,
            kind: AnnotationKind::Area,
            annotation: &area,
            created_by: None,
            created_at: None,
            modified_at: None,
        };
        insta::assert_snapshot!(to_geojson([saved, drawn]));
        assert_eq!(to_geojson([]), "{\"type\":\"FeatureCollection\",\"features\":[\n]}\n");
    }

    #[test]
    fn view_3_attack_86_drawings_that_were_not_saved_are_written_as_csv_without_formulas() {
        let mut line = annotation(&[(0, 0), (1, 0)], "=HYPERLINK(\"a\")");
        line.description = "North, wet\nand cold".to_owned();
        let drawn = Exported {
            number: None,
            kind: AnnotationKind::Line,
            annotation: &line,
            created_by: None,
            created_at: None,
            modified_at: None,
        };
        let saved = Exported { number: Some(7), created_by: Some("Anna"), created_at: Some(Timestamp(0)), ..drawn };
        let text = to_csv([drawn, saved]);
        let rows =
            "line,\"'=HYPERLINK(\"\"a\"\")\",\"North, wet\nand cold\",red,\"LINESTRING (0 0, 0 0.001)\",110.574,,";
        let expected = format!("\u{FEFF}{COLUMNS},{rows},,\n7,{rows}Anna,1970-01-01T00:00:00.000Z,\n");
        assert_eq!(text, expected);
        assert_eq!(to_csv([]), format!("\u{FEFF}{COLUMNS}"));
    }

    #[test]
    fn view_3_where_drawings_are_is_written_for_tables() {
        let places = annotation(&[(0, 0), (1, 0), (1, 1)], "").places;
        assert_eq!(to_wkt(AnnotationKind::Point, &places[..1]), "POINT (0 0)");
        assert_eq!(to_wkt(AnnotationKind::Line, &places), "LINESTRING (0 0, 0 0.001, 0.001 0.001)");
        // Counterclockwise, and closed.
        assert_eq!(to_wkt(AnnotationKind::Area, &places), "POLYGON ((0.001 0.001, 0 0.001, 0 0, 0.001 0.001))");
        assert_eq!(
            [0.0, 1.234_5, 12.0, -0.5, 510_065_621_724_088.0].map(thousandths),
            ["0", "1.235", "12", "-0.5", "510065621724088"]
        );
    }
}
