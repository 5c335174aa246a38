//! The mask of a raster: which of its pixels are there. The `tiff` crate finds one, but does not unpack it.

use std::io::{Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;
use tiff::{
    decoder::{ChunkType, Decoder},
    tags::Tag,
};

use super::{
    layer::Before,
    raster::{places, unreadable},
};
use crate::domain::layer::{LayerProblem, check_pieces};

const NOT_PACKED: u16 = 1;
const DEFLATE: [u16; 2] = [8, 32_946];

/// How large a row of pieces, and a single piece, may be, in bytes.
const MAX_ROW_BYTES: usize = 64 * 1024 * 1024;

/// How wide and high a tile may be where the raster is smaller.
const MAX_TILE: usize = 2_048;

/// A mask that is read from the top.
pub struct Mask<R: Read + Seek> {
    decoder: Decoder<R>,
    width: usize,
    piece: (usize, usize),
    across: usize,
    is_packed: bool,
    /// One bit for a pixel, or a byte.
    is_bits: bool,
    places: Vec<(u64, u64)>,
    /// The row of pieces that was unpacked last, a byte for each pixel.
    unpacked: Option<(usize, Vec<u8>)>,
}

impl<R: Read + Seek> Mask<R> {
    /// Reads the directory that the decoder is at; `None` if it is of a kind that nobody writes.
    ///
    /// # Errors
    /// Why it cannot be read; what [`check_pieces`] says.
    pub fn open(mut decoder: Decoder<R>) -> Result<Option<Self>, LayerProblem> {
        let (width, height) = decoder.dimensions().map_err(unreadable)?;
        let (piece_width, piece_height) = decoder.chunk_dimensions();
        // A strip ends with the raster, whatever it says.
        let is_tiled = decoder.get_chunk_type() == ChunkType::Tile;
        let piece_height = if is_tiled { piece_height } else { piece_height.min(height) };
        let compression: u16 = decoder.find_tag_unsigned(Tag::Compression).map_err(unreadable)?.unwrap_or(NOT_PACKED);
        let bits: u16 = decoder
            .find_tag_unsigned_vec(Tag::BitsPerSample)
            .map_err(unreadable)?
            .and_then(|bits: Vec<u16>| bits.first().copied())
            .unwrap_or(1);
        let samples: u16 = decoder.find_tag_unsigned(Tag::SamplesPerPixel).map_err(unreadable)?.unwrap_or(1);
        let places = places(&mut decoder)?;
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (width, height, piece) = (size(width), size(height), (size(piece_width), size(piece_height)));
        let is_known = compression == NOT_PACKED || DEFLATE.contains(&compression);
        // A piece may claim to be larger than the raster, and is unpacked as it claims to be (attack 83).
        let row_bytes = width.max(piece.0).saturating_mul(piece.1);
        let is_sane = piece.0 <= width.max(MAX_TILE) && piece.1 <= height.max(MAX_TILE) && row_bytes <= MAX_ROW_BYTES;
        let has_pixels = piece.0 > 0 && piece.1 > 0;
        if !is_known || !matches!(bits, 1 | 8) || samples != 1 || !is_sane || !has_pixels {
            return Ok(None);
        }
        let mask = Self {
            decoder,
            width,
            piece,
            across: width.div_ceil(piece.0),
            is_packed: compression != NOT_PACKED,
            is_bits: bits == 1,
            places,
            unpacked: None,
        };
        check_pieces(&mask.places, u64::try_from(mask.piece_bytes()).unwrap_or(u64::MAX))?;
        Ok(Some(mask))
    }

    /// How many bytes a row of a piece has.
    const fn piece_row_bytes(&self) -> usize {
        if self.is_bits { self.piece.0.div_ceil(8) } else { self.piece.0 }
    }

    const fn piece_bytes(&self) -> usize {
        self.piece_row_bytes() * self.piece.1
    }

    /// How much memory it takes while it is read, in bytes: a piece, and a row of pieces with a byte for each pixel.
    pub fn memory(&self) -> u64 {
        u64::try_from(self.width * self.piece.1 + self.piece_bytes()).unwrap_or(u64::MAX)
    }

    /// A row, a byte for each pixel: 0 for those that are not there. `before` is asked before each piece.
    ///
    /// # Errors
    /// Why it cannot be read; what `before` answers.
    pub fn row(&mut self, row: u32, before: Before<'_>) -> Result<&[u8], LayerProblem> {
        let row = usize::try_from(row).unwrap_or(usize::MAX);
        let down = row / self.piece.1.max(1);
        let unpacked = match self.unpacked.take() {
            Some((at, unpacked)) if at == down => unpacked,
            _ => self.unpack(down, before)?,
        };
        let (_, unpacked) = self.unpacked.insert((down, unpacked));
        let from = (row - down * self.piece.1) * self.width;
        unpacked
            .get(from..from + self.width)
            .ok_or_else(|| LayerProblem::Unreadable("its mask is smaller than it says".to_owned()))
    }

    fn unpack(&mut self, down: usize, before: Before<'_>) -> Result<Vec<u8>, LayerProblem> {
        let (piece_width, piece_height) = self.piece;
        let mut unpacked = vec![0; self.width * piece_height];
        let row_bytes = self.piece_row_bytes();
        let mut packed = vec![0; self.piece_bytes()];
        for across in 0..self.across {
            before()?;
            let Some((offset, length)) = self.places.get(down * self.across + across).copied() else { continue };
            // Nothing was written here, so nothing is there.
            if length == 0 {
                continue;
            }
            let file = self.decoder.inner();
            file.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(error.into()))?;
            let stored = file.take(length);
            let read = if self.is_packed {
                fill(&mut ZlibDecoder::new(stored), &mut packed)
            } else {
                fill(&mut { stored }, &mut packed)
            };
            let read = read.map_err(|error| unreadable(error.into()))?;
            let left = across * piece_width;
            let columns = piece_width.min(self.width - left);
            for (row, bits) in packed.chunks(row_bytes).enumerate().take(read / row_bytes) {
                let to = row * self.width + left;
                let Some(to) = unpacked.get_mut(to..to + columns) else { continue };
                for (column, there) in to.iter_mut().enumerate() {
                    let set = if self.is_bits {
                        bits.get(column / 8).is_some_and(|byte| byte & (0x80 >> (column % 8)) != 0)
                    } else {
                        bits.get(column).is_some_and(|byte| *byte != 0)
                    };
                    *there = u8::from(set) * u8::MAX;
                }
            }
        }
        Ok(unpacked)
    }
}

/// Reads as much as there is, up to the end of a buffer: the last strip of a mask is shorter.
fn fill(from: &mut impl Read, to: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = to.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
