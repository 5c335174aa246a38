//! What *QC report* finds in the photos of a survey (JOB-4): what is wrong, with which photos, how bad that is, and what to do.
//!
//! Findings are proposals. Nothing is left out by itself, and what cannot be judged is said instead of passed over.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{
    geo::{Point, float, median, whole},
    photo::{CaptureTime, MIN_COMPARED, PhotoFault, difference, faults, typical_sharpness},
    survey::{Flight, Missing, Survey, SurveyPhoto},
};

/// Photos that differ in so few comparisons look the same.
const MAX_SAME_LOOK: u32 = 4;

/// Of photos that look the same, those taken within so long of each other are near duplicates, in milliseconds.
const NEAR_MILLIS: i64 = 2_000;

/// A camera that moved further than this between two photos took two different ones, even if they look the same, as water does; in metres.
const NEAR_METRES: f64 = 2.0;

/// A photo that looks further than this from straight down is not of the ground below, in millidegrees.
const MAX_TILT_MDEG: i64 = 15_000;

/// A step of a line that is so many times as long as is typical is a gap.
const GAP_STEPS: f64 = 1.8;

/// How much longer the way between two photos is through one that lies between them, at most.
const MAX_ASIDE: f64 = 0.05;

/// With less than this in common with the next photo of a line, or with the lines beside it, no engine puts photos together reliably.
const MIN_ALONG: f64 = 0.60;
const MIN_ACROSS: f64 = 0.40;

/// Nearly all of a photo with the lens covered is in the darkest sixteenth, in ten-thousandths.
const COVERED_SHARE: u32 = 9_500;

/// How far a clock may go back: cameras write a few photos of a burst out of order, in milliseconds.
const MAX_BACK_MILLIS: i64 = 1_000;

/// No drone took a photo before this: 2000-01-02, by any clock that was set.
const NEVER_SET_BEFORE: i64 = 946_771_200_000;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Results will be worse, or missing in places.
    Problem,
    /// Results may be worse.
    Warning,
    /// Good to know.
    Note,
}

words! {
    Severity
    Problem => "problem", "Problem";
    Warning => "warning", "Warning";
    Note => "note", "Note";
}

/// What a finding is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    Unreadable,
    NoPosition,
    FarOff,
    Duplicate,
    NearDuplicate,
    Blurred,
    TooDark,
    TooBright,
    Gap,
    LowOverlapAlong,
    LowOverlapAcross,
    Tilted,
    MixedCameras,
    MixedSizes,
    ClockWentBack,
    ClockNotSet,
    NoTime,
}

words! {
    FindingKind
    Unreadable => "unreadable", "Not readable";
    NoPosition => "no_position", "No position";
    FarOff => "far_off", "Far from all others";
    Duplicate => "duplicate", "Duplicates";
    NearDuplicate => "near_duplicate", "Near duplicates";
    Blurred => "blurred", "Blurred";
    TooDark => "too_dark", "Too dark";
    TooBright => "too_bright", "Too bright";
    Gap => "gap", "Gaps in lines";
    LowOverlapAlong => "low_overlap_along", "Little overlap in lines";
    LowOverlapAcross => "low_overlap_across", "Little overlap between lines";
    Tilted => "tilted", "Not straight down";
    MixedCameras => "mixed_cameras", "Several cameras";
    MixedSizes => "mixed_sizes", "Several sizes";
    ClockWentBack => "clock_went_back", "Clock went back";
    ClockNotSet => "clock_not_set", "Clock never set";
    NoTime => "no_time", "No time";
}

impl FindingKind {
    const fn severity(self) -> Severity {
        match self {
            Self::Unreadable | Self::Gap | Self::LowOverlapAlong | Self::LowOverlapAcross => Severity::Problem,
            Self::NoPosition
            | Self::FarOff
            | Self::Duplicate
            | Self::Blurred
            | Self::TooDark
            | Self::TooBright
            | Self::MixedSizes
            | Self::ClockWentBack => Severity::Warning,
            Self::NearDuplicate | Self::Tilted | Self::MixedCameras | Self::ClockNotSet | Self::NoTime => {
                Severity::Note
            }
        }
    }

    /// What is said of so many photos.
    fn sentence(self, photos: usize) -> String {
        let one = photos == 1;
        // "1 photo is", "3 photos are".
        let photos_with = |single: &str, several: &str| {
            if one { format!("1 photo {single}") } else { format!("{photos} photos {several}") }
        };
        match self {
            Self::Unreadable => photos_with("cannot be opened.", "cannot be opened."),
            Self::NoPosition => photos_with("does not say where it was taken.", "do not say where they were taken."),
            Self::FarOff => photos_with("was taken far from all others.", "were taken far from all others."),
            Self::Duplicate => photos_with("is there more than once.", "are there more than once, byte for byte."),
            Self::NearDuplicate => photos_with(
                "looks the same as the one before.",
                "look the same as others that were taken at the same place within two seconds.",
            ),
            Self::Blurred => photos_with(
                "is much less sharp than the others of its flight.",
                "are much less sharp than the others of their flights.",
            ),
            Self::TooDark => photos_with("is nearly black.", "are nearly black."),
            Self::TooBright => photos_with("is half white.", "are half white."),
            Self::Gap if one => "Photos of a line are missing before 1 photo.".to_owned(),
            Self::Gap => format!("Photos of lines are missing before {photos} photos."),
            Self::LowOverlapAlong => format!(
                "{} less than {} % in common with the next one of the line.",
                photos_with("has", "have"),
                whole(MIN_ALONG * 100.0)
            ),
            Self::LowOverlapAcross => format!(
                "{} less than {} % in common with the lines beside.",
                photos_with("has", "have"),
                whole(MIN_ACROSS * 100.0)
            ),
            Self::Tilted => {
                format!("{} more than {}° from straight down.", photos_with("looks", "look"), MAX_TILT_MDEG / 1_000)
            }
            Self::MixedCameras => {
                photos_with("was taken with another camera than most.", "were taken with other cameras than most.")
            }
            Self::MixedSizes => {
                photos_with("has another size than most of its camera.", "have another size than most of their camera.")
            }
            Self::ClockWentBack => format!(
                "The clock of a camera went back before {}. Flights and lines may be wrong.",
                if one { "1 photo".to_owned() } else { format!("{photos} photos") }
            ),
            Self::ClockNotSet => {
                photos_with("was taken with a clock that was never set.", "were taken with a clock that was never set.")
            }
            Self::NoTime => photos_with("does not say when it was taken.", "do not say when they were taken."),
        }
    }
}

/// A photo of a finding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FoundPhoto {
    pub number: i64,
    pub path: String,
    /// What is special about this one, such as "30°"; may be empty.
    pub detail: String,
    /// Whether the report proposes to leave it out.
    pub leave_out: bool,
}

/// Something that was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    pub severity: Severity,
    pub sentence: String,
    pub photos: Vec<FoundPhoto>,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QcReport {
    /// How many were looked at.
    pub photos: usize,
    /// The worst first.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why, as sentences.
    pub not_judged: Vec<String>,
}

/// Findings on their way: of each kind, which photos, and what is said of each.
struct Found<'a> {
    survey: &'a Survey<'a>,
    kinds: BTreeMap<FindingKind, BTreeMap<usize, (String, bool)>>,
}

impl Found<'_> {
    fn add(&mut self, kind: FindingKind, index: usize, leave_out: bool, detail: impl Into<String>) {
        self.kinds.entry(kind).or_default().entry(index).or_insert((detail.into(), leave_out));
    }

    fn path(&self, index: usize) -> &str {
        self.survey.photos.get(index).map_or("", |photo| photo.path.as_str())
    }

    fn report(self, not_judged: Vec<String>) -> QcReport {
        let photo = |(index, (detail, leave_out)): (usize, (String, bool))| {
            let SurveyPhoto { number, path, .. } = self.survey.photos.get(index)?;
            Some(FoundPhoto { number: *number, path: path.clone(), detail, leave_out })
        };
        let mut findings: Vec<Finding> = (self.kinds.into_iter())
            .map(|(kind, of)| {
                let photos: Vec<FoundPhoto> = of.into_iter().filter_map(photo).collect();
                Finding { kind, severity: kind.severity(), sentence: kind.sentence(photos.len()), photos }
            })
            .collect();
        // Kinds of the same severity keep their order.
        findings.sort_by_key(|finding| finding.severity);
        QcReport { photos: self.survey.photos.len(), findings, not_judged }
    }
}

/// Looks for everything.
pub fn report(survey: &Survey<'_>) -> QcReport {
    let mut found = Found { survey, kinds: BTreeMap::new() };
    positions(&mut found);
    let copies = duplicates(&mut found);
    light_and_sharpness(&mut found);
    cameras(&mut found);
    clocks(&mut found, &copies);
    gaps(&mut found);
    overlaps(&mut found);
    found.report(not_judged(survey))
}

fn positions(found: &mut Found<'_>) {
    let survey = found.survey;
    for (index, photo) in survey.photos.iter().enumerate() {
        if let Err(problem) = &photo.opened {
            found.add(FindingKind::Unreadable, index, true, problem.clone());
        } else if photo.facts.position.is_none() {
            // Cameras without reception write 0° N 0° E, which is read as no position.
            found.add(FindingKind::NoPosition, index, true, "");
        }
        if let Some(pitch) = photo.facts.pitch_mdeg {
            let from_down = (pitch.rem_euclid(360_000) - 270_000).abs();
            let from_down = from_down.min(360_000 - from_down);
            if from_down > MAX_TILT_MDEG {
                found.add(FindingKind::Tilted, index, false, format!("{}°", whole(float(from_down) / 1_000.0)));
            }
        }
    }
    for index in survey.far_off() {
        let away = survey.distance(index).map_or(0, |metres| whole(metres / 1_000.0));
        found.add(FindingKind::FarOff, index, true, format!("{away} km away"));
    }
}

/// Finds duplicates; those that are copies of a photo before them.
fn duplicates(found: &mut Found<'_>) -> BTreeSet<usize> {
    let survey = found.survey;
    let mut first: HashMap<_, usize> = HashMap::new();
    let mut copies = BTreeSet::new();
    for (index, photo) in survey.photos.iter().enumerate() {
        if let Some(first) = first.get(&photo.blob).copied() {
            found.add(FindingKind::Duplicate, first, false, "the first of them");
            let detail = format!("like {}", found.path(first));
            found.add(FindingKind::Duplicate, index, true, detail);
            copies.insert(index);
        } else {
            first.insert(photo.blob, index);
        }
    }
    for flight in &survey.flights {
        // Compared with the last one that is kept, so that of five in the same place one is left.
        let mut kept: Option<usize> = None;
        for index in flight.photos.iter().copied().filter(|index| !copies.contains(index)) {
            match kept.filter(|kept| is_near_duplicate(survey, *kept, index)) {
                Some(kept) => {
                    let detail = format!("like {}", found.path(kept));
                    found.add(FindingKind::NearDuplicate, index, true, detail);
                }
                None => kept = Some(index),
            }
        }
    }
    copies
}

fn is_near_duplicate(survey: &Survey<'_>, one: usize, next: usize) -> bool {
    let photo = |index: usize| survey.photos.get(index);
    let (Some(before), Some(after)) = (photo(one), photo(next)) else { return false };
    let (Some(look), Some(next_look)) = (before.measured(), after.measured()) else { return false };
    // What is black or white all over looks the same, and is found as that.
    let has_light = |photo: &SurveyPhoto| {
        photo.measured().is_some_and(|of| {
            faults(photo.facts.position, &of.luminance, 0, None).iter().all(|fault| *fault == PhotoFault::NoPosition)
        })
    };
    let apart = before.facts.taken.zip(after.facts.taken).map(|(one, next)| (next.clock.0 - one.clock.0).abs());
    let place = |index: usize| survey.points.get(index).copied().flatten();
    let moved = place(one).zip(place(next)).is_some_and(|(one, next)| one.distance(next) > NEAR_METRES);
    difference(look.look, next_look.look) <= MAX_SAME_LOOK
        && apart.is_some_and(|millis| millis <= NEAR_MILLIS)
        && !moved
        && has_light(before)
        && has_light(after)
}

/// How sharp a blurred photo is, in words.
fn as_sharp(percent: i64) -> String {
    if percent < 1 {
        "less than 1 % as sharp as is typical".to_owned()
    } else {
        format!("{percent} % as sharp as is typical")
    }
}

fn light_and_sharpness(found: &mut Found<'_>) {
    let survey = found.survey;
    let sharpness = |of: &mut dyn Iterator<Item = usize>| {
        typical_sharpness(of.filter_map(|index| Some(survey.photos.get(index)?.measured()?.sharpness)).collect())
    };
    // Photos that are in no flight, or in one of very few, are compared with all.
    let of_all = sharpness(&mut (0..survey.photos.len()));
    let mut typical = vec![of_all; survey.photos.len()];
    for flight in &survey.flights {
        let of_flight = sharpness(&mut flight.photos.iter().copied()).or(of_all);
        for index in &flight.photos {
            if let Some(typical) = typical.get_mut(*index) {
                *typical = of_flight;
            }
        }
    }
    for (index, (photo, typical)) in survey.photos.iter().zip(typical).enumerate() {
        let Some(measured) = photo.measured() else { continue };
        for fault in faults(photo.facts.position, &measured.luminance, measured.sharpness, typical) {
            let shares = &measured.luminance.0;
            match fault {
                // Found with positions.
                PhotoFault::NoPosition => {}
                PhotoFault::Blurred => {
                    let percent = measured.sharpness.saturating_mul(100) / typical.unwrap_or(1).max(1);
                    found.add(FindingKind::Blurred, index, true, as_sharp(percent));
                }
                PhotoFault::TooDark => {
                    let covered = shares[0] >= COVERED_SHARE;
                    found.add(
                        FindingKind::TooDark,
                        index,
                        true,
                        if covered { "as if the lens was covered" } else { "" },
                    );
                }
                PhotoFault::TooBright => {
                    found.add(FindingKind::TooBright, index, true, format!("{} % of it is white", shares[15] / 100));
                }
            }
        }
    }
}

/// How often each is there; the most frequent, or the first in order of two that are as frequent.
fn most_frequent<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

fn cameras(found: &mut Found<'_>) {
    let survey = found.survey;
    let device = |photo: &SurveyPhoto| (photo.facts.camera(), photo.facts.serial.clone());
    let Some(typical) = most_frequent(survey.photos.iter().filter(|photo| photo.opened.is_ok()).map(device)) else {
        return;
    };
    let mut sizes: BTreeMap<_, Vec<(u32, u32)>> = BTreeMap::new();
    for photo in survey.photos {
        if let Some(measured) = photo.measured() {
            sizes.entry(device(photo)).or_default().push((measured.width, measured.height));
        }
    }
    let sizes: BTreeMap<_, _> =
        sizes.into_iter().filter_map(|(device, sizes)| Some((device, most_frequent(sizes.into_iter())?))).collect();
    for (index, photo) in survey.photos.iter().enumerate() {
        let Some(measured) = photo.measured() else { continue };
        let of = device(photo);
        let size = (measured.width, measured.height);
        if sizes.get(&of).is_some_and(|typical| *typical != size) {
            found.add(FindingKind::MixedSizes, index, false, format!("{} × {} pixels", size.0, size.1));
        }
        if of != typical {
            let (camera, serial) = of;
            let camera = camera.unwrap_or_else(|| "an unknown camera".to_owned());
            found.add(
                FindingKind::MixedCameras,
                index,
                false,
                match serial {
                    Some(serial) => format!("{camera}, {serial}"),
                    None => camera,
                },
            );
        }
    }
}

fn clocks(found: &mut Found<'_>, copies: &BTreeSet<usize>) {
    let survey = found.survey;
    // Cameras number their photos, so in each folder paths are in the order in which photos were taken. Copies are anywhere.
    let mut last: HashMap<(&str, Option<String>, Option<&str>), usize> = HashMap::new();
    for (index, photo) in survey.photos.iter().enumerate().filter(|(index, _)| !copies.contains(index)) {
        let Some(taken) = photo.facts.taken else {
            if photo.opened.is_ok() {
                found.add(FindingKind::NoTime, index, false, "");
            }
            continue;
        };
        if taken.clock.0 < NEVER_SET_BEFORE {
            found.add(FindingKind::ClockNotSet, index, false, taken.words());
        }
        let folder = photo.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let device = (folder, photo.facts.camera(), photo.facts.serial.as_deref());
        if let Some(before) = last.insert(device, index)
            && let Some(earlier) = survey.photos.get(before).and_then(|photo| photo.facts.taken)
        {
            let back = earlier.clock.0 - taken.clock.0;
            if back > MAX_BACK_MILLIS {
                let detail = format!("{} behind {}", duration(back), found.path(before));
                found.add(FindingKind::ClockWentBack, index, false, detail);
            }
        }
    }
}

/// "3 days", "2 h", "5 min", "8 s".
fn duration(millis: i64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn gaps(found: &mut Found<'_>) {
    let survey = found.survey;
    for flight in &survey.flights {
        for (before, after, metres) in gaps_of(survey, flight) {
            let detail = format!("{} m behind {}", whole(metres), found.path(before));
            found.add(FindingKind::Gap, after, false, detail);
        }
    }
}

/// Where photos are missing in the lines of a flight: the photos before and behind, and how far they are apart. Nothing is missing where
/// a photo was taken in between by a clock that is wrong, or perhaps one that has no position.
fn gaps_of(survey: &Survey<'_>, flight: &Flight) -> Vec<(usize, usize, f64)> {
    let place = |index: usize| -> Option<Point> { survey.points.get(index).copied().flatten() };
    let steps: Vec<(usize, usize, f64)> = (flight.steps().into_iter())
        .filter_map(|(from, to)| Some((from, to, place(from)?.distance(place(to)?))))
        .collect();
    let Some(typical) = median(steps.iter().map(|(_, _, metres)| *metres).collect()) else { return Vec::new() };
    let between = |from: usize, to: usize, metres: f64| {
        let ends = place(from).zip(place(to));
        ends.is_some_and(|(from, to)| {
            let mut ways = survey.points.iter().flatten().map(|point| (point.distance(from), point.distance(to)));
            let (least, most) = (metres * (1.0 - MAX_ASIDE), metres * (1.0 + MAX_ASIDE));
            ways.any(|(one, other)| one.max(other) < least && one + other < most)
        })
    };
    steps
        .into_iter()
        .filter(|(_, _, metres)| *metres > (typical * GAP_STEPS).max(NEAR_METRES))
        .filter(|(from, to, metres)| !between(*from, *to, *metres))
        .collect()
}

fn overlaps(found: &mut Found<'_>) {
    let survey = found.survey;
    let percent = |part: f64| format!("{} %", whole((part * 100.0).floor()));
    for (index, next, part) in survey.overlaps_along() {
        if part < MIN_ALONG {
            let detail = format!("{} with {}", percent(part), found.path(next));
            found.add(FindingKind::LowOverlapAlong, index, false, detail);
        }
    }
    for (index, part) in survey.overlaps_across() {
        if part < MIN_ACROSS {
            found.add(FindingKind::LowOverlapAcross, index, false, percent(part));
        }
    }
}

/// What nobody can say of these photos, and why.
fn not_judged(survey: &Survey<'_>) -> Vec<String> {
    let mut sentences = Vec::new();
    let lacking = |missing: Missing| survey.views.iter().filter(|view| **view == Err(missing)).count();
    for missing in [Missing::Area, Missing::Height, Missing::Heading, Missing::FocalLength, Missing::Ground] {
        let photos = lacking(missing);
        if photos > 0 {
            let are = if photos == 1 { "photo is" } else { "photos are" };
            sentences.push(format!("Overlap: {photos} {are} {}.", missing.label()));
        }
    }
    if survey.flights.iter().all(|flight| flight.lines.is_empty()) {
        sentences.push("Gaps: no lines of three photos or more were found.".to_owned());
    }
    if survey.photos.len() - lacking(Missing::Pixels) < MIN_COMPARED {
        sentences.push("Sharpness: there are too few photos to compare.".to_owned());
    }
    let moments = survey.photos.iter().filter_map(|photo| photo.facts.taken);
    if moments.clone().any(|taken| taken.moment().is_none())
        && moments.clone().any(|taken| CaptureTime::moment(taken).is_some())
    {
        sentences.push(
            "Order: some cameras do not say their time zone, so flights are in the order of what clocks showed."
                .to_owned(),
        );
    }
    sentences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        photo::{Luminance, Position},
        survey::testing::{MIDDLE, lawn_mower, photo},
        testing::{row, table},
        time::Timestamp,
    };

    /// What is found, as kind, severity and numbers of photos; those that are proposed to be left out with a minus before.
    fn found(photos: &[SurveyPhoto]) -> Vec<(FindingKind, Vec<i64>)> {
        let signed = |photo: &FoundPhoto| if photo.leave_out { -photo.number } else { photo.number };
        let report = report(&Survey::of(photos));
        report.findings.iter().map(|finding| (finding.kind, finding.photos.iter().map(signed).collect())).collect()
    }

    fn measured(photo: &mut SurveyPhoto) -> &mut crate::domain::photo::Measured {
        photo.opened.as_mut().expect("opened")
    }

    fn light(dark: u32, bright: u32) -> Luminance {
        let mut shares = [0; 16];
        (shares[0], shares[7], shares[15]) = (dark, 10_000 - dark - bright, bright);
        Luminance(shares)
    }

    #[test]
    fn job_4_what_has_no_sharpness_left_is_not_told_as_nothing() {
        assert_eq!(as_sharp(0), "less than 1 % as sharp as is typical");
        assert_eq!(as_sharp(12), "12 % as sharp as is typical");
    }

    #[test]
    fn job_4_nothing_is_found_in_a_good_survey() {
        let photos = lawn_mower(4, 8);
        let report = report(&Survey::of(&photos));
        assert_eq!((report.photos, report.findings, report.not_judged), (32, Vec::new(), Vec::new()));
    }

    #[test]
    fn job_4_what_is_planted_is_found() {
        let mut photos = lawn_mower(4, 8);
        photos[1].opened = Err("This file is damaged.".to_owned());
        photos[2].facts.position = None;
        photos[4].facts.position = Position::new(MIDDLE.latitude, MIDDLE.longitude + 1_000_000_000);
        photos[10].blob = photos[9].blob;
        photos[11].blob = photos[9].blob;
        measured(&mut photos[12]).sharpness = 349;
        measured(&mut photos[13]).luminance = light(9_600, 0);
        measured(&mut photos[14]).luminance = light(8_000, 0);
        measured(&mut photos[16]).luminance = light(0, 6_000);
        photos[17].facts.pitch_mdeg = Some(-60_000);
        photos[18].facts.model = Some("Mavic".to_owned());
        photos[18].facts.serial = None;
        measured(&mut photos[20]).width = 4_000;
        photos[22].facts.taken.as_mut().expect("a time").clock.0 -= 30 * 86_400_000;
        photos[25].facts.taken.as_mut().expect("a time").clock = Timestamp(315_532_800_000);
        photos[27].facts.taken = None;
        let report = report(&Survey::of(&photos));
        let mut rows = vec![row(["severity", "kind", "sentence", "photo", "leave out", "detail"])];
        for finding in &report.findings {
            for photo in &finding.photos {
                rows.push(vec![
                    finding.severity.as_str().to_owned(),
                    finding.kind.as_str().to_owned(),
                    finding.sentence.clone(),
                    photo.path.clone(),
                    photo.leave_out.to_string(),
                    photo.detail.clone(),
                ]);
            }
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn job_4_a_gap_is_where_a_photo_of_a_line_is_missing() {
        let mut photos = lawn_mower(3, 8);
        photos.remove(11);
        assert_eq!(found(&photos), [(FindingKind::Gap, vec![13])]);
        photos.remove(11);
        // 60 m of 100 m.
        assert_eq!(found(&photos), [(FindingKind::Gap, vec![14]), (FindingKind::LowOverlapAlong, vec![11])]);
        // A photo without a position may be the one that is missing, and one whose clock was wrong is.
        let mut photos = lawn_mower(3, 8);
        photos[11].facts.position = None;
        photos[12].facts.position = None;
        assert_eq!(found(&photos), [(FindingKind::NoPosition, vec![-12, -13])]);
        let mut photos = lawn_mower(3, 8);
        photos[11].facts.taken.as_mut().expect("a time").clock.0 -= 86_400_000;
        assert_eq!(found(&photos), [(FindingKind::ClockWentBack, vec![12])]);
    }

    #[test]
    fn job_4_lines_that_are_too_far_apart_have_too_little_in_common() {
        let mut photos = lawn_mower(3, 6);
        for photo in &mut photos[12..] {
            let position = photo.facts.position.as_mut().expect("a position");
            // 70 m to the east: 115 m of 150 m.
            position.longitude += 913_000;
        }
        assert_eq!(found(&photos), [(FindingKind::LowOverlapAcross, (13..=18).collect())]);
        // There is nothing beside a line that is alone.
        assert_eq!(found(&photos[12..]), []);
    }

    #[test]
    fn job_4_of_photos_taken_in_one_place_one_is_kept() {
        let mut photos = lawn_mower(2, 6);
        let (look, place) = (measured(&mut photos[3]).look, photos[3].facts.position);
        for (at, bits) in [(4, 0b1011), (5, 0b1_0000_0000)] {
            measured(&mut photos[at]).look = look ^ bits;
            photos[at].facts.position = place;
            photos[at].facts.taken.as_mut().expect("a time").clock.0 =
                photos[3].facts.taken.expect("a time").clock.0 + 1_000;
        }
        let near =
            |photos: &[SurveyPhoto]| found(photos).into_iter().find(|(kind, _)| *kind == FindingKind::NearDuplicate);
        assert_eq!(near(&photos), Some((FindingKind::NearDuplicate, vec![-5, -6])));
        measured(&mut photos[4]).look = look ^ 0b1_1111;
        assert_eq!(near(&photos), None, "the last one is compared with the one before, and differs in six");
        measured(&mut photos[5]).look = look;
        photos[4].facts.taken.as_mut().expect("a time").clock.0 += 10_000;
        assert_eq!(near(&photos), Some((FindingKind::NearDuplicate, vec![-6])));
        photos[5].facts.position = photos[0].facts.position;
        assert_eq!(near(&photos), None, "over water, photos look the same that are not");
        photos[5].facts.position = None;
        assert_eq!(near(&photos), Some((FindingKind::NearDuplicate, vec![-6])));
        for photo in &mut photos[3..6] {
            measured(photo).luminance = light(9_000, 0);
        }
        assert_eq!(near(&photos), None, "what is black looks like all that is black");
    }

    #[test]
    fn job_4_sharpness_is_compared_within_a_flight() {
        let mut photos = lawn_mower(4, 6);
        // Meadow in one flight and a town in the other.
        for photo in &mut photos[12..] {
            measured(photo).sharpness = 10_000;
            photo.facts.taken.as_mut().expect("a time").clock.0 += 3_600_000;
        }
        assert_eq!(found(&photos), []);
        measured(&mut photos[20]).sharpness = 3_000;
        assert_eq!(found(&photos), [(FindingKind::Blurred, vec![-21])]);
    }

    #[test]
    fn job_4_what_cannot_be_judged_is_said() {
        let mut photos = lawn_mower(2, 2);
        photos[0].facts.height_mm = None;
        photos[1].facts.yaw_mdeg = None;
        photos[2].facts.pitch_mdeg = Some(-10_000);
        let report = report(&Survey::of(&photos));
        assert_eq!(
            report.not_judged,
            [
                "Overlap: 1 photo is without a height above the ground.",
                "Overlap: 1 photo is without a heading.",
                "Overlap: 1 photo is of the horizon.",
                "Gaps: no lines of three photos or more were found.",
                "Sharpness: there are too few photos to compare.",
            ]
        );
        let nothing = super::report(&Survey::of(&[]));
        assert_eq!((nothing.photos, nothing.findings), (0, Vec::new()));
    }

    #[test]
    fn job_4_what_is_said_of_one_photo_and_of_several() {
        let mut rows = vec![row(["kind", "severity", "one", "several"])];
        for kind in FindingKind::ALL {
            rows.push(row([kind.label(), kind.severity().label(), &kind.sentence(1), &kind.sentence(3)]));
        }
        insta::assert_snapshot!(table(&rows));
    }

    proptest! {
        #[test]
        fn job_4_every_finding_names_photos_and_each_once(
            changes in prop::collection::vec((0..24_usize, 0..14_u8, -100_000_000..100_000_000_i64), 0..40),
        ) {
            let mut photos = lawn_mower(4, 6);
            for (at, what, by) in changes {
                let blob = photos[usize::from(what.wrapping_mul(5)) % 24 / 2].blob;
                let photo = &mut photos[at];
                match what {
                    0 => photo.facts.position = None,
                    1 => photo.facts.position = Position::new(by * 900, by),
                    2 => photo.facts.taken = None,
                    3 => if let Some(taken) = &mut photo.facts.taken { taken.clock.0 += by },
                    4 => photo.blob = blob,
                    5 => photo.opened = Err("no".to_owned()),
                    6 => photo.facts.pitch_mdeg = Some(by),
                    7 => photo.facts.yaw_mdeg = None,
                    8 => photo.facts.height_mm = Some(by),
                    9 => photo.facts.serial = None,
                    10 => if let Ok(measured) = &mut photo.opened { measured.sharpness = by },
                    11 => if let Ok(measured) = &mut photo.opened { measured.look = by },
                    12 => if let Some(taken) = &mut photo.facts.taken { taken.offset_minutes = None },
                    _ => photo.facts.position = Position::new(MIDDLE.latitude + by / 100, MIDDLE.longitude),
                }
            }
            let report = report(&Survey::of(&photos));
            let numbers: BTreeSet<i64> = photos.iter().map(|photo| photo.number).collect();
            let mut kinds = BTreeSet::new();
            for finding in &report.findings {
                prop_assert!(kinds.insert(finding.kind), "each kind is one finding");
                prop_assert!(!finding.photos.is_empty() && !finding.sentence.is_empty());
                let named: Vec<i64> = finding.photos.iter().map(|photo| photo.number).collect();
                prop_assert!(named.is_sorted_by(|one, next| one < next) && named.iter().all(|number| numbers.contains(number)));
            }
            prop_assert!(report.findings.is_sorted_by_key(|finding| finding.severity));
            // Of equal bytes, one is always kept.
            for duplicates in report.findings.iter().filter(|finding| finding.kind == FindingKind::Duplicate) {
                prop_assert!(duplicates.photos.iter().any(|photo| !photo.leave_out));
            }
        }

        #[test]
        fn job_4_a_lonely_photo_is_judged_without_trouble(north in -1e6..1e6_f64, yaw in -360..360_i64) {
            let one = [photo(0, Point::new(0.0, north), yaw)];
            prop_assert_eq!(report(&Survey::of(&one)).findings, vec![]);
        }
    }
}
