//! Rasters with a place on the earth, as GeoTIFF: the counts of a coverage, and a picture in tiles.
//!
//! The `tiff` crate writes the structure; places are three tags of numbers. Rows go south and columns east, in degrees of WGS 84, which
//! every program for maps reads. A tile is a JPEG of its own, so that whoever shows the picture may send it as it is.

use std::io::{self, Seek, Write};

use tiff::{
    TiffError,
    encoder::{
        Compression, DirectoryEncoder, Rational, TiffEncoder, TiffKindStandard,
        colortype::Gray8,
        compression::{CompressionAlgorithm, Deflate, DeflateLevel},
    },
    tags::Tag,
};

/// The side of a tile, in pixels.
pub const TILE: u32 = 512;

/// How chroma is sampled, and which values are black and white: what the encoder of JPEGs does. Readers take something else where
/// these are not told.
const YCBCR_SUBSAMPLING: Tag = Tag::Unknown(530);
const REFERENCE_BLACK_WHITE: Tag = Tag::Unknown(532);

const COMPRESSION_JPEG: u16 = 7;
const COMPRESSION_DEFLATE: u16 = 8;
const PHOTOMETRIC_MASK: u16 = 4;
const PHOTOMETRIC_YCBCR: u16 = 6;
/// A kind of image: which pixels of the one before it are there.
const SUBFILE_MASK: u32 = 4;

/// Where a raster is: its corner in the north-west, and how large a pixel is, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub west: f64,
    pub north: f64,
    pub pixel_longitude: f64,
    pub pixel_latitude: f64,
}

type Directory<'a, W> = DirectoryEncoder<'a, W, TiffKindStandard>;

fn failed(error: TiffError) -> io::Error {
    match error {
        TiffError::IoError(error) => error,
        error => io::Error::other(error),
    }
}

impl Place {
    fn write<W: Write + Seek>(&self, directory: &mut Directory<'_, W>) -> Result<(), TiffError> {
        // Model type: geographic. Raster type: a pixel is an area. System: EPSG 4326. Angles: degrees.
        let keys: [u16; 20] = [1, 1, 0, 4, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326, 2054, 0, 1, 9102];
        directory.write_tag(Tag::ModelPixelScaleTag, &[self.pixel_longitude, self.pixel_latitude, 0.0][..])?;
        directory.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, self.west, self.north, 0.0][..])?;
        directory.write_tag(Tag::GeoKeyDirectoryTag, &keys[..])
    }
}

/// Writes a raster of counts, row by row from the north; 0 is where nothing is.
///
/// # Errors
/// What the output answers; a raster that is too small for its sides.
pub fn write_counts<W: Write + Seek>(
    output: W,
    (columns, rows): (u32, u32),
    place: &Place,
    description: &str,
    counts: &[u8],
) -> io::Result<()> {
    let write = || -> Result<(), TiffError> {
        let mut encoder = TiffEncoder::new(output)?.with_compression(Compression::Deflate(DeflateLevel::Balanced));
        let mut image = encoder.new_image::<Gray8>(columns, rows)?;
        place.write(image.encoder())?;
        image.encoder().write_tag(Tag::ImageDescription, description)?;
        image.encoder().write_tag(Tag::GdalNodata, "0")?;
        image.write_data(counts)
    };
    write().map_err(failed)
}

/// A tile of a picture.
#[derive(Debug)]
pub struct Tile {
    pub jpeg: Vec<u8>,
    /// Which of its pixels are there: [`TILE`] rows of bits, packed by [`pack`].
    pub mask: Vec<u8>,
}

/// Packs the bits of a tile, of which there are [`TILE`] × [`TILE`], eight in a byte.
///
/// # Errors
/// None in practice: it is packed into memory.
pub fn pack(bits: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    Deflate::with_level(DeflateLevel::Fast).write_to(&mut packed, bits)?;
    Ok(packed)
}

/// Where in the file something is: its offset and its length.
type Extent = (u32, u32);

/// The tiles of a picture, which come in any order.
pub struct Tiles<'a, 'b, W: Write + Seek> {
    directory: &'a mut Directory<'b, W>,
    across: u32,
    pixels: Vec<Extent>,
    masks: Vec<Extent>,
}

impl<W: Write + Seek> Tiles<'_, '_, W> {
    /// Writes the tile of a column and a row of tiles.
    ///
    /// # Errors
    /// What the output answers; a picture of more than 4 GB.
    pub fn put(&mut self, column: u32, row: u32, tile: &Tile) -> io::Result<()> {
        let at = usize::try_from(row * self.across + column).unwrap_or(usize::MAX);
        let pixels = self.data(&tile.jpeg)?;
        let mask = self.data(&tile.mask)?;
        for (list, extent) in [(&mut self.pixels, pixels), (&mut self.masks, mask)] {
            if let Some(place) = list.get_mut(at) {
                *place = extent;
            }
        }
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<Extent> {
        let offset = self.directory.write_data(bytes).map_err(failed)?;
        let long = |value: u64| u32::try_from(value).map_err(io::Error::other);
        Ok((long(offset)?, u32::try_from(bytes.len()).map_err(io::Error::other)?))
    }
}

/// Writes a picture in tiles: `fill` puts all of them that have something in them. Where there is none, nothing is, and the picture is
/// white.
///
/// # Errors
/// What the output answers, or `fill`.
pub fn write_picture<W: Write + Seek, E: From<io::Error>>(
    output: W,
    (columns, rows): (u32, u32),
    place: &Place,
    description: &str,
    empty: &Tile,
    fill: impl FnOnce(&mut Tiles<'_, '_, W>) -> Result<(), E>,
) -> Result<(), E> {
    let (across, down) = (columns.div_ceil(TILE), rows.div_ceil(TILE));
    let mut encoder = TiffEncoder::new(output).map_err(failed)?;
    let mut directory = encoder.image_directory().map_err(failed)?;
    let count = usize::try_from(u64::from(across) * u64::from(down)).unwrap_or(0);
    let mut tiles =
        Tiles { directory: &mut directory, across, pixels: vec![(0, 0); count], masks: vec![(0, 0); count] };
    // One white tile is all of those where nothing is: readers differ in what they make of a tile that is missing.
    let (white, nowhere) = (tiles.data(&empty.jpeg)?, tiles.data(&empty.mask)?);
    tiles.pixels.fill(white);
    tiles.masks.fill(nowhere);
    fill(&mut tiles)?;
    let Tiles { pixels, masks, .. } = tiles;
    finish_picture(directory, (columns, rows), place, description, &pixels).map_err(failed)?;
    let mask = encoder.image_directory().map_err(failed)?;
    finish_mask(mask, (columns, rows), &masks).map_err(failed)?;
    Ok(())
}

fn finish_picture<W: Write + Seek>(
    mut directory: Directory<'_, W>,
    sides: (u32, u32),
    place: &Place,
    description: &str,
    tiles: &[Extent],
) -> Result<(), TiffError> {
    place.write(&mut directory)?;
    directory.write_tag(Tag::ImageDescription, description)?;
    directory.write_tag(Tag::BitsPerSample, &[8_u16; 3][..])?;
    directory.write_tag(Tag::SamplesPerPixel, 3_u16)?;
    directory.write_tag(Tag::PlanarConfiguration, 1_u16)?;
    directory.write_tag(Tag::Compression, COMPRESSION_JPEG)?;
    directory.write_tag(Tag::PhotometricInterpretation, PHOTOMETRIC_YCBCR)?;
    directory.write_tag(YCBCR_SUBSAMPLING, &[1_u16, 1][..])?;
    let references = [0, 255, 128, 255, 128, 255].map(|n| Rational { n, d: 1 });
    directory.write_tag(REFERENCE_BLACK_WHITE, &references[..])?;
    write_tiles(&mut directory, sides, tiles)?;
    directory.finish()
}

fn finish_mask<W: Write + Seek>(
    mut mask: Directory<'_, W>,
    sides: (u32, u32),
    tiles: &[Extent],
) -> Result<(), TiffError> {
    mask.write_tag(Tag::NewSubfileType, SUBFILE_MASK)?;
    mask.write_tag(Tag::BitsPerSample, 1_u16)?;
    mask.write_tag(Tag::SamplesPerPixel, 1_u16)?;
    mask.write_tag(Tag::Compression, COMPRESSION_DEFLATE)?;
    mask.write_tag(Tag::PhotometricInterpretation, PHOTOMETRIC_MASK)?;
    write_tiles(&mut mask, sides, tiles)?;
    mask.finish()
}

fn write_tiles<W: Write + Seek>(
    directory: &mut Directory<'_, W>,
    (columns, rows): (u32, u32),
    extents: &[Extent],
) -> Result<(), TiffError> {
    let (offsets, lengths): (Vec<u32>, Vec<u32>) = extents.iter().copied().unzip();
    directory.write_tag(Tag::ImageWidth, columns)?;
    directory.write_tag(Tag::ImageLength, rows)?;
    directory.write_tag(Tag::TileWidth, TILE)?;
    directory.write_tag(Tag::TileLength, TILE)?;
    directory.write_tag(Tag::TileOffsets, &offsets[..])?;
    directory.write_tag(Tag::TileByteCounts, &lengths[..])
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tiff::decoder::{Decoder, DecodingResult};

    use super::*;
    use crate::server::pictures::pixels::Pixels;

    const PLACE: Place = Place { west: 8.58, north: 46.66, pixel_longitude: 2.5e-6, pixel_latitude: 1.5e-6 };

    fn open(bytes: &[u8]) -> Decoder<Cursor<&[u8]>> {
        Decoder::new(Cursor::new(bytes)).expect("a TIFF")
    }

    fn assert_placed(decoder: &mut Decoder<Cursor<&[u8]>>) {
        let numbers = |decoder: &mut Decoder<_>, tag| decoder.get_tag_f64_vec(tag).expect("numbers");
        assert_eq!(numbers(decoder, Tag::ModelPixelScaleTag), [2.5e-6, 1.5e-6, 0.0]);
        assert_eq!(numbers(decoder, Tag::ModelTiepointTag), [0.0, 0.0, 0.0, 8.58, 46.66, 0.0]);
        let keys = decoder.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).expect("keys");
        assert!(keys.chunks_exact(4).any(|key| key == [2048, 0, 1, 4326]), "{keys:?}");
        assert_eq!(usize::from(keys[3]), keys.len() / 4 - 1);
        assert!(keys[4..].chunks_exact(4).is_sorted_by_key(|key| key[0]));
    }

    #[test]
    fn job_4_counts_are_read_as_they_were_written() {
        let counts: Vec<u8> = (0..700 * 300).map(|at| u8::try_from(at % 7).expect("small")).collect();
        let mut bytes = Cursor::new(Vec::new());
        write_counts(&mut bytes, (700, 300), &PLACE, "Counts", &counts).expect("written");
        let bytes = bytes.into_inner();
        assert!(bytes.len() < counts.len() / 4, "{} bytes", bytes.len());
        let mut decoder = open(&bytes);
        assert_eq!(decoder.dimensions().expect("sides"), (700, 300));
        assert_placed(&mut decoder);
        assert_eq!(decoder.get_tag_ascii_string(Tag::GdalNodata).expect("text"), "0");
        assert_eq!(decoder.get_tag_ascii_string(Tag::ImageDescription).expect("text"), "Counts");
        let DecodingResult::U8(read) = decoder.read_image().expect("pixels") else { panic!("bytes") };
        assert_eq!(read, counts);
        assert!(write_counts(Cursor::new(Vec::new()), (700, 300), &PLACE, "", &counts[1..]).is_err());
    }

    fn colour(rgb: [u8; 3], mask: u8) -> Tile {
        let side = usize::try_from(TILE).expect("small");
        let jpeg = Pixels::new(TILE, TILE, rgb.repeat(side * side)).jpeg_of(90).expect("a JPEG");
        Tile { jpeg, mask: pack(&vec![mask; side * side / 8]).expect("packed") }
    }

    #[test]
    fn job_4_tiles_of_a_picture_come_in_any_order() {
        let mut bytes = Cursor::new(Vec::new());
        let empty = colour([255; 3], 0);
        write_picture(&mut bytes, (1_200, 600), &PLACE, "A picture", &empty, |tiles| {
            tiles.put(2, 1, &colour([200, 30, 30], 0xFF))?;
            tiles.put(0, 0, &colour([30, 30, 200], 0xFF))
        })
        .expect("written");
        let bytes = bytes.into_inner();
        let mut decoder = open(&bytes);
        assert_eq!(decoder.dimensions().expect("sides"), (1_200, 600));
        assert_placed(&mut decoder);
        let offsets = decoder.get_tag_u32_vec(Tag::TileOffsets).expect("offsets");
        let lengths = decoder.get_tag_u32_vec(Tag::TileByteCounts).expect("lengths");
        assert_eq!((offsets.len(), offsets[1]), (6, offsets[4]), "what is empty is there once");
        for (tile, [red, _, blue]) in [(0, [false, false, true]), (1, [true; 3]), (5, [true, false, false])] {
            let (from, length) =
                (usize::try_from(offsets[tile]).expect("fits"), usize::try_from(lengths[tile]).expect("fits"));
            let jpeg = image::load_from_memory(&bytes[from..from + length]).expect("a JPEG of its own").into_rgb8();
            assert_eq!(jpeg.dimensions(), (TILE, TILE));
            assert_eq!((jpeg.get_pixel(9, 9)[0] > 120, jpeg.get_pixel(9, 9)[2] > 120), (red, blue), "{tile}");
        }
        decoder.next_image().expect("the mask");
        assert_eq!(decoder.get_tag_u32(Tag::NewSubfileType).expect("a kind"), SUBFILE_MASK);
        assert_eq!(decoder.dimensions().expect("sides"), (1_200, 600));
        assert!(!decoder.more_images());
    }

    #[test]
    fn job_4_what_ends_the_picture_is_handed_on() {
        let stopped = write_picture(Cursor::new(Vec::new()), (10, 10), &PLACE, "", &colour([255; 3], 0), |_| {
            Err(io::Error::other("stopped"))
        });
        assert_eq!(stopped.map_err(|error| error.to_string()), Err("stopped".to_owned()));
    }
}
