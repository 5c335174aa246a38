//! What *Survey index* says of a survey: the numbers of `index.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Coverage, MOSAIC_NOTE, MosaicPlan, Survey, camera::height};
use crate::domain::{
    geo::{Grid, Point, float, median, whole},
    photo::CaptureTime,
};

/// A survey in numbers. Lengths are metres and positions degrees (WGS 84), unless a name says otherwise.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Index {
    pub photos: usize,
    /// Of the area, if there is one.
    pub bounds: Option<Bounds>,
    /// Groups of photos that are near each other, the largest first. Coverage and mosaic are of the first.
    pub areas: Vec<AreaFacts>,
    /// By the clocks of the cameras.
    pub first_taken: Option<String>,
    pub last_taken: Option<String>,
    pub cameras: Vec<CameraFacts>,
    pub flights: Vec<FlightFacts>,
    pub without_time: usize,
    /// How many photos lie on the ground with what they see, and why others do not.
    pub placed: usize,
    pub not_placed: Vec<NotPlaced>,
    pub ground_sample_cm: Option<Spread>,
    pub height_above_ground: Option<Spread>,
    /// What part of the ground that a photo sees the next of its line sees too, and the nearest of the lines beside it.
    pub overlap_along_percent: Option<Spread>,
    pub overlap_across_percent: Option<Spread>,
    pub coverage: Option<CoverageFacts>,
    pub mosaic: Option<MosaicFacts>,
    /// What is to be known of the mosaic, or why there is none.
    pub mosaic_note: String,
}

/// Where something is, in degrees.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Bounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// Photos that are near each other.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct AreaFacts {
    pub photos: usize,
    /// Whether it is few photos far from all others.
    pub far_off: bool,
}

/// Photos of one camera and one size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CameraFacts {
    pub camera: Option<String>,
    pub serial: Option<String>,
    pub width: u32,
    pub height: u32,
    pub photos: usize,
}

/// A flight.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FlightFacts {
    pub number: usize,
    pub camera: Option<String>,
    pub serial: Option<String>,
    pub first_taken: Option<String>,
    pub last_taken: Option<String>,
    pub photos: usize,
    pub lines: usize,
    /// How long its lines are together.
    pub line_length: f64,
}

/// Photos that lack something to be laid on the ground.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NotPlaced {
    /// A word, such as `no_height`.
    pub why: String,
    pub photos: usize,
}

/// Of many numbers the least, the one in the middle, and the greatest.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spread {
    pub least: f64,
    pub typical: f64,
    pub most: f64,
}

impl Spread {
    /// Of these, in units of which one is `per`, to so many digits.
    fn of(values: Vec<f64>, per: f64, digits: u32) -> Option<Self> {
        let least = values.iter().copied().reduce(f64::min)?;
        let most = values.iter().copied().reduce(f64::max)?;
        let [least, typical, most] = [least, median(values)?, most].map(|value| rounded(value * per, digits));
        Some(Self { least, typical, most })
    }
}

/// How much of the ground is seen, in square metres.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct CoverageFacts {
    /// The side of a cell of `coverage.tif`, in metres.
    pub cell: f64,
    pub columns: u32,
    pub rows: u32,
    pub bounds: Bounds,
    /// By that many photos or more.
    pub seen_by_1: f64,
    pub seen_by_3: f64,
    pub seen_by_5: f64,
}

/// What became of the mosaic.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct MosaicFacts {
    /// The side of a pixel, in metres.
    pub pixel: f64,
    pub columns: u32,
    pub rows: u32,
    pub bounds: Bounds,
    pub photos: usize,
    /// Of these, those whose preview could not be read.
    pub unreadable: usize,
}

/// A number to so many digits behind the point.
fn rounded(value: f64, digits: u32) -> f64 {
    let scale = float(10_i64.pow(digits));
    (value * scale).round() / scale
}

impl Index {
    /// Of a survey; the mosaic is added when it is there.
    pub fn of(survey: &Survey<'_>, coverage: Option<&Coverage>) -> Self {
        let photos = survey.photos;
        let mut cameras: BTreeMap<(Option<String>, Option<String>, u32, u32), usize> = BTreeMap::new();
        for photo in photos {
            if let Some(measured) = photo.measured() {
                let (camera, serial) = (photo.facts.camera(), photo.facts.serial.clone());
                *cameras.entry((camera, serial, measured.width, measured.height)).or_default() += 1;
            }
        }
        let mut not_placed: BTreeMap<_, usize> = BTreeMap::new();
        for missing in survey.views.iter().filter_map(|view| view.as_ref().err()) {
            *not_placed.entry(missing).or_default() += 1;
        }
        let taken = || photos.iter().filter_map(|photo| photo.facts.taken);
        let far_off = survey.far_off();
        let percent = |parts: Vec<f64>| Spread::of(parts, 100.0, 0);
        Self {
            photos: photos.len(),
            bounds: survey.bounds(),
            areas: (survey.areas.iter())
                .map(|area| AreaFacts {
                    photos: area.len(),
                    far_off: area.first().is_some_and(|first| far_off.binary_search(first).is_ok()),
                })
                .collect(),
            first_taken: taken().min_by_key(|taken| taken.clock).map(CaptureTime::iso),
            last_taken: taken().max_by_key(|taken| taken.clock).map(CaptureTime::iso),
            cameras: (cameras.into_iter())
                .map(|((camera, serial, width, height), photos)| CameraFacts { camera, serial, width, height, photos })
                .collect(),
            flights: survey.flight_facts(),
            without_time: photos.iter().filter(|photo| photo.facts.taken.is_none()).count(),
            placed: survey.views.iter().filter(|view| view.is_ok()).count(),
            not_placed: (not_placed.into_iter())
                .map(|(missing, photos)| NotPlaced { why: missing.as_str().to_owned(), photos })
                .collect(),
            ground_sample_cm: Spread::of(
                (0..photos.len()).filter_map(|index| survey.sample(index)).collect(),
                100.0,
                2,
            ),
            height_above_ground: Spread::of(photos.iter().filter_map(|photo| height(&photo.facts)).collect(), 1.0, 1),
            overlap_along_percent: percent(survey.overlaps_along().into_iter().map(|(_, _, part)| part).collect()),
            overlap_across_percent: percent(survey.overlaps_across().into_iter().map(|(_, part)| part).collect()),
            coverage: coverage.and_then(|coverage| {
                Some(CoverageFacts {
                    cell: rounded(coverage.grid.cell, 4),
                    columns: coverage.grid.columns,
                    rows: coverage.grid.rows,
                    bounds: survey.bounds_of(&coverage.grid)?,
                    seen_by_1: rounded(coverage.seen_by(1), 0),
                    seen_by_3: rounded(coverage.seen_by(3), 0),
                    seen_by_5: rounded(coverage.seen_by(5), 0),
                })
            }),
            mosaic: None,
            mosaic_note: String::new(),
        }
    }

    /// Says what became of the mosaic.
    pub fn with_mosaic(mut self, survey: &Survey<'_>, plan: &MosaicPlan, unreadable: usize) -> Self {
        self.mosaic = survey.bounds_of(&plan.grid).map(|bounds| MosaicFacts {
            pixel: rounded(plan.grid.cell, 4),
            columns: plan.grid.columns,
            rows: plan.grid.rows,
            bounds,
            photos: plan.photos.len(),
            unreadable,
        });
        MOSAIC_NOTE.clone_into(&mut self.mosaic_note);
        self
    }
}

impl Survey<'_> {
    /// Of the positions of the area and of what its photos see.
    fn bounds(&self) -> Option<Bounds> {
        let points = self.areas.first().into_iter().flatten().filter_map(|index| *self.points.get(*index)?);
        let corners = self.placed().flat_map(|(_, view)| view.footprint);
        let degrees = points.chain(corners).filter_map(|point| self.degrees(point));
        degrees.fold(None, |bounds: Option<Bounds>, (latitude, longitude)| {
            let Bounds { west, south, east, north } =
                bounds.unwrap_or(Bounds { west: longitude, south: latitude, east: longitude, north: latitude });
            Some(Bounds {
                west: west.min(longitude),
                south: south.min(latitude),
                east: east.max(longitude),
                north: north.max(latitude),
            })
        })
    }

    /// A point in degrees, to a tenth of a millimetre: (latitude, longitude).
    pub fn degrees(&self, point: Point) -> Option<(f64, f64)> {
        let (latitude, longitude) = self.frame?.degrees(point);
        Some((rounded(latitude, 9), rounded(longitude, 9)))
    }

    fn bounds_of(&self, grid: &Grid) -> Option<Bounds> {
        let (north, west) = self.degrees(grid.corner)?;
        let away = |cells: u32| f64::from(cells) * grid.cell;
        let corner = Point::new(grid.corner.east + away(grid.columns), grid.corner.north - away(grid.rows));
        let (south, east) = self.degrees(corner)?;
        Some(Bounds { west, south, east, north })
    }

    fn flight_facts(&self) -> Vec<FlightFacts> {
        let facts = self.flights.iter().enumerate().map(|(at, flight)| {
            let taken = |index: Option<&usize>| self.photos.get(*index?)?.facts.taken.map(CaptureTime::iso);
            let steps = flight.lines.iter().flat_map(|line| line.iter().zip(line.iter().skip(1)));
            let lengths =
                steps.filter_map(|(from, to)| Some((*self.points.get(*from)?)?.distance((*self.points.get(*to)?)?)));
            FlightFacts {
                number: at + 1,
                camera: flight.camera.clone(),
                serial: flight.serial.clone(),
                first_taken: taken(flight.photos.first()),
                last_taken: taken(flight.photos.last()),
                photos: flight.photos.len(),
                lines: flight.lines.len(),
                line_length: float(whole(lengths.sum())),
            }
        });
        facts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{lawn_mower, photo},
        *,
    };
    use crate::domain::photo::Position;

    #[test]
    fn job_4_what_the_index_says_of_two_flights() {
        let mut photos = lawn_mower(4, 6);
        for photo in &mut photos[12..] {
            photo.facts.taken.as_mut().expect("a time").clock.0 += 20 * 60_000;
        }
        photos[1].facts.position = None;
        photos[2].facts.height_mm = None;
        photos[3].opened = Err("This file is damaged.".to_owned());
        photos[23].facts.taken = None;
        photos.push(photo(24, Point::new(60_000.0, 0.0), 0));
        let survey = Survey::of(&photos);
        let coverage = Coverage::of(&survey);
        let index = Index::of(&survey, coverage.as_ref());
        insta::assert_json_snapshot!(index);
        let plan = MosaicPlan::of(&survey).expect("a plan");
        let made = index.with_mosaic(&survey, &plan, 1);
        assert_eq!(made.mosaic.map(|mosaic| (mosaic.photos, mosaic.unreadable)), Some((21, 1)));
        assert_eq!(made.mosaic_note, MOSAIC_NOTE);
    }

    #[test]
    fn job_4_an_index_of_nothing_says_nothing() {
        let index = Index::of(&Survey::of(&[]), None);
        assert_eq!(index, Index::default());
    }

    #[test]
    fn job_4_photos_without_height_are_points_only() {
        let mut photos = lawn_mower(2, 4);
        for photo in &mut photos {
            photo.facts.height_mm = None;
        }
        let survey = Survey::of(&photos);
        let index = Index::of(&survey, Coverage::of(&survey).as_ref());
        assert_eq!((index.placed, index.coverage, index.ground_sample_cm), (0, None, None));
        assert_eq!(index.not_placed, [NotPlaced { why: "no_height".to_owned(), photos: 8 }]);
        let bounds = index.bounds.expect("there are positions");
        let inside = |at: Position| {
            let (latitude, longitude) = (float(at.latitude) * 1e-9, float(at.longitude) * 1e-9);
            bounds.south - 1e-8 <= latitude
                && latitude <= bounds.north + 1e-8
                && bounds.west - 1e-8 <= longitude
                && longitude <= bounds.east + 1e-8
        };
        assert!(photos.iter().filter_map(|photo| photo.facts.position).all(inside));
    }
}
