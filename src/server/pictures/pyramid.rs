//! A picture with a place, as a pyramid of tiles in one GeoTIFF (VIEW-1).
//!
//! Each tile is a JPEG of its own, so that it is sent as it is. The directories are at the beginning and the coarsest level comes first,
//! as a *cloud optimized* GeoTIFF has it: whoever reads it by ranges needs few of them. Which pixels are there is a mask beside each level.
//!
//! A JPEG has no transparency, and a browser does not know the masks. So a tile in which pixels are missing is there a second time, as a
//! WebP with transparency, behind everything else. Two tags of our own say where; other readers skip them.
//!
//! A row comes once, and goes into its level, and with the row above it into the next level. So of each level a row of tiles is in memory,
//! and the tiles wait in a temporary file until all lengths are known.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
};

use super::{
    georeference::GeoTags,
    geotiff::{TILE, pack},
    layer::{Before, NotMade},
    pixels::Pixels,
    see_through,
};
use crate::domain::layer::{level_count, level_sides};

/// How good the JPEGs of tiles are, of 100.
const QUALITY: u8 = 85;

/// Where nothing is.
const WHITE: u8 = 255;

const SIDE: usize = TILE as usize;

/// The longest file whose offsets have 32 bits.
const MAX_CLASSIC_BYTES: u64 = u32::MAX as u64;

const COMPRESSION_JPEG: u16 = 7;
const COMPRESSION_DEFLATE: u16 = 8;
const PHOTOMETRIC_MASK: u16 = 4;
const PHOTOMETRIC_YCBCR: u16 = 6;
/// Tags of our own, among those that anybody may use: where the transparent tiles are, and how long; no bytes where there is none.
pub(super) const CLEAR_OFFSETS: u16 = 65_001;
pub(super) const CLEAR_LENGTHS: u16 = 65_002;
/// Kinds of images: a smaller copy of the first one, and the mask of the one before.
const SUBFILE_REDUCED: u32 = 1;
const SUBFILE_MASK: u32 = 4;

/// Where something is in the temporary file: its offset and its length.
type Extent = (u64, u32);

struct Level {
    width: usize,
    height: usize,
    /// How many rows came.
    rows: usize,
    /// The rows of the row of tiles that is being filled: colours, and which pixels are there.
    rgb: Vec<u8>,
    there: Vec<u8>,
    tiles: Vec<Extent>,
    masks: Vec<Extent>,
    /// The transparent tiles; no bytes for a tile in which nothing is missing.
    clear: Vec<Extent>,
    /// The tile in which nothing is, once there is one.
    empty: Option<StoredTile>,
}

/// A tile in the temporary file.
#[derive(Clone, Copy)]
struct StoredTile {
    jpeg: Extent,
    mask: Extent,
    clear: Extent,
}

/// No bytes.
const NONE: Extent = (0, 0);

/// A pyramid that is being made.
pub struct Pyramid<'a> {
    /// Asked before each tile, and before each part of the file.
    before: Before<'a>,
    spool: BufWriter<File>,
    spooled: u64,
    /// The finest first.
    levels: Vec<Level>,
    /// Whether any pixel is missing, and whether any is there.
    missing: bool,
    any: bool,
}

impl<'a> Pyramid<'a> {
    /// A picture of so many pixels.
    ///
    /// # Errors
    /// There is no room for a temporary file.
    pub fn new(width: u32, height: u32, before: Before<'a>) -> io::Result<Self> {
        let count = level_count(width, height);
        let sides = (0..count).rev().filter_map(|level| level_sides((width, height), count, level));
        let size = |side: u32| usize::try_from(side).unwrap_or(0);
        let levels = sides
            .map(|(width, height)| Level {
                width: size(width),
                height: size(height),
                rows: 0,
                rgb: Vec::new(),
                there: Vec::new(),
                tiles: Vec::new(),
                masks: Vec::new(),
                clear: Vec::new(),
                empty: None,
            })
            .collect();
        let spool = BufWriter::new(tempfile::tempfile()?);
        Ok(Self { before, spool, spooled: 0, levels, missing: false, any: false })
    }

    /// Adds the next row: three bytes for each pixel, and for each a byte that is 0 if it is not there.
    ///
    /// # Errors
    /// The temporary file cannot be written; what `before` answers.
    pub fn push(&mut self, rgb: &[u8], there: &[u8]) -> Result<(), NotMade> {
        self.missing |= there.contains(&0);
        self.any |= there.iter().any(|there| *there != 0);
        self.push_to(0, rgb, there)
    }

    /// Whether any pixel is there.
    pub fn has_pixels(&self) -> bool {
        self.any
    }

    fn push_to(&mut self, at: usize, rgb: &[u8], there: &[u8]) -> Result<(), NotMade> {
        let Some(level) = self.levels.get_mut(at) else { return Ok(()) };
        if rgb.len() != 3 * level.width || there.len() != level.width || level.rows >= level.height {
            return Err(io::Error::other("a row is not as long as its picture is wide").into());
        }
        level.rgb.extend_from_slice(rgb);
        level.there.extend_from_slice(there);
        level.rows += 1;
        let (is_last, is_second) = (level.rows == level.height, level.rows % 2 == 0);
        if (is_second || is_last) && at + 1 < self.levels.len() {
            let (rgb, there) = self.halved(at, is_second);
            self.push_to(at + 1, &rgb, &there)?;
        }
        let Some(level) = self.levels.get(at) else { return Ok(()) };
        if is_last || level.there.len() == SIDE * level.width {
            self.flush(at)?;
        }
        Ok(())
    }

    /// The last two rows of a level as one of half as many pixels; the last row alone where there is no other.
    fn halved(&self, at: usize, two: bool) -> (Vec<u8>, Vec<u8>) {
        let Some(level) = self.levels.get(at) else { return (Vec::new(), Vec::new()) };
        let width = level.width;
        let rows = level.there.len() / width.max(1);
        let lower = rows.saturating_sub(1) * width;
        let upper = if two { rows.saturating_sub(2) * width } else { lower };
        let half = width.div_ceil(2);
        let (mut rgb, mut there) = (Vec::with_capacity(3 * half), Vec::with_capacity(half));
        for column in 0..half {
            let (left, right) = (2 * column, (2 * column + 1).min(width - 1));
            let pixels = [upper + left, upper + right, lower + left, lower + right];
            let (mut sums, mut count) = ([0_u32; 3], 0_u32);
            for pixel in pixels {
                if level.there.get(pixel).is_none_or(|there| *there == 0) {
                    continue;
                }
                if let Some([red, green, blue]) = level.rgb.get(3 * pixel..3 * pixel + 3) {
                    count += 1;
                    sums[0] += u32::from(*red);
                    sums[1] += u32::from(*green);
                    sums[2] += u32::from(*blue);
                }
            }
            if count == 0 {
                rgb.extend([WHITE; 3]);
                there.push(0);
            } else {
                rgb.extend(sums.map(|sum| u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)));
                there.push(u8::MAX);
            }
        }
        (rgb, there)
    }

    /// Writes a row of tiles, and forgets its rows.
    fn flush(&mut self, at: usize) -> Result<(), NotMade> {
        let Some(level) = self.levels.get_mut(at) else { return Ok(()) };
        let (rgb, there) = (std::mem::take(&mut level.rgb), std::mem::take(&mut level.there));
        let width = level.width;
        for column in 0..width.div_ceil(SIDE) {
            (self.before)()?;
            let (left, right) = (column * SIDE, (column * SIDE + SIDE).min(width));
            let mut tile = vec![WHITE; 3 * SIDE * SIDE];
            let mut bits = vec![0_u8; SIDE * SIDE / 8];
            let (mut any, mut missing) = (false, false);
            for (row, there) in there.chunks_exact(width).enumerate() {
                let (Some(from), Some(to)) =
                    (rgb.get(3 * (row * width + left)..3 * (row * width + right)), tile.get_mut(3 * row * SIDE..))
                else {
                    continue;
                };
                let pixels = from.chunks_exact(3).zip(to.chunks_exact_mut(3));
                for (at, ((from, to), there)) in pixels.zip(there.get(left..right).unwrap_or_default()).enumerate() {
                    missing |= *there == 0;
                    if *there != 0 {
                        to.copy_from_slice(from);
                        any = true;
                        if let Some(byte) = bits.get_mut((row * SIDE + at) / 8) {
                            *byte |= 0x80 >> (at % 8);
                        }
                    }
                }
            }
            let known = self.levels.get(at).and_then(|level| level.empty).filter(|_| !any);
            let stored = match known {
                Some(empty) => empty,
                None => {
                    let clear = if missing { self.spool(&see_through::webp(&tile, &bits)?)? } else { NONE };
                    let jpeg = Pixels::new(TILE, TILE, tile).jpeg_of(QUALITY).map_err(io::Error::other)?;
                    StoredTile { jpeg: self.spool(&jpeg)?, mask: self.spool(&pack(&bits)?)?, clear }
                }
            };
            let Some(level) = self.levels.get_mut(at) else { return Ok(()) };
            if !any {
                level.empty = Some(stored);
            }
            level.tiles.push(stored.jpeg);
            level.masks.push(stored.mask);
            level.clear.push(stored.clear);
        }
        Ok(())
    }

    fn spool(&mut self, bytes: &[u8]) -> io::Result<Extent> {
        self.spool.write_all(bytes)?;
        let extent = (self.spooled, u32::try_from(bytes.len()).map_err(io::Error::other)?);
        self.spooled += u64::from(extent.1);
        Ok(extent)
    }

    /// Writes the file, once every row has come; how many of its first bytes are the directories.
    ///
    /// # Errors
    /// The output, or the temporary file; what `before` answers.
    pub fn finish(self, tags: &GeoTags, description: &str, output: &mut impl Write) -> Result<u64, NotMade> {
        if self.levels.iter().any(|level| level.rows != level.height) {
            return Err(io::Error::other("a picture ends before its last row").into());
        }
        let mut spool = self.spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        // Offsets are as long as the largest of them needs.
        let is_big = self.spooled > MAX_CLASSIC_BYTES / 2;
        let mut directories: Vec<Directory> = Vec::new();
        for (at, level) in self.levels.iter().enumerate() {
            let reduced = if at == 0 { 0 } else { SUBFILE_REDUCED };
            let mut picture = Directory::of_tiles(reduced, level, &level.tiles);
            picture.picture();
            if at == 0 {
                picture.place(tags, description);
            }
            picture.clear(&level.clear);
            directories.push(picture);
            if self.missing {
                let mut mask = Directory::of_tiles(reduced | SUBFILE_MASK, level, &level.masks);
                mask.mask();
                directories.push(mask);
            }
        }
        let head_bytes = layout(&mut directories, is_big);
        // What is written in which order: the coarsest first, the mask of a level before its pictures.
        let (mut written, mut at) = (Vec::new(), head_bytes);
        for directory in directories.iter_mut().rev() {
            place_all(&mut directory.extents, &mut written, &mut at);
        }
        // Nobody but the viewer reads these.
        for directory in directories.iter_mut().rev() {
            place_all(&mut directory.clear, &mut written, &mut at);
        }
        let mut head = Vec::with_capacity(usize::try_from(head_bytes).unwrap_or(0));
        write_head(&directories, is_big, &mut head);
        if u64::try_from(head.len()).ok() != Some(head_bytes) {
            return Err(io::Error::other("the directories are not as long as they were planned").into());
        }
        output.write_all(&head)?;
        for (offset, length) in written {
            (self.before)()?;
            spool.seek(SeekFrom::Start(offset))?;
            let copied = io::copy(&mut (&mut spool).take(u64::from(length)), output)?;
            if copied != u64::from(length) {
                return Err(io::Error::other("the temporary file is shorter than it was").into());
            }
        }
        output.flush()?;
        Ok(head_bytes)
    }
}

/// Plans where tiles go that are in the temporary file, behind those that are planned already; the same tile goes there once.
fn place_all(extents: &mut [Extent], written: &mut Vec<Extent>, at: &mut u64) {
    let mut places: BTreeMap<u64, u64> = BTreeMap::new();
    for (offset, length) in extents.iter_mut().filter(|extent| **extent != NONE) {
        let place = *places.entry(*offset).or_insert_with(|| {
            written.push((*offset, *length));
            let place = *at;
            *at += u64::from(*length);
            place
        });
        *offset = place;
    }
}

/// A value of a directory.
enum Value {
    Shorts(Vec<u16>),
    Longs(Vec<u32>),
    Doubles(Vec<f64>),
    Text(String),
    Rationals(Vec<u32>),
    /// The offsets of the tiles, and their lengths.
    Offsets,
    Lengths,
    /// The same of the transparent tiles.
    ClearOffsets,
    ClearLengths,
}

struct Directory {
    /// Tags in order.
    entries: Vec<(u16, Value)>,
    /// Where the tiles are.
    extents: Vec<Extent>,
    /// Where the transparent tiles are.
    clear: Vec<Extent>,
    /// Where it is in the file.
    begins: u64,
    /// Where its values are, for those that do not fit into their entries.
    outside: Vec<Option<u64>>,
    ends: u64,
}

impl Directory {
    fn of_tiles(kind: u32, level: &Level, extents: &[Extent]) -> Self {
        let side = |side: usize| Value::Longs(vec![u32::try_from(side).unwrap_or(u32::MAX)]);
        let entries = vec![
            (254, Value::Longs(vec![kind])),
            (256, side(level.width)),
            (257, side(level.height)),
            (322, Value::Longs(vec![TILE])),
            (323, Value::Longs(vec![TILE])),
            (324, Value::Offsets),
            (325, Value::Lengths),
        ];
        Self { entries, extents: extents.to_vec(), clear: Vec::new(), begins: 0, outside: Vec::new(), ends: 0 }
    }

    fn picture(&mut self) {
        self.entries.extend([
            (258, Value::Shorts(vec![8; 3])),
            (259, Value::Shorts(vec![COMPRESSION_JPEG])),
            (262, Value::Shorts(vec![PHOTOMETRIC_YCBCR])),
            (277, Value::Shorts(vec![3])),
            (284, Value::Shorts(vec![1])),
            // How chroma is sampled, and which values are black and white: what the encoder does.
            (530, Value::Shorts(vec![1, 1])),
            (532, Value::Rationals([0, 255, 128, 255, 128, 255].into_iter().flat_map(|n| [n, 1]).collect())),
        ]);
        self.sort();
    }

    fn clear(&mut self, extents: &[Extent]) {
        if extents.iter().any(|extent| *extent != NONE) {
            self.clear = extents.to_vec();
            self.entries.extend([(CLEAR_OFFSETS, Value::ClearOffsets), (CLEAR_LENGTHS, Value::ClearLengths)]);
        }
    }

    fn mask(&mut self) {
        self.entries.extend([
            (258, Value::Shorts(vec![1])),
            (259, Value::Shorts(vec![COMPRESSION_DEFLATE])),
            (262, Value::Shorts(vec![PHOTOMETRIC_MASK])),
            (277, Value::Shorts(vec![1])),
            (284, Value::Shorts(vec![1])),
        ]);
        self.sort();
    }

    fn place(&mut self, tags: &GeoTags, description: &str) {
        let doubles = [
            (33_550, &tags.scale),
            (33_922, &tags.tie_points),
            (34_264, &tags.transformation),
            (34_736, &tags.doubles),
        ];
        for (tag, numbers) in doubles {
            if !numbers.is_empty() {
                self.entries.push((tag, Value::Doubles(numbers.clone())));
            }
        }
        if !tags.keys.is_empty() {
            self.entries.push((34_735, Value::Shorts(tags.keys.clone())));
        }
        if !tags.ascii.is_empty() {
            self.entries.push((34_737, Value::Text(tags.ascii.clone())));
        }
        self.entries.push((270, Value::Text(description.to_owned())));
        self.sort();
    }

    fn sort(&mut self) {
        self.entries.sort_by_key(|(tag, _)| *tag);
    }

    fn values(&self, value: &Value, is_big: bool, out: &mut Vec<u8>) {
        match value {
            Value::Shorts(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Value::Longs(values) | Value::Rationals(values) => {
                out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            Value::Doubles(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
            Value::Text(text) => out.extend(text.bytes().chain([0])),
            Value::Offsets => offsets(&self.extents, is_big, out),
            Value::Lengths => lengths(&self.extents, out),
            Value::ClearOffsets => offsets(&self.clear, is_big, out),
            Value::ClearLengths => lengths(&self.clear, out),
        }
    }

    /// The type of a value, how many there are, and how many bytes they have.
    fn shape(&self, value: &Value, is_big: bool) -> (u16, usize, usize) {
        match value {
            Value::Shorts(values) => (3, values.len(), 2 * values.len()),
            Value::Longs(values) => (4, values.len(), 4 * values.len()),
            Value::Doubles(values) => (12, values.len(), 8 * values.len()),
            Value::Text(text) => (2, text.len() + 1, text.len() + 1),
            Value::Rationals(values) => (5, values.len() / 2, 4 * values.len()),
            Value::Offsets | Value::ClearOffsets if is_big => (16, self.extents.len(), 8 * self.extents.len()),
            // There are as many transparent tiles, with those that are none.
            Value::Offsets | Value::Lengths | Value::ClearOffsets | Value::ClearLengths => {
                (4, self.extents.len(), 4 * self.extents.len())
            }
        }
    }
}

fn offsets(extents: &[Extent], is_big: bool, out: &mut Vec<u8>) {
    for (offset, _) in extents {
        if is_big {
            out.extend(offset.to_le_bytes());
        } else {
            out.extend(u32::try_from(*offset).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
}

fn lengths(extents: &[Extent], out: &mut Vec<u8>) {
    out.extend(extents.iter().flat_map(|(_, length)| length.to_le_bytes()));
}

/// Plans where directories and their values are; how long all of that is.
fn layout(directories: &mut [Directory], is_big: bool) -> u64 {
    let long = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
    let (header, count, entry, pointer) = if is_big { (16, 8, 20, 8) } else { (8, 2, 12, 4) };
    let mut at = header;
    for directory in directories {
        directory.begins = at;
        at += count + entry * long(directory.entries.len()) + pointer;
        let mut outside = Vec::new();
        for (_, value) in &directory.entries {
            let (_, _, bytes) = directory.shape(value, is_big);
            if long(bytes) <= pointer {
                outside.push(None);
            } else {
                outside.push(Some(at));
                // Values begin at even places.
                at += long(bytes).next_multiple_of(2);
            }
        }
        directory.outside = outside;
        // The next one begins at a multiple of 8, as BigTIFF has it.
        at = at.next_multiple_of(8);
        directory.ends = at;
    }
    at
}

fn write_head(directories: &[Directory], is_big: bool, out: &mut Vec<u8>) {
    let pointer = |value: u64, out: &mut Vec<u8>| {
        if is_big {
            out.extend(value.to_le_bytes());
        } else {
            out.extend(u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
        }
    };
    out.extend(if is_big { &b"II+\0\x08\0\0\0"[..] } else { &b"II*\0"[..] });
    pointer(directories.first().map_or(0, |first| first.begins), out);
    for (at, directory) in directories.iter().enumerate() {
        let count = directory.entries.len();
        if is_big {
            out.extend(u64::try_from(count).unwrap_or(0).to_le_bytes());
        } else {
            out.extend(u16::try_from(count).unwrap_or(0).to_le_bytes());
        }
        let mut behind = Vec::new();
        for ((tag, value), outside) in directory.entries.iter().zip(&directory.outside) {
            let (kind, count, _) = directory.shape(value, is_big);
            out.extend(tag.to_le_bytes());
            out.extend(kind.to_le_bytes());
            pointer(u64::try_from(count).unwrap_or(0), out);
            let mut values = Vec::new();
            directory.values(value, is_big, &mut values);
            match outside {
                Some(place) => {
                    pointer(*place, out);
                    values.resize(values.len().next_multiple_of(2), 0);
                    behind.extend(values);
                }
                None => {
                    values.resize(if is_big { 8 } else { 4 }, 0);
                    out.extend(values);
                }
            }
        }
        pointer(directories.get(at + 1).map_or(0, |next| next.begins), out);
        out.extend(behind);
        out.resize(usize::try_from(directory.ends).unwrap_or(out.len()).max(out.len()), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pyramid(width: u32, height: u32, there: impl Fn(u32, u32) -> bool) -> Vec<u8> {
        let mut pyramid = Pyramid::new(width, height, &|| Ok(())).expect("a temporary file");
        for y in 0..height {
            let there: Vec<u8> = (0..width).map(|x| u8::from(there(x, y))).collect();
            let rgb: Vec<u8> = there.iter().flat_map(|there| [there * 90, 10, 10]).collect();
            pyramid.push(&rgb, &there).expect("pushed");
        }
        let mut file = Vec::new();
        pyramid.finish(&GeoTags::default(), "A picture", &mut file).expect("finished");
        file
    }

    #[test]
    fn view_1_the_coarsest_level_comes_first_and_directories_before_all() {
        let file = pyramid(1_500, 1_100, |_, _| true);
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(&file)).expect("a TIFF");
        let (mut sides, mut firsts) = (Vec::new(), Vec::new());
        loop {
            sides.push(decoder.dimensions().expect("sides"));
            firsts.push(decoder.get_tag_u64_vec(tiff::tags::Tag::TileOffsets).expect("offsets")[0]);
            if !decoder.more_images() {
                break;
            }
            decoder.next_image().expect("another");
        }
        assert_eq!(sides, [(1_500, 1_100), (750, 550), (375, 275)], "nothing is missing, so there is no mask");
        assert!(firsts.is_sorted_by(|one, other| one > other), "{firsts:?}");
    }

    #[test]
    fn view_1_where_nothing_is_one_tile_of_a_level_is_stored() {
        let dense = pyramid(5_120, 1_024, |_, _| true);
        let sparse = pyramid(5_120, 1_024, |x, y| x < 8 && y < 8);
        assert!(sparse.len() < dense.len() / 2, "{} and {}", sparse.len(), dense.len());
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(&sparse)).expect("a TIFF");
        let offsets = decoder.get_tag_u64_vec(tiff::tags::Tag::TileOffsets).expect("offsets");
        assert_eq!(offsets.len(), 20);
        assert!(offsets[1..].iter().all(|offset| *offset == offsets[1]) && offsets[0] != offsets[1]);
    }

    #[test]
    fn view_1_only_where_pixels_are_missing_there_is_a_transparent_tile_too() {
        let file = pyramid(1_100, 1_100, |x, y| x < 700 && y < 1_030);
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(&file)).expect("a TIFF");
        let mut numbers = |tag| decoder.get_tag_u64_vec(tiff::tags::Tag::Unknown(tag)).expect("numbers");
        let (offsets, lengths) = (numbers(CLEAR_OFFSETS), numbers(CLEAR_LENGTHS));
        let there: Vec<bool> = lengths.iter().map(|length| *length > 0).collect();
        assert_eq!(there, [false, true, true, false, true, true, true, true, true]);
        assert!(offsets[2] == offsets[5] && lengths[2] < 400, "what is empty is there once, in {} bytes", lengths[2]);
        let jpegs = decoder.get_tag_u64_vec(tiff::tags::Tag::TileOffsets).expect("offsets");
        assert!(offsets[1] > jpegs.into_iter().max().unwrap_or(0), "they are behind all else");
        let at = usize::try_from(offsets[1]).expect("short")..usize::try_from(offsets[1] + lengths[1]).expect("short");
        let webp = image::load_from_memory(&file[at]).expect("a WebP").into_rgba8();
        assert_eq!((webp.dimensions(), webp.get_pixel(150, 9)[3], webp.get_pixel(250, 9)[3]), ((TILE, TILE), 255, 0));
        let whole = pyramid(1_100, 1_100, |_, _| true);
        let mut decoder = tiff::decoder::Decoder::new(std::io::Cursor::new(&whole)).expect("a TIFF");
        assert_eq!(decoder.find_tag(tiff::tags::Tag::Unknown(CLEAR_OFFSETS)).ok().flatten(), None);
    }

    #[test]
    fn view_1_a_picture_without_all_of_its_rows_is_none() {
        let mut pyramid = Pyramid::new(4, 3, &|| Ok(())).expect("a temporary file");
        pyramid.push(&[0; 12], &[1; 4]).expect("a row");
        assert!(pyramid.push(&[0; 9], &[1; 3]).is_err(), "a short row");
        assert!(pyramid.finish(&GeoTags::default(), "", &mut Vec::new()).is_err());
    }
}
