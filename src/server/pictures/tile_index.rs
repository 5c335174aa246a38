//! Where the tiles of a layer are in its file (VIEW-1), so that a tile is one read of a range.
//!
//! A file of tiles never changes, so what was read of it once is kept in memory, for the files that were asked for last.

use std::{
    collections::BTreeMap,
    io::Cursor,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use tiff::{decoder::Decoder, tags::Tag};

use super::{
    pyramid::{CLEAR_LENGTHS, CLEAR_OFFSETS},
    raster::limits,
};
use crate::domain::{
    file::Media,
    id::BlobId,
    layer::{TILE, tile_counts},
};

/// How many tiles are remembered of all files, at 16 bytes each.
const MAX_REMEMBERED: usize = 1_000_000;

/// A kind of image in a TIFF: the mask of another one.
const SUBFILE_MASK: u32 = 4;

/// Where the tiles of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileIndex {
    /// The finest first, as they are in the file.
    levels: Vec<Level>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Level {
    across: u32,
    down: u32,
    /// Offsets and lengths, row by row.
    tiles: Vec<(u64, u64)>,
    /// The same of tiles that are transparent where pixels are missing, with a length of 0 where there is none. Empty for a level without
    /// any, and for files from before there were such tiles.
    clear: Vec<(u64, u64)>,
}

impl TileIndex {
    /// Reads the directories of a file of tiles, which are its first bytes; `None` if they are none.
    pub fn read(head: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(Cursor::new(head)).ok()?.with_limits(limits());
        let mut levels = Vec::new();
        loop {
            let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok()?.unwrap_or(0);
            if kind & SUBFILE_MASK == 0 {
                let (across, down) = tile_counts(decoder.dimensions().ok()?);
                let offsets = decoder.get_tag_u64_vec(Tag::TileOffsets).ok()?;
                let lengths = decoder.get_tag_u64_vec(Tag::TileByteCounts).ok()?;
                let is_ours = decoder.chunk_dimensions() == (TILE, TILE)
                    && offsets.len() == lengths.len()
                    && u64::try_from(offsets.len()).ok()? == u64::from(across) * u64::from(down);
                if !is_ours {
                    return None;
                }
                let numbers = |decoder: &mut Decoder<_>, tag| decoder.find_tag_unsigned_vec::<u64>(Tag::Unknown(tag));
                let clear_offsets = numbers(&mut decoder, CLEAR_OFFSETS).ok()?.unwrap_or_default();
                let clear_lengths = numbers(&mut decoder, CLEAR_LENGTHS).ok()?.unwrap_or_default();
                if clear_offsets.len() != clear_lengths.len() || clear_offsets.len() > offsets.len() {
                    return None;
                }
                let tiles = offsets.into_iter().zip(lengths).collect();
                let clear = clear_offsets.into_iter().zip(clear_lengths).collect();
                levels.push(Level { across, down, tiles, clear });
            }
            if !decoder.more_images() {
                return Some(Self { levels });
            }
            decoder.next_image().ok()?;
        }
    }

    /// Where a tile is in the file, and what it is; level 0 is the coarsest. `None` where there is no such tile.
    pub fn find(&self, level: u32, x: u32, y: u32) -> Option<(Range<i64>, Media)> {
        let from_finest = self.levels.len().checked_sub(1)?.checked_sub(usize::try_from(level).ok()?)?;
        let level = self.levels.get(from_finest)?;
        if x >= level.across || y >= level.down {
            return None;
        }
        let at = u64::from(y) * u64::from(level.across) + u64::from(x);
        let at = usize::try_from(at).ok()?;
        let clear = level.clear.get(at).filter(|(_, length)| *length > 0).map(|extent| (extent, Media::Webp));
        let ((offset, length), media) = match clear {
            Some(clear) => clear,
            None => (level.tiles.get(at)?, Media::Jpeg),
        };
        Some((i64::try_from(*offset).ok()?..i64::try_from(offset.checked_add(*length)?).ok()?, media))
    }

    fn tiles(&self) -> usize {
        self.levels.iter().map(|level| level.tiles.len() + level.clear.len()).sum()
    }
}

/// The indexes that are in memory. Cheap to share.
#[derive(Debug, Default)]
pub struct TileIndexes(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// With the number of the last question for each.
    indexes: BTreeMap<BlobId, (u64, Arc<TileIndex>)>,
    tiles: usize,
    questions: u64,
}

impl TileIndexes {
    /// The index of a file, if it is in memory.
    pub fn find(&self, file: BlobId) -> Option<Arc<TileIndex>> {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.questions += 1;
        let question = remembered.questions;
        let (asked, index) = remembered.indexes.get_mut(&file)?;
        *asked = question;
        Some(index.clone())
    }

    /// Remembers the index of a file, and forgets those that nobody has asked for longest.
    pub fn remember(&self, file: BlobId, index: TileIndex) -> Arc<TileIndex> {
        let index = Arc::new(index);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.questions += 1;
        let question = remembered.questions;
        remembered.tiles += index.tiles();
        if let Some((_, before)) = remembered.indexes.insert(file, (question, index.clone())) {
            remembered.tiles = remembered.tiles.saturating_sub(before.tiles());
        }
        while remembered.tiles > MAX_REMEMBERED && remembered.indexes.len() > 1 {
            let oldest = remembered.indexes.iter().min_by_key(|(_, (asked, _))| *asked).map(|(file, _)| *file);
            let Some((_, gone)) = oldest.and_then(|file| remembered.indexes.remove(&file)) else { break };
            remembered.tiles = remembered.tiles.saturating_sub(gone.tiles());
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(tiles: usize) -> TileIndex {
        let side = u32::try_from(tiles).expect("small");
        TileIndex { levels: vec![Level { across: side, down: 1, tiles: vec![(8, 5); tiles], clear: Vec::new() }] }
    }

    #[test]
    fn view_1_attack_81_tiles_that_there_are_not_are_not_found() {
        let index = TileIndex {
            levels: vec![
                Level { across: 2, down: 1, tiles: vec![(100, 7), (200, 9)], clear: vec![(0, 0), (300, 4)] },
                Level { across: 1, down: 1, tiles: vec![(50, 3)], clear: Vec::new() },
            ],
        };
        assert_eq!(index.find(0, 0, 0), Some((50..53, Media::Jpeg)));
        assert_eq!(index.find(1, 0, 0), Some((100..107, Media::Jpeg)));
        assert_eq!(index.find(1, 1, 0), Some((300..304, Media::Webp)), "where pixels are missing, the transparent one");
        for (level, x, y) in [(0, 1, 0), (0, 0, 1), (1, 2, 0), (2, 0, 0), (u32::MAX, u32::MAX, u32::MAX)] {
            assert_eq!(index.find(level, x, y), None, "{level}/{x}/{y}");
        }
        for bytes in [&b""[..], b"II*\0", b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0", b"garbage"] {
            assert_eq!(TileIndex::read(bytes), None);
        }
    }

    #[test]
    fn view_1_what_was_asked_for_last_is_remembered() {
        let indexes = TileIndexes::default();
        let file = |number| BlobId(uuid::Uuid::from_u128(number));
        for number in 0..3 {
            indexes.remember(file(number), index(MAX_REMEMBERED / 3));
        }
        assert!(indexes.find(file(0)).is_some());
        indexes.remember(file(3), index(MAX_REMEMBERED / 3));
        let there: Vec<bool> = (0..4).map(|number| indexes.find(file(number)).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        indexes.remember(file(4), index(MAX_REMEMBERED * 2));
        assert!(indexes.find(file(4)).is_some(), "what was just read can be used");
        assert!(indexes.find(file(3)).is_none());
    }
}
