//! What makers of drones write into XMP: where the gimbal looked, how high the drone was, how exact its position is.
//!
//! XMP is RDF in XML, and a reader of XML would be a large thing to put before what strangers send. The names that count here are known,
//! and so are the two ways in which tools write a value: as an attribute, `drone-dji:RelativeAltitude="+50.2"`, and as an element,
//! `<Camera:Yaw>12.5</Camera:Yaw>`. So the text is searched for exactly these.

use crate::domain::photo::{PhotoFacts, Position, decimal};

/// How much of a packet is read.
const MAX_BYTES: usize = 64 * 1024;
/// The longest value that is one.
const MAX_VALUE_BYTES: usize = 100;

/// Reads a packet.
pub fn read(packet: &[u8]) -> Known {
    let text = String::from_utf8_lossy(packet.get(..MAX_BYTES.min(packet.len())).unwrap_or_default());
    let number = |names: &[&str], digits: u32| names.iter().find_map(|name| decimal(value(&text, name)?, digits));
    // "Longtitude" is what some models of DJI write.
    let latitude = number(&["drone-dji:GpsLatitude", "drone-dji:Latitude"], 9);
    let longitude = number(
        &["drone-dji:GpsLongitude", "drone-dji:GpsLongtitude", "drone-dji:Longitude", "drone-dji:Longtitude"],
        9,
    );
    let accuracy = number(&["Camera:GPSXYAccuracy", "GPSXYAccuracy"], 3).or_else(|| {
        let north = number(&["drone-dji:RtkStdLat"], 3)?;
        Some(north.max(number(&["drone-dji:RtkStdLon"], 3)?))
    });
    Known(PhotoFacts {
        position: latitude.zip(longitude).and_then(|(latitude, longitude)| Position::new(latitude, longitude)),
        altitude_mm: number(&["drone-dji:AbsoluteAltitude"], 3),
        height_mm: number(&["drone-dji:RelativeAltitude", "Camera:AboveGroundAltitude"], 3),
        yaw_mdeg: number(&["drone-dji:GimbalYawDegree", "Camera:Yaw"], 3),
        // Pix4D's pitch is 0 for straight down.
        pitch_mdeg: number(&["drone-dji:GimbalPitchDegree"], 3)
            .or_else(|| number(&["Camera:Pitch"], 3).map(|pitch| pitch.saturating_sub(90_000))),
        roll_mdeg: number(&["drone-dji:GimbalRollDegree", "Camera:Roll"], 3),
        accuracy_mm: accuracy.filter(|accuracy| *accuracy > 0),
        ..PhotoFacts::default()
    })
}

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known(PhotoFacts);

impl Known {
    /// Together with what EXIF says. That comes first for the position: tools that correct positions afterwards write it there.
    pub fn completed_by(self, exif: PhotoFacts) -> PhotoFacts {
        let xmp = self.0;
        PhotoFacts {
            position: exif.position.or(xmp.position),
            altitude_mm: exif.altitude_mm.or(xmp.altitude_mm),
            height_mm: xmp.height_mm,
            yaw_mdeg: xmp.yaw_mdeg,
            pitch_mdeg: xmp.pitch_mdeg,
            roll_mdeg: xmp.roll_mdeg,
            accuracy_mm: xmp.accuracy_mm.or(exif.accuracy_mm),
            ..exif
        }
    }
}

/// The first value that a property has, in either way of writing.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.match_indices(name).find_map(|(at, _)| {
        // A name that only ends or begins like this one is another.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == ':' || c == '-' || c == '_') {
            return None;
        }
        let after = text[at + name.len()..].trim_start();
        let found = if let Some(after) = after.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            after[1..].split_once(quote)?.0
        } else if before == Some('<') {
            after.strip_prefix('>')?.split_once('<')?.0
        } else {
            return None;
        };
        (found.len() <= MAX_VALUE_BYTES).then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_5_maker_notes_are_read_as_attributes_and_as_elements() {
        let dji = br#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>
            <rdf:Description rdf:about="DJI Meta Data" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
            drone-dji:AbsoluteAltitude="+512.31" drone-dji:RelativeAltitude="+80.10" drone-dji:GimbalRollDegree="+0.00"
            drone-dji:GimbalYawDegree="-172.40" drone-dji:GimbalPitchDegree="-89.90" drone-dji:FlightYawDegree="1.0"
            drone-dji:RtkStdLon="0.01150" drone-dji:RtkStdLat="0.01210" drone-dji:GpsLatitude="46.634567891"
            drone-dji:GpsLongtitude="8.591234567"/></rdf:RDF></x:xmpmeta>"#;
        let read = read(dji).completed_by(PhotoFacts::default());
        assert_eq!(read.position, Position::new(46_634_567_891, 8_591_234_567));
        assert_eq!((read.altitude_mm, read.height_mm, read.accuracy_mm), (Some(512_310), Some(80_100), Some(12)));
        assert_eq!((read.yaw_mdeg, read.pitch_mdeg, read.roll_mdeg), (Some(-172_400), Some(-89_900), Some(0)));
        let sensefly = b"<Camera:Yaw>12.5</Camera:Yaw><Camera:Pitch> 3/2 </Camera:Pitch><Camera:Roll>-1</Camera:Roll>
            <Camera:GPSXYAccuracy>2.25</Camera:GPSXYAccuracy><Camera:AboveGroundAltitude>120</Camera:AboveGroundAltitude>";
        let read = super::read(sensefly).completed_by(PhotoFacts::default());
        assert_eq!((read.yaw_mdeg, read.pitch_mdeg, read.roll_mdeg), (Some(12_500), Some(-88_500), Some(-1_000)));
        assert_eq!((read.accuracy_mm, read.height_mm), (Some(2_250), Some(120_000)));
    }

    #[test]
    fn file_5_attack_40_a_packet_that_makes_no_sense_says_nothing() {
        let nothing = PhotoFacts::default();
        let endless = format!("drone-dji:RelativeAltitude=\"{}\"", "1".repeat(100_000));
        for packet in [
            &b""[..],
            b"\xFF\xFE\x00",
            b"drone-dji:RelativeAltitude",
            b"drone-dji:RelativeAltitude=",
            b"drone-dji:RelativeAltitude=\"",
            b"drone-dji:RelativeAltitude=80",
            b"drone-dji:RelativeAltitude=\"high\"",
            b"x-drone-dji:RelativeAltitude=\"80\" drone-dji:RelativeAltitudes=\"80\"",
            b"<drone-dji:RelativeAltitude>80",
            b"drone-dji:GpsLatitude=\"91\" drone-dji:GpsLongitude=\"8\"",
            b"drone-dji:GpsLatitude=\"0\" drone-dji:GpsLongitude=\"0\"",
            endless.as_bytes(),
        ] {
            assert_eq!(read(packet).completed_by(nothing.clone()), nothing, "{packet:?}");
        }
        // Beyond what is read.
        let late = format!("{}drone-dji:RelativeAltitude=\"80\"", " ".repeat(MAX_BYTES));
        assert_eq!(read(late.as_bytes()).completed_by(nothing.clone()), nothing);
        let many = "drone-dji:RelativeAltitude ".repeat(100_000);
        assert_eq!(read(many.as_bytes()).completed_by(nothing.clone()), nothing);
    }
}
