// How smooth the viewer is (issue 16, "Speed"): scripts/measure, not part of the tests. Its goals are of the machine that shows it:
// panning is compared with an empty page in the same run.
import type { Page } from "@playwright/test";
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, hydrated, test } from "../support/fixture";
import { map, mosaic, world } from "../support/viewer";

const seconds = 2;

/** How many frames a second a page shows while something is done for so long. */
async function rate(page: Page, act: (until: number) => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const state = { frames: 0, on: true, start: performance.now() };
    Object.assign(window, { rate: state });
    const step = () => {
      state.frames += 1;
      if (state.on) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  await act(Date.now() + seconds * 1000);
  return page.evaluate(() => {
    const { rate } = window as unknown as { rate: { frames: number; on: boolean; start: number } };
    rate.on = false;
    return (rate.frames * 1000) / (performance.now() - rate.start);
  });
}

test("the viewer: pan, and the first tile", async ({ page, anna }) => {
  test.setTimeout(300_000);
  const { org, set, at } = await world(anna);
  await mosaic(page, `/o/${org.org_id}/drive/${set.id}`);
  const tiles = page.locator(".viewer-raster img");
  await expect
    .poll(async () => {
      await page.goto(at);
      return await tiles.count();
    }, { timeout: 120_000, intervals: [2_000] })
    .toBeGreaterThan(0);

  // From the first paint of the page to the first tile: when it is there (the server's own map has it already), and when it is on the
  // map that is moved. The medians of five visits.
  const firsts: number[] = [];
  const moved: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    await page.goto(at);
    const [first, live] = await page.evaluate(async () => {
      const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
      for (;;) {
        const picture = [...document.querySelectorAll<HTMLImageElement>(".viewer-raster img")].find(({ complete, naturalWidth }) => complete && naturalWidth > 0);
        if (picture) {
          await picture.decode();
          const now = performance.now();
          const answered = performance.getEntriesByName(picture.src)[0] as PerformanceResourceTiming | undefined;
          return [Math.max(0, (answered?.responseEnd ?? now) - painted), now - painted] as const;
        }
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    });
    firsts.push(first);
    moved.push(live);
  }
  const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[2] ?? NaN;
  const [first, live] = [median(firsts), median(moved)];

  const blank = await page.context().newPage();
  const empty = await rate(blank, (until) => blank.waitForTimeout(until - Date.now()));
  await blank.close();
  await page.goto(at);
  await hydrated(page);
  await expect(tiles.first()).toBeVisible();
  await page.getByRole("button", { name: "Zoom in", exact: true }).click();
  const box = await map(page).boundingBox();
  if (!box) throw new Error("no map");
  const [right, down] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(right, down);
  await page.mouse.down();
  const pan = await rate(page, async (until) => {
    for (let step = 0; Date.now() < until; step += 1) await page.mouse.move(right + 200 * Math.sin(step / 20), down + 120 * Math.cos(step / 15));
  });
  await page.mouse.up();

  const ratio = pan / empty;
  console.table({ viewer: { "first tile ms": Math.round(first), "on the map that is moved ms": Math.round(live), "frames/s empty": empty.toFixed(1), "frames/s panning": pan.toFixed(1), ratio: ratio.toFixed(2) } });
  console.log("Goals (issue 16): the first tile within 1000 ms of the page, panning at 0.9 of the rate of an empty page.");
  mkdirSync("../target/end2end", { recursive: true });
  writeFileSync("../target/end2end/measurements-viewer.json", JSON.stringify({ first, live, empty, pan, ratio }, null, 2));
});
