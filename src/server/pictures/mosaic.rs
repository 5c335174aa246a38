//! The preview mosaic (JOB-4): every piece of ground is shown by the photo whose middle is nearest, from previews.
//!
//! A mosaic may have 268 million pixels, and a survey 10,000 photos, so neither is ever in memory as a whole. It is made in stripes from
//! north to south. In a stripe, photos come by how far north they reach; so what lies north of the next photo is done, is written, and
//! is forgotten. What is in memory is about as high as two photos, and two previews for each thread.

use std::{
    collections::VecDeque,
    io::{Seek, Write},
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
};

use bytes::Bytes;

use super::{
    geotiff::{self, Place, TILE, Tile, Tiles},
    pixels::{self, Pixels},
};
use crate::domain::{
    file::Media,
    geo::{Grid, Span},
    photo::{PhotoProblem, PreviewSize},
    survey::{GroundView, MOSAIC_NOTE, MosaicPlan, Survey},
};

/// How wide a stripe is: a multiple of a tile. The narrower, the less memory, and the more photos are read twice.
const STRIPE: u32 = 8 * TILE;

/// How good the JPEGs of tiles are, of 100.
const QUALITY: u8 = 82;

/// How many rows one thread paints at a time.
const ROWS_AT_ONCE: usize = 32;

/// A preview that has so many times as many pixels in a row as it has on the mosaic is made smaller first, or fine detail would flicker.
const MAX_FINER: f64 = 1.3;

/// Where nothing is.
const WHITE: u8 = 255;

/// Runs something for each item on several threads, and answers in their order. Where it panics, there is no answer.
fn in_parallel<T: Send, R: Send>(threads: usize, items: Vec<T>, run: impl Fn(T) -> R + Sync) -> Vec<Option<R>> {
    let places: Vec<Mutex<(Option<T>, Option<R>)>> =
        items.into_iter().map(|item| Mutex::new((Some(item), None))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, places.len().max(1)) {
            scope.spawn(|| {
                while let Some(place) = places.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let item = place.lock().map(|mut place| place.0.take()).ok().flatten();
                    let Some(item) = item else { continue };
                    // Outside of the lock, so that a panic does not poison it.
                    let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(item))).ok();
                    if let Ok(mut place) = place.lock() {
                        place.1 = answer;
                    }
                }
            });
        }
    });
    places.into_iter().map(|place| place.into_inner().ok().and_then(|(_, answer)| answer)).collect()
}

/// A row of a stripe: for each pixel how far the middle of its photo is, squared, and its colour.
struct Row {
    nearest: Vec<f32>,
    rgb: Vec<u8>,
}

impl Row {
    fn new(columns: usize) -> Self {
        Self { nearest: vec![f32::INFINITY; columns], rgb: vec![WHITE; 3 * columns] }
    }
}

/// A photo that is being painted.
struct Painted<'a> {
    view: &'a GroundView,
    /// The cells that it may show, row by row.
    spans: Vec<Span>,
    preview: Pixels,
}

/// What a mosaic needs of who has it made.
pub trait Source: Sync {
    /// Why it ended.
    type Error: From<std::io::Error> + Send;

    /// The preview of 1600 pixels of a photo, by its index; `None` if there is none.
    ///
    /// # Errors
    /// The mosaic is given up.
    fn preview(&self, index: usize) -> Result<Option<Bytes>, Self::Error>;

    /// So many photos of so many are done.
    ///
    /// # Errors
    /// The mosaic is given up.
    fn done(&self, photos: usize, of: usize) -> Result<(), Self::Error>;
}

/// What became of a mosaic.
pub struct Written {
    /// How many previews could not be read.
    pub unreadable: usize,
    /// All of it, small, with white where nothing is.
    pub overview: Pixels,
}

/// A mosaic made smaller while it is written: each of its pixels is in the middle of as many as it stands for.
struct Overview {
    /// How many pixels of the mosaic stand in a row for one of these.
    step: u32,
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Overview {
    fn new(grid: &Grid) -> Self {
        let step = grid.columns.max(grid.rows).div_ceil(PreviewSize::Large.pixels()).max(1);
        let [width, height] = [grid.columns, grid.rows].map(|side| side.div_ceil(step));
        Self { step, width, height, rgb: vec![WHITE; 3 * index(width) * index(height)] }
    }

    /// Takes what it needs of a row of the mosaic that begins at a column.
    fn add(&mut self, row: u32, first: u32, of: &Row) {
        let middle = self.step / 2;
        if row % self.step != middle.min(self.step - 1) || row / self.step >= self.height {
            return;
        }
        let line = 3 * index(self.width) * index(row / self.step);
        for (at, rgb) in of.rgb.chunks_exact(3).enumerate() {
            let column = first + u32::try_from(at).unwrap_or(0);
            let place = line + 3 * index(column / self.step);
            if column % self.step == middle
                && let Some(pixel) = self.rgb.get_mut(place..place + 3)
            {
                pixel.copy_from_slice(rgb);
            }
        }
    }
}

/// Writes a mosaic as a GeoTIFF, on so many threads.
///
/// # Errors
/// What the output or the source answers.
pub fn write<W: Write + Seek, S: Source>(
    survey: &Survey<'_>,
    plan: &MosaicPlan,
    threads: usize,
    source: &S,
    output: W,
) -> Result<Written, S::Error> {
    let (grid, stripes) = (&plan.grid, plan.grid.columns.div_ceil(STRIPE));
    let place = place(survey, grid);
    let pixels = index(TILE) * index(TILE);
    let empty = tile(&vec![WHITE; 3 * pixels], &vec![0; pixels / 8])?;
    let mut unreadable = std::collections::BTreeSet::new();
    let sides = (grid.columns, grid.rows);
    let mut overview = Overview::new(grid);
    geotiff::write_picture(output, sides, &place, MOSAIC_NOTE, &empty, |tiles| {
        for stripe in 0..stripes {
            let first = stripe * STRIPE;
            let end = grid.columns.min(first + STRIPE);
            let (rows, overview) = (VecDeque::new(), &mut overview);
            let mut stripe = Stripe { survey, plan, threads, first, end, rows, top: 0, overview };
            unreadable.extend(stripe.paint(source, tiles)?);
        }
        Ok::<_, S::Error>(())
    })?;
    let overview = Pixels::new(overview.width, overview.height, overview.rgb);
    Ok(Written { unreadable: unreadable.len(), overview })
}

/// Where a raster of a survey is.
pub fn place(survey: &Survey<'_>, grid: &Grid) -> Place {
    let (north, west) = survey.frame.map_or((0.0, 0.0), |frame| frame.degrees(grid.corner));
    let (latitude, longitude) = survey.frame.map_or((0.0, 0.0), |frame| frame.degrees_of(grid.cell));
    Place { west, north, pixel_longitude: longitude, pixel_latitude: latitude }
}

/// A tile of these pixels.
fn tile(rgb: &[u8], mask: &[u8]) -> std::io::Result<Tile> {
    let jpeg = Pixels::new(TILE, TILE, rgb.to_vec()).jpeg_of(QUALITY).map_err(std::io::Error::other)?;
    Ok(Tile { jpeg, mask: geotiff::pack(mask)? })
}

fn index(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// A part of the mosaic from north to south.
struct Stripe<'a> {
    survey: &'a Survey<'a>,
    plan: &'a MosaicPlan,
    threads: usize,
    /// Its columns, from the first to the one behind the last.
    first: u32,
    end: u32,
    /// The rows that are in memory; the first one is row `top` of the mosaic, where a row of tiles begins.
    rows: VecDeque<Row>,
    top: u32,
    overview: &'a mut Overview,
}

impl Stripe<'_> {
    /// Paints all its photos and writes its tiles; the photos whose previews could not be read.
    fn paint<W: Write + Seek, S: Source>(
        &mut self,
        source: &S,
        tiles: &mut Tiles<'_, '_, W>,
    ) -> Result<Vec<usize>, S::Error> {
        let mut unreadable = Vec::new();
        let (mut done, all) = (0, self.plan.photos.len());
        // A few for each thread, so that none waits long for the slowest; each is 6 MB.
        for batch in self.plan.photos.chunks(2 * self.threads.max(1)) {
            let wanted: Vec<(usize, &GroundView, Vec<Span>)> = (batch.iter())
                .filter_map(|index| Some((*index, self.survey.view(*index)?)))
                .map(|(index, view)| (index, view, self.spans(view)))
                .filter(|(_, _, spans)| !spans.is_empty())
                .collect();
            // All later photos begin further south than the first of these, or where it does.
            if let Some(first) = batch.first().and_then(|index| self.survey.view(*index)) {
                self.flush(self.first_row(first), tiles)?;
            }
            let cell = self.plan.grid.cell;
            let indexes: Vec<usize> = wanted.iter().map(|(index, _, _)| *index).collect();
            let opened = in_parallel(self.threads, wanted, |(index, view, spans)| {
                let preview = source.preview(index)?.and_then(|jpeg| open(&jpeg, view, cell).ok());
                Ok::<_, S::Error>(preview.map(|preview| Painted { view, spans, preview }))
            });
            let mut painted = Vec::with_capacity(opened.len());
            for (index, opened) in indexes.into_iter().zip(opened) {
                // A preview that breaks its reader costs itself only.
                match opened.transpose()?.flatten() {
                    Some(photo) => painted.push(photo),
                    None => unreadable.push(index),
                }
            }
            self.blend(&painted);
            done += batch.len();
            // Stripes are as wide as each other, but for the last.
            let parts = index(self.plan.grid.columns).max(1);
            let before = all * index(self.first);
            let here = done * index(self.end - self.first);
            source.done((before + here) / parts, all)?;
        }
        self.flush(self.plan.grid.rows, tiles)?;
        Ok(unreadable)
    }

    /// The cells of this stripe that a photo may show.
    fn spans(&self, view: &GroundView) -> Vec<Span> {
        let (grid, reach) = (&self.plan.grid, self.plan.reach);
        let around = [(-reach, reach), (reach, reach), (reach, -reach), (-reach, -reach)]
            .map(|(east, north)| crate::domain::geo::Point::new(view.centre.east + east, view.centre.north + north));
        let mut within = grid.spans(&around).peekable();
        let spans = grid.spans(&view.footprint).filter_map(|span| {
            while within.next_if(|within| within.row < span.row).is_some() {}
            let within = within.peek().filter(|within| within.row == span.row)?;
            let first = span.first.max(within.first).max(self.first);
            let end = span.end.min(within.end).min(self.end);
            (first < end).then_some(Span { row: span.row, first, end })
        });
        spans.collect()
    }

    /// The first row that a photo, and each that comes behind it, may show.
    fn first_row(&self, view: &GroundView) -> u32 {
        let corners = view.footprint.iter().map(|corner| corner.north);
        let north = corners.fold(f64::NEG_INFINITY, f64::max).min(view.centre.north + self.plan.reach);
        let row = crate::domain::geo::whole((self.plan.grid.corner.north - north) / self.plan.grid.cell - 1.0);
        u32::try_from(row.max(0)).unwrap_or(u32::MAX).min(self.plan.grid.rows)
    }

    /// Paints photos onto the rows in memory.
    fn blend(&mut self, photos: &[Painted<'_>]) {
        let last = photos.iter().filter_map(|photo| photo.spans.last()).map(|span| span.row).max();
        let columns = index(self.end - self.first);
        if let Some(last) = last {
            let rows = index((last + 1).saturating_sub(self.top));
            while self.rows.len() < rows {
                self.rows.push_back(Row::new(columns));
            }
        }
        let (grid, first, top) = (self.plan.grid, self.first, self.top);
        let parts: Vec<(u32, &mut [Row])> = (self.rows.make_contiguous().chunks_mut(ROWS_AT_ONCE).enumerate())
            .map(|(at, rows)| (top + u32::try_from(at * ROWS_AT_ONCE).unwrap_or(0), rows))
            .collect();
        in_parallel(self.threads, parts, |(top, rows)| {
            for photo in photos {
                let from = photo.spans.partition_point(|span| span.row < top);
                for span in photo.spans.iter().skip(from) {
                    let Some(row) = rows.get_mut(index(span.row - top)) else { break };
                    photo.paint(&grid, first, *span, row);
                }
            }
        });
    }

    /// Writes the rows of tiles that end before a row, and forgets them.
    fn flush<W: Write + Seek>(&mut self, before: u32, tiles: &mut Tiles<'_, '_, W>) -> std::io::Result<()> {
        let last = before >= self.plan.grid.rows;
        while !self.rows.is_empty() && (last || before >= self.top + TILE) {
            let height = self.rows.len().min(index(TILE));
            let rows: Vec<Row> = self.rows.drain(..height).collect();
            for (row, of) in (self.top..).zip(&rows) {
                self.overview.add(row, self.first, of);
            }
            let columns: Vec<u32> = (self.first..self.end).step_by(index(TILE)).collect();
            let (first, row) = (self.first, self.top / TILE);
            let made = in_parallel(self.threads, columns.clone(), |column| tile_of(&rows, index(column - first)));
            for (column, made) in columns.into_iter().zip(made) {
                let made = made.unwrap_or_else(|| Err(std::io::Error::other("a tile could not be made")))?;
                if let Some(tile) = made {
                    tiles.put(column / TILE, row, &tile)?;
                }
            }
            self.top += TILE;
        }
        // Nothing is painted yet, so it is known where the next row of tiles is.
        if self.rows.is_empty() {
            self.top = self.top.max(before / TILE * TILE);
        }
        Ok(())
    }
}

/// The tile that begins at a column of these rows; `None` if nothing is in it.
fn tile_of(rows: &[Row], column: usize) -> std::io::Result<Option<Tile>> {
    let side = index(TILE);
    let mut rgb = vec![WHITE; 3 * side * side];
    let mut mask = vec![0_u8; side * side / 8];
    let mut has = false;
    for (row, (rgb, mask)) in rows.iter().zip(rgb.chunks_exact_mut(3 * side).zip(mask.chunks_exact_mut(side / 8))) {
        let from = row.rgb.get(3 * column..).unwrap_or_default();
        let from = from.get(..3 * side).unwrap_or(from);
        if let Some(place) = rgb.get_mut(..from.len()) {
            place.copy_from_slice(from);
        }
        for (at, nearest) in row.nearest.iter().skip(column).take(side).enumerate() {
            if let (true, Some(bits)) = (nearest.is_finite(), mask.get_mut(at / 8)) {
                *bits |= 0x80 >> (at % 8);
                has = true;
            }
        }
    }
    if has { tile(&rgb, &mask).map(Some) } else { Ok(None) }
}

/// A preview, not much finer than the mosaic is.
fn open(jpeg: &[u8], view: &GroundView, cell: f64) -> Result<Pixels, PhotoProblem> {
    let pixels = pixels::decode(Media::Jpeg, jpeg)?.pixels;
    let wide = view.footprint[0].distance(view.footprint[1]).max(view.footprint[3].distance(view.footprint[2]));
    let finer = f64::from(pixels.width()) * cell / wide;
    if finer <= MAX_FINER {
        return Ok(pixels);
    }
    let smaller = |side: u32| {
        let side = crate::domain::geo::whole(f64::from(side) / finer);
        u32::try_from(side).unwrap_or(1).max(1)
    };
    pixels.resized(smaller(pixels.width()), smaller(pixels.height()))
}

impl Painted<'_> {
    /// Paints a row where no photo is nearer.
    fn paint(&self, grid: &Grid, first: u32, span: Span, row: &mut Row) {
        let north = grid.middle(span.row, 0).north;
        let seen = self.view.row(north);
        let away_north = (north - self.view.centre.north).powi(2);
        let cells = index(span.first - first)..index(span.end - first);
        let Some(nearest) = row.nearest.get_mut(cells.clone()) else { return };
        let Some(rgb) = row.rgb.get_mut(3 * cells.start..3 * cells.end) else { return };
        let west = grid.middle(0, span.first).east;
        let mut east = west;
        for (nearest, rgb) in nearest.iter_mut().zip(rgb.chunks_exact_mut(3)) {
            #[expect(clippy::cast_possible_truncation, reason = "it is compared, and is not far from another")]
            let away = ((east - self.view.centre.east).powi(2) + away_north) as f32;
            if away < *nearest
                && let Some((x, y)) = seen.seen(east)
            {
                rgb.copy_from_slice(&self.preview.at(x, y));
                *nearest = away;
            }
            east += grid.cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, io::Cursor};

    use tiff::{decoder::Decoder, tags::Tag};

    use super::*;
    use crate::{
        domain::{
            geo::{Point, float},
            id::BlobId,
            survey::{SurveyPhoto, testing},
        },
        server::pictures::{
            Picture, open as open_photo,
            survey::{Shot, Survey as Flown},
        },
    };

    /// Previews in memory; what is asked for is counted.
    #[derive(Default)]
    struct Previews {
        jpegs: BTreeMap<usize, Bytes>,
        asked: Mutex<Vec<usize>>,
        done: Mutex<Vec<(usize, usize)>>,
        stop: bool,
    }

    impl Source for Previews {
        type Error = std::io::Error;

        fn preview(&self, index: usize) -> std::io::Result<Option<Bytes>> {
            self.asked.lock().expect("a lock").push(index);
            Ok(self.jpegs.get(&index).cloned())
        }

        fn done(&self, photos: usize, of: usize) -> std::io::Result<()> {
            self.done.lock().expect("a lock").push((photos, of));
            if self.stop { Err(std::io::Error::other("stopped")) } else { Ok(()) }
        }
    }

    fn plain(colour: [u8; 3], width: u32, height: u32) -> Bytes {
        let pixels = usize::try_from(width * height).expect("small");
        Pixels::new(width, height, colour.repeat(pixels)).jpeg_of(90).expect("a JPEG").into()
    }

    /// A mosaic as it is read: its sides, its pixels, and for each whether it is there.
    struct Made {
        width: u32,
        height: u32,
        rgb: Vec<[u8; 3]>,
        there: Vec<bool>,
        unreadable: usize,
        overview: Pixels,
    }

    impl Made {
        fn at(&self, column: u32, row: u32) -> ([u8; 3], bool) {
            let at = index(row) * index(self.width) + index(column);
            (self.rgb[at], self.there[at])
        }
    }

    /// The overview shows what the mosaic shows, but for what its JPEGs lose.
    fn assert_overview(made: &Made) {
        let step = made.width.max(made.height).div_ceil(1_600).max(1);
        let small = &made.overview;
        assert_eq!((small.width(), small.height()), (made.width.div_ceil(step), made.height.div_ceil(step)));
        let mut compared = 0;
        for (row, column) in (0..small.height()).flat_map(|row| (0..small.width()).map(move |column| (row, column))) {
            let (x, y) = (column * step + step / 2, row * step + step / 2);
            if x >= made.width || y >= made.height || !made.at(x, y).1 {
                continue;
            }
            let at = 3 * index(row * small.width() + column);
            let away = small.rgb[at..at + 3].iter().zip(made.at(x, y).0).map(|(one, other)| one.abs_diff(other)).max();
            compared += u32::from(away.is_some_and(|away| away < 64));
        }
        assert!(compared > small.width() * small.height() / 3, "{compared} pixels are as they should be");
    }

    fn made(survey: &Survey<'_>, plan: &MosaicPlan, previews: &Previews, threads: usize) -> Made {
        let mut bytes = Cursor::new(Vec::new());
        let Written { unreadable, overview } = write(survey, plan, threads, previews, &mut bytes).expect("a mosaic");
        let bytes = bytes.into_inner();
        let mut decoder = Decoder::new(Cursor::new(&bytes[..])).expect("a TIFF");
        let (width, height) = decoder.dimensions().expect("sides");
        let across = width.div_ceil(TILE);
        let mut made = Made {
            width,
            height,
            rgb: vec![[0; 3]; index(width * height)],
            there: vec![false; index(width * height)],
            unreadable,
            overview,
        };
        let extents = |decoder: &mut Decoder<_>| {
            let offsets = decoder.get_tag_u32_vec(Tag::TileOffsets).expect("offsets");
            offsets.into_iter().zip(decoder.get_tag_u32_vec(Tag::TileByteCounts).expect("lengths")).collect::<Vec<_>>()
        };
        let pixels: Vec<_> = extents(&mut decoder)
            .into_iter()
            .map(|(from, length)| {
                image::load_from_memory(&bytes[index(from)..index(from + length)]).expect("a JPEG").into_rgb8()
            })
            .collect();
        decoder.next_image().expect("the mask");
        let masks: Vec<Vec<u8>> = extents(&mut decoder)
            .into_iter()
            .map(|(from, length)| unpacked(&bytes[index(from)..index(from + length)]))
            .collect();
        for row in 0..height {
            for column in 0..width {
                let tile = index(row / TILE * across + column / TILE);
                let (x, y) = (column % TILE, row % TILE);
                let bit = masks[tile][index(y * TILE + x) / 8] & (0x80 >> (x % 8));
                let at = index(row * width + column);
                made.rgb[at] = pixels[tile].get_pixel(x, y).0;
                made.there[at] = bit != 0;
            }
        }
        made
    }

    /// What [`geotiff::pack`] packed, read by the decoder of TIFFs: one tile of bits as bytes.
    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let (side, mut bytes) = (TILE, Cursor::new(Vec::new()));
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut bytes).expect("an encoder");
        let mut directory = encoder.image_directory().expect("a directory");
        let offset = u32::try_from(directory.write_data(packed).expect("data")).expect("small");
        for (tag, value) in [
            (Tag::ImageWidth, side / 8),
            (Tag::ImageLength, side),
            (Tag::BitsPerSample, 8),
            (Tag::Compression, 8),
            (Tag::PhotometricInterpretation, 1),
            (Tag::SamplesPerPixel, 1),
            (Tag::RowsPerStrip, side),
            (Tag::StripOffsets, offset),
            (Tag::StripByteCounts, u32::try_from(packed.len()).expect("small")),
        ] {
            directory.write_tag(tag, value).expect("a tag");
        }
        directory.finish().expect("finished");
        let mut decoder = Decoder::new(Cursor::new(bytes.into_inner())).expect("a TIFF");
        match decoder.read_image().expect("bits") {
            tiff::decoder::DecodingResult::U8(bits) => bits,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn job_4_each_piece_of_ground_is_of_the_photo_whose_middle_is_nearest() {
        let photos = testing::lawn_mower(2, 3);
        let survey = Survey::of(&photos);
        let mut plan = MosaicPlan::of(&survey).expect("a plan");
        plan.grid = Grid::over(survey.placed().map(|(_, view)| &view.footprint), 0.3, 4_000).expect("a grid");
        let colours = [[220, 20, 20], [20, 220, 20], [20, 20, 220], [220, 220, 20], [20, 220, 220], [220, 20, 220]];
        let jpegs = colours.iter().enumerate().map(|(at, colour)| (at, plain(*colour, 400, 267))).collect();
        let previews = Previews { jpegs, ..Previews::default() };
        for threads in [1, 3] {
            let made = made(&survey, &plan, &previews, threads);
            assert_eq!((made.width, made.height, made.unreadable), (plan.grid.columns, plan.grid.rows, 0));
            assert_overview(&made);
            let mut seen = 0;
            for row in (0..made.height).step_by(3) {
                for column in (0..made.width).step_by(3) {
                    let point = plan.grid.middle(row, column);
                    let mut near: Vec<(f64, usize)> = (0..6)
                        .filter(|at| {
                            let view = survey.view(*at).expect("a view");
                            view.row(point.north).seen(point.east).is_some()
                        })
                        .map(|at| (survey.view(at).expect("a view").centre.distance(point), at))
                        .collect();
                    near.sort_by(|one, other| one.0.total_cmp(&other.0));
                    let (colour, there) = made.at(column, row);
                    assert_eq!(there, !near.is_empty(), "{column} {row}");
                    // Beside a seam, the colours of a JPEG run into each other.
                    let seam = near.len() > 1 && near[1].0 - near[0].0 < 3.0;
                    if let (Some((_, nearest)), false) = (near.first(), seam) {
                        let wanted = colours[*nearest];
                        assert!(
                            colour.iter().zip(wanted).all(|(one, other)| one.abs_diff(other) < 40),
                            "{colour:?} {wanted:?}"
                        );
                        seen += 1;
                    }
                }
            }
            assert!(seen > 1_000);
        }
    }

    #[test]
    fn job_4_a_wide_mosaic_is_made_in_stripes_and_each_photo_is_opened_once_or_at_their_edge_twice() {
        let photos = testing::lawn_mower(12, 2);
        let survey = Survey::of(&photos);
        let mut plan = MosaicPlan::of(&survey).expect("a plan");
        // The north of it is enough.
        plan.grid.rows = 600;
        assert!(plan.grid.columns > STRIPE, "{:?}", plan.grid);
        let jpegs = (0..photos.len()).map(|at| (at, plain([90, 120, 60], 160, 107))).collect();
        let previews = Previews { jpegs, ..Previews::default() };
        let made = made(&survey, &plan, &previews, 2);
        let mut asked: BTreeMap<usize, usize> = BTreeMap::new();
        for index in previews.asked.lock().expect("a lock").iter() {
            *asked.entry(*index).or_default() += 1;
        }
        assert_eq!(asked.len(), photos.len());
        let twice = asked.values().filter(|times| **times == 2).count();
        assert!(asked.values().all(|times| *times <= 2) && (1..=10).contains(&twice), "{asked:?}");
        // All of it is there, also at the edge of the stripes. The last row and column may lie half beside all photos.
        let middle = made.height / 2;
        assert!((0..made.width - 1).all(|column| made.at(column, middle).1));
        assert!((0..made.height - 1).all(|row| made.at(STRIPE - 1, row).1 && made.at(STRIPE, row).1));
        let done = previews.done.lock().expect("a lock");
        assert!(done.is_sorted() && done.last() == Some(&(24, 24)), "{done:?}");
    }

    #[test]
    fn job_4_previews_that_cannot_be_read_leave_their_place_to_others() {
        let photos = testing::lawn_mower(1, 5);
        let survey = Survey::of(&photos);
        let plan = MosaicPlan::of(&survey).expect("a plan");
        let mut jpegs: BTreeMap<usize, Bytes> = (0..5).map(|at| (at, plain([40, 160, 40], 80, 53))).collect();
        jpegs.remove(&1);
        jpegs.insert(3, Bytes::from_static(b"\xFF\xD8 nothing that is a photo"));
        let previews = Previews { jpegs, ..Previews::default() };
        let made = made(&survey, &plan, &previews, 2);
        assert_eq!(made.unreadable, 2);
        assert!((0..made.height).all(|row| made.at(made.width / 2, row).1));
    }

    #[test]
    fn job_4_a_mosaic_is_stopped_by_its_source() {
        let photos = testing::lawn_mower(2, 5);
        let survey = Survey::of(&photos);
        let plan = MosaicPlan::of(&survey).expect("a plan");
        let previews = Previews { stop: true, ..Previews::default() };
        let stopped = write(&survey, &plan, 1, &previews, Cursor::new(Vec::new()));
        assert_eq!(stopped.map(|_| ()).map_err(|error| error.to_string()), Err("stopped".to_owned()));
        assert_eq!(previews.done.lock().expect("a lock").len(), 1);
    }

    #[test]
    fn job_4_what_panics_on_one_thread_costs_one_answer() {
        let answers = in_parallel(3, (0..10).collect(), |at: i32| {
            assert!(at != 4, "on purpose");
            std::thread::yield_now();
            at * at
        });
        let wanted: Vec<Option<i32>> = (0..10).map(|at| (at != 4).then_some(at * at)).collect();
        assert_eq!(answers, wanted);
        assert_eq!(in_parallel(0, vec![1], |one| one), [Some(1)]);
        assert!(in_parallel(8, Vec::<u8>::new(), |one| one).is_empty());
    }

    /// A rendered survey, opened as uploads are.
    pub(crate) fn flown(lines: u32, photos_in_line: u32) -> (Vec<SurveyPhoto>, Vec<Shot>, Vec<Picture>) {
        let begins = crate::domain::time::Timestamp::parse_rfc3339("2026-11-18T10:00:00Z").expect("a time");
        let flown = Flown { width: 480, seed: 7, lines, photos_in_line, middle: testing::MIDDLE, begins, planted: &[] };
        let shots = flown.fly().expect("it flies");
        let pictures: Vec<Picture> =
            shots.iter().map(|shot| open_photo(Media::Jpeg, &shot.jpeg).expect("a photo")).collect();
        let photos = (1..).zip(shots.iter().zip(&pictures)).map(|(number, (shot, picture))| SurveyPhoto {
            number,
            path: shot.name.clone(),
            blob: BlobId(uuid::Uuid::from_u128(u128::try_from(number).expect("positive"))),
            facts: picture.facts.clone(),
            opened: Ok(picture.measured),
        });
        (photos.collect(), shots.clone(), pictures)
    }

    #[test]
    fn job_4_view_2_a_rendered_square_of_100_m_is_where_it_is_and_one_hectare() {
        let (photos, _, pictures) = flown(3, 5);
        let survey = Survey::of(&photos);
        let mut plan = MosaicPlan::of(&survey).expect("a plan");
        // Photos of 480 pixels are finer than a quarter of them: half a metre is enough to see the square.
        plan.grid = Grid::over(survey.placed().map(|(_, view)| &view.footprint), 0.5, 4_000).expect("a grid");
        let jpegs = pictures.iter().enumerate().map(|(at, picture)| (at, picture.large.clone())).collect();
        let made = made(&survey, &plan, &Previews { jpegs, ..Previews::default() }, 2);
        // The square is around the middle of the ground, which is the middle of the survey; its lines are white and 1.8 m wide.
        let frame = survey.frame.expect("a frame");
        let middle = frame.point(testing::MIDDLE);
        let is_white = |point: Point| {
            let cells = |metres: f64| u32::try_from(crate::domain::geo::whole(metres / 0.5 - 0.5)).expect("inside");
            let (column, row) =
                (cells(point.east - plan.grid.corner.east), cells(plan.grid.corner.north - point.north));
            let (colour, there) = made.at(column, row);
            assert!(there);
            colour.iter().all(|value| *value > 185)
        };
        // Drawn on a map of the mosaic, it is a hectare (VIEW-2).
        let corners = [(-50.0, -50.0), (50.0, -50.0), (50.0, 50.0), (-50.0, 50.0)].map(|(east, north)| {
            let (latitude, longitude) = frame.degrees(Point::new(middle.east + east, middle.north + north));
            crate::domain::annotation::place_in_degrees(latitude, longitude).expect("a place")
        });
        let area = crate::domain::measure::area(&corners);
        assert!((area - 10_000.0).abs() < 50.0, "{area} m²");
        // Along each side, the line is found within three metres of where it is.
        for (east, north) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)] {
            let mut found = 0;
            for along in -40..=40 {
                let along = float(along);
                let on_line = |off: f64| {
                    let out = 49.1 + off;
                    Point::new(middle.east + east * out + north * along, middle.north + north * out + east * along)
                };
                found += u32::from((-12..=12).any(|off| is_white(on_line(float(off) / 4.0))));
            }
            assert!(found >= 65, "{east} {north}: {found} of 81");
        }
    }
}
