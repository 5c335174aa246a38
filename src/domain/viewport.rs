//! Which part of the ground a screen shows, and what of a layer is needed for it (VIEW-1).
//!
//! A [`Viewport`] is a window onto a [`Ground`]: metres to the east and north on one side, pixels to the right and down on the other.
//! Rasters are laid on the ground by an affine map of their pixels, which is as good as any projection for as far as a drone flies.
//!
//! # Invariants
//! - A viewport has a size of at least one pixel, and a zoom between the limits of its ground.
//! - What is asked of a layer are tiles that it has, and never more than [`MAX_TILES`].

use serde::{Deserialize, Serialize};

use super::{
    geo::{Frame, Point, float, whole},
    id::ResourceId,
    layer::TILE,
    measure::Units,
    photo::Position,
};

/// How many tiles of a layer are shown at once: a large screen with twice the pixels needs 60.
pub const MAX_TILES: usize = 160;

/// How many metres a pixel of a web map has on the equator at zoom 0. People know these zooms: a house fills the screen at 20.
const METRES_AT_ZOOM_0: f64 = 156_543.033_928_04;

/// The finest zoom: a pixel is 2 mm wide or less.
const MAX_ZOOM: f64 = 26.0;

/// How much coarser than the whole survey one can look.
const ZOOM_OUT: f64 = 2.0;

/// How wide and high the ground is at least: a single photo has a position and no size.
const LEAST_METRES: f64 = 20.0;

/// The part of the screen that stays empty around the survey when all of it is shown.
const MARGIN: f64 = 0.06;

/// How many metres a foot has.
const FOOT: f64 = 0.304_8;
/// How many metres a mile has.
const MILE: f64 = 1_609.344;

/// The ground of a survey as a flat map.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ground {
    frame: Frame,
    low: Point,
    high: Point,
    /// Metres a pixel has at zoom 0.
    whole: f64,
}

impl Ground {
    /// Around some places; `None` without any.
    pub fn over(places: &[Position]) -> Option<Self> {
        let frame = Frame::over(places)?;
        let points = places.iter().map(|place| frame.point(*place));
        let (low, high) = points.fold((Point::default(), Point::default()), |(low, high), point| {
            (
                Point::new(low.east.min(point.east), low.north.min(point.north)),
                Point::new(high.east.max(point.east), high.north.max(point.north)),
            )
        });
        let (latitude, _) = frame.degrees(Point::default());
        let whole = METRES_AT_ZOOM_0 * latitude.clamp(-89.0, 89.0).to_radians().cos();
        Some(Self { frame, low, high, whole })
    }

    /// A place in metres from the middle.
    pub fn point(&self, place: Position) -> Point {
        self.frame.point(place)
    }

    /// The place of a point. `None` beyond the poles.
    pub fn place(&self, point: Point) -> Option<Position> {
        let (latitude, longitude) = self.frame.degrees(point);
        let longitude = (longitude + 180.0).rem_euclid(360.0) - 180.0;
        Position::new(whole(latitude * 1e9), whole(longitude * 1e9))
    }

    fn sides(&self) -> (f64, f64) {
        let sides = self.high.from(self.low);
        (sides.east.max(LEAST_METRES), sides.north.max(LEAST_METRES))
    }

    /// The zoom at which all of it is on a screen of this size.
    fn whole_zoom(&self, width: f64, height: f64) -> f64 {
        let (east, north) = self.sides();
        let room = 1.0 - 2.0 * MARGIN;
        let metres = (east / (width * room)).max(north / (height * room));
        (self.whole / metres).log2().min(MAX_ZOOM)
    }

    fn middle(&self) -> Point {
        Point::new(f64::midpoint(self.low.east, self.high.east), f64::midpoint(self.low.north, self.high.north))
    }

    /// How far the middle of the screen may be from the middle of the survey.
    fn reach(&self) -> f64 {
        let (east, north) = self.sides();
        east.max(north) * 2.0
    }
}

/// A place on the screen: pixels to the right and down.
pub type Spot = (f64, f64);

/// A window onto the ground.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Viewport {
    ground: Ground,
    middle: Point,
    zoom: f64,
    width: f64,
    height: f64,
}

impl Viewport {
    /// All of the ground.
    pub fn whole(ground: Ground, width: f64, height: f64) -> Self {
        let (width, height) = (width.max(1.0), height.max(1.0));
        Self { ground, middle: ground.middle(), zoom: ground.whole_zoom(width, height), width, height }
    }

    /// What an address says; all of the ground where it says nothing.
    pub fn at(ground: Ground, width: f64, height: f64, looked_at: Option<LookedAt>) -> Self {
        let all = Self::whole(ground, width, height);
        match looked_at {
            None => all,
            Some(LookedAt { at, zoom }) => Self { middle: ground.point(at), zoom, ..all }.kept(),
        }
    }

    /// Within the limits: neither so far away that nothing is seen, nor so near.
    fn kept(self) -> Self {
        let reach = self.ground.reach();
        let middle = self.ground.middle();
        let keep = |value: f64, middle: f64| value.clamp(middle - reach, middle + reach);
        let middle = Point::new(keep(self.middle.east, middle.east), keep(self.middle.north, middle.north));
        let (least, most) = self.zooms();
        Self { middle, zoom: self.zoom.clamp(least, most), ..self }
    }

    /// The least and the most zoom.
    pub fn zooms(&self) -> (f64, f64) {
        (self.ground.whole_zoom(self.width, self.height) - ZOOM_OUT, MAX_ZOOM)
    }

    pub const fn ground(&self) -> &Ground {
        &self.ground
    }

    pub const fn zoom(&self) -> f64 {
        self.zoom
    }

    pub const fn size(&self) -> Spot {
        (self.width, self.height)
    }

    pub const fn middle(&self) -> Point {
        self.middle
    }

    pub fn metres_per_pixel(&self) -> f64 {
        self.ground.whole / self.zoom.exp2()
    }

    /// Where a point of the ground is on the screen.
    pub fn spot(&self, point: Point) -> Spot {
        let metres = self.metres_per_pixel();
        let right = (point.east - self.middle.east) / metres + self.width / 2.0;
        let down = (self.middle.north - point.north) / metres + self.height / 2.0;
        (right, down)
    }

    pub fn spot_of(&self, place: Position) -> Spot {
        self.spot(self.ground.point(place))
    }

    /// What is at a place of the screen.
    pub fn point(&self, (right, down): Spot) -> Point {
        let metres = self.metres_per_pixel();
        let east = (right - self.width / 2.0) * metres + self.middle.east;
        let north = self.middle.north - (down - self.height / 2.0) * metres;
        Point::new(east, north)
    }

    pub fn place(&self, spot: Spot) -> Option<Position> {
        self.ground.place(self.point(spot))
    }

    /// The same on a screen of another size: the middle stays.
    pub fn resized(self, width: f64, height: f64) -> Self {
        Self { width: width.max(1.0), height: height.max(1.0), ..self }.kept()
    }

    /// Moved by so many pixels, as if one had pushed the ground.
    pub fn pushed(self, right: f64, down: f64) -> Self {
        let metres = self.metres_per_pixel();
        let middle = Point::new(self.middle.east - right * metres, self.middle.north + down * metres);
        Self { middle, ..self }.kept()
    }

    /// Zoomed by so many levels, what is under a place of the screen stays there.
    pub fn zoomed(self, levels: f64, about: Spot) -> Self {
        let fixed = self.point(about);
        let zoomed = Self { zoom: self.zoom + levels, ..self }.kept();
        let (right, down) = zoomed.spot(fixed);
        zoomed.pushed(about.0 - right, about.1 - down)
    }

    /// Around some places, as near as they allow; not nearer than now where that shows all of them.
    pub fn around(self, places: &[Position]) -> Self {
        self.fitted(places, self.zoom)
    }

    /// Around some places, as near as they allow and at most at this zoom.
    pub fn fitted(self, places: &[Position], most: f64) -> Self {
        let points: Vec<Point> = places.iter().map(|place| self.ground.point(*place)).collect();
        let Some(first) = points.first() else { return self };
        let (low, high) = points.iter().fold((*first, *first), |(low, high), point| {
            (
                Point::new(low.east.min(point.east), low.north.min(point.north)),
                Point::new(high.east.max(point.east), high.north.max(point.north)),
            )
        });
        let middle = Point::new(f64::midpoint(low.east, high.east), f64::midpoint(low.north, high.north));
        let sides = high.from(low);
        let metres = (sides.east / (self.width * 0.7)).max(sides.north / (self.height * 0.7));
        let fitting = if metres > 0.0 { (self.ground.whole / metres).log2() } else { MAX_ZOOM };
        Self { middle, zoom: most.min(fitting), ..self }.kept()
    }

    /// Whether a place of the screen is on it, or not farther from it than this.
    pub fn shows(&self, (right, down): Spot, beyond: f64) -> bool {
        (-beyond..=self.width + beyond).contains(&right) && (-beyond..=self.height + beyond).contains(&down)
    }

    /// Whether anything of what is between these places may be on the screen.
    pub fn meets(&self, places: &[Position], beyond: f64) -> bool {
        let mut bounds = (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY);
        for place in places {
            let (right, down) = self.spot_of(*place);
            bounds = (bounds.0.min(right), bounds.1.max(right), bounds.2.min(down), bounds.3.max(down));
        }
        let (left, right, top, bottom) = bounds;
        right >= -beyond && left <= self.width + beyond && bottom >= -beyond && top <= self.height + beyond
    }

    /// What an address has to say to show the same.
    pub fn looked_at(&self) -> Option<LookedAt> {
        Some(LookedAt { at: self.ground.place(self.middle)?, zoom: self.zoom })
    }

    /// The longest round length that is no longer than so many pixels: in words, and in pixels.
    pub fn scale_bar(&self, most: f64, units: Units) -> (String, f64) {
        let metres = self.metres_per_pixel();
        let longest = most * metres;
        let (unit, name) = match units {
            Units::Metric if longest >= 1_000.0 => (1_000.0, "km"),
            Units::Metric if longest >= 1.0 => (1.0, "m"),
            Units::Metric => (0.01, "cm"),
            Units::Imperial if longest >= MILE => (MILE, "mi"),
            Units::Imperial if longest >= FOOT => (FOOT, "ft"),
            Units::Imperial => (FOOT / 12.0, "in"),
        };
        let length = round_length(longest / unit);
        (format!("{length} {name}"), float(length) * unit / metres)
    }
}

/// The largest of 1, 2, 5, 10, 20, 50 … that is no more than this, and 1 at least.
fn round_length(most: f64) -> i64 {
    let power = 10_f64.powf(most.max(1.0).log10().floor());
    let round = [5.0, 2.0].into_iter().find(|factor| factor * power <= most).unwrap_or(1.0) * power;
    whole(round)
}

/// How a raster lies on the ground: the point of its upper left corner, and how far a pixel is to the right and down.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Placement {
    corner: Point,
    right: Point,
    down: Point,
    width: f64,
    height: f64,
}

/// A tile of a layer, by the number that its address has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    pub level: u32,
    pub x: u32,
    pub y: u32,
}

impl Placement {
    /// Of a raster with so many pixels, whose places are a square grid over it, row by row. `None` where they say nothing.
    pub fn of(ground: &Ground, (width, height): (u32, u32), grid: &[Position]) -> Option<Self> {
        let side = (2..=64_usize).find(|side| side * side == grid.len())?;
        let corner = |at: usize| Some(ground.point(*grid.get(at)?));
        let corners = [corner(0)?, corner(side - 1)?, corner(side * (side - 1))?, corner(side * side - 1)?];
        let (width, height) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let [nw, ne, sw, se] = corners;
        let mean = |one: Point, other: Point, part: f64| {
            Point::new(f64::midpoint(one.east, other.east) / part, f64::midpoint(one.north, other.north) / part)
        };
        let right = mean(ne.from(nw), se.from(sw), width);
        let down = mean(sw.from(nw), se.from(ne), height);
        let middle = mean(mean(nw, ne, 1.0), mean(sw, se, 1.0), 1.0);
        let corner = Point::new(
            middle.east - right.east * width / 2.0 - down.east * height / 2.0,
            middle.north - right.north * width / 2.0 - down.north * height / 2.0,
        );
        let placement = Self { corner, right, down, width, height };
        placement.determinant().is_normal().then_some(placement)
    }

    fn determinant(&self) -> f64 {
        self.right.east * self.down.north - self.right.north * self.down.east
    }

    /// How wide a pixel is, in metres.
    pub fn pixel(&self) -> f64 {
        self.determinant().abs().sqrt()
    }

    /// The matrix that CSS takes from pixels of the raster to places of the screen: a, b, c, d, e and f.
    pub fn matrix(&self, viewport: &Viewport) -> [f64; 6] {
        let metres = viewport.metres_per_pixel();
        let (e, f) = viewport.spot(self.corner);
        [self.right.east / metres, -self.right.north / metres, self.down.east / metres, -self.down.north / metres, e, f]
    }

    /// The pixel at a point of the ground; beyond the raster where there is none.
    fn pixel_at(&self, point: Point) -> (f64, f64) {
        let way = point.from(self.corner);
        let determinant = self.determinant();
        let x = (way.east * self.down.north - way.north * self.down.east) / determinant;
        let y = (self.right.east * way.north - self.right.north * way.east) / determinant;
        (x, y)
    }

    /// The point of the ground under a pixel.
    pub fn point_of(&self, (x, y): (f64, f64)) -> Point {
        Point::new(
            self.corner.east + x * self.right.east + y * self.down.east,
            self.corner.north + x * self.right.north + y * self.down.north,
        )
    }

    /// The level whose pixels are about as large as those of the screen, which has `density` of them in a pixel of CSS.
    pub fn level(&self, levels: u32, viewport: &Viewport, density: f64) -> u32 {
        let finest = levels.saturating_sub(1);
        let on_screen = self.pixel() / viewport.metres_per_pixel() * density.clamp(1.0, 2.0);
        // A little blur costs less than four times the tiles.
        let coarser = whole(((1.0 / on_screen).log2() + 0.35).floor()).max(0);
        finest.saturating_sub(u32::try_from(coarser).unwrap_or(finest))
    }

    /// How many pixels of the finest level a pixel of this level covers, a side.
    pub fn step(levels: u32, level: u32) -> u32 {
        1_u32.checked_shl(levels.saturating_sub(1).saturating_sub(level).min(31)).unwrap_or(1)
    }

    /// How many tiles a level has: to the right and down.
    pub fn tiles_of(&self, levels: u32, level: u32) -> (u32, u32) {
        let side = f64::from(Self::step(levels, level)) * f64::from(TILE);
        let count = |pixels: f64| u32::try_from(whole((pixels / side).ceil())).unwrap_or(1).max(1);
        (count(self.width), count(self.height))
    }

    /// The tile of a level at a point of the ground, the nearest one where the point is beside the raster.
    pub fn tile_at(&self, levels: u32, level: u32, point: Point) -> Tile {
        let side = f64::from(Self::step(levels, level)) * f64::from(TILE);
        let (columns, rows) = self.tiles_of(levels, level);
        let (x, y) = self.pixel_at(point);
        let index = |pixel: f64, count: u32| {
            u32::try_from(whole((pixel / side).floor()).max(0)).unwrap_or(0).min(count.saturating_sub(1))
        };
        Tile { level, x: index(x, columns), y: index(y, rows) }
    }

    /// The tiles of a level that are on the screen, or not farther from it than so many pixels: those in the middle first.
    pub fn tiles(&self, levels: u32, level: u32, viewport: &Viewport, beyond: f64) -> Vec<Tile> {
        let (width, height) = viewport.size();
        let corners = [
            (-beyond, -beyond),
            (width + beyond, -beyond),
            (-beyond, height + beyond),
            (width + beyond, height + beyond),
        ];
        let pixels = corners.map(|spot| self.pixel_at(viewport.point(spot)));
        let range = |of: fn(&(f64, f64)) -> f64| {
            let values = pixels.iter().map(of);
            (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
        };
        let ((left, right), (top, bottom)) = (range(|pixel| pixel.0), range(|pixel| pixel.1));
        if right <= 0.0 || bottom <= 0.0 || left >= self.width || top >= self.height {
            return Vec::new();
        }
        let side = f64::from(Self::step(levels, level)) * f64::from(TILE);
        let (columns, rows) = self.tiles_of(levels, level);
        let index = |pixel: f64, count: u32| {
            u32::try_from(whole((pixel / side).floor()).max(0)).unwrap_or(u32::MAX).min(count.saturating_sub(1))
        };
        let (xs, ys) = (index(left, columns)..=index(right, columns), index(top, rows)..=index(bottom, rows));
        let middle = self.pixel_at(viewport.middle());
        let mut tiles: Vec<(f64, Tile)> = ys
            .flat_map(|y| xs.clone().map(move |x| Tile { level, x, y }))
            .map(|tile| {
                let away = |index: u32, middle: f64| (f64::from(index) + 0.5) * side - middle;
                (away(tile.x, middle.0).hypot(away(tile.y, middle.1)), tile)
            })
            .take(MAX_TILES * 64)
            .collect();
        tiles.sort_by(|one, other| one.0.total_cmp(&other.0));
        tiles.into_iter().take(MAX_TILES).map(|(_, tile)| tile).collect()
    }
}

/// What the address of the viewer says about where one looks.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct LookedAt {
    /// The middle of the screen.
    pub at: Position,
    pub zoom: f64,
}

/// How a layer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LayerSetting {
    /// Of its result.
    pub number: i64,
    pub shown: bool,
    /// In hundredths.
    pub opacity: u8,
}

/// How two datasets are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum CompareMode {
    /// Each has half of the map.
    #[default]
    Side,
    /// They lie on each other; a slider says how much of the first is seen.
    Slider,
}

words! {
    CompareMode
    Side => "side", "Side by side";
    Slider => "slider", "Slider";
}

/// The second dataset of a viewer that compares two.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Compared {
    pub dataset: ResourceId,
    pub mode: CompareMode,
    /// As [`ViewerAddress::layers`], of the second dataset.
    pub layers: Option<ShownLayers>,
}

/// Where the slider of [`CompareMode::Slider`] begins, in hundredths of the map.
pub const SLIDER_START: u8 = 50;

/// Which part of a map two datasets share: the places of a screen that the second one has.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Split {
    /// The second begins that far to the right and down; one of the two is 0.
    Halves(f64, f64),
    /// The second is on the right of that place.
    Slider(f64),
}

impl Split {
    /// How the map is divided between two datasets: `map` is all of it, `half` is what one of them has.
    pub fn of(mode: CompareMode, slider: u8, map: Spot, half: Spot) -> Self {
        match mode {
            CompareMode::Side => Self::Halves((map.0 - half.0).max(0.0), (map.1 - half.1).max(0.0)),
            CompareMode::Slider => Self::Slider(map.0 * f64::from(slider.min(100)) / 100.0),
        }
    }

    /// Whether the second dataset is at a place of the map.
    pub fn is_second(self, (right, down): Spot) -> bool {
        match self {
            Self::Halves(from_right, from_down) => {
                (from_right > 0.0 || from_down > 0.0) && right >= from_right && down >= from_down
            }
            Self::Slider(from) => right >= from,
        }
    }

    /// Where the map of the second dataset begins.
    pub const fn corner(self) -> Spot {
        match self {
            Self::Halves(right, down) => (right, down),
            Self::Slider(_) => (0.0, 0.0),
        }
    }
}

/// What the address of the viewer says: `?lat&lon&zoom&layers&photo&units`, and `with&compare&with-layers` where it compares.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct ViewerAddress {
    pub looked_at: Option<LookedAt>,
    /// From the lowest to the highest; `None` where the address says nothing about them.
    pub layers: Option<ShownLayers>,
    /// The photo that is shown.
    pub photo: Option<i64>,
    pub units: Units,
    /// The dataset that is compared with the viewer's own.
    pub compared: Option<Compared>,
}

/// Which layers are shown, and how.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ShownLayers {
    /// From the lowest to the highest.
    pub rasters: Vec<LayerSetting>,
    pub photos: bool,
    pub footprints: bool,
}

/// The word for photo positions among the layers of an address.
const PHOTOS: &str = "photos";
/// The word for footprints.
const FOOTPRINTS: &str = "footprints";
/// How many layers an address names at most.
const MAX_NAMED: usize = 100;

impl ShownLayers {
    /// `12~8.60~-9~photos`: from the lowest to the highest, an opacity behind the point, what is hidden behind a minus sign.
    fn parse(text: &str) -> Self {
        let mut shown = Self::default();
        for word in text.split('~').take(MAX_NAMED) {
            match word {
                PHOTOS => shown.photos = true,
                FOOTPRINTS => shown.footprints = true,
                word => {
                    let (visible, word) = word.strip_prefix('-').map_or((true, word), |word| (false, word));
                    let (number, opacity) = word.split_once('.').unwrap_or((word, "100"));
                    let opacity = opacity.parse().ok().filter(|opacity| *opacity <= 100).unwrap_or(100);
                    if let Ok(number) = number.parse::<i64>() {
                        shown.rasters.push(LayerSetting { number, shown: visible, opacity });
                    }
                }
            }
        }
        shown
    }

    fn text(&self) -> String {
        let mut words: Vec<String> = self
            .rasters
            .iter()
            .map(|layer| {
                let hidden = if layer.shown { "" } else { "-" };
                let opacity = if layer.opacity == 100 { String::new() } else { format!(".{}", layer.opacity) };
                format!("{hidden}{}{opacity}", layer.number)
            })
            .collect();
        words.extend(self.photos.then(|| PHOTOS.to_owned()));
        words.extend(self.footprints.then(|| FOOTPRINTS.to_owned()));
        // Nothing at all is something to say.
        if words.is_empty() { "none".to_owned() } else { words.join("~") }
    }

    /// What is shown of the layers that there are. Those that the address does not name come on top, hidden. Where it names none at
    /// all, `best` is shown.
    pub fn of(named: Option<&Self>, there: &[i64], best: Option<i64>, photos: bool) -> Self {
        let Some(named) = named else {
            let rasters =
                there.iter().map(|number| LayerSetting { number: *number, shown: Some(*number) == best, opacity: 100 });
            return Self { rasters: rasters.collect(), photos, footprints: false };
        };
        let mut rasters: Vec<LayerSetting> = Vec::with_capacity(there.len());
        for layer in &named.rasters {
            let is_there = there.contains(&layer.number);
            if is_there && !rasters.iter().any(|before| before.number == layer.number) {
                rasters.push(*layer);
            }
        }
        for number in there {
            if !rasters.iter().any(|layer| layer.number == *number) {
                rasters.push(LayerSetting { number: *number, shown: false, opacity: 100 });
            }
        }
        Self { rasters, photos: named.photos, footprints: named.footprints }
    }
}

impl ViewerAddress {
    /// Reads the parameters; what cannot be read is as if it were not there.
    pub fn read(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let number = |name: &str| parameter(name)?.parse::<f64>().ok().filter(|number| number.is_finite());
        let degrees = |name: &str, most: f64| number(name).filter(|degrees| degrees.abs() <= most);
        let looked_at = (|| {
            let (latitude, longitude) = (degrees("lat", 90.0)?, degrees("lon", 180.0)?);
            let at = Position::new(whole(latitude * 1e9), whole(longitude * 1e9))?;
            Some(LookedAt { at, zoom: number("zoom")?.clamp(0.0, MAX_ZOOM) })
        })();
        Self {
            looked_at,
            layers: parameter("layers").map(|text| ShownLayers::parse(&text)),
            photo: parameter("photo").and_then(|text| text.parse().ok()),
            units: parameter("units").and_then(|text| Units::parse(&text).ok()).unwrap_or_default(),
            compared: parameter("with").and_then(|text| text.parse().ok()).map(|dataset| Compared {
                dataset,
                mode: parameter("compare").and_then(|text| CompareMode::parse(&text).ok()).unwrap_or_default(),
                layers: parameter("with-layers").map(|text| ShownLayers::parse(&text)),
            }),
        }
    }

    /// The parameters with their values, without those that say what goes without saying.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = Vec::new();
        if let Some(LookedAt { at, zoom }) = self.looked_at {
            parameters.push(("lat", degrees(at.latitude)));
            parameters.push(("lon", degrees(at.longitude)));
            parameters.push(("zoom", format!("{zoom:.2}")));
        }
        parameters.extend(self.layers.as_ref().map(|layers| ("layers", layers.text())));
        parameters.extend(self.photo.map(|number| ("photo", number.to_string())));
        if self.units != Units::default() {
            parameters.push(("units", self.units.as_str().to_owned()));
        }
        if let Some(Compared { dataset, mode, layers }) = &self.compared {
            parameters.push(("with", dataset.to_string()));
            parameters.push(("compare", mode.as_str().to_owned()));
            parameters.extend(layers.as_ref().map(|layers| ("with-layers", layers.text())));
        }
        parameters
    }
}

/// The longest [`way_back`].
const MAX_WAY_BACK: usize = 4_000;

/// What a page that was opened from the viewer keeps of the viewer's address, to lead back to it (attack 95): its parameters, as
/// [`ViewerAddress::parameters`] writes them. `None` where there is anything in it that no parameter has. The page puts the path
/// before it, so that it leads to the viewer of the same dataset and nowhere else.
pub fn way_back(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"=&.~-".contains(&byte);
    (!text.is_empty() && text.len() <= MAX_WAY_BACK && text.bytes().all(plain)).then_some(text)
}

/// Degrees to a centimetre.
fn degrees(nano: i64) -> String {
    format!("{:.7}", float(nano) * 1e-9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(latitude: f64, longitude: f64) -> Position {
        Position::new(whole(latitude * 1e9), whole(longitude * 1e9)).expect("a place")
    }

    fn ground() -> Ground {
        Ground::over(&[place(46.66, 8.58), place(46.664, 8.586)]).expect("places")
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6 * (1.0 + one.abs())
    }

    /// A raster of 4,096 by 2,048 pixels of 10 cm, turned by this.
    fn raster(ground: &Ground, angle: f64) -> Vec<Position> {
        let place = |column: f64, row: f64| {
            let (east, south) = (column * 409.6, row * 204.8);
            let point = Point::new(
                east * angle.cos() - south * angle.sin() - 100.0,
                -(east * angle.sin() + south * angle.cos()) + 80.0,
            );
            ground.place(point).expect("a place")
        };
        (0..17_u32)
            .flat_map(|row| (0..17_u32).map(move |column| (f64::from(column) / 16.0, f64::from(row) / 16.0)))
            .map(|(column, row)| place(column, row))
            .collect()
    }

    #[test]
    fn view_1_all_of_the_ground_is_on_the_screen_at_first() {
        let viewport = Viewport::whole(ground(), 800.0, 600.0);
        for corner in [place(46.66, 8.58), place(46.664, 8.586), place(46.66, 8.586)] {
            assert!(viewport.shows(viewport.spot_of(corner), 0.0));
        }
        let (right, down) = viewport.spot_of(place(46.662, 8.583));
        assert!((right - 400.0).abs() < 1.0 && (down - 300.0).abs() < 1.0, "{right} {down}");
        assert!((15.0..19.0).contains(&viewport.zoom()), "{}", viewport.zoom());
        let north = viewport.spot_of(place(46.663, 8.583));
        assert!(north.1 < down, "north is up");
        let one = Viewport::whole(Ground::over(&[place(46.66, 8.58)]).expect("a place"), 800.0, 600.0);
        assert!(one.zoom().is_finite() && one.zoom() > 18.0, "{}", one.zoom());
        assert_eq!(Ground::over(&[]), None);
    }

    #[test]
    fn view_1_zoom_and_position_stay_within_limits() {
        let viewport = Viewport::whole(ground(), 800.0, 600.0);
        let (least, most) = viewport.zooms();
        assert!(near(viewport.zoomed(-50.0, (0.0, 0.0)).zoom(), least));
        assert!(near(viewport.zoomed(50.0, (10.0, 10.0)).zoom(), most));
        let far = viewport.pushed(1e12, -1e12);
        assert!(far.middle().distance(ground().middle()) <= ground().reach() * 1.5);
        let nothing = Viewport::whole(ground(), 0.0, -3.0);
        assert_eq!(nothing.size(), (1.0, 1.0));
        assert!(nothing.metres_per_pixel().is_finite());
    }

    #[test]
    fn view_3_what_was_imported_is_fitted_to_the_screen_and_never_too_near() {
        let viewport = Viewport::whole(ground(), 800.0, 600.0);
        let places = [place(46.6601, 8.5801), place(46.6602, 8.5803)];
        let fitted = viewport.fitted(&places, 22.0);
        assert!(fitted.zoom() > viewport.zoom() + 1.0, "{}", fitted.zoom());
        assert!(places.iter().all(|place| fitted.shows(fitted.spot_of(*place), -20.0)));
        assert!(near(viewport.fitted(&places[..1], 22.0).zoom(), 22.0), "one place has no size");
        assert!(near(viewport.around(&places).zoom(), viewport.zoom()), "what is seen is not made larger");
        // What is far from the survey is not shown: the map stays where there is something.
        let far = [place(-33.0, 151.0)];
        let fitted = viewport.fitted(&far, 22.0);
        assert!(!fitted.shows(fitted.spot_of(far[0]), 0.0));
        assert_eq!(viewport.fitted(&[], 22.0), viewport);
    }

    #[test]
    fn attack_95_the_way_back_to_the_viewer_holds_parameters_and_nothing_that_leads_elsewhere() {
        let shown = ShownLayers {
            rasters: vec![LayerSetting { number: 12, shown: false, opacity: 60 }],
            photos: true,
            footprints: true,
        };
        let address = ViewerAddress {
            looked_at: Some(LookedAt { at: place(-46.66, 8.58), zoom: 17.5 }),
            layers: Some(shown.clone()),
            photo: Some(7),
            units: Units::Imperial,
            compared: Some(Compared {
                dataset: "01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("an id"),
                mode: CompareMode::Slider,
                layers: Some(shown.clone()),
            }),
        };
        let words: Vec<String> =
            address.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text = words.join("&");
        assert_eq!(way_back(&text), Some(text.as_str()));
        let long = "a".repeat(MAX_WAY_BACK + 1);
        for wrong in [
            "",
            "//evil.example",
            "/o/a",
            "https://evil.example",
            "javascript:alert(1)",
            "lat=1#x",
            "lat=1?x",
            "lat=1/../..",
            "lat=%2e",
            "lat=1\\x",
            "lat=1 2",
            "lat=1\r\nset-cookie=x",
            "lat=\"><script>",
            "lat=1@evil",
            "lät=1",
            &long,
        ] {
            assert_eq!(way_back(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn view_1_the_scale_bar_is_round_and_true() {
        let viewport = Viewport::whole(ground(), 800.0, 600.0);
        for (zoom, units) in
            [(0.0, Units::Metric), (3.0, Units::Imperial), (-1.5, Units::Imperial), (6.0, Units::Metric)]
        {
            let viewport = viewport.zoomed(zoom, (400.0, 300.0));
            let (words, pixels) = viewport.scale_bar(100.0, units);
            assert!((39.0..=100.0).contains(&pixels), "{words}: {pixels}");
            let (length, unit) = words.split_once(' ').expect("a unit");
            let unit = match unit {
                "m" => 1.0,
                "cm" => 0.01,
                "km" => 1_000.0,
                "ft" => FOOT,
                "in" => FOOT / 12.0,
                "mi" => MILE,
                other => panic!("{other}"),
            };
            let length: f64 = length.parse().expect("a number");
            assert!(near(length * unit / viewport.metres_per_pixel(), pixels), "{words}");
        }
        for (most, round) in [(0.2, 1), (1.0, 1), (1.99, 1), (4.9, 2), (5.0, 5), (99.0, 50), (100.0, 100), (999.0, 500)]
        {
            assert_eq!(round_length(most), round, "{most}");
        }
    }

    #[test]
    fn view_1_a_raster_is_where_its_grid_says_also_if_it_is_turned() {
        let ground = ground();
        for angle in [0.0, 0.3, -2.0] {
            let grid = raster(&ground, angle);
            let placement = Placement::of(&ground, (4_096, 2_048), &grid).expect("a placement");
            assert!((placement.pixel() - 0.1).abs() < 1e-4, "{}", placement.pixel());
            let viewport = Viewport::whole(ground, 700.0, 500.0).zoomed(1.3, (20.0, 400.0));
            let matrix = placement.matrix(&viewport);
            for (at, pixel) in
                [(0, (0.0, 0.0)), (16, (4_096.0, 0.0)), (17 * 16, (0.0, 2_048.0)), (144, (2_048.0, 1_024.0))]
            {
                let (right, down) = viewport.spot_of(grid[at]);
                let shown = |part: usize| matrix[part] * pixel.0 + matrix[part + 2] * pixel.1 + matrix[part + 4];
                assert!((shown(0) - right).abs() < 0.1 && (shown(1) - down).abs() < 0.1, "{angle} {at}");
                let back = placement.pixel_at(ground.point(grid[at]));
                assert!((back.0 - pixel.0).abs() < 0.1 && (back.1 - pixel.1).abs() < 0.1, "{back:?}");
            }
        }
        assert_eq!(Placement::of(&ground, (10, 10), &[]), None);
        assert_eq!(Placement::of(&ground, (10, 10), &[place(46.66, 8.58); 289]), None, "all of it in one place");
    }

    #[test]
    fn view_1_the_tiles_are_those_on_the_screen() {
        let ground = ground();
        let placement = Placement::of(&ground, (4_096, 2_048), &raster(&ground, 0.0)).expect("a placement");
        let levels = 4;
        assert_eq!(placement.tiles_of(levels, 3), (8, 4));
        assert_eq!(placement.tiles_of(levels, 0), (1, 1));
        let all = Viewport::whole(ground, 800.0, 600.0);
        assert!(placement.level(levels, &all, 1.0) < 3);
        let tiles = placement.tiles(levels, 3, &all, 0.0);
        assert_eq!(tiles.len(), 32, "all of it is seen");
        // One tile fills the screen, and its neighbours are beside it.
        let near = all.around(&[]).zoomed(20.0, all.spot(placement.point_of((768.0, 768.0))));
        let near = Viewport {
            zoom: (ground.whole / 0.1).log2(),
            width: 100.0,
            height: 100.0,
            middle: placement.point_of((768.0, 768.0)),
            ..near
        };
        assert_eq!(placement.level(levels, &near, 1.0), 3);
        assert_eq!(placement.tiles(levels, 3, &near, 0.0), [Tile { level: 3, x: 1, y: 1 }]);
        let around = placement.tiles(levels, 3, &near, 300.0);
        assert_eq!(around.len(), 9);
        assert_eq!(around[0], Tile { level: 3, x: 1, y: 1 }, "the middle comes first");
        let beside = near.pushed(3e5, 0.0);
        assert_eq!(placement.tiles(levels, 3, &beside, 0.0), []);
        assert_eq!(placement.tile_at(levels, 3, beside.middle()).y, 1);
    }

    #[test]
    fn view_1_the_address_says_what_is_looked_at() {
        let read = |query: &str| {
            ViewerAddress::read(|name| {
                query
                    .split('&')
                    .filter_map(|part| part.split_once('='))
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.to_owned())
            })
        };
        assert_eq!(read(""), ViewerAddress::default());
        let query = "lat=46.6681200&lon=8.5893400&zoom=20.25&layers=12~8.60~-9~photos&photo=7&units=feet";
        let address = read(query);
        let written: Vec<String> =
            address.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(written.join("&"), query);
        let layers = address.layers.expect("layers");
        assert_eq!(layers.rasters[1], LayerSetting { number: 8, shown: true, opacity: 60 });
        assert!(!layers.rasters[2].shown && layers.photos && !layers.footprints);
        for broken in [
            "lat=91&lon=8&zoom=20",
            "lat=NaN&lon=8&zoom=2",
            "lat=4&lon=8",
            "lat=46&lon=8&zoom=inf",
            "photo=x",
            "units=mile",
        ] {
            assert_eq!(read(broken), ViewerAddress::default(), "{broken}");
        }
        assert_eq!(read("layers=none").layers, Some(ShownLayers::default()));
        assert_eq!(read("layers=8.900~x~~8").layers.expect("layers").rasters.len(), 2);
    }

    #[test]
    fn view_6_the_address_says_what_is_compared_and_how() {
        let read = |query: &str| {
            ViewerAddress::read(|name| {
                let parts = query.split('&').filter_map(|part| part.split_once('='));
                parts.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
            })
        };
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        for rest in ["compare=side", "compare=slider&with-layers=3~-4.50~photos", "compare=slider&with-layers=none"] {
            let query = format!("layers=7&with={id}&{rest}");
            let address = read(&query);
            let written: Vec<String> =
                address.parameters().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(written.join("&"), query);
        }
        let compared = read(&format!("with={id}&compare=upside-down")).compared.expect("a second dataset");
        assert_eq!((compared.dataset.to_string().as_str(), compared.mode), (id, CompareMode::Side));
        assert_eq!(compared.layers, None);
        for nothing in ["", "compare=slider", "with=", "with=1", "with=none&with-layers=3", "with-layers=3"] {
            assert_eq!(read(nothing).compared, None, "{nothing}");
        }
    }

    #[test]
    fn view_6_a_place_of_the_map_belongs_to_one_of_two_datasets() {
        let (map, beside, below) = ((800.0, 600.0), (399.0, 600.0), (800.0, 299.0));
        let split = Split::of(CompareMode::Side, 50, map, beside);
        assert_eq!(split.corner(), (401.0, 0.0));
        assert!(!split.is_second((400.0, 599.0)) && split.is_second((401.0, 0.0)));
        let split = Split::of(CompareMode::Side, 50, map, below);
        assert_eq!(split.corner(), (0.0, 301.0));
        assert!(!split.is_second((799.0, 300.0)) && split.is_second((0.0, 301.0)));
        assert!(!Split::of(CompareMode::Side, 50, map, map).is_second((799.0, 599.0)), "it was not measured yet");
        let split = Split::of(CompareMode::Slider, 25, map, map);
        assert_eq!(split.corner(), (0.0, 0.0));
        assert!(!split.is_second((199.0, 300.0)) && split.is_second((200.0, 300.0)));
        assert_eq!(Split::of(CompareMode::Slider, 255, map, map), Split::Slider(800.0));
    }

    #[test]
    fn view_1_layers_that_the_address_does_not_know_are_hidden_on_top() {
        let there = [3, 5, 9];
        let first = ShownLayers::of(None, &there, Some(5), true);
        assert_eq!(first.rasters.iter().map(|layer| layer.shown).collect::<Vec<_>>(), [false, true, false]);
        assert!(first.photos && !first.footprints);
        let named = ShownLayers::parse("5.40~77~3~5");
        let shown = ShownLayers::of(Some(&named), &there, Some(5), true);
        let numbers: Vec<(i64, bool, u8)> =
            shown.rasters.iter().map(|layer| (layer.number, layer.shown, layer.opacity)).collect();
        assert_eq!(numbers, [(5, true, 40), (3, true, 100), (9, false, 100)]);
        assert!(!shown.photos);
    }

    proptest! {
        #[test]
        fn view_1_what_is_on_the_screen_is_found_again(
            right in -500.0..1500.0_f64, down in -500.0..1500.0_f64, zoom in -2.0..9.0_f64, push in -300.0..300.0_f64,
        ) {
            let viewport = Viewport::whole(ground(), 900.0, 700.0).zoomed(zoom, (100.0, 600.0)).pushed(push, -push);
            let point = viewport.point((right, down));
            let (found_right, found_down) = viewport.spot(point);
            prop_assert!((found_right - right).abs() < 1e-5 && (found_down - down).abs() < 1e-5);
            let place = viewport.place((right, down)).expect("a place");
            let again = viewport.ground().point(place);
            // A nanodegree is a tenth of a millimetre.
            prop_assert!(again.distance(point) < 2e-4, "{again:?} {point:?}");
        }

        #[test]
        fn view_1_zooming_keeps_what_is_under_the_pointer(right in 0.0..900.0_f64, down in 0.0..700.0_f64, levels in -1.0..5.0_f64) {
            let viewport = Viewport::whole(ground(), 900.0, 700.0);
            let point = viewport.point((right, down));
            let (found_right, found_down) = viewport.zoomed(levels, (right, down)).spot(point);
            prop_assert!((found_right - right).abs() < 1e-3 && (found_down - down).abs() < 1e-3);
        }

        #[test]
        fn view_1_no_tile_is_asked_for_that_is_not_there(
            angle in 0.0..6.3_f64, zoom in -2.0..12.0_f64, level in 0..4_u32, push in -2000.0..2000.0_f64,
        ) {
            let ground = ground();
            let placement = Placement::of(&ground, (4_096, 2_048), &raster(&ground, angle)).expect("a placement");
            let viewport = Viewport::whole(ground, 1_900.0, 1_000.0).zoomed(zoom, (900.0, 500.0)).pushed(push, push);
            let (columns, rows) = placement.tiles_of(4, level);
            let tiles = placement.tiles(4, level, &viewport, 100.0);
            prop_assert!(tiles.len() <= MAX_TILES);
            prop_assert!(tiles.iter().all(|tile| tile.level == level && tile.x < columns && tile.y < rows));
            prop_assert!(placement.level(4, &viewport, 2.0) < 4);
        }
    }
}
