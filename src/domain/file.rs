//! Files of datasets (FILE): their paths, the two places they are in, and what kind of content they have.
//!
//! A path is data and never a place on a disk: bytes are stored under ids. It is still kept to what every system can write, because
//! people download files again, alone and in ZIPs.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{name, refusal::Refusal, text::FieldIssue};

/// The longest path.
pub const MAX_PATH_BYTES: usize = 1_000;

/// The longest part of a path between two slashes: what file systems take as a name.
pub const MAX_SEGMENT_BYTES: usize = 255;

/// In how many folders a file is at most, inside each other: what is asked about a path is asked about each.
pub const MAX_FOLDERS: usize = 64;

/// How many files one call names at most, to take, change or delete them.
pub const MAX_CHOSEN_FILES: usize = 10_000;

/// The files of a call that changes several: each once, in order.
///
/// # Errors
/// `Invalid` at `numbers`: none, or too many.
pub fn check_numbers(numbers: &[i64]) -> Result<Vec<i64>, Refusal> {
    match numbers.len() {
        0 => Err(Refusal::field("numbers", FieldIssue::Missing)),
        count if count > MAX_CHOSEN_FILES => Err(Refusal::field("numbers", FieldIssue::TooMany(MAX_CHOSEN_FILES))),
        _ => {
            let mut unique = numbers.to_vec();
            unique.sort_unstable();
            unique.dedup();
            Ok(unique)
        }
    }
}

/// The numbers of the chosen files, each once: `1-50,60,62`.
///
/// # Errors
/// `Invalid` at `numbers` for what is no number, and for too many.
pub fn parse_numbers(text: &str) -> Result<Vec<i64>, Refusal> {
    let wrong = |issue: FieldIssue| Refusal::field("numbers", issue);
    let number = |text: &str| {
        let text = text.trim();
        // `parse()` would take a sign.
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_plain).ok_or_else(|| wrong(FieldIssue::NotNumbers))
    };
    let mut numbers = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(wrong(FieldIssue::NotNumbers));
        }
        // Looked at before they are made: "1-9223372036854775807" is short.
        let most = i64::try_from(MAX_CHOSEN_FILES).unwrap_or(i64::MAX);
        if last - first >= most {
            return Err(wrong(FieldIssue::TooMany(MAX_CHOSEN_FILES)));
        }
        numbers.extend(first..=last);
        if numbers.len() > MAX_CHOSEN_FILES {
            return Err(wrong(FieldIssue::TooMany(MAX_CHOSEN_FILES)));
        }
    }
    Ok(numbers.into_iter().collect())
}

/// Where in a dataset a file is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What is processed.
    #[default]
    Input,
    /// What became of it.
    Output,
}

words! {
    Side
    Input => "input", "Images";
    Output => "output", "Results";
}

/// The path of a file in its place, with slashes: never empty, never absolute, never upwards.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FilePath(String);

impl FilePath {
    /// Reads a path as a browser or a program sends it. Backslashes become slashes, and letters are composed (NFC).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, FieldIssue> {
        if text.is_empty() {
            return Err(FieldIssue::Missing);
        }
        // Composing never makes a text three times as short, so nothing long is worth composing.
        if text.len() > 3 * MAX_PATH_BYTES {
            return Err(FieldIssue::TooManyBytes(MAX_PATH_BYTES));
        }
        let path: String = text.nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
        if path.len() > MAX_PATH_BYTES {
            return Err(FieldIssue::TooManyBytes(MAX_PATH_BYTES));
        }
        if path.chars().any(is_hidden_control) {
            return Err(FieldIssue::ControlCharacters);
        }
        for (number, segment) in path.split('/').enumerate() {
            if number > MAX_FOLDERS {
                return Err(FieldIssue::TooManyFolders(MAX_FOLDERS));
            }
            check_segment(segment, number == 0)?;
        }
        Ok(Self(path))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: what the file is called.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path as paths are told apart (FILE-1): without regard to case.
    pub fn key(&self) -> String {
        key(&self.0)
    }

    /// The keys of the folders that the path is in, the outermost first.
    pub fn folder_keys(&self) -> Vec<String> {
        let key = self.key();
        key.match_indices('/').map(|(at, _)| key[..at].to_owned()).collect()
    }

    /// The path as a list is ordered: numbers by how much they are.
    pub fn sort_key(&self) -> String {
        name::sort_key(&self.0)
    }

    /// The same path with a number behind its name: "a/photo (2).jpg".
    fn numbered(&self, number: u32) -> Self {
        let (folder, name) = self.0.rsplit_once('/').map_or(("", self.0.as_str()), |(folder, name)| (folder, name));
        let (stem, ending) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""));
        let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
        let behind = format!(" ({number}){ending}");
        let before = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let room = MAX_SEGMENT_BYTES.min(MAX_PATH_BYTES.saturating_sub(before)).saturating_sub(behind.len());
        let cut = (0..=room.min(stem.len())).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
        let name = format!("{}{behind}", &stem[..cut]);
        Self(if folder.is_empty() { name } else { format!("{folder}/{name}") })
    }

    /// The first of "photo.jpg", "photo (1).jpg", "photo (2).jpg", … that is free; `None` where too many are taken.
    pub fn free(&self, is_taken: impl Fn(&str) -> bool) -> Option<Self> {
        if !is_taken(&self.key()) {
            return Some(self.clone());
        }
        self.candidates().into_iter().find(|path| !is_taken(&path.key()))
    }

    /// What [`FilePath::free`] tries besides the path itself.
    pub fn candidates(&self) -> Vec<Self> {
        (1..=MAX_NUMBERED).map(|number| self.numbered(number)).collect()
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many numbers are tried for a free path.
const MAX_NUMBERED: u32 = 200;

/// A path as paths are told apart: composed, and in lower case.
fn key(path: &str) -> String {
    let mut lower = String::with_capacity(path.len());
    for c in path.chars().flat_map(char::to_lowercase) {
        // Both are the lower case of Σ.
        lower.push(if c == 'ς' { 'σ' } else { c });
    }
    lower.nfc().collect()
}

/// A question as paths are searched: what [`FilePath::key`] of a path that has it contains.
pub fn search_key(text: &str) -> String {
    let composed: String = text.trim().nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
    key(&composed)
}

/// Whether a character controls how text is shown and shows nothing itself: line breaks, direction marks, the null character.
pub(super) fn is_hidden_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn check_segment(segment: &str, first: bool) -> Result<(), FieldIssue> {
    // Windows reads "C:photo.jpg" as a file of another drive.
    let is_drive = first && matches!(segment.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    if segment.is_empty() || segment == "." || segment == ".." || is_drive {
        return Err(FieldIssue::NotAPath);
    }
    if segment.len() > MAX_SEGMENT_BYTES {
        return Err(FieldIssue::SegmentTooLong(MAX_SEGMENT_BYTES));
    }
    // Windows drops both when it writes a file, so "a." would become "a".
    if segment.ends_with(['.', ' ']) {
        return Err(FieldIssue::TrailingDot);
    }
    if is_device(segment) {
        return Err(FieldIssue::DeviceName(segment.to_owned()));
    }
    if !name::is_visible(segment) {
        return Err(FieldIssue::Invisible);
    }
    Ok(())
}

/// Whether Windows takes a name for a device, with any ending: NUL, con.txt, COM1.jpg, and "NUL:" is one as well.
fn is_device(segment: &str) -> bool {
    let stem = segment.split(['.', ':']).next().unwrap_or(segment).trim_end();
    let upper = stem.to_ascii_uppercase();
    if matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let port = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT"));
    port.is_some_and(|digit| matches!(digit, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³"))
}

/// Whether no name on Windows has a character.
const fn is_unportable(c: char) -> bool {
    matches!(c, ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// The path of a file as every system can write it: what Windows takes in no name becomes `_`.
pub fn portable_path(path: &str) -> String {
    path.chars().map(|c| if is_unportable(c) { '_' } else { c }).collect()
}

/// A path with a number behind its name.
pub fn numbered_path(path: &str, number: u32) -> String {
    FilePath(path.to_owned()).numbered(number).0
}

/// Any path as paths are told apart.
pub fn path_key(path: &str) -> String {
    key(path)
}

/// Why no file can have a path although no other file has it: a file and a folder never have one name, which no disk could store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PathClash {
    /// A file is where the path has a folder.
    InFile(String),
    /// A folder is where the path has its file.
    IsFolder(String),
}

impl fmt::Display for PathClash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InFile(file) => write!(f, "“{file}” is a file, so nothing can be inside it. Rename one of them."),
            Self::IsFolder(folder) => write!(f, "“{folder}” is a folder here. Rename the file."),
        }
    }
}

/// Where the name of a file is in its path, without its extension, in UTF-16 units: what somebody who renames it mostly changes.
pub fn stem_range(path: &str) -> (u32, u32) {
    let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    let begins = path.rfind('/').map_or(0, |slash| slash + 1);
    let name = &path[begins..];
    let stem = name.rfind('.').filter(|dot| *dot > 0).map_or(name, |dot| &name[..dot]);
    let from = units(&path[..begins]);
    (from, from + units(stem))
}

/// What is in the way of a path, given which keys are files and which are folders.
pub fn clash(path: &FilePath, is_file: impl Fn(&str) -> bool, is_folder: impl Fn(&str) -> bool) -> Option<PathClash> {
    if is_folder(&path.key()) {
        return Some(PathClash::IsFolder(path.as_str().to_owned()));
    }
    let depth = path.folder_keys().iter().position(|folder| is_file(folder))?;
    let folder: Vec<&str> = path.as_str().split('/').take(depth + 1).collect();
    Some(PathClash::InFile(folder.join("/")))
}

/// A name of anything as one part of a path: what no path can have becomes `_`.
pub fn safe_segment(name: &str) -> String {
    let mut safe: String = name
        .nfc()
        .map(|c| {
            let is_wrong = is_hidden_control(c) || is_unportable(c) || matches!(c, '/' | '\\');
            if is_wrong { '_' } else { c }
        })
        .collect();
    // Room for what tells two of a name apart.
    let room = MAX_SEGMENT_BYTES - " (999)".len();
    if let Some(cut) = (0..=room.min(safe.len())).rev().find(|at| safe.is_char_boundary(*at)) {
        safe.truncate(cut);
    }
    let kept = safe.trim_end_matches(['.', ' ']).len();
    safe.truncate(kept);
    if !name::is_visible(&safe) || is_device(&safe) { format!("_{safe}") } else { safe }
}

/// What a file holds, by its first bytes and never by its name or by what the sender says (FILE-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Media {
    /// A JPEG image.
    Jpeg,
    /// A PNG image.
    Png,
    /// A TIFF image, also a raw one of a camera (DNG) and a map (`GeoTIFF`).
    Tiff,
    /// A WebP image.
    Webp,
    /// A HEIF image, as telephones take them.
    Heif,
    /// A GIF image.
    Gif,
    /// A BMP image.
    Bmp,
    /// A JPEG 2000 or JPEG XL image.
    Jp2,
    /// A raw image of a camera that is no TIFF: of Canon, Fujifilm, Olympus, Panasonic or Sigma.
    Raw,
    /// A film.
    Mp4,
    /// A PDF document.
    Pdf,
    /// A ZIP archive, and formats made of one.
    Zip,
    /// A point cloud.
    Las,
    /// Anything else.
    Other,
}

words! {
    Media
    Jpeg => "image/jpeg", "JPEG";
    Png => "image/png", "PNG";
    Tiff => "image/tiff", "TIFF";
    Webp => "image/webp", "WebP";
    Heif => "image/heif", "HEIF";
    Gif => "image/gif", "GIF";
    Bmp => "image/bmp", "BMP";
    Jp2 => "image/jp2", "JPEG 2000";
    Raw => "image/x-raw", "Raw photo";
    Mp4 => "video/mp4", "MP4";
    Pdf => "application/pdf", "PDF";
    Zip => "application/zip", "ZIP";
    Las => "application/vnd.las", "LAS";
    Other => "application/octet-stream", "File";
}

/// Whether a name is that of an image: what is in it may be something else.
pub fn is_image_name(path: &str) -> bool {
    const ENDINGS: [&str; 19] = [
        "jpg", "jpeg", "png", "tif", "tiff", "dng", "webp", "heic", "heif", "jp2", "jxl", "cr2", "cr3", "nef", "arw",
        "raf", "rw2", "orf", "x3f",
    ];
    path.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

impl Media {
    /// How many of its first bytes say what a file is.
    pub const HEAD_BYTES: usize = 32;

    /// What a file is, by its first bytes.
    pub fn sniff(head: &[u8]) -> Self {
        let brand = head.get(8..12).unwrap_or_default();
        match head {
            [0xFF, 0xD8, 0xFF, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Self::Png,
            [b'I', b'I', 0x2A | 0x2B, 0, ..] | [b'M', b'M', 0, 0x2A | 0x2B, ..] => Self::Tiff,
            [b'F', b'U', b'J', b'I', b'F', b'I', b'L', b'M', b'C', b'C', b'D', b'-', b'R', b'A', b'W', ..]
            | [b'I', b'I', b'U', 0, ..]
            | [b'I', b'I', b'R', b'O' | b'S', ..]
            | [b'M', b'M', b'O', b'R', ..]
            | [b'F', b'O', b'V', b'b', ..] => Self::Raw,
            [0, 0, 0, 0x0C, b'j', b'P', b' ', b' ', ..]
            | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..]
            | [0xFF, 0x4F, 0xFF, 0x51, ..]
            | [0xFF, 0x0A, ..] => Self::Jp2,
            [b'R', b'I', b'F', b'F', ..] if brand == b"WEBP" => Self::Webp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => match brand {
                b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"heif" | b"mif1" | b"mif2" | b"msf1"
                | b"avif" | b"avis" => Self::Heif,
                b"crx " => Self::Raw,
                _ => Self::Mp4,
            },
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [b'L', b'A', b'S', b'F', ..] => Self::Las,
            // "BM" alone is too little to go by: the four bytes behind the size are reserved, and 0.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Self::Bmp,
            _ => Self::Other,
        }
    }

    /// Whether it is an image: what `images` of a dataset counts (FILE-5).
    pub const fn is_image(self) -> bool {
        match self {
            Self::Jpeg
            | Self::Png
            | Self::Tiff
            | Self::Webp
            | Self::Heif
            | Self::Gif
            | Self::Bmp
            | Self::Jp2
            | Self::Raw => true,
            Self::Mp4 | Self::Pdf | Self::Zip | Self::Las | Self::Other => false,
        }
    }
}

/// Whether a file counts among the images of its dataset: an image to be processed that nobody left out (FILE-5).
pub const fn counts_as_image(side: Side, media: Media, left_out: bool) -> bool {
    matches!(side, Side::Input) && media.is_image() && !left_out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::testing::{row, table};

    fn path(text: &str) -> FilePath {
        FilePath::parse(text).expect("a path")
    }

    #[test]
    fn file_5_names_of_images_are_told_by_their_endings() {
        for (path, is_image) in [
            ("a/DJI_1.JPG", true),
            ("b.tiff", true),
            ("c.jpg.txt", false),
            ("jpg", false),
            ("d.", false),
            ("e.HEIC", true),
        ] {
            assert_eq!(is_image_name(path), is_image, "{path}");
        }
    }

    #[test]
    fn file_4_chosen_files_are_numbers_and_ranges_of_them() {
        assert_eq!(parse_numbers("3"), Ok(vec![3]));
        assert_eq!(parse_numbers("7, 1-3,2"), Ok(vec![1, 2, 3, 7]));
        assert_eq!(parse_numbers("1-10000").map(|numbers| numbers.len()), Ok(10_000));
        for wrong in ["", ",", "1,", "-", "1-", "-1", "+1", "3-1", "1-2-3", "a", "1.5", "99999999999999999999"] {
            assert_eq!(parse_numbers(wrong), Err(Refusal::field("numbers", FieldIssue::NotNumbers)), "{wrong}");
        }
        for wrong in ["1-10001", "0-9223372036854775807", "1-9000,20000-22000"] {
            assert_eq!(parse_numbers(wrong), Err(Refusal::field("numbers", FieldIssue::TooMany(10_000))), "{wrong}");
        }
    }

    #[test]
    fn file_4_any_name_becomes_a_part_of_a_path() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "C:",
            "nul.txt",
            "NUL:",
            "\u{200B}",
            "x ",
            "\0",
            &"ü".repeat(400),
            "a. . .",
            "LPT¹",
        ] {
            let segment = safe_segment(name);
            assert_eq!(FilePath::parse(&segment).as_ref().map(FilePath::as_str), Ok(segment.as_str()), "{name}");
            assert!(!segment.contains('/'), "{segment}");
        }
        assert_eq!(safe_segment("Gotthard, week 46"), "Gotthard, week 46");
    }

    #[test]
    fn file_1_attack_38_which_paths_there_are() {
        let long = "a".repeat(256);
        let deep = format!("{}x", "abcdefghi/".repeat(100));
        let texts = [
            "DJI_0001.JPG",
            "100MEDIA/DJI_0001.JPG",
            "a\\b\\c.jpg",
            "e\u{301}te\u{301}.jpg",
            "Σ.jpg",
            "🏔️ peak.jpg",
            "2026-11-21T10:00:00.jpg",
            "",
            "/etc/passwd",
            "a//b",
            "a/",
            ".",
            "..",
            "a/../b",
            "..\\..\\b",
            "C:\\photo.jpg",
            "C:photo.jpg",
            "a:b",
            "d/C:photo.jpg",
            "ab:c?d|e<f>g*\"h\"",
            "...",
            ".hidden",
            "photo.",
            "photo ",
            "a /b",
            "nul",
            "NUL.txt",
            "NUL:",
            "nul :x",
            "a/com1:stream",
            "\u{200B}",
            "a/\u{AD}\u{2060}/b",
            "\u{3000}x",
            "a/com1.jpg",
            "com¹",
            "com10.jpg",
            "console.log",
            "lpt9.tar.gz",
            "a\0b",
            "a\nb",
            "a\u{202E}gpj.exe",
            "a\u{200F}b",
            "a\u{FEFF}b",
            &long,
            &deep,
        ];
        let mut rows = vec![row(["text", "path", "key"])];
        for text in texts {
            let shown = if text.len() > 60 { format!("{} bytes", text.len()) } else { format!("{text:?}") };
            let (parsed, key) = match FilePath::parse(text) {
                Ok(path) => (path.to_string(), path.key()),
                Err(issue) => (issue.to_string(), String::new()),
            };
            rows.push(vec![shown, parsed, key]);
        }
        insta::assert_snapshot!(table(&rows));
    }

    #[test]
    fn file_1_a_file_is_in_at_most_64_folders() {
        let deep = "a/".repeat(MAX_FOLDERS);
        assert_eq!(path(&format!("{deep}x")).folder_keys().len(), MAX_FOLDERS);
        assert_eq!(FilePath::parse(&format!("{deep}a/x")), Err(FieldIssue::TooManyFolders(MAX_FOLDERS)));
    }

    #[test]
    fn file_1_a_file_and_a_folder_never_have_one_name() {
        let files = ["dir", "straße"];
        let folders = ["photos", "photos/é"];
        let clash = |text: &str| {
            clash(&path(text), |key| files.contains(&key), |key| folders.contains(&key)).map(|clash| clash.to_string())
        };
        assert_eq!(clash("other/dir"), None);
        assert_eq!(clash("dir2/x"), None);
        assert_eq!(clash("photos"), Some("“photos” is a folder here. Rename the file.".to_owned()));
        assert!(clash("Photos/E\u{301}").is_some(), "by the key");
        let inside = clash("DIR/a/b.jpg").expect("a clash");
        assert_eq!(inside, "“DIR” is a file, so nothing can be inside it. Rename one of them.");
        assert!(clash("STRASSE/x").is_none() && clash("Straße/x").is_some());
    }

    #[test]
    fn file_1_a_thousand_bytes_are_a_path_and_one_more_is_none() {
        let longest = format!("{}/{}/{}/{}", "a".repeat(249), "b".repeat(249), "c".repeat(249), "d".repeat(250));
        assert_eq!(longest.len(), MAX_PATH_BYTES);
        assert!(FilePath::parse(&longest).is_ok());
        assert_eq!(FilePath::parse(&format!("{longest}d")), Err(FieldIssue::TooManyBytes(MAX_PATH_BYTES)));
        assert_eq!(FilePath::parse(&"é".repeat(501)), Err(FieldIssue::TooManyBytes(MAX_PATH_BYTES)));
    }

    #[test]
    fn file_1_a_free_path_has_a_number_before_its_ending() {
        let taken = ["photo.jpg", "photo (1).jpg"];
        let is_taken = |key: &str| taken.contains(&key);
        assert_eq!(path("PHOTO.jpg").free(is_taken), Some(path("PHOTO (2).jpg")));
        assert_eq!(path("other.jpg").free(is_taken), Some(path("other.jpg")));
        assert_eq!(path("a/.hidden").free(|key| key == "a/.hidden"), Some(path("a/.hidden (1)")));
        assert_eq!(path("a.b/c").free(|key| key == "a.b/c"), Some(path("a.b/c (1)")));
        assert_eq!(path("x").free(|_| true), None);
    }

    #[test]
    fn file_4_a_file_is_known_by_its_first_bytes_and_not_by_its_name() {
        for (head, media) in [
            (&b"\xFF\xD8\xFF\xE1..Exif"[..], Media::Jpeg),
            (b"\x89PNG\r\n\x1A\n", Media::Png),
            (b"II*\0", Media::Tiff),
            (b"MM\0+\0\x08", Media::Tiff),
            (b"RIFF\0\0\0\0WEBPVP8 ", Media::Webp),
            (b"RIFF\0\0\0\0WAVEfmt ", Media::Other),
            (b"\0\0\0\x18ftypheic", Media::Heif),
            (b"\0\0\0\x18ftypheif", Media::Heif),
            (b"\0\0\0\x18ftypcrx ", Media::Raw),
            (b"FUJIFILMCCD-RAW 0201", Media::Raw),
            (b"IIU\0\x18\0\0\0", Media::Raw),
            (b"IIRO\x08\0\0\0", Media::Raw),
            (b"\0\0\0\x0CjP  \r\n\x87\n", Media::Jp2),
            (b"\xFF\x4F\xFF\x51\0", Media::Jp2),
            (b"\0\0\0\x18ftypisom", Media::Mp4),
            (b"%PDF-1.7", Media::Pdf),
            (b"PK\x03\x04", Media::Zip),
            (b"LASF", Media::Las),
            (b"BM\x36\0\0\0\0\0\0\0", Media::Bmp),
            (b"BMW drivers", Media::Other),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\">", Media::Other),
            (b"<!DOCTYPE html>", Media::Other),
            (b"", Media::Other),
            (b"\xFF\xD8", Media::Other),
        ] {
            assert_eq!(Media::sniff(head), media, "{head:?}");
        }
        assert!(Media::ALL.iter().all(|media| media.is_image() == media.as_str().starts_with("image/")));
    }

    #[test]
    fn file_1_files_are_named_by_their_numbers() {
        assert_eq!(check_numbers(&[3, 1, 3]), Ok(vec![1, 3]));
        assert!(check_numbers(&[]).is_err() && check_numbers(&vec![1; MAX_CHOSEN_FILES + 1]).is_err());
    }

    #[test]
    fn file_5_images_are_inputs_that_are_images_and_not_left_out() {
        assert!(counts_as_image(Side::Input, Media::Jpeg, false));
        assert!(!counts_as_image(Side::Input, Media::Jpeg, true));
        assert!(!counts_as_image(Side::Output, Media::Tiff, false));
        assert!(!counts_as_image(Side::Input, Media::Mp4, false));
    }

    proptest! {
        #[test]
        fn file_1_a_path_is_read_as_it_was_written(text in "\\PC{0,40}(/\\PC{1,20}){0,3}") {
            if let Ok(path) = FilePath::parse(&text) {
                prop_assert_eq!(FilePath::parse(path.as_str()), Ok(path.clone()));
                prop_assert!(path.as_str().len() <= MAX_PATH_BYTES);
                prop_assert!(path.as_str().split('/').all(|part| !part.is_empty() && part != ".." && part.len() <= MAX_SEGMENT_BYTES));
                prop_assert!(!path.as_str().contains('\\'));
                // An entry of an index of PostgreSQL fits into a third of a page.
                prop_assert!(path.key().len() <= 1_800 && path.sort_key().len() <= 1_300);
            }
        }

        #[test]
        fn file_1_paths_that_differ_in_case_or_in_how_letters_are_composed_are_the_same(text in "[a-zA-ZäÄéÉñΣσçÅ0-9_./ -]{1,30}") {
            if let Ok(path) = FilePath::parse(&text) {
                let decomposed: String = path.as_str().nfd().collect();
                let upper = path.as_str().to_uppercase();
                prop_assert_eq!(FilePath::parse(&decomposed).map(|twin| twin.key()), Ok(path.key()));
                prop_assert_eq!(FilePath::parse(&upper).map(|twin| twin.key()), Ok(path.key()));
            }
        }

        #[test]
        fn file_1_a_numbered_path_is_a_path(stem in "\\PC{1,300}", number in 1_u32..1_000) {
            if let Ok(path) = FilePath::parse(&format!("{stem}.jpg")) {
                let numbered = path.numbered(number);
                prop_assert_eq!(FilePath::parse(numbered.as_str()), Ok(numbered));
            }
        }
    }

    #[test]
    fn file_1_the_name_that_is_renamed_is_without_folders_and_extension() {
        for (path, stem) in [
            ("100MEDIA/DJI_0002.JPG", "DJI_0002"),
            ("a.tar.gz", "a.tar"),
            ("x/.hidden", ".hidden"),
            ("x.y/README", "README"),
            ("Größe/😀 dam.tif", "😀 dam"),
        ] {
            let units: Vec<u16> = path.encode_utf16().collect();
            let (from, to) = stem_range(path);
            let range = usize::try_from(from).expect("small")..usize::try_from(to).expect("small");
            assert_eq!(String::from_utf16_lossy(&units[range]), stem, "{path}");
        }
    }
}
