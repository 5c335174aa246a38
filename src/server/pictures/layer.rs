//! A raster becomes a layer of the viewer (VIEW-1): its pixels become colours, and these a pyramid of tiles.
//!
//! Pictures of eight bits are shown as they are, others between the values that two of a hundred pixels are below and above. Heights are
//! shown as hills in the light of the north-west, by the formula of Horn that GDAL uses too. Coverage has the colours of
//! [`coverage_colour`]. It is done from the top to the bottom; a few rows at a time are in memory, and a row of tiles of each level.

use std::io::{self, Read, Seek, Write};

use super::{
    georeference::Georeference,
    pyramid::Pyramid,
    raster::{Colours, Raster, Values},
};
use crate::domain::{
    layer::{LayerKind, LayerProblem, coverage_colour, level_count},
    photo::Position,
};

/// Of how many pieces values are taken to learn how dark and how bright a picture is, and how many of each.
const SAMPLED_PIECES: u32 = 48;
const SAMPLED_VALUES: usize = 8_192;

/// How many of a hundred values are darker than black, and brighter than white.
const CUT_PERCENT: usize = 2;

/// Where nothing is.
const WHITE: u8 = 255;

/// Where the light comes from: its direction, clockwise from the north, and its height, in degrees.
const AZIMUTH: f64 = 315.0;
const ALTITUDE: f64 = 45.0;

/// What is asked again and again while a layer is made: whether to go on.
pub type Before<'a> = &'a dyn Fn() -> Result<(), LayerProblem>;

/// What was made.
#[derive(Debug, Clone)]
pub struct MadeTiles {
    pub width: u32,
    pub height: u32,
    pub levels: u32,
    pub grid: Vec<Position>,
    /// How many of the first bytes say where each tile is.
    pub index_bytes: u64,
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The raster cannot be shown.
    #[error("{0}")]
    Problem(#[from] LayerProblem),
    /// It needs more memory than it may take.
    #[error("it needs {0} bytes of memory")]
    Large(u64),
    /// What was to be written could not be written.
    #[error("{0}")]
    Files(#[from] io::Error),
}

/// Makes a layer of a raster with so much memory: `open` opens the raster, as often as it is needed, `before` is asked before each piece,
/// row and tile of it, and the tiles are written to `output`.
///
/// # Errors
/// Why it cannot be shown; what `before` answers; the output.
pub fn make<R: Read + Seek>(
    kind: LayerKind,
    most_bytes: u64,
    open: impl Fn() -> R,
    before: Before<'_>,
    output: &mut impl Write,
) -> Result<MadeTiles, NotMade> {
    let mut raster = Raster::open(open)?;
    let place = Georeference::read(raster.tags())?;
    let (width, height) = (raster.width, raster.height);
    let grid = place.grid(width, height)?;
    if raster.memory() > most_bytes {
        return Err(NotMade::Large(raster.memory()));
    }
    let mut pyramid = Pyramid::new(width, height, before)?;
    let description = match kind {
        LayerKind::Elevation => {
            let (across, down) = place.pixel_metres(width, height)?;
            heights(&mut raster, before, &mut pyramid, (across, down))?;
            "Hills in the light of the north-west. Its values are no heights."
        }
        LayerKind::Coverage => {
            counts(&mut raster, before, &mut pyramid)?;
            "How many photos see each place, from red, for one, to green. Its values are no counts."
        }
        LayerKind::Mosaic | LayerKind::Orthophoto => {
            picture(&mut raster, before, &mut pyramid)?;
            kind.label()
        }
    };
    if !pyramid.has_pixels() {
        return Err(LayerProblem::Empty.into());
    }
    let index_bytes = pyramid.finish(&place.tags, description, output)?;
    Ok(MadeTiles { width, height, levels: level_count(width, height), grid, index_bytes })
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What becomes of a row.
type RowDone<'a, T, const N: usize> = dyn FnMut(&mut [[T; N]]) -> Result<(), NotMade> + 'a;

/// Reads a raster band by band, and hands on its rows in order: with `N` numbers for each pixel that `paint` made of its values, and
/// whether a mask says that they are not there.
fn rows<R: Read + Seek, T: Copy, const N: usize>(
    raster: &mut Raster<R>,
    before: Before<'_>,
    nothing: [T; N],
    paint: &dyn Fn(&[f32]) -> [T; N],
    paint_bytes: &dyn Fn(&[u8]) -> [T; N],
    row_done: &mut RowDone<'_, T, N>,
) -> Result<(), NotMade> {
    let (width, height, samples) = (size(raster.width), raster.height, raster.samples);
    let at_once = raster.rows_at_once();
    let mut from = 0;
    while from < height {
        let to = height.min(from + at_once);
        let mut band = vec![nothing; width * size(to - from)];
        raster.read(from..to, before, &mut |left, row, values| {
            let start = size(row - from) * width + left;
            let Some(pixels) = band.get_mut(start..) else { return };
            match values {
                Values::Bytes(bytes) => {
                    pixels.iter_mut().zip(bytes.chunks_exact(samples)).for_each(|(to, from)| *to = paint_bytes(from));
                }
                Values::Wide(wide) => {
                    pixels.iter_mut().zip(wide.chunks_exact(samples)).for_each(|(to, from)| *to = paint(from));
                }
            }
        })?;
        for (row, pixels) in (from..to).zip(band.chunks_exact_mut(width)) {
            before()?;
            if let Some(mask) = raster.mask_row(row, before)? {
                for (pixel, _) in pixels.iter_mut().zip(mask).filter(|(_, there)| **there == 0) {
                    *pixel = nothing;
                }
            }
            row_done(pixels)?;
        }
        from = to;
    }
    Ok(())
}

/// What tells values from none.
#[derive(Clone, Copy)]
struct Presence {
    colours: usize,
    alpha: Option<usize>,
    nodata: Option<f64>,
    /// What a sample is at most that says how opaque a pixel is; `None` where anything above nothing is opaque.
    opaque: Option<f32>,
}

impl Presence {
    fn of<R: Read + Seek>(raster: &Raster<R>) -> Self {
        Self {
            colours: if raster.colours == Colours::Grey { 1 } else { 3 },
            alpha: raster.alpha,
            // What JPEG makes of a colour is not exactly that colour.
            nodata: raster.nodata.filter(|_| raster.colours != Colours::YCbCr),
            opaque: match raster.bits {
                8 => Some(255.0),
                16 => Some(65_535.0),
                _ => None,
            },
        }
    }

    /// How opaque a pixel is, from 0 to 1.
    fn opacity(&self, samples: &[f32]) -> f32 {
        let colours = samples.get(..self.colours).unwrap_or_default();
        if colours.is_empty() || colours.iter().any(|value| !value.is_finite()) {
            return 0.0;
        }
        if self.nodata.is_some_and(|nodata| colours.iter().all(|value| is_same(*value, nodata))) {
            return 0.0;
        }
        match self.alpha.and_then(|alpha| samples.get(alpha)) {
            None => 1.0,
            Some(alpha) => match self.opaque {
                Some(opaque) => (alpha / opaque).clamp(0.0, 1.0),
                None => f32::from(u8::from(*alpha > 0.0)),
            },
        }
    }
}

/// Whether a value is the one that stands for none: it was written as text.
fn is_same(value: f32, nodata: f64) -> bool {
    let value = f64::from(value);
    (value - nodata).abs() <= nodata.abs() * 1e-6
}

fn shade(value: f32) -> u8 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps to the limits")]
    let shade = (value + 0.5) as u8;
    shade
}

/// Red, green and blue of what JPEG keeps of them.
fn rgb_of([light, blue, red]: [f32; 3]) -> [f32; 3] {
    let (blue, red) = (blue - 128.0, red - 128.0);
    [light + 1.402 * red, light - 0.344_136 * blue - 0.714_136 * red, light + 1.772 * blue]
}

fn picture<R: Read + Seek>(
    raster: &mut Raster<R>,
    before: Before<'_>,
    pyramid: &mut Pyramid<'_>,
) -> Result<(), NotMade> {
    let presence = Presence::of(raster);
    let (low, high) = stretch(raster, &presence, before)?;
    let (colours, scale) = (raster.colours, 255.0 / (high - low));
    let paint = |samples: &[f32]| -> [u8; 4] {
        let opacity = presence.opacity(samples);
        if opacity <= 0.0 {
            return [WHITE, WHITE, WHITE, 0];
        }
        let sample = |at: usize| samples.get(at).copied().unwrap_or(0.0);
        let rgb = match colours {
            Colours::Grey => [sample(0); 3],
            Colours::Rgb => [sample(0), sample(1), sample(2)],
            Colours::YCbCr => rgb_of([sample(0), sample(1), sample(2)]),
        };
        // Over white.
        let over = |value: f32| shade(((value - low) * scale).clamp(0.0, 255.0) * opacity + 255.0 * (1.0 - opacity));
        let [red, green, blue] = rgb.map(over);
        [red, green, blue, u8::MAX]
    };
    // Most pictures have three bytes for a pixel and nothing that stands for none.
    let is_plain = colours == Colours::Rgb && presence.nodata.is_none() && presence.alpha.is_none();
    let paint_bytes = |bytes: &[u8]| -> [u8; 4] {
        match bytes {
            [red, green, blue, ..] if is_plain => [*red, *green, *blue, u8::MAX],
            _ => {
                let mut samples = [0.0; 8];
                samples.iter_mut().zip(bytes).for_each(|(to, from)| *to = f32::from(*from));
                paint(samples.get(..bytes.len()).unwrap_or(&samples))
            }
        }
    };
    let (mut rgb, mut there) = (Vec::new(), Vec::new());
    rows(raster, before, [WHITE, WHITE, WHITE, 0], &paint, &paint_bytes, &mut |pixels| {
        push(pyramid, pixels, &mut rgb, &mut there)
    })
}

/// Adds a row of colours and of what is there.
fn push(pyramid: &mut Pyramid<'_>, pixels: &[[u8; 4]], rgb: &mut Vec<u8>, there: &mut Vec<u8>) -> Result<(), NotMade> {
    rgb.clear();
    there.clear();
    for [red, green, blue, is_there] in pixels {
        rgb.extend([red, green, blue]);
        there.push(*is_there);
    }
    pyramid.push(rgb, there)
}

/// Between which values a picture is shown.
fn stretch<R: Read + Seek>(
    raster: &mut Raster<R>,
    presence: &Presence,
    before: Before<'_>,
) -> Result<(f32, f32), LayerProblem> {
    if raster.bits == 8 {
        return Ok((0.0, 255.0));
    }
    let (samples, height, pieces) = (raster.samples, raster.height, raster.pieces());
    let mut values: Vec<f32> = Vec::new();
    let step = pieces.div_ceil(SAMPLED_PIECES).max(1);
    for piece in (0..pieces).step_by(size(step)) {
        before()?;
        let mut found: Vec<f32> = Vec::new();
        raster.read_piece(piece, &(0..height), &mut |_, _, row| {
            let Values::Wide(row) = row else { return };
            // A part of a large piece is enough.
            let step = (row.len() / samples / 64).max(1);
            for pixel in row.chunks_exact(samples).step_by(step) {
                if presence.opacity(pixel) > 0.0 {
                    found.extend(pixel.get(..presence.colours).unwrap_or_default());
                }
            }
        })?;
        let step = (found.len() / SAMPLED_VALUES).max(1);
        values.extend(found.into_iter().step_by(step));
    }
    values.sort_unstable_by(f32::total_cmp);
    let (Some(least), Some(most)) = (values.first().copied(), values.last().copied()) else { return Ok((0.0, 255.0)) };
    // Eight bits in more room.
    if raster.bits == 16 && least >= 0.0 && most > 1.0 && most <= 255.0 {
        return Ok((0.0, 255.0));
    }
    let at = |percent: usize| values.get((values.len() - 1) * percent / 100).copied().unwrap_or(0.0);
    let (low, high) = (at(CUT_PERCENT), at(100 - CUT_PERCENT));
    Ok(if high > low { (low, high) } else { (least, most.max(least + 1.0)) })
}

fn counts<R: Read + Seek>(
    raster: &mut Raster<R>,
    before: Before<'_>,
    pyramid: &mut Pyramid<'_>,
) -> Result<(), NotMade> {
    const NOTHING: [u8; 4] = [WHITE, WHITE, WHITE, 0];
    let presence = Presence::of(raster);
    let paint = |samples: &[f32]| -> [u8; 4] {
        let Some(count) = samples.first().filter(|_| presence.opacity(samples) > 0.0) else { return NOTHING };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps to the limits")]
        let count = *count as u32;
        coverage_colour(count).map_or(NOTHING, |[red, green, blue]| [red, green, blue, u8::MAX])
    };
    let paint_bytes = |bytes: &[u8]| {
        let mut samples = [0.0; 8];
        samples.iter_mut().zip(bytes).for_each(|(to, from)| *to = f32::from(*from));
        paint(samples.get(..bytes.len()).unwrap_or(&samples))
    };
    let (mut rgb, mut there) = (Vec::new(), Vec::new());
    rows(raster, before, NOTHING, &paint, &paint_bytes, &mut |pixels| push(pyramid, pixels, &mut rgb, &mut there))
}

fn heights<R: Read + Seek>(
    raster: &mut Raster<R>,
    before: Before<'_>,
    pyramid: &mut Pyramid<'_>,
    metres: (f64, f64),
) -> Result<(), NotMade> {
    let presence = Presence::of(raster);
    let width = size(raster.width);
    let paint = |samples: &[f32]| -> [f32; 1] {
        [samples.first().copied().filter(|_| presence.opacity(samples) > 0.0).unwrap_or(f32::NAN)]
    };
    let paint_bytes = |bytes: &[u8]| {
        let mut samples = [0.0; 8];
        samples.iter_mut().zip(bytes).for_each(|(to, from)| *to = f32::from(*from));
        paint(samples.get(..bytes.len()).unwrap_or(&samples))
    };
    // A row is shaded once the one below it is known.
    let (mut above, mut here): (Option<Vec<f32>>, Option<Vec<f32>>) = (None, None);
    let (mut rgb, mut there) = (Vec::with_capacity(3 * width), Vec::with_capacity(width));
    let mut shaded = |above: Option<&[f32]>, here: &[f32], below: Option<&[f32]>| -> Result<(), NotMade> {
        rgb.clear();
        there.clear();
        for column in 0..width {
            let light = hillshade(above.unwrap_or(here), here, below.unwrap_or(here), column, metres);
            rgb.extend([light.unwrap_or(WHITE); 3]);
            there.push(if light.is_some() { u8::MAX } else { 0 });
        }
        pyramid.push(&rgb, &there)
    };
    rows(raster, before, [f32::NAN], &paint, &paint_bytes, &mut |pixels| {
        let row: Vec<f32> = pixels.iter().map(|[height]| *height).collect();
        if let Some(middle) = &here {
            shaded(above.as_deref(), middle, Some(&row))?;
        }
        above = here.replace(row);
        Ok(())
    })?;
    if let Some(last) = &here {
        shaded(above.as_deref(), last, None)?;
    }
    Ok(())
}

/// How light a place is; `None` where its height is not known. Neighbours that are not known are as high as the place.
fn hillshade(above: &[f32], here: &[f32], below: &[f32], column: usize, (across, down): (f64, f64)) -> Option<u8> {
    let height = here.get(column).copied().filter(|height| !height.is_nan())?;
    let at = |row: &[f32], column: usize| {
        let neighbour = row.get(column.min(here.len().saturating_sub(1))).copied();
        f64::from(neighbour.filter(|height| !height.is_nan()).unwrap_or(height))
    };
    let (left, right) = (column.saturating_sub(1), column + 1);
    let side = |column: usize| at(above, column) + 2.0 * at(here, column) + at(below, column);
    let line = |row: &[f32]| at(row, left) + 2.0 * at(row, column) + at(row, right);
    let east = (side(right) - side(left)) / (8.0 * across);
    let north = (line(above) - line(below)) / (8.0 * down);
    let (azimuth, altitude) = (AZIMUTH.to_radians(), ALTITUDE.to_radians());
    let falls = azimuth.sin() * east + azimuth.cos() * north;
    let light = (altitude.sin() - altitude.cos() * falls) / (1.0 + east * east + north * north).sqrt();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` keeps to the limits")]
    let shade = (1.5 + 254.0 * light.max(0.0)) as u8;
    Some(shade)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tiff::{
        encoder::{TiffEncoder, colortype},
        tags::Tag,
    };

    use super::*;
    use crate::{
        domain::layer::TILE,
        server::pictures::{Place, TileIndex, write_counts},
        view::viewer::GRID,
    };

    /// Half a metre a pixel, in UTM zone 32.
    const KEYS: [u16; 16] = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32_632];

    fn tiff<C: colortype::ColorType>(
        (width, height): (u32, u32),
        values: &[C::Inner],
        more: impl Fn(&mut tiff::encoder::DirectoryEncoder<'_, &mut Cursor<Vec<u8>>, tiff::encoder::TiffKindStandard>),
    ) -> Vec<u8>
    where
        [C::Inner]: tiff::encoder::TiffValue,
    {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).expect("a TIFF");
        let mut image = encoder.new_image::<C>(width, height).expect("an image");
        let directory = image.encoder();
        directory.write_tag(Tag::ModelPixelScaleTag, &[0.5, 0.5, 0.0][..]).expect("a tag");
        directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 500_000.0, 5_168_000.0, 0.0][..]).expect("a tag");
        directory.write_tag(Tag::GeoKeyDirectoryTag, &KEYS[..]).expect("a tag");
        more(directory);
        image.write_data(values).expect("written");
        bytes.into_inner()
    }

    fn made(kind: LayerKind, bytes: &[u8]) -> Result<(MadeTiles, Vec<u8>), LayerProblem> {
        let mut output = Vec::new();
        match make(kind, u64::MAX, || Cursor::new(bytes), &|| Ok(()), &mut output) {
            Ok(made) => Ok((made, output)),
            Err(NotMade::Problem(problem)) => Err(problem),
            Err(error) => panic!("{error}"),
        }
    }

    fn index(made: &MadeTiles, file: &[u8]) -> TileIndex {
        TileIndex::read(&file[..usize::try_from(made.index_bytes).expect("fits")]).expect("an index")
    }

    /// A tile as pixels.
    fn transparent(made: &MadeTiles, file: &[u8], at: (u32, u32, u32)) -> image::RgbaImage {
        let (range, _) = index(made, file).find(at.0, at.1, at.2).expect("a tile");
        let range = usize::try_from(range.start).expect("fits")..usize::try_from(range.end).expect("fits");
        let tile = image::load_from_memory(&file[range]).expect("an image of its own").into_rgba8();
        assert_eq!(tile.dimensions(), (TILE, TILE));
        tile
    }

    /// A tile over white.
    fn tile(made: &MadeTiles, file: &[u8], at: (u32, u32, u32)) -> image::RgbImage {
        let tile = transparent(made, file, at);
        image::RgbImage::from_fn(TILE, TILE, |x, y| match tile.get_pixel(x, y).0 {
            [.., 0] => image::Rgb([255; 3]),
            [red, green, blue, _] => image::Rgb([red, green, blue]),
        })
    }

    fn assert_near(pixel: image::Rgb<u8>, wanted: [u8; 3], told: &str) {
        let far = pixel.0.iter().zip(wanted).map(|(one, other)| one.abs_diff(other)).max();
        assert!(far.is_some_and(|far| far <= 6), "{told}: {pixel:?}, not {wanted:?}");
    }

    #[test]
    fn view_1_a_picture_becomes_tiles_of_each_level() {
        let (width, height) = (1_300_u32, 700_u32);
        let colour = |x: u32, y: u32| [if x < 650 { 200 } else { 40 }, if y < 350 { 180 } else { 30 }, 90];
        let pixels: Vec<u8> = (0..height).flat_map(|y| (0..width).flat_map(move |x| colour(x, y))).collect();
        let bytes = tiff::<colortype::RGB8>((width, height), &pixels, |_| ());
        let (made, file) = made(LayerKind::Orthophoto, &bytes).expect("made");
        assert_eq!((made.width, made.height, made.levels, made.grid.len()), (width, height, 3, GRID * GRID));
        for (at, pixel, place) in [
            ((2, 0, 0), (10, 10), (10, 10)),
            ((2, 2, 1), (200, 100), (1_224, 612)),
            ((1, 0, 0), (400, 100), (800, 200)),
            ((1, 1, 0), (100, 300), (1_224, 600)),
            ((0, 0, 0), (10, 150), (40, 600)),
        ] {
            let pixels = tile(&made, &file, at);
            assert_near(*pixels.get_pixel(pixel.0, pixel.1), colour(place.0, place.1), &format!("{at:?}"));
        }
        assert_near(*tile(&made, &file, (2, 2, 1)).get_pixel(400, 400), [255; 3], "outside of the picture");
        let index = index(&made, &file);
        for beyond in [(2, 3, 0), (2, 0, 2), (1, 2, 0), (0, 1, 0), (3, 0, 0)] {
            assert_eq!(index.find(beyond.0, beyond.1, beyond.2), None, "{beyond:?}");
        }
        // Whoever reads it as a GeoTIFF finds it in the same place.
        let place = Georeference::read(&mut tiff::decoder::Decoder::new(Cursor::new(&file)).expect("a TIFF"));
        assert_eq!(place.ok().and_then(|place| place.grid(width, height).ok()), Some(made.grid));
    }

    #[test]
    fn view_1_what_is_transparent_is_masked_and_stays_transparent() {
        let (width, height) = (600_u32, 600_u32);
        let pixels: Vec<u8> = (0..width * height)
            .flat_map(|at| if at % width < 300 { [10, 20, 30, 255] } else { [10, 20, 30, 0] })
            .collect();
        let bytes = tiff::<colortype::RGBA8>((width, height), &pixels, |_| ());
        let (made, file) = made(LayerKind::Mosaic, &bytes).expect("made");
        let finest = tile(&made, &file, (1, 0, 0));
        assert_near(*finest.get_pixel(100, 100), [10, 20, 30], "there");
        assert_near(*finest.get_pixel(450, 100), [255; 3], "not there");
        let opacity = |at, x| transparent(&made, &file, at).get_pixel(x, 100)[3];
        assert_eq!([opacity((1, 0, 0), 100), opacity((1, 0, 0), 450)], [255, 0], "in the finest level");
        assert_eq!([opacity((0, 0, 0), 100), opacity((0, 0, 0), 200)], [255, 0], "in the coarsest");
        assert_eq!(opacity((1, 1, 0), 5), 0, "where nothing is at all");
        // Its own mask says the same when it is read again.
        let mut again = Raster::open(|| Cursor::new(&file)).expect("a raster");
        let mask = again.mask_row(10, &|| Ok(())).expect("a mask").expect("there is one").to_vec();
        assert!(mask[..300].iter().all(|there| *there != 0) && mask[300..].iter().all(|there| *there == 0));
    }

    #[test]
    fn view_1_heights_are_hills_and_what_has_none_is_white() {
        let (width, height) = (520_u32, 40_u32);
        // A slope of one that falls to the east lies in the shade, and one that rises faces the light.
        let heights: Vec<f32> = (0..height)
            .flat_map(|_| (0..width).map(|x| f32::from(u16::try_from(x.abs_diff(260)).expect("small")) * 0.5))
            .map(|height| if height > 125.0 { -9_999.0 } else { height })
            .collect();
        let bytes = tiff::<colortype::Gray32Float>((width, height), &heights, |directory| {
            directory.write_tag(Tag::GdalNodata, "-9999").expect("a tag");
        });
        let (made, file) = made(LayerKind::Elevation, &bytes).expect("made");
        let finest = tile(&made, &file, (1, 0, 0));
        let (falls, rises) = (finest.get_pixel(100, 20)[0], finest.get_pixel(400, 20)[0]);
        assert!(falls.abs_diff(38) <= 6 && rises.abs_diff(218) <= 6, "{falls} {rises}");
        assert_near(*finest.get_pixel(5, 20), [255; 3], "no height");
    }

    #[test]
    fn view_1_coverage_has_the_colours_of_counts() {
        let counts: Vec<u8> = (0..300_u32 * 200).map(|at| u8::try_from(at % 300 / 100).expect("small") * 4).collect();
        let mut bytes = Cursor::new(Vec::new());
        let place = Place { west: 8.58, north: 46.66, pixel_longitude: 2.5e-6, pixel_latitude: 1.5e-6 };
        write_counts(&mut bytes, (300, 200), &place, "Counts", &counts).expect("written");
        let (made, file) = made(LayerKind::Coverage, &bytes.into_inner()).expect("made");
        assert_eq!(made.levels, 1);
        let pixels = tile(&made, &file, (0, 0, 0));
        assert_near(*pixels.get_pixel(50, 50), [255; 3], "nobody sees it");
        assert_near(*pixels.get_pixel(150, 50), coverage_colour(4).expect("a colour"), "four photos");
        assert_near(*pixels.get_pixel(250, 50), coverage_colour(8).expect("a colour"), "eight photos");
        assert_eq!(made.grid[0], Position { latitude: 46_660_000_000, longitude: 8_580_000_000 });
    }

    #[test]
    fn view_1_sixteen_bits_are_shown_between_the_usual_values() {
        let values: Vec<u16> =
            (0..400_u32 * 400).map(|at| 1_000 + u16::try_from(at % 400 * 10).expect("fits")).collect();
        let bytes = tiff::<colortype::Gray16>((400, 400), &values, |_| ());
        let (made, file) = made(LayerKind::Orthophoto, &bytes).expect("made");
        let pixels = tile(&made, &file, (0, 0, 0));
        assert!(pixels.get_pixel(2, 200)[0] < 10 && pixels.get_pixel(397, 200)[0] > 245);
        assert!(pixels.get_pixel(200, 200)[0].abs_diff(128) < 10);
    }

    #[test]
    fn view_1_what_has_no_place_or_no_pixel_says_so() {
        let mut bytes = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut bytes).expect("a TIFF");
        encoder.write_image::<colortype::Gray8>(10, 10, &[5; 100]).expect("written");
        assert_eq!(made(LayerKind::Mosaic, &bytes.into_inner()).err(), Some(LayerProblem::NoPlace));
        let nothing = tiff::<colortype::Gray32Float>((10, 10), &[f32::NAN; 100], |_| ());
        assert_eq!(made(LayerKind::Elevation, &nothing).err(), Some(LayerProblem::Empty));
        let stopped = make(
            LayerKind::Mosaic,
            u64::MAX,
            || Cursor::new(&nothing),
            &|| Err(LayerProblem::TooLong),
            &mut Vec::new(),
        );
        assert!(matches!(stopped, Err(NotMade::Problem(LayerProblem::TooLong))));
    }

    /// A directory of a TIFF by hand: entries of tag, type, count and value; and where the next one is.
    fn by_hand(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        bytes.extend(u16::try_from(entries.len()).expect("few").to_le_bytes());
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(next.to_le_bytes());
        bytes.extend([7; 64]);
        bytes
    }

    fn grey(width: u32, height: u32) -> Vec<(u16, u16, u32, u32)> {
        vec![
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, 8),
            (277, 3, 1, 1),
            (278, 4, 1, height),
            (279, 4, 1, 64),
        ]
    }

    /// A tag of a TIFF, the type of its values, and the values.
    type Tagged = (u16, u16, Vec<u32>);

    /// A TIFF by hand: some bytes at the eighth, and directories behind them, each chained to the next.
    fn chained(directories: &[Vec<Tagged>], bytes: &[u8]) -> Vec<u8> {
        let long = |number: usize| u32::try_from(number).expect("short").to_le_bytes();
        let mut at = 8 + bytes.len();
        let mut file = [&b"II*\0"[..], &long(at), bytes].concat();
        for (index, entries) in directories.iter().enumerate() {
            let length = 2 + 12 * entries.len() + 4;
            let mut head = u16::try_from(entries.len()).expect("few").to_le_bytes().to_vec();
            let mut lists: Vec<u8> = Vec::new();
            for (tag, kind, values) in entries {
                let packed: Vec<u8> = values
                    .iter()
                    .flat_map(|value| {
                        value.to_le_bytes()[..if *kind == 3 {
                            2
                        } else if *kind == 7 {
                            1
                        } else {
                            4
                        }]
                            .to_vec()
                    })
                    .collect();
                head.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
                head.extend(long(values.len()));
                if packed.len() <= 4 {
                    head.extend([packed.clone(), vec![0; 4 - packed.len()]].concat());
                } else {
                    head.extend(long(at + length + lists.len()));
                    lists.extend(packed);
                }
            }
            at += length + lists.len();
            head.extend(long(if index + 1 < directories.len() { at } else { 0 }));
            file.extend([head, lists].concat());
        }
        file
    }

    #[test]
    fn view_1_attack_83_nothing_is_unpacked_as_large_as_it_claims_to_be() {
        let one = |tag: u16, value: u32| (tag, 4, vec![value]);
        let picture = vec![
            one(256, 10),
            one(257, 4),
            (258, 3, vec![8]),
            (259, 3, vec![1]),
            (262, 3, vec![1]),
            one(273, 8),
            (277, 3, vec![1]),
            one(278, 4),
            one(279, 40),
        ];
        let mask = vec![
            one(254, 4),
            one(256, 10),
            one(257, 4),
            (258, 3, vec![8]),
            (259, 3, vec![8]),
            (262, 3, vec![4]),
            (277, 3, vec![1]),
            one(322, u32::MAX),
            one(323, 6_000_000),
            one(324, 8),
            one(325, 20),
        ];
        let file = chained(&[picture, mask], &[7; 40]);
        let mut raster = Raster::open(|| Cursor::new(file.as_slice())).expect("a picture");
        assert!(matches!(raster.mask_row(0, &|| Ok(())), Ok(None)), "a mask of 26 petabytes is none");

        let tiled = |side: u32, tile: u32, compression: u32, planes: usize, more: Vec<Tagged>| {
            let samples = u32::try_from(planes).expect("few");
            let mut entries = vec![
                one(256, side),
                one(257, side),
                (258, 3, vec![8; planes]),
                (259, 3, vec![compression]),
                (262, 3, vec![1]),
                (277, 3, vec![samples]),
                (284, 3, vec![if planes > 1 { 2 } else { 1 }]),
                one(322, tile),
                one(323, tile),
                (324, 4, vec![8; planes]),
                (325, 4, vec![40; planes]),
            ];
            if planes > 1 {
                entries.push((338, 3, vec![0; planes - 1]));
            }
            entries.extend(more);
            entries.sort_by_key(|(tag, ..)| *tag);
            let file = chained(&[entries], &[7; 40]);
            Raster::open(|| Cursor::new(file.as_slice())).err()
        };
        assert!(matches!(tiled(16_384, 16_384, 8, 14, Vec::new()), Some(LayerProblem::LargePieces)), "fourteen planes");
        assert!(
            matches!(tiled(64, 16_384, 7, 1, Vec::new()), Some(LayerProblem::LargePieces)),
            "a small picture, a large tile"
        );
        // What the tiles share has the header of a frame of 16384 by 16384 pixels.
        let shared = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0x40, 0, 0x40, 0, 1, 1, 0x11, 0, 0xFF, 0xD9];
        let refused = tiled(64, 64, 7, 1, vec![(347, 7, shared.to_vec())]).map(|problem| problem.to_string());
        assert!(refused.as_ref().is_some_and(|words| words.contains("what its tiles share")), "{refused:?}");
    }

    /// A grey raster in tiles of 512 pixels a side, which are where these say, with these bytes at the eighth.
    fn in_tiles(side: u32, compression: u32, tiles: &[(u32, u32)], bytes: &[u8]) -> Vec<u8> {
        let one = |tag: u16, value: u32| (tag, 4, vec![value]);
        let entries = vec![
            one(256, side),
            one(257, side),
            (258, 3, vec![8]),
            (259, 3, vec![compression]),
            (262, 3, vec![1]),
            (277, 3, vec![1]),
            one(322, TILE),
            one(323, TILE),
            (324, 4, tiles.iter().map(|(offset, _)| *offset).collect()),
            (325, 4, tiles.iter().map(|(_, length)| *length).collect()),
        ];
        chained(&[entries], bytes)
    }

    #[test]
    fn view_1_attack_100_tiles_that_share_their_bytes_are_refused_before_any_is_unpacked() {
        use std::io::Write as _;
        let mut block = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        block.write_all(&vec![7; 512 * 512]).expect("packed");
        let block = block.finish().expect("packed");
        let length = u32::try_from(block.len()).expect("short");
        let refused = |side: u32, tiles: Vec<(u32, u32)>, bytes: &[u8]| {
            let file = in_tiles(side, 8, &tiles, bytes);
            assert!(file.len() < 200_000, "{}", file.len());
            made(LayerKind::Orthophoto, &file).err()
        };
        // 2.4 gigapixels of one block.
        assert_eq!(refused(49_000, vec![(8, length); 96 * 96], &block), Some(LayerProblem::Explodes));
        let twice = [(8, length), (8, length), (8, length), (9, length)].to_vec();
        assert_eq!(refused(1_024, twice, &block), Some(LayerProblem::Overlap));
        // A small picture may say one thing in several places.
        assert_eq!(refused(1_024, vec![(8, length); 4], &block), Some(LayerProblem::NoPlace));
    }

    /// A grey raster and its mask in tiles with these sides: all tiles of the mask are this.
    fn masked((width, height): (u32, u32), sides: (u32, u32), mask: &[u8]) -> Vec<u8> {
        let one = |tag: u16, value: u32| (tag, 4, vec![value]);
        let length = u32::try_from(mask.len()).expect("short");
        let of = |kind: u32, compression: u32, side: u32, at: (u32, u32)| {
            let count = usize::try_from(width.div_ceil(side) * height.div_ceil(side)).expect("few");
            vec![
                one(254, kind),
                one(256, width),
                one(257, height),
                (258, 3, vec![8]),
                (259, 3, vec![compression]),
                (262, 3, vec![kind.max(1)]),
                (277, 3, vec![1]),
                one(322, side),
                one(323, side),
                (324, 4, vec![at.0; count]),
                (325, 4, vec![at.1; count]),
            ]
        };
        let directories = [of(0, 1, sides.0, (8, 256)), of(4, 8, sides.1, (264, length))];
        chained(&directories, &[&[7; 256], mask].concat())
    }

    #[test]
    fn view_1_attack_100_the_pieces_of_a_mask_are_counted_and_asked_for_as_those_of_the_picture() {
        let packed = |level, bytes: &[u8]| {
            use std::io::Write as _;
            let mut block = flate2::write::ZlibEncoder::new(Vec::new(), level);
            block.write_all(bytes).expect("packed");
            block.finish().expect("packed")
        };
        let there = packed(flate2::Compression::best(), &[255; 256]);
        let file = masked((48_000, 16), (16, 16), &there);
        let mut raster = Raster::open(|| Cursor::new(&file)).expect("a raster");
        assert!(
            raster.mask_row(15, &|| Ok(())).expect("a mask").expect("there is one").iter().all(|there| *there == 255)
        );
        // In the middle of a row of 3,000 pieces it is asked as well.
        let mut raster = Raster::open(|| Cursor::new(&file)).expect("a raster");
        let asked = std::cell::Cell::new(0_u32);
        let before = || {
            asked.set(asked.get() + 1);
            if asked.get() > 40 { Err(LayerProblem::TooLong) } else { Ok(()) }
        };
        assert_eq!(raster.mask_row(0, &before).err(), Some(LayerProblem::TooLong));
        assert_eq!(asked.get(), 41);
        // Blocks that unpack to nothing, before what the piece has.
        let empty = [&[0x78, 0x9C][..], &[0, 0, 0, 0xFF, 0xFF].repeat(20_000), &there[2..]].concat();
        let opened = |file: &[u8]| Raster::open(|| Cursor::new(file)).err();
        assert!(matches!(opened(&masked((48_000, 16), (16, 16), &empty)), Some(LayerProblem::Unreadable(_))));
        // Noise is a little longer than it is.
        let noise: Vec<u8> = (0..256_u32).map(|at| (at * 167 % 251).to_le_bytes()[0]).collect();
        assert_eq!(opened(&masked((64, 64), (16, 16), &packed(flate2::Compression::none(), &noise))), None);
        // A small raster with tiles of an ordinary size has a mask; with tiles that are far larger than it, it has none.
        for (side, has_mask) in [(512, true), (4_096, false)] {
            let file = masked((64, 64), (16, side), &packed(flate2::Compression::best(), &vec![255; 512 * 512]));
            let mut raster = Raster::open(|| Cursor::new(&file)).expect("a raster");
            assert_eq!(raster.mask_row(63, &|| Ok(())).expect("it is read").is_some(), has_mask, "{side}");
        }
        // 400 megabytes of one piece, beside a picture of fewer.
        let shared = packed(flate2::Compression::best(), &vec![255; 2_048 * 2_048]);
        assert_eq!(opened(&masked((2_048, 65_536), (512, 2_048), &shared)), None, "what is small is not counted");
        assert_eq!(opened(&masked((4_097, 65_536), (512, 2_048), &shared)), Some(LayerProblem::Explodes));
    }

    #[test]
    fn view_1_attack_101_the_memory_of_a_mask_counts() {
        let needed = |file: &[u8]| Raster::open(|| Cursor::new(file)).expect("a raster").memory();
        let small = masked((2_048, 2_048), (512, 16), &[0; 20]);
        let large = masked((2_048, 2_048), (512, 2_048), &[0; 20]);
        assert_eq!(needed(&large) - needed(&small), 2 * 2_048 * 2_048 - 2_048 * 16 - 256);
    }

    #[test]
    fn view_1_tiles_that_were_never_written_are_not_there() {
        let file = in_tiles(1_000, 1, &[(8, 512 * 512), (0, 0), (0, 0), (0, 0)], &vec![7; 512 * 512]);
        let mut raster = Raster::open(|| Cursor::new(file.as_slice())).expect("a raster");
        let mut seen = 0;
        let read = raster.read(0..1_000, &|| Ok(()), &mut |left, row, values| {
            assert!(matches!(values, Values::Bytes(bytes) if bytes.iter().all(|value| *value == 7)));
            assert!(left == 0 && row < 512);
            seen += 1;
        });
        assert_eq!((read, seen), (Ok(()), 512));
    }

    #[test]
    fn view_1_it_is_asked_before_each_row_and_tile_whether_to_go_on() {
        let bytes = tiff::<colortype::RGB8>((700, 600), &vec![90; 700 * 600 * 3], |_| ());
        let asked = std::cell::Cell::new(0_u32);
        let stopped_at = |last: u32| {
            asked.set(0);
            let before = || {
                asked.set(asked.get() + 1);
                if asked.get() >= last { Err(LayerProblem::Interrupted) } else { Ok(()) }
            };
            make(LayerKind::Orthophoto, u64::MAX, || Cursor::new(&bytes), &before, &mut Vec::new()).err()
        };
        assert!(stopped_at(u32::MAX).is_none());
        let all = asked.get();
        assert!(all > 600 + 5, "600 rows and five tiles: {all}");
        for last in [1, 2, 300, all - 1, all] {
            let stopped = stopped_at(last);
            assert!(matches!(stopped, Some(NotMade::Problem(LayerProblem::Interrupted))), "{last}: {stopped:?}");
            assert_eq!(asked.get(), last, "nobody goes on");
        }
    }

    #[test]
    fn view_1_attack_101_a_raster_that_needs_much_memory_is_told_before_it_takes_it() {
        let bytes = tiff::<colortype::Gray8>((2_000, 10), &vec![90; 20_000], |_| ());
        let needed = Raster::open(|| Cursor::new(&bytes)).expect("a raster").memory();
        assert!((2_000 * 4 * 1_024..20_000_000).contains(&needed), "{needed}");
        let with = |most| make(LayerKind::Orthophoto, most, || Cursor::new(&bytes), &|| Ok(()), &mut Vec::new());
        assert!(matches!(with(needed - 1), Err(NotMade::Large(bytes)) if bytes == needed));
        assert!(with(needed).is_ok());
    }

    #[test]
    fn view_1_attack_83_broken_and_hostile_files_are_refused_in_words() {
        for (told, bytes) in [
            ("nothing", Vec::new()),
            ("text", b"this is no picture".to_vec()),
            ("a header alone", b"II*\0\x08\0\0\0".to_vec()),
            ("no sides", by_hand(&grey(0, 0), 0)),
            ("no height", by_hand(&grey(7, 0), 0)),
            ("billions of pixels", by_hand(&grey(4_000_000_000, 4_000_000_000), 0)),
            ("a flood", by_hand(&grey(60_000, 60_000), 0)),
            ("one piece of a gigabyte", by_hand(&grey(40_000, 40_000), 0)),
            (
                "a list of four billion offsets",
                by_hand(
                    &{
                        let mut entries = grey(9, 9);
                        entries[5] = (273, 4, u32::MAX, 8);
                        entries
                    },
                    0,
                ),
            ),
            (
                "tiles of billions of pixels",
                by_hand(
                    &{
                        let mut entries = grey(9, 9);
                        entries.truncate(5);
                        entries.extend([
                            (277, 3, 1, 1),
                            (322, 4, 1, 4_000_000_000),
                            (323, 4, 1, 4_000_000_000),
                            (324, 4, 1, 8),
                            (325, 4, 1, 9),
                        ]);
                        entries
                    },
                    0,
                ),
            ),
            (
                "tiles without pixels",
                by_hand(
                    &{
                        let mut entries = grey(9, 9);
                        entries.truncate(5);
                        entries.extend([
                            (277, 3, 1, 1),
                            (322, 4, 1, 0),
                            (323, 4, 1, 0),
                            (324, 4, 1, 8),
                            (325, 4, 1, 9),
                        ]);
                        entries
                    },
                    0,
                ),
            ),
            ("directories in a circle", by_hand(&grey(8, 8), 8)),
            (
                "a colour that is none",
                by_hand(
                    &{
                        let mut entries = grey(8, 8);
                        entries[4] = (262, 3, 1, 3);
                        entries
                    },
                    0,
                ),
            ),
        ] {
            let problem = made(LayerKind::Orthophoto, &bytes).err().unwrap_or_else(|| panic!("{told} was shown"));
            let text = problem.to_string();
            assert!(text.ends_with('.') && text.len() < 400 && !text.contains('\n'), "{told}: {text}");
        }
    }

    #[test]
    fn view_1_attack_83_a_file_that_was_cut_anywhere_is_refused() {
        let pixels: Vec<u8> = (0..90_u32 * 60 * 3).map(|at| at.to_le_bytes()[0]).collect();
        let bytes = tiff::<colortype::RGB8>((90, 60), &pixels, |_| ());
        assert!(made(LayerKind::Orthophoto, &bytes).is_ok());
        for end in (0..bytes.len()).step_by(97) {
            assert!(made(LayerKind::Orthophoto, &bytes[..end]).is_err(), "cut at {end}");
        }
        // Whatever one byte is, it is a picture or a problem, and nothing breaks.
        for at in (0..bytes.len().min(400)).chain(bytes.len().saturating_sub(400)..bytes.len()) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x55;
            let broke = std::panic::catch_unwind(|| made(LayerKind::Orthophoto, &changed).is_ok());
            assert!(broke.is_ok(), "byte {at}");
        }
    }
}
