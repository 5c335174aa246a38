//! Made-up photos for tests.

use super::SurveyPhoto;
use crate::domain::{
    geo::{Frame, Point, float, whole},
    id::BlobId,
    photo::{CaptureTime, Luminance, Measured, PhotoFacts, Position},
    testing::id,
    time::Timestamp,
};

/// Around which everything is flown.
pub const MIDDLE: Position = Position { latitude: 46_660_000_000, longitude: 8_580_000_000 };

/// How far two photos of a line and two lines are apart, in metres: 80 % and 70 % of the photos of [`photo`] are the same.
pub const ALONG: f64 = 20.0;
pub const ACROSS: f64 = 45.0;

/// A photo from 100 m, 150 m × 100 m of the ground: number, place and heading in degrees. Each is taken two seconds after the one before.
pub fn photo(number: usize, at: Point, yaw: i64) -> SurveyPhoto {
    let number = i64::try_from(number).expect("few");
    let (latitude, longitude) = Frame::around(MIDDLE).degrees(at);
    let clock = Timestamp(1_764_000_000_000 + 2_000 * number);
    // No two look the same.
    let look = (number + 1).wrapping_mul(0x1234_5678_9ABC_DEF1);
    SurveyPhoto {
        number: number + 1,
        path: format!("DJI_{:04}.JPG", number + 1),
        blob: BlobId(id(u128::try_from(number).expect("positive"))),
        facts: PhotoFacts {
            taken: Some(CaptureTime { clock, offset_minutes: Some(60) }),
            position: Position::new(whole(latitude * 1e9), whole(longitude * 1e9)),
            altitude_mm: Some(1_206_000),
            height_mm: Some(100_000),
            yaw_mdeg: Some(yaw * 1_000),
            pitch_mdeg: Some(-90_000),
            roll_mdeg: Some(0),
            // The diagonal is 180.28 m.
            focal35_um: Some(24_000),
            make: Some("DJI".to_owned()),
            model: Some("FC6310".to_owned()),
            serial: Some("A".to_owned()),
            ..PhotoFacts::default()
        },
        opened: Ok(Measured {
            width: 5_472,
            height: 3_648,
            sharpness: 1_000,
            luminance: Luminance::of_counts([1; 16]),
            look,
        }),
    }
}

/// A survey of so many lines of so many photos, to the north and back.
pub fn lawn_mower(lines: usize, photos_in_line: usize) -> Vec<SurveyPhoto> {
    let count = |number: usize| float(i64::try_from(number).expect("few"));
    let mut photos = Vec::new();
    for line in 0..lines {
        for step in 0..photos_in_line {
            let (north, yaw) = if line % 2 == 0 { (step, 0) } else { (photos_in_line - 1 - step, 180) };
            let at = Point::new(count(line) * ACROSS, count(north) * ALONG);
            let mut photo = photo(photos.len(), at, yaw);
            let turns = i64::try_from(line).expect("few") * 7_000;
            photo.facts.taken.as_mut().expect("a time").clock.0 += turns;
            photos.push(photo);
        }
    }
    photos
}

/// Where photos were taken.
pub fn points(photos: &[SurveyPhoto]) -> Vec<Option<Point>> {
    let frame = Frame::around(MIDDLE);
    photos.iter().map(|photo| photo.facts.position.map(|at| frame.point(at))).collect()
}
