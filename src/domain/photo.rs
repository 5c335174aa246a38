//! Photos (FILE-5): what a camera wrote into one, what is measured of one, and what is wrong with one.
//!
//! Positions are nanodegrees, heights millimetres and angles millidegrees: whole numbers, which both databases keep as they are.
//! These facts belong to the bytes of a photo, so all files with the same bytes share them. Whether a photo is blurred is said in
//! comparison with the other photos of its dataset, because sharpness depends on what is seen.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    file::{Media, Side},
    time::{Day, Timestamp},
};

/// The largest photo that is opened, in pixels.
pub const MAX_PIXELS: u64 = 300_000_000;

/// The largest whose pixels come in several passes (a progressive JPEG): all of it is in memory several times.
pub const MAX_PROGRESSIVE_PIXELS: u64 = 100_000_000;

/// The longest side of a photo that is opened.
pub const MAX_SIDE: u32 = 65_000;

/// The largest photo that is opened, in bytes as it is stored.
pub const MAX_STORED_BYTES: i64 = 256 * 1024 * 1024;

/// The largest photo that is opened, in bytes once it is decoded.
pub const MAX_DECODED_BYTES: u64 = 1024 * 1024 * 1024;

/// How many times a photo is tried.
pub const MAX_ATTEMPTS: i64 = 5;

/// How long a node has for the photos that it took, in milliseconds.
pub const LEASE_MILLIS: i64 = 10 * 60_000;

/// A photo with less than this part of the sharpness that is typical of its dataset is blurred, in percent.
const BLURRED_PERCENT: i64 = 35;

/// How many photos a dataset has at least before one is called blurred in comparison.
pub const MIN_COMPARED: usize = 5;

/// How many photos of a dataset, in the order of their paths, say what is typical.
pub const MAX_COMPARED: i64 = 501;

/// A photo with this part of its pixels in the darkest eighth is too dark, in ten-thousandths.
const TOO_DARK_SHARE: u32 = 7_500;

/// A photo with this part of its pixels in the brightest sixteenth is too bright, in ten-thousandths.
const TOO_BRIGHT_SHARE: u32 = 5_000;

/// The longest text that is taken from a camera, in characters.
const MAX_TEXT_CHARS: usize = 60;

/// Whether a file is opened as a photo. A TIFF among the results is a raster: what shows it is a layer (VIEW-1).
pub const fn is_photo(side: Side, media: Media) -> bool {
    match media {
        Media::Jpeg | Media::Png | Media::Webp => true,
        Media::Tiff => matches!(side, Side::Input),
        _ => false,
    }
}

/// How far a photo has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoState {
    /// It has not been opened yet.
    Waiting,
    /// It has been read, and has previews.
    Made,
    /// It cannot be opened; the problem says why.
    Failed,
}

words! {
    PhotoState
    Waiting => "waiting", "Being prepared";
    Made => "made", "Ready";
    Failed => "failed", "Not readable";
}

/// How large a preview is: the longer side, in pixels. A photo that is smaller has a preview of its own size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub enum PreviewSize {
    /// For a grid of many.
    #[default]
    Small,
    /// For the screen.
    Large,
}

words! {
    PreviewSize
    Small => "320", "Small";
    Large => "1600", "Large";
}

impl PreviewSize {
    /// The longer side.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Small => 320,
            Self::Large => 1600,
        }
    }
}

/// What is wrong with a photo that can be opened. It is a hint for people: nothing is left out by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhotoFault {
    /// It says not where it was taken.
    NoPosition,
    /// It is much less sharp than the others of its dataset.
    Blurred,
    /// Nearly all of it is black.
    TooDark,
    /// Half of it is white.
    TooBright,
}

words! {
    PhotoFault
    NoPosition => "no_position", "No position";
    Blurred => "blurred", "Blurred";
    TooDark => "too_dark", "Too dark";
    TooBright => "too_bright", "Too bright";
}

/// Why a photo cannot be opened, for people.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PhotoProblem {
    /// Its header, or its pixels.
    #[error("This file is damaged, or of a kind that cannot be shown: {0}.")]
    Unreadable(String),
    /// Its size on the screen.
    #[error("With {width} × {height} pixels, it is too large to be shown.")]
    TooManyPixels { width: u32, height: u32 },
    /// Its size in bytes.
    #[error("The file is too large to be shown.")]
    TooLarge,
    /// The program that reads images gave up.
    #[error("This file could not be read: it broke the program that reads images.")]
    Broke,
    /// Whoever was at it ended in the middle several times.
    #[error("This file could not be read: reading it was interrupted {MAX_ATTEMPTS} times.")]
    Interrupted,
    /// Storage does not answer.
    #[error("The file could not be read from storage.")]
    Unavailable,
}

/// Whether an image with these sides may be opened. It is asked before memory for it is taken.
///
/// # Errors
/// `Unreadable` without pixels; `TooManyPixels`.
pub fn check_sides(width: u32, height: u32, progressive: bool) -> Result<(), PhotoProblem> {
    if width == 0 || height == 0 {
        return Err(PhotoProblem::Unreadable("it has no pixels".to_owned()));
    }
    let pixels = u64::from(width) * u64::from(height);
    let most = if progressive { MAX_PROGRESSIVE_PIXELS } else { MAX_PIXELS };
    if width > MAX_SIDE || height > MAX_SIDE || pixels > most {
        return Err(PhotoProblem::TooManyPixels { width, height });
    }
    Ok(())
}

/// When a photo is tried again after so many attempts, in milliseconds; `None` when it is given up.
pub const fn retry_after_millis(attempts: i64) -> Option<i64> {
    match attempts {
        ..=1 => Some(60_000),
        2 => Some(5 * 60_000),
        3 => Some(30 * 60_000),
        4 => Some(120 * 60_000),
        _ => None,
    }
}

/// How a side of an image becomes that of its preview: (width, height). Never larger, and never nothing.
pub fn preview_sides(width: u32, height: u32, size: PreviewSize) -> (u32, u32) {
    let (longer, most) = (width.max(height), size.pixels());
    if longer <= most {
        return (width, height);
    }
    let scaled = |pixels: u32| {
        let (pixels, most, longer) = (u64::from(pixels), u64::from(most), u64::from(longer));
        u32::try_from((2 * pixels * most + longer) / (2 * longer)).unwrap_or(size.pixels()).max(1)
    };
    (scaled(width), scaled(height))
}

/// A place on the earth (WGS 84), in nanodegrees.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Position {
    pub latitude: i64,
    pub longitude: i64,
}

/// A degree, in nanodegrees.
const DEGREE: i64 = 1_000_000_000;

impl Position {
    /// A place, unless it is none: cameras without reception write 0° N 0° E.
    pub fn new(latitude: i64, longitude: i64) -> Option<Self> {
        let there = latitude.abs() <= 90 * DEGREE && longitude.abs() <= 180 * DEGREE;
        (there && (latitude, longitude) != (0, 0)).then_some(Self { latitude, longitude })
    }
}

impl fmt::Display for Position {
    /// "46.634560° N, 8.591230° E", to 0.1 m.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |value: i64, halves: [char; 2]| {
            // A thousandth of a microdegree is nothing that a camera knows.
            let micro = (value.abs() + 500) / 1_000;
            let half = halves[usize::from(value < 0)];
            format!("{}.{:06}° {half}", micro / 1_000_000, micro % 1_000_000)
        };
        write!(f, "{}, {}", part(self.latitude, ['N', 'S']), part(self.longitude, ['E', 'W']))
    }
}

/// When a photo was taken, by the clock of the camera. Most cameras do not say in which time zone that is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CaptureTime {
    /// What the clock showed, as if it were UTC.
    pub clock: Timestamp,
    /// How many minutes the clock was ahead of UTC, if the camera says so.
    pub offset_minutes: Option<i64>,
}

/// How far clocks are ahead of UTC at most, in minutes.
const MAX_OFFSET_MINUTES: i64 = 14 * 60;

impl CaptureTime {
    /// Reads what a camera writes: `2026:11:21 10:00:00`, a fraction of a second, and an offset like `+01:00`. A day that is none,
    /// or only blanks or zeros, which stand for a clock that was never set, are `None`.
    pub fn read(text: &str, fraction: &str, offset: &str) -> Option<Self> {
        let (day, clock) = text.trim_end_matches('\0').trim().split_once([' ', 'T'])?;
        let day = Day::parse_iso(&day.replace(':', "-"))?;
        let fraction: String = fraction.chars().take_while(char::is_ascii_digit).take(3).collect();
        let fraction = if fraction.is_empty() { String::new() } else { format!(".{fraction}") };
        let at = Timestamp::parse_rfc3339(&format!("{}T{}{fraction}Z", day.iso(), clock.get(..8)?))?;
        Some(Self { clock: at, offset_minutes: read_offset(offset.trim_end_matches('\0').trim()) })
    }

    /// The moment, if the camera says its time zone.
    pub fn moment(self) -> Option<Timestamp> {
        self.offset_minutes.map(|minutes| self.clock.plus_millis(-minutes * 60_000))
    }

    /// `2026-11-21T10:00:00.000+01:00`, without the offset where it is not known.
    pub fn iso(self) -> String {
        let text = self.clock.rfc3339();
        let clock = text.trim_end_matches('Z');
        match self.offset_minutes {
            None => clock.to_owned(),
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                format!("{clock}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }

    /// "21 Nov 2026, 10:00", by the camera's clock.
    pub fn words(self) -> String {
        self.clock.words().trim_end_matches(" UTC").to_owned()
    }
}

fn read_offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.strip_prefix(['+', '-'])?.split_once(':')?;
    let number = |part: &str| (part.len() == 2).then(|| part.parse::<i64>().ok())?;
    let offset = sign * (number(hours)? * 60 + number(minutes)?);
    (offset.abs() <= MAX_OFFSET_MINUTES).then_some(offset)
}

/// What a camera wrote into a photo. What it did not write, or wrote senselessly, is missing.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PhotoFacts {
    pub taken: Option<CaptureTime>,
    pub position: Option<Position>,
    /// Above the sea, or above the ellipsoid: cameras differ, in millimetres.
    pub altitude_mm: Option<i64>,
    /// Above where the drone took off, which stands for the ground, in millimetres.
    pub height_mm: Option<i64>,
    /// Where the camera looked, in millidegrees: yaw from north over east, pitch -90,000 for straight down.
    pub yaw_mdeg: Option<i64>,
    pub pitch_mdeg: Option<i64>,
    pub roll_mdeg: Option<i64>,
    /// How far off the position may be, in millimetres.
    pub accuracy_mm: Option<i64>,
    /// Focal length in micrometres, as it is and as on 35 mm film.
    pub focal_um: Option<i64>,
    pub focal35_um: Option<i64>,
    pub make: Option<String>,
    pub model: Option<String>,
    pub serial: Option<String>,
}

impl PhotoFacts {
    /// The camera, for people: "DJI FC6310", not "DJI DJI FC6310".
    pub fn camera(&self) -> Option<String> {
        match (self.make.as_deref(), self.model.as_deref()) {
            (Some(make), Some(model)) if !model.to_lowercase().starts_with(&make.to_lowercase()) => {
                Some(format!("{make} {model}"))
            }
            (_, Some(model)) => Some(model.to_owned()),
            (make, None) => make.map(str::to_owned),
        }
    }
}

/// A text that a camera wrote, if it says something: without blanks around it, and without characters that are not seen.
pub fn camera_text(text: &str) -> Option<String> {
    let shown: String =
        text.trim_matches(|c: char| c == '\0' || c.is_whitespace()).chars().take(MAX_TEXT_CHARS).collect();
    (!shown.is_empty() && !shown.chars().any(super::file::is_hidden_control)).then_some(shown)
}

/// Degrees, minutes and seconds as fractions, in nanodegrees.
pub fn degrees(parts: [(u32, u32); 3], negative: bool) -> Option<i64> {
    // Rounded once, at the end: each part is summed up in thousandths.
    let mut sum: i128 = 0;
    for ((numerator, denominator), in_one) in parts.into_iter().zip([1_i128, 60, 3_600]) {
        if denominator == 0 {
            // Cameras write 0/0 for what they leave out.
            if numerator == 0 && in_one > 1 {
                continue;
            }
            return None;
        }
        sum += i128::from(numerator) * i128::from(DEGREE) * 1_000 / (i128::from(denominator) * in_one);
    }
    let degrees = i64::try_from((sum + 500) / 1_000).ok()?;
    (degrees <= 180 * DEGREE).then_some(if negative { -degrees } else { degrees })
}

/// A fraction in units of which `per` are one, rounded: 1234/100 metres are 12,340 millimetres.
pub fn fraction(numerator: i64, denominator: i64, per: i64) -> Option<i64> {
    if denominator == 0 {
        return None;
    }
    let (numerator, divisor) = (i128::from(numerator) * i128::from(per), i128::from(denominator));
    let half = divisor.abs() / 2;
    let rounded = if (numerator < 0) == (divisor < 0) { numerator.abs() + half } else { -(numerator.abs() + half) };
    i64::try_from(rounded / divisor.abs()).ok()
}

/// A decimal number, or a fraction such as `123/10`, in units of which ten to the power of `digits` are one: "+46.5" with 9 digits are
/// 46,500,000,000. What is finer is rounded.
pub fn decimal(text: &str, digits: u32) -> Option<i64> {
    let text = text.trim();
    if let Some((numerator, denominator)) = text.split_once('/') {
        return fraction(numerator.trim().parse().ok()?, denominator.trim().parse().ok()?, 10_i64.checked_pow(digits)?);
    }
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if (whole.is_empty() && part.is_empty()) || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut value: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut next = part.bytes().map(|b| i64::from(b - b'0'));
    for _ in 0..digits {
        value = value.checked_mul(10)?.checked_add(next.next().unwrap_or(0))?;
    }
    if next.next().is_some_and(|digit| digit >= 5) {
        value = value.checked_add(1)?;
    }
    Some(if negative { -value } else { value })
}

/// Which part of a photo's pixels is how bright: sixteen shares from black to white, in ten-thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Luminance(pub [u32; 16]);

impl Luminance {
    /// Of how many pixels there are in each sixteenth.
    pub fn of_counts(counts: [u64; 16]) -> Self {
        let all = counts.iter().sum::<u64>().max(1);
        Self(counts.map(|count| u32::try_from(count * 10_000 / all).unwrap_or(10_000)))
    }

    /// As it is stored: "0,12,500,…".
    pub fn text(&self) -> String {
        self.0.map(|share| share.to_string()).join(",")
    }

    /// Reads [`Luminance::text`].
    pub fn read(text: &str) -> Option<Self> {
        let shares: Vec<u32> = text.split(',').map(|share| share.parse().ok()).collect::<Option<_>>()?;
        shares.try_into().ok().map(Self)
    }
}

/// What is measured of a photo.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measured {
    /// As it is shown, upright.
    pub width: u32,
    pub height: u32,
    /// How much neighbouring pixels differ: the variance of the Laplacian, in thousandths.
    pub sharpness: i64,
    pub luminance: Luminance,
    /// 64 comparisons of neighbouring areas. Photos that look the same differ in few of them.
    pub look: i64,
}

/// In how many comparisons two photos look different; 0 to 64.
pub const fn difference(one: i64, other: i64) -> u32 {
    (one ^ other).count_ones()
}

/// How sharp the photos of a dataset are typically: the median, where there are enough of them.
pub fn typical_sharpness(mut sharpness: Vec<i64>) -> Option<i64> {
    if sharpness.len() < MIN_COMPARED {
        return None;
    }
    let middle = sharpness.len() / 2;
    Some(*sharpness.select_nth_unstable(middle).1)
}

/// What is wrong with a photo, compared with what is typical of its dataset. One that is too dark or too bright is not called blurred
/// too: it has no detail that could be sharp.
pub fn faults(
    position: Option<Position>,
    luminance: &Luminance,
    sharpness: i64,
    typical: Option<i64>,
) -> Vec<PhotoFault> {
    let mut faults = Vec::new();
    if position.is_none() {
        faults.push(PhotoFault::NoPosition);
    }
    let shares = &luminance.0;
    if shares[0] + shares[1] >= TOO_DARK_SHARE {
        faults.push(PhotoFault::TooDark);
    } else if shares[15] >= TOO_BRIGHT_SHARE {
        faults.push(PhotoFault::TooBright);
    } else if typical.is_some_and(|typical| sharpness.saturating_mul(100) < typical.saturating_mul(BLURRED_PERCENT)) {
        faults.push(PhotoFault::Blurred);
    }
    faults
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{row, table};

    #[test]
    fn file_5_decimals_and_fractions_are_read_exactly() {
        let texts = [
            "46.634567891",
            "+46.6345678914",
            "-8.5912345678",
            "-8.5912345675",
            "0",
            "-0.0",
            ".5",
            "5.",
            "100",
            "1e3",
            "",
            ".",
            "+",
            "nan",
            "46,5",
            " 12.5 ",
            "--1",
            "123/10",
            "-1/3",
            "1/0",
            "99999999999999999999",
            "9223372036",
            "1/",
        ];
        let mut rows = vec![row(["text", "9 digits", "3 digits"])];
        for text in texts {
            let shown = |value: Option<i64>| value.map_or("none".to_owned(), |value| value.to_string());
            rows.push(vec![format!("{text:?}"), shown(decimal(text, 9)), shown(decimal(text, 3))]);
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn file_5_degrees_minutes_and_seconds_are_nanodegrees() {
        assert_eq!(degrees([(46, 1), (38, 1), (4_440, 100)], false), Some(46_645_666_667));
        assert_eq!(degrees([(46, 1), (38, 1), (4_440, 100)], true), Some(-46_645_666_667));
        // Decimal minutes, and nothing for the seconds.
        assert_eq!(degrees([(8, 1), (3_535, 100), (0, 0)], false), Some(8_589_166_667));
        assert_eq!(degrees([(0, 0), (1, 1), (1, 1)], false), None);
        assert_eq!(degrees([(1, 1), (1, 0), (1, 1)], false), None);
        assert_eq!(degrees([(u32::MAX, 1), (0, 1), (0, 1)], false), None);
    }

    #[test]
    fn file_5_a_position_is_on_the_earth_and_not_where_cameras_without_reception_are() {
        assert_eq!(Position::new(0, 0), None);
        assert_eq!(Position::new(90 * DEGREE + 1, 0), None);
        assert_eq!(Position::new(0, -180 * DEGREE - 1), None);
        assert!(Position::new(0, 1).is_some() && Position::new(-90 * DEGREE, 180 * DEGREE).is_some());
        let there = Position::new(46_634_567_891, -8_591_234_567).expect("a place");
        assert_eq!(there.to_string(), "46.634568° N, 8.591235° W");
    }

    #[test]
    fn file_5_when_a_photo_was_taken_is_what_its_camera_says() {
        let mut rows = vec![row(["text", "fraction", "offset", "read"])];
        for (text, fraction, offset) in [
            ("2026:11:21 10:05:03", "", ""),
            ("2026:11:21 10:05:03", "25", "+01:00"),
            ("2026:11:21 10:05:03\0", "123456", "-09:30\0"),
            ("2026-11-21T10:05:03+02:00", "", ""),
            ("2026:11:21 10:05:03", "x", "+24:00"),
            ("2026:11:21 10:05:03", "", "+1:00"),
            ("2026:02:30 10:05:03", "", ""),
            ("2026:11:21 25:05:03", "", ""),
            ("0000:00:00 00:00:00", "", ""),
            ("    :  :     :  :  ", "", ""),
            ("2026:11:21", "", ""),
            ("", "", ""),
        ] {
            let read = CaptureTime::read(text, fraction, offset).map_or("none".to_owned(), CaptureTime::iso);
            rows.push(vec![format!("{text:?}"), fraction.to_owned(), format!("{offset:?}"), read]);
        }
        insta::assert_snapshot!(table(&rows));
        let taken = CaptureTime::read("2026:11:21 10:05:03", "", "+01:00").expect("a time");
        assert_eq!(taken.moment().map(Timestamp::rfc3339).as_deref(), Some("2026-11-21T09:05:03.000Z"));
        assert_eq!(taken.words(), "21 Nov 2026, 10:05");
    }

    /// Shares of 16 with so much in the darkest, the second and the brightest.
    fn light(dark: u32, second: u32, bright: u32) -> Luminance {
        let mut shares = [0; 16];
        shares[7] = 10_000 - dark - second - bright;
        (shares[0], shares[1], shares[15]) = (dark, second, bright);
        Luminance(shares)
    }

    #[test]
    fn file_5_what_is_wrong_with_a_photo() {
        let there = Position::new(1, 1);
        let mut rows = vec![row(["position", "dark", "bright", "sharpness", "typical", "wrong"])];
        for (position, light, sharpness, typical) in [
            (there, light(0, 0, 0), 350, Some(1_000)),
            (there, light(0, 0, 0), 349, Some(1_000)),
            (there, light(0, 0, 0), 1, None),
            (there, light(0, 0, 0), 0, Some(0)),
            (None, light(0, 0, 0), 349, Some(1_000)),
            (there, light(7_000, 499, 0), 900, Some(1_000)),
            (there, light(7_000, 500, 0), 900, Some(1_000)),
            (there, light(7_000, 500, 0), 1, Some(1_000)),
            (there, light(0, 0, 4_999), 900, Some(1_000)),
            (there, light(0, 0, 5_000), 1, Some(1_000)),
            (None, light(10_000, 0, 0), 1, Some(i64::MAX)),
        ] {
            let wrong: Vec<&str> =
                faults(position, &light, sharpness, typical).into_iter().map(PhotoFault::as_str).collect();
            rows.push(vec![
                position.is_some().to_string(),
                (light.0[0] + light.0[1]).to_string(),
                light.0[15].to_string(),
                sharpness.to_string(),
                typical.map_or("none".to_owned(), |typical| typical.to_string()),
                wrong.join(", "),
            ]);
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn file_5_a_few_photos_say_nothing_about_what_is_typical() {
        assert_eq!(typical_sharpness(vec![5, 1, 4, 2]), None);
        assert_eq!(typical_sharpness(vec![5, 1, 4, 2, 3]), Some(3));
        assert_eq!(typical_sharpness(vec![9, 9, 1, 9, 9, 9]), Some(9));
    }

    #[test]
    fn file_5_attack_40_what_is_too_large_is_not_opened() {
        assert!(check_sides(17_320, 17_320, false).is_ok());
        for (width, height, progressive) in [
            (65_001, 1, false),
            (1, 65_001, false),
            (30_000, 10_001, false),
            (u32::MAX, u32::MAX, false),
            (10_001, 10_000, true),
        ] {
            assert_eq!(check_sides(width, height, progressive), Err(PhotoProblem::TooManyPixels { width, height }));
        }
        assert!(matches!(check_sides(0, 5, false), Err(PhotoProblem::Unreadable(_))));
    }

    #[test]
    fn file_5_a_preview_has_the_shape_of_its_photo() {
        assert_eq!(preview_sides(5_472, 3_648, PreviewSize::Small), (320, 213));
        assert_eq!(preview_sides(3_648, 5_472, PreviewSize::Large), (1_067, 1_600));
        assert_eq!(preview_sides(300, 200, PreviewSize::Small), (300, 200));
        assert_eq!(preview_sides(65_000, 1, PreviewSize::Small), (320, 1));
    }

    #[test]
    fn file_5_a_photo_is_tried_a_few_times_and_then_given_up() {
        let waits: Vec<Option<i64>> = (1..=MAX_ATTEMPTS).map(retry_after_millis).collect();
        assert_eq!(waits, [Some(60_000), Some(300_000), Some(1_800_000), Some(7_200_000), None]);
    }

    #[test]
    fn file_5_a_camera_is_called_by_its_make_and_model_once() {
        let camera = |make: &str, model: &str| {
            PhotoFacts { make: camera_text(make), model: camera_text(model), ..PhotoFacts::default() }.camera()
        };
        assert_eq!(camera("DJI", "FC6310").as_deref(), Some("DJI FC6310"));
        assert_eq!(camera("Canon", "Canon EOS R5\0\0").as_deref(), Some("Canon EOS R5"));
        assert_eq!(camera("senseFly ", "").as_deref(), Some("senseFly"));
        assert_eq!(camera("\0", "  "), None);
        assert_eq!(camera_text("a\u{202E}b"), None);
        assert_eq!(camera_text(&"x".repeat(1_000)).map(|text| text.len()), Some(MAX_TEXT_CHARS));
    }

    proptest! {
        #[test]
        fn file_5_luminance_is_read_as_it_was_written(counts in prop::array::uniform16(0_u64..1_000_000)) {
            let luminance = Luminance::of_counts(counts);
            prop_assert_eq!(Luminance::read(&luminance.text()), Some(luminance));
            prop_assert!(luminance.0.iter().sum::<u32>() <= 10_000);
        }

        #[test]
        fn file_5_a_preview_is_never_larger_than_its_size(width in 1_u32..70_000, height in 1_u32..70_000) {
            for size in PreviewSize::ALL {
                let (w, h) = preview_sides(width, height, size);
                prop_assert!((1..=size.pixels()).contains(&w) && (1..=size.pixels()).contains(&h) && w <= width && h <= height);
            }
        }

        #[test]
        fn file_5_any_decimal_is_read_as_it_was_written(value in any::<i32>()) {
            let text = format!("{}{}.{:03}", if value < 0 { "-" } else { "" }, (i64::from(value)).abs() / 1_000, (i64::from(value)).abs() % 1_000);
            prop_assert_eq!(decimal(&text, 3), Some(i64::from(value)));
        }
    }
}
