// The files on a dataset's page: tabs, selecting, leaving out, renaming, deleting, downloading (FILE-1, FILE-4, POL-1).
import type { Locator, Page } from "@playwright/test";
import type { Organization, Person, Resource } from "../support/api";
import { flight, picture, upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantImages, operator } from "../support/operator";
import { Drive, problemOf, section, status } from "../support/pages";

async function dataset(anna: Person, files = flight(4)): Promise<{ table: Organization; set: Resource; at: string }> {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const set = await anna.create(table.root, "dataset", "Portal flight", 0);
  await upload(anna, set, files);
  return { table, set, at: `/o/${table.org_id}/drive/${set.id}` };
}

const grid = (page: Page, name = "Images"): Locator => page.getByRole("grid", { name, exact: true });
const row = (page: Page, path: string, name = "Images"): Locator => grid(page, name).getByRole("row", { name: path, exact: true });
const select = (page: Page, path: string): Promise<void> => grid(page).getByRole("checkbox", { name: `Select ${path}`, exact: true }).check();
const bar = (page: Page): Locator => page.getByRole("toolbar", { name: "Selection" });
const command = (page: Page, name: string): Locator => bar(page).getByRole("button", { name, exact: true });

/** Presses a button of the bar. Without JavaScript a dialog confirms what is done at once with it. */
async function run(page: Page, name: string, says: string): Promise<void> {
  await command(page, name).click();
  const question = page.getByRole("dialog", { name, exact: true });
  const told = status(page).filter({ hasText: says });
  await expect(question.or(told).first()).toBeVisible();
  if (await question.isVisible()) await question.getByRole("button", { name, exact: true }).click();
  await expect(told).toBeVisible();
}

test("FILE-1 a dataset's page has tabs with what is in it, each with an address", async ({ page, anna }) => {
  const { set, at } = await dataset(anna);
  await upload(anna, set, { "report.pdf": Buffer.from("%PDF-1.7 nothing more") }, "output");
  await page.goto(at);
  const tabs = page.getByRole("navigation", { name: "Dataset" });
  await expect(tabs.getByRole("link")).toHaveText(["Overview", "Images 4", "Results 1", "Survey", "Jobs 0"]);
  await expect(section(page, "Details")).toContainText("4 files");
  await tabs.getByRole("link", { name: "Images" }).click();
  await expect(grid(page).getByRole("row")).toHaveCount(5);
  await expect(page).toHaveURL(/tab=images$/);
  await page.getByRole("link", { name: "Show as list", exact: true }).click();
  await expect(page).toHaveURL(/view=list/);
  await expect(grid(page).getByRole("columnheader", { name: "Size" })).toBeVisible();
  await page.getByLabel("Find files", { exact: true }).fill("0003");
  await page.keyboard.press("Enter");
  await expect(grid(page).getByRole("row")).toHaveCount(2);
  await page.reload();
  await expect(row(page, "100MEDIA/DJI_0003.PNG")).toBeVisible();
  await tabs.getByRole("link", { name: "Results" }).click();
  await expect(row(page, "report.pdf", "Results")).toContainText("PDF");
  await page.goBack();
  await expect(row(page, "100MEDIA/DJI_0003.PNG")).toBeVisible();
});

test("FILE-1 what is selected is left out and taken in again, and Undo takes that back", async ({ page, anna }) => {
  const { set, at } = await dataset(anna);
  await page.goto(`${at}?tab=images`);
  await select(page, "100MEDIA/DJI_0001.PNG");
  await select(page, "100MEDIA/DJI_0002.PNG");
  await run(page, "Leave out", "Left out 2 files");
  await expect(row(page, "100MEDIA/DJI_0001.PNG").getByText("Left out", { exact: true })).toBeVisible();
  const images = async () => (await anna.get<{ dataset: { images: number } }>(`/resources/${set.id}`)).dataset.images;
  expect(await images()).toBe(2);
  await status(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(status(page).first()).toContainText("Took 2 files in again");
  expect(await images()).toBe(4);
});

test("FILE-1 a file is renamed, and another file's path is refused at the field", async ({ page, anna }) => {
  const { at } = await dataset(anna);
  await page.goto(`${at}?tab=images`);
  await select(page, "100MEDIA/DJI_0001.PNG");
  await command(page, "Rename").click();
  const dialog = page.getByRole("dialog", { name: "Rename", exact: true });
  const path = dialog.getByLabel("Path", { exact: true });
  await expect(path).toHaveValue("100MEDIA/DJI_0001.PNG");
  await path.fill("100MEDIA/DJI_0002.PNG");
  await dialog.getByRole("button", { name: "Rename", exact: true }).click();
  await expect(await problemOf(path)).toContainText("Another file has this path.");
  await path.fill("101MEDIA/first.png");
  await dialog.getByRole("button", { name: "Rename", exact: true }).click();
  await expect(status(page).first()).toContainText("Renamed to “101MEDIA/first.png”");
  await expect(row(page, "101MEDIA/first.png")).toBeVisible();
});

test("FILE-6 deleting files can be undone", async ({ page, anna, javaScriptEnabled }) => {
  const { at } = await dataset(anna);
  await page.goto(`${at}?tab=images`);
  for (const number of [1, 2, 3]) await select(page, `100MEDIA/DJI_000${number}.PNG`);
  await command(page, "Delete").click();
  if (javaScriptEnabled === false) {
    const dialog = page.getByRole("dialog", { name: "Delete", exact: true });
    await expect(dialog).toContainText("3 files will be deleted. The message that comes next has Undo.");
    await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
    await expect(dialog).toBeHidden();
    await expect(grid(page).getByRole("checkbox", { checked: true }), "the selection is still there").toHaveCount(3);
    await command(page, "Delete").click();
    await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  }
  await expect(status(page).first()).toContainText("Deleted 3 files");
  await expect(grid(page).getByRole("row")).toHaveCount(2);
  await page.getByRole("button", { name: "Undo", exact: true }).click();
  await expect(status(page).first()).toContainText("Brought 3 files back");
  await expect(grid(page).getByRole("row")).toHaveCount(5);
});

test("FILE-4 a file has a view of its own, with its neighbours, and is downloaded as an attachment", async ({ page, anna }) => {
  const { at } = await dataset(anna, { ...flight(2), "notes.txt": Buffer.from("what was seen") });
  await page.goto(`${at}?tab=images`);
  await row(page, "100MEDIA/DJI_0002.PNG").getByRole("link").first().click();
  const dialog = page.getByRole("dialog", { name: "File", exact: true });
  await expect(dialog).toContainText("100MEDIA/DJI_0002.PNG");
  await dialog.getByRole("link", { name: "Next", exact: true }).click();
  await expect(dialog).toContainText("notes.txt");
  await expect(page).toHaveURL(/file=3/);
  await expect(dialog.getByRole("link", { name: "Next", exact: true })).toHaveCount(0);
  const coming = page.waitForEvent("download");
  await dialog.getByRole("link", { name: "Download", exact: true }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("notes.txt");
  expect(await (await download.createReadStream()).toArray().then((parts) => Buffer.concat(parts).toString())).toBe("what was seen");
  await dialog.getByRole("link", { name: "Close", exact: true }).first().click();
  await expect(dialog).toBeHidden();
});

test("FILE-4 the menu of a row downloads all that is in it", async ({ page, anna }) => {
  const { table } = await dataset(anna, { ...flight(1), "notes.txt": Buffer.from("seen"), "cut off.jpg": Buffer.from("no picture") });
  const drive = new Drive(page);
  await drive.open(table);
  const [download] = await Promise.all([page.waitForEvent("download"), drive.more("Portal flight", "Download")]);
  expect(download.suggestedFilename()).toBe("Portal flight.zip");
  // What is called an image and is none says so.
  await drive.open(table);
  await drive.enter("Portal flight");
  await page.getByRole("navigation", { name: "Dataset" }).getByRole("link", { name: /^Images/ }).click();
  await expect(row(page, "cut off.jpg").getByText("Not an image", { exact: true })).toBeVisible();
  await expect(row(page, "notes.txt").getByText("Not an image", { exact: true })).toHaveCount(0);
});

test("ACCESS-1 POL-1 who only reads takes files and changes none, unless no one may download", async ({ anna, someoneElse }) => {
  const { table, set, at } = await dataset(anna);
  const { person, page: theirs } = await someoneElse("Rolf");
  await join(table, anna, person, "reader");
  await theirs.goto(`${at}?tab=images`);
  await select(theirs, "100MEDIA/DJI_0001.PNG");
  await expect(command(theirs, "Download")).toBeEnabled();
  for (const name of ["Leave out", "Rename", "Delete"]) await expect(command(theirs, name)).toHaveCount(0);
  await anna.put(`/resources/${set.id}/restrictions`, { copy: false, delete: false, download: true });
  await theirs.reload();
  await expect(theirs.getByRole("button", { name: "Download all", exact: true })).toBeDisabled();
  await expect(theirs.getByText("This cannot be downloaded, because its Managers have restricted downloading.").first()).toBeVisible();
});

test("LIC-2 the images of a queued dataset are fixed, and its results are not", async ({ page, anna }) => {
  const { set, at } = await dataset(anna);
  await upload(anna, set, { "ortho.tif": Buffer.from("II*\0 a map"), "preview.png": picture(9) }, "output");
  await operator("dataset", "set-status", set.id, "queued");
  await page.goto(`${at}?tab=images`);
  await select(page, "100MEDIA/DJI_0001.PNG");
  await expect(command(page, "Delete")).toBeDisabled();
  await expect(bar(page)).toContainText("A job works on the images of this dataset");
  await page.goto(`${at}?tab=results`);
  await grid(page, "Results").getByRole("checkbox", { name: "Select ortho.tif", exact: true }).check();
  await expect(command(page, "Leave out")).toHaveCount(0);
  await expect(command(page, "Delete")).toBeEnabled();
});
