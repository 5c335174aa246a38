//! The pixels of photos: decoding within limits, previews, and what is measured.

use std::io::Cursor;

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageFormat, ImageReader, Limits,
    codecs::jpeg::JpegEncoder,
};

use super::jpeg;
use crate::domain::{
    file::Media,
    photo::{Luminance, MAX_DECODED_BYTES, PhotoProblem, PreviewSize, check_sides, preview_sides},
};

/// How good the JPEGs of previews are, of 100.
const QUALITY: u8 = 82;

/// What has to be done to a photo so that it stands upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orientation(image::metadata::Orientation);

impl Default for Orientation {
    fn default() -> Self {
        Self(image::metadata::Orientation::NoTransforms)
    }
}

impl Orientation {
    /// By its number in EXIF; nothing is done where it is none.
    pub fn of(number: u32) -> Self {
        u8::try_from(number).ok().and_then(image::metadata::Orientation::from_exif).map_or_else(Self::default, Self)
    }

    /// Whether width and height change places.
    pub fn is_turned(self) -> bool {
        use image::metadata::Orientation as O;
        matches!(self.0, O::Rotate90 | O::Rotate270 | O::Rotate90FlipH | O::Rotate270FlipH)
    }
}

fn unreadable(error: impl std::fmt::Display) -> PhotoProblem {
    // Readers write several lines, and quote what they read.
    let text: String = error.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    PhotoProblem::Unreadable(text.trim_end_matches('.').to_owned())
}

/// A reader that has read the header. Besides the file and its pixels it takes at most [`MAX_NOTES_BYTES`].
fn decoder(media: Media, bytes: &[u8], pixels: u64) -> Result<impl ImageDecoder + '_, PhotoProblem> {
    let format = match media {
        Media::Jpeg => ImageFormat::Jpeg,
        Media::Png => ImageFormat::Png,
        Media::Tiff => ImageFormat::Tiff,
        Media::Webp => ImageFormat::WebP,
        _ => return Err(PhotoProblem::Unreadable("it is no photo".to_owned())),
    };
    let mut limits = Limits::default();
    // Readers keep to this as well as they can; sides, and what they cannot keep to, are checked by `memory()`. A reader unpacks what
    // stands beside the pixels, such as a colour profile, as far as the limit goes.
    limits.max_alloc = Some(pixels.saturating_add(bytes.len() as u64).saturating_add(MAX_NOTES_BYTES));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder().map_err(unreadable)
}

/// How many bytes the pixels of an image take while it is opened, by its header; an error where that is too much.
///
/// # Errors
/// Why it cannot be opened.
pub fn memory(media: Media, bytes: &[u8]) -> Result<u64, PhotoProblem> {
    let decoder = decoder(media, bytes, 0)?;
    let (width, height) = decoder.dimensions();
    check_sides(width, height, media == Media::Jpeg && jpeg::scan(bytes).progressive)?;
    // Pixels of another kind are in memory twice while they become red, green and blue.
    let converted = if decoder.color_type() == ColorType::Rgb8 { 0 } else { 3 * u64::from(width) * u64::from(height) };
    let memory = decoder.total_bytes().saturating_add(converted);
    if memory > MAX_DECODED_BYTES {
        return Err(PhotoProblem::TooManyPixels { width, height });
    }
    Ok(memory)
}

/// A photo as it was decoded.
#[derive(Debug)]
pub struct Decoded {
    pub pixels: Pixels,
    /// EXIF, where the format has a place of its own for it.
    pub exif: Option<Vec<u8>>,
}

/// Decodes an image.
///
/// # Errors
/// Why it cannot be opened.
pub fn decode(media: Media, bytes: &[u8]) -> Result<Decoded, PhotoProblem> {
    let mut decoder = decoder(media, bytes, memory(media, bytes)?)?;
    let exif = match media {
        Media::Png | Media::Webp => decoder.exif_metadata().unwrap_or(None).filter(|exif| exif.len() <= MAX_EXIF_BYTES),
        _ => None,
    };
    let image = DynamicImage::from_decoder(decoder).map_err(unreadable)?.into_rgb8();
    let (width, height) = image.dimensions();
    Ok(Decoded { pixels: Pixels { width, height, rgb: image.into_raw() }, exif })
}

/// Whether the colour profile of a PNG is unpacked.
#[cfg(test)]
pub fn reads_profile(bytes: &[u8]) -> bool {
    let decoder = decoder(Media::Png, bytes, 0);
    decoder.is_ok_and(|mut decoder| decoder.icc_profile().is_ok_and(|profile| profile.is_some()))
}

/// How much may stand beside the pixels of an image, unpacked.
const MAX_NOTES_BYTES: u64 = 32 * 1024 * 1024;

/// How much of EXIF is read.
const MAX_EXIF_BYTES: usize = 1024 * 1024;

/// Pixels of three bytes, row by row.
#[derive(Debug, Clone)]
pub struct Pixels {
    width: u32,
    height: u32,
    pub(super) rgb: Vec<u8>,
}

impl Pixels {
    /// Of so many pixels in a row.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Self {
        Self { width, height, rgb }
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, three for each pixel.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The colour at a place, given as parts of width and height from 0 to 1: a mixture of the four pixels around it.
    pub fn at(&self, x: f64, y: f64) -> [u8; 3] {
        let (across, right) = Self::between(x, self.width);
        let (down, below) = Self::between(y, self.height);
        let [across_next, down_next] = [(across, self.width), (down, self.height)]
            .map(|(at, side)| (at + 1).min(usize::try_from(side).unwrap_or(1).saturating_sub(1)));
        let width = usize::try_from(self.width).unwrap_or(0);
        let pixel = |row: usize, column: usize| {
            let from = 3 * (row * width + column);
            match self.rgb.get(from..from + 3) {
                Some([red, green, blue]) => [*red, *green, *blue].map(u32::from),
                _ => [0; 3],
            }
        };
        let [upper_left, upper_right] = [pixel(down, across), pixel(down, across_next)];
        let [lower_left, lower_right] = [pixel(down_next, across), pixel(down_next, across_next)];
        [0, 1, 2].map(|channel: usize| {
            let upper = upper_left[channel] * (256 - right) + upper_right[channel] * right;
            let lower = lower_left[channel] * (256 - right) + lower_right[channel] * right;
            u8::try_from((upper * (256 - below) + lower * below + (1 << 15)) >> 16).unwrap_or(u8::MAX)
        })
    }

    /// The pixel before a place, and how far behind it the place is, in 256ths.
    fn between(part: f64, side: u32) -> (usize, u32) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps to the limits")]
        let at = (part * f64::from(side) * 256.0 - 128.0) as u32;
        let at = at.min(side.saturating_sub(1) * 256);
        (usize::try_from(at >> 8).unwrap_or(0), at & 0xFF)
    }

    /// As it is with the lens covered.
    pub fn darkened(self) -> Self {
        Self { rgb: self.rgb.into_iter().map(|value| value >> 4).collect(), ..self }
    }

    /// The same in another size.
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn resized(&self, width: u32, height: u32) -> Result<Self, PhotoProblem> {
        let from = ImageRef::new(self.width, self.height, &self.rgb, PixelType::U8x3).map_err(unreadable)?;
        let mut to = Image::new(width, height, PixelType::U8x3);
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
        Resizer::new().resize(&from, &mut to, &options).map_err(unreadable)?;
        Ok(Self { width, height, rgb: to.into_vec() })
    }

    /// The same, as small as a preview.
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn preview(&self, size: PreviewSize) -> Result<Self, PhotoProblem> {
        let (width, height) = preview_sides(self.width, self.height, size);
        self.resized(width, height)
    }

    /// The same, upright.
    pub fn upright(self, orientation: Orientation) -> Self {
        let (width, height) = (self.width, self.height);
        match image::RgbImage::from_raw(width, height, self.rgb) {
            Some(image) => {
                let mut image = DynamicImage::from(image);
                image.apply_orientation(orientation.0);
                let (width, height) = (image.width(), image.height());
                Self { width, height, rgb: image.into_bytes() }
            }
            // There is a pixel for each place.
            None => Self { width, height, rgb: Vec::new() },
        }
    }

    /// A JPEG of it.
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn jpeg(&self) -> Result<Vec<u8>, PhotoProblem> {
        self.jpeg_of(QUALITY)
    }

    /// A JPEG of it, so good of 100.
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn jpeg_of(&self, quality: u8) -> Result<Vec<u8>, PhotoProblem> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(unreadable)?;
        Ok(bytes)
    }

    /// How sharp it is and how bright its pixels are. Sharpness is the variance of the Laplacian, which is what a pixel differs from
    /// its four neighbours; edges that are blurred differ little.
    pub fn sharpness(&self) -> (i64, Luminance) {
        let width = usize::try_from(self.width).unwrap_or(0).max(1);
        let mut counts = [0_u64; 16];
        let mut rows = self.rgb.chunks_exact(3 * width).map(|row| {
            let row: Vec<u8> = row.chunks_exact(3).map(luma).collect();
            for light in &row {
                counts[usize::from(light >> 4)] += 1;
            }
            row
        });
        let (mut number, mut sum, mut squares) = (0_i64, 0_i64, 0_i64);
        let (mut above, mut middle) = (rows.next().unwrap_or_default(), rows.next().unwrap_or_default());
        for below in rows {
            for ((around, above), below) in middle.windows(3).zip(&above[1..]).zip(&below[1..]) {
                let [left, here, right] = around else { continue };
                let neighbours = i64::from(*left) + i64::from(*right) + i64::from(*above) + i64::from(*below);
                let differs = 4 * i64::from(*here) - neighbours;
                number += 1;
                sum += differs;
                squares += differs * differs;
            }
            above = std::mem::replace(&mut middle, below);
        }
        let luminance = Luminance::of_counts(counts);
        if number == 0 {
            return (0, luminance);
        }
        let (number, sum, squares) = (i128::from(number), i128::from(sum), i128::from(squares));
        let variance = 1_000 * (number * squares - sum * sum) / (number * number);
        (i64::try_from(variance).unwrap_or(i64::MAX), luminance)
    }

    /// 64 comparisons of neighbouring areas, from left to right (a difference hash).
    ///
    /// # Errors
    /// `Unreadable`.
    pub fn look(&self) -> Result<i64, PhotoProblem> {
        let tiny = self.resized(9, 8)?;
        let lights: Vec<u8> = tiny.rgb.chunks_exact(3).map(luma).collect();
        let pairs = lights.chunks_exact(9).flat_map(|row| row.windows(2));
        Ok(pairs.fold(0, |bits, pair| (bits << 1) | i64::from(pair[0] > pair[1])))
    }
}

/// How bright a pixel is to the eye.
fn luma(pixel: &[u8]) -> u8 {
    let [red, green, blue] = pixel else { return 0 };
    let sum = 77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue);
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_4_a_colour_between_pixels_is_a_mixture() {
        let pixels = Pixels::new(2, 2, [[0; 3], [200; 3], [100; 3], [40; 3]].concat());
        for (x, y, value) in [(0.25, 0.25, 0), (0.75, 0.25, 200), (0.5, 0.25, 100), (0.25, 0.5, 50), (0.5, 0.5, 85)] {
            assert_eq!(pixels.at(x, y), [value; 3], "{x} {y}");
        }
        // Beside the pixels there are those at the edge.
        for (x, y, value) in
            [(0.0, 0.0, 0), (1.0, 0.0, 200), (0.0, 1.0, 100), (1.0, 1.0, 40), (-5.0, f64::NAN, 0), (7.0, 9.0, 40)]
        {
            assert_eq!(pixels.at(x, y), [value; 3], "{x} {y}");
        }
        assert_eq!(Pixels::new(0, 0, Vec::new()).at(0.5, 0.5), [0; 3]);
    }
}
