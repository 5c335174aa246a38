//! How a photo sees the ground, which is taken to be flat and level.
//!
//! The camera is a hole: a pixel is a ray, and focal length is what it would be on 35 mm film with the same diagonal. That is true of
//! survey cameras to a few percent, and not of fisheyes.

use crate::domain::{
    geo::{Corners, Point, float},
    photo::{Measured, PhotoFacts},
};

/// The diagonal of 35 mm film, in micrometres.
const FILM_DIAGONAL_UM: f64 = 43_267.0;

/// Heights above the ground that make sense, in millimetres.
const HEIGHTS_MM: std::ops::RangeInclusive<i64> = 1_000..=20_000_000;

/// Focal lengths on 35 mm film that make sense, in micrometres.
const FOCAL_UM: std::ops::RangeInclusive<i64> = 4_000..=3_000_000;

/// How far from straight down a corner of a photo may look at most: the tangent of 75°. Beyond, a photo is of the horizon.
const MAX_TILT: f64 = 3.732;

/// Straight down, in millidegrees.
const STRAIGHT_DOWN_MDEG: i64 = -90_000;

/// What is missing for a photo to be laid on the ground.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Missing {
    /// It cannot be opened.
    Pixels,
    Position,
    /// It is in another area than most. A map is flat, so it is of one area.
    Area,
    /// Above the ground. The altitude of GPS is above the sea, and says nothing about that.
    Height,
    /// Where north is in it.
    Heading,
    /// On 35 mm film.
    FocalLength,
    /// It is of the horizon.
    Ground,
}

words! {
    Missing without parse
    Pixels => "unreadable", "cannot be opened";
    Position => "no_position", "without a position";
    Area => "other_area", "in another area than most";
    Height => "no_height", "without a height above the ground";
    Heading => "no_heading", "without a heading";
    FocalLength => "no_focal_length", "without a focal length on 35 mm film";
    Ground => "horizon", "of the horizon";
}

/// How large a pixel is on the ground straight below, in metres.
pub fn ground_sample(facts: &PhotoFacts, measured: &Measured) -> Option<f64> {
    let height = height(facts)?;
    focal_pixels(facts, measured).map(|focal| height / focal)
}

/// Above the ground, in metres.
pub fn height(facts: &PhotoFacts) -> Option<f64> {
    facts.height_mm.filter(|height| HEIGHTS_MM.contains(height)).map(|height| float(height) / 1_000.0)
}

/// Focal length in pixels of the photo.
fn focal_pixels(facts: &PhotoFacts, measured: &Measured) -> Option<f64> {
    let focal = facts.focal35_um.filter(|focal| FOCAL_UM.contains(focal))?;
    let diagonal = f64::from(measured.width).hypot(f64::from(measured.height));
    Some(float(focal) * diagonal / FILM_DIAGONAL_UM)
}

/// A direction: to the north, to the east, down.
type Direction = [f64; 3];

/// How a photo sees the ground.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GroundView {
    /// Straight below the camera.
    at: Point,
    height: f64,
    /// In pixels, as are the sides.
    focal: f64,
    width: f64,
    depth: f64,
    /// Where the camera looks, and where right and down in the photo are.
    forward: Direction,
    right: Direction,
    down: Direction,
    /// What it sees: upper left, upper right, lower right, lower left.
    pub footprint: Corners,
    /// In its middle.
    pub centre: Point,
}

impl GroundView {
    /// Of a photo taken there. A camera that does not say how it was tilted looked straight down.
    ///
    /// # Errors
    /// What is missing.
    pub fn of(facts: &PhotoFacts, measured: &Measured, at: Point) -> Result<Self, Missing> {
        let height = height(facts).ok_or(Missing::Height)?;
        let yaw = facts.yaw_mdeg.ok_or(Missing::Heading)?;
        let focal = focal_pixels(facts, measured).ok_or(Missing::FocalLength)?;
        let angle = |mdeg: i64| (float(mdeg.rem_euclid(360_000)) / 1_000.0).to_radians().sin_cos();
        let (sin_yaw, cos_yaw) = angle(yaw);
        let (sin_pitch, cos_pitch) = angle(facts.pitch_mdeg.unwrap_or(STRAIGHT_DOWN_MDEG));
        let (sin_roll, cos_roll) = angle(facts.roll_mdeg.unwrap_or(0));
        let mut view = Self {
            at,
            height,
            focal,
            width: f64::from(measured.width),
            depth: f64::from(measured.height),
            forward: [cos_pitch * cos_yaw, cos_pitch * sin_yaw, -sin_pitch],
            right: [
                sin_roll * sin_pitch * cos_yaw - cos_roll * sin_yaw,
                sin_roll * sin_pitch * sin_yaw + cos_roll * cos_yaw,
                sin_roll * cos_pitch,
            ],
            down: [
                cos_roll * sin_pitch * cos_yaw + sin_roll * sin_yaw,
                cos_roll * sin_pitch * sin_yaw - sin_roll * cos_yaw,
                cos_roll * cos_pitch,
            ],
            footprint: Corners::default(),
            centre: at,
        };
        let (right, bottom) = (view.width, view.depth);
        for (corner, (x, y)) in [(0.0, 0.0), (right, 0.0), (right, bottom), (0.0, bottom)].into_iter().enumerate() {
            view.footprint[corner] = view.ground(x, y).ok_or(Missing::Ground)?;
        }
        view.centre = view.ground(right / 2.0, bottom / 2.0).ok_or(Missing::Ground)?;
        Ok(view)
    }

    /// Where a pixel is on the ground; `None` towards the horizon.
    pub fn ground(&self, x: f64, y: f64) -> Option<Point> {
        let (x, y) = (x - self.width / 2.0, y - self.depth / 2.0);
        let along = |axis: usize| self.focal * self.forward[axis] + x * self.right[axis] + y * self.down[axis];
        let (north, east, down) = (along(0), along(1), along(2));
        (down > 0.0 && north.hypot(east) <= MAX_TILT * down).then(|| {
            let scale = self.height / down;
            Point::new(self.at.east + scale * east, self.at.north + scale * north)
        })
    }

    /// The pixels along a line from west to east.
    pub fn row(&self, north: f64) -> RowOfGround {
        let north = north - self.at.north;
        let line = |axis: &Direction, scale: f64| {
            let [to_north, to_east, below] = axis;
            let at_west = to_north * north + below * self.height - to_east * self.at.east;
            Linear { start: scale * at_west, slope: scale * to_east }
        };
        RowOfGround {
            ahead: line(&self.forward, 1.0),
            right: line(&self.right, self.focal / self.width),
            down: line(&self.down, self.focal / self.depth),
        }
    }
}

/// What grows evenly from west to east.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Linear {
    start: f64,
    slope: f64,
}

impl Linear {
    fn at(self, east: f64) -> f64 {
        self.start + self.slope * east
    }
}

/// A line of the ground from west to east, as a photo sees it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RowOfGround {
    ahead: Linear,
    right: Linear,
    down: Linear,
}

impl RowOfGround {
    /// Where in the photo a place of the line is, as parts of its width and height; `None` where the photo does not show it.
    pub fn seen(&self, east: f64) -> Option<(f64, f64)> {
        let ahead = self.ahead.at(east);
        let (x, y) = (0.5 + self.right.at(east) / ahead, 0.5 + self.down.at(east) / ahead);
        (ahead > 0.0 && (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)).then_some((x, y))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        geo::area,
        photo::{Luminance, Position},
    };

    fn measured(width: u32, height: u32) -> Measured {
        Measured { width, height, sharpness: 0, luminance: Luminance::default(), look: 0 }
    }

    fn facts(yaw: i64, pitch: i64, roll: i64) -> PhotoFacts {
        PhotoFacts {
            position: Position::new(46_000_000_000, 8_000_000_000),
            height_mm: Some(100_000),
            yaw_mdeg: Some(yaw),
            pitch_mdeg: Some(pitch),
            roll_mdeg: Some(roll),
            focal35_um: Some(24_000),
            ..PhotoFacts::default()
        }
    }

    fn near(one: Point, east: f64, north: f64) -> bool {
        one.distance(Point::new(east, north)) < 1e-6
    }

    #[test]
    fn job_4_a_pixel_from_100_m_with_24_mm_is_2_74_cm() {
        let sample = ground_sample(&facts(0, -90_000, 0), &measured(5_472, 3_648)).expect("a size");
        assert!((sample - 0.0274).abs() < 0.000_05, "{sample}");
        let high = PhotoFacts { height_mm: Some(200_000), ..facts(0, -90_000, 0) };
        let twice = ground_sample(&high, &measured(5_472, 3_648)).expect("a size");
        assert!((twice - 2.0 * sample).abs() < 1e-9);
    }

    #[test]
    fn job_4_a_photo_from_straight_above_sees_as_much_as_its_pixels_are_large() {
        let (facts, measured) = (facts(0, -90_000, 0), measured(5_472, 3_648));
        let sample = ground_sample(&facts, &measured).expect("a size");
        let view = GroundView::of(&facts, &measured, Point::new(7.0, 9.0)).expect("a view");
        let (wide, high) = (5_472.0 * sample, 3_648.0 * sample);
        assert!((area(&view.footprint) - wide * high).abs() < 1e-3);
        assert!(near(view.centre, 7.0, 9.0));
        // Up in the photo is north.
        assert!(near(view.footprint[0], 7.0 - wide / 2.0, 9.0 + high / 2.0), "{:?}", view.footprint);
        assert!(near(view.footprint[2], 7.0 + wide / 2.0, 9.0 - high / 2.0));
    }

    #[test]
    fn job_4_up_in_a_photo_is_where_the_camera_heads() {
        let measured = measured(4_000, 3_000);
        let up = |yaw: i64, pitch: i64, roll: i64| {
            let view = GroundView::of(&facts(yaw, pitch, roll), &measured, Point::default()).expect("a view");
            let up = view.ground(2_000.0, 0.0).expect("on the ground").from(view.ground(2_000.0, 1.0).expect("there"));
            (
                up.east.signum() * f64::from(u8::from(up.east.abs() > 1e-6)),
                up.north.signum() * f64::from(u8::from(up.north.abs() > 1e-6)),
            )
        };
        assert_eq!(up(0, -90_000, 0), (0.0, 1.0));
        assert_eq!(up(90_000, -90_000, 0), (1.0, 0.0));
        assert_eq!(up(-90_000, -90_000, 0), (-1.0, 0.0));
        assert_eq!(up(180_000, -90_000, 0), (0.0, -1.0));
        assert_eq!(up(-180_000, -90_000, 0), (0.0, -1.0));
        // A gimbal that went through straight down says so by half a turn in two angles.
        assert_eq!(up(180_000, -90_000, 180_000), (0.0, 1.0));
    }

    #[test]
    fn job_4_a_photo_that_looks_ahead_is_of_what_is_ahead() {
        // 30° from straight down to the east: 100 m * tan 30°.
        let view =
            GroundView::of(&facts(90_000, -60_000, 0), &measured(4_000, 3_000), Point::default()).expect("a view");
        assert!(near(view.centre, 57.735_026_9, 0.0), "{:?}", view.centre);
        assert!(view.footprint[0].distance(view.footprint[1]) > view.footprint[3].distance(view.footprint[2]));
        // Roll is around where the camera looks, so that straight down it is as a turn of the heading.
        let of = |yaw: i64, roll: i64| {
            GroundView::of(&facts(yaw, -90_000, roll), &measured(4_000, 3_000), Point::default())
                .expect("a view")
                .footprint
        };
        assert!(of(0, 20_000).iter().zip(of(20_000, 0)).all(|(one, other)| one.distance(other) < 1e-6));
    }

    #[test]
    fn job_4_what_is_missing_is_told() {
        let measured = measured(4_000, 3_000);
        let of = |facts: PhotoFacts| GroundView::of(&facts, &measured, Point::default()).err();
        let full = || facts(0, -90_000, 0);
        assert_eq!(of(full()), None);
        assert_eq!(of(PhotoFacts { height_mm: None, altitude_mm: Some(1_500_000), ..full() }), Some(Missing::Height));
        assert_eq!(of(PhotoFacts { height_mm: Some(-3_000), ..full() }), Some(Missing::Height));
        assert_eq!(of(PhotoFacts { yaw_mdeg: None, ..full() }), Some(Missing::Heading));
        assert_eq!(of(PhotoFacts { focal35_um: None, focal_um: Some(8_800), ..full() }), Some(Missing::FocalLength));
        assert_eq!(of(PhotoFacts { focal35_um: Some(0), ..full() }), Some(Missing::FocalLength));
        assert_eq!(of(PhotoFacts { pitch_mdeg: None, roll_mdeg: None, ..full() }), None);
        for pitch in [0, -20_000, -45_000, 90_000] {
            assert_eq!(of(facts(0, pitch, 0)), Some(Missing::Ground), "{pitch}");
        }
    }

    proptest! {
        #[test]
        fn job_4_a_pixel_on_the_ground_is_the_same_pixel_again(
            yaw in -400_000..400_000_i64, pitch in -110_000..-70_000_i64, roll in -15_000..15_000_i64,
            east in -5e3..5e3_f64, north in -5e3..5e3_f64, x in 0.01..0.99_f64, y in 0.01..0.99_f64,
        ) {
            let measured = measured(4_000, 3_000);
            let view = GroundView::of(&facts(yaw, pitch, roll), &measured, Point::new(east, north)).expect("a view");
            let point = view.ground(x * 4_000.0, y * 3_000.0).expect("on the ground");
            let (found_x, found_y) = view.row(point.north).seen(point.east).expect("seen");
            prop_assert!((found_x - x).abs() < 1e-9 && (found_y - y).abs() < 1e-9);
        }

        #[test]
        fn job_4_no_facts_break_the_view(
            height in any::<i64>(), yaw in any::<i64>(), pitch in any::<i64>(), roll in any::<i64>(), focal in any::<i64>(),
            width in 1..70_000_u32, depth in 1..70_000_u32,
        ) {
            let facts = PhotoFacts {
                height_mm: Some(height), yaw_mdeg: Some(yaw), pitch_mdeg: Some(pitch), roll_mdeg: Some(roll),
                focal35_um: Some(focal), ..PhotoFacts::default()
            };
            if let Ok(view) = GroundView::of(&facts, &measured(width, depth), Point::default()) {
                prop_assert!(view.footprint.iter().all(|corner| corner.east.is_finite() && corner.north.is_finite()));
            }
        }
    }
}
