// What holds on every page. axe needs JavaScript; the HTML it looks at is the server's.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixture";
import { inside, outside, type Place, settled } from "../support/places";

async function accessible(page: Page, { name, path }: Place): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(path);
    await settled(page);
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
    const found = violations.map((violation) => `${violation.id}: ${violation.help} (${violation.nodes.map((node) => node.target.join(" ")).join("; ")})`);
    expect.soft(found, `${name}, ${colorScheme}`).toEqual([]);
  }
}

async function fitsAPhone(page: Page, { name, path }: Place): Promise<void> {
  await page.goto(path);
  const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth }));
  expect.soft(wide, `${name}: nothing scrolls sideways`).toBeLessThanOrEqual(room);
  await expect.soft(page.locator("h1"), `${name}: one heading of the first level`).toHaveCount(1);
}

test("pages before signing in are accessible, light and dark", async ({ page }) => {
  for (const place of outside) await test.step(place.name, () => accessible(page, place));
});

test("pages after signing in are accessible, light and dark", async ({ page, anna }) => {
  test.setTimeout(1_200_000);
  for (const place of await inside(anna)) await test.step(place.name, () => accessible(page, place));
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("pages before signing in fit", async ({ page }) => {
    for (const place of outside) await test.step(place.name, () => fitsAPhone(page, place));
  });

  test("pages after signing in fit", async ({ page, anna }) => {
    test.setTimeout(600_000);
    for (const place of await inside(anna)) await test.step(place.name, () => fitsAPhone(page, place));
  });
});
