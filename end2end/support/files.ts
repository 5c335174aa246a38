// Files in datasets, uploaded over REST (files.md: a plan, then tus), and pictures to upload.
import { crc32, deflateSync } from "node:zlib";
import { expect } from "@playwright/test";
import type { Person, Resource } from "./api";

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A picture as PNG: fields in the colours of a landscape, another one for each seed. */
export function picture(seed: number, width = 96, height = 72): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + 3 * width));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const field = Math.floor((x + seed * 7) / 23) * 31 + Math.floor((y + seed * 5) / 17) * 17;
      rows.set([90 + (field % 60), 100 + ((field * 3) % 50), 60 + ((field * 7) % 40)], y * (1 + 3 * width) + 1 + 3 * x);
    }
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

interface Planned {
  items: { path: string; upload: { url: string } | null }[];
}

/** Uploads files to a dataset: what is in each by its path. */
export async function upload(person: Person, dataset: Resource, files: Record<string, Buffer>, side = "input"): Promise<void> {
  const planned = Object.entries(files).map(([path, bytes]) => ({ path, bytes: bytes.length, modified: "2026-11-20T10:00:00Z" }));
  const { items } = await person.post<Planned>(`/datasets/${dataset.id}/uploads`, { side, files: planned });
  for (const { path, upload } of items) {
    expect(upload, path).not.toBeNull();
    const answer = await person.request.fetch(upload?.url ?? "", {
      method: "PATCH",
      headers: { "X-Requested-With": "commonhold", "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" },
      data: files[path] ?? Buffer.alloc(0),
    });
    expect(answer.status(), path).toBe(204);
  }
}

/** So many pictures as a camera names them. */
export function flight(count: number, folder = "100MEDIA", size: [number, number] = [96, 72]): Record<string, Buffer> {
  const name = (number: number) => `${folder}/DJI_${String(number).padStart(4, "0")}.PNG`;
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [name(index + 1), picture(index + 1, ...size)]));
}
