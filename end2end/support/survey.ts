// Photos of a survey by a drone: a small JPEG each, with what a camera writes into it (EXIF, and XMP as DJI does).

/** 96 by 72 pixels in the colours of fields. */
const FIELDS = Buffer.from(
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCABIAGADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDNq7B/FUPkf7X6VP8A6n3zXHNX0QKDg1KWxcrFrW87/Z/WqHkf7X6VNKNr3D+J8JNB/FV2qf8AqffNWPO/2f1qJwb1QlOMEoy3MmrsH8VQ+R/tfpU/+p981rNX0Q1BwalLYuVi1red/s/rVDyP9r9KmlG17h/E+Emg/iq7VP8A1PvmrHnf7P61E4N6oSnGCUZblbFOnH3ap4q7B/FXZKnbUqVT2nui1HitDFYuKmEeYin+5v1uXJx92nUkH8VXcVMlbQmVP2nvXM/FOnH3ap4q7B/FWkqdtTWVT2nui1HitDFYuKmEeYin+5v1uXJx92nUkH8VXcVMlbQmVP2nvXMry/f9Kn3eT2zmmYp04+7UupN6M6KsIwXNHcsfaP8AY/WqPl+/6VPimYpRnNbGWH/eX5h+7ye2c1P9o/2P1qvOPu0uKTlJ6szqycHyx2IPL9/0qfd5PbOaZinTj7tU6k3ozpqwjBc0dyx9o/2P1qj5fv8ApU+KZilGc1sZYf8AeX5h+7ye2c1P9o/2P1qvOPu0uKTlJ6szqycHyx2KWKuwD71QeR/tfpVj/U++a3mk9EaKMoNSlsW6xsVqed/s/rVHyP8Aa/SopRte4L958JPAPvVcqp/qffNTed/s/rUThfVCU1BKMtzLxV2AfeqDyP8Aa/SrH+p981tNJ6IajKDUpbFusbFannf7P61R8j/a/SopRte4L958JPAPvVcqp/qffNTed/s/rUThfVCU1BKMtyCln/hoorp6m+I+AdTKKKEYYP7XyFn/AIadRRS6GGI+MZSz/wANFFPqd2I+AdTKKKEYYP7XyFn/AIadRRS6GGI+M//Z",
  "base64",
);

/** Where and when a photo is taken. */
interface Shot {
  /** Metres from the beginning of the first line; nothing where the camera wrote no position. */
  at?: { east: number; north: number };
  heading: number;
  /** Seconds after the first one. */
  seconds: number;
}

const SOUTH_WEST = { latitude: 46.6624, longitude: 8.5856 };
const METRES = { latitude: 111_132, longitude: 76_400 };

function segment(text: Buffer): Buffer {
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([head, text]);
}

/** The time, and the focal length on 35 mm film: a directory with one entry, which leads to a directory with two. */
function exif(seconds: number): Buffer {
  const time = new Date(Date.UTC(2026, 10, 18, 10, 0, seconds)).toISOString().slice(0, 19).replaceAll("-", ":").replace("T", " ");
  const entry = (tag: number, kind: number, count: number, value: number) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt16LE(tag, 0);
    bytes.writeUInt16LE(kind, 2);
    bytes.writeUInt32LE(count, 4);
    bytes.writeUInt32LE(value, 8);
    return bytes;
  };
  const directory = (...entries: Buffer[]) => Buffer.concat([Buffer.from([entries.length, 0]), ...entries, Buffer.alloc(4)]);
  const header = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0]);
  const first = directory(entry(0x8769, 4, 1, 26));
  const second = directory(entry(0x9003, 2, 20, 26 + 30), entry(0xa405, 3, 1, 24));
  return segment(Buffer.concat([Buffer.from("Exif\0\0", "latin1"), header, first, second, Buffer.from(`${time}\0`, "latin1")]));
}

function xmp({ at, heading }: Shot): Buffer {
  const place = at && {
    GpsLatitude: (SOUTH_WEST.latitude + at.north / METRES.latitude).toFixed(9),
    GpsLongitude: (SOUTH_WEST.longitude + at.east / METRES.longitude).toFixed(9),
  };
  const facts = { ...place, RelativeAltitude: "+100.00", GimbalYawDegree: `${heading}.00`, GimbalPitchDegree: "-90.00", GimbalRollDegree: "+0.00" };
  const written = Object.entries(facts).map(([name, value]) => `drone-dji:${name}="${value}"`);
  const packet = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" ${written.join(" ")}/></rdf:RDF></x:xmpmeta>`;
  return segment(Buffer.from(`http://ns.adobe.com/xap/1.0/\0${packet}`, "latin1"));
}

const photo = (shot: Shot): Buffer => Buffer.concat([FIELDS.subarray(0, 2), exif(shot.seconds), xmp(shot), FIELDS.subarray(2)]);

/** A survey of two lines to the north and back. The photo `placeless` has no position; the one after `twice` is the same once more. */
export function survey({ inLine = 4, placeless = 0, twice = 0 } = {}): Record<string, Buffer> {
  const photos: Record<string, Buffer> = {};
  const name = (number: number) => `100MEDIA/DJI_${String(number).padStart(4, "0")}.JPG`;
  for (let number = 1; number <= 2 * inLine; number += 1) {
    const [line, step] = [Math.floor((number - 1) / inLine), (number - 1) % inLine];
    const at = { east: 40 * line, north: 30 * (line === 0 ? step : inLine - 1 - step) };
    const shot = { at: number === placeless ? undefined : at, heading: line === 0 ? 0 : 180, seconds: 5 * number };
    photos[name(number)] = photo(shot);
  }
  const copied = photos[name(twice)];
  return copied ? { ...photos, [name(2 * inLine + 1)]: copied } : photos;
}
