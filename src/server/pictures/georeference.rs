//! Where the pixels of a raster are on the earth (VIEW-1): the tags of a GeoTIFF, and its coordinate system by its EPSG code.
//!
//! A file of tiles gets the same tags, so that it lies where its source lies.

use std::io::{Read, Seek};

use proj4rs::{Proj, adaptors::transform_vertex_2d};
use tiff::{
    decoder::{Decoder, ifd::Value},
    tags::Tag,
};

use super::raster::unreadable;
use crate::{
    domain::{
        geo::{MAX_LATITUDE, Point, whole},
        layer::LayerProblem,
        photo::Position,
        viewport::{Ground, Placement},
    },
    view::viewer::GRID,
};

/// How many pixels apart places are that a distance is measured between: far enough to be told from rounding.
const STEP: f64 = 16.0;

/// How many metres a nanodegree of latitude is.
const NANODEGREE_METRES: f64 = 111_320.0e-9;

/// How far a place may be from where its coordinates lead back to, in units of the system, and that as a part of them. What is farther
/// off is not of the system: a Mercator map, for one, goes around the earth again and again.
const ASTRAY: (f64, f64) = (10.0, 1e-5);

/// The country that the projection of Křovák is for, in degrees: west, south, east and north, with some room around it. East and north
/// are negative there, and who changes them for one another is in Germany.
const KROVAK_AREA: [f64; 4] = [11.0, 47.0, 24.0, 52.0];

/// The same for the systems of Switzerland (LV95 and LV03). Degrees would be in the Atlantic.
const SWISS_AREA: [f64; 4] = [4.5, 44.5, 12.0, 49.0];

/// Which metres to the east are in a zone of UTM, with room for countries that are drawn in one zone: its middle is at 500 kilometres.
const UTM_EAST: std::ops::RangeInclusive<f64> = -500_000.0..=1_500_000.0;

/// How far pixels may lie from where a flat map shows them, as a part of the raster, and in metres, as positions are rounded.
const BENT: (f64, f64) = (0.03, 0.001);

/// How many numbers a tag of a place has at most.
const MAX_NUMBERS: usize = 4_096;

/// The EPSG code of WGS 84 in degrees.
const WGS84: u16 = 4326;
/// Where a GeoTIFF says that it has a system of its own.
const USER_DEFINED: u16 = 32_767;

// Keys of a GeoTIFF.
const RASTER_TYPE: u16 = 1025;
const GEOGRAPHIC_SYSTEM: u16 = 2048;
const PROJECTED_SYSTEM: u16 = 3072;
const PROJECTION: u16 = 3074;
/// A raster type: a pixel is measured at its middle.
const PIXEL_IS_POINT: u16 = 2;

/// The tags that say where a raster is, as they were read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GeoTags {
    pub scale: Vec<f64>,
    pub tie_points: Vec<f64>,
    pub transformation: Vec<f64>,
    pub keys: Vec<u16>,
    pub doubles: Vec<f64>,
    pub ascii: String,
}

/// Where a raster is.
pub struct Georeference {
    pub tags: GeoTags,
    affine: Affine,
    system: System,
}

/// East and north of a column and a row, counted from the corner of the first pixel: `[0] + [1] column + [2] row`, in the units of
/// the system.
#[derive(Clone, Copy)]
struct Affine {
    east: [f64; 3],
    north: [f64; 3],
}

impl Affine {
    fn at(&self, column: f64, row: f64) -> (f64, f64) {
        let of = |[begin, by_column, by_row]: [f64; 3]| begin + by_column * column + by_row * row;
        (of(self.east), of(self.north))
    }

    /// Begun so many pixels to the right and below.
    fn moved(self, by: f64) -> Self {
        let of = |[begin, by_column, by_row]: [f64; 3]| [begin + by * (by_column + by_row), by_column, by_row];
        Self { east: of(self.east), north: of(self.north) }
    }

    /// Whether every place has a pixel of its own.
    fn is_one(&self) -> bool {
        let determinant = self.east[1] * self.north[2] - self.east[2] * self.north[1];
        self.east.iter().chain(&self.north).all(|number| number.is_finite()) && determinant.abs() > 0.0
    }
}

enum System {
    /// Degrees of WGS 84.
    Degrees,
    /// With its EPSG code, and degrees of WGS 84.
    Projected(u16, Box<(Proj, Proj)>),
}

/// Whether a place is near to what its system is for, where that is known: given in units of the system, and in degrees. Coordinates that
/// were written for another system often lead back to themselves.
fn is_in_area((code, system): (u16, &Proj), place: (f64, f64), degrees: (f64, f64)) -> bool {
    let within = |[west, south, east, north]: [f64; 4]| {
        (west..=east).contains(&degrees.0) && (south..=north).contains(&degrees.1)
    };
    match (system.projname(), code) {
        ("krovak", _) => within(KROVAK_AREA),
        (_, 2056 | 21_781) => within(SWISS_AREA),
        // What is so near to the origin, which lies in no zone, are degrees.
        ("utm", _) => {
            UTM_EAST.contains(&(place.0 * system.to_meter())) && (place.0.abs() > 360.0 || place.1.abs() > 90.0)
        }
        _ => true,
    }
}

impl GeoTags {
    /// Reads the tags of an image.
    ///
    /// # Errors
    /// `Unreadable`.
    fn read<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Self, LayerProblem> {
        let mut numbers = |tag: Tag| -> Result<Vec<f64>, LayerProblem> {
            let value = decoder.find_tag(tag).map_err(unreadable)?;
            let numbers = value.map(Value::into_f64_vec).transpose().map_err(unreadable)?.unwrap_or_default();
            Ok(if numbers.len() > MAX_NUMBERS { Vec::new() } else { numbers })
        };
        let (scale, tie_points) = (numbers(Tag::ModelPixelScaleTag)?, numbers(Tag::ModelTiepointTag)?);
        let (transformation, doubles) = (numbers(Tag::ModelTransformationTag)?, numbers(Tag::GeoDoubleParamsTag)?);
        let keys: Vec<u16> =
            decoder.find_tag_unsigned_vec(Tag::GeoKeyDirectoryTag).map_err(unreadable)?.unwrap_or_default();
        let ascii = decoder.find_tag(Tag::GeoAsciiParamsTag).ok().flatten();
        let ascii = ascii.and_then(|value| value.into_string().ok()).unwrap_or_default();
        let is_plain = keys.len() <= MAX_NUMBERS && ascii.len() <= MAX_NUMBERS && ascii.is_ascii();
        let (keys, ascii) = if is_plain { (keys, ascii) } else { (Vec::new(), String::new()) };
        Ok(Self { scale, tie_points, transformation, keys, doubles, ascii })
    }

    /// The value of a key that is a short number.
    fn key(&self, wanted: u16) -> Option<u16> {
        let entries = self.keys.get(4..)?.chunks_exact(4);
        // Where a value is in the directory itself, no tag is named.
        entries.filter(|entry| entry[0] == wanted && entry[1] == 0).map(|entry| entry[3]).next()
    }

    fn affine(&self) -> Option<Affine> {
        let affine = match (self.transformation.as_slice(), self.scale.as_slice(), self.tie_points.as_slice()) {
            ([east_by_column, east_by_row, _, east, north_by_column, north_by_row, _, north, ..], ..) => Affine {
                east: [*east, *east_by_column, *east_by_row],
                north: [*north, *north_by_column, *north_by_row],
            },
            (_, [across, down, ..], [column, row, _, east, north, _, ..]) => {
                Affine { east: [east - column * across, *across, 0.0], north: [north + row * down, 0.0, -down] }
            }
            _ => return None,
        };
        // The corner of the first pixel lies half a pixel before its middle.
        let affine = if self.key(RASTER_TYPE) == Some(PIXEL_IS_POINT) { affine.moved(-0.5) } else { affine };
        affine.is_one().then_some(affine)
    }

    /// The EPSG code of the system.
    fn code(&self) -> Result<u16, LayerProblem> {
        let known = |key: u16| self.key(key).filter(|code| *code != 0 && *code != USER_DEFINED);
        if let Some(code) = known(PROJECTED_SYSTEM) {
            return Ok(code);
        }
        if self.key(PROJECTED_SYSTEM).is_some() {
            // UTM by its zone: 160zz in the north, 161zz in the south.
            return match self.key(PROJECTION) {
                Some(code @ (16_001..=16_060 | 16_101..=16_160)) if self.is_like_wgs84() => Ok(code + 16_600),
                _ => Err(LayerProblem::Projection("one of its own".to_owned())),
            };
        }
        match (known(GEOGRAPHIC_SYSTEM), self.key(GEOGRAPHIC_SYSTEM)) {
            (Some(code), _) => Ok(code),
            (None, Some(_)) => Err(LayerProblem::Projection("one of its own".to_owned())),
            (None, None) => Err(LayerProblem::NoPlace),
        }
    }

    /// Whether its degrees are those of WGS 84 or of a datum that is within two metres of it.
    fn is_like_wgs84(&self) -> bool {
        matches!(self.key(GEOGRAPHIC_SYSTEM), Some(WGS84 | 4258 | 4269))
    }
}

impl Georeference {
    /// Reads where an image is.
    ///
    /// # Errors
    /// `NoPlace`; `Projection` for a system that is not known.
    pub fn read<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Self, LayerProblem> {
        Self::of(GeoTags::read(decoder)?)
    }

    fn of(tags: GeoTags) -> Result<Self, LayerProblem> {
        let affine = tags.affine().ok_or(LayerProblem::NoPlace)?;
        let code = tags.code()?;
        let system = if code == WGS84 {
            System::Degrees
        } else {
            let unknown = |_| LayerProblem::Projection(format!("EPSG {code}"));
            let own = Proj::from_epsg_code(code).map_err(unknown)?;
            let degrees = Proj::from_epsg_code(WGS84).map_err(unknown)?;
            if !own.has_inverse() {
                return Err(LayerProblem::Projection(format!("EPSG {code}")));
            }
            System::Projected(code, Box::new((own, degrees)))
        };
        Ok(Self { tags, affine, system })
    }

    /// Where a column and a row are, counted from the corner of the first pixel.
    ///
    /// # Errors
    /// `Outside`.
    fn position(&self, column: f64, row: f64) -> Result<Position, LayerProblem> {
        let (east, north) = self.affine.at(column, row);
        let (longitude, latitude) = match &self.system {
            System::Degrees => (east, north),
            System::Projected(code, systems) => {
                let (own, degrees) = systems.as_ref();
                // Degrees are radians there.
                let place = if own.is_latlong() { (east.to_radians(), north.to_radians()) } else { (east, north) };
                let found = transform_vertex_2d(own, degrees, place).map_err(|_| LayerProblem::Outside)?;
                let (longitude, latitude) = (found.0.to_degrees(), found.1.to_degrees());
                if !own.is_latlong() {
                    let back = transform_vertex_2d(degrees, own, found).map_err(|_| LayerProblem::Outside)?;
                    let is_near = |one: f64, other: f64| (one - other).abs() <= ASTRAY.0 + ASTRAY.1 * one.abs();
                    let is_there = is_in_area((*code, own), place, (longitude, latitude));
                    if !is_near(place.0, back.0) || !is_near(place.1, back.1) || !is_there {
                        return Err(LayerProblem::Outside);
                    }
                }
                (longitude, latitude)
            }
        };
        let is_on_earth = longitude.is_finite() && longitude.abs() <= 360.0 && latitude.abs() <= 90.0;
        if !is_on_earth {
            return Err(LayerProblem::Outside);
        }
        let longitude = if longitude > 180.0 {
            longitude - 360.0
        } else if longitude < -180.0 {
            longitude + 360.0
        } else {
            longitude
        };
        Ok(Position { latitude: whole(latitude * 1e9), longitude: whole(longitude * 1e9) })
    }

    /// The places of [`GRID`] by [`GRID`] corners and points between them, row by row from the upper left.
    ///
    /// # Errors
    /// `Outside`; `NotFlat`.
    pub fn grid(&self, width: u32, height: u32) -> Result<Vec<Position>, LayerProblem> {
        #[expect(clippy::cast_precision_loss, reason = "there are a few of them")]
        let part = |at: usize, side: u32| f64::from(side) * at as f64 / (GRID - 1) as f64;
        let mut grid = Vec::with_capacity(GRID * GRID);
        for row in 0..GRID {
            for column in 0..GRID {
                grid.push(self.position(part(column, width), part(row, height))?);
            }
        }
        // As the viewer lays it on its map.
        let ground = Ground::over(&grid).ok_or(LayerProblem::NotFlat)?;
        let placement = Placement::of(&ground, (width, height), &grid).ok_or(LayerProblem::NotFlat)?;
        let corner = |row: usize, column: usize| grid.get(row * GRID + column).map(|place| ground.point(*place));
        let (first, last) = (corner(0, 0).unwrap_or_default(), corner(GRID - 1, GRID - 1).unwrap_or_default());
        let (right, left) = (corner(0, GRID - 1).unwrap_or_default(), corner(GRID - 1, 0).unwrap_or_default());
        let length = |one: Point, other: Point| (one.east - other.east).hypot(one.north - other.north);
        let most = BENT.1 + BENT.0 * length(first, last).max(length(left, right));
        for (at, place) in grid.iter().enumerate() {
            let shown = placement.point_of((part(at % GRID, width), part(at / GRID, height)));
            let bent = length(shown, ground.point(*place));
            if bent.is_nan() || bent > most || float(place.latitude).abs() > MAX_LATITUDE * 1e9 {
                return Err(LayerProblem::NotFlat);
            }
        }
        Ok(grid)
    }

    /// How many metres a pixel is across and down in the middle of a raster.
    ///
    /// # Errors
    /// `Outside`.
    pub fn pixel_metres(&self, width: u32, height: u32) -> Result<(f64, f64), LayerProblem> {
        let (column, row) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        let middle = self.position(column, row)?;
        let metres = |other: Position| {
            let north = float(other.latitude - middle.latitude) * NANODEGREE_METRES;
            let east = float(other.longitude - middle.longitude)
                * NANODEGREE_METRES
                * (float(middle.latitude) * 1e-9).to_radians().cos();
            north.hypot(east)
        };
        let across = metres(self.position(column + STEP, row)?) / STEP;
        let down = metres(self.position(column, row + STEP)?) / STEP;
        Ok((across.max(1e-6), down.max(1e-6)))
    }
}

fn float(value: i64) -> f64 {
    crate::domain::geo::float(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(keys: &[[u16; 2]]) -> GeoTags {
        let mut directory = vec![1, 1, 0, u16::try_from(keys.len()).expect("few")];
        directory.extend(keys.iter().flat_map(|[key, value]| [*key, 0, 1, *value]));
        GeoTags {
            scale: vec![0.5, 0.5, 0.0],
            tie_points: vec![0.0, 0.0, 0.0, 500_000.0, 5_168_000.0, 0.0],
            keys: directory,
            ..GeoTags::default()
        }
    }

    fn apart(one: Position, latitude: f64, longitude: f64) -> f64 {
        (float(one.latitude) * 1e-9 - latitude).abs().max((float(one.longitude) * 1e-9 - longitude).abs())
    }

    #[test]
    fn view_1_utm_is_where_proj_says() {
        let place = Georeference::of(tags(&[[1024, 1], [1025, 1], [3072, 32_632]])).expect("a place");
        let grid = place.grid(1_600, 3_200).expect("on the earth");
        assert_eq!(grid.len(), GRID * GRID);
        // What PROJ makes of 500000 5168000 and of 500800 5168000.
        assert!(apart(grid[0], 46.665_559_130_7, 9.0) < 2e-9, "{:?}", grid[0]);
        assert!(apart(grid[16], 46.665_558_652_8, 9.010_457_698_8) < 2e-9, "{:?}", grid[16]);
        assert!(grid[16 * GRID].latitude < grid[0].latitude);
        let (across, down) = place.pixel_metres(1_600, 3_200).expect("a size");
        assert!((across - 0.5).abs() < 0.005 && (down - 0.5).abs() < 0.005, "{across} {down}");
    }

    #[test]
    fn view_1_a_zone_without_a_code_is_that_zone() {
        let by_zone = Georeference::of(tags(&[[2048, 4326], [3072, 32_767], [3074, 16_032]])).expect("a place");
        let by_code = Georeference::of(tags(&[[3072, 32_632]])).expect("a place");
        assert_eq!(by_zone.grid(100, 100), by_code.grid(100, 100));
    }

    #[test]
    fn view_1_degrees_are_taken_as_they_are_and_a_point_is_a_middle() {
        let degrees = |raster: u16| {
            let tags = GeoTags {
                scale: vec![0.001, 0.002, 0.0],
                tie_points: vec![0.0, 0.0, 0.0, 8.0, 47.0, 0.0],
                ..tags(&[[1025, raster], [2048, 4326]])
            };
            Georeference::of(tags).expect("a place").grid(100, 50).expect("on the earth")
        };
        assert_eq!(degrees(1)[0], Position { latitude: 47_000_000_000, longitude: 8_000_000_000 });
        assert_eq!(degrees(1)[GRID * GRID - 1], Position { latitude: 46_900_000_000, longitude: 8_100_000_000 });
        assert_eq!(degrees(2)[0], Position { latitude: 47_001_000_000, longitude: 7_999_500_000 });
    }

    #[test]
    fn view_1_a_raster_is_at_the_right_place_or_says_why_not() {
        // The corner at the upper left in the units of a system, the size of a pixel, and where the corner is.
        let placed = |code: u16, (east, north): (f64, f64), pixel: f64| {
            let key = if code == WGS84 { GEOGRAPHIC_SYSTEM } else { PROJECTED_SYSTEM };
            let tags = GeoTags {
                scale: vec![pixel, pixel, 0.0],
                tie_points: vec![0.0, 0.0, 0.0, east, north, 0.0],
                ..tags(&[[1025, 1], [key, code]])
            };
            Georeference::of(tags).and_then(|place| place.grid(1_000, 1_000)).map(|grid| grid[0])
        };
        for (told, code, corner, pixel, latitude, longitude) in [
            ("Zurich on a web map", 3857, (950_000.0, 6_005_000.0), 0.5, 47.382_9, 8.534_0),
            ("Fiji, on both sides of 180 degrees", 4326, (179.999, -17.0), 2e-6, -17.0, 179.999),
            ("Antarctica beside the sea", 3031, (-1_000_000.0, 1_000_000.0), 0.5, -77.037_4, -45.0),
            ("two hundred kilometres from the south pole", 3031, (200_000.0, 0.0), 0.1, -88.16, 90.0),
            ("Prague by Křovák, east and north", 5514, (-743_000.0, -1_043_000.0), 0.1, 50.087_4, 14.418_7),
            ("Bern", 2056, (2_600_000.0, 1_200_000.0), 0.05, 46.951_08, 7.438_63),
            ("Bern as it was measured before", 21_781, (600_000.0, 200_000.0), 0.05, 46.951_08, 7.438_63),
            ("Tasmania", 32_755, (526_000.0, 5_252_000.0), 0.1, -42.88, 147.32),
            ("the south in a zone of the north", 32_632, (500_000.0, -3_000_000.0), 0.1, -27.12, 9.0),
            ("Norway far outside of its zone", 32_632, (900_000.0, 7_000_000.0), 0.1, 62.937, 16.876),
            ("a country", 3035, (4_000_000.0, 3_000_000.0), 500.0, 50.1, 5.6),
        ] {
            let corner = placed(code, corner, pixel);
            let near = corner.clone().is_ok_and(|at| apart(at, latitude, longitude) < 0.2);
            assert!(near, "{told}: {corner:?}");
        }
        for (told, code, corner, pixel, problem) in [
            ("a web map of a thousand earths", 3857, (1e9, 0.0), 0.5, LayerProblem::Outside),
            ("a web map beyond the pole", 3857, (1e9, 1e9), 0.5, LayerProblem::Outside),
            ("a web map at the pole", 3857, (1e6, 1e8), 0.5, LayerProblem::NotFlat),
            ("behind the earth", 32_632, (500_000.0, 2e7), 0.5, LayerProblem::Outside),
            ("beyond the plane", 3035, (1e8, 1e8), 0.5, LayerProblem::Outside),
            ("Křovák with south and west", 5514, (743_000.0, 1_043_000.0), 0.1, LayerProblem::Outside),
            ("Křovák with south first", 5514, (1_043_000.0, 743_000.0), 0.1, LayerProblem::Outside),
            ("Křovák with north first", 5514, (-1_043_000.0, -743_000.0), 0.1, LayerProblem::Outside),
            ("degrees in Switzerland", 2056, (8.0, 47.0), 1e-6, LayerProblem::Outside),
            ("degrees in Switzerland", 21_781, (8.0, 47.0), 1e-6, LayerProblem::Outside),
            ("Switzerland with north first", 2056, (1_200_000.0, 2_600_000.0), 0.1, LayerProblem::Outside),
            ("new coordinates as old ones", 21_781, (2_600_000.0, 1_200_000.0), 0.1, LayerProblem::Outside),
            ("old coordinates as new ones", 2056, (600_000.0, 200_000.0), 0.1, LayerProblem::Outside),
            ("five thousand kilometres from a zone", 32_632, (5e6, 5e6), 1.0, LayerProblem::Outside),
            ("beside the pole of another zone", 32_632, (5e6, 9e6), 1.0, LayerProblem::Outside),
            ("degrees in a zone", 32_632, (8.0, 47.0), 1e-6, LayerProblem::Outside),
            ("another zone", 32_732, (-2_000_000.0, 5_000_000.0), 0.1, LayerProblem::Outside),
            ("ten kilometres from the south pole", 3031, (10_000.0, 0.0), 0.1, LayerProblem::NotFlat),
            ("around the south pole", 3031, (-50.0, 50.0), 0.1, LayerProblem::NotFlat),
            ("with a corner at the south pole", 3031, (0.0, 0.0), 0.1, LayerProblem::NotFlat),
            ("around the north pole", 3413, (-50_000.0, 50_000.0), 100.0, LayerProblem::NotFlat),
            ("all of the earth", 4326, (-180.0, 90.0), 0.18, LayerProblem::NotFlat),
            ("half of it", 3857, (-1e7, 1e7), 20_000.0, LayerProblem::NotFlat),
        ] {
            assert_eq!(placed(code, corner, pixel).err(), Some(problem), "{told}");
        }
    }

    #[test]
    fn view_1_what_has_no_place_says_why() {
        let why = |tags: GeoTags| Georeference::of(tags).err();
        assert_eq!(why(GeoTags::default()), Some(LayerProblem::NoPlace));
        assert_eq!(why(tags(&[])), Some(LayerProblem::NoPlace));
        assert_eq!(why(GeoTags { scale: vec![0.0, 0.0, 0.0], ..tags(&[[3072, 32_632]]) }), Some(LayerProblem::NoPlace));
        assert_eq!(why(GeoTags { scale: vec![f64::NAN, 1.0], ..tags(&[[3072, 32_632]]) }), Some(LayerProblem::NoPlace));
        assert_eq!(why(tags(&[[3072, 1]])), Some(LayerProblem::Projection("EPSG 1".to_owned())));
        assert_eq!(why(tags(&[[3072, 32_767]])), Some(LayerProblem::Projection("one of its own".to_owned())));
        let far = GeoTags { tie_points: vec![0.0, 0.0, 0.0, 1e30, 1e30, 0.0], ..tags(&[[3072, 32_632]]) };
        assert_eq!(Georeference::of(far).expect("read").grid(10, 10), Err(LayerProblem::Outside));
    }
}
