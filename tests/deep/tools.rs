//! What the deep tests need of our own code, as a program: photos of a survey with the truth beside them, and a NodeODM that is none.
//!
//!     tools survey FOLDER        writes 24 photos, and truth.json with where each was taken
//!     tools layer KIND RASTER TILES      makes a layer of a raster, and says as JSON where its tiles are, or why it cannot be shown
//!     tools node ADDRESS [KEY=VALUE …]   the fake node of the integration tests, until it is ended

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool for tests panics where anything is wrong, and prints where it listens"
)]
#![expect(dead_code, reason = "the integration tests use more of the fake node")]

#[path = "../it/support/fake_node.rs"]
mod fake_node;

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use commonhold::{
    domain::{
        layer::{LayerKind, level_sides, tile_counts},
        photo::Position,
        time::Timestamp,
    },
    server::pictures::{NotMade, TileIndex, make_tiles, survey::Survey},
};
use fake_node::{FakeNode, Quirks};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["survey", folder] => survey(Path::new(folder)),
        ["layer", kind, raster, tiles] => layer(kind, Path::new(raster), Path::new(tiles)),
        ["node", address, quirks @ ..] => node(address, quirks),
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn node(address: &str, settings: &[&str]) {
    let mut quirks = Quirks::default();
    for setting in settings {
        let (name, value) = setting.split_once('=').expect("KEY=VALUE");
        let number = || value.parse::<u32>().expect("a number");
        match name {
            "token" => quirks.token = Some(value.to_owned()),
            "max_images" => quirks.max_images = Some(number().into()),
            "fails" => quirks.fails = Some(value.to_owned()),
            "takes_ms" => quirks.takes = Some(Duration::from_millis(number().into())),
            "drops_uploads" => quirks.drops_uploads = number(),
            _ => panic!("{name} is no quirk"),
        }
    }
    let node = FakeNode::start_at(address.parse().expect("an address"), quirks);
    println!("{}", node.url());
    loop {
        std::thread::park();
    }
}

fn layer(kind: &str, raster: &Path, tiles: &Path) {
    let kind = LayerKind::parse(kind).expect("a kind of layer");
    let mut output = io::BufWriter::new(File::create(tiles).expect("a file"));
    let open = || io::BufReader::new(File::open(raster).expect("a raster"));
    let made = match make_tiles(kind, u64::MAX, open, &|| Ok(()), &mut output) {
        Ok(made) => made,
        Err(NotMade::Problem(problem)) => {
            println!("{}", serde_json::json!({ "problem": problem.to_string() }));
            return;
        }
        Err(error) => panic!("{error}"),
    };
    drop(output);
    let file = fs::read(tiles).expect("it was written");
    let index = TileIndex::read(&file[..usize::try_from(made.index_bytes).expect("it fits")]).expect("an index");
    let mut places = Vec::new();
    for level in 0..made.levels {
        let (across, down) = tile_counts(level_sides((made.width, made.height), made.levels, level).expect("a level"));
        for (x, y) in (0..down).flat_map(|y| (0..across).map(move |x| (x, y))) {
            let (range, _) = index.find(level, x, y).expect("a tile");
            places.push(serde_json::json!([level, x, y, range.start, range.end]));
        }
    }
    let grid: Vec<(i64, i64)> = made.grid.iter().map(|at| (at.longitude, at.latitude)).collect();
    let sides = (made.width, made.height);
    println!("{}", serde_json::json!({ "sides": sides, "levels": made.levels, "grid": grid, "tiles": places }));
}

/// A flight of four lines of six photos, large enough for an engine to find its way in.
fn survey(folder: &Path) {
    let flight = Survey {
        width: 1_024,
        seed: 46,
        lines: 4,
        photos_in_line: 6,
        middle: Position::new(46_660_000_000, 8_590_000_000).expect("a place"),
        begins: Timestamp::parse_rfc3339("2026-11-20T09:00:00Z").expect("a time"),
        planted: &[],
    };
    fs::create_dir_all(folder).expect("a folder");
    let mut truth = serde_json::Map::new();
    for shot in flight.fly().expect("photos") {
        fs::write(folder.join(&shot.name), &shot.jpeg).expect("it is written");
        let place = serde_json::json!({ "latitude": shot.truth.latitude, "longitude": shot.truth.longitude });
        truth.insert(shot.name, place);
    }
    let text = serde_json::to_string(&truth).expect("JSON");
    fs::write(folder.with_extension("truth.json"), text).expect("it is written");
}
