//! Rasters that jobs made, read piece by piece (VIEW-1): strips or tiles, in every compression that the `tiff` crate knows.
//!
//! Everything here reads what strangers sent. Sides are checked first, then where the pieces are; a piece is unpacked only if it is small
//! enough, and a JPEG among the pieces may not be larger than the piece says. Directories that go in circles are noticed by the `tiff`
//! crate.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, SeekFrom},
    rc::Rc,
};

use tiff::{
    ColorType, TiffError,
    decoder::{ChunkType, Decoder, DecodingResult, Limits},
    tags::Tag,
};

use super::{jpeg, layer::Before, mask::Mask};
use crate::domain::layer::{LayerProblem, TILE, check_pieces, check_sides};

/// How large a piece may be once it is unpacked, in bytes.
const MAX_PIECE_BYTES: usize = 256 * 1024 * 1024;
/// The same for a JPEG: one that comes in several scans takes several times as much while it is unpacked.
const MAX_JPEG_BYTES: usize = 64 * 1024 * 1024;

/// How large a piece may be as it is stored, in bytes.
const MAX_PACKED_BYTES: usize = 256 * 1024 * 1024;

/// How large a list in a directory may be, in bytes: offsets of a million pieces.
const MAX_LIST_BYTES: usize = 8 * 1024 * 1024;

/// How many bytes of pieces are kept that reach below the rows that were asked for. Where a piece is as wide as the raster, it is kept
/// however large it is: nothing else is in memory then.
const MAX_KEPT_BYTES: usize = 128 * 1024 * 1024;

/// How many directories are looked at in search of a mask.
const MAX_DIRECTORIES: usize = 64;

/// How much of a JPEG is looked through for its sides.
const JPEG_HEAD_BYTES: u64 = 64 * 1024;

const COMPRESSION_JPEG: u16 = 7;
/// Kinds of extra samples: transparency.
const ALPHA: [u16; 2] = [1, 2];
/// A kind of image in a TIFF: the mask of another one.
const SUBFILE_MASK: u32 = 4;
const PREDICTOR_NONE: u16 = 1;

/// What a reader of TIFFs may take.
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MAX_PIECE_BYTES;
    limits.intermediate_buffer_size = MAX_PACKED_BYTES;
    limits.ifd_value_size = MAX_LIST_BYTES;
    limits
}

/// What the `tiff` crate says, in words.
pub fn unreadable(error: TiffError) -> LayerProblem {
    let text = match error {
        TiffError::LimitsExceeded => return LayerProblem::LargePieces,
        TiffError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "it ends in the middle".to_owned()
        }
        error => error.to_string(),
    };
    // That it is an error is clear.
    let text =
        ["format error: ", "unsupported error: "].iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(&text);
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    LayerProblem::Unreadable(text.trim_end_matches('.').to_owned())
}

fn unsupported(what: &str) -> LayerProblem {
    LayerProblem::Unreadable(what.to_owned())
}

/// What the samples of a pixel mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// One value, such as a height.
    Grey,
    Rgb,
    /// As JPEG has it.
    YCbCr,
}

/// The values of some pixels of a row, those of a pixel together.
#[derive(Debug)]
pub enum Values<'a> {
    Bytes(&'a [u8]),
    Wide(&'a [f32]),
}

/// A piece that was unpacked.
#[derive(Debug)]
struct Piece {
    width: usize,
    height: usize,
    values: DecodingResult,
}

/// A raster that is read.
pub struct Raster<R: Read + Seek> {
    decoder: Decoder<R>,
    pub width: u32,
    pub height: u32,
    pub colours: Colours,
    /// How many values a pixel has.
    pub samples: usize,
    /// Which of them says how opaque it is.
    pub alpha: Option<usize>,
    /// The largest value of a sample where samples are whole numbers.
    pub bits: u8,
    /// The value that stands for none.
    pub nodata: Option<f64>,
    piece: (u32, u32),
    across: u32,
    pieces_of_plane: u32,
    planes: u32,
    /// How large a piece is once it is unpacked, with all of its planes, in bytes.
    piece_bytes: usize,
    /// Where pieces are, and how long. One without a length was never written.
    places: Vec<(u64, u64)>,
    are_jpegs: bool,
    mask: Option<Mask<R>>,
    kept: BTreeMap<u32, Rc<Piece>>,
    kept_bytes: usize,
}

impl<R: Read + Seek> Raster<R> {
    /// Opens a raster; `open` opens the file, once for its pixels and once for its mask.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(open: impl Fn() -> R) -> Result<Self, LayerProblem> {
        let mut decoder = Decoder::new(open()).map_err(unreadable)?.with_limits(limits());
        let (width, height) = decoder.dimensions().map_err(unreadable)?;
        check_sides(width, height)?;
        let colour = decoder.colortype().map_err(unreadable)?;
        let all_samples: u16 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(unreadable)?.unwrap_or(1);
        let extra: Vec<u16> = decoder.find_tag_unsigned_vec(Tag::ExtraSamples).map_err(unreadable)?.unwrap_or_default();
        let planar: u16 = decoder.find_tag_unsigned(Tag::PlanarConfiguration).map_err(unreadable)?.unwrap_or(1);
        let planes = if planar == 2 { u32::from(all_samples) } else { 1 };
        let bits = colour.bit_depth();
        if !matches!(bits, 8 | 16 | 32 | 64) {
            return Err(unsupported("its values have neither 8, 16, 32 nor 64 bits"));
        }
        let (colours, of_colour) = match colour {
            ColorType::Gray(_) => (Colours::Grey, 1),
            ColorType::RGB(_) => (Colours::Rgb, 3),
            ColorType::RGBA(_) => (Colours::Rgb, 4),
            ColorType::YCbCr(8) => (Colours::YCbCr, 3),
            ColorType::Multiband { num_samples, .. } => {
                let colours = usize::from(num_samples).saturating_sub(extra.len());
                (if colours >= 3 { Colours::Rgb } else { Colours::Grey }, num_samples)
            }
            _ => return Err(unsupported("its colours are neither grey nor red, green and blue")),
        };
        // What is left of a pixel where the reader drops what is no colour.
        let samples = if planes > 1 { all_samples } else { of_colour };
        let predictor: u16 = decoder.find_tag_unsigned(Tag::Predictor).map_err(unreadable)?.unwrap_or(PREDICTOR_NONE);
        if samples != all_samples && predictor != PREDICTOR_NONE {
            return Err(unsupported("it has more bands than colours, and a predictor"));
        }
        let colour_count = if colours == Colours::Grey { 1 } else { 3 };
        let before_extra = usize::from(all_samples).saturating_sub(extra.len()).max(colour_count);
        let alpha = extra.iter().position(|kind| ALPHA.contains(kind)).map(|at| before_extra + at);
        // Four colours of red, green and blue: the last is alpha, whatever it is called.
        let alpha = alpha
            .or((matches!(colour, ColorType::RGBA(_)) && extra.is_empty()).then_some(3))
            .filter(|alpha| *alpha < usize::from(samples));
        let piece = decoder.chunk_dimensions();
        if piece.0 == 0 || piece.1 == 0 {
            return Err(unsupported("its pieces have no pixels"));
        }
        let (across, down) = (width.div_ceil(piece.0), height.div_ceil(piece.1));
        let compression: u16 = decoder.find_tag_unsigned(Tag::Compression).map_err(unreadable)?.unwrap_or(1);
        // A strip ends with the raster, whatever it says; a tile is unpacked as large as it says it is (attack 83).
        let rows = if decoder.get_chunk_type() == ChunkType::Tile { piece.1 } else { piece.1.min(height) };
        let of_plane = u64::from(piece.0) * u64::from(rows) * u64::from(bits / 8);
        // All planes of a piece are in memory at once.
        let of_piece = of_plane.saturating_mul(u64::from(all_samples));
        let most = if compression == COMPRESSION_JPEG { MAX_JPEG_BYTES } else { MAX_PIECE_BYTES };
        if usize::try_from(of_piece).map_or(true, |bytes| bytes > most) {
            return Err(LayerProblem::LargePieces);
        }
        let pieces_of_plane = across.checked_mul(down).ok_or(LayerProblem::LargePieces)?;
        if pieces_of_plane.checked_mul(planes).is_none() {
            return Err(LayerProblem::LargePieces);
        }
        if compression == COMPRESSION_JPEG {
            // What all tiles share comes before each of them, so it must not say how large they are.
            let shared = decoder.find_tag(Tag::JPEGTables).map_err(unreadable)?;
            let shared = shared.and_then(|shared| shared.into_u8_vec().ok()).unwrap_or_default();
            if jpeg::sides(&shared).is_some() {
                return Err(unsupported("what its tiles share says how large they are"));
            }
        }
        let stored_at = places(&mut decoder)?;
        // A piece has all samples, or one of them.
        check_pieces(&stored_at, of_piece / u64::from(planes.max(1)))?;
        let nodata = decoder.find_tag(Tag::GdalNodata).ok().flatten();
        let nodata = nodata.and_then(|value| value.into_string().ok()).and_then(|text| {
            let text = text.trim().trim_end_matches('\0').trim();
            text.parse().ok()
        });
        let mask = find_mask(open, (width, height))?;
        Ok(Self {
            decoder,
            width,
            height,
            colours,
            samples: usize::from(samples),
            alpha,
            bits,
            nodata,
            piece,
            across,
            pieces_of_plane,
            planes,
            piece_bytes: usize::try_from(of_piece).unwrap_or(usize::MAX),
            places: stored_at,
            are_jpegs: compression == COMPRESSION_JPEG,
            mask,
            kept: BTreeMap::new(),
            kept_bytes: 0,
        })
    }

    /// The reader of tags.
    pub fn tags(&mut self) -> &mut Decoder<R> {
        &mut self.decoder
    }

    /// How many rows are best read together.
    pub fn rows_at_once(&self) -> u32 {
        const FEW: u32 = 64;
        const MANY: u32 = 512;
        if self.piece.1 >= MANY { MANY } else { self.piece.1 * FEW.div_ceil(self.piece.1) }
    }

    /// How many pieces there are, of those that are of other pixels.
    pub fn pieces(&self) -> u32 {
        self.pieces_of_plane
    }

    /// How much memory a layer of it takes at most while it is made, in bytes: the rows that are read together and a row of tiles of each
    /// level, with four bytes a pixel; the piece that is unpacked, those that reach below the rows, and a row of pieces of the mask.
    pub fn memory(&self) -> u64 {
        let rows = u64::from(self.rows_at_once()) + 2 * u64::from(TILE);
        let kept = self.piece_bytes.saturating_mul(size(self.across - 1)).min(MAX_KEPT_BYTES);
        let pieces = u64::try_from(self.piece_bytes.saturating_add(kept)).unwrap_or(u64::MAX);
        let mask = self.mask.as_ref().map_or(0, Mask::memory);
        (4 * rows * u64::from(self.width)).saturating_add(pieces).saturating_add(mask)
    }

    /// Reads some rows: `paint` gets the values of a part of a row, with its column and its row. `before` is asked before each piece.
    ///
    /// # Errors
    /// Why they cannot be read; what `before` answers.
    pub fn read(
        &mut self,
        rows: std::ops::Range<u32>,
        before: Before<'_>,
        paint: &mut dyn FnMut(usize, u32, &Values<'_>),
    ) -> Result<(), LayerProblem> {
        let rows = rows.start..rows.end.min(self.height);
        if rows.is_empty() {
            return Ok(());
        }
        for down in rows.start / self.piece.1..=(rows.end - 1) / self.piece.1 {
            for across in 0..self.across {
                before()?;
                self.read_piece(down * self.across + across, &rows, paint)?;
            }
        }
        Ok(())
    }

    /// Reads the rows of one piece, by its number, that are among `rows`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read_piece(
        &mut self,
        number: u32,
        rows: &std::ops::Range<u32>,
        paint: &mut dyn FnMut(usize, u32, &Values<'_>),
    ) -> Result<(), LayerProblem> {
        let (across, down) = (number % self.across, number / self.across);
        let (left, top) = (across * self.piece.0, down * self.piece.1);
        let columns = size(self.piece.0.min(self.width - left));
        let below = top + self.piece.1.min(self.height - top);
        let ends = below.min(rows.end);
        let stored =
            |plane| self.places.get(size(plane * self.pieces_of_plane + number)).is_none_or(|place| place.1 > 0);
        // What was never written is not there.
        if !(0..self.planes).any(stored) {
            return Ok(());
        }
        let planes = (0..self.planes)
            .map(|plane| self.piece(plane * self.pieces_of_plane + number, below > rows.end))
            .collect::<Result<Vec<_>, _>>()?;
        let mut bytes = Vec::new();
        let mut wide = Vec::new();
        for row in top.max(rows.start)..ends {
            let values = values_of(&planes, size(row - top), columns, self.samples, &mut bytes, &mut wide)?;
            paint(size(left), row, &values);
        }
        Ok(())
    }

    /// A piece, unpacked; those that are kept are needed again for the rows below.
    fn piece(&mut self, number: u32, keep: bool) -> Result<Rc<Piece>, LayerProblem> {
        if let Some(kept) = self.kept.get(&number).cloned() {
            if !keep {
                self.forget(number);
            }
            return Ok(kept);
        }
        self.check_jpeg(number)?;
        let (width, height) = self.decoder.chunk_data_dimensions(number);
        let values = self.decoder.read_chunk(number).map_err(unreadable)?;
        let piece = Rc::new(Piece { width: size(width), height: size(height), values });
        let bytes = piece.bytes();
        if keep && (self.across == 1 || self.kept_bytes + bytes <= MAX_KEPT_BYTES) {
            self.kept_bytes += bytes;
            self.kept.insert(number, piece.clone());
        }
        Ok(piece)
    }

    fn forget(&mut self, number: u32) {
        if let Some(piece) = self.kept.remove(&number) {
            self.kept_bytes = self.kept_bytes.saturating_sub(piece.bytes());
        }
    }

    /// Refuses a JPEG that is larger than its piece: it would be unpacked as a whole.
    fn check_jpeg(&mut self, number: u32) -> Result<(), LayerProblem> {
        let Some((offset, _)) = self.places.get(size(number)).copied().filter(|_| self.are_jpegs) else {
            return Ok(());
        };
        let file = self.decoder.inner();
        file.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(error.into()))?;
        let mut head = Vec::new();
        file.take(JPEG_HEAD_BYTES).read_to_end(&mut head).map_err(|error| unreadable(error.into()))?;
        let (width, height) = jpeg::sides(&head).ok_or_else(|| unsupported("one of its tiles is no JPEG"))?;
        if u32::from(width) > self.piece.0 || u32::from(height) > self.piece.1 {
            return Err(unsupported("one of its tiles is larger than it says"));
        }
        Ok(())
    }

    /// Which pixels of a row are there, if a mask says it: 0 for those that are not. `before` is asked before each piece of the mask.
    ///
    /// # Errors
    /// Why the mask cannot be read; what `before` answers.
    pub fn mask_row(&mut self, row: u32, before: Before<'_>) -> Result<Option<&[u8]>, LayerProblem> {
        match &mut self.mask {
            Some(mask) => mask.row(row, before).map(Some),
            None => Ok(None),
        }
    }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Where the pieces of an image are, and how long.
pub(super) fn places<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Vec<(u64, u64)>, LayerProblem> {
    let mut list = |tiles: Tag, strips: Tag| -> Result<Vec<u64>, LayerProblem> {
        match decoder.find_tag_unsigned_vec(tiles).map_err(unreadable)? {
            Some(tiles) => Ok(tiles),
            None => Ok(decoder.find_tag_unsigned_vec(strips).map_err(unreadable)?.unwrap_or_default()),
        }
    };
    let offsets = list(Tag::TileOffsets, Tag::StripOffsets)?;
    Ok(offsets.into_iter().zip(list(Tag::TileByteCounts, Tag::StripByteCounts)?).collect())
}

/// The mask of the first image, if there is one that can be read. Without it, what the image has instead of pixels is shown.
fn find_mask<R: Read + Seek>(open: impl Fn() -> R, sides: (u32, u32)) -> Result<Option<Mask<R>>, LayerProblem> {
    let mut decoder = Decoder::new(open()).map_err(unreadable)?.with_limits(limits());
    for _ in 0..MAX_DIRECTORIES {
        if !decoder.more_images() {
            return Ok(None);
        }
        // What stands behind the picture and cannot be read does not matter.
        if decoder.next_image().is_err() {
            return Ok(None);
        }
        let kind: u32 = decoder.find_tag_unsigned(Tag::NewSubfileType).map_err(unreadable)?.unwrap_or(0);
        if kind & SUBFILE_MASK != 0 && decoder.dimensions().map_err(unreadable)? == sides {
            return Mask::open(decoder);
        }
    }
    Ok(None)
}

impl Piece {
    fn bytes(&self) -> usize {
        match &self.values {
            DecodingResult::U8(values) => values.len(),
            DecodingResult::I8(values) => values.len(),
            DecodingResult::U16(values) => 2 * values.len(),
            DecodingResult::I16(values) => 2 * values.len(),
            DecodingResult::F16(values) => 2 * values.len(),
            DecodingResult::U32(values) => 4 * values.len(),
            DecodingResult::I32(values) => 4 * values.len(),
            DecodingResult::F32(values) => 4 * values.len(),
            DecodingResult::U64(values) => 8 * values.len(),
            DecodingResult::I64(values) => 8 * values.len(),
            DecodingResult::F64(values) => 8 * values.len(),
        }
    }

    /// The values of the first columns of a row, of which each has so many, as numbers with a fraction.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "what is shown has 256 shades, and heights have fewer digits than a float"
    )]
    fn wide(&self, row: usize, columns: usize, samples: usize, out: &mut impl FnMut(usize, f32)) -> Option<()> {
        let from = row * self.width * samples;
        let range = from..from + columns * samples;
        macro_rules! each {
            ($values:expr, $convert:expr) => {
                $values.get(range)?.iter().enumerate().for_each(|(at, value)| out(at, $convert(*value)))
            };
        }
        match &self.values {
            DecodingResult::U8(values) => each!(values, f32::from),
            DecodingResult::I8(values) => each!(values, f32::from),
            DecodingResult::U16(values) => each!(values, f32::from),
            DecodingResult::I16(values) => each!(values, f32::from),
            DecodingResult::F16(values) => {
                values.get(range)?.iter().enumerate().for_each(|(at, value)| out(at, value.to_f32()));
            }
            DecodingResult::U32(values) => each!(values, |value: u32| value as f32),
            DecodingResult::I32(values) => each!(values, |value: i32| value as f32),
            DecodingResult::F32(values) => each!(values, |value: f32| value),
            DecodingResult::U64(values) => each!(values, |value: u64| value as f32),
            DecodingResult::I64(values) => each!(values, |value: i64| value as f32),
            DecodingResult::F64(values) => each!(values, |value: f64| value as f32),
        }
        Some(())
    }
}

/// The values of a row, from one piece, or from one for each sample.
fn values_of<'a>(
    planes: &'a [Rc<Piece>],
    row: usize,
    columns: usize,
    samples: usize,
    bytes: &'a mut Vec<u8>,
    wide: &'a mut Vec<f32>,
) -> Result<Values<'a>, LayerProblem> {
    let cut = || unsupported("one of its pieces is smaller than it says");
    if planes.iter().any(|piece| row >= piece.height || columns > piece.width) {
        return Err(cut());
    }
    if let [piece] = planes {
        if let DecodingResult::U8(values) = &piece.values {
            let from = row * piece.width * samples;
            return values.get(from..from + columns * samples).map(Values::Bytes).ok_or_else(cut);
        }
        wide.clear();
        piece.wide(row, columns, samples, &mut |_, value| wide.push(value)).ok_or_else(cut)?;
        return Ok(Values::Wide(wide));
    }
    let all_bytes = planes.iter().all(|piece| matches!(piece.values, DecodingResult::U8(_)));
    if all_bytes {
        bytes.clear();
        bytes.resize(columns * samples, 0);
        for (sample, piece) in planes.iter().enumerate() {
            let DecodingResult::U8(values) = &piece.values else { return Err(cut()) };
            let from = row * piece.width;
            let values = values.get(from..from + columns).ok_or_else(cut)?;
            bytes.iter_mut().skip(sample).step_by(samples).zip(values).for_each(|(to, value)| *to = *value);
        }
        return Ok(Values::Bytes(bytes));
    }
    wide.clear();
    wide.resize(columns * samples, 0.0);
    for (sample, piece) in planes.iter().enumerate() {
        piece
            .wide(row, columns, 1, &mut |at, value| {
                if let Some(to) = wide.get_mut(at * samples + sample) {
                    *to = value;
                }
            })
            .ok_or_else(cut)?;
    }
    Ok(Values::Wide(wide))
}
