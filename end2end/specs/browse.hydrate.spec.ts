// What needs WebAssembly by its nature: rows that come and go with scrolling, keys, the context menu, dragging.
import { expect, test } from "../support/fixture";
import { Drive } from "../support/pages";

test("DRIVE-2 a long folder has few rows on the page, and the keyboard reaches its end", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const names = Array.from({ length: 400 }, (_, number) => `Folder ${String(number).padStart(3, "0")}`);
  for (let at = 0; at < names.length; at += 20) {
    await Promise.all(names.slice(at, at + 20).map((name) => anna.create(table.root, "folder", name)));
  }
  const drive = new Drive(page);
  await drive.open(table);
  await expect(drive.row("Folder 000")).toBeVisible();
  await expect(page.getByText("400 items")).toBeVisible();
  const rows = drive.grid.locator("tbody tr[data-id]");
  expect(await rows.count()).toBeLessThanOrEqual(80);

  await drive.row("Folder 000").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("End");
  // It is loaded, in view, and the row that Tab leads to.
  await expect(drive.row("Folder 399")).toBeInViewport();
  await expect(drive.row("Folder 399")).toHaveAttribute("tabindex", "0");
  await drive.row("Folder 399").focus();
  expect(await rows.count()).toBeLessThanOrEqual(80);
  await expect(drive.row("Folder 399")).toHaveAttribute("aria-rowindex", "401");
  await page.keyboard.press("Space");
  await expect(page.getByRole("toolbar", { name: "Selection" })).toContainText("2 selected");
  await page.keyboard.press("Home");
  await expect(drive.row("Folder 000")).toBeInViewport();
  await expect(drive.row("Folder 000")).toHaveAttribute("tabindex", "0");
  await expect(drive.row("Folder 000")).toHaveAttribute("aria-selected", "true");

  // Somewhere in the middle, at once.
  await page.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect(drive.row("Folder 200")).toBeAttached();
  expect(await page.locator("*").count()).toBeLessThanOrEqual(3_000);
});

test("DRIVE-3 a row's context menu and its button open the same menu, for all that is selected", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["Alpha", "Beta", "Gamma"]) await anna.create(table.root, "folder", name);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Alpha").click({ button: "right" });
  const menu = page.locator("#row-menu");
  await expect(menu.getByRole("link", { name: "Rename" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(menu).toBeHidden();
  await drive.select("Alpha", "Beta");
  await drive.row("Beta").getByRole("button", { name: "More options for Beta" }).click();
  await expect(menu.getByRole("link", { name: "Move to", exact: true })).toBeVisible();
  await expect(menu.getByRole("link", { name: "Rename" })).toHaveCount(0);
  await menu.getByRole("link", { name: "Move to", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Move to" })).toContainText("Move 2 items");
});

test("DRIVE-3 rows are dragged onto a folder, the breadcrumb and the tree, and a dataset does not take them", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const archive = await anna.create(table.root, "folder", "Archive");
  const other = await anna.create(table.root, "folder", "Other");
  await anna.create(table.root, "dataset", "Flight 1");
  await anna.create(table.root, "dataset", "Flight 2");
  await anna.create(table.root, "dataset", "Flight 3");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Flight 3").dragTo(drive.row("Flight 1"));
  expect(await anna.names(table.root)).toContain("Flight 3");

  await drive.select("Flight 1", "Flight 2");
  await drive.row("Flight 1").dragTo(drive.row("Archive"));
  await expect(drive.row("Flight 1")).toHaveCount(0);
  await expect(drive.row("Flight 3")).toBeVisible();
  expect(await anna.names(archive.id)).toEqual(["Flight 1", "Flight 2"]);

  await drive.enter("Archive");
  await drive.row("Flight 1").dragTo(page.getByRole("navigation", { name: "Folders" }).getByRole("link", { name: "Other" }));
  await expect(drive.row("Flight 1")).toHaveCount(0);
  expect(await anna.names(other.id)).toEqual(["Flight 1"]);
  await drive.row("Flight 2").dragTo(page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "Drive" }));
  await expect(page.getByText("This folder is empty.")).toBeVisible();
  expect(await anna.names(table.root)).toContain("Flight 2");
});

test("DRIVE-3 a folder opens under what is dragged", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const archive = await anna.create(table.root, "folder", "Archive");
  await anna.create(archive.id, "folder", "Inside");
  await anna.create(table.root, "dataset", "Flight 1");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Flight 1").hover();
  await page.mouse.down();
  await drive.row("Archive").hover();
  await drive.row("Archive").hover({ position: { x: 200, y: 20 } });
  await expect(page).toHaveURL(new RegExp(archive.id));
  await page.mouse.up();
});

test("the keys of the list: / searches, i shows details, F2 renames, Delete and m ask", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Alpha");
  await anna.create(table.root, "folder", "Beta");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Alpha").focus();
  await page.keyboard.press("i");
  await expect(page.getByRole("complementary", { name: "Details" })).toBeVisible();
  await drive.row("Alpha").focus();
  await page.keyboard.press("F2");
  await expect(page.getByRole("dialog", { name: "Rename" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await drive.row("Beta").focus();
  await page.keyboard.press("m");
  await expect(page.getByRole("dialog", { name: "Move to" })).toBeVisible();
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox", { name: "Search", exact: true })).toBeFocused();
});
