// What needs WebAssembly by its nature: the keyboard in the grid, and two clicks faster than an answer.
import { expect, test } from "../support/fixture";
import { grantImages, setProcessed } from "../support/operator";
import { Confirmation, Drive, MoveTo, status } from "../support/pages";

test("XFER-13 two clicks on Confirm transfer are one transfer", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await Promise.all([grantImages(table.org_id), grantImages(chair.org_id)]);
  const flight = await anna.create(table.root, "dataset", "Flight 1", 10);
  await setProcessed(flight.id);
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Flight 1");
  await moveTo.switchTo(chair);
  await moveTo.moveHere.click();
  await new Confirmation(page).button.dblclick();
  await expect(page).toHaveURL(/\/transfers\//);
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect((await anna.audit(chair)).filter((entry) => entry.action.startsWith("transfer."))).toHaveLength(1);
});

test("DRIVE-3 selecting and moving with the keyboard alone", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const archive = await anna.create(table.root, "folder", "Archive");
  for (const name of ["Flight 1", "Flight 2", "Flight 3"]) await anna.create(table.root, "dataset", name);
  const drive = new Drive(page);
  await drive.open(table);
  await expect(drive.row("Flight 3")).toBeVisible();

  // Tab until the focus is in the grid, and again until it is on something named so.
  const tabTo = async (reached: () => Promise<boolean>) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if (await reached()) return;
      await page.keyboard.press("Tab");
    }
    throw new Error("not reached with 60 presses of Tab");
  };
  await tabTo(() => drive.grid.evaluate((grid) => grid !== document.activeElement && grid.contains(document.activeElement)));
  const selected = () => drive.grid.locator("[role=row][aria-selected=true], tr[aria-selected=true]");
  await page.keyboard.press("End");
  await expect(drive.row("Flight 3")).toBeFocused();
  await page.keyboard.press("Space");
  await expect(selected()).toHaveCount(1);
  await page.keyboard.press("Shift+ArrowUp");
  await expect(selected()).toHaveCount(2);
  await page.keyboard.press("Escape");
  await expect(selected()).toHaveCount(0);
  await page.keyboard.press("Control+a");
  await expect(selected()).toHaveCount(4);
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+Space");
  await expect(selected()).toHaveCount(3);

  await page.keyboard.press("m");
  const moveTo = new MoveTo(page);
  await expect(moveTo.dialog).toBeVisible();
  const focused = (name: string, role: "link" | "button") => () =>
    moveTo.dialog.getByRole(role, { name, exact: true }).evaluate((element) => element === document.activeElement);
  await tabTo(focused("Archive", "link"));
  await page.keyboard.press("Enter");
  await expect(moveTo.moveHere).toBeEnabled();
  await tabTo(focused("Move here", "button"));
  await page.keyboard.press("Enter");
  await expect(moveTo.dialog).toBeHidden();
  await expect(status(page).first()).toContainText("Moved");
  expect(await anna.names(archive.id)).toEqual(["Flight 1", "Flight 2", "Flight 3"]);
});

test("the dialog keeps the focus, Escape closes it, and the focus goes back", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  const drive = new Drive(page);
  await drive.open(table);
  const dialog = await drive.dialogNew("folder");
  await expect(dialog.getByLabel("Name", { exact: true })).toBeFocused();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => {
      const active = document.activeElement;
      return active !== document.body && active?.closest("dialog") === null;
    });
    expect(outside, "the focus stays in the dialog").toBe(false);
  }
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}/drive$`));
  await expect(page.getByRole("button", { name: "New", exact: true })).toBeFocused();
});

test("DRIVE-3 selecting with the mouse as in a file manager", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["Flight 1", "Flight 2", "Flight 3", "Flight 4"]) await anna.create(table.root, "dataset", name, 10);
  const drive = new Drive(page);
  await drive.open(table);
  // Not on the name: clicking a name opens what it names.
  const click = (name: string, ...modifiers: ("Shift" | "ControlOrMeta")[]) => drive.row(name).getByRole("gridcell").nth(2).click({ modifiers });
  const selected = async (...names: string[]) => {
    const rows = drive.grid.locator("tr[aria-selected=true]");
    await expect(rows).toHaveCount(names.length);
    for (const [index, name] of names.entries()) await expect(rows.nth(index)).toHaveAccessibleName(name);
  };
  const toolbar = page.getByRole("toolbar", { name: "Selection" });
  await click("Flight 2");
  await selected("Flight 2");
  await click("Flight 4", "Shift");
  await selected("Flight 2", "Flight 3", "Flight 4");
  await expect(toolbar).toContainText("3 selected");
  await expect(toolbar).toContainText("30 images");
  await click("Flight 3", "ControlOrMeta");
  await selected("Flight 2", "Flight 4");
  await click("Flight 1");
  await selected("Flight 1");
  const all = drive.grid.getByRole("checkbox", { name: "Select all", exact: true });
  expect(await all.evaluate((box: HTMLInputElement) => box.indeterminate), "some are selected").toBe(true);
  await all.check();
  await expect(toolbar).toContainText("4 selected");
  await toolbar.getByRole("button", { name: "Clear selection" }).click();
  await selected();
  await expect(toolbar).toBeHidden();
});
