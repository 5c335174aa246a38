// The viewer with a script (VIEW-1 to VIEW-4): drawing, measuring, saving, by mouse, finger and keys, inside and by a link.
import AxeBuilder from "@axe-core/playwright";
import { expect, hydrated, test, watch } from "../support/fixture";
import { join } from "../support/members";
import { settled } from "../support/places";
import { click, map, rows, tool, world } from "../support/viewer";

test("VIEW-2 VIEW-3 an area is measured, named and taken back, and a colleague sees it at once", async ({ page, anna, someoneElse }) => {
  const { org, at } = await world(anna);
  const { person: ben, page: other } = await someoneElse("Ben");
  await join(org, anna, ben, "editor");
  await page.goto(at);
  await other.goto(at);
  await expect(map(page)).toBeVisible();
  await tool(page, "Area").click();
  await expect(tool(page, "Area")).toHaveAttribute("aria-pressed", "true");
  await click(page, [0.4, 0.4], [0.6, 0.4], [0.6, 0.6]);
  await page.keyboard.press("Enter");
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(page)).toContainText("Area (2D)");
  await expect(rows(page)).toContainText(/m²|ha/);
  await expect(rows(page)).toContainText("Anna");
  const name = rows(page).getByLabel("Name", { exact: true });
  await name.fill("Roof, portal building");
  await name.press("Tab");
  await expect(rows(page).getByRole("button", { name: "Roof, portal building" })).toBeVisible();
  await expect(rows(page).getByLabel("Description", { exact: true })).toBeFocused();
  await expect(rows(other)).toContainText("Roof, portal building", { timeout: 5_000 });

  await tool(page, "Point").click();
  await click(page, [0.3, 0.3]);
  await expect(rows(other)).toHaveCount(2, { timeout: 5_000 });
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(rows(page)).toHaveCount(1);
  await expect(rows(other)).toHaveCount(1, { timeout: 5_000 });
  await page.reload();
  await expect(rows(page)).toContainText("Roof, portal building");

  // What was deleted comes back with its author.
  await rows(page).getByRole("button", { name: "Roof, portal building" }).click();
  await rows(page).getByRole("button", { name: "Delete", exact: true }).click();
  await expect(rows(page)).toHaveCount(0);
  await page.waitForTimeout(500);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(rows(page)).toContainText("Roof, portal building");
});

test("ROLE-4 a Reader measures, is told that nothing is saved, and nothing is", async ({ page, anna, someoneElse }) => {
  const { org, at } = await world(anna);
  const { person: rita, page: other } = await someoneElse("Rita");
  await join(org, anna, rita, "reader");
  await other.goto(at);
  await expect(other.getByText("Nothing is saved: your role is Reader.")).toBeVisible();
  await tool(other, "Line").click();
  await click(other, [0.3, 0.5], [0.7, 0.5]);
  await other.keyboard.press("Enter");
  await expect(rows(other)).toContainText("Length (2D)");
  await expect(rows(other)).toContainText("not saved");
  await other.reload();
  await expect(map(other)).toBeVisible();
  await expect(rows(other)).toHaveCount(0);
  await page.goto(at);
  await expect(rows(page)).toHaveCount(0);
});

test("VIEW-1 VIEW-2 by keys alone: look around, draw, move a point", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  await tool(page, "Line").focus();
  await page.keyboard.press("Enter");
  await expect(map(page)).toBeFocused();
  await page.keyboard.press("Space");
  for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "Space", "ArrowDown", "Space"]) await page.keyboard.press(key);
  // The last one is taken back.
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  await expect(rows(page)).toContainText("2 points");
  const before = await rows(page).locator("b.num").textContent();
  await page.getByRole("button", { name: /^Point 2 of 2\./ }).focus();
  for (let step = 0; step < 8; step += 1) await page.keyboard.press("Shift+ArrowRight");
  await expect(rows(page).locator("b.num")).not.toHaveText(before ?? "");
  await map(page).focus();
  await page.keyboard.press("+");
  await expect(page).toHaveURL(/zoom=\d+\.\d\d/);
  await page.keyboard.press("0");
  await tool(page, "Area").click();
  await page.keyboard.press("Space");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await expect(tool(page, "Select")).toHaveAttribute("aria-pressed", "true");
});

test("VIEW-1 the address shows the same again; a photo opens; the page has no faults that axe finds", async ({ page, anna }) => {
  const { at } = await world(anna);
  await page.goto(at);
  await page.getByRole("button", { name: "Zoom in", exact: true }).click();
  await page.getByRole("button", { name: "Show Photo positions", exact: true }).click();
  await page.getByRole("button", { name: /Metres$/ }).click();
  await expect(page).toHaveURL(/units=feet/);
  const address = page.url();
  expect(address).not.toContain("photos");
  await page.reload();
  await expect(page.getByRole("button", { name: /Feet$/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Show Photo positions", exact: true })).toHaveAttribute("aria-pressed", "false");
  await page.goto(`${at}?photo=1`);
  const photo = page.getByRole("region", { name: "Photo", exact: true });
  await expect(photo.getByRole("heading", { name: /^DJI_/ })).toBeVisible();
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
  await photo.getByRole("link", { name: "Open photo", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "File", exact: true });
  await expect(dialog).toContainText("DJI_");
  // Closing it leads back to the map as it was, also from its neighbour.
  await page.keyboard.press("ArrowRight");
  await expect(page).toHaveURL(/file=2/);
  await dialog.locator("footer").getByRole("link", { name: "Close", exact: true }).click();
  await expect(page).toHaveURL(/\/view\?.*photo=1/);
  await expect(photo.getByRole("heading", { name: /^DJI_/ })).toBeVisible();
});

test("VIEW-4 from a link on a phone somebody measures a roof", async ({ page, anna, browser }) => {
  const { set } = await world(anna);
  const { url } = await anna.post<{ url: string }>(`/resources/${set.id}/links`, {});
  await page.goto("/");
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const phone = await context.newPage();
  const problems = watch(phone, true);
  // The page of the link itself has no script to wait for.
  await phone.evaluate((to) => { location.href = to; }, new URL(new URL(url).pathname, page.url()).href);
  await phone.getByRole("link", { name: "Open viewer", exact: true }).click();
  await hydrated(phone);
  await expect(phone.getByText("Nothing is saved: you are here by a link.")).toBeVisible();
  await tool(phone, "Area").tap();
  const box = await map(phone).boundingBox();
  if (!box) throw new Error("no map");
  for (const [right, down] of [[0.3, 0.4], [0.7, 0.4], [0.7, 0.6], [0.3, 0.6]] as const) {
    await phone.touchscreen.tap(box.x + right * box.width, box.y + down * box.height);
    await phone.waitForTimeout(30);
  }
  await phone.getByRole("button", { name: "Done", exact: true }).tap();
  await phone.getByRole("button", { name: /^Drawings/ }).tap();
  await expect(rows(phone)).toContainText("Area (2D)");
  await expect(rows(phone)).toContainText("4 points");
  expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await phone.reload();
  await expect(map(phone)).toBeVisible();
  await expect(rows(phone)).toHaveCount(0);
  expect(problems).toEqual([]);
  await context.close();
});
