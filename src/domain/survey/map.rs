//! A drawing of a survey (JOB-4): where photos were taken, in which order, and what they see, on a sheet with a scale.

use serde::{Deserialize, Serialize};

use crate::domain::{
    geo::{Frame, Point, float, whole},
    photo::Position,
};

/// How long the longer side of the sheet is.
const SIDE: f64 = 1_000.0;

/// How much of the longer side stays empty around the survey.
const MARGIN: f64 = 40.0;

/// How wide and high the sheet is at least: all photos may have been taken along one line.
const LEAST_METRES: f64 = 20.0;

/// Of more photos, footprints are drawn of so many, evenly chosen: with more of them nobody sees anything.
pub const MAX_FOOTPRINTS: usize = 600;

/// Of more photos, the points are no links.
pub const MAX_LINKS: usize = 1_000;

/// A photo on its way to the sheet.
#[derive(Clone, PartialEq, Debug)]
pub struct PlacedPhoto {
    /// Of its file in the dataset.
    pub number: i64,
    pub path: String,
    pub at: Position,
    /// Its flight and its line, by which photos belong together.
    pub line: Option<(i64, i64)>,
}

/// A place on the sheet: to the right, and down.
pub type Spot = (i32, i32);

/// A photo on the sheet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MapPhoto {
    pub number: i64,
    /// Empty where there are more than [`MAX_LINKS`].
    pub path: String,
    pub at: Spot,
}

/// The sheet. North is up.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SurveyMap {
    pub width: i32,
    pub height: i32,
    /// In the order of their paths.
    pub photos: Vec<MapPhoto>,
    /// How many photos were taken far from all others, and are not on it.
    pub elsewhere: usize,
    /// The lines that the camera flew.
    pub lines: Vec<Vec<Spot>>,
    /// What photos see.
    pub footprints: Vec<[Spot; 4]>,
    /// Whether footprints are drawn of some photos only.
    pub few_footprints: bool,
    /// A length for the scale: in metres, and on the sheet.
    pub scale: (i64, i32),
}

/// The largest of 1, 2, 5, 10, 20, 50 … metres that is no longer than this.
fn round_length(metres: f64) -> i64 {
    let mut length = 1;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle().take(20) {
        let next = whole(float(length) * factor);
        // What is computed of degrees is never quite round.
        if float(next) > metres * 1.001 {
            break;
        }
        length = next;
    }
    length
}

fn spot(value: f64) -> i32 {
    i32::try_from(whole(value)).unwrap_or(0)
}

impl SurveyMap {
    /// Of photos in the order of their paths, and of what some of them see. `bounds` are west, south, east and north of the area that
    /// is drawn, in degrees. Nothing if none of them is in it.
    pub fn of(photos: &[PlacedPhoto], footprints: &[[Position; 4]], bounds: [f64; 4]) -> Option<Self> {
        let [west, south, east, north] = bounds;
        let degrees = |nano: i64| float(nano) / 1e9;
        // Bounds are rounded.
        let slack = 1e-6;
        let is_inside = |photo: &&PlacedPhoto| {
            let (latitude, longitude) = (degrees(photo.at.latitude), degrees(photo.at.longitude));
            (south - slack..=north + slack).contains(&latitude) && (west - slack..=east + slack).contains(&longitude)
        };
        let drawn: Vec<&PlacedPhoto> = photos.iter().filter(is_inside).collect();
        let places: Vec<Position> = drawn.iter().map(|photo| photo.at).collect();
        let frame = Frame::over(&places)?;
        let step = footprints.len().div_ceil(MAX_FOOTPRINTS).max(1);
        let shapes: Vec<[Point; 4]> =
            footprints.iter().step_by(step).map(|shape| shape.map(|corner| frame.point(corner))).collect();
        let points: Vec<Point> = places.iter().map(|place| frame.point(*place)).collect();
        let sheet = Sheet::over(points.iter().chain(shapes.iter().flatten()));
        let spots: Vec<Spot> = points.iter().map(|point| sheet.spot(*point)).collect();
        let mut lines: Vec<Vec<Spot>> = Vec::new();
        let mut before = None;
        for (photo, at) in drawn.iter().zip(&spots) {
            match lines.last_mut().filter(|_| photo.line.is_some() && photo.line == before) {
                Some(line) => line.push(*at),
                None => lines.push(vec![*at]),
            }
            before = photo.line;
        }
        lines.retain(|line| line.len() > 1);
        let metres = round_length(sheet.width / 4.0);
        Some(Self {
            width: spot(sheet.width * sheet.scale + 2.0 * MARGIN),
            height: spot(sheet.height * sheet.scale + 2.0 * MARGIN),
            elsewhere: photos.len() - drawn.len(),
            photos: (drawn.iter().zip(&spots))
                // Names are for links; thousands of long ones would be most of the page.
                .map(|(photo, at)| {
                    let path = if drawn.len() <= MAX_LINKS { photo.path.clone() } else { String::new() };
                    MapPhoto { number: photo.number, path, at: *at }
                })
                .collect(),
            lines,
            footprints: shapes.iter().map(|shape| shape.map(|corner| sheet.spot(corner))).collect(),
            few_footprints: step > 1,
            scale: (metres, spot(float(metres) * sheet.scale)),
        })
    }
}

/// Where the ground is on the sheet.
struct Sheet {
    west: f64,
    north: f64,
    /// In metres.
    width: f64,
    height: f64,
    /// Units of the sheet for a metre.
    scale: f64,
}

impl Sheet {
    fn over<'a>(points: impl Iterator<Item = &'a Point> + Clone) -> Self {
        let of = |value: fn(&Point) -> f64, pick: fn(f64, f64) -> f64| points.clone().map(value).reduce(pick);
        let range = |value: fn(&Point) -> f64| {
            let (least, most) = (of(value, f64::min).unwrap_or(0.0), of(value, f64::max).unwrap_or(0.0));
            let missing = (LEAST_METRES - (most - least)).max(0.0) / 2.0;
            (least - missing, most + missing)
        };
        let ((west, east), (south, north)) = (range(|point| point.east), range(|point| point.north));
        let (width, height) = (east - west, north - south);
        Self { west, north, width, height, scale: (SIDE - 2.0 * MARGIN) / width.max(height) }
    }

    fn spot(&self, point: Point) -> Spot {
        let right = (point.east - self.west) * self.scale + MARGIN;
        let down = (self.north - point.north) * self.scale + MARGIN;
        (spot(right), spot(down))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: Position = Position { latitude: 46_662_400_000, longitude: 8_585_600_000 };

    /// A position so many metres to the east and north of the middle.
    fn at(east: f64, north: f64) -> Position {
        let frame = Frame::around(MIDDLE);
        let (latitude, longitude) = frame.degrees(Point::new(east, north));
        Position::new(whole(latitude * 1e9), whole(longitude * 1e9)).expect("a position")
    }

    fn photo(number: i64, east: f64, north: f64, line: i64) -> PlacedPhoto {
        PlacedPhoto { number, path: format!("{number}.JPG"), at: at(east, north), line: Some((1, line)) }
    }

    const EVERYWHERE: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];

    #[test]
    fn job_4_the_map_has_north_up_lines_and_a_scale_that_is_true() {
        let photos =
            [photo(1, 0.0, 0.0, 1), photo(2, 0.0, 100.0, 1), photo(3, 200.0, 100.0, 2), photo(4, 200.0, 0.0, 2)];
        let map = SurveyMap::of(&photos, &[], EVERYWHERE).expect("a map");
        assert_eq!((map.width, map.height), (1_000, 540));
        let spots: Vec<Spot> = map.photos.iter().map(|photo| photo.at).collect();
        assert_eq!(spots, [(40, 500), (40, 40), (960, 40), (960, 500)]);
        assert_eq!(map.lines, [vec![(40, 500), (40, 40)], vec![(960, 40), (960, 500)]]);
        let (metres, length) = map.scale;
        assert_eq!((metres, length), (50, 230), "a quarter of 200 metres");
    }

    #[test]
    fn job_4_what_is_far_off_does_not_shrink_the_map() {
        let photos = [photo(1, 0.0, 0.0, 1), photo(2, 100.0, 0.0, 1), photo(3, 90_000.0, 0.0, 1)];
        let (west, east) = (8.5, 8.7);
        let map = SurveyMap::of(&photos, &[], [west, 46.0, east, 47.0]).expect("a map");
        assert_eq!((map.photos.len(), map.elsewhere), (2, 1));
        assert_eq!(SurveyMap::of(&photos, &[], [0.0, 0.0, 1.0, 1.0]), None);
        assert_eq!(SurveyMap::of(&[], &[], EVERYWHERE), None);
        let one = SurveyMap::of(&photos[..1], &[], EVERYWHERE).expect("a map");
        assert_eq!((one.photos[0].at, one.lines.len()), ((500, 500), 0), "one photo is in the middle");
    }

    #[test]
    fn job_4_of_many_photos_some_footprints_are_drawn() {
        let photos: Vec<PlacedPhoto> = (0..1_500).map(|n| photo(n, float(n), 0.0, 1)).collect();
        let shapes: Vec<[Position; 4]> = (0..1_500)
            .map(|n| [(0.0, 0.0), (0.0, 10.0), (10.0, 10.0), (10.0, 0.0)].map(|(e, n2)| at(float(n) + e, n2)))
            .collect();
        let map = SurveyMap::of(&photos, &shapes, EVERYWHERE).expect("a map");
        assert!(map.few_footprints && map.footprints.len() == 500, "{}", map.footprints.len());
        assert_eq!((map.photos.len(), map.lines.len()), (1_500, 1));
        for length in [1.0, 1.9, 2.0, 4.9, 5.0, 30.0, 99.0, 100.0, 12_345.0] {
            let round = round_length(length);
            assert!(float(round) <= length && float(round) * 2.5 >= length, "{round} for {length}");
        }
    }
}
