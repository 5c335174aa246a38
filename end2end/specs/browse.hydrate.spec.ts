// What needs WebAssembly by its nature: rows that come and go with scrolling, keys, the context menu, dragging.
import { expect, test } from "../support/fixture";
import { Drive, status } from "../support/pages";

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
  // It is loaded, in view, and has the focus.
  await expect(drive.row("Folder 399")).toBeInViewport();
  await expect(drive.row("Folder 399")).toBeFocused();
  expect(await rows.count()).toBeLessThanOrEqual(80);
  await expect(drive.row("Folder 399")).toHaveAttribute("aria-rowindex", "401");
  await page.keyboard.press("Space");
  await expect(page.getByRole("toolbar", { name: "Selection" })).toContainText("2 selected");
  await page.keyboard.press("Home");
  await expect(drive.row("Folder 000")).toBeInViewport();
  await expect(drive.row("Folder 000")).toHaveAttribute("tabindex", "0");
  await expect(drive.row("Folder 000")).toHaveAttribute("aria-selected", "true");
  await expect(drive.row("Folder 000")).toBeFocused();

  // Everything: first what is loaded, then all there is.
  await page.keyboard.press("Control+a");
  const toolbar = page.getByRole("toolbar", { name: "Selection" });
  await toolbar.getByRole("button", { name: "Select all 400", exact: true }).click();
  await expect(toolbar).toContainText("400 selected");
  await expect(toolbar.getByRole("button", { name: /^Select all/ })).toHaveCount(0);
  await toolbar.getByRole("button", { name: "Clear selection" }).click();

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

test("WCAG 2.1.4 single letters and signs can be switched off", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Alpha");
  await page.goto("/account");
  await page.getByRole("checkbox", { name: "Single-key shortcuts" }).uncheck();
  await expect(status(page).first()).toContainText("Saved");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Alpha").focus();
  await page.keyboard.press("m");
  await page.keyboard.press("i");
  await page.keyboard.press("/");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("complementary", { name: "Details" })).toHaveCount(0);
  await expect(drive.row("Alpha")).toBeFocused();
  await page.keyboard.press("F2");
  await expect(page.getByRole("dialog", { name: "Rename" })).toBeVisible();
});

test("DRIVE-3 with a finger: holding a row selects it, then taps do; a tap alone opens", async ({ browser, anna, baseURL, page }) => {
  const table = await anna.organization("Table");
  for (const name of ["Alpha", "Beta", "Gamma"]) await anna.create(table.root, "folder", name);
  const state = await page.context().storageState();
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: state, hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
  const phone = await context.newPage();
  const drive = new Drive(phone);
  await drive.open(table);
  const box = await drive.row("Alpha").boundingBox();
  if (box === null) throw new Error("no row");
  const at = { x: box.x + 200, y: box.y + 40 };
  const touch = await context.newCDPSession(phone);
  await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
  const toolbar = phone.getByRole("toolbar", { name: "Selection" });
  await expect(toolbar).toContainText("1 selected");
  await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await expect(toolbar).toContainText("1 selected");
  await drive.row("Beta").tap({ position: { x: 200, y: 40 } });
  await expect(toolbar).toContainText("2 selected");
  await toolbar.getByRole("button", { name: "Clear selection" }).tap();
  await expect(toolbar).toBeHidden();
  await drive.row("Gamma").tap({ position: { x: 200, y: 40 } });
  await expect(phone.getByText("This folder is empty.")).toBeVisible();
  await context.close();
});
