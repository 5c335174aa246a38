//! The segments of a JPEG before its pixels: where its EXIF and XMP are, and whether its pixels come in several passes.

/// How much of a file is looked through for them.
const MAX_SCANNED_BYTES: usize = 1024 * 1024;

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Notes<'a> {
    /// A TIFF without pixels.
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
    pub progressive: bool,
    /// Where the pixels begin, if that is not too far into the file.
    pub pixels_at: Option<usize>,
}

/// Whether a JPEG goes on to its end. What is cut off is filled with grey by readers, so nobody would see that it is missing. The mark
/// of the end cannot occur among compressed pixels.
pub fn is_whole(bytes: &[u8], notes: &Notes<'_>) -> bool {
    let pixels = notes.pixels_at.and_then(|at| bytes.get(at..));
    pixels.is_none_or(|pixels| pixels.windows(2).rev().any(|pair| pair == [0xFF, 0xD9]))
}

/// Looks through the segments of a JPEG until its pixels begin. What is no JPEG has none.
pub fn scan(bytes: &[u8]) -> Notes<'_> {
    let mut notes = Notes::default();
    let bytes = bytes.get(..MAX_SCANNED_BYTES.min(bytes.len())).unwrap_or_default();
    let Some(mut rest) = bytes.strip_prefix(&[0xFF, 0xD8]) else { return notes };
    while let [0xFF, marker, after @ ..] = rest {
        match marker {
            // A marker may be filled up with any number of these.
            0xFF => {
                rest = &rest[1..];
                continue;
            }
            // Markers without a segment.
            0x01 | 0xD0..=0xD8 => {
                rest = after;
                continue;
            }
            0xDA => {
                notes.pixels_at = Some(bytes.len() - after.len());
                break;
            }
            0xD9 => break,
            _ => {}
        }
        let [high, low, ..] = after else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (Some(segment), Some(next)) = (after.get(2..length), after.get(length..)) else { break };
        match marker {
            0xE1 if notes.exif.is_none() && segment.starts_with(EXIF) => notes.exif = segment.get(EXIF.len()..),
            0xE1 if notes.xmp.is_none() && segment.starts_with(XMP) => notes.xmp = segment.get(XMP.len()..),
            0xC2 | 0xC6 | 0xCA | 0xCE => notes.progressive = true,
            _ => {}
        }
        rest = next;
    }
    notes
}

/// The width and the height of a JPEG, as its header says them.
pub fn sides(bytes: &[u8]) -> Option<(u16, u16)> {
    let mut rest = bytes.strip_prefix(&[0xFF, 0xD8])?;
    while let [0xFF, marker, after @ ..] = rest {
        match marker {
            0xFF => {
                rest = &rest[1..];
                continue;
            }
            0x01 | 0xD0..=0xD8 => {
                rest = after;
                continue;
            }
            // The header of a frame; these three of its numbers are other segments.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let [_, _, _, high, low, wide_high, wide_low, ..] = after else { return None };
                return Some((u16::from_be_bytes([*wide_high, *wide_low]), u16::from_be_bytes([*high, *low])));
            }
            0xD9 | 0xDA => return None,
            _ => {}
        }
        let [high, low, ..] = after else { return None };
        rest = after.get(usize::from(u16::from_be_bytes([*high, *low])).max(2)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).expect("short").to_be_bytes();
        [&[0xFF, marker][..], &length, body].concat()
    }

    #[test]
    fn file_5_what_a_camera_wrote_is_found_before_the_pixels() {
        let exif = [EXIF, b"MM\0*"].concat();
        let xmp = [XMP, b"<x/>"].concat();
        let photo = [
            &[0xFF, 0xD8][..],
            &segment(0xE0, b"JFIF\0"),
            &[0xFF, 0xFF],
            &segment(0xE1, &exif),
            &segment(0xE1, &xmp),
            &segment(0xE1, &[XMP, b"another"].concat()),
            &segment(0xC2, &[8, 0, 1, 0, 1]),
            &segment(0xDA, b""),
            &segment(0xE1, &exif),
        ]
        .concat();
        let notes = scan(&photo);
        assert_eq!((notes.exif, notes.xmp, notes.progressive), (Some(&b"MM\0*"[..]), Some(&b"<x/>"[..]), true));
        assert!(!is_whole(&photo, &notes));
        let whole = [&photo[..], b"\x00\xFF\x00\xFF\xD9, and what cameras put behind it"].concat();
        assert!(is_whole(&whole, &scan(&whole)));
        // However short it is cut, there is no more than there is.
        for end in 0..photo.len() {
            let cut = scan(&photo[..end]);
            assert!(cut.exif.is_none_or(|exif| exif == b"MM\0*") && cut.xmp.is_none_or(|xmp| xmp == b"<x/>"));
        }
    }

    #[test]
    fn view_1_attack_83_the_sides_of_a_jpeg_are_known_before_it_is_unpacked() {
        let frame = segment(0xC0, &[8, 0x02, 0x00, 0x01, 0x90, 3]);
        let jpeg =
            [&[0xFF, 0xD8][..], &segment(0xC4, &[0; 30]), &segment(0xDB, &[1]), &frame, &segment(0xDA, b"")].concat();
        assert_eq!(sides(&jpeg), Some((400, 512)));
        assert_eq!(sides(&[&[0xFF, 0xD8][..], &segment(0xDA, b""), &frame].concat()), None, "pixels have begun");
        for end in 0..jpeg.len() {
            assert!(matches!(sides(&jpeg[..end]), None | Some((400, 512))));
        }
        assert_eq!(sides(b"\xFF\xD8\xFF\xE0\x00\x00\xFF\xE0\x00\x00"), None);
    }

    #[test]
    fn file_5_attack_40_segments_that_lie_about_their_length_end_the_search() {
        for bytes in [
            &b"\xFF\xD8\xFF\xE1\x00\x00"[..],
            b"\xFF\xD8\xFF\xE1\x00\x01Exif",
            b"\xFF\xD8\xFF\xE1\xFF\xFFExif\0\0",
            b"\xFF\xD8\xFF",
            b"\xFF\xD8garbage",
            b"<svg/>",
            b"",
        ] {
            assert_eq!(scan(bytes), Notes::default(), "{bytes:?}");
        }
        // Any number of empty segments is looked through once.
        let many = [&[0xFF, 0xD8][..], &segment(0xE2, b"").repeat(600_000)].concat();
        assert_eq!(scan(&many), Notes::default());
    }
}
