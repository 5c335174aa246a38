//! A survey as its photos tell it (JOB-4): which were taken together, where, in which lines, and what each of them sees of the ground.
//!
//! It is what both built-in apps begin with. Everything is computed from what cameras wrote; the ground is taken to be flat and level,
//! where the drone took off. So sizes and areas are right to a few percent over flat ground, and wrong over a mountain.

mod camera;
mod flight;
mod index;
pub mod map;
mod mosaic;

use std::collections::{BTreeMap, HashMap};

pub use camera::{GroundView, Missing, RowOfGround, ground_sample};
pub use flight::Flight;
pub use index::{AreaFacts, Bounds, CameraFacts, CoverageFacts, FlightFacts, Index, MosaicFacts, NotPlaced, Spread};
pub use mosaic::{MOSAIC_NOTE, MosaicPlan, NoMosaic};

use crate::domain::{
    geo::{Corners, Frame, Grid, Point, common_area, float, median},
    id::BlobId,
    photo::{Measured, PhotoFacts, Position},
};

/// How many photos a built-in app takes at most. More make no run fail in the middle: the app says so at its start.
pub const MAX_PHOTOS: usize = 10_000;

/// Photos that are further apart than this are of different areas, in metres.
const AREA_METRES: f64 = 2_000.0;

/// An area with less than this part of the photos is far off, not another part of the survey.
const FAR_OFF_PART: usize = 20;

/// How many photos with a position there are at least before one is far off.
const MIN_NOT_FAR_OFF: usize = 5;

/// A photo of a dataset that is not left out.
#[derive(Clone, PartialEq, Debug)]
pub struct SurveyPhoto {
    /// Of its file in the dataset.
    pub number: i64,
    pub path: String,
    /// Photos with the same bytes have the same.
    pub blob: BlobId,
    pub facts: PhotoFacts,
    /// What was measured, or why it cannot be opened.
    pub opened: Result<Measured, String>,
}

impl SurveyPhoto {
    pub fn measured(&self) -> Option<&Measured> {
        self.opened.as_ref().ok()
    }
}

/// A survey.
#[derive(Clone, PartialEq, Debug)]
pub struct Survey<'a> {
    /// In the order of their paths. What is called *index* below is a place in this list.
    pub photos: &'a [SurveyPhoto],
    /// Groups of photos that are near each other, the largest first. The first one is *the* area: coverage and mosaic are of it.
    pub areas: Vec<Vec<usize>>,
    /// A map of the area; `None` if no photo has a position.
    pub frame: Option<Frame>,
    /// Where each photo was taken.
    pub points: Vec<Option<Point>>,
    /// What each photo sees.
    pub views: Vec<Result<GroundView, Missing>>,
    pub flights: Vec<Flight>,
}

impl<'a> Survey<'a> {
    /// Of these photos, in the order of their paths.
    pub fn of(photos: &'a [SurveyPhoto]) -> Self {
        let areas = areas(photos);
        let positions =
            |of: &[usize]| of.iter().filter_map(|index| photos.get(*index)?.facts.position).collect::<Vec<_>>();
        let frame = areas.first().and_then(|area| Frame::over(&positions(area)));
        let points: Vec<Option<Point>> = photos.iter().map(|photo| Some(frame?.point(photo.facts.position?))).collect();
        let area = areas.first().map(Vec::as_slice).unwrap_or_default();
        let views = photos.iter().zip(&points).enumerate().map(|(index, (photo, point))| {
            let measured = photo.measured().ok_or(Missing::Pixels)?;
            let point = point.ok_or(Missing::Position)?;
            area.binary_search(&index).map_err(|_| Missing::Area)?;
            GroundView::of(&photo.facts, measured, point)
        });
        let views = views.collect();
        Self { photos, areas, frame, views, flights: flight::flights(photos, &points), points }
    }

    /// The photos that are few and far from all others.
    pub fn far_off(&self) -> Vec<usize> {
        let all: usize = self.areas.iter().map(Vec::len).sum();
        if all < MIN_NOT_FAR_OFF {
            return Vec::new();
        }
        let most = (all / FAR_OFF_PART).max(1);
        let mut found: Vec<usize> =
            self.areas.iter().skip(1).filter(|area| area.len() <= most).flatten().copied().collect();
        found.sort_unstable();
        found
    }

    /// What a photo sees, if that is known.
    pub fn view(&self, index: usize) -> Option<&GroundView> {
        self.views.get(index)?.as_ref().ok()
    }

    /// How far a photo is from the middle of the area, in metres.
    pub fn distance(&self, index: usize) -> Option<f64> {
        (*self.points.get(index)?).map(|point| point.distance(Point::default()))
    }

    /// The photos that see the ground, with their views. They are all of the area.
    pub fn placed(&self) -> impl Iterator<Item = (usize, &GroundView)> {
        self.views.iter().enumerate().filter_map(|(index, view)| Some((index, view.as_ref().ok()?)))
    }

    /// How large a pixel of a photo is on the ground, in metres.
    pub fn sample(&self, index: usize) -> Option<f64> {
        let photo = self.photos.get(index)?;
        ground_sample(&photo.facts, photo.measured()?)
    }

    /// How large a pixel is typically, of the photos that see the ground.
    pub fn typical_sample(&self) -> Option<f64> {
        median(self.placed().filter_map(|(index, _)| self.sample(index)).collect())
    }

    /// Each photo of a line and the next: what part of the ground that one of them sees both see. Nothing is said of two with a photo in
    /// between of which it is not known what it sees.
    pub fn overlaps_along(&self) -> Vec<(usize, usize, f64)> {
        let pairs = self.flights.iter().flat_map(Flight::steps);
        pairs.filter_map(|(one, next)| Some((one, next, overlap(self.view(one)?, self.view(next)?)))).collect()
    }

    /// For each photo of a line that has other lines beside it in its flight: the largest overlap with a photo of them.
    pub fn overlaps_across(&self) -> Vec<(usize, f64)> {
        let mut found = Vec::new();
        for flight in &self.flights {
            found.extend(self.overlaps_across_of(flight));
        }
        found
    }

    fn overlaps_across_of(&self, flight: &Flight) -> Vec<(usize, f64)> {
        let in_lines: Vec<InLine<'_>> = (flight.lines.iter().enumerate())
            .flat_map(|(line, of)| of.iter().map(move |index| (line, *index)))
            .filter_map(|(line, index)| Some((line, index, self.view(index)?)))
            .collect();
        let widths = in_lines.iter().map(|(_, _, view)| view.footprint[0].distance(view.footprint[1])).collect();
        let Some(cell) = median(widths).filter(|width| *width > 0.0) else { return Vec::new() };
        if flight.lines.len() < 2 {
            return Vec::new();
        }
        // What is near is in the same cell or in one beside it.
        let place = |view: &GroundView| (cell_of(view.centre.east / cell), cell_of(view.centre.north / cell));
        let mut cells: HashMap<(i64, i64), Vec<InLine<'_>>> = HashMap::new();
        for one in &in_lines {
            cells.entry(place(one.2)).or_default().push(*one);
        }
        let across = |(line, index, view): &InLine<'_>| {
            let (x, y) = place(view);
            let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
            let others = around.filter_map(|cell| cells.get(&cell)).flatten().filter(|(other, _, _)| other != line);
            let mut nearest: Vec<(f64, &GroundView)> =
                others.map(|(_, _, other)| (view.centre.distance(other.centre), *other)).collect();
            if nearest.len() > MAX_NEIGHBOURS {
                nearest.select_nth_unstable_by(MAX_NEIGHBOURS, |(one, _), (other, _)| one.total_cmp(other));
                nearest.truncate(MAX_NEIGHBOURS);
            }
            let most = nearest.iter().map(|(_, other)| overlap(view, other)).fold(0.0, f64::max);
            (*index, most)
        };
        in_lines.iter().map(across).collect()
    }
}

/// A photo of a line: the number of the line, its index, and what it sees.
type InLine<'a> = (usize, usize, &'a GroundView);

/// How many of the nearest photos of other lines a photo is compared with.
const MAX_NEIGHBOURS: usize = 8;

fn cell_of(value: f64) -> i64 {
    crate::domain::geo::whole(value.floor())
}

/// What part of the smaller of two footprints is in both.
fn overlap(one: &GroundView, other: &GroundView) -> f64 {
    let (one, other) = (&one.footprint, &other.footprint);
    let smaller = crate::domain::geo::area(one).min(crate::domain::geo::area(other));
    if smaller > 0.0 { (common_area(one, other) / smaller).clamp(0.0, 1.0) } else { 0.0 }
}

/// A cell of space.
type Cell = [i64; 3];

/// Groups of photos with a position that are near each other: cells of space that touch. Space, because it has neither poles nor a
/// date line.
fn areas(photos: &[SurveyPhoto]) -> Vec<Vec<usize>> {
    let mut cells: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
    for (index, photo) in photos.iter().enumerate() {
        if let Some(position) = photo.facts.position {
            cells.entry(cell(position)).or_default().push(index);
        }
    }
    let mut areas = Vec::new();
    while let Some((start, first)) = cells.pop_first() {
        let (mut area, mut next) = (first, vec![start]);
        while let Some([x, y, z]) = next.pop() {
            for neighbour in (0..27).map(|at| [x + at / 9 - 1, y + at / 3 % 3 - 1, z + at % 3 - 1]) {
                if let Some(more) = cells.remove(&neighbour) {
                    area.extend(more);
                    next.push(neighbour);
                }
            }
        }
        area.sort_unstable();
        areas.push(area);
    }
    // Of two that are equally large, the one with the first photo.
    areas.sort_by_key(|area| (std::cmp::Reverse(area.len()), area.first().copied()));
    areas
}

fn cell(position: Position) -> Cell {
    const RADIUS: f64 = 6_371_000.0;
    let radians = |nano: i64| (float(nano) * 1e-9).to_radians();
    let (latitude, longitude) = (radians(position.latitude), radians(position.longitude));
    let scale = RADIUS / AREA_METRES;
    [
        cell_of(scale * latitude.cos() * longitude.cos()),
        cell_of(scale * latitude.cos() * longitude.sin()),
        cell_of(scale * latitude.sin()),
    ]
}

/// How many photos see each cell of the ground.
#[derive(Clone, PartialEq, Debug)]
pub struct Coverage {
    pub grid: Grid,
    /// Row by row from the north; 255 stands for more as well.
    pub counts: Vec<u8>,
}

/// How large a cell is at least, in pixels of a photo.
const COVERAGE_CELL: f64 = 8.0;

/// How many cells there are in a row and in a column at most: 16 MB.
const MAX_COVERAGE_SIDE: u32 = 4_096;

impl Coverage {
    /// Of the area; `None` if no photo sees the ground.
    pub fn of(survey: &Survey<'_>) -> Option<Self> {
        let cell = COVERAGE_CELL * survey.typical_sample()?;
        let footprints: Vec<&Corners> = survey.placed().map(|(_, view)| &view.footprint).collect();
        let grid = Grid::over(footprints.iter().copied(), cell, MAX_COVERAGE_SIDE)?;
        let columns = usize::try_from(grid.columns).ok()?;
        let mut counts = vec![0_u8; columns * usize::try_from(grid.rows).ok()?];
        for span in footprints.into_iter().flat_map(|footprint| grid.spans(footprint)) {
            let at =
                |column: u32| usize::try_from(span.row).unwrap_or(0) * columns + usize::try_from(column).unwrap_or(0);
            for count in counts.get_mut(at(span.first)..at(span.end)).unwrap_or_default() {
                *count = count.saturating_add(1);
            }
        }
        Some(Self { grid, counts })
    }

    /// How much of the ground so many photos or more see, in square metres.
    pub fn seen_by(&self, photos: u8) -> f64 {
        let cells = self.counts.iter().filter(|count| **count >= photos).count();
        float(i64::try_from(cells).unwrap_or(i64::MAX)) * self.grid.cell * self.grid.cell
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        testing::{ACROSS, ALONG, MIDDLE, lawn_mower, photo},
        *,
    };
    use crate::domain::geo::{area, whole};

    #[test]
    fn job_4_a_known_survey_has_the_overlap_that_it_was_flown_with() {
        let photos = lawn_mower(3, 6);
        let survey = Survey::of(&photos);
        assert_eq!(survey.areas.iter().map(Vec::len).collect::<Vec<_>>(), [18]);
        assert_eq!(survey.views.iter().filter(|view| view.is_ok()).count(), 18);
        let sample = survey.typical_sample().expect("a size");
        assert!((sample - 0.0274).abs() < 0.000_05, "{sample}");
        let along = survey.overlaps_along();
        assert_eq!(along.len(), 15);
        assert!(along.iter().all(|(_, _, overlap)| (overlap - 0.8).abs() < 0.001), "{along:?}");
        let across = survey.overlaps_across();
        assert_eq!(across.len(), 18);
        assert!(across.iter().all(|(_, overlap)| (overlap - 0.7).abs() < 0.001), "{across:?}");
    }

    #[test]
    fn job_4_coverage_counts_who_sees_the_ground() {
        let photos = lawn_mower(3, 6);
        let survey = Survey::of(&photos);
        let coverage = Coverage::of(&survey).expect("a raster");
        // 150 m × 100 m, moved by 2 × 45 m and 5 × 20 m.
        let whole = (150.0 + 2.0 * ACROSS) * (100.0 + 5.0 * ALONG);
        assert!((coverage.seen_by(1) / whole - 1.0).abs() < 0.01, "{}", coverage.seen_by(1));
        assert!((coverage.seen_by(0) / whole - 1.0).abs() < 0.01);
        assert!(coverage.seen_by(3) < coverage.seen_by(1) && coverage.seen_by(5) < coverage.seen_by(3));
        // Three lines of five photos see its middle.
        let most = coverage.counts.iter().max();
        assert_eq!(most, Some(&15));
        assert!(coverage.counts.len() < 16 * 1024 * 1024);
        let one = [photos[0].clone()];
        let survey = Survey::of(&one);
        let coverage = Coverage::of(&survey).expect("a raster");
        let seen = area(&survey.view(0).expect("a view").footprint);
        assert!((coverage.seen_by(1) / seen - 1.0).abs() < 0.01);
        assert!(coverage.seen_by(2).abs() < f64::EPSILON);
    }

    #[test]
    fn job_4_more_than_255_photos_of_one_place_are_255() {
        let photos: Vec<SurveyPhoto> = (0..300).map(|at| photo(at, Point::default(), 0)).collect();
        let coverage = Coverage::of(&Survey::of(&photos)).expect("a raster");
        assert_eq!(coverage.counts.iter().max(), Some(&255));
    }

    #[test]
    fn job_4_a_photo_from_elsewhere_is_far_off_and_no_part_of_the_area() {
        let mut photos = lawn_mower(2, 10);
        photos[3].facts.position = Position::new(MIDDLE.latitude + 500_000_000, MIDDLE.longitude);
        let survey = Survey::of(&photos);
        assert_eq!(survey.far_off(), [3]);
        assert_eq!((survey.areas.len(), survey.placed().count()), (2, 19));
        let coverage = Coverage::of(&survey).expect("a raster");
        assert!(coverage.grid.rows < 1_500, "{:?}", coverage.grid);
        assert!(survey.distance(3).is_some_and(|metres| (metres - 55_580.0).abs() < 200.0));
        // Two surveys in one dataset are two areas.
        for photo in &mut photos[..10] {
            photo.facts.position = Position::new(MIDDLE.latitude + 500_000_000, MIDDLE.longitude);
        }
        let survey = Survey::of(&photos);
        assert_eq!((survey.far_off(), survey.areas.len()), (Vec::new(), 2));
        assert_eq!(survey.areas[0], (0..10).collect::<Vec<_>>());
        // A few photos say nothing about what is far.
        assert_eq!(Survey::of(&photos[8..12]).far_off(), Vec::<usize>::new());
    }

    #[test]
    fn job_4_nothing_is_a_survey_too() {
        let survey = Survey::of(&[]);
        assert!(survey.areas.is_empty() && survey.frame.is_none() && survey.flights.is_empty());
        assert_eq!(Coverage::of(&survey), None);
        let mut lost = lawn_mower(1, 3);
        for photo in &mut lost {
            photo.facts.position = None;
        }
        let survey = Survey::of(&lost);
        assert_eq!(survey.views[0], Err(Missing::Position));
        assert_eq!((survey.flights.len(), survey.flights[0].lines.len()), (1, 0));
    }

    proptest! {
        #[test]
        fn job_4_every_photo_with_a_position_is_in_one_area(
            places in prop::collection::vec((-90_000_000_000..=90_000_000_000_i64, -180_000_000_000..=180_000_000_000_i64), 0..40),
            spread in 1..1_000_000_i64,
        ) {
            let photos: Vec<SurveyPhoto> = places.iter().enumerate().map(|(at, (latitude, longitude))| {
                let mut photo = photo(at, Point::default(), 0);
                photo.facts.position = Position::new(latitude / spread, longitude / spread);
                photo
            }).collect();
            let survey = Survey::of(&photos);
            let mut all: Vec<usize> = survey.areas.iter().flatten().copied().collect();
            all.sort_unstable();
            let with: Vec<usize> = (0..photos.len()).filter(|at| photos[*at].facts.position.is_some()).collect();
            prop_assert_eq!(all, with);
            prop_assert!(survey.areas.is_sorted_by(|one, next| one.len() >= next.len()));
        }

        #[test]
        fn job_4_a_known_overlap_is_found_wherever_it_is_flown(latitude in -80.0..80.0_f64, longitude in -180.0..180.0_f64, along in 5.0..90.0_f64) {
            let frame = Frame::around(Position { latitude: whole(latitude * 1e9), longitude: whole(longitude * 1e9) });
            let photos: Vec<SurveyPhoto> = (0_u8..4).map(|at| {
                let (latitude, longitude) = frame.degrees(Point::new(0.0, f64::from(at) * along));
                let mut photo = photo(usize::from(at), Point::default(), 0);
                photo.facts.position = Position::new(whole(latitude * 1e9), whole(longitude.clamp(-180.0, 180.0) * 1e9));
                photo
            }).collect();
            let survey = Survey::of(&photos);
            for (_, _, overlap) in survey.overlaps_along() {
                prop_assert!((overlap - (1.0 - along / 100.0)).abs() < 0.005, "{overlap}");
            }
        }
    }

    proptest! {
        // A raster may have 16 million cells.
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn job_4_no_survey_has_a_larger_raster_than_it_may(
            places in prop::collection::vec((-20_000_000..20_000_000_i64, -20_000_000..20_000_000_i64, 1_000..500_000_i64), 1..12),
        ) {
            let photos: Vec<SurveyPhoto> = places.iter().enumerate().map(|(at, (north, east, height))| {
                let mut photo = photo(at, Point::default(), 30);
                photo.facts.position = Position::new(MIDDLE.latitude + north, MIDDLE.longitude + east);
                photo.facts.height_mm = Some(*height);
                photo
            }).collect();
            let coverage = Coverage::of(&Survey::of(&photos)).expect("a raster");
            prop_assert!(coverage.grid.columns <= MAX_COVERAGE_SIDE && coverage.grid.rows <= MAX_COVERAGE_SIDE);
            prop_assert!(coverage.seen_by(1) > 0.0);
            let most = u8::try_from(photos.len()).expect("few");
            prop_assert!(coverage.counts.iter().all(|count| *count <= most));
        }
    }
}
