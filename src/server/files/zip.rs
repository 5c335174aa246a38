//! ZIP archives whose bytes follow from the names, sizes and checksums of what is in them (FILE-4).
//!
//! Libraries write a ZIP from its beginning to its end. A download that is resumed asks for bytes from the middle, and for the length
//! before anything is read. Files are stored as they are, because photos do not get smaller, so both can be computed.
//! The format: APPNOTE.TXT of PKWARE, sections 4.3 and 4.5.3 (Zip64).

use std::ops::Range;

use bytes::Bytes;

use crate::domain::time::Timestamp;

/// From this value on, the fields of 32 bits hold a mark and the value is in a field of 64 bits.
const MAX_32: u64 = 0xFFFF_FFFF;
/// The same for the number of entries.
const MAX_16: u64 = 0xFFFF;

/// The version that knows plain files, and the one that knows Zip64.
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// "Made by" a system whose file attributes are those of Unix.
const UNIX: u16 = 3 << 8;
/// A plain file that its owner writes and everybody reads.
const ATTRIBUTES: u32 = 0o100_644 << 16;
/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;

/// A file in the archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ZipEntry {
    /// Its path with slashes; at most 65,535 bytes.
    pub name: String,
    pub bytes: u64,
    pub crc32: u32,
    pub modified_at: Timestamp,
}

/// A part of an archive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ZipPart {
    /// What the format puts around files.
    Bytes(Bytes),
    /// A range of a file's content, by its place in the list.
    Content { entry: usize, range: Range<u64> },
}

/// An archive: where everything is in it.
#[derive(Clone, Debug)]
pub struct Zip {
    entries: Vec<ZipEntry>,
    /// Where the header of each entry begins.
    starts: Vec<u64>,
    /// Where the directory begins, which is behind all files.
    directory_start: u64,
    directory: Bytes,
}

impl Zip {
    /// An archive of files in this order.
    pub fn new(entries: Vec<ZipEntry>) -> Self {
        let mut starts = Vec::with_capacity(entries.len());
        let mut at = 0;
        for entry in &entries {
            starts.push(at);
            at += size(&entry.local_header()) + entry.bytes;
        }
        let mut directory = Vec::new();
        for (entry, start) in entries.iter().zip(&starts) {
            entry.write_directory_entry(*start, &mut directory);
        }
        write_end(entries.len() as u64, at, &mut directory);
        Self { entries, starts, directory_start: at, directory: directory.into() }
    }

    /// How long the archive is.
    pub fn bytes(&self) -> u64 {
        self.directory_start + self.directory.len() as u64
    }

    /// The parts of a range of it, in order.
    pub fn parts(&self, range: Range<u64>) -> Vec<ZipPart> {
        // The entry in which the range begins is the last one that starts at or before it.
        let first = self.starts.partition_point(|start| *start <= range.start).saturating_sub(1);
        let mut parts = Vec::new();
        for (index, (entry, start)) in self.entries.iter().zip(&self.starts).enumerate().skip(first) {
            if *start >= range.end {
                break;
            }
            let header = entry.local_header();
            let content = start + size(&header);
            parts.extend(cut(header.into(), *start, &range));
            let (from, to) = (range.start.max(content), range.end.min(content + entry.bytes));
            if from < to {
                parts.push(ZipPart::Content { entry: index, range: from - content..to - content });
            }
        }
        parts.extend(cut(self.directory.clone(), self.directory_start, &range));
        parts
    }
}

/// What of some bytes of the archive, which begin at `start`, is in a range of it.
fn cut(bytes: Bytes, start: u64, range: &Range<u64>) -> Option<ZipPart> {
    let (from, to) = (range.start.max(start), range.end.min(start + bytes.len() as u64));
    let within = |at: u64| usize::try_from(at - start).ok();
    (from < to).then(|| Some(ZipPart::Bytes(bytes.slice(within(from)?..within(to)?)))).flatten()
}

const fn size(header: &[u8]) -> u64 {
    header.len() as u64
}

/// A number as a field of 32 bits holds it, and whether a field of 64 bits is needed.
fn narrow(number: u64) -> (u32, bool) {
    u32::try_from(number).ok().filter(|_| number < MAX_32).map_or((u32::MAX, true), |number| (number, false))
}

impl ZipEntry {
    fn local_header(&self) -> Vec<u8> {
        let mut extra = self.time_field();
        let (bytes, is_large) = narrow(self.bytes);
        if is_large {
            put(&mut extra, &[&1_u16.to_le_bytes(), &16_u16.to_le_bytes()]);
            put(&mut extra, &[&self.bytes.to_le_bytes(), &self.bytes.to_le_bytes()]);
        }
        let mut header = Vec::with_capacity(30 + self.name.len() + extra.len());
        put(&mut header, &[&0x0403_4B50_u32.to_le_bytes()]);
        self.write_common(bytes, is_large, extra.len(), &mut header);
        put(&mut header, &[self.name.as_bytes(), &extra]);
        header
    }

    /// The fields that the header before a file and its entry in the directory have in common.
    fn write_common(&self, bytes: u32, is_large: bool, extra: usize, out: &mut Vec<u8>) {
        let version = if is_large { VERSION_ZIP64 } else { VERSION };
        let (date, time) = self.dos_moment();
        put(out, &[&version.to_le_bytes(), &FLAGS.to_le_bytes(), &0_u16.to_le_bytes()]);
        put(out, &[&time.to_le_bytes(), &date.to_le_bytes(), &self.crc32.to_le_bytes()]);
        put(out, &[&bytes.to_le_bytes(), &bytes.to_le_bytes()]);
        put(out, &[&short(self.name.len()).to_le_bytes(), &short(extra).to_le_bytes()]);
    }

    fn write_directory_entry(&self, start: u64, out: &mut Vec<u8>) {
        let ((bytes, is_large), (offset, is_far)) = (narrow(self.bytes), narrow(start));
        let mut wide = Vec::new();
        if is_large {
            put(&mut wide, &[&self.bytes.to_le_bytes(), &self.bytes.to_le_bytes()]);
        }
        if is_far {
            put(&mut wide, &[&start.to_le_bytes()]);
        }
        let mut extra = self.time_field();
        if !wide.is_empty() {
            put(&mut extra, &[&1_u16.to_le_bytes(), &short(wide.len()).to_le_bytes(), &wide]);
        }
        put(out, &[&0x0201_4B50_u32.to_le_bytes(), &(UNIX | VERSION_ZIP64).to_le_bytes()]);
        self.write_common(bytes, is_large || is_far, extra.len(), out);
        // No comment, on the first disk, binary.
        put(out, &[&[0; 6], &ATTRIBUTES.to_le_bytes(), &offset.to_le_bytes(), self.name.as_bytes(), &extra]);
    }

    /// When it was changed, in UTC and to the second. The fields of the format itself hold the time of a zone that nobody knows.
    fn time_field(&self) -> Vec<u8> {
        let mut field = Vec::new();
        if let Ok(seconds) = u32::try_from(self.modified_at.0.div_euclid(1000))
            && i32::try_from(seconds).is_ok()
        {
            put(&mut field, &[&0x5455_u16.to_le_bytes(), &5_u16.to_le_bytes(), &[1], &seconds.to_le_bytes()]);
        }
        field
    }

    /// Date and time as MS-DOS writes them: from 1980 to 2107, in steps of two seconds.
    fn dos_moment(&self) -> (u16, u16) {
        let (year, month, day) = self.modified_at.day().civil();
        if !(1980..=2107).contains(&year) {
            return (1 << 5 | 1, 0);
        }
        let seconds = (self.modified_at.0 - self.modified_at.day().start().0) / 1000;
        let time = (seconds / 3600) << 11 | (seconds / 60 % 60) << 5 | (seconds % 60 / 2);
        let date = (year - 1980) << 9 | month << 5 | day;
        (u16::try_from(date).unwrap_or_default(), u16::try_from(time).unwrap_or_default())
    }
}

/// Ends a directory that begins at `start` of the archive.
fn write_end(entries: u64, start: u64, directory: &mut Vec<u8>) {
    let length = directory.len() as u64;
    let ((short_length, is_long), (short_start, is_far)) = (narrow(length), narrow(start));
    let short_entries = u16::try_from(entries).ok().filter(|_| entries < MAX_16);
    if is_long || is_far || short_entries.is_none() {
        let version = VERSION_ZIP64.to_le_bytes();
        put(
            directory,
            &[&0x0606_4B50_u32.to_le_bytes(), &44_u64.to_le_bytes(), &(UNIX | VERSION_ZIP64).to_le_bytes(), &version],
        );
        put(directory, &[&[0; 8], &entries.to_le_bytes(), &entries.to_le_bytes()]);
        put(directory, &[&length.to_le_bytes(), &start.to_le_bytes()]);
        put(
            directory,
            &[&0x0706_4B50_u32.to_le_bytes(), &[0; 4], &(start + length).to_le_bytes(), &1_u32.to_le_bytes()],
        );
    }
    let entries = short_entries.unwrap_or(u16::MAX).to_le_bytes();
    put(directory, &[&0x0605_4B50_u32.to_le_bytes(), &[0; 4], &entries, &entries]);
    put(directory, &[&short_length.to_le_bytes(), &short_start.to_le_bytes(), &[0; 2]]);
}

fn put(out: &mut Vec<u8>, fields: &[&[u8]]) {
    for field in fields {
        out.extend_from_slice(field);
    }
}

/// A length as a field of 16 bits. Names are paths, which are shorter than that by far.
fn short(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use proptest::prelude::*;

    use super::*;

    fn entry(name: &str, content: &[u8]) -> ZipEntry {
        ZipEntry {
            name: name.to_owned(),
            bytes: content.len() as u64,
            crc32: crc32fast::hash(content),
            modified_at: Timestamp::parse_rfc3339("2026-11-20T10:14:06Z").expect("a moment"),
        }
    }

    fn read(zip: &Zip, contents: &[Vec<u8>], range: Range<u64>) -> Vec<u8> {
        let mut read = Vec::new();
        for part in zip.parts(range) {
            match part {
                ZipPart::Bytes(bytes) => read.extend_from_slice(&bytes),
                ZipPart::Content { entry, range } => {
                    let at = |at: u64| usize::try_from(at).expect("a small file");
                    read.extend_from_slice(&contents[entry][at(range.start)..at(range.end)]);
                }
            }
        }
        read
    }

    #[test]
    fn file_4_another_reader_finds_every_file_with_its_time() {
        let contents = vec![b"one".to_vec(), Vec::new(), vec![7; 70_000]];
        let names = ["Flug/Überblick.jpg", "empty.txt", "Results/mosaic.tif"];
        let zip = Zip::new(names.iter().zip(&contents).map(|(name, content)| entry(name, content)).collect());
        let bytes = read(&zip, &contents, 0..zip.bytes());
        assert_eq!(bytes.len() as u64, zip.bytes());
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
        assert_eq!(archive.len(), 3);
        for (name, content) in names.iter().zip(&contents) {
            let mut file = archive.by_name(name).expect("a file");
            let mut found = Vec::new();
            file.read_to_end(&mut found).expect("its content, with the right checksum");
            assert_eq!(&found, content, "{name}");
            let modified = file.last_modified().expect("a time");
            assert_eq!((modified.year(), modified.month(), modified.hour(), modified.second()), (2026, 11, 10, 6));
        }
    }

    #[test]
    fn file_4_an_archive_of_nothing_is_one() {
        let zip = Zip::new(Vec::new());
        let bytes = read(&zip, &[], 0..zip.bytes());
        assert_eq!(zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive").len(), 0);
    }

    /// An archive whose files are zeros, without the memory for them.
    struct Zeros {
        zip: Zip,
        at: u64,
    }

    impl Read for Zeros {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let end = self.zip.bytes().min(self.at + buffer.len() as u64);
            let mut filled = 0;
            for part in self.zip.parts(self.at..end) {
                let length = match part {
                    ZipPart::Bytes(bytes) => {
                        buffer[filled..filled + bytes.len()].copy_from_slice(&bytes);
                        bytes.len()
                    }
                    ZipPart::Content { range, .. } => {
                        let length = usize::try_from(range.end - range.start).expect("no longer than the buffer");
                        buffer[filled..filled + length].fill(0);
                        length
                    }
                };
                filled += length;
            }
            self.at = end;
            Ok(filled)
        }
    }

    impl Seek for Zeros {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            let length = i64::try_from(self.zip.bytes()).expect("a length");
            let to = match to {
                SeekFrom::Start(at) => i64::try_from(at).expect("a place"),
                SeekFrom::End(back) => length + back,
                SeekFrom::Current(on) => i64::try_from(self.at).expect("a place") + on,
            };
            self.at = u64::try_from(to).map_err(|_| std::io::Error::other("before the beginning"))?;
            Ok(self.at)
        }
    }

    #[test]
    fn file_4_files_and_archives_beyond_four_gigabytes_and_many_entries_are_read() {
        let large = ZipEntry { bytes: 5 << 30, crc32: 0, ..entry("large.tif", b"") };
        let at_the_limit = ZipEntry { bytes: MAX_32, ..large.clone() };
        let mut entries = vec![large, ZipEntry { name: "limit.tif".to_owned(), ..at_the_limit }];
        entries.extend((0..66_000).map(|number| entry(&format!("{number}.txt"), b"0")));
        let mut archive = zip::ZipArchive::new(Zeros { zip: Zip::new(entries), at: 0 }).expect("an archive");
        assert_eq!(archive.len(), 66_002);
        assert_eq!(archive.by_name("large.tif").expect("a file").size(), 5 << 30);
        assert_eq!(archive.by_name("limit.tif").expect("a file").size(), MAX_32);
        assert_eq!(archive.by_name("65999.txt").expect("the last").size(), 1);
        let starts = archive.by_name("65999.txt").expect("the last").header_start();
        assert!(starts > 9 << 30, "{starts}");
    }

    #[test]
    fn file_4_times_that_the_format_cannot_hold_do_no_harm() {
        for at in [i64::MIN, -1, 0, 4_102_444_800_000, 253_402_300_799_000, i64::MAX] {
            let zip = Zip::new(vec![ZipEntry { modified_at: Timestamp(at), ..entry("a", b"a") }]);
            let bytes = read(&zip, &[b"a".to_vec()], 0..zip.bytes());
            assert_eq!(zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive").len(), 1, "{at}");
        }
    }

    proptest! {
        #[test]
        fn file_4_ranges_put_together_are_the_archive(
            contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..6),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let zip = Zip::new(contents.iter().enumerate().map(|(n, content)| entry(&format!("{n}.bin"), content)).collect());
            let length = usize::try_from(zip.bytes()).expect("a small archive");
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(length)).chain([0, length]).collect();
            cuts.sort_unstable();
            let whole = read(&zip, &contents, 0..zip.bytes());
            let together: Vec<u8> =
                cuts.windows(2).flat_map(|cut| read(&zip, &contents, cut[0] as u64..cut[1] as u64)).collect();
            prop_assert_eq!(whole.len(), length);
            prop_assert_eq!(together, whole);
        }
    }
}
