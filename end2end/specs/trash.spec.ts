import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixture";
import { grantImages } from "../support/operator";
import { Drive, status } from "../support/pages";

const row = (page: Page, name: string) => page.getByRole("table", { name: "Trash" }).getByRole("row", { name, exact: true });

/** Moves an item to the trash from its menu. Without JavaScript a small dialog has the button. */
async function toTrash(drive: Drive, name: string): Promise<void> {
  await drive.more(name, "Move to trash");
  const dialog = drive.page.getByRole("dialog", { name: "Move to trash", exact: true });
  const told = status(drive.page).filter({ hasText: `Moved “${name}” to the trash` });
  await expect(dialog.or(told).first()).toBeVisible();
  if (await dialog.isVisible()) await dialog.getByRole("button", { name: "Move to trash", exact: true }).click();
  await expect(told).toBeVisible();
}

test("DRIVE-4 what is moved to the trash is gone from the Drive, and Undo brings it back", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "dataset", "Flight 1");
  await anna.create(table.root, "folder", "Shafts");
  const drive = new Drive(page);
  await drive.open(table);
  await toTrash(drive, "Tunnels");
  await expect(drive.row("Tunnels")).toHaveCount(0);
  await expect(drive.row("Shafts")).toBeVisible();
  await status(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(drive.row("Tunnels")).toBeVisible();
  expect(await anna.names(tunnels.id)).toEqual(["Flight 1"]);
});

test("DRIVE-4 DRIVE-5 the page of the trash restores, with a number where the name was taken", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const old = await anna.create(table.root, "folder", "Tunnels");
  await anna.post(`/resources/${old.id}/trash`, {});
  await anna.create(table.root, "folder", "Tunnels");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("link", { name: "Trash", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Trash" })).toBeVisible();
  await expect(row(page, "Tunnels")).toContainText("30 days");
  await row(page, "Tunnels").getByRole("button", { name: "Restore", exact: true }).click();
  await expect(status(page).first()).toContainText("as “Tunnels (2)”");
  await expect(page.getByText("The trash is empty.")).toBeVisible();
  expect(await anna.names(table.root)).toEqual(["Tunnels", "Tunnels (2)"]);
});

test("DRIVE-4 deleting for good and emptying the trash ask first, and name what is lost", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["One", "Two", "Three"]) {
    const folder = await anna.create(table.root, "folder", name);
    await anna.post(`/resources/${folder.id}/trash`, {});
  }
  await page.goto(`/o/${table.org_id}/drive/trash`);
  await row(page, "One").getByRole("link", { name: "Delete for good", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Delete for good", exact: true });
  await expect(dialog).toContainText("No one can restore this");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(dialog).toBeHidden();
  await row(page, "One").getByRole("link", { name: "Delete for good", exact: true }).click();
  await dialog.getByRole("button", { name: "Delete for good", exact: true }).click();
  await expect(row(page, "One")).toHaveCount(0);
  await expect(row(page, "Two")).toBeVisible();
  await page.getByRole("link", { name: "Empty trash", exact: true }).click();
  await page.getByRole("dialog", { name: "Empty trash", exact: true }).getByRole("button", { name: "Empty trash", exact: true }).click();
  await expect(page.getByText("The trash is empty.")).toBeVisible();
});

test("DRIVE-4 several are restored at once, all of them or none", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["One", "Two", "Three"]) {
    const folder = await anna.create(table.root, "folder", name);
    await anna.post(`/resources/${folder.id}/trash`, {});
  }
  await page.goto(`/o/${table.org_id}/drive/trash`);
  for (const name of ["One", "Three"]) await page.getByRole("checkbox", { name: `Select ${name}`, exact: true }).check();
  await page.getByRole("toolbar", { name: "Selection" }).getByRole("button", { name: "Restore", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Restore", exact: true });
  const told = status(page).filter({ hasText: "Restored 2 items" });
  await expect(dialog.or(told).first()).toBeVisible();
  if (await dialog.isVisible()) await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(told).toBeVisible();
  await expect(row(page, "One")).toHaveCount(0);
  await expect(row(page, "Two")).toBeVisible();
  expect((await anna.names(table.root)).toSorted()).toEqual(["One", "Three"]);
});

test("DRIVE-4 a dataset's own page moves it to the trash, and leads to where it was", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const flight = await anna.create(tunnels.id, "dataset", "Flight 1");
  await page.goto(`/o/${table.org_id}/drive/${flight.id}`);
  await page.getByRole("main").getByRole("button", { name: "Move to trash", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/drive/${tunnels.id}$`));
  await expect(status(page).first()).toContainText("Moved “Flight 1” to the trash");
  expect(await anna.names(tunnels.id)).toEqual([]);
});

test("DRIVE-4 Undo takes a move and a new name back", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  await anna.create(table.root, "folder", "Shafts");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.rename("Shafts", "Wells");
  await expect(drive.row("Wells")).toBeVisible();
  await status(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(drive.row("Shafts")).toBeVisible();
  const move = await drive.moveTo("Shafts");
  await move.enter("Tunnels");
  await move.moveHere.click();
  await expect(status(page).first()).toContainText("Moved “Shafts”");
  await status(page).getByRole("button", { name: "Undo", exact: true }).click();
  await expect(status(page).first()).toContainText("Moved “Shafts” back");
  await expect.poll(() => anna.names(table.root)).toEqual(["Shafts", "Tunnels"]);
});

test("DRIVE-4 Copy to makes another one, with a number where the name is taken", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "dataset", "Flight 1");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Tunnels", "Copy to");
  const dialog = page.getByRole("dialog", { name: "Copy to", exact: true });
  await dialog.getByRole("button", { name: "Copy here", exact: true }).click();
  await expect(status(page).first()).toContainText("as “Tunnels (2)”");
  await expect(drive.row("Tunnels (2)")).toBeVisible();
  await drive.enter("Tunnels (2)");
  await expect(drive.row("Flight 1")).toBeVisible();
});

test("XFER-5 DRIVE-6 a dataset is assigned to a site by name, shows on its timeline, and is removed again", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const body = { parent: table.root, kind: "dataset", name: "Flight 1", dataset: { images: 12, captured_on: "2026-03-01" } };
  await anna.post("/resources", body);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Flight 1", "Assign to");
  const dialog = page.getByRole("dialog", { name: "Assign to", exact: true });
  await dialog.getByLabel("Site name", { exact: true }).fill("Quarry North");
  await dialog.getByRole("button", { name: "Assign", exact: true }).click();
  await expect(drive.row("Quarry North")).toBeVisible();
  await expect(drive.row("Flight 1")).toHaveCount(0);
  await drive.enter("Quarry North");
  await expect(page.getByRole("region", { name: "Timeline", exact: true })).toContainText("1 Mar 2026");
  await drive.more("Flight 1", "Remove from site");
  const question = page.getByRole("dialog", { name: "Remove from site", exact: true });
  const told = status(page).filter({ hasText: "Removed “Flight 1” from “Quarry North”" });
  await expect(question.or(told).first()).toBeVisible();
  if (await question.isVisible()) await question.getByRole("button", { name: "Remove from site", exact: true }).click();
  await expect(told).toBeVisible();
  await expect.poll(() => anna.names(table.root)).toEqual(["Flight 1", "Quarry North"]);
  await told.getByRole("button", { name: "Undo", exact: true }).click();
  await expect.poll(() => anna.names(table.root)).toEqual(["Quarry North"]);
});
