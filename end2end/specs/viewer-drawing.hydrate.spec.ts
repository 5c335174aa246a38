// Drawing as the best maps do it (VIEW-2, VIEW-3): ending, taking back, changing shapes, files, and what happens without a connection.
import { readFileSync } from "node:fs";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { click, drag, map, mosaic, rows, tool, world } from "../support/viewer";

const told = (page: import("@playwright/test").Page) => page.locator(".viewer-told");
const geojson = (...features: object[]) => ({ name: "file.geojson", mimeType: "application/geo+json", buffer: Buffer.from(JSON.stringify({ type: "FeatureCollection", features })) });
const point = (longitude: number, latitude: number) => ({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [longitude, latitude] } });

test("VIEW-2 an area ends at its first point, a line at its last; what was given up comes back", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  await tool(page, "Area").click();
  await expect(page.getByText("Press its first point again to close it.")).toBeVisible();
  await click(page, [0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.5, 0.7]);
  await expect(page.getByText("Press the first point to close it.")).toBeVisible();
  // Ctrl+Z takes the last point back, Escape gives up all of it, and Undo brings it back.
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Escape");
  await expect(told(page)).toContainText("Area discarded");
  await told(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(tool(page, "Area")).toHaveAttribute("aria-pressed", "true");
  await click(page, [0.4, 0.4]);
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText("3 points");
  // Another tool gives it up as well.
  await tool(page, "Line").click();
  await click(page, [0.2, 0.2], [0.3, 0.2]);
  await tool(page, "Point").click();
  await expect(told(page)).toContainText("Line discarded");
  await map(page).focus();
  await page.keyboard.press("Control+z");
  await expect(tool(page, "Line")).toHaveAttribute("aria-pressed", "true");
  await page.waitForTimeout(400);
  await click(page, [0.3, 0.3]);
  await page.waitForTimeout(400);
  await click(page, [0.3, 0.3]);
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).first()).toContainText("3 points");
});

test("VIEW-2 a shape gets and loses points by mouse and by keys, and keeps its colour while it is selected", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  await tool(page, "Area").click();
  await click(page, [0.4, 0.3], [0.6, 0.3], [0.6, 0.7], [0.4, 0.7], [0.4, 0.3]);
  await expect(rows(page)).toContainText("4 points");
  await drag(page, [0.5, 0.3], [0.5, 0.2]);
  await expect(rows(page)).toContainText("5 points");
  await expect(rows(page)).toContainText("Anna");
  // Pressed once it has the focus, and Delete removes the point and not the drawing.
  await page.waitForTimeout(400);
  await click(page, [0.5, 0.2]);
  const vertex = (number: number) => page.getByRole("button", { name: new RegExp(`^Point ${number} of `) });
  await expect(vertex(2)).toBeFocused();
  await page.keyboard.press("Delete");
  await expect(rows(page)).toContainText("4 points");
  await expect(vertex(2)).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(rows(page)).toContainText("5 points");
  await expect(vertex(3)).toBeFocused();
  await page.waitForTimeout(400);
  await click(page, [0.4, 0.7]);
  await click(page, [0.4, 0.7]);
  await expect(rows(page)).toContainText("4 points");
  await told(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(rows(page)).toContainText("5 points");
  // Its colour is seen, and a changed one at once.
  const shape = page.locator("g.viewer-yellow .viewer-halo");
  await expect(shape).toHaveCount(1);
  await rows(page).getByRole("radio", { name: "Red", exact: true }).check();
  await expect(page.locator("g.viewer-red .viewer-halo")).toHaveCount(1);
  await expect(shape).toHaveCount(0);
});

test("VIEW-3 an import is looked at, counted and taken back as one; metres are told from degrees", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  const input = page.getByLabel("GeoJSON to import", { exact: true });
  await input.setInputFiles(geojson(point(8.58562, 46.66241), point(8.58563, 46.66242), point(8.58564, 46.66241)));
  await expect(rows(page)).toHaveCount(3);
  await expect(told(page)).toContainText("Imported 3 drawings");
  await expect(page).toHaveURL(/zoom=21/);
  await told(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(rows(page)).toHaveCount(0);
  await expect(told(page)).toContainText("3 drawings taken back");
  await input.setInputFiles(geojson(point(2_600_000, 1_200_000)));
  await expect(told(page)).toContainText("not metres of a national grid such as LV95 or UTM");
  await input.setInputFiles(geojson(point(151.2, -33.9)));
  await expect(told(page)).toContainText("far from this dataset");
});

test("VIEW-3 ROLE-4 what a Reader draws leaves as CSV with what is saved, and nobody asks before the page is left", async ({ page, anna, someoneElse }) => {
  const { org, set, at } = await world(anna);
  await anna.post(`/datasets/${set.id}/annotations`, { kind: "point", coordinates: [[8.5856, 46.6624]], name: "=Crack" });
  const { person: rita, page: other } = await someoneElse("Rita");
  await join(org, anna, rita, "reader");
  await other.goto(at);
  await tool(other, "Line").click();
  await click(other, [0.3, 0.5], [0.7, 0.5], [0.7, 0.5]);
  await expect(rows(other)).toHaveCount(2);
  await other.getByRole("button", { name: "Export and import", exact: true }).click();
  const kept = other.waitForEvent("download");
  await other.getByRole("link", { name: "Export as CSV", exact: true }).click();
  const file = await kept;
  expect(file.suggestedFilename()).toBe("Portal flight drawings.csv");
  const text = readFileSync(await file.path(), "utf8");
  expect(text).toContain("1,point,'=Crack");
  expect(text).toContain('\n,line,,,yellow,"LINESTRING (');
  let asked = false;
  other.on("dialog", (dialog) => {
    asked = true;
    void dialog.accept();
  });
  await other.reload();
  await expect(rows(other)).toHaveCount(1);
  expect(asked).toBe(false);
  await page.goto(at);
  await page.getByRole("button", { name: "Export and import", exact: true }).click();
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export as GeoJSON", exact: true }).click();
  expect((await saved).suggestedFilename()).toBe("Portal flight drawings.geojson");
});

test("VIEW-3 without a connection a drawing stays, the page is not left unasked, and it is saved later", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  await expect(map(page)).toBeVisible();
  await page.context().setOffline(true);
  await tool(page, "Point").click();
  await click(page, [0.4, 0.4]);
  const banner = page.getByRole("alert").filter({ hasText: "1 drawing is kept on this page" });
  await expect(banner).toContainText("The server cannot be reached.");
  await expect(rows(page)).toContainText("not saved");
  await banner.getByRole("button", { name: "Retry", exact: true }).click();
  await expect(banner).toBeVisible();
  // Links of the application ask as well.
  let questions = 0;
  page.on("dialog", (dialog) => {
    questions += 1;
    void dialog.dismiss();
  });
  await page.locator(".viewer-back").click();
  await expect.poll(() => questions).toBe(1);
  await expect(rows(page)).toHaveCount(1);
  await page.context().setOffline(false);
  await expect(banner).toBeHidden({ timeout: 20_000 });
  await expect(rows(page)).toContainText("Anna");
  await page.reload();
  await expect(rows(page)).toHaveCount(1);
  expect(questions).toBe(1);
});

test("VIEW-3 a drawing whose answer was lost is saved once", async ({ page, anna }) => {
  const { set, at } = await world(anna);
  await page.goto(at);
  await expect(map(page)).toBeVisible();
  let lost = 0;
  await page.route("**/annotation/draw_annotation", async (route) => {
    lost += 1;
    await route.fetch();
    await route.abort("internetdisconnected");
  });
  await tool(page, "Point").click();
  await click(page, [0.4, 0.4]);
  // It is found among the drawings of the server, which are told at once or asked for before it is sent again.
  await expect(rows(page)).toContainText("Anna", { timeout: 25_000 });
  await expect(rows(page)).not.toContainText("not saved");
  await expect(page.getByText("kept on this page")).toBeHidden();
  await expect(rows(page)).toHaveCount(1);
  expect(lost).toBe(1);
  const { items } = await anna.get<{ items: object[] }>(`/datasets/${set.id}/annotations`);
  expect(items).toHaveLength(1);
});

test("VIEW-1 panels fold away and stay so during the visit, and the map takes their room", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  const width = async () => (await map(page).boundingBox())?.width ?? 0;
  const before = await width();
  const layers = page.getByRole("button", { name: "Layers panel", exact: true });
  const drawings = page.getByRole("button", { name: "Drawings panel", exact: true });
  await expect(layers).toHaveAttribute("aria-expanded", "true");
  await layers.click();
  await drawings.click();
  await expect(layers).toHaveAttribute("aria-expanded", "false");
  await expect.poll(width).toBeGreaterThan(before + 450);
  await expect(page.getByRole("heading", { level: 1, name: "Portal flight" })).toBeVisible();
  await page.reload();
  await expect(drawings).toHaveAttribute("aria-expanded", "false");
  await drawings.click();
  await expect(page.getByRole("heading", { name: "Drawings", exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Layers", exact: true })).toBeHidden();
});

test("VIEW-1 a layer that is moved keeps the focus on its button", async ({ page, anna }) => {
  test.slow();
  const { org, set, at } = await world(anna);
  await mosaic(page, `/o/${org.org_id}/drive/${set.id}`);
  const order = page.locator(".viewer-order");
  await expect
    .poll(async () => {
      await page.goto(at);
      return await order.count();
    }, { timeout: 60_000, intervals: [2_000] })
    .toBeGreaterThan(1);
  const last = (await order.count()) - 1;
  const [up, down] = [order.nth(last).getByTitle("Up"), order.nth(last).getByTitle("Down")];
  const name = (await up.getAttribute("aria-label")) ?? "";
  const button = page.getByRole("button", { name, exact: true });
  await expect(down).toBeDisabled();
  for (let step = 0; step < last; step += 1) {
    await button.focus();
    await page.keyboard.press("Enter");
    if (step + 1 < last) await expect(button).toBeFocused();
  }
  // On top, what can still be pressed has the focus.
  await expect(button).toBeDisabled();
  await expect(page.getByRole("button", { name: name.replace(/up$/, "down"), exact: true })).toBeFocused();
});
