//! Lengths and areas on the ground (VIEW-2): on the ellipsoid of GPS and without heights. The page, the table and the API all measure
//! here.
//!
//! A length is that of the straight line through the earth, bent as the ground is bent there. An area is that of the shape on the
//! sphere on which every area is as large as on the ellipsoid, laid flat around the middle of the shape in a way that keeps areas. The
//! sides of a shape are the shortest ways on the ground; on a flat map these are curves, so long sides are cut into pieces before.
//!
//! # Invariants
//! - Up to 20 km nothing is wrong by more than a millionth, at any latitude, also across 180° and around the poles.
//! - The area is the same whichever way round the places go. Of a shape that crosses itself, parts that go round the other way count
//!   against the others, as in other programs.

use serde::{Deserialize, Serialize};

use super::{
    geo::{ECCENTRICITY_SQUARED, LONGER_AXIS, float, whole},
    photo::Position,
    text::number,
};

/// The radius of the sphere with the area of the ellipsoid, in metres.
const EQUAL_AREA_RADIUS: f64 = 6_371_007.180_918_474;

/// Longer sides of a shape are cut, in metres.
const MAX_PIECE: f64 = 1_500.0;

/// A side is cut into at most two to the power of this many pieces. Only sides of hundreds of kilometres would need more.
const MAX_CUTS: u32 = 7;

/// So many metres are a foot, a mile and so on.
const FOOT: f64 = 0.304_8;
const MILE: f64 = 1_609.344;
const SQUARE_FOOT: f64 = FOOT * FOOT;
const ACRE: f64 = 4_046.856_422_4;

/// A place in metres from the middle of the earth, or a direction.
type Vector = [f64; 3];

fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn sum(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn times(a: Vector, factor: f64) -> Vector {
    a.map(|part| part * factor)
}

fn size(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

/// The same direction, one long. What is nothing points to where the equator meets the first meridian.
fn direction(a: Vector) -> Vector {
    let size = size(a);
    if size > 0.0 { times(a, 1.0 / size) } else { [1.0, 0.0, 0.0] }
}

fn middle(a: Vector, b: Vector) -> Vector {
    times(sum(a, b), 0.5)
}

/// Up from the ground at a place on it, or near it.
fn up(place: Vector) -> Vector {
    direction([place[0], place[1], place[2] / (1.0 - ECCENTRICITY_SQUARED)])
}

fn vector(place: Position) -> Vector {
    let radians = |nano: i64| (float(nano) * 1e-9).to_radians();
    let ((sin, cos), (east, north)) = (radians(place.latitude).sin_cos(), radians(place.longitude).sin_cos());
    let radius = LONGER_AXIS / (1.0 - ECCENTRICITY_SQUARED * sin * sin).sqrt();
    [radius * cos * north, radius * cos * east, radius * (1.0 - ECCENTRICITY_SQUARED) * sin]
}

/// The way on the ground between two places.
fn way(from: Vector, to: Vector) -> f64 {
    let line = sum(to, times(from, -1.0));
    let straight = size(line);
    if straight <= 0.0 {
        return 0.0;
    }
    let up = up(middle(from, to));
    // How the ground is bent between them: less from north to south than from east to west.
    let share = 1.0 - ECCENTRICITY_SQUARED * up[2] * up[2];
    let across = LONGER_AXIS / share.sqrt();
    let along = across * (1.0 - ECCENTRICITY_SQUARED) / share;
    let flat = up[0].hypot(up[1]);
    let east = if flat > 0.0 { (up[0] * line[1] - up[1] * line[0]) / (flat * straight) } else { 0.0 };
    let radius = 1.0 / (east * east / across + (1.0 - east * east) / along);
    2.0 * radius * (straight / (2.0 * radius)).min(1.0).asin()
}

/// The length of a line, in metres.
pub fn length(places: &[Position]) -> f64 {
    let places: Vec<Vector> = places.iter().map(|place| vector(*place)).collect();
    places.windows(2).map(|pair| way(pair[0], pair[1])).sum()
}

/// The way around a shape, in metres.
pub fn perimeter(places: &[Position]) -> f64 {
    let back = match places {
        [first, .., last] => way(vector(*last), vector(*first)),
        _ => 0.0,
    };
    length(places) + back
}

/// The place on the ground above a place in it.
fn raised(mut place: Vector) -> Vector {
    let (longer, shorter) = (LONGER_AXIS * LONGER_AXIS, LONGER_AXIS * LONGER_AXIS * (1.0 - ECCENTRICITY_SQUARED));
    for _ in 0..2 {
        let slope = [place[0] / longer, place[1] / longer, place[2] / shorter];
        let missing = 1.0 - dot(place, slope);
        let up = up(place);
        place = sum(place, times(up, missing / (2.0 * dot(slope, up)).max(f64::MIN_POSITIVE)));
    }
    place
}

/// A place on the ground as a direction on the sphere on which areas are as large.
fn on_sphere(place: Vector) -> Vector {
    const E2: f64 = ECCENTRICITY_SQUARED;
    // The series of the authalic latitude: Snyder, Map Projections (1987), 3-18.
    const TWICE: f64 = E2 / 3.0 + 31.0 * E2 * E2 / 180.0 + 59.0 * E2 * E2 * E2 / 560.0;
    const FOUR_TIMES: f64 = 17.0 * E2 * E2 / 360.0 + 61.0 * E2 * E2 * E2 / 1_260.0;
    const SIX_TIMES: f64 = 383.0 * E2 * E2 * E2 / 45_360.0;
    let up = up(place);
    let flat = up[0].hypot(up[1]);
    let (sin2, cos2) = (2.0 * up[2] * flat, flat * flat - up[2] * up[2]);
    let (sin4, sin6) = (2.0 * sin2 * cos2, sin2 * (3.0 - 4.0 * sin2 * sin2));
    let latitude = up[2].atan2(flat) - TWICE * sin2 + FOUR_TIMES * sin4 - SIX_TIMES * sin6;
    let (sin, cos) = latitude.sin_cos();
    if flat > 0.0 { [cos * up[0] / flat, cos * up[1] / flat, sin] } else { [0.0, 0.0, sin] }
}

/// The area of a shape, in square metres: positive where its places go counterclockwise.
pub fn signed_area(places: &[Position]) -> f64 {
    let corners: Vec<Vector> = places.iter().map(|place| vector(*place)).collect();
    let (Some(last), 3..) = (corners.last(), corners.len()) else { return 0.0 };
    let centre = direction(corners.iter().map(|corner| on_sphere(*corner)).fold([0.0; 3], sum));
    let east = cross([0.0, 0.0, 1.0], centre);
    let east = if size(east) > 0.0 { direction(east) } else { [0.0, 1.0, 0.0] };
    let north = cross(centre, east);
    // Lambert's map: it keeps areas.
    let flat = |place: Vector| {
        let place = on_sphere(place);
        let scale = (2.0 / (1.0 + dot(place, centre)).max(1e-12)).sqrt();
        (scale * dot(place, east), scale * dot(place, north))
    };
    let mut twice = 0.0;
    let (mut from, mut before) = (*last, flat(*last));
    let mut add = |to: Vector| {
        let here = flat(to);
        twice += before.0 * here.1 - here.0 * before.1;
        before = here;
    };
    for to in &corners {
        cut(from, *to, MAX_CUTS, &mut add);
        from = *to;
    }
    twice / 2.0 * EQUAL_AREA_RADIUS * EQUAL_AREA_RADIUS
}

/// Adds the way to a place, in pieces.
fn cut(from: Vector, to: Vector, cuts: u32, add: &mut impl FnMut(Vector)) {
    let line = sum(to, times(from, -1.0));
    if cuts > 0 && dot(line, line) > MAX_PIECE * MAX_PIECE {
        let between = raised(middle(from, to));
        cut(from, between, cuts - 1, add);
        cut(between, to, cuts - 1, add);
    } else {
        add(to);
    }
}

/// The area of a shape, in square metres.
pub fn area(places: &[Position]) -> f64 {
    signed_area(places).abs()
}

/// What is measured of a drawing; nothing of a point.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Measured {
    /// Of a line, or around an area, in metres.
    pub length: Option<f64>,
    /// In square metres.
    pub area: Option<f64>,
}

/// What is said beside every result.
pub const NO_HEIGHTS: &str = "Measured on the ellipsoid, without heights (2D).";

/// How results are shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Units {
    #[default]
    Metric,
    Imperial,
}

words! {
    Units
    Metric => "metres", "Metres";
    Imperial => "feet", "Feet";
}

impl Units {
    /// A length of so many metres.
    pub fn length(self, metres: f64) -> String {
        let (value, digits, unit) = match self {
            Self::Metric if metres >= 100_000.0 => (metres / 1_000.0, 1, "km"),
            Self::Metric if metres >= 1_000.0 => (metres / 1_000.0, 3, "km"),
            Self::Metric if metres >= 100.0 => (metres, 1, "m"),
            Self::Metric => (metres, 2, "m"),
            Self::Imperial if metres >= 100.0 * MILE => (metres / MILE, 1, "mi"),
            Self::Imperial if metres >= MILE => (metres / MILE, 3, "mi"),
            Self::Imperial => (metres / FOOT, 1, "ft"),
        };
        format!("{} {unit}", rounded(value, digits))
    }

    /// An area of so many square metres.
    pub fn area(self, square_metres: f64) -> String {
        let (value, digits, unit) = match self {
            Self::Metric if square_metres >= 1e8 => (square_metres / 1e6, 1, "km²"),
            Self::Metric if square_metres >= 1e6 => (square_metres / 1e4, 1, "ha"),
            Self::Metric if square_metres >= 1e4 => (square_metres / 1e4, 3, "ha"),
            Self::Metric if square_metres >= 100.0 => (square_metres, 1, "m²"),
            Self::Metric => (square_metres, 2, "m²"),
            Self::Imperial if square_metres >= 100.0 * ACRE => (square_metres / ACRE, 1, "acres"),
            Self::Imperial if square_metres >= ACRE => (square_metres / ACRE, 3, "acres"),
            Self::Imperial if square_metres >= 100.0 * SQUARE_FOOT => (square_metres / SQUARE_FOOT, 0, "ft²"),
            Self::Imperial => (square_metres / SQUARE_FOOT, 1, "ft²"),
        };
        format!("{} {unit}", rounded(value, digits))
    }

    /// What was measured, in one line: "1.002 ha, 400.4 m around". Empty for a point.
    pub fn measured(self, measured: Measured) -> String {
        match (measured.area, measured.length) {
            (Some(area), Some(around)) => format!("{}, {} around", self.area(area), self.length(around)),
            (Some(area), None) => self.area(area),
            (None, Some(length)) => self.length(length),
            (None, None) => String::new(),
        }
    }
}

/// A number with so many digits behind the point.
fn rounded(value: f64, digits: u32) -> String {
    let unit = 10_i64.pow(digits);
    let all = whole(value * float(unit));
    let (before, behind) = (number(all / unit), (all % unit).abs());
    match digits {
        0 => before,
        digits => format!("{before}.{behind:0digits$}", digits = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use geographiclib_rs::{Geodesic, InverseGeodesic, PolygonArea, Winding};
    use proptest::prelude::*;

    use super::*;

    fn place(latitude: f64, longitude: f64) -> Position {
        let longitude = (longitude + 180.0).rem_euclid(360.0) - 180.0;
        Position { latitude: whole(latitude * 1e9), longitude: whole(longitude * 1e9) }
    }

    fn degrees(place: Position) -> (f64, f64) {
        (float(place.latitude) * 1e-9, float(place.longitude) * 1e-9)
    }

    /// Length, perimeter and area by Karney's method, whose lengths are exact to nanometres.
    fn exact(places: &[Position]) -> (f64, f64, f64) {
        let earth = Geodesic::wgs84();
        let way = |from: Position, to: Position| -> f64 {
            let ((lat1, lon1), (lat2, lon2)) = (degrees(from), degrees(to));
            earth.inverse(lat1, lon1, lat2, lon2)
        };
        let length = places.windows(2).map(|pair| way(pair[0], pair[1])).sum();
        let mut shape = PolygonArea::new(&earth, Winding::CounterClockwise);
        for place in places {
            let (lat, lon) = degrees(*place);
            shape.add_point(lat, lon);
        }
        let (perimeter, area, _) = shape.compute(true);
        (length, perimeter, area)
    }

    /// How far Karney's areas may be off, in square metres: they are differences of areas that reach to the equator.
    const KARNEY: f64 = 0.1;

    /// The area on the plane that touches the earth in the middle of a shape.
    fn on_plane(places: &[Position]) -> f64 {
        let corners: Vec<Vector> = places.iter().map(|place| vector(*place)).collect();
        let centre = corners.iter().fold([0.0; 3], |all, corner| sum(all, *corner));
        let up = up(times(centre, 1.0 / float(i64::try_from(corners.len()).expect("few"))));
        let origin = corners[0];
        let from_origin = |corner: Vector| sum(corner, times(origin, -1.0));
        let twice =
            corners.windows(2).map(|pair| cross(from_origin(pair[0]), from_origin(pair[1]))).fold([0.0; 3], sum);
        dot(twice, up) / 2.0
    }

    /// A place so far from another: (north, east) in metres, roughly.
    fn off(latitude: f64, longitude: f64, north: f64, east: f64) -> Position {
        // Through the plane that touches the earth at the other: that also works beside a pole.
        let from = vector(place(latitude, longitude));
        let up = up(from);
        let to_east = cross([0.0, 0.0, 1.0], up);
        let to_east = if size(to_east) > 1e-9 { direction(to_east) } else { [0.0, 1.0, 0.0] };
        let to_north = cross(up, to_east);
        let up = super::up(raised(sum(from, sum(times(to_east, east), times(to_north, north)))));
        place(up[2].atan2(up[0].hypot(up[1])).to_degrees(), up[1].atan2(up[0]).to_degrees())
    }

    /// The error as a share of the whole.
    fn share(measured: f64, exact: f64) -> f64 {
        if exact == 0.0 { measured.abs() } else { ((measured - exact) / exact).abs() }
    }

    #[test]
    fn view_2_lengths_and_areas_are_right_to_a_millionth_up_to_20_km_at_every_latitude() {
        let shapes: [&[(f64, f64)]; 5] = [
            &[(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0)],
            &[(0.0, 0.0), (0.2, 1.0), (1.0, 0.3)],
            // Long and narrow, with a dent, and clockwise.
            &[(0.0, 0.0), (0.0, 1.0), (0.01, 1.0), (0.01, 0.0)],
            &[(0.0, 0.0), (0.1, 0.9), (0.4, 0.4), (0.8, 0.8), (0.9, 0.1)],
            &[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
        ];
        let latitudes = [-90.0, -89.99, -75.0, -45.0, -12.5, 0.0, 0.05, 30.0, 46.6, 60.0, 80.0, 89.0, 89.95, 90.0];
        for latitude in latitudes {
            for longitude in [0.0, 8.5, -179.99, 179.95, 180.0] {
                for metres in [1.0, 30.0, 500.0, 4_000.0, 20_000.0] {
                    for (which, shape) in shapes.iter().enumerate() {
                        let places: Vec<Position> = shape
                            .iter()
                            .map(|(north, east)| off(latitude, longitude, north * metres, east * metres))
                            .collect();
                        let (length, perimeter, area) = exact(&places);
                        let said = format!("shape {which} of {metres} m at {latitude}, {longitude}");
                        assert!(share(super::length(&places), length) < 1e-6, "length of {said}");
                        assert!(share(super::perimeter(&places), perimeter) < 1e-6, "perimeter of {said}");
                        let measured = signed_area(&places);
                        let off = (measured - area).abs();
                        assert!(off < area.abs() / 1e6 + KARNEY, "area of {said}: {measured} and not {area}");
                        // What is small is flat.
                        if metres < 1_000.0 {
                            let off = (measured - on_plane(&places)).abs();
                            assert!(off < measured.abs() / 1e6, "area of {said}: {off} of {measured}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn view_2_what_lies_across_180_degrees_is_as_large_as_elsewhere() {
        let square = |longitude: f64| {
            [(0.0, 0.0), (0.0, 0.01), (0.01, 0.01), (0.01, 0.0)]
                .map(|(north, east)| place(46.6 + north, longitude + east))
        };
        let (here, across) = (square(8.0), square(179.995));
        assert!(across.iter().any(|one| one.longitude < 0) && across.iter().any(|one| one.longitude > 0));
        assert!(share(area(&across), area(&here)) < 1e-9);
        assert!(share(perimeter(&across), perimeter(&here)) < 1e-9);
    }

    #[test]
    fn view_2_a_shape_that_crosses_itself_counts_its_parts_against_each_other() {
        let at = |north: f64, east: f64| off(46.6, 8.6, north, east);
        let large = [at(0.0, 0.0), at(0.0, 300.0), at(200.0, 300.0), at(200.0, 0.0)];
        let bow = [large[0], large[2], large[1], large[3]];
        assert!(area(&bow) < 1.0, "{}", area(&bow));
        let mut other_way = large;
        other_way.reverse();
        assert!(share(area(&other_way), area(&large)) < 1e-12);
        assert!(signed_area(&large) > 0.0 && signed_area(&other_way) < 0.0);
    }

    #[test]
    fn view_2_what_has_no_size_is_nothing() {
        let one = place(46.6, 8.6);
        assert_eq!((length(&[]), perimeter(&[]), area(&[])), (0.0, 0.0, 0.0));
        assert_eq!((length(&[one]), perimeter(&[one]), area(&[one])), (0.0, 0.0, 0.0));
        assert_eq!((length(&[one; 3]), perimeter(&[one; 3])), (0.0, 0.0));
        assert!(area(&[one; 3]) < 1e-6);
        let pair = [one, place(46.7, 8.6)];
        assert!((perimeter(&pair) - 2.0 * length(&pair)).abs() < 1e-6 && area(&pair) == 0.0);
        // Even the other side of the earth is some way off, and nothing is no number.
        let far = [place(0.0, 0.0), place(0.0, 180.0), place(90.0, 0.0), place(-90.0, 0.0)];
        assert!(length(&far) > 4e7 && length(&far).is_finite() && area(&far).is_finite());
    }

    #[test]
    fn view_2_results_are_shown_in_metres_or_in_feet() {
        let lengths = [0.0, 0.123, 12.345, 123.45, 1_234.5, 123_456.0];
        assert_eq!(
            lengths.map(|metres| Units::Metric.length(metres)),
            ["0.00 m", "0.12 m", "12.35 m", "123.5 m", "1.235 km", "123.5 km"]
        );
        assert_eq!(
            lengths.map(|metres| Units::Imperial.length(metres)),
            ["0.0 ft", "0.4 ft", "40.5 ft", "405.0 ft", "4,050.2 ft", "76.712 mi"]
        );
        let areas = [0.5, 123.45, 10_000.0, 1_234_567.0, 2.5e8];
        assert_eq!(
            areas.map(|area| Units::Metric.area(area)),
            ["0.50 m²", "123.5 m²", "1.000 ha", "123.5 ha", "250.0 km²"]
        );
        assert_eq!(
            areas.map(|area| Units::Imperial.area(area)),
            ["5.4 ft²", "1,329 ft²", "2.471 acres", "305.1 acres", "61,776.3 acres"]
        );
        let measured = Measured { length: Some(400.0), area: Some(10_000.0) };
        assert_eq!(Units::Metric.measured(measured), "1.000 ha, 400.0 m around");
        assert_eq!(Units::Metric.measured(Measured { area: None, ..measured }), "400.0 m");
        assert_eq!(Units::Metric.measured(Measured::default()), "");
        assert_eq!(Units::parse("feet"), Ok(Units::Imperial));
    }

    proptest! {
        #[test]
        fn view_2_whatever_is_drawn_within_20_km_is_measured_to_a_millionth(
            latitude in -90.0..=90.0_f64,
            longitude in -180.0..=180.0_f64,
            corners in proptest::collection::vec((0.2..1.0_f64, 0.02..1.0_f64), 3..12),
            metres in 50.0..10_000.0_f64,
        ) {
            // Around a middle, so that the shape does not cross itself.
            let all: f64 = corners.iter().map(|(_, turn)| turn).sum();
            let mut turned = 0.0;
            let places: Vec<Position> = corners.iter().map(|(out, turn)| {
                turned += turn / all * std::f64::consts::TAU;
                off(latitude, longitude, turned.sin() * out * metres, turned.cos() * out * metres)
            }).collect();
            let (length, perimeter, area) = exact(&places);
            prop_assert!(share(super::length(&places), length) < 1e-6);
            prop_assert!(share(super::perimeter(&places), perimeter) < 1e-6);
            let off = (signed_area(&places) - area).abs();
            prop_assert!(off < area.abs() / 1e6 + KARNEY, "{off} of {area}");
        }

        #[test]
        fn view_2_an_area_does_not_depend_on_where_one_begins(
            turn in 0_usize..5,
            corners in proptest::array::uniform5((-3e3..3e3_f64, -3e3..3e3_f64)),
        ) {
            let mut places = corners.map(|(north, east)| off(46.6, 8.6, north, east));
            let before = signed_area(&places);
            places.rotate_left(turn);
            prop_assert!((signed_area(&places) - before).abs() < 1e-3);
            places.reverse();
            prop_assert!((signed_area(&places) + before).abs() < 1e-3);
        }
    }
}
