//! Flights of a camera, and the lines that it flew.

use std::collections::{BTreeMap, HashMap};

use super::SurveyPhoto;
use crate::domain::{geo::Point, time::Timestamp};

/// A longer pause between two photos of a camera ends a flight, in milliseconds.
pub const MAX_PAUSE_MILLIS: i64 = 5 * 60_000;

/// What is turned further than this from a line is no part of it: the cosine of 45°.
const MIN_ALONG: f64 = 0.707;

/// What is shorter is no movement: GPS is not better, in metres.
const MIN_STEP_METRES: f64 = 0.5;

/// A step so many times as long as is typical of its flight leads to another line.
const MAX_STEPS_ACROSS: f64 = 10.0;

/// How many photos are a line.
const MIN_LINE: usize = 3;

/// What a camera took without a long pause.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flight {
    pub camera: Option<String>,
    pub serial: Option<String>,
    /// Which photos, in the order in which they were taken.
    pub photos: Vec<usize>,
    /// Which of them were taken in lines. Photos at a turn may be in none.
    pub lines: Vec<Vec<usize>>,
}

impl Flight {
    /// Each photo of a line and the next, if that is the next of the flight as well.
    pub fn steps(&self) -> Vec<(usize, usize)> {
        let order: HashMap<usize, usize> = (0..).zip(&self.photos).map(|(at, index)| (*index, at)).collect();
        let is_next =
            |(from, to): &(usize, usize)| order.get(from).zip(order.get(to)).is_some_and(|(from, to)| from + 1 == *to);
        let pairs = self.lines.iter().flat_map(|line| line.iter().copied().zip(line.iter().copied().skip(1)));
        pairs.filter(is_next).collect()
    }
}

/// A camera: what it is called, and its serial number.
type Device = (Option<String>, Option<String>);

/// When photos were taken: moments, if all of a camera say in which time zone they are, or what its clock showed.
fn times(photos: &[SurveyPhoto], of: &[usize]) -> Vec<(Timestamp, usize)> {
    let taken = |index: &usize| photos.get(*index).and_then(|photo| photo.facts.taken).map(|taken| (taken, *index));
    let taken: Vec<_> = of.iter().filter_map(taken).collect();
    let moments: Option<Vec<_>> = taken.iter().map(|(taken, index)| Some((taken.moment()?, *index))).collect();
    moments.unwrap_or_else(|| taken.iter().map(|(taken, index)| (taken.clock, *index)).collect())
}

/// The flights of these photos, in the order in which they began. Photos without a time are in none.
pub fn flights(photos: &[SurveyPhoto], points: &[Option<Point>]) -> Vec<Flight> {
    let mut devices: BTreeMap<Device, Vec<usize>> = BTreeMap::new();
    for (index, photo) in photos.iter().enumerate() {
        devices.entry((photo.facts.camera(), photo.facts.serial.clone())).or_default().push(index);
    }
    let mut flights = Vec::new();
    for ((camera, serial), of) in devices {
        let mut times = times(photos, &of);
        // Photos of the same moment stay in the order of their paths.
        times.sort_by_key(|(at, _)| *at);
        for taken in times.chunk_by(|(one, _), (next, _)| next.0 - one.0 <= MAX_PAUSE_MILLIS) {
            let Some((begun, _)) = taken.first() else { continue };
            let photos: Vec<usize> = taken.iter().map(|(_, index)| *index).collect();
            let track = photos.iter().filter_map(|index| Some((*index, (*points.get(*index)?)?))).collect::<Vec<_>>();
            let lines = lines(&track);
            flights.push((*begun, Flight { camera: camera.clone(), serial: serial.clone(), photos, lines }));
        }
    }
    flights.sort_by_key(|(begun, _)| *begun);
    flights.into_iter().map(|(_, flight)| flight).collect()
}

/// The straight parts of a way. A line goes on while each step leads where the whole of it does; a step across to the next line is
/// alone in its direction, and too short to be one.
fn lines(track: &[(usize, Point)]) -> Vec<Vec<usize>> {
    let steps: Vec<Point> = track.iter().zip(track.iter().skip(1)).map(|((_, from), (_, to))| to.from(*from)).collect();
    let length = |step: Point| step.east.hypot(step.north);
    let moved = steps.iter().map(|step| length(*step)).filter(|length| *length >= MIN_STEP_METRES).collect();
    let most = crate::domain::geo::median(moved).map_or(f64::INFINITY, |typical| typical * MAX_STEPS_ACROSS);
    let (mut lines, mut first) = (Vec::new(), 0);
    let mut way = Point::default();
    let mut end = |first: usize, last: usize| {
        if let Some(line) = track.get(first..=last).filter(|line| line.len() >= MIN_LINE) {
            lines.push(line.iter().map(|(index, _)| *index).collect());
        }
    };
    for (at, step) in steps.iter().copied().enumerate() {
        let is_step = length(step) >= MIN_STEP_METRES;
        let along = (way.east * step.east + way.north * step.north) / (length(way) * length(step));
        let begins = length(way) < MIN_STEP_METRES;
        if is_step && ((!begins && along < MIN_ALONG) || length(step) > most) {
            end(first, at);
            // A step that leads across begins no line; what comes behind it does.
            (first, way) = if length(step) > most { (at + 1, Point::default()) } else { (at, step) };
        } else {
            way = Point::new(way.east + step.east, way.north + step.north);
        }
    }
    end(first, steps.len());
    lines
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{lawn_mower, photo, points},
        *,
    };

    #[test]
    fn job_4_a_pause_of_more_than_five_minutes_ends_a_flight() {
        let mut photos = lawn_mower(2, 4);
        let after = |millis: i64| {
            let mut later = photos.clone();
            for photo in &mut later[4..] {
                photo.facts.taken.as_mut().expect("a time").clock.0 += millis;
            }
            flights(&later, &points(&later)).iter().map(|flight| flight.photos.len()).collect::<Vec<_>>()
        };
        assert_eq!(after(0), [8]);
        // The pause between the lines is 9 s.
        assert_eq!(after(MAX_PAUSE_MILLIS - 9_000), [8]);
        assert_eq!(after(MAX_PAUSE_MILLIS - 8_999), [4, 4]);
        photos[2].facts.taken = None;
        let found = flights(&photos, &points(&photos));
        assert_eq!(found[0].photos, [0, 1, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn job_4_two_drones_at_the_same_time_are_two_flights() {
        let mut photos = lawn_mower(2, 4);
        for photo in photos.iter_mut().skip(1).step_by(2) {
            photo.facts.serial = Some("B".to_owned());
        }
        let found = flights(&photos, &points(&photos));
        assert_eq!(
            found.iter().map(|flight| flight.photos.clone()).collect::<Vec<_>>(),
            [vec![0, 2, 4, 6], vec![1, 3, 5, 7]]
        );
        assert_eq!(found[1].serial.as_deref(), Some("B"));
    }

    #[test]
    fn job_4_photos_are_in_the_order_of_their_moments() {
        let mut photos = lawn_mower(1, 4);
        photos.reverse();
        assert_eq!(flights(&photos, &points(&photos))[0].photos, [3, 2, 1, 0]);
        // One camera says that its clock is an hour ahead: an hour later by the clock is the same moment.
        let taken = photos[0].facts.taken.as_mut().expect("a time");
        (taken.clock, taken.offset_minutes) = (taken.clock.plus_millis(3_600_000), Some(120));
        assert_eq!(flights(&photos, &points(&photos)).len(), 1);
        photos[1].facts.taken.as_mut().expect("a time").offset_minutes = None;
        assert_eq!(flights(&photos, &points(&photos)).len(), 2, "moments are not compared with what a clock shows");
    }

    #[test]
    fn job_4_a_lawn_mower_flies_its_lines() {
        let photos = lawn_mower(3, 5);
        let found = flights(&photos, &points(&photos));
        assert_eq!(found[0].lines, [vec![0, 1, 2, 3, 4], vec![5, 6, 7, 8, 9], vec![10, 11, 12, 13, 14]]);
        // A photo that is missing leaves the line one line, and so does one whose position is not known.
        let mut photos = photos;
        photos[7].facts.position = None;
        photos.remove(2);
        assert_eq!(
            flights(&photos, &points(&photos))[0].lines,
            [vec![0, 1, 2, 3], vec![4, 5, 7, 8], vec![9, 10, 11, 12, 13]]
        );
    }

    #[test]
    fn job_4_hovering_is_no_line_of_its_own() {
        let along = |norths: &[f64]| {
            let photos: Vec<SurveyPhoto> =
                norths.iter().enumerate().map(|(at, north)| photo(at, Point::new(0.0, *north), 0)).collect();
            flights(&photos, &points(&photos)).into_iter().flat_map(|flight| flight.lines).collect::<Vec<_>>()
        };
        assert_eq!(along(&[0.0, 20.0, 20.1, 19.9, 40.0, 60.0]), [vec![0, 1, 2, 3, 4, 5]]);
        assert_eq!(along(&[0.0, 0.1, 0.0]), [vec![0, 1, 2]], "what hovers is in one place");
        assert_eq!(along(&[0.0, 20.0]), Vec::<Vec<usize>>::new());
        // There and back on the same line, and far away.
        assert_eq!(along(&[0.0, 20.0, 40.0, 20.0, 0.0]), [vec![0, 1, 2], vec![2, 3, 4]]);
        assert_eq!(along(&[0.0, 20.0, 40.0, 840.0, 860.0, 880.0]), [vec![0, 1, 2], vec![3, 4, 5]]);
    }
}
