//! Photos as pixels (FILE-5): what cameras wrote into them, what is measured of them, and their previews. Rasters that jobs write, and
//! what the viewer shows of them (VIEW-1). The only place that names
//! `image`, `exif`, `tiff`, `proj4rs` and `fast_image_resize`.
//!
//! Everything here reads what strangers sent. So sizes are read first and checked before memory is taken, what is read of a header is
//! bounded, and a reader that panics costs one photo. What people see are JPEGs that were encoded here.
//!
//! # Invariants
//! - Nothing here touches the database, storage or the network.
//! - At most as many photos as there are turns are in memory, and only one of them is large.

mod georeference;
mod geotiff;
mod header;
mod jpeg;
mod layer;
mod mask;
pub mod mosaic;
mod pixels;
mod pyramid;
mod raster;
mod see_through;
pub mod survey;
mod tile_index;
mod xmp;

use std::sync::Arc;

use bytes::Bytes;
pub use geotiff::{Place, write_counts};
pub use layer::{MadeTiles, NotMade, make as make_tiles};
pub use tile_index::{TileIndex, TileIndexes};
use tokio::sync::Semaphore;

use crate::domain::{
    file::Media,
    photo::{MAX_STORED_BYTES, Measured, PhotoFacts, PhotoProblem, PreviewSize},
};

/// How much memory a photo takes that counts as large: more than 64 million pixels of three bytes. What is in a file says little about
/// that, as few bytes can become many pixels of many bytes.
const LARGE_BYTES: u64 = 192_000_000;

/// The largest TIFF whose notes of the camera are read: they may be anywhere in it.
const MAX_TIFF_BYTES: usize = 64 * 1024 * 1024;

/// A photo that was opened.
#[derive(Debug, Clone)]
pub struct Picture {
    pub facts: PhotoFacts,
    pub measured: Measured,
    /// The previews, as JPEGs.
    pub small: Bytes,
    pub large: Bytes,
}

/// Opens photos, a few at the same moment. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Pictures {
    turns: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Pictures {
    /// With so many turns.
    pub fn new(turns: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(turns.max(1))), large: Arc::new(Semaphore::new(1)) }
    }

    /// Opens a photo when it is its turn. `load` brings its bytes then, so that what waits takes no memory.
    ///
    /// # Errors
    /// Why it cannot be opened; what `load` answers.
    pub async fn open<E>(
        &self,
        media: Media,
        bytes: i64,
        load: impl Future<Output = Result<Bytes, E>>,
    ) -> Result<Result<Picture, PhotoProblem>, E> {
        if bytes > MAX_STORED_BYTES {
            return Ok(Err(PhotoProblem::TooLarge));
        }
        // Nobody closes them.
        let _turn = self.turns.acquire().await;
        let bytes = load.await?;
        let opened = match blocking({
            let bytes = bytes.clone();
            move || pixels::memory(media, &bytes)
        })
        .await
        {
            Ok(memory) => {
                let _large = if memory > LARGE_BYTES { Some(self.large.acquire().await) } else { None };
                blocking(move || open(media, &bytes)).await
            }
            Err(problem) => Err(problem),
        };
        Ok(opened)
    }
}

/// Runs what takes long beside the tasks of the server. What panics is a problem of the photo.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PhotoProblem> + Send + 'static,
) -> Result<T, PhotoProblem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(_) => Err(PhotoProblem::Broke),
    }
}

/// Opens a photo at once.
///
/// # Errors
/// Why it cannot be opened.
pub fn open(media: Media, bytes: &[u8]) -> Result<Picture, PhotoProblem> {
    let notes = if media == Media::Jpeg { jpeg::scan(bytes) } else { jpeg::Notes::default() };
    if !jpeg::is_whole(bytes, &notes) {
        return Err(PhotoProblem::Unreadable("it ends in the middle".to_owned()));
    }
    let decoded = pixels::decode(media, bytes)?;
    let exif = match media {
        Media::Jpeg => notes.exif.map(<[u8]>::to_vec),
        // A TIFF is what EXIF is made of.
        Media::Tiff => (bytes.len() <= MAX_TIFF_BYTES).then(|| bytes.to_vec()),
        _ => decoded.exif,
    };
    let (facts, orientation) = read_notes(exif, notes.xmp);
    let large = decoded.pixels.preview(PreviewSize::Large)?.upright(orientation);
    let small = large.preview(PreviewSize::Small)?;
    let (width, height) = (decoded.pixels.width(), decoded.pixels.height());
    let (width, height) = if orientation.is_turned() { (height, width) } else { (width, height) };
    let (sharpness, luminance) = decoded.pixels.sharpness();
    let measured = Measured { width, height, sharpness, luminance, look: small.look()? };
    Ok(Picture { facts, measured, small: small.jpeg()?.into(), large: large.jpeg()?.into() })
}

/// What a camera wrote, and how it was held.
fn read_notes(exif: Option<Vec<u8>>, xmp: Option<&[u8]>) -> (PhotoFacts, pixels::Orientation) {
    let header = exif.map(header::read).unwrap_or_default();
    let facts = match xmp.or(header.xmp.as_deref()) {
        Some(packet) => xmp::read(packet).completed_by(header.facts),
        None => header.facts,
    };
    (facts, header.orientation)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{
        survey::{Planted, Shot, Survey},
        *,
    };
    use crate::domain::{
        photo::{CaptureTime, PhotoFault, Position, difference, faults, typical_sharpness},
        time::Timestamp,
    };

    const WIDTH: u32 = 480;
    const HEIGHT: u32 = 360;

    fn survey() -> Vec<Shot> {
        const PLANTED: &[(u32, Planted)] =
            &[(2, Planted::Blur), (4, Planted::Dark), (6, Planted::NoPosition), (7, Planted::Duplicate)];
        let middle = Position { latitude: 46_662_400_000, longitude: -8_585_600_000 };
        let begins = Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
        Survey { width: WIDTH, seed: 7, lines: 2, photos_in_line: 5, middle, begins, planted: PLANTED }
            .fly()
            .expect("it flies")
    }

    /// How far two places are apart, in millimetres, north and east.
    fn apart(one: Position, other: Position) -> (i64, i64) {
        let north = (one.latitude - other.latitude).abs() * 111_320 / 1_000_000;
        (north, (one.longitude - other.longitude).abs() * 76_400 / 1_000_000)
    }

    #[test]
    fn file_5_photos_of_a_flight_are_opened_and_what_is_wrong_is_found() {
        let shots = survey();
        assert_eq!(shots.len(), 10);
        let opened: Vec<Picture> = shots.iter().map(|shot| open(Media::Jpeg, &shot.jpeg).expect("a photo")).collect();
        for (shot, picture) in shots.iter().zip(&opened) {
            let facts = &picture.facts;
            assert_eq!((picture.measured.width, picture.measured.height), (WIDTH, HEIGHT));
            assert_eq!(facts.camera().as_deref(), Some("DJI FC6310"));
            assert_eq!(facts.taken, Some(shot.taken));
            assert_eq!((facts.height_mm, facts.altitude_mm), (Some(99_400), Some(1_205_400)));
            assert_eq!(
                (facts.pitch_mdeg, facts.focal_um, facts.focal35_um),
                (Some(-90_000), Some(8_800), Some(24_000))
            );
            assert_eq!(facts.serial.as_deref(), Some("0K8TE2E5P20042"));
            assert_eq!(facts.position.is_some(), shot.said.is_some());
            if let (Some(read), Some(said)) = (facts.position, shot.said) {
                let (north, east) = apart(read, said);
                assert!(north <= 3 && east <= 3, "what is read is what was written: {read:?} {said:?}");
                let (north, east) = apart(read, shot.truth);
                assert!(north <= 1_003 && east <= 1_003, "GPS is off by a metre at most");
            }
            for (preview, width, height) in [(&picture.small, 320, 240), (&picture.large, WIDTH, HEIGHT)] {
                let decoded = image::load_from_memory(preview).expect("a JPEG of ours");
                assert_eq!((Media::sniff(preview), decoded.width(), decoded.height()), (Media::Jpeg, width, height));
                let notes = jpeg::scan(preview);
                assert!(notes.exif.is_none() && notes.xmp.is_none(), "a preview tells nothing but what is seen");
            }
        }
        let typical = typical_sharpness(opened.iter().map(|picture| picture.measured.sharpness).collect());
        for (shot, picture) in shots.iter().zip(&opened) {
            let measured = &picture.measured;
            let found = faults(picture.facts.position, &measured.luminance, measured.sharpness, typical);
            let planted: &[PhotoFault] = match shot.planted {
                Some(Planted::Blur) => &[PhotoFault::Blurred],
                Some(Planted::Dark) => &[PhotoFault::TooDark],
                // The duplicate is one of a photo without a position.
                Some(Planted::NoPosition | Planted::Duplicate) => &[PhotoFault::NoPosition],
                None => &[],
            };
            assert_eq!(found, planted, "{} {measured:?} {typical:?}", shot.name);
        }
        let looks: Vec<i64> = opened.iter().map(|picture| picture.measured.look).collect();
        assert_eq!(difference(looks[6], looks[7]), 0);
        assert!(difference(looks[0], looks[1]) > 4, "{:x} {:x}", looks[0], looks[1]);
    }

    #[test]
    fn file_5_a_flight_follows_from_its_seed() {
        let (one, other) = (survey(), survey());
        assert!(one.iter().zip(&other).all(|(one, other)| one.jpeg == other.jpeg && one.truth == other.truth));
    }

    /// A picture whose corners differ: red, green above blue, white.
    fn corners() -> image::RgbImage {
        image::RgbImage::from_fn(40, 20, |x, y| {
            image::Rgb(match (x < 20, y < 10) {
                (true, true) => [200, 0, 0],
                (false, true) => [0, 200, 0],
                (true, false) => [0, 0, 200],
                (false, false) => [250, 250, 250],
            })
        })
    }

    fn encoded(image: impl Into<image::DynamicImage>, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).expect("encoded");
        bytes.into_inner()
    }

    /// A JPEG with EXIF that has an orientation and nothing else.
    fn turned(orientation: u8) -> Vec<u8> {
        let jpeg = encoded(corners(), image::ImageFormat::Jpeg);
        let tiff = [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
        let body = [&b"Exif\0\0"[..], &tiff].concat();
        let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
        [&[0xFF, 0xD8, 0xFF, 0xE1][..], &length, &body, &jpeg[2..]].concat()
    }

    /// The colour of the corner at the upper left of a preview, roughly.
    fn upper_left(preview: &[u8]) -> [bool; 3] {
        let image = image::load_from_memory(preview).expect("a JPEG").into_rgb8();
        image.get_pixel(3, 3).0.map(|value| value > 120)
    }

    #[test]
    fn file_5_previews_stand_upright_however_the_camera_was_held() {
        for (orientation, corner, sides) in [
            (1, [true, false, false], (40, 20)),
            (3, [true, true, true], (40, 20)),
            (6, [false, false, true], (20, 40)),
            (8, [false, true, false], (20, 40)),
            (0, [true, false, false], (40, 20)),
            (200, [true, false, false], (40, 20)),
        ] {
            let picture = open(Media::Jpeg, &turned(orientation)).expect("a photo");
            assert_eq!((picture.measured.width, picture.measured.height), sides, "orientation {orientation}");
            assert_eq!((upper_left(&picture.small), upper_left(&picture.large)), (corner, corner), "{orientation}");
        }
    }

    #[test]
    fn file_5_photos_of_every_kind_are_opened() {
        let rgb = corners();
        let deep = image::DynamicImage::from(rgb.clone()).into_rgb16();
        let grey = image::DynamicImage::from(rgb.clone()).into_luma8();
        let clear = image::DynamicImage::from(rgb.clone()).into_rgba8();
        for (media, bytes) in [
            (Media::Jpeg, encoded(rgb.clone(), image::ImageFormat::Jpeg)),
            (Media::Jpeg, encoded(grey.clone(), image::ImageFormat::Jpeg)),
            (Media::Png, encoded(rgb.clone(), image::ImageFormat::Png)),
            (Media::Png, encoded(deep.clone(), image::ImageFormat::Png)),
            (Media::Png, encoded(clear, image::ImageFormat::Png)),
            (Media::Tiff, encoded(rgb.clone(), image::ImageFormat::Tiff)),
            (Media::Tiff, encoded(deep, image::ImageFormat::Tiff)),
            (Media::Tiff, encoded(grey, image::ImageFormat::Tiff)),
            (Media::Webp, encoded(rgb, image::ImageFormat::WebP)),
        ] {
            assert_eq!(Media::sniff(&bytes), media);
            let picture = open(media, &bytes).expect("a photo");
            assert_eq!((picture.measured.width, picture.measured.height), (40, 20), "{media:?}");
            assert_eq!(picture.facts, PhotoFacts::default());
        }
    }

    /// The CRC of a chunk of a PNG.
    fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&kind);
        sum.update(body);
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&length[..], &kind, body, &sum.finalize().to_be_bytes()].concat()
    }

    /// A PNG whose header says so many pixels, and that has next to none.
    fn png(width: u32, height: u32, depth: u8, colour: u8) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
        let pixels = [0x78, 0x9C, 0x63, 0, 0, 0, 1, 0, 1];
        [&b"\x89PNG\r\n\x1A\n"[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", &pixels), &chunk(*b"IEND", b"")]
            .concat()
    }

    /// A JPEG with other sides than it has pixels for.
    fn flooded(width: u16, height: u16, marker: u8) -> Vec<u8> {
        let mut jpeg = encoded(corners(), image::ImageFormat::Jpeg);
        let at = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).expect("a frame");
        jpeg[at + 1] = marker;
        jpeg[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        jpeg
    }

    #[test]
    fn file_5_attack_40_pictures_that_explode_are_refused_by_their_header() {
        let too_many =
            |opened: Result<Picture, PhotoProblem>| matches!(opened, Err(PhotoProblem::TooManyPixels { .. }));
        assert!(too_many(open(Media::Jpeg, &flooded(65_500, 65_500, 0xC0))));
        assert!(too_many(open(Media::Jpeg, &flooded(20_000, 20_000, 0xC0))));
        // The same number of pixels in several passes takes several times the memory.
        assert!(too_many(open(Media::Jpeg, &flooded(12_000, 12_000, 0xC2))));
        // 256 million pixels of 8 bytes.
        assert!(open(Media::Png, &png(16_000, 16_000, 16, 6)).is_err());
        assert!(open(Media::Png, &png(65_001, 1, 8, 2)).is_err());
        assert!(open(Media::Png, &png(u32::MAX >> 1, u32::MAX >> 1, 8, 2)).is_err());
        let mut tiff = encoded(corners(), image::ImageFormat::Tiff);
        // The width, with the tag 256, is the first entry of the directory.
        let at = 2 + usize::try_from(u32::from_le_bytes([tiff[4], tiff[5], tiff[6], tiff[7]])).expect("small");
        assert_eq!(tiff[at..at + 2], [0, 1]);
        tiff[at + 8..at + 12].copy_from_slice(&4_000_000_000_u32.to_le_bytes());
        assert!(open(Media::Tiff, &tiff).is_err());
    }

    #[test]
    fn file_5_attack_40_what_is_broken_is_told_and_breaks_nothing() {
        let photo = survey().swap_remove(0).jpeg;
        let cut = open(Media::Jpeg, &photo[..photo.len() / 2]).expect_err("half a photo is none");
        assert_eq!(cut.to_string(), "This file is damaged, or of a kind that cannot be shown: it ends in the middle.");
        for bytes in [
            &b""[..],
            b"\xFF\xD8\xFF",
            b"\xFF\xD8\xFF\xD9",
            b"\xFF\xD8\xFF\xE1\x00\x10Exif",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        ] {
            for media in [Media::Jpeg, Media::Png, Media::Tiff, Media::Webp, Media::Heif] {
                assert!(matches!(open(media, bytes), Err(PhotoProblem::Unreadable(_))), "{media:?} {bytes:?}");
            }
        }
        // Directories of EXIF that lead to themselves, and one with no end.
        for tiff in [
            &b"MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08\0\0\0\x08"[..],
            b"MM\0*\0\0\0\x08\0\0\0\0\0\x08",
            b"MM\0*\0\0\0\x08\xFF\xFF\x01\x0F\0\x02\xFF\xFF\xFF\xFF\0\0\0\0",
        ] {
            assert_eq!(header::read(tiff.to_vec()).facts, PhotoFacts::default());
        }
        // Nothing that is flipped or cut makes the reader panic.
        let small = turned(6);
        for at in 0..small.len() {
            let mut broken = small.clone();
            broken[at] ^= 0xFF;
            let _ = open(Media::Jpeg, &broken);
            let _ = open(Media::Jpeg, &small[..at]);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn file_5_as_many_photos_as_there_are_turns_are_open_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (pictures, open, most) = (Pictures::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        let bytes = Bytes::from(encoded(corners(), image::ImageFormat::Jpeg));
        let one = || {
            pictures.open(Media::Jpeg, 100, async {
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                open.fetch_sub(1, Ordering::SeqCst);
                Ok::<_, ()>(bytes.clone())
            })
        };
        let opened = futures::future::join_all((0..8).map(|_| one())).await;
        assert!(opened.into_iter().all(|opened| opened.expect("loaded").is_ok()));
        assert!(most.load(Ordering::SeqCst) <= 2);
        let large = pictures.open(Media::Jpeg, MAX_STORED_BYTES + 1, async { Ok::<_, ()>(Bytes::new()) }).await;
        assert_eq!(large.expect("not loaded").err(), Some(PhotoProblem::TooLarge));
    }

    #[test]
    fn file_5_attack_40_memory_is_that_of_the_pixels_and_not_what_stands_beside_them() {
        use image::ImageEncoder as _;
        // 16 bytes a pixel.
        let deep = image::DynamicImage::from(image::Rgba32FImage::new(300, 200));
        let memory = pixels::memory;
        assert_eq!(memory(Media::Tiff, &encoded(deep, image::ImageFormat::Tiff)), Ok(300 * 200 * (16 + 3)));
        assert_eq!(memory(Media::Png, &png(7_900, 7_900, 16, 6)), Ok(7_900 * 7_900 * (8 + 3)));
        assert!(memory(Media::Png, &png(7_900, 7_900, 16, 6)).is_ok_and(|memory| memory > LARGE_BYTES));
        assert_eq!(memory(Media::Png, &png(7_900, 7_900, 8, 2)), Ok(7_900 * 7_900 * 3));
        assert!(memory(Media::Png, &png(10_000, 10_000, 16, 6)).is_err(), "both copies of the pixels count");
        // A colour profile of 100 MB that is packed into 100 kB.
        let mut bytes = Vec::new();
        let mut encoder = image::codecs::png::PngEncoder::new(&mut bytes);
        encoder.set_icc_profile(vec![0; 100_000_000]).expect("a profile");
        encoder.write_image(corners().as_raw(), 40, 20, image::ExtendedColorType::Rgb8).expect("encoded");
        assert!(bytes.len() < 1_000_000);
        assert!(!pixels::reads_profile(&bytes), "it is not unpacked");
        assert!(open(Media::Png, &bytes).is_ok(), "and nobody needs it");
    }

    #[tokio::test]
    async fn file_5_attack_40_a_reader_that_panics_costs_one_photo() {
        let broke = blocking(|| -> Result<(), PhotoProblem> { panic!("a reader gave up") }).await;
        assert_eq!(broke, Err(PhotoProblem::Broke));
    }

    /// What exiftool says of the photos of a folder, by the names that it gives; nothing where it is not installed.
    fn exiftool(folder: &std::path::Path) -> Option<Vec<serde_json::Value>> {
        let groups = ["-EXIF:all", "-XMP:all", "-Composite:all"];
        let run = std::process::Command::new("exiftool").args(["-json", "-n", "-r"]).args(groups).arg(folder).output();
        serde_json::from_slice(&run.ok()?.stdout).ok()
    }

    /// Every field of a photo that is not what exiftool read.
    fn differences(bytes: &[u8], said: &serde_json::Value) -> Vec<String> {
        let name = &said["SourceFile"];
        let notes = jpeg::scan(bytes);
        let (facts, orientation) = read_notes(notes.exif.map(<[u8]>::to_vec), notes.xmp);
        let mut found = Vec::new();
        let mut same = |field: &str, value: Option<i64>, in_one: f64, off: f64| {
            let theirs = said[field].as_f64().or_else(|| said[field].as_str().and_then(|text| text.parse().ok()));
            #[expect(clippy::cast_precision_loss, reason = "these are small")]
            let ours = value.map(|value| value as f64 / in_one);
            let close = match (ours, theirs) {
                (Some(ours), Some(theirs)) => (ours - theirs).abs() <= off,
                // What makes no sense is missing here.
                (None, theirs) => theirs.is_none_or(|theirs| theirs == 0.0),
                (Some(_), None) => false,
            };
            if !close {
                found.push(format!("{name}: {field} is {theirs:?} for exiftool, and {ours:?} here"));
            }
        };
        let (latitude, longitude) = facts.position.map(|at| (at.latitude, at.longitude)).unzip();
        same("GPSLatitude", latitude, 1e9, 1e-9);
        same("GPSLongitude", longitude, 1e9, 1e-9);
        // XMP has it as well.
        let altitude = if said["GPSAltitude"].is_null() { "AbsoluteAltitude" } else { "GPSAltitude" };
        same(altitude, facts.altitude_mm, 1e3, 1e-3);
        same("RelativeAltitude", facts.height_mm, 1e3, 1e-3);
        same("GimbalYawDegree", facts.yaw_mdeg, 1e3, 1e-3);
        same("GimbalPitchDegree", facts.pitch_mdeg, 1e3, 1e-3);
        same("GimbalRollDegree", facts.roll_mdeg, 1e3, 1e-3);
        same("GPSHPositioningError", facts.accuracy_mm, 1e3, 1e-3);
        same("FocalLength", facts.focal_um, 1e3, 1e-3);
        same("FocalLengthIn35mmFormat", facts.focal35_um, 1e3, 1e-3);
        for (field, ours) in [("Make", &facts.make), ("Model", &facts.model), ("SerialNumber", &facts.serial)] {
            let theirs = said[field].as_str().map(str::trim).filter(|theirs| !theirs.is_empty());
            if theirs != ours.as_deref() {
                found.push(format!("{name}: {field} is {theirs:?} for exiftool, and {ours:?} here"));
            }
        }
        let turned = said["Orientation"].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(1);
        if orientation != pixels::Orientation::of(turned) {
            found.push(format!("{name}: Orientation is {turned} for exiftool, and {orientation:?} here"));
        }
        let text = |field: &str| said[field].as_str().map(str::to_owned);
        let clock = text("DateTimeOriginal").or_else(|| text("ModifyDate"));
        let theirs = clock.map(|clock| {
            let offset = text("OffsetTimeOriginal").unwrap_or_default();
            format!("{}{offset}", clock.replacen(':', "-", 2).replace(' ', "T"))
        });
        let ours =
            facts.taken.map(|taken| CaptureTime { clock: Timestamp(taken.clock.0 / 1_000 * 1_000), ..taken }.iso());
        match ours {
            Some(ours) if Some(ours.replace(".000", "")) == theirs => {}
            // Cameras write times that are none, such as 16:05:92.
            None if theirs.as_ref().is_none_or(|theirs| Timestamp::parse_rfc3339(&format!("{theirs}Z")).is_none()) => {}
            ours => found.push(format!("{name}: it was taken at {theirs:?} for exiftool, and at {ours:?} here")),
        }
        found
    }

    /// Photos of real cameras are compared too, where `COMMONHOLD_TEST_PHOTOS` is a folder of them.
    #[test]
    fn file_5_what_is_read_is_what_exiftool_reads() {
        #[expect(clippy::disallowed_methods, reason = "what people hand on")]
        let real = std::env::var("COMMONHOLD_TEST_PHOTOS").ok().map(std::path::PathBuf::from);
        let folder = tempfile::tempdir().expect("a folder");
        let shots = survey();
        for shot in &shots {
            std::fs::write(folder.path().join(&shot.name), &shot.jpeg).expect("written");
        }
        for folder in real.iter().map(std::path::PathBuf::as_path).chain([folder.path()]) {
            let Some(said) = exiftool(folder) else {
                eprintln!("skipped: exiftool is not installed");
                return;
            };
            assert!(said.len() > 1, "it read {}", folder.display());
            let found: Vec<String> = said
                .iter()
                .flat_map(|one| {
                    let photo = std::fs::read(one["SourceFile"].as_str().expect("a path")).expect("a file");
                    differences(&photo, one)
                })
                .collect();
            assert!(found.is_empty(), "of {} photos:\n{}", said.len(), found.join("\n"));
        }
    }
}
