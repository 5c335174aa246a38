//! A tile with transparency, as a WebP without loss (VIEW-1): what is missing in a picture must not cover what lies under it.
//!
//! Without loss a photo is several times as large as a JPEG. So it is written with fewer shades, and with the colour of four pixels
//! together, as JPEG has it too. What has few colours is smaller as it is, and stays so.

use std::io;

use image::{ExtendedColorType, codecs::webp::WebPEncoder};

use super::geotiff::TILE;

const SIDE: usize = TILE as usize;

/// How far apart shades and colours are in a tile that is written with fewer of them. Eyes see fewer colours than shades.
const LIGHT_STEP: i32 = 4;
const COLOUR_STEP: i32 = 8;

/// How many bytes are little enough for a tile to stay as it is, about what it has as a JPEG.
const FEW_BYTES: usize = 64 * 1024;

/// A tile of three bytes for each pixel, and a bit for each pixel that is there.
///
/// # Errors
/// It is not as large as a tile.
pub fn webp(rgb: &[u8], there: &[u8]) -> io::Result<Vec<u8>> {
    let mut pixels = Vec::with_capacity(4 * SIDE * SIDE);
    for (at, pixel) in rgb.chunks_exact(3).enumerate() {
        if is_there(there, at) {
            pixels.extend_from_slice(pixel);
            pixels.push(u8::MAX);
        } else {
            pixels.extend([0; 4]);
        }
    }
    let whole = encode(&pixels)?;
    if whole.len() <= FEW_BYTES {
        return Ok(whole);
    }
    for row in (0..SIDE).step_by(2) {
        for column in (0..SIDE).step_by(2) {
            let upper = row * SIDE + column;
            simplify(&mut pixels, [upper, upper + 1, upper + SIDE, upper + SIDE + 1]);
        }
    }
    let simple = encode(&pixels)?;
    Ok(if simple.len() < whole.len() { simple } else { whole })
}

fn is_there(bits: &[u8], at: usize) -> bool {
    bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0)
}

fn encode(pixels: &[u8]) -> io::Result<Vec<u8>> {
    if pixels.len() != 4 * SIDE * SIDE {
        return Err(io::Error::other("a tile has another size"));
    }
    let mut bytes = Vec::new();
    let encoder = WebPEncoder::new_lossless(&mut bytes);
    encoder.encode(pixels, TILE, TILE, ExtendedColorType::Rgba8).map_err(io::Error::other)?;
    Ok(bytes)
}

fn light_of([red, green, blue]: [i32; 3]) -> i32 {
    (77 * red + 150 * green + 29 * blue) / 256
}

fn rounded(value: i32, step: i32) -> i32 {
    (value + step / 2).div_euclid(step) * step
}

/// Gives four pixels, as far as they are there, one colour and fewer shades.
fn simplify(pixels: &mut [u8], places: [usize; 4]) {
    let pixel_at = |pixels: &[u8], at: usize| match pixels.get(4 * at..4 * at + 4) {
        Some([red, green, blue, 1..=255]) => Some([*red, *green, *blue].map(i32::from)),
        _ => None,
    };
    let (mut count, mut red, mut blue) = (0, 0, 0);
    for pixel in places.into_iter().filter_map(|at| pixel_at(pixels, at)) {
        count += 1;
        red += pixel[0] - light_of(pixel);
        blue += pixel[2] - light_of(pixel);
    }
    if count == 0 {
        return;
    }
    // How far red, green and blue are from the light of a pixel.
    let (red, blue) = (red / count, blue / count);
    let apart = [red, -(77 * red + 29 * blue) / 150, blue].map(|apart| rounded(apart, COLOUR_STEP));
    for at in places {
        let Some(pixel) = pixel_at(pixels, at) else { continue };
        let light = rounded(light_of(pixel), LIGHT_STEP);
        let colours = pixels.get_mut(4 * at..4 * at + 3).into_iter().flatten();
        for (colour, apart) in colours.zip(apart) {
            *colour = u8::try_from((light + apart).clamp(0, 255)).unwrap_or(u8::MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tile whose left half is there.
    fn half(colour: impl Fn(usize, usize) -> [u8; 3]) -> (Vec<u8>, Vec<u8>) {
        let rgb = (0..SIDE * SIDE).flat_map(|at| colour(at % SIDE, at / SIDE)).collect();
        let row = [[u8::MAX; SIDE / 16], [0; SIDE / 16]].concat();
        (rgb, row.repeat(SIDE))
    }

    #[test]
    fn view_1_few_colours_stay_as_they_are_and_what_is_missing_is_transparent() {
        let (rgb, there) = half(|x, _| if x < 100 { [217, 51, 3] } else { [1, 2, 3] });
        let bytes = webp(&rgb, &there).expect("a WebP");
        let read = image::load_from_memory(&bytes).expect("a WebP").into_rgba8();
        assert_eq!([9, 200, 300].map(|x| read.get_pixel(x, 77).0), [[217, 51, 3, 255], [1, 2, 3, 255], [0; 4]]);
        assert!(bytes.len() < 2_000, "{} bytes", bytes.len());
    }

    #[test]
    fn view_1_a_photo_has_fewer_shades_and_looks_the_same() {
        // Noise on a slope of colours: worse than any photo.
        let noise = |x: usize, y: usize| u8::try_from((x * 7_919 + y * 104_729 + x * y * 31) % 23).unwrap_or(0);
        let colour = |x: usize, y: usize| {
            let (slope, noise) = (u8::try_from(x / 4 + y / 8).unwrap_or(0), noise(x, y));
            [slope + noise, 60 + noise, 190 - slope / 2 + noise]
        };
        let (rgb, there) = half(colour);
        let bytes = webp(&rgb, &there).expect("a WebP");
        let exact: Vec<u8> = (0..SIDE * SIDE)
            .flat_map(|at| {
                let [red, green, blue] = colour(at % SIDE, at / SIDE);
                if at % SIDE < SIDE / 2 { [red, green, blue, 255] } else { [0; 4] }
            })
            .collect();
        let exact = encode(&exact).expect("a WebP");
        assert!(10 * bytes.len() < 9 * exact.len(), "{} of {} bytes", bytes.len(), exact.len());
        let read = image::load_from_memory(&bytes).expect("a WebP").into_rgba8();
        for (x, y) in [(0, 0), (31, 500), (200, 9), (255, 511)] {
            let (was, is) =
                (colour(x, y), read.get_pixel(u32::try_from(x).expect("small"), u32::try_from(y).expect("small")).0);
            let apart = was.iter().zip(is).map(|(was, is)| was.abs_diff(is)).max();
            assert!(apart.is_some_and(|apart| apart <= 10), "{was:?} {is:?}");
        }
    }

    #[test]
    fn view_1_what_is_no_tile_is_refused() {
        assert!(webp(&[0; 30], &[0; 2]).is_err());
    }
}
