import { expect, test } from "../support/fixture";
import { alert, Drive, problemOf, signIn, status } from "../support/pages";
import { grantImages } from "../support/operator";

test("DRIVE-4 folders, sites, assets and datasets are made from the menu New, and renamed", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.create("folder", "Tunnels");
  await drive.create("site", "Quarry North");
  await drive.create("asset", "Bridge 7");
  await drive.create("dataset", "Flight 1", 1_204);
  await expect(drive.row("Flight 1")).toContainText("Draft");
  await expect(drive.row("Flight 1")).toContainText("1,204");

  await drive.rename("Tunnels", "Tunnels and shafts");
  await expect(drive.row("Tunnels and shafts")).toBeVisible();
  await expect(drive.row("Tunnels")).toHaveCount(0);
  await expect(status(page).first()).toContainText("Renamed");
  expect(await anna.names(table.root)).toEqual(["Bridge 7", "Flight 1", "Quarry North", "Tunnels and shafts"]);
});

test("DRIVE-5 a name that is taken, regardless of case, is said at the field, and nothing is made", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  await anna.create(table.root, "folder", "Shafts");
  const drive = new Drive(page);
  await drive.open(table);
  const dialog = await drive.dialogNew("folder");
  await dialog.getByLabel("Name", { exact: true }).fill("TUNNELS");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Name", { exact: true }))).toContainText("“TUNNELS” already exists here.");
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("TUNNELS");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(dialog).toBeHidden();

  const rename = await drive.rename("Shafts", "tunnels");
  await expect(await problemOf(rename.getByLabel("Name", { exact: true }))).toContainText("“tunnels” already exists here.");
  expect(await anna.names(table.root)).toEqual(["Shafts", "Tunnels"]);
});

test("DRIVE-5 an empty name is said at the field", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const drive = new Drive(page);
  await drive.open(table);
  const dialog = await drive.dialogNew("folder");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Name", { exact: true }))).toContainText("Enter a name.");
});

test("DRIVE-1 sites and assets hold only datasets", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const site = await anna.create(table.root, "site", "Quarry North");
  const drive = new Drive(page);
  await drive.open(table, site.id);
  await drive.create("dataset", "Flight 1");
  // What can never be made here is not offered; asked for by address, it is refused.
  await page.goto(`/o/${table.org_id}/drive/${site.id}?dialog=new-folder`);
  const dialog = page.getByRole("dialog", { name: "New folder" });
  if (await dialog.isVisible()) {
    await dialog.getByLabel("Name", { exact: true }).fill("Below a site");
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await expect(page.getByText("can hold only datasets").first()).toBeVisible();
  }
  expect(await anna.names(site.id)).toEqual(["Flight 1"]);
});

test("DRIVE-2 the breadcrumb leads back up, and every folder has an address", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const north = await anna.create(tunnels.id, "folder", "North");
  await anna.create(north.id, "dataset", "Flight 1");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.enter("Tunnels");
  await drive.enter("North");
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}/drive/${north.id}$`));
  await expect(drive.row("Flight 1")).toBeVisible();
  const crumbs = page.getByRole("navigation", { name: "Breadcrumb" });
  await crumbs.getByRole("link", { name: "Tunnels", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/drive/${tunnels.id}$`));
  await expect(drive.row("North")).toBeVisible();
  await page.goBack();
  await expect(drive.row("Flight 1")).toBeVisible();

  const gone = await page.goto(`/o/${table.org_id}/drive/01890000-0000-7000-8000-000000000000`);
  expect(gone?.status()).toBe(404);
});

test("XFER-4 several items move into a folder of the same organization, with everything in them", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const archive = await anna.create(table.root, "folder", "Archive");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "dataset", "Flight 1");
  await anna.create(table.root, "dataset", "Flight 2");
  await anna.create(table.root, "folder", "Stays");
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Tunnels", "Flight 2");
  await expect(moveTo.dialog).toContainText("2");
  await moveTo.enter("Archive");
  await moveTo.moveHere.click();
  await expect(moveTo.dialog).toBeHidden();
  await expect(status(page).first()).toContainText("Moved");
  expect(await anna.names(table.root)).toEqual(["Archive", "Stays"]);
  expect(await anna.names(archive.id)).toEqual(["Flight 2", "Tunnels"]);
  expect(await anna.names(tunnels.id)).toEqual(["Flight 1"]);
});

test("XFER-4 a folder does not move into itself: the dialog says so and offers no way in", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "North");
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Tunnels");
  await expect(moveTo.dialog.getByText("Tunnels", { exact: true }).first()).toBeVisible();
  await expect(moveTo.dialog.getByRole("link", { name: "Tunnels", exact: true })).toHaveCount(0);
  // Where it is already, there is nowhere to move to.
  await expect(moveTo.moveHere).toBeDisabled();
  expect(await anna.names(table.root)).toEqual(["Tunnels"]);
});

test("DRIVE-1 a dataset is no place to move to", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "dataset", "Flight 1");
  await anna.create(table.root, "dataset", "Flight 2");
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Flight 1");
  await moveTo.dialog.getByText("2 datasets", { exact: true }).click();
  await expect(moveTo.dialog.getByText("Flight 2").first()).toBeVisible();
  await expect(moveTo.dialog.getByRole("link", { name: "Flight 2", exact: true })).toHaveCount(0);
});

test("DRIVE-5 a clash on moving is solved with “ (2)” and told", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const archive = await anna.create(table.root, "folder", "Archive");
  await anna.create(archive.id, "dataset", "Flight 1");
  await anna.create(table.root, "dataset", "Flight 1");
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Flight 1");
  await moveTo.enter("Archive");
  await moveTo.moveHere.click();
  await expect(moveTo.dialog).toBeHidden();
  await expect(page.getByText("Flight 1 (2)").first()).toBeVisible();
  expect(await anna.names(archive.id)).toEqual(["Flight 1", "Flight 1 (2)"]);
});

test("the Move to dialog without anything selected says what to do", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  await page.goto(`/o/${table.org_id}/drive?dialog=move`);
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(alert(page)).toContainText("Select items first, then choose Move to");
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("an address with a dialog in it opens that dialog, also after signing in; Back closes it", async ({ page, anna, context }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const address = `/o/${table.org_id}/drive?sort=-name&dialog=rename&item=${tunnels.id}`;
  await context.clearCookies();
  await page.goto(address);
  await signIn(page, anna.email, anna.password);
  const dialog = page.getByRole("dialog", { name: "Rename", exact: true });
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("Tunnels");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}/drive\\?sort=-name$`));

  const drive = new Drive(page);
  await drive.open(table);
  await drive.dialogNew("asset");
  await page.goBack();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(drive.row("Tunnels")).toBeVisible();
});

test("DRIVE-2 the list is sorted by its headings, and the address says how", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["beta", "Alpha", "gamma"]) await anna.create(table.root, "folder", name);
  const drive = new Drive(page);
  await drive.open(table);
  const names = drive.grid.getByRole("row").locator(".name a");
  await expect(names).toHaveText(["Alpha", "beta", "gamma"]);
  await drive.grid.getByRole("columnheader", { name: "Name" }).getByRole("link").click();
  await expect(page).toHaveURL(/\?sort=-name$/);
  await expect(names).toHaveText(["gamma", "beta", "Alpha"]);
  await expect(drive.grid.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
});
