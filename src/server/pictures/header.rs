//! EXIF: what cameras write into photos by the standard.

use exif::{Exif, In, Reader, Tag, Value};

use super::pixels::Orientation;
use crate::domain::photo::{CaptureTime, PhotoFacts, Position, camera_text, degrees, fraction};

/// The tag of a TIFF that holds XMP.
const XMP: Tag = Tag(exif::Context::Tiff, 700);

/// What a header says.
#[derive(Debug, Clone, Default)]
pub struct Header {
    pub facts: PhotoFacts,
    pub orientation: Orientation,
    pub xmp: Option<Vec<u8>>,
}

/// Reads EXIF, as far as it makes sense.
pub fn read(tiff: Vec<u8>) -> Header {
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let Ok(exif) = reader.read_raw(tiff).or_else(|error| error.distill_partial_result(|_| ())) else {
        return Header::default();
    };
    let rational = |tag: Tag, per: i64| {
        let (numerator, denominator) = rationals(&exif, tag)?.first().copied()?;
        fraction(numerator, denominator, per)
    };
    let uint = |tag: Tag| exif.get_field(tag, In::PRIMARY)?.value.get_uint(0);
    let altitude = rational(Tag::GPSAltitude, 1_000);
    let facts = PhotoFacts {
        taken: taken(&exif),
        position: position(&exif),
        altitude_mm: altitude.map(|altitude| if uint(Tag::GPSAltitudeRef) == Some(1) { -altitude } else { altitude }),
        accuracy_mm: rational(Tag::GPSHPositioningError, 1_000).filter(|accuracy| *accuracy > 0),
        focal_um: rational(Tag::FocalLength, 1_000).filter(|focal| *focal > 0),
        focal35_um: uint(Tag::FocalLengthIn35mmFilm).filter(|focal| *focal > 0).map(|focal| i64::from(focal) * 1_000),
        make: text(&exif, Tag::Make).and_then(|text| camera_text(&text)),
        model: text(&exif, Tag::Model).and_then(|text| camera_text(&text)),
        serial: text(&exif, Tag::BodySerialNumber).and_then(|text| camera_text(&text)),
        ..PhotoFacts::default()
    };
    let orientation = Orientation::of(uint(Tag::Orientation).unwrap_or(1));
    let xmp = exif.get_field(XMP, In::PRIMARY).and_then(|field| match &field.value {
        Value::Byte(bytes) | Value::Undefined(bytes, _) => Some(bytes.clone()),
        _ => None,
    });
    Header { facts, orientation, xmp }
}

/// Numerators and denominators. The standard says which tags have signs, and not all phones keep to it.
fn rationals(exif: &Exif, tag: Tag) -> Option<Vec<(i64, i64)>> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(values) => Some(values.iter().map(|of| (i64::from(of.num), i64::from(of.denom))).collect()),
        Value::SRational(values) => Some(values.iter().map(|of| (i64::from(of.num), i64::from(of.denom))).collect()),
        _ => None,
    }
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(texts) => texts.first().map(|text| String::from_utf8_lossy(text).into_owned()),
        _ => None,
    }
}

fn taken(exif: &Exif) -> Option<CaptureTime> {
    let text = |tag: Tag| text(exif, tag).unwrap_or_default();
    CaptureTime::read(&text(Tag::DateTimeOriginal), &text(Tag::SubSecTimeOriginal), &text(Tag::OffsetTimeOriginal))
        .or_else(|| CaptureTime::read(&text(Tag::DateTime), &text(Tag::SubSecTime), &text(Tag::OffsetTime)))
}

/// North and east where the camera does not say which half of the earth it means.
fn position(exif: &Exif) -> Option<Position> {
    let part = |tag: Tag, reference: Tag, negative: &str| {
        let values = rationals(exif, tag)?;
        let part = |number: i64| u32::try_from(number).ok();
        let value = |at: usize| {
            let (numerator, denominator) = values.get(at).copied().unwrap_or((0, 0));
            Some((part(numerator)?, part(denominator)?))
        };
        let is_negative = text(exif, reference).is_some_and(|text| text.trim().eq_ignore_ascii_case(negative));
        degrees([value(0)?, value(1)?, value(2)?], is_negative)
    };
    let latitude = part(Tag::GPSLatitude, Tag::GPSLatitudeRef, "S")?;
    Position::new(latitude, part(Tag::GPSLongitude, Tag::GPSLongitudeRef, "W")?)
}
