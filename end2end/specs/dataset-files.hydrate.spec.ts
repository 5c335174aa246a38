// The files on a dataset's page, as far as WebAssembly is needed: keys, touch, live updates, downloads from the bar.
import type { Locator, Page } from "@playwright/test";
import type { Person } from "../support/api";
import { flight, picture, upload } from "../support/files";
import { expect, hydrated, test } from "../support/fixture";
import { grantImages } from "../support/operator";

async function images(page: Page, anna: Person, count: number, size?: [number, number]) {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const set = await anna.create(table.root, "dataset", "Portal flight", 0);
  await upload(anna, set, flight(count, undefined, size));
  const at = `/o/${table.org_id}/drive/${set.id}?tab=images`;
  await page.goto(at);
  return { table, set, at };
}

const grid = (page: Page): Locator => page.getByRole("grid", { name: "Images", exact: true });
const row = (page: Page, number: number): Locator => grid(page).getByRole("row", { name: `100MEDIA/DJI_${String(number).padStart(4, "0")}.PNG`, exact: true });
const chosen = (page: Page): Locator => grid(page).locator("tbody [aria-selected=true]");
const bar = (page: Page): Locator => page.getByRole("toolbar", { name: "Selection" });

test("DRIVE-3 files are selected with the keys and clicks of the Drive", async ({ page, anna }) => {
  const { at } = await images(page, anna, 12);
  await row(page, 2).locator(".picture").click();
  await expect(chosen(page)).toHaveCount(1);
  await row(page, 5).locator(".picture").click({ modifiers: ["Shift"] });
  await expect(bar(page)).toContainText("4 selected");
  await row(page, 9).locator(".picture").click({ modifiers: ["ControlOrMeta"] });
  await expect(bar(page)).toContainText("5 selected");
  await expect(page).toHaveURL(/item=9/);
  await page.reload();
  await expect(bar(page)).toContainText("5 selected");
  await row(page, 1).focus();
  await page.keyboard.press("Escape");
  await expect(chosen(page)).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await expect(row(page, 2)).toBeFocused();
  await page.keyboard.press("Space");
  await expect(row(page, 2)).toHaveAttribute("aria-selected", "true");
  // Down is the tile below, however many are beside each other.
  const below = await page.evaluate(() => {
    const rows = [...document.querySelectorAll<HTMLElement>(".files tbody tr")];
    return rows.filter((one) => one.offsetTop === rows[0]?.offsetTop).length + 2;
  });
  await page.keyboard.press("ArrowDown");
  await expect(row(page, below)).toBeFocused();
  await page.keyboard.press("ControlOrMeta+a");
  await expect(bar(page)).toContainText("12 selected");
  // Nothing is asked, because it can be undone.
  await page.keyboard.press("Delete");
  await expect(page.getByRole("status").filter({ hasText: "Deleted 12 files" })).toBeVisible();
  await expect(row(page, 3)).toHaveCount(0);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "Brought 12 files back" })).toBeVisible();
  await row(page, 3).focus();
  await page.keyboard.press("Escape");
  await page.keyboard.press("F2");
  await expect(page.getByRole("dialog", { name: "Rename", exact: true }).getByLabel("Path")).toHaveValue(/DJI_0003/);
  // What is changed is selected: the name without its folder and its extension.
  const path = page.getByRole("dialog", { name: "Rename", exact: true }).getByLabel("Path");
  await expect.poll(() => path.evaluate((input: HTMLInputElement) => input.value.slice(input.selectionStart ?? 0, input.selectionEnd ?? 0))).toBe("DJI_0003");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.goto(at);
  await row(page, 4).locator(".picture").dblclick();
  await expect(page.getByRole("dialog", { name: "File", exact: true })).toContainText("DJI_0004");
});

test("FILE-5 arrow keys lead from file to file, and Escape back to the list", async ({ page, anna }) => {
  const { at } = await images(page, anna, 3, [1600, 1200]);
  await expect(grid(page).locator("img")).toHaveCount(3, { timeout: 30_000 });
  await row(page, 1).focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "File", exact: true });
  await expect(dialog).toContainText("DJI_0001");
  await page.keyboard.press("ArrowRight");
  await expect(dialog).toContainText("DJI_0002");
  await page.keyboard.press("ArrowRight");
  await expect(dialog).toContainText("DJI_0003");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  await expect(dialog).toContainText("DJI_0002");
  // Screen readers hear which one is shown now.
  await expect(dialog.locator("p[role=status]")).toHaveText("DJI_0002.PNG");
  // The picture is zoomed by a double click about the pointer, by the wheel, and by keys; what is larger than its place is dragged.
  const zoom = dialog.locator(".photo-zoom");
  const scale = dialog.getByRole("group", { name: "Zoom", exact: true }).getByRole("status");
  await expect(scale).toHaveText("Fit");
  const box = (await zoom.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const left = () => zoom.locator("img").evaluate((image) => image.getBoundingClientRect().left);
  const fits = await left();
  await page.mouse.dblclick(middle.x, middle.y);
  await expect(scale).toHaveText(/^\d+ %$/);
  const zoomed = await left();
  expect(zoomed).toBeLessThan(fits);
  await page.mouse.move(middle.x, middle.y);
  await page.mouse.wheel(0, -600);
  await expect.poll(left).toBeLessThan(zoomed);
  const before = await left();
  await page.mouse.down();
  await page.mouse.move(middle.x + 20, middle.y, { steps: 4 });
  await page.mouse.up();
  await expect.poll(left).toBeGreaterThan(before);
  await page.keyboard.press("0");
  await expect(scale).toHaveText("Fit");
  await page.keyboard.press("+");
  await expect(scale).toHaveText(/^\d+ %$/);
  await page.keyboard.press("-");
  await expect(scale).toHaveText("Fit");
  await dialog.getByRole("button", { name: "Leave out", exact: true }).click();
  await expect(dialog.getByText("Left out", { exact: true })).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Take in again", exact: true })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(at);
  await expect(row(page, 2).getByText("Left out", { exact: true })).toBeVisible();
});

test("FILE-1 files that come while one looks appear, and the selection stays", async ({ page, anna }) => {
  const { set } = await images(page, anna, 3);
  await row(page, 2).locator(".picture").click();
  await page.waitForFunction(() => performance.getEntriesByName("live").length > 0);
  await upload(anna, set, { "100MEDIA/DJI_0000.PNG": picture(50) });
  await expect(row(page, 0)).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Dataset" }).getByRole("link", { name: "Images" })).toHaveText("Images 4");
  await expect(row(page, 2)).toHaveAttribute("aria-selected", "true");
  await expect(chosen(page)).toHaveCount(1);
  await expect(row(page, 2).getByRole("checkbox")).toBeChecked();
});

test("DRIVE-2 a dataset is shown with its first photo, in rows and in tiles", async ({ page, anna }) => {
  const { table } = await images(page, anna, 2);
  for (const view of ["list", "grid"]) {
    await page.goto(`/o/${table.org_id}/drive?view=${view}`);
    const picture = page.getByRole("row", { name: "Portal flight" }).locator("img");
    await expect(picture).toHaveAttribute("alt", "");
    await expect(picture).toHaveAttribute("loading", "lazy");
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  }
});

test("FILE-4 a single selected file is downloaded from the bar, and the page stays", async ({ page, anna }) => {
  await images(page, anna, 2);
  await row(page, 1).getByRole("checkbox").check();
  const coming = page.waitForEvent("download");
  await bar(page).getByRole("button", { name: "Download", exact: true }).click();
  expect((await coming).suggestedFilename()).toBe("DJI_0001.PNG");
  await expect(row(page, 1)).toBeVisible();
});

test("FILE-1 on a phone a tap opens a photo, and with something selected it adds to it", async ({ browser, anna, page, baseURL }) => {
  const { at } = await images(page, anna, 4);
  const phone = await browser.newContext({ ...(baseURL ? { baseURL } : {}), viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, storageState: await page.context().storageState() });
  const small = await phone.newPage();
  await small.goto(at);
  await hydrated(small);
  await row(small, 2).locator(".picture").tap();
  await expect(small.getByRole("dialog", { name: "File", exact: true })).toContainText("DJI_0002");
  await small.getByRole("dialog").getByRole("link", { name: "Close", exact: true }).first().click();
  await row(small, 1).getByRole("checkbox").tap();
  await row(small, 3).locator(".picture").tap();
  await expect(bar(small)).toContainText("2 selected");
  const wide = await small.evaluate(() => document.documentElement.scrollWidth);
  expect(wide, "nothing scrolls sideways").toBeLessThanOrEqual(390);
  await phone.close();
});

test("FILE-5 a finger goes from photo to photo", async ({ page, anna }) => {
  const { at } = await images(page, anna, 2);
  await page.goto(at);
  await row(page, 1).locator(".picture").dblclick();
  const dialog = page.getByRole("dialog", { name: "File", exact: true });
  await expect(dialog.locator(".photo-zoom")).toBeVisible();
  const swipe = (from: number, to: number) =>
    dialog.locator(".photo-zoom img").evaluate((picture, [from, to]) => {
      const touch = (type: string, x: number | undefined) =>
        picture.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerType: "touch", isPrimary: true, clientX: x ?? 0, clientY: 200 }));
      touch("pointerdown", from);
      touch("pointerup", to);
    }, [from, to]);
  await swipe(300, 100);
  await expect(dialog.locator("p[role=status]")).toHaveText("DJI_0002.PNG");
  await swipe(100, 130);
  await expect(dialog.locator("p[role=status]")).toHaveText("DJI_0002.PNG");
  await swipe(100, 300);
  await expect(dialog.locator("p[role=status]")).toHaveText("DJI_0001.PNG");
});
