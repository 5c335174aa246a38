//! *Survey index* (JOB-4): positions, flights, footprints and coverage of a survey, and a preview mosaic that says what it is.

use std::io::Write;

use bytes::Bytes;

use super::{Ended, Host, check_count, json, output, tables};
use crate::{
    domain::survey::{Coverage, Index, MosaicPlan, Survey, SurveyPhoto},
    server::pictures::{
        mosaic::{self, Source},
        write_counts,
    },
};

/// The files that it writes. There is no raster if no photo can be laid on the ground.
pub const PHOTOS_CSV: &str = "photos.csv";
pub const PHOTOS_GEOJSON: &str = "photos.geojson";
pub const FOOTPRINTS_GEOJSON: &str = "footprints.geojson";
pub const COVERAGE_TIF: &str = "coverage.tif";
pub const MOSAIC_TIF: &str = "mosaic.tif";
/// All of the mosaic, small enough to be looked at.
pub const MOSAIC_JPG: &str = "mosaic.jpg";
pub const INDEX_JSON: &str = "index.json";

/// What `coverage.tif` says of itself.
const COVERAGE_NOTE: &str = "How many photos see each place. 255 stands for more as well. Flat ground is assumed.";

/// How much of the work is done before the mosaic, in thousandths.
const BEFORE_MOSAIC: u16 = 50;

/// Runs it on these photos, which are in the order of their paths, on so many threads. Mosaics take the time; the rest is done in seconds.
///
/// # Errors
/// Too many photos; what the host answers.
pub fn run<H: Host>(photos: &[SurveyPhoto], threads: usize, host: &H) -> Result<Index, Ended> {
    check_count(photos)?;
    host.progress(0, "Reading positions")?;
    let survey = Survey::of(photos);
    output(host, PHOTOS_CSV, |file| tables::write_photos_csv(&survey, file))?;
    output(host, PHOTOS_GEOJSON, |file| tables::write_photos_geojson(&survey, file))?;
    output(host, FOOTPRINTS_GEOJSON, |file| tables::write_footprints(&survey, file))?;
    host.progress(BEFORE_MOSAIC / 2, "Counting overlap")?;
    let coverage = Coverage::of(&survey);
    if let Some(coverage) = &coverage {
        let (grid, place) = (&coverage.grid, mosaic::place(&survey, &coverage.grid));
        output(host, COVERAGE_TIF, |file| {
            Ok(write_counts(file, (grid.columns, grid.rows), &place, COVERAGE_NOTE, &coverage.counts)?)
        })?;
    }
    let index = Index::of(&survey, coverage.as_ref());
    drop(coverage);
    let index = match MosaicPlan::of(&survey) {
        Ok(plan) => {
            let previews = Previews { survey: &survey, host };
            let made = output(host, MOSAIC_TIF, |file| mosaic::write(&survey, &plan, threads, &previews, file))?;
            let overview = made.overview.jpeg().map_err(std::io::Error::other)?;
            output(host, MOSAIC_JPG, |file| Ok(file.write_all(&overview)?))?;
            index.with_mosaic(&survey, &plan, made.unreadable)
        }
        Err(reason) => Index { mosaic_note: reason.to_string(), ..index },
    };
    json(host, INDEX_JSON, &index)?;
    host.progress(1_000, "Done")?;
    Ok(index)
}

/// The previews of a survey.
struct Previews<'a, H> {
    survey: &'a Survey<'a>,
    host: &'a H,
}

impl<H: Host> Source for Previews<'_, H> {
    type Error = Ended;

    fn preview(&self, index: usize) -> Result<Option<Bytes>, Ended> {
        self.survey.photos.get(index).map_or(Ok(None), |photo| self.host.preview(photo))
    }

    fn done(&self, photos: usize, of: usize) -> Result<(), Ended> {
        let all = usize::from(1_000 - BEFORE_MOSAIC);
        let here = u16::try_from(all * photos / of.max(1)).unwrap_or(0);
        // The last thousandth is for who waits until everything is kept.
        self.host.progress((BEFORE_MOSAIC + here).min(999), "Making the mosaic")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::{
        domain::survey::{MOSAIC_NOTE, testing::lawn_mower},
        server::builtin::testing::Memory,
    };

    fn grey() -> Bytes {
        let mut jpeg = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(60, 40).write_to(&mut jpeg, image::ImageFormat::Jpeg).expect("a JPEG");
        jpeg.into_inner().into()
    }

    #[test]
    fn job_4_a_survey_becomes_files() {
        let mut photos = lawn_mower(2, 4);
        photos[1].facts.position = None;
        photos[2].path = "=1+1.JPG".to_owned();
        photos[3].opened = Err("This file is damaged.".to_owned());
        let host = Memory { previews: (1..=8).map(|number| (number, grey())).collect(), ..Memory::default() };
        let index = run(&photos, 2, &host).expect("an index");
        assert_eq!(
            host.names(),
            [COVERAGE_TIF, FOOTPRINTS_GEOJSON, INDEX_JSON, MOSAIC_JPG, MOSAIC_TIF, PHOTOS_CSV, PHOTOS_GEOJSON]
        );
        assert_eq!(serde_json::from_slice::<Index>(&host.file(INDEX_JSON)).expect("an index"), index);
        assert_eq!((index.placed, index.mosaic_note.as_str()), (6, MOSAIC_NOTE));
        assert_eq!(index.mosaic.map(|mosaic| (mosaic.photos, mosaic.unreadable)), Some((6, 0)));
        assert_eq!(host.opened.load(Ordering::SeqCst), 6);
        insta::assert_snapshot!(String::from_utf8(host.file(PHOTOS_CSV)).expect("text").trim_start_matches('\u{FEFF}'));
        let points = host.json(PHOTOS_GEOJSON);
        assert_eq!(points["features"].as_array().map(Vec::len), Some(7));
        let shapes = host.json(FOOTPRINTS_GEOJSON);
        let shapes = shapes["features"].as_array().expect("features");
        assert_eq!(shapes.len(), 6);
        for shape in shapes {
            let ring: Vec<(f64, f64)> = shape["geometry"]["coordinates"][0]
                .as_array()
                .expect("a ring")
                .iter()
                .map(|at| (at[0].as_f64().expect("a longitude"), at[1].as_f64().expect("a latitude")))
                .collect();
            assert_eq!((ring.len(), ring[0]), (5, ring[4]));
            let twice: f64 = ring.windows(2).map(|pair| pair[0].0 * pair[1].1 - pair[1].0 * pair[0].1).sum();
            assert!(twice > 0.0, "rings go against the clock");
        }
        let progress = host.progress.lock().expect("a lock").clone();
        assert!(progress.is_sorted_by_key(|(done, _)| *done), "{progress:?}");
        assert_eq!(progress.last(), Some(&(1_000, "Done")));
    }

    #[test]
    fn job_4_without_height_there_are_points_only_and_it_says_so() {
        let mut photos = lawn_mower(2, 4);
        for photo in &mut photos {
            photo.facts.height_mm = None;
        }
        let host = Memory::default();
        let index = run(&photos, 2, &host).expect("an index");
        assert_eq!(host.names(), [FOOTPRINTS_GEOJSON, INDEX_JSON, PHOTOS_CSV, PHOTOS_GEOJSON]);
        assert!(index.mosaic.is_none() && index.mosaic_note.starts_with("No mosaic: "), "{}", index.mosaic_note);
        assert_eq!(host.json(FOOTPRINTS_GEOJSON)["features"].as_array().map(Vec::len), Some(0));
        let host = Memory::default();
        run(&[], 2, &host).expect("an index of nothing");
        assert_eq!(host.json(INDEX_JSON)["photos"], 0);
    }

    #[test]
    fn job_4_an_app_that_is_stopped_keeps_no_mosaic() {
        let photos = lawn_mower(2, 4);
        let host = Memory { stop_at: Some(100), ..Memory::default() };
        assert!(matches!(run(&photos, 1, &host), Err(Ended::Stopped)));
        assert!(!host.names().contains(&MOSAIC_TIF) && !host.names().contains(&INDEX_JSON));
        let host = Memory::default();
        let many: Vec<SurveyPhoto> = (0..=crate::domain::survey::MAX_PHOTOS).map(|_| photos[0].clone()).collect();
        assert!(matches!(run(&many, 1, &host), Err(Ended::TooManyPhotos(10_001))));
        assert!(host.names().is_empty());
    }
}
