//! Rasters that jobs made, as layers of the viewer (VIEW-1): which results are layers, and how a layer is cut into tiles.

use serde::{Deserialize, Serialize};

use super::{
    app::OutputRole,
    file::{FilePath, Media},
};

/// The side of a tile, in pixels.
pub const TILE: u32 = 512;

/// The longest side of a raster that becomes a layer, in pixels. While it is converted, a row of tiles of each level is in memory.
pub const MAX_SIDE: u32 = 65_536;

/// How many pixels a raster has at most that becomes a layer.
pub const MAX_PIXELS: u64 = 2_500_000_000;

/// How many bytes a stored byte becomes at most. Of the compressions that are read, deflate makes 1,032 bytes of one and LZW about 1,350,
/// both of a picture without any content. So whatever is honestly stored stays below, and only pieces that share bytes are above.
const MAX_BYTES_OF_BYTE: u64 = 2_000;

/// Up to so many unpacked bytes nobody counts stored ones: they take a few seconds, whatever they are stored as. A mask of
/// [`MAX_PIXELS`] with a bit for each stays below, as it may be empty nearly everywhere.
const FREE_BYTES: u64 = 400_000_000;

/// How long a piece may be as it is stored: so many times what it becomes, and some bytes more for what precedes the pixels. No
/// compression that is read makes noise longer than that. A longer piece is filled with blocks that unpack to nothing.
const MAX_STORED: (u64, u64) = (4, 4_096);

/// In which queue a layer waits. A raster that needs much time or memory does not keep the others waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lane {
    /// Where every layer begins.
    Fast,
    /// For what the fast lane gave up.
    Slow,
}

impl Lane {
    /// How long it may take to make a layer, in milliseconds.
    pub const fn max_millis(self) -> u64 {
        match self {
            Self::Fast => 20_000,
            Self::Slow => 30 * 60_000,
        }
    }

    /// How much memory a layer may take while it is made, in bytes. In the slow lane the limits of rasters are the only ones.
    pub const fn max_bytes(self) -> u64 {
        match self {
            Self::Fast => 256 * 1024 * 1024,
            Self::Slow => u64::MAX,
        }
    }
}

/// How many times it is tried to make a layer.
pub const MAX_ATTEMPTS: i64 = 5;

/// How long a node has for the layer that it took, in milliseconds; it extends that while it works.
pub const LEASE_MILLIS: i64 = 5 * 60_000;

/// How many layers of a dataset are shown at most.
pub const MAX_SHOWN: i64 = 50;

/// What a layer shows, from the lowest to the highest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum LayerKind {
    Mosaic,
    Orthophoto,
    Elevation,
    Coverage,
}

words! {
    LayerKind
    Mosaic => "mosaic", "Preview mosaic";
    Orthophoto => "orthophoto", "Orthophoto";
    Elevation => "elevation", "Elevation";
    Coverage => "coverage", "Coverage";
}

impl LayerKind {
    /// What whoever looks at it or measures on it has to know.
    pub const fn note(self) -> Option<&'static str> {
        match self {
            Self::Mosaic => Some("Placed by GPS and heading; what is measured on it is approximate."),
            Self::Coverage => Some("From red, where one photo sees a place, to green for eight and more."),
            Self::Orthophoto | Self::Elevation => None,
        }
    }

    /// What results with this role show, if they are rasters.
    pub const fn of_role(role: OutputRole) -> Option<Self> {
        match role {
            OutputRole::Mosaic => Some(Self::Mosaic),
            OutputRole::Orthophoto => Some(Self::Orthophoto),
            OutputRole::Dsm | OutputRole::Dtm => Some(Self::Elevation),
            OutputRole::Coverage => Some(Self::Coverage),
            OutputRole::PointCloud
            | OutputRole::Mesh
            | OutputRole::Index
            | OutputRole::Report
            | OutputRole::Log
            | OutputRole::Other => None,
        }
    }

    /// What a result is shown as. Beside a raster there may be a small picture of it with the same role: that is no layer. A file that
    /// is called like a TIFF and is none is a layer that cannot be shown, so that people learn it.
    pub fn of_result(role: OutputRole, media: Media, path: &str) -> Option<Self> {
        let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, ending)| ending);
        let is_called_tiff = ending.eq_ignore_ascii_case("tif") || ending.eq_ignore_ascii_case("tiff");
        let is_tiff = media == Media::Tiff || is_called_tiff;
        Self::of_role(role).filter(|_| is_tiff)
    }
}

/// How far a layer is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LayerState {
    /// Its tiles are being made.
    Waiting,
    Ready,
    /// It cannot be shown, and why; the file can be downloaded.
    Failed(String),
}

impl LayerState {
    /// The word for the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Failed(_) => "failed",
        }
    }
}

/// Why a raster cannot be shown, in words for people.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LayerProblem {
    /// By its first bytes.
    #[error("This file is no TIFF.")]
    NotTiff,
    /// Its directories, or its pixels.
    #[error("This file is damaged, or of a kind that cannot be shown: {0}.")]
    Unreadable(String),
    /// Its size on the screen.
    #[error("With {width} × {height} pixels, it is too large to be shown.")]
    TooManyPixels { width: u32, height: u32 },
    /// What has to be unpacked at once.
    #[error("Its pixels are stored in pieces that are too large. Store it in tiles.")]
    LargePieces,
    /// Where they are in the file.
    #[error("This file is damaged: its pieces overlap one another.")]
    Overlap,
    /// Pixels that are too many for the bytes they are stored as.
    #[error("It has far more pixels than a file of its size can hold.")]
    Explodes,
    /// No pixel has a value.
    #[error("It has no pixels with a value.")]
    Empty,
    /// No coordinate system, or no corner and size of pixels.
    #[error("It does not say where it is: it is no GeoTIFF.")]
    NoPlace,
    /// What is not known, such as \"EPSG 32767\".
    #[error("Its coordinate system ({0}) is not supported.")]
    Projection(String),
    /// Coordinates that are not of its coordinate system.
    #[error("It lies outside of what its coordinate system is for.")]
    Outside,
    /// A map is flat.
    #[error("It reaches over too large a part of the earth, or lies too close to a pole, to be shown on a flat map.")]
    NotFlat,
    /// It was at work for too long.
    #[error("It takes too long to make a map of it.")]
    TooLong,
    /// The program that reads rasters gave up.
    #[error("This file could not be read: it broke the program that reads rasters.")]
    Broke,
    /// Whoever was at it ended in the middle several times.
    #[error("This file could not be read: reading it was interrupted {MAX_ATTEMPTS} times.")]
    Interrupted,
    /// Storage does not answer.
    #[error("The file could not be read from storage.")]
    Unavailable,
}

/// Whether a raster with these sides becomes a layer. It is asked before memory for it is taken.
///
/// # Errors
/// `Unreadable` without pixels; `TooManyPixels`.
pub fn check_sides(width: u32, height: u32) -> Result<(), LayerProblem> {
    if width == 0 || height == 0 {
        return Err(LayerProblem::Unreadable("it has no pixels".to_owned()));
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(LayerProblem::TooManyPixels { width, height });
    }
    Ok(())
}

/// Whether the pieces of a raster or of its mask may be unpacked: where each is in the file and how long, and how many bytes each becomes,
/// with all samples of its pixels. A piece without bytes was never written. The same piece may stand in several places, as an empty one
/// does, but its bytes count once (attack 100).
///
/// # Errors
/// `Overlap`; `Unreadable` where a piece is longer than its pixels can be; `Explodes`.
pub fn check_pieces(pieces: &[(u64, u64)], bytes_of_piece: u64) -> Result<(), LayerProblem> {
    let mut stored: Vec<(u64, u64)> = pieces.iter().copied().filter(|(_, length)| *length > 0).collect();
    let unpacked = u64::try_from(stored.len()).unwrap_or(u64::MAX).saturating_mul(bytes_of_piece);
    stored.sort_unstable();
    stored.dedup();
    let (mut bytes, mut ends, mut longest) = (0_u64, 0, 0);
    for (offset, length) in stored {
        if offset < ends {
            return Err(LayerProblem::Overlap);
        }
        ends = offset.saturating_add(length);
        bytes = bytes.saturating_add(length);
        longest = length.max(longest);
    }
    if longest > bytes_of_piece.saturating_mul(MAX_STORED.0).saturating_add(MAX_STORED.1) {
        return Err(LayerProblem::Unreadable("one of its pieces is longer than its pixels can be".to_owned()));
    }
    if unpacked > FREE_BYTES && unpacked > bytes.saturating_mul(MAX_BYTES_OF_BYTE) {
        return Err(LayerProblem::Explodes);
    }
    Ok(())
}

/// How many photos see a place, at least, and the colour of that in a coverage: red is too few for a map, green is plenty.
pub const COVERAGE_COLOURS: [(u32, [u8; 3]); 6] = [
    (1, [215, 48, 39]),
    (2, [252, 141, 89]),
    (3, [254, 224, 139]),
    (4, [217, 239, 139]),
    (5, [145, 207, 96]),
    (8, [26, 152, 80]),
];

/// The colour of a place in a coverage; `None` where no photo sees it.
pub fn coverage_colour(photos: u32) -> Option<[u8; 3]> {
    COVERAGE_COLOURS.iter().rev().find(|(least, _)| photos >= *least).map(|(_, colour)| *colour)
}

/// What layers are called: by the roles of their files, with the name of the file where several have the same role.
pub fn titles(results: &[(OutputRole, String)]) -> Vec<String> {
    let title = |(role, path): &(OutputRole, String)| {
        let alone = results.iter().filter(|(other, _)| other == role).count() == 1;
        let name = path.rsplit('/').next().unwrap_or(path);
        if alone { role.label().to_owned() } else { format!("{} ({name})", role.label()) }
    };
    results.iter().map(title).collect()
}

/// How many levels a raster has: each has half as many pixels a side as the finer one, and the coarsest fits into a tile.
pub fn level_count(width: u32, height: u32) -> u32 {
    let (mut longest, mut levels) = (width.max(height), 1);
    while longest > TILE {
        longest = longest.div_ceil(2);
        levels += 1;
    }
    levels
}

/// How many pixels a side a level has; level 0 is the coarsest. `None` where there is no such level.
pub fn level_sides((width, height): (u32, u32), levels: u32, level: u32) -> Option<(u32, u32)> {
    let halvings = levels.checked_sub(1)?.checked_sub(level)?;
    let side = |side: u32| u32::try_from(u64::from(side).div_ceil(1_u64.checked_shl(halvings)?)).ok();
    Some((side(width)?, side(height)?))
}

/// How many tiles a level of so many pixels has, across and down.
pub const fn tile_counts((width, height): (u32, u32)) -> (u32, u32) {
    (width.div_ceil(TILE), height.div_ceil(TILE))
}

/// What a download of a layer's tiles in one file is called: the file's own name says what it is of.
pub fn tiled_name(path: &FilePath) -> String {
    let name = path.as_str().rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{stem}-tiled.tif")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn view_1_rasters_are_layers_and_small_pictures_of_them_are_not() {
        let of = LayerKind::of_result;
        assert_eq!(of(OutputRole::Mosaic, Media::Tiff, "mosaic.tif"), Some(LayerKind::Mosaic));
        assert_eq!(of(OutputRole::Mosaic, Media::Jpeg, "mosaic.jpg"), None);
        assert_eq!(of(OutputRole::Dsm, Media::Tiff, "a/dsm"), Some(LayerKind::Elevation));
        assert_eq!(of(OutputRole::Dtm, Media::Other, "a/DTM.TIFF"), Some(LayerKind::Elevation));
        assert_eq!(of(OutputRole::Other, Media::Tiff, "ndvi.tif"), None);
        assert!(LayerKind::Mosaic < LayerKind::Orthophoto && LayerKind::Elevation < LayerKind::Coverage);
    }

    #[test]
    fn view_1_layers_of_one_role_are_told_apart_by_their_files() {
        let file = |role, path: &str| (role, path.to_owned());
        let results = [
            file(OutputRole::Dsm, "odm_dem/dsm.tif"),
            file(OutputRole::Orthophoto, "a/north.tif"),
            file(OutputRole::Orthophoto, "a/south.tif"),
        ];
        assert_eq!(titles(&results), ["Surface model", "Orthophoto (north.tif)", "Orthophoto (south.tif)"]);
    }

    #[test]
    fn view_1_levels_halve_until_one_tile_holds_all() {
        assert_eq!([level_count(1, 1), level_count(512, 512), level_count(513, 1)], [1, 1, 2]);
        assert_eq!(level_count(100_000, 3), 9);
        let levels = level_count(5_000, 1_301);
        let sides: Vec<_> = (0..levels).filter_map(|level| level_sides((5_000, 1_301), levels, level)).collect();
        assert_eq!(sides, [(313, 82), (625, 163), (1_250, 326), (2_500, 651), (5_000, 1_301)]);
        assert_eq!(level_sides((5_000, 1_301), levels, levels), None);
        assert_eq!(level_sides((5, 5), u32::MAX, 0), None, "more levels than a number has bits");
        assert_eq!(tile_counts((5_000, 1_301)), (10, 3));
    }

    #[test]
    fn view_1_attack_83_what_is_too_large_is_not_converted() {
        assert!(check_sides(1, 1).is_ok() && check_sides(50_000, 50_000).is_ok());
        assert!(matches!(check_sides(0, 5), Err(LayerProblem::Unreadable(_))));
        for (width, height) in [(65_537, 1), (1, 65_537), (65_536, 65_536), (u32::MAX, u32::MAX)] {
            assert_eq!(check_sides(width, height), Err(LayerProblem::TooManyPixels { width, height }));
        }
    }

    #[test]
    fn view_1_attack_100_pieces_do_not_share_bytes_to_become_many_pixels() {
        const TILE_PIXELS: u64 = 512 * 512;
        let apart = |count: u64, length: u64| (0..count).map(|at| (8 + at * length, length)).collect::<Vec<_>>();
        // 2.4 gigapixels of which each tile is there, however well it is packed.
        assert_eq!(check_pieces(&apart(9_200, 254), TILE_PIXELS), Ok(()));
        // One tile that stands for all of them, with 200 kB and with 20 bytes.
        for length in [200_000, 20] {
            assert_eq!(check_pieces(&vec![(8, length); 9_200], TILE_PIXELS), Err(LayerProblem::Explodes));
        }
        // Pieces that begin in the middle of others.
        for pieces in [[(8, 100), (9, 100)], [(8, 100), (8, 50)], [(50, 1), (8, 100)], [(8, u64::MAX), (9, 1)]] {
            assert_eq!(check_pieces(&pieces, 1), Err(LayerProblem::Overlap), "{pieces:?}");
        }
        // An empty tile that a sparse raster has once, tiles that were never written, and a small picture.
        let mosaic = [apart(600, 20_000), vec![(50_000_000, 300); 8_600]].concat();
        assert_eq!(check_pieces(&mosaic, TILE_PIXELS), Ok(()));
        assert_eq!(check_pieces(&[vec![(0, 0); 9_199], vec![(8, 20)]].concat(), TILE_PIXELS), Ok(()));
        assert_eq!(check_pieces(&[(8, 20); 900], TILE_PIXELS), Ok(()));
        assert_eq!(check_pieces(&[(u64::MAX, u64::MAX), (u64::MAX, 0)], u64::MAX), Ok(()));
        // A mask of 2.4 gigapixels with a bit for each, that is nowhere.
        assert_eq!(check_pieces(&vec![(8, 45); 9_200], TILE_PIXELS / 8), Ok(()));
        // 240 megapixels with sixty samples of 64 bits each.
        let block = vec![(8, 4_000); 63 * 59];
        assert_eq!(check_pieces(&block, 256 * 256 * 60 * 8), Err(LayerProblem::Explodes));
        // Noise may grow a little, but nothing is mostly blocks without content.
        assert_eq!(check_pieces(&[(8, 384 + 4_096)], 256), Ok(()));
        assert!(matches!(check_pieces(&[(8, 30_000_000)], 256), Err(LayerProblem::Unreadable(_))));
    }

    #[test]
    fn view_1_more_photos_are_greener() {
        let colours: Vec<_> = [0, 1, 2, 7, 8, 255].map(coverage_colour).to_vec();
        assert_eq!(colours[0], None);
        assert_eq!(colours[1], Some([215, 48, 39]));
        assert_eq!((colours[3], colours[4]), (Some([145, 207, 96]), Some([26, 152, 80])));
        assert_eq!(colours[4], colours[5]);
    }

    #[test]
    fn view_1_the_file_of_tiles_is_called_like_its_source() {
        let name = |path: &str| tiled_name(&FilePath::parse(path).expect("a path"));
        assert_eq!([name("a/b/dsm.tif"), name("plain")], ["dsm-tiled.tif", "plain-tiled.tif"]);
    }
}
