//! Photos as rows of CSV and as features of GeoJSON.

use std::{collections::HashMap, io::Write};

use serde_json::{Value, json};

use super::Ended;
use crate::domain::{
    geo::{Point, float},
    photo::CaptureTime,
    qc::QcReport,
    spreadsheet::{BYTE_ORDER_MARK, escape_formula},
    survey::{Survey, SurveyPhoto},
};

/// In which flight and in which of its lines photos were taken; both begin with 1.
struct Numbers(HashMap<usize, (usize, Option<usize>)>);

impl Numbers {
    fn of(survey: &Survey<'_>) -> Self {
        let mut numbers = HashMap::new();
        for (flight, of) in (1..).zip(&survey.flights) {
            numbers.extend(of.photos.iter().map(|index| (*index, (flight, None))));
            for (line, of) in (1..).zip(&of.lines) {
                // Where a line turns on the spot, its last photo is the first of the next.
                for index in of {
                    if let Some((_, place @ None)) = numbers.get_mut(index) {
                        *place = Some(line);
                    }
                }
            }
        }
        Self(numbers)
    }

    fn flight(&self, index: usize) -> Option<usize> {
        self.0.get(&index).map(|(flight, _)| *flight)
    }

    fn line(&self, index: usize) -> Option<usize> {
        self.0.get(&index).and_then(|(_, line)| *line)
    }
}

/// A measure in thousandths as a decimal number.
fn thousandths(value: Option<i64>) -> Option<f64> {
    value.map(|value| float(value) / 1_000.0)
}

fn ground_sample_cm(survey: &Survey<'_>, index: usize) -> Option<f64> {
    survey.sample(index).map(|metres| (metres * 10_000.0).round() / 100.0)
}

/// Cells that are numbers stay numbers; what is missing is empty.
fn cell(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn degrees(nano: i64) -> f64 {
    float(nano) / 1e9
}

fn csv_error(error: csv::Error) -> Ended {
    Ended::Files(error.into())
}

/// Writes `photos.csv`: a row for every photo.
pub fn write_photos_csv(survey: &Survey<'_>, mut out: impl Write) -> Result<(), Ended> {
    out.write_all(BYTE_ORDER_MARK)?;
    let mut csv = csv::Writer::from_writer(out);
    let header = [
        "number",
        "path",
        "taken",
        "latitude",
        "longitude",
        "altitude_m",
        "height_above_ground_m",
        "yaw",
        "pitch",
        "roll",
        "accuracy_m",
        "camera",
        "serial",
        "width",
        "height",
        "focal_length_mm",
        "focal_length_35mm",
        "ground_sample_cm",
        "flight",
        "line",
        "placed",
        "problem",
    ];
    csv.write_record(header).map_err(csv_error)?;
    let numbers = Numbers::of(survey);
    for (index, photo) in survey.photos.iter().enumerate() {
        let (facts, measured) = (&photo.facts, photo.measured());
        csv.write_record([
            photo.number.to_string(),
            escape_formula(photo.path.clone()),
            cell(facts.taken.map(CaptureTime::iso)),
            cell(facts.position.map(|at| degrees(at.latitude))),
            cell(facts.position.map(|at| degrees(at.longitude))),
            cell(thousandths(facts.altitude_mm)),
            cell(thousandths(facts.height_mm)),
            cell(thousandths(facts.yaw_mdeg)),
            cell(thousandths(facts.pitch_mdeg)),
            cell(thousandths(facts.roll_mdeg)),
            cell(thousandths(facts.accuracy_mm)),
            escape_formula(facts.camera().unwrap_or_default()),
            escape_formula(facts.serial.clone().unwrap_or_default()),
            cell(measured.map(|measured| measured.width)),
            cell(measured.map(|measured| measured.height)),
            cell(thousandths(facts.focal_um)),
            cell(thousandths(facts.focal35_um)),
            cell(ground_sample_cm(survey, index)),
            cell(numbers.flight(index)),
            cell(numbers.line(index)),
            survey.view(index).is_some().to_string(),
            escape_formula(photo.opened.as_ref().err().cloned().unwrap_or_default()),
        ])
        .map_err(csv_error)?;
    }
    Ok(csv.flush()?)
}

/// Writes features one by one, so that they are never all in memory.
fn write_features(mut out: impl Write, features: impl Iterator<Item = Value>) -> Result<(), Ended> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    for (at, feature) in features.enumerate() {
        out.write_all(if at == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut out, &feature).map_err(std::io::Error::from)?;
    }
    Ok(out.write_all(b"\n]}\n")?)
}

fn properties(survey: &Survey<'_>, numbers: &Numbers, index: usize, photo: &SurveyPhoto) -> Value {
    let facts = &photo.facts;
    json!({
        "number": photo.number,
        "path": photo.path,
        "taken": facts.taken.map(CaptureTime::iso),
        "camera": facts.camera(),
        "height_above_ground_m": thousandths(facts.height_mm),
        "yaw": thousandths(facts.yaw_mdeg),
        "pitch": thousandths(facts.pitch_mdeg),
        "ground_sample_cm": ground_sample_cm(survey, index),
        "flight": numbers.flight(index),
        "line": numbers.line(index),
    })
}

/// Writes `photos.geojson`: a point for every photo with a position.
pub fn write_photos_geojson(survey: &Survey<'_>, out: impl Write) -> Result<(), Ended> {
    let numbers = Numbers::of(survey);
    let features = survey.photos.iter().enumerate().filter_map(|(index, photo)| {
        let at = photo.facts.position?;
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "Point", "coordinates": [degrees(at.longitude), degrees(at.latitude)] },
            "properties": properties(survey, &numbers, index, photo),
        }))
    });
    write_features(out, features)
}

/// Writes `footprints.geojson`: what each photo sees, if that is known.
pub fn write_footprints(survey: &Survey<'_>, out: impl Write) -> Result<(), Ended> {
    let numbers = Numbers::of(survey);
    let features = survey.placed().filter_map(|(index, view)| {
        let photo = survey.photos.get(index)?;
        let place = |corner: Point| survey.degrees(corner).map(|(latitude, longitude)| [longitude, latitude]);
        let [upper_left, upper_right, lower_right, lower_left] = view.footprint;
        // Against the clock, and closed, as the format asks.
        let ring = [upper_left, lower_left, lower_right, upper_right, upper_left].map(place);
        let ring: Vec<[f64; 2]> = ring.into_iter().collect::<Option<_>>()?;
        Some(json!({
            "type": "Feature",
            "geometry": { "type": "Polygon", "coordinates": [ring] },
            "properties": properties(survey, &numbers, index, photo),
        }))
    });
    write_features(out, features)
}

/// Writes `qc.csv`: a row for every photo of every finding.
pub fn write_findings(report: &QcReport, mut out: impl Write) -> Result<(), Ended> {
    out.write_all(BYTE_ORDER_MARK)?;
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(["severity", "finding", "sentence", "number", "path", "detail", "leave_out"])
        .map_err(csv_error)?;
    for finding in &report.findings {
        for photo in &finding.photos {
            csv.write_record([
                finding.severity.as_str().to_owned(),
                finding.kind.as_str().to_owned(),
                finding.sentence.clone(),
                photo.number.to_string(),
                escape_formula(photo.path.clone()),
                escape_formula(photo.detail.clone()),
                photo.leave_out.to_string(),
            ])
            .map_err(csv_error)?;
        }
    }
    Ok(csv.flush()?)
}
