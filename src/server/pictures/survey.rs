//! Photos of a survey that was never flown, for the demo and for tests: a made up piece of ground seen straight from above by a drone that
//! flies a lawn-mower plan, with what such a drone writes into its photos. Everything follows from a seed.
//!
//! One pixel of a photo is one pixel of the ground, so a photo is a window of it, turned where the drone flies back. That is quick even
//! in a build for debugging. GPS is off by up to a metre; the truth is beside each photo.

use std::io::Cursor;

use exif::{Field, In, Tag, Value, experimental::Writer};

use super::pixels::{Orientation, Pixels};
use crate::domain::{
    photo::{CaptureTime, PhotoProblem, Position},
    time::Timestamp,
};

/// What a photo is of, from left to right, in millimetres; three quarters of that from top to bottom.
const GROUND_WIDTH_MM: i64 = 143_360;
/// How high the drone is where a photo is of so much, with a lens of 24 mm on 35 mm film.
const ABOVE_GROUND_MM: i64 = 99_400;
/// A degree of latitude, and one of longitude at 46.66° north, in metres.
const LATITUDE_METRES: i64 = 111_320;
const LONGITUDE_METRES: i64 = 76_400;
/// How good the JPEGs are, of 100.
const QUALITY: u8 = 85;

/// What roofs look like: tiles, slate, concrete, timber, gravel, grass.
const ROOFS: [[u32; 3]; 6] =
    [[146, 84, 64], [96, 98, 104], [168, 160, 148], [104, 78, 60], [186, 178, 166], [92, 112, 76]];

/// What is wrong with a photo on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// The drone shook.
    Blur,
    /// The lens was covered.
    Dark,
    /// The receiver had no position.
    NoPosition,
    /// The same file as the one before, under another name.
    Duplicate,
}

/// A survey.
#[derive(Debug, Clone, Copy)]
pub struct Survey {
    /// How wide a photo is, in pixels; it is three quarters of that high. The smaller, the quicker it is rendered.
    pub width: u32,
    /// The ground follows from it, and how far GPS is off.
    pub seed: u64,
    pub lines: u32,
    pub photos_in_line: u32,
    /// Of the middle of the ground.
    pub middle: Position,
    /// When it begins, by the drone's clock, which is an hour ahead of UTC.
    pub begins: Timestamp,
    /// What is wrong, and with which photo.
    pub planted: &'static [(u32, Planted)],
}

/// A photo, and what is true of it.
#[derive(Debug, Clone)]
pub struct Shot {
    pub name: String,
    pub jpeg: Vec<u8>,
    pub taken: CaptureTime,
    /// Where the drone was.
    pub truth: Position,
    /// What it wrote.
    pub said: Option<Position>,
    pub planted: Option<Planted>,
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit.max(1))).unwrap_or(0)
    }

    /// From -`most` to `most`.
    fn around(&mut self, most: u32) -> i64 {
        i64::from(self.below(2 * most + 1)) - i64::from(most)
    }
}

/// The ground: meadow with detail at every size, roads, roofs, and a square of 100 m that can be measured.
struct Ground {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Ground {
    fn new(width: u32, height: u32, pixel_mm: i64, seed: u64) -> Result<Self, PhotoProblem> {
        let mut numbers = Numbers(seed);
        // Noise of a few sizes: small images of chance, made larger by the resizer, are smooth hills of colour.
        let (mut meadow, mut fine) = (Vec::new(), Vec::new());
        for size in [24_u32, 160] {
            let tiny = (0..size * size)
                .flat_map(|_| {
                    let light = numbers.below(90);
                    [50 + light, 75 + light, 40 + light / 2]
                })
                .map(|value| u8::try_from(value).unwrap_or(0))
                .collect();
            meadow.push(Pixels::new(size, size, tiny).resized(width, height)?.into_rgb());
        }
        // Detail at one to four pixels is what photos are matched by.
        for _ in 0..(1 << 16) {
            fine.push(u8::try_from(numbers.below(44)).unwrap_or(0));
        }
        let (hills, mut rgb) = (meadow.pop().unwrap_or_default(), meadow.pop().unwrap_or_default());
        for (at, (value, hill)) in rgb.iter_mut().zip(&hills).enumerate() {
            // A step that shares no factor with the width, so that no pattern is seen.
            *value = (*value >> 1).wrapping_add(*hill >> 2).wrapping_add(fine[(at / 3 + at / 50_021) & 0xFFFF]);
        }
        let mut ground = Self { width, height, rgb };
        for _ in 0..(width / 8) {
            let (x, y) = (numbers.below(width), numbers.below(height));
            let (wide, high) = (8 + numbers.below(60), 8 + numbers.below(60));
            let roof = ROOFS.get(index(numbers.below(6))).copied().unwrap_or_default();
            let colour = roof.map(|value| u8::try_from(value + numbers.below(24)).unwrap_or(u8::MAX));
            ground.fill(x, y, wide, high, colour);
        }
        for road in 0..3 {
            ground.fill(0, (height / 4) * (road + 1), width, 24, [118, 116, 112]);
            ground.fill((width / 4) * (road + 1), 0, 20, height, [126, 122, 118]);
        }
        let side = u32::try_from(100_000 / pixel_mm).unwrap_or(0);
        ground.fill((width - side) / 2, (height - side) / 2, side, 6, [240, 240, 232]);
        ground.fill((width - side) / 2, u32::midpoint(height, side) - 6, side, 6, [240, 240, 232]);
        ground.fill((width - side) / 2, (height - side) / 2, 6, side, [240, 240, 232]);
        ground.fill(u32::midpoint(width, side) - 6, (height - side) / 2, 6, side, [240, 240, 232]);
        Ok(ground)
    }

    fn fill(&mut self, x: u32, y: u32, wide: u32, high: u32, colour: [u8; 3]) {
        let (right, bottom) = ((x + wide).min(self.width), (y + high).min(self.height));
        let row = colour.repeat(index(right.saturating_sub(x)));
        for y in y..bottom {
            let from = 3 * (index(y) * index(self.width) + index(x));
            if let Some(place) = self.rgb.get_mut(from..from + row.len()) {
                place.copy_from_slice(&row);
            }
        }
    }

    /// What a camera sees whose photo begins here.
    fn window(&self, x: u32, y: u32, width: u32, height: u32) -> Pixels {
        let mut rgb = Vec::with_capacity(3 * index(width) * index(height));
        for y in y..y + height {
            let from = 3 * (index(y) * index(self.width) + index(x));
            rgb.extend_from_slice(self.rgb.get(from..from + 3 * index(width)).unwrap_or_default());
        }
        Pixels::new(width, height, rgb)
    }
}

fn index(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl Survey {
    /// How high a photo is, in pixels.
    pub fn height(&self) -> u32 {
        self.width * 3 / 4
    }

    /// How large a pixel is on the ground, in millimetres.
    fn pixel_mm(&self) -> i64 {
        GROUND_WIDTH_MM / i64::from(self.width)
    }

    /// Flies it.
    ///
    /// # Errors
    /// An image cannot be encoded.
    pub fn fly(&self) -> Result<Vec<Shot>, PhotoProblem> {
        // Four fifths of two photos of a line are the same, and seven tenths of two lines.
        let (along, across) = (self.height() / 5, self.width * 3 / 10);
        let width = self.width + across * self.lines.saturating_sub(1);
        let height = self.height() + along * self.photos_in_line.saturating_sub(1);
        let ground = Ground::new(width, height, self.pixel_mm(), self.seed)?;
        let mut numbers = Numbers(self.seed ^ 0x6750_5321);
        let (mut shots, mut clock): (Vec<Shot>, Timestamp) = (Vec::new(), self.begins);
        for line in 0..self.lines {
            let back = line % 2 == 1;
            for step in 0..self.photos_in_line {
                let number = line * self.photos_in_line + step;
                // The first line goes north, and north is up.
                let from_south = if back { self.photos_in_line - 1 - step } else { step };
                let (x, y) = (across * line, height - self.height() - along * from_south);
                let truth = self.place(x, y, width, height, (0, 0));
                let off = (numbers.around(1_000), numbers.around(1_000));
                let planted = self.planted.iter().find(|(at, _)| *at == number).map(|(_, planted)| *planted);
                let name = format!("DJI_{:04}.JPG", number + 1);
                let taken = CaptureTime { clock, offset_minutes: Some(60) };
                clock = clock.plus_millis(if step + 1 == self.photos_in_line { 9_000 } else { 2_000 });
                if let (Some(Planted::Duplicate), Some(before)) = (planted, shots.last()) {
                    shots.push(Shot { name, planted, ..before.clone() });
                    continue;
                }
                let said =
                    truth.filter(|_| planted != Some(Planted::NoPosition)).and(self.place(x, y, width, height, off));
                let seen =
                    ground.window(x, y, self.width, self.height()).upright(Orientation::of(if back { 3 } else { 1 }));
                let seen = match planted {
                    Some(Planted::Blur) => {
                        seen.resized(self.width / 4, self.height() / 4)?.resized(self.width, self.height())?
                    }
                    Some(Planted::Dark) => seen.darkened(),
                    _ => seen,
                };
                let notes = Notes { taken, said, back, number };
                let jpeg = notes.written_into(&seen.jpeg_of(QUALITY)?)?;
                let truth = truth.ok_or_else(|| PhotoProblem::Unreadable("it is nowhere".to_owned()))?;
                shots.push(Shot { name, jpeg, taken, truth, said, planted });
            }
        }
        Ok(shots)
    }

    /// Where the middle of a photo is that begins at a pixel of the ground, so many millimetres off.
    fn place(&self, x: u32, y: u32, width: u32, height: u32, off: (i64, i64)) -> Option<Position> {
        let from_middle =
            |at: u32, side: u32, whole: u32| self.pixel_mm() * (i64::from(2 * at + side) - i64::from(whole)) / 2;
        let east = from_middle(x, self.width, width) + off.0;
        let north = off.1 - from_middle(y, self.height(), height);
        Position::new(
            self.middle.latitude + north * 1_000_000 / LATITUDE_METRES,
            self.middle.longitude + east * 1_000_000 / LONGITUDE_METRES,
        )
    }
}

/// What a drone writes into a photo.
struct Notes {
    taken: CaptureTime,
    said: Option<Position>,
    /// Whether it flies south.
    back: bool,
    number: u32,
}

impl Notes {
    fn exif(&self) -> Result<Vec<u8>, PhotoProblem> {
        let text = |tag: Tag, text: &str| field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]));
        let iso = self.taken.clock.rfc3339();
        let clock = format!("{} {}", iso[..10].replace('-', ":"), &iso[11..19]);
        let mut fields = vec![
            text(Tag::Make, "DJI"),
            text(Tag::Model, "FC6310"),
            field(Tag::Orientation, Value::Short(vec![1])),
            text(Tag::DateTime, &clock),
            text(Tag::DateTimeOriginal, &clock),
            text(Tag::OffsetTimeOriginal, "+01:00"),
            field(Tag::FocalLength, Value::Rational(vec![(8_800, 1_000).into()])),
            field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![24])),
            text(Tag::BodySerialNumber, "0K8TE2E5P20042"),
        ];
        if let Some(said) = self.said {
            let parts = |value: i64| {
                let nano = value.unsigned_abs();
                let (degrees, minutes) = (nano / 1_000_000_000, nano % 1_000_000_000 * 60);
                // Ten-thousandths of a second, as DJI writes them: 3 mm.
                let seconds = (minutes % 1_000_000_000 * 60 + 50_000) / 100_000;
                let number = |value: u64| u32::try_from(value).unwrap_or(0);
                Value::Rational(vec![
                    (number(degrees), 1).into(),
                    (number(minutes / 1_000_000_000), 1).into(),
                    (number(seconds), 10_000).into(),
                ])
            };
            let height = u32::try_from(ABOVE_GROUND_MM + GROUND_MM).unwrap_or(0);
            fields.extend([
                text(Tag::GPSLatitudeRef, if said.latitude < 0 { "S" } else { "N" }),
                field(Tag::GPSLatitude, parts(said.latitude)),
                text(Tag::GPSLongitudeRef, if said.longitude < 0 { "W" } else { "E" }),
                field(Tag::GPSLongitude, parts(said.longitude)),
                field(Tag::GPSAltitudeRef, Value::Byte(vec![0])),
                field(Tag::GPSAltitude, Value::Rational(vec![(height, 1_000).into()])),
            ]);
        }
        let (mut writer, mut bytes) = (Writer::new(), Cursor::new(Vec::new()));
        for field in &fields {
            writer.push_field(field);
        }
        writer.write(&mut bytes, true).map_err(|error| PhotoProblem::Unreadable(error.to_string()))?;
        Ok(bytes.into_inner())
    }

    fn xmp(&self) -> String {
        let metres = |mm: i64| format!("+{}.{:02}", mm / 1_000, mm % 1_000 / 10);
        let yaw = if self.back { "+180.00" } else { "+0.00" };
        format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
             xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"DJI Meta Data\" \
             xmlns:drone-dji=\"http://www.dji.com/drone-dji/1.0/\" drone-dji:AbsoluteAltitude=\"{}\" \
             drone-dji:RelativeAltitude=\"{}\" drone-dji:GimbalRollDegree=\"+0.00\" drone-dji:GimbalYawDegree=\"{yaw}\" \
             drone-dji:GimbalPitchDegree=\"-90.00\" drone-dji:FlightRollDegree=\"+{}.10\" drone-dji:FlightYawDegree=\"{yaw}\" \
             drone-dji:FlightPitchDegree=\"-4.20\"/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>",
            metres(ABOVE_GROUND_MM + GROUND_MM),
            metres(ABOVE_GROUND_MM),
            self.number % 3,
        )
    }

    /// A JPEG with these notes.
    fn written_into(&self, jpeg: &[u8]) -> Result<Vec<u8>, PhotoProblem> {
        let mut written = jpeg.get(..2).unwrap_or_default().to_vec();
        for body in [
            [&b"Exif\0\0"[..], &self.exif()?].concat(),
            [&b"http://ns.adobe.com/xap/1.0/\0"[..], self.xmp().as_bytes()].concat(),
        ] {
            let length = u16::try_from(body.len() + 2).map_err(|error| PhotoProblem::Unreadable(error.to_string()))?;
            written.extend_from_slice(&[0xFF, 0xE1]);
            written.extend_from_slice(&length.to_be_bytes());
            written.extend_from_slice(&body);
        }
        written.extend_from_slice(jpeg.get(2..).unwrap_or_default());
        Ok(written)
    }
}

/// How high the ground is.
const GROUND_MM: i64 = 1_106_000;

fn field(tag: Tag, value: Value) -> Field {
    Field { tag, ifd_num: In::PRIMARY, value }
}
