//! Places on the ground in metres, and shapes made of them.
//!
//! A [`Frame`] is a flat map around one place: metres to the east and to the north are proportional to degrees. It is true to a
//! thousandth as far as a drone flies in a day, and a raster in it is a raster in degrees, so nobody needs a projection to show it.

use super::photo::Position;

/// The ellipsoid of GPS (WGS 84): its longer half axis in metres, and the square of its eccentricity.
pub(super) const LONGER_AXIS: f64 = 6_378_137.0;
pub(super) const ECCENTRICITY_SQUARED: f64 = 0.006_694_379_990_141_316;

/// No frame is nearer to a pole, in degrees of latitude: there, a degree of longitude is next to nothing.
pub const MAX_LATITUDE: f64 = 89.0;

const NANO: f64 = 1e-9;

/// A whole number as a fraction. What is measured here is far below 2^53, where they begin to differ.
pub fn float(value: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "positions, lengths and times are below 2^53")]
    let float = value as f64;
    float
}

/// The whole number next to a fraction; the nearest there is where it is too large, 0 where it is none.
pub fn whole(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "`as` keeps to the limits")]
    let whole = value.round() as i64;
    whole
}

/// The middle of some numbers in order of size; the larger of the two in the middle. `None` of none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// A place in a [`Frame`], in metres from its origin.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Point {
    pub east: f64,
    pub north: f64,
}

impl Point {
    pub const fn new(east: f64, north: f64) -> Self {
        Self { east, north }
    }

    /// The way from another place.
    pub fn from(self, other: Self) -> Self {
        Self::new(self.east - other.east, self.north - other.north)
    }

    pub fn distance(self, other: Self) -> f64 {
        let way = self.from(other);
        way.east.hypot(way.north)
    }
}

/// Where latitude and longitude are proportional to metres.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Frame {
    origin: Position,
    /// Metres in a degree.
    east: f64,
    north: f64,
}

impl Frame {
    /// Around a place.
    pub fn around(origin: Position) -> Self {
        let latitude = (float(origin.latitude) * NANO).clamp(-MAX_LATITUDE, MAX_LATITUDE).to_radians();
        let squared = 1.0 - ECCENTRICITY_SQUARED * latitude.sin().powi(2);
        let prime_vertical = LONGER_AXIS / squared.sqrt();
        let meridian = prime_vertical * (1.0 - ECCENTRICITY_SQUARED) / squared;
        let degree = std::f64::consts::PI / 180.0;
        Self { origin, east: prime_vertical * latitude.cos() * degree, north: meridian * degree }
    }

    /// Around the middle of some places; `None` without any.
    pub fn over(places: &[Position]) -> Option<Self> {
        let first = *places.first()?;
        let from_first = places.iter().map(|place| around_the_earth(place.longitude - first.longitude));
        let (west, east) =
            from_first.fold((0, 0), |(west, east), longitude| (longitude.min(west), longitude.max(east)));
        let latitudes = places.iter().map(|place| place.latitude);
        let south = latitudes.clone().min().unwrap_or(first.latitude);
        let north = latitudes.max().unwrap_or(first.latitude);
        let longitude = around_the_earth(first.longitude + i64::midpoint(west, east));
        Some(Self::around(Position { latitude: i64::midpoint(south, north), longitude }))
    }

    /// A place in metres.
    pub fn point(&self, place: Position) -> Point {
        let east = around_the_earth(place.longitude - self.origin.longitude);
        let north = place.latitude - self.origin.latitude;
        Point::new(float(east) * NANO * self.east, float(north) * NANO * self.north)
    }

    /// A point in degrees: (latitude, longitude). Longitudes go on beyond 180° where the frame does, so that a shape stays one.
    pub fn degrees(&self, point: Point) -> (f64, f64) {
        let latitude = float(self.origin.latitude) * NANO + point.north / self.north;
        let longitude = float(self.origin.longitude) * NANO + point.east / self.east;
        (latitude, longitude)
    }

    /// How many degrees so many metres are: (latitude, longitude).
    pub fn degrees_of(&self, metres: f64) -> (f64, f64) {
        (metres / self.north, metres / self.east)
    }
}

/// A difference of longitudes, the shorter way around the earth.
fn around_the_earth(longitude: i64) -> i64 {
    const HALF: i64 = 180_000_000_000;
    (longitude + HALF).rem_euclid(2 * HALF) - HALF
}

/// The four corners of what a photo sees, one after the other.
pub type Corners = [Point; 4];

/// The area of a shape without crossings, in square metres. It is negative where its corners go clockwise.
fn signed_area(corners: &[Point]) -> f64 {
    let Some(last) = corners.last() else { return 0.0 };
    let before = std::iter::once(last).chain(corners);
    before.zip(corners).map(|(from, to)| from.east * to.north - to.east * from.north).sum::<f64>() / 2.0
}

/// The area of a shape without crossings, in square metres.
pub fn area(corners: &[Point]) -> f64 {
    signed_area(corners).abs()
}

/// What two shapes without dents have in common, in square metres.
pub fn common_area(one: &Corners, other: &Corners) -> f64 {
    let mut other = *other;
    match signed_area(&other) {
        0.0 => return 0.0,
        ..0.0 => other.reverse(),
        _ => {}
    }
    let mut left = one.to_vec();
    // What is left of each side of the other, one side after the other.
    for (at, from) in other.iter().enumerate() {
        let to = other[(at + 1) % other.len()];
        let side = |point: Point| {
            (to.east - from.east) * (point.north - from.north) - (to.north - from.north) * (point.east - from.east)
        };
        let mut kept = Vec::with_capacity(left.len() + 1);
        for (at, here) in left.iter().enumerate() {
            let before = left[(at + left.len() - 1) % left.len()];
            let (inside, was_inside) = (side(*here), side(before));
            if (inside >= 0.0) != (was_inside >= 0.0) {
                let part = was_inside / (was_inside - inside);
                let way = here.from(before);
                kept.push(Point::new(before.east + part * way.east, before.north + part * way.north));
            }
            if inside >= 0.0 {
                kept.push(*here);
            }
        }
        if kept.is_empty() {
            return 0.0;
        }
        left = kept;
    }
    area(&left)
}

/// A raster in a [`Frame`]: rows from north to south of square cells from west to east.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Grid {
    /// Its corner in the north-west.
    pub corner: Point,
    /// The side of a cell, in metres.
    pub cell: f64,
    pub columns: u32,
    pub rows: u32,
}

/// The cells of a row, from the first to the one behind the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub row: u32,
    pub first: u32,
    pub end: u32,
}

impl Grid {
    /// Over all of these shapes: cells of this size at least, and at most so many in a row and in a column. `None` without a shape.
    pub fn over<'a>(shapes: impl IntoIterator<Item = &'a Corners>, cell: f64, most: u32) -> Option<Self> {
        let corners = shapes.into_iter().flatten();
        let bounds = corners.fold(None, |bounds: Option<(Point, Point)>, corner| {
            let (low, high) = bounds.unwrap_or((*corner, *corner));
            Some((
                Point::new(low.east.min(corner.east), low.north.min(corner.north)),
                Point::new(high.east.max(corner.east), high.north.max(corner.north)),
            ))
        });
        let (low, high) = bounds?;
        let sides = high.from(low);
        if !(sides.east.is_finite() && sides.north.is_finite()) {
            return None;
        }
        let cell = cell.max(sides.east.max(sides.north) / f64::from(most));
        if !(cell.is_finite() && cell > 0.0) {
            return None;
        }
        let count = |metres: f64| u32::try_from(whole((metres / cell).ceil())).unwrap_or(most).clamp(1, most);
        Some(Self {
            corner: Point::new(low.east, high.north),
            cell,
            columns: count(sides.east),
            rows: count(sides.north),
        })
    }

    /// The middle of a cell.
    pub fn middle(&self, row: u32, column: u32) -> Point {
        let away = |count: u32| (f64::from(count) + 0.5) * self.cell;
        Point::new(self.corner.east + away(column), self.corner.north - away(row))
    }

    /// The first cell whose middle is not before a distance from the corner, and at most `end`.
    fn first_at(&self, metres: f64, end: u32) -> u32 {
        let cell = whole((metres / self.cell - 0.5).ceil());
        u32::try_from(cell.max(0)).unwrap_or(end).min(end)
    }

    /// The cells whose middles are in a shape without dents, row by row from the north.
    pub fn spans(&self, shape: &Corners) -> impl Iterator<Item = Span> + use<> {
        let (grid, shape) = (*self, *shape);
        let norths = shape.iter().map(|corner| grid.corner.north - corner.north);
        let top = grid.first_at(norths.clone().fold(f64::INFINITY, f64::min), grid.rows);
        let bottom = grid.first_at(norths.fold(f64::NEG_INFINITY, f64::max), grid.rows);
        (top..bottom).filter_map(move |row| {
            let north = grid.middle(row, 0).north;
            let (mut west, mut east) = (f64::INFINITY, f64::NEG_INFINITY);
            for (at, from) in shape.iter().enumerate() {
                let to = shape[(at + 1) % shape.len()];
                if (from.north > north) != (to.north > north) {
                    let part = (north - from.north) / (to.north - from.north);
                    let crossed = from.east + part * (to.east - from.east);
                    (west, east) = (west.min(crossed), east.max(crossed));
                }
            }
            let first = grid.first_at(west - grid.corner.east, grid.columns);
            let end = grid.first_at(east - grid.corner.east, grid.columns);
            (first < end).then_some(Span { row, first, end })
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn square(east: f64, north: f64, side: f64) -> Corners {
        [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| Point::new(east + x, north + y))
    }

    fn place(latitude: f64, longitude: f64) -> Position {
        Position { latitude: whole(latitude * 1e9), longitude: whole(longitude * 1e9) }
    }

    #[test]
    fn job_4_degrees_are_as_long_as_geographiclib_says() {
        // What GeographicLib 2.1 says of a hundredth of a degree to the north, and of one to the east.
        for (latitude, north, east) in [
            (0.0, 1_105.742_758, 1_113.194_908),
            (46.66, 1_111.642_072, 765.371_210),
            (-60.0, 1_114.122_875, 558.000_015),
        ] {
            let at = place(latitude, 8.5);
            let frame = Frame::around(at);
            let found = frame.point(place(latitude + 0.005, 8.5)).from(frame.point(place(latitude - 0.005, 8.5)));
            assert!((found.north - north).abs() < 1e-5, "{latitude}: {found:?}");
            let found = frame.point(place(latitude, 8.51));
            assert!((found.east - east).abs() < 1e-5 && found.north.abs() < 1e-6, "{latitude}: {found:?}");
        }
    }

    #[test]
    fn job_4_a_frame_goes_on_across_the_date_line() {
        let (west, east) = (place(-17.0, 179.999), place(-17.0, -179.999));
        let frame = Frame::over(&[west, east]).expect("places");
        let way = frame.point(east).from(frame.point(west));
        assert!((way.east - 213.0).abs() < 1.0, "{way:?}");
        let (_, longitude) = frame.degrees(frame.point(east));
        assert!((longitude.abs() - 180.0).abs() < 0.002, "{longitude}");
        assert_eq!(Frame::over(&[]), None);
    }

    #[test]
    fn job_4_a_grid_has_no_more_cells_than_it_may() {
        let far = [square(0.0, 0.0, 10.0), square(99_990.0, 0.0, 10.0)];
        let grid = Grid::over(&far, 0.01, 4_096).expect("a grid");
        assert_eq!((grid.columns, grid.rows), (4_096, 1));
        assert!((grid.cell - 100_000.0 / 4_096.0).abs() < 1e-9);
        assert_eq!(Grid::over(&[], 1.0, 10), None);
        let nothing = [Point::default(); 4];
        assert_eq!(Grid::over(&[nothing], 1.0, 10).map(|grid| (grid.columns, grid.rows)), Some((1, 1)));
        assert_eq!(Grid::over(&[nothing], 0.0, 10), None);
        let lost = [Point::new(f64::NAN, f64::INFINITY); 4];
        assert_eq!(Grid::over(&[lost], 1.0, 10), None);
    }

    #[test]
    fn job_4_squares_have_in_common_what_one_sees() {
        let one = square(0.0, 0.0, 10.0);
        assert!((common_area(&one, &square(2.0, 3.0, 10.0)) - 56.0).abs() < 1e-9);
        assert!((common_area(&one, &square(2.0, 2.0, 1.0)) - 1.0).abs() < 1e-9);
        assert!(common_area(&one, &square(20.0, 0.0, 10.0)).abs() < 1e-9);
        assert!(common_area(&one, &[Point::new(3.0, 3.0); 4]).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn job_4_a_point_is_found_again(latitude in -85.0..85.0_f64, longitude in -180.0..180.0_f64, away in -0.05..0.05_f64) {
            let frame = Frame::around(place(latitude, longitude));
            let there = place(latitude + away, longitude - away);
            let (found_latitude, found_longitude) = frame.degrees(frame.point(there));
            prop_assert!((found_latitude - float(there.latitude) * 1e-9).abs() < 1e-8);
            let around = (found_longitude - float(there.longitude) * 1e-9).rem_euclid(360.0);
            prop_assert!(around.min(360.0 - around) < 1e-8, "{found_longitude}");
        }

        #[test]
        fn job_4_what_shapes_have_in_common_is_in_both(
            angle in 0.0..6.3_f64, side in 1.0..50.0_f64, east in -40.0..40.0_f64, north in -40.0..40.0_f64,
        ) {
            let turned = square(east, north, side).map(|corner| {
                Point::new(corner.east * angle.cos() - corner.north * angle.sin(), corner.east * angle.sin() + corner.north * angle.cos())
            });
            let one = square(-10.0, -10.0, 20.0);
            let (there, back) = (common_area(&one, &turned), common_area(&turned, &one));
            prop_assert!((there - back).abs() < 1e-6, "{there} {back}");
            prop_assert!(there <= area(&one).min(area(&turned)) + 1e-6);
            let mut mirrored = turned;
            mirrored.reverse();
            prop_assert!((common_area(&one, &mirrored) - there).abs() < 1e-6);
            prop_assert!((common_area(&turned, &turned) - side * side).abs() < 1e-6);
        }

        #[test]
        fn job_4_the_cells_of_a_shape_are_as_large_as_it_is(
            angle in 0.0..6.3_f64, wide in 5.0..80.0_f64, high in 5.0..80.0_f64, cell in 0.2..1.0_f64,
        ) {
            let shape = [(-wide, -high), (wide, -high), (wide, high), (-wide, high)].map(|(x, y)| {
                Point::new(x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos())
            });
            let grid = Grid::over(&[shape], cell, 100_000).expect("a grid");
            let mut cells = 0;
            let mut last = None;
            for span in grid.spans(&shape) {
                prop_assert!(span.first < span.end && span.end <= grid.columns && span.row < grid.rows);
                prop_assert!(last.is_none_or(|last| last < span.row));
                last = Some(span.row);
                cells += span.end - span.first;
            }
            let around = 4.0 * (wide + high);
            prop_assert!((f64::from(cells) * cell * cell - area(&shape)).abs() <= around * cell, "{cells}");
        }

        #[test]
        fn job_4_no_shape_leaves_its_grid(corners in prop::array::uniform4((-1e6..1e6_f64, -1e6..1e6_f64)), cell in 1e-6..1e3_f64) {
            let grid = Grid { corner: Point::new(-50.0, 50.0), cell, columns: 64, rows: 32 };
            for span in grid.spans(&corners.map(|(east, north)| Point::new(east, north))) {
                prop_assert!(span.first < span.end && span.end <= 64 && span.row < 32);
            }
        }
    }
}
