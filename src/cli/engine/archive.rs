//! The archive that a node sends: which of its files are results, what each of them is, and their bytes.
//!
//! An archive is what a stranger made. Names in it are data: what no path of a result can be is left out, and none becomes a path on
//! this machine. How long a file says it is decides whether the server takes it, and more than that is never unpacked.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use commonhold::domain::{
    app::OutputRole,
    file::{FilePath, path_key},
};
use zip::ZipArchive;

use super::job::Output;

/// How many files an archive may have.
const MAX_ENTRIES: usize = 100_000;

/// Folders of tiles for viewers in browsers, thousands of small files: Commonhold makes its own from what they were made of.
const TILES: [&str; 6] =
    ["orthophoto_tiles", "dsm_tiles", "dtm_tiles", "3d_tiles", "entwine_pointcloud", "potree_pointcloud"];

/// What a file of an archive is to become.
#[derive(Debug)]
pub struct Entry {
    /// Which of the files it is.
    index: usize,
    pub output: Output,
}

/// What is in an archive.
#[derive(Debug, Default)]
pub struct Contents {
    pub entries: Vec<Entry>,
    /// What is left out, and why.
    pub left_out: Vec<String>,
}

/// An opened archive.
pub struct Archive(ZipArchive<BufReader<File>>);

impl Archive {
    pub fn open(file: &Path) -> Result<Self, String> {
        let file = File::open(file).map_err(|error| error.to_string())?;
        ZipArchive::new(BufReader::new(file)).map(Self).map_err(|error| error.to_string())
    }

    /// Its files.
    pub fn contents(&mut self) -> Result<Contents, String> {
        if self.0.len() > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} files"));
        }
        let (mut contents, mut tiles) = (Contents::default(), 0);
        for index in 0..self.0.len() {
            let entry = self.0.by_index_raw(index).map_err(|error| error.to_string())?;
            let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if entry.is_dir() {
                continue;
            }
            let mut leave = |why: &str| contents.left_out.push(format!("Left out “{raw}”: {why}."));
            if entry.is_symlink() {
                leave("it is a link");
            } else if entry.encrypted() {
                leave("it is encrypted");
            } else if raw.split('/').next().is_some_and(|folder| TILES.contains(&folder)) {
                tiles += 1;
            } else {
                match FilePath::parse(&raw) {
                    Ok(path) => {
                        let role = role(path.as_str());
                        let output = Output { path: path.as_str().to_owned(), bytes: entry.size(), role };
                        contents.entries.push(Entry { index, output });
                    }
                    Err(_) => leave("no file can be called so"),
                }
            }
        }
        if tiles > 0 {
            contents.left_out.push(format!("Left out {tiles} tiles for viewers."));
        }
        // Of two files of one name the first counts; the others would take its place.
        let mut names = BTreeSet::new();
        let Contents { entries, left_out } = &mut contents;
        entries.retain(|entry| {
            let path = path_key(&entry.output.path);
            let is_first = names.insert(path);
            if !is_first {
                left_out.push(format!("Left out another “{}”.", entry.output.path));
            }
            is_first
        });
        Ok(contents)
    }

    /// Unpacks one file, to a place that the program names.
    pub fn unpack(&mut self, entry: &Entry, to: &Path) -> Result<(), String> {
        let mut packed = self.0.by_index(entry.index).map_err(|error| error.to_string())?;
        let mut file = File::create(to).map_err(|error| error.to_string())?;
        // One byte more than it says tells that it is longer.
        let limit = entry.output.bytes.saturating_add(1);
        let written = io::copy(&mut (&mut packed).take(limit), &mut file).map_err(|error| error.to_string())?;
        if written == entry.output.bytes { Ok(()) } else { Err("it is not as long as it says".to_owned()) }
    }
}

/// What a file is among the results, by where OpenDroneMap puts it.
fn role(path: &str) -> OutputRole {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    match (folder, name) {
        (_, "odm_orthophoto.tif") => OutputRole::Orthophoto,
        (_, "dsm.tif") => OutputRole::Dsm,
        (_, "dtm.tif") => OutputRole::Dtm,
        (_, "report.pdf") => OutputRole::Report,
        ("", "task_output.txt" | "log.json") => OutputRole::Log,
        ("odm_georeferencing", _) if matches!(end, "laz" | "las" | "ply") => OutputRole::PointCloud,
        ("odm_texturing" | "odm_texturing_25d" | "odm_meshing", _) if matches!(end, "obj" | "glb" | "ply") => {
            OutputRole::Mesh
        }
        _ => OutputRole::Other,
    }
}
