// Cuts out of a compiled module what is never called, where no compiler can know it: Leptos keeps with every view the
// ways to build, hydrate and rebuild it, as addresses of functions, and some of these ways this application never goes.
// The module must have been linked with --emit-relocs: then what only these functions refer to goes too, when wasm-split
// follows the references. A function cut out is a trap: should it be called after all, the browser's console says so.

/** Parts of mangled names, with why they are never called. */
const never = [
  // Hydration here is one step: `hydrate_body`, once all code is there (src/ui/lazy.rs).
  /any_view\.\.IntoAny.*into_any13hydrate_async17h/,
];

export const [custom, imports, code] = [0, 2, 10];
const [unreachable, nop, end] = [0x00, 0x01, 0x0b];
/** Kinds of relocations that have an addend (tool-conventions, Linking.md). */
const withAddend = new Set([3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 25]);

export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  byte() {
    return this.bytes[this.at++];
  }
  /** LEB128, unsigned; of a signed one only the length is of interest here. */
  number() {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  }
  text() {
    const length = this.number();
    this.at += length;
    return this.bytes.toString("utf8", this.at - length, this.at);
  }
}

function leb(value) {
  const bytes = [];
  do {
    const rest = Math.floor(value / 128);
    bytes.push((value % 128) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return Buffer.from(bytes);
}

/** What a module consists of; custom sections with their name. */
export function sectionsOf(bytes) {
  const reader = new Reader(bytes, 8);
  const sections = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const kind = reader.byte();
    const length = reader.number();
    const body = reader.at;
    const inside = new Reader(bytes, body);
    const name = kind === custom ? inside.text() : undefined;
    sections.push({ kind, name, start, body, inside: inside.at, end: body + length });
    reader.at = body + length;
  }
  return sections;
}

function importedFunctions(bytes, section) {
  const reader = new Reader(bytes, section.body);
  let functions = 0;
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.text();
    reader.text();
    const kind = reader.byte();
    if (kind === 0) {
      functions += 1;
      reader.number();
    } else if (kind === 3) {
      reader.at += 2;
    } else if (kind === 4) {
      reader.at += 1;
      reader.number();
    } else {
      if (kind === 1) reader.byte();
      const limits = reader.byte();
      reader.number();
      if (limits & 1) reader.number();
    }
  }
  return functions;
}

/** The numbers of the functions whose name says that they are never called. */
function named(bytes, section) {
  const found = new Set();
  const reader = new Reader(bytes, section.inside);
  while (reader.at < section.end) {
    const kind = reader.byte();
    const next = reader.number() + reader.at;
    if (kind === 1) {
      for (let left = reader.number(); left > 0; left -= 1) {
        const index = reader.number();
        const name = reader.text();
        if (never.some((pattern) => pattern.test(name))) found.add(index);
      }
    }
    reader.at = next;
  }
  return found;
}

/** The module without what is never called, and how many functions that were. */
export function withoutUnused(module) {
  const bytes = Buffer.from(module);
  const sections = sectionsOf(bytes);
  const section = (name) => sections.find((section) => section.name === name);
  const codes = sections.find(({ kind }) => kind === code);
  const relocations = section("reloc.CODE");
  const unused = named(bytes, section("name"));

  const cut = [];
  const reader = new Reader(bytes, codes.body);
  let index = importedFunctions(bytes, sections.find(({ kind }) => kind === imports));
  for (let left = reader.number(); left > 0; left -= 1, index += 1) {
    const length = reader.number();
    if (unused.has(index)) {
      // As long as before, so that all that comes after it stays where it is.
      bytes.fill(nop, reader.at, reader.at + length);
      bytes[reader.at] = 0; // no locals
      bytes[reader.at + 1] = unreachable;
      bytes[reader.at + length - 1] = end;
      cut.push([reader.at - codes.body, reader.at + length - codes.body]);
    }
    reader.at += length;
  }

  const kept = [];
  const entries = new Reader(bytes, relocations.inside);
  const of = entries.number();
  const all = entries.number();
  let [range, last] = [0, 0];
  for (let left = all; left > 0; left -= 1) {
    const start = entries.at;
    const kind = entries.byte();
    const offset = entries.number();
    entries.number();
    if (withAddend.has(kind)) entries.number();
    if (offset < last) range = 0;
    last = offset;
    while (range < cut.length && cut[range][1] <= offset) range += 1;
    if (range === cut.length || offset < cut[range][0]) kept.push(bytes.subarray(start, entries.at));
  }
  const name = Buffer.from("reloc.CODE");
  const body = Buffer.concat([leb(name.length), name, leb(of), leb(kept.length), ...kept]);
  const less = Buffer.concat([
    bytes.subarray(0, relocations.start), Buffer.from([custom]), leb(body.length), body, bytes.subarray(relocations.end),
  ]);
  return { module: less, functions: cut.length };
}
