// Uploads in the browser (FILE-2): files and folders, in the middle of a reload and without a connection, what fails, names that are
// taken, and a panel that stays from page to page.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import type { Organization, Person, Resource } from "../support/api";
import { expect, test } from "../support/fixture";
import { join as joinOrganization } from "../support/members";
import { grantImages, operator } from "../support/operator";

/** When every generated file was changed last. */
const CHANGED = new Date("2026-11-21T10:00:00Z");

/** Makes files of a folder; the folder. */
function folder(name: string, files: Record<string, string | Buffer>): string {
  const path = join(mkdtempSync(join(tmpdir(), "commonhold-uploads-")), name);
  for (const [file, content] of Object.entries(files)) {
    const at = join(path, file);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
    utimesSync(at, CHANGED, CHANGED);
  }
  made.push(dirname(path));
  return path;
}
const made: string[] = [];
test.afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

const photo = (n: number, bytes = 2_000): Buffer => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1]), Buffer.alloc(bytes, `photo ${n} `)]);
const photos = (number: number, bytes?: number): Record<string, Buffer> =>
  Object.fromEntries(Array.from({ length: number }, (_, n) => [`10${n % 3}MEDIA/DJI_${String(n).padStart(4, "0")}.JPG`, photo(n, bytes)]));

async function world(anna: Person): Promise<{ org: Organization; dataset: Resource }> {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const dataset = await anna.create(org.root, "dataset", "Flight 1");
  return { org, dataset };
}

const panel = (page: Page): Locator => page.getByRole("complementary").filter({ has: page.getByRole("progressbar", { name: "Upload" }) });
const heading = (page: Page, text: string | RegExp): Locator => panel(page).getByRole("heading", { name: text });
type Chosen = string | { name: string; mimeType: string; buffer: Buffer }[];

/** Chooses files in the dialog that a button of the page opens, here one of the menu **Upload**. */
async function choose(page: Page, button: "Upload files" | "Upload folder", chosen: Chosen): Promise<void> {
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  const opened = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: button, exact: true }).click();
  await (await opened).setFiles(chosen);
}
const files = (page: Page) => ({ setInputFiles: (chosen: Chosen) => choose(page, "Upload files", chosen) });
const folders = (page: Page) => ({ setInputFiles: (chosen: Chosen) => choose(page, "Upload folder", chosen) });

async function listed(anna: Person, dataset: string): Promise<string[]> {
  const paths: string[] = [];
  let cursor = "";
  do {
    const { items, next_cursor } = await anna.get<{ items: { path: string }[]; next_cursor: string | null }>(`/datasets/${dataset}/files?limit=200&cursor=${cursor}`);
    paths.push(...items.map(({ path }) => path));
    cursor = next_cursor ?? "";
  } while (cursor !== "");
  return paths;
}

/** Lets only so many requests with bytes through; the others wait until `open` is called. */
async function gate(page: Page, most: number): Promise<() => Promise<void>> {
  let passed = 0;
  await page.route("**/api/v1/uploads/*", async (route) => {
    if (route.request().method() !== "PATCH" || passed < most) {
      passed += 1;
      await route.continue();
    }
    // The others hang, as on a connection that brings nothing any more.
  });
  return () => page.unroute("**/api/v1/uploads/*");
}

test("a folder of 300 photos becomes one new dataset, and the panel stays from page to page", async ({ page, anna }) => {
  test.setTimeout(240_000);
  const { org } = await world(anna);
  const card = folder("Dam", photos(300));
  await page.goto(`/o/${org.org_id}/drive`);
  await folders(page).setInputFiles(card);
  const dialog = page.getByRole("dialog", { name: /^Upload 300 files to/ });
  await expect(dialog.getByLabel("Name of the new dataset")).toHaveValue("2026-11-21 Dam");
  await expect(dialog.getByRole("radio", { name: /^One dataset for each folder/ })).toBeVisible();
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(heading(page, "Uploading 300 files")).toBeVisible();
  await page.getByRole("link", { name: "People", exact: true }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "People" })).toBeVisible();
  await expect(panel(page)).toBeVisible();
  await expect(heading(page, "300 files uploaded")).toBeVisible({ timeout: 180_000 });
  await page.goBack();
  const { items } = await anna.get<{ items: Resource[] }>(`/resources/${org.root}/children`);
  const flight = items.find(({ name }) => name === "2026-11-21 Dam");
  const paths = await listed(anna, flight?.id ?? "");
  expect(paths).toHaveLength(300);
  expect(paths).toContain("Dam/100MEDIA/DJI_0000.JPG");
  await expect(page.getByRole("row", { name: "2026-11-21 Dam" })).toBeVisible();
  await panel(page).getByRole("button", { name: "Close" }).click();
  await expect(panel(page)).toHaveCount(0);
});

test("each folder becomes a dataset of its own where that is chosen, and a dataset that is selected is offered", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  const card = folder("DCIM", photos(6));
  await page.goto(`/o/${org.org_id}/drive`);
  await page.getByRole("row", { name: "Flight 1" }).getByRole("checkbox").check();
  await folders(page).setInputFiles(card);
  const dialog = page.getByRole("dialog", { name: /^Upload 6 files to/ });
  await expect(dialog.getByRole("radio", { name: "Into the selected dataset “Flight 1”" })).toBeChecked();
  await dialog.getByRole("radio", { name: /^One dataset for each folder/ }).check();
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(heading(page, "6 files uploaded")).toBeVisible();
  for (const name of ["100MEDIA", "101MEDIA", "102MEDIA"]) await expect(page.getByRole("row", { name: `2026-11-21 ${name}` })).toBeVisible();
  // The panel leads to what was made.
  for (const name of ["100MEDIA", "102MEDIA"]) await expect(panel(page).getByRole("link", { name: `Open dataset 2026-11-21 ${name}`, exact: true })).toBeVisible();
  await folders(page).setInputFiles(card);
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await folders(page).setInputFiles(card);
  await page.getByRole("dialog").getByRole("button", { name: "Upload", exact: true }).click();
  await expect.poll(() => listed(anna, dataset.id)).toHaveLength(6);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}?tab=images`);
  // F2 renames the file whose checkbox has the focus, like the file that has it itself.
  await page.getByRole("checkbox", { name: /^Select .*DJI_/ }).first().focus();
  await page.keyboard.press("F2");
  await expect(page.getByRole("dialog", { name: "Rename", exact: true })).toBeVisible();
});

test("after a reload in the middle the same folder goes on, and only what is missing is sent", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  const card = folder("Dam", photos(40));
  const address = `/o/${org.org_id}/drive/${dataset.id}`;
  await page.goto(address);
  await gate(page, 12);
  await folders(page).setInputFiles(card);
  await expect.poll(() => listed(anna, dataset.id)).toHaveLength(12);
  // A browser asks only on a page that somebody has touched.
  await page.getByRole("heading", { level: 1 }).click();
  const asked = page.waitForEvent("dialog");
  const reloading = page.reload();
  const guard = await asked;
  expect(guard.type(), "the browser asks before the window goes").toBe("beforeunload");
  await guard.accept();
  await reloading;
  await page.unroute("**/api/v1/uploads/*");
  await expect(page.getByText("Upload unfinished: 12 of 40 files are here.")).toBeVisible();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PATCH") sent.push(request.url());
  });
  const opened = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose folder" }).click();
  await (await opened).setFiles(card);
  await expect(heading(page, "40 files uploaded")).toBeVisible({ timeout: 60_000 });
  await expect(panel(page).getByText("12 were there already")).toBeVisible();
  expect(sent).toHaveLength(28);
  expect(await listed(anna, dataset.id)).toHaveLength(40);
  await expect(page.getByText("Upload unfinished")).toHaveCount(0);
});

test("without a connection it waits, and goes on by itself", async ({ page, anna, context }) => {
  const { org, dataset } = await world(anna);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  const open = await gate(page, 5);
  await folders(page).setInputFiles(folder("Dam", photos(30)));
  await expect.poll(() => listed(anna, dataset.id)).toHaveLength(5);
  await context.setOffline(true);
  await expect(panel(page).getByText("You are offline.")).toBeVisible();
  // A page that cannot come does not take the panel away, nor this page.
  await page.getByRole("link", { name: "People", exact: true }).first().click();
  await expect(page.getByText(/You are offline\. The page opens|The connection was interrupted/).first()).toBeVisible();
  await expect(panel(page).getByText("You are offline. The upload goes on by itself")).toBeVisible();
  await open();
  await context.setOffline(false);
  await expect(heading(page, "30 files uploaded")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole("heading", { level: 1, name: "People" })).toBeVisible();
  expect(await listed(anna, dataset.id)).toHaveLength(30);
});

test("a file that fails says why and is tried again by one button, and the others go on", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  let refuses = true;
  let first = "";
  await page.route("**/api/v1/uploads/*", async (route) => {
    if (first === "" && route.request().method() === "PATCH") first = route.request().url();
    if (refuses && route.request().url() === first) {
      const json = { title: "Forbidden", status: 403, code: "forbidden", detail: "The camera is not trusted." };
      return route.fulfill({ status: 403, contentType: "application/problem+json", json });
    }
    return route.continue();
  });
  await files(page).setInputFiles(Object.values(photos(8)).map((buffer, n) => ({ name: `photo ${n}.jpg`, mimeType: "image/jpeg", buffer })));
  await expect(heading(page, "1 file was not uploaded")).toBeVisible();
  await expect(panel(page).getByText("The camera is not trusted.")).toBeVisible();
  expect(await listed(anna, dataset.id)).toHaveLength(7);
  await panel(page).getByRole("checkbox", { name: "Show only failed" }).check();
  await expect(panel(page).getByRole("listitem")).toHaveCount(1);
  refuses = false;
  await panel(page).getByRole("button", { name: "Retry failed" }).click();
  await expect(heading(page, "8 files uploaded")).toBeVisible();
  expect(await listed(anna, dataset.id)).toHaveLength(8);
});

test("names that cannot be are refused by the plan, and what does not fit is told before a byte is sent", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  await files(page).setInputFiles([
    { name: "con.jpg", mimeType: "image/jpeg", buffer: photo(1) },
    { name: "good.jpg", mimeType: "image/jpeg", buffer: photo(2) },
    { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) },
  ]);
  await expect(heading(page, "1 file was not uploaded")).toBeVisible();
  expect(await listed(anna, dataset.id)).toEqual(["empty.txt", "good.jpg"]);
  await panel(page).getByRole("button", { name: "Close" }).click();
  await operator("storage", "set", "--org", org.org_id, "5000");
  await files(page).setInputFiles([{ name: "large.jpg", mimeType: "image/jpeg", buffer: photo(3, 9_000) }]);
  await expect(panel(page).getByText(/storage has .* left/)).toBeVisible();
});

test("one answer counts for all names that are taken", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  const named = (text: string) => ["a.jpg", "b.jpg"].map((name, n) => ({ name, mimeType: "image/jpeg", buffer: Buffer.concat([photo(n), Buffer.from(text)]) }));
  await files(page).setInputFiles(named("one"));
  await expect(heading(page, "2 files uploaded")).toBeVisible();
  await files(page).setInputFiles(named("another"));
  await expect(heading(page, "2 names are taken")).toBeVisible();
  // What is replaced is gone for good, so it is asked about once more.
  await panel(page).getByRole("button", { name: "Replace…" }).click();
  const asked = panel(page).getByRole("alertdialog", { name: /^Replace 2 files/ });
  await expect(asked.getByRole("button", { name: "Cancel" })).toBeFocused();
  await asked.getByRole("button", { name: "Cancel" }).click();
  await panel(page).getByRole("button", { name: "Keep both" }).click();
  await expect.poll(() => listed(anna, dataset.id)).toEqual(["a (1).jpg", "a.jpg", "b (1).jpg", "b.jpg"]);
  await files(page).setInputFiles(named("a third one"));
  await panel(page).getByRole("button", { name: "Skip" }).click();
  await expect(panel(page).getByText("2 were skipped")).toBeVisible();
  expect(await listed(anna, dataset.id)).toHaveLength(4);
});

test("it can be paused and stopped; what arrived stays", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  await gate(page, 4);
  await folders(page).setInputFiles(folder("Dam", photos(20)));
  await expect.poll(() => listed(anna, dataset.id)).toHaveLength(4);
  await panel(page).getByRole("button", { name: "Pause" }).click();
  await expect(heading(page, "Paused: 20 files")).toBeVisible();
  await panel(page).getByRole("button", { name: "Resume" }).click();
  await expect(heading(page, "Uploading 20 files")).toBeVisible();
  await panel(page).getByRole("button", { name: "Cancel upload" }).click();
  const question = page.getByRole("alertdialog", { name: /^Stop uploading/ });
  await expect(question.getByRole("button", { name: "Go on" })).toBeFocused();
  await question.getByRole("button", { name: "Stop uploading" }).click();
  await expect(page.getByText("Uploading was stopped. 4 files are here.")).toBeVisible();
  await expect(panel(page)).toHaveCount(0);
  await expect.poll(async () => (await anna.get<{ items: unknown[] }>(`/datasets/${dataset.id}/uploads`)).items).toHaveLength(0);
  expect(await listed(anna, dataset.id)).toHaveLength(4);
});

/** Drops a file on an element, as the computer's file manager does; whether the page kept the browser from opening it. */
async function drop(target: Locator, name: string): Promise<boolean> {
  return target.evaluate((element, name) => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], name, { lastModified: Date.UTC(2026, 10, 21) }));
    const event = (kind: string) => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    element.dispatchEvent(event("dragover"));
    return !element.dispatchEvent(event("drop"));
  }, name);
}

test("files are dropped on a list, a folder, a dataset's row or its page, and never replace the page", async ({ page, anna }) => {
  const { org, dataset } = await world(anna);
  const dams = await anna.create(org.root, "folder", "Dams");
  await page.goto(`/o/${org.org_id}/drive`);
  expect(await drop(page.getByRole("row", { name: "Flight 1" }), "row.jpg")).toBe(true);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("radio", { name: "Into the selected dataset “Flight 1”" })).toBeChecked();
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect.poll(() => listed(anna, dataset.id)).toEqual(["row.jpg"]);
  // A page that loads its data again may replace a row just then.
  await expect(async () => expect(await drop(page.getByRole("row", { name: "Dams" }), "folder.jpg")).toBe(true)).toPass();
  await expect(dialog.getByLabel("Name of the new dataset")).toHaveValue("2026-11-21 Dams");
  await dialog.getByLabel("Name of the new dataset").fill("");
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(dialog.getByText("Enter a name.")).toBeVisible();
  await dialog.getByLabel("Name of the new dataset").fill("Week 47");
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await expect.poll(async () => (await anna.get<{ items: Resource[] }>(`/resources/${dams.id}/children`)).items.map(({ name }) => name)).toEqual(["Week 47"]);
  await expect(async () => expect(await drop(page.getByRole("grid", { name: "Drive" }), "list.jpg")).toBe(true)).toPass();
  await expect(dialog.getByLabel("Name of the new dataset")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  expect(await drop(page.locator(".drive-page"), "page.jpg")).toBe(true);
  await expect.poll(() => listed(anna, dataset.id)).toEqual(["page.jpg", "row.jpg"]);
  await page.goto(`/o/${org.org_id}/people`);
  expect(await drop(page.getByRole("heading", { level: 1 }), "nowhere.jpg"), "the browser does not open it").toBe(true);
  await expect(panel(page)).toHaveCount(0);
});

test("whoever may not add files has no button, and a list of thousands is a few rows", async ({ page, anna, someoneElse }) => {
  const { org, dataset } = await world(anna);
  const rita = await someoneElse("Rita");
  await joinOrganization(org, anna, rita.person, "reader");
  await rita.page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  await expect(rita.page.getByRole("button", { name: "Upload", exact: true })).toHaveCount(0);
  await page.goto(`/o/${org.org_id}/drive/${dataset.id}`);
  await gate(page, 0);
  await files(page).setInputFiles(Array.from({ length: 1_500 }, (_, n) => ({ name: `photo ${n}.jpg`, mimeType: "image/jpeg", buffer: Buffer.from(`${n}`) })));
  await expect(panel(page).getByText(/^0 of 1,500/)).toBeVisible({ timeout: 60_000 });
  const rows = panel(page).getByRole("listitem");
  expect(await rows.count()).toBeLessThan(40);
  const list = panel(page).getByRole("region", { name: "Files" });
  await list.evaluate((element) => {
    element.scrollTop = element.scrollHeight;
  });
  await expect(rows.last()).toContainText("photo 1499.jpg");
  expect(await rows.count()).toBeLessThan(40);
});
