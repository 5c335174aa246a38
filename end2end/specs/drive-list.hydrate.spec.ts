// The Drive's list as one works with it: what a slip of the hand must not do, what is never cut off, where the focus goes.
import type { Locator, Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixture";
import { grantImages, operator, setProcessed } from "../support/operator";
import { Confirmation, Drive, MoveTo } from "../support/pages";

const bar = (page: Page): Locator => page.getByRole("toolbar", { name: "Selection" });
const heading = (page: Page): Locator => page.getByRole("main").getByRole("heading", { level: 1 });

test("DRIVE-3 a double click on a row's menu button moves nothing to the trash, wherever the row is", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const names = Array.from({ length: 16 }, (_, number) => `Flight ${String(number).padStart(2, "0")}`);
  for (const name of names) await anna.create(table.root, "dataset", name);
  const drive = new Drive(page);
  const menu = page.locator("#row-menu");
  for (const size of [{ width: 1280, height: 800 }, { width: 1280, height: 480 }, { width: 390, height: 844 }]) {
    await page.setViewportSize(size);
    await drive.open(table);
    for (const name of ["Flight 00", "Flight 05", "Flight 08", "Flight 10", "Flight 15"]) {
      const button = drive.row(name).getByRole("button", { name: `More options for ${name}`, exact: true });
      await button.scrollIntoViewIfNeeded();
      const at = await button.boundingBox();
      if (at === null) throw new Error("no button");
      await page.mouse.dblclick(at.x + at.width / 2, at.y + at.height / 2, { delay: 20 });
      // Open or closed by then: nothing was done, and no other page is shown.
      await expect(drive.row(name)).toBeAttached();
      await page.keyboard.press("Escape");
      await expect(menu).toBeHidden();
      await button.click();
      await expect(menu).toBeVisible();
      const [over, box] = [await button.boundingBox(), await menu.boundingBox()];
      if (over === null || box === null) throw new Error("no menu");
      if (size.width > 720) {
        const apart = box.y >= over.y + over.height || box.y + box.height <= over.y;
        expect(apart, `the menu of ${name} at ${size.height} is not over its button`).toBe(true);
        expect(box.y, "it is in the window").toBeGreaterThanOrEqual(0);
        expect(box.y + box.height).toBeLessThanOrEqual(size.height);
      }
      // What takes something away stands last, after a line.
      await expect(menu.locator(".menu-foot").getByRole("link", { name: "Move to trash" })).toBeVisible();
      expect(await menu.getByRole("link").last().textContent()).toContain("Move to trash");
      await page.keyboard.press("Escape");
      await expect(menu).toBeHidden();
    }
  }
  expect(await anna.names(table.root)).toEqual(names);
});

test("DRIVE-3 on a phone a row's menu is a sheet at the bottom, with the item's name", async ({ browser, page, anna, baseURL }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels and shafts");
  const state = await page.context().storageState();
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: state, hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });
  const phone = await context.newPage();
  const drive = new Drive(phone);
  await drive.open(table);
  await hydrated(phone);
  const button = drive.row("Tunnels and shafts").getByRole("button", { name: "More options for Tunnels and shafts" });
  await button.tap();
  const menu = phone.locator("#row-menu");
  await expect(menu.getByText("Tunnels and shafts", { exact: true })).toBeVisible();
  const box = await menu.boundingBox();
  expect(box).toMatchObject({ x: 0, width: 390 });
  expect((box?.y ?? 0) + (box?.height ?? 0)).toBe(844);
  // The second tap of a double tap, wherever it falls in the sheet, does nothing.
  await phone.keyboard.press("Escape");
  const last = { x: 200, y: 844 - 30 };
  await button.tap();
  await phone.touchscreen.tap(last.x, last.y);
  await expect(drive.row("Tunnels and shafts")).toBeVisible();
  expect(await anna.names(table.root)).toEqual(["Tunnels and shafts"]);
  await context.close();
});

test("DRIVE-2 nothing in a row is cut off, at any width, with the folders and with the details", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id, { images: 200_000, projects: 50 });
  const folder = await anna.create(table.root, "folder", "Gotthard");
  for (const kind of ["folder", "asset"] as const) await anna.create(folder.id, kind, `A ${kind} with a name that is longer than any column, as people give them`);
  for (const [name, state] of [["Access road", "queued"], ["Portal flight, week 45", "processed"], ["Test grid", "failed"], ["Spoil heap", "processing"]] as const) {
    const made = await anna.create(folder.id, "dataset", name, 12_345);
    await operator("dataset", "set-status", made.id, state);
  }
  const drive = new Drive(page);
  for (const width of [1024, 1280, 1440, 1600, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    for (const details of ["", "?details=1"]) {
      await page.goto(`/o/${table.org_id}/drive/${folder.id}${details}`);
      await expect(drive.row("Test grid")).toBeVisible();
      const cut = await drive.grid.evaluate((grid) =>
        [...grid.querySelectorAll<HTMLElement>("th, td:not(.name-cell), td .status")]
          .filter((cell) => cell.offsetParent !== null && cell.scrollWidth > cell.clientWidth + 1)
          .map((cell) => `${cell.className}: ${cell.textContent} (${cell.scrollWidth} > ${cell.clientWidth})`),
      );
      expect(cut, `${width} px ${details}`).toEqual([]);
      const shown = await drive.grid.evaluate((grid) => {
        const name = grid.querySelector<HTMLElement>("th.name-head")?.clientWidth ?? 0;
        return { name, status: grid.querySelector<HTMLElement>("th.status-col")?.offsetParent !== null, wide: grid.scrollWidth > (grid.parentElement?.clientWidth ?? 0) + 1 };
      });
      expect(shown, `${width} px ${details}`).toMatchObject({ status: true, wide: false });
      expect(shown.name, `the name at ${width} px ${details}`).toBeGreaterThan(140);
    }
  }
  // What is long is cut off with its whole text at hand.
  await expect(drive.row("Test grid").getByText("Failed")).toHaveAttribute("title", "Failed");
});

test("XFER-14 after a transfer, Back leads to the list, and an old confirmation says what became of it", async ({ page, anna }) => {
  const [table, chair] = [await anna.organization("Table"), await anna.organization("Chair")];
  await Promise.all([grantImages(table.org_id), grantImages(chair.org_id)]);
  const flight = await anna.create(table.root, "dataset", "Flight 1", 10);
  await setProcessed(flight.id);
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Flight 1");
  await moveTo.switchTo(chair);
  await moveTo.moveHere.click();
  await new Confirmation(page).button.click();
  await expect(page).toHaveURL(/\/transfers\//);
  await page.goBack();
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}/drive(\\?|$)`));
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.goto(`/o/${table.org_id}/drive?dialog=transfer&item=${flight.id}&destination=${chair.root}`);
  const dialog = page.getByRole("dialog", { name: "Confirm transfer", exact: true });
  await expect(dialog).toContainText("These items have already been moved. See the receipt.");
  await expect(dialog.getByRole("button", { name: "Confirm transfer" })).toHaveCount(0);
  await dialog.getByRole("link", { name: "See the receipt" }).click();
  await expect(heading(page)).toHaveText("Transfers");
});

test("the shortcuts are a card in the middle with a heading, and can be closed", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Alpha");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Alpha").focus();
  const card = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  for (const open of [() => page.keyboard.press("?"), () => page.getByRole("button", { name: "Keyboard shortcuts" }).click()]) {
    await open();
    await expect(card.getByRole("heading", { name: "Keyboard shortcuts" })).toBeVisible();
    const box = await card.boundingBox();
    if (box === null) throw new Error("no card");
    expect(Math.abs(box.x + box.width / 2 - 640)).toBeLessThan(12);
    expect(Math.abs(box.y + box.height / 2 - 400)).toBeLessThan(12);
    expect(await card.evaluate((element) => parseFloat(getComputedStyle(element).paddingInlineStart))).toBeGreaterThanOrEqual(16);
    await card.getByRole("button", { name: "Close" }).click();
    await expect(card).toBeHidden();
  }
});

test("XFER-14 Move to keeps its head and its buttons in view, however long the list is", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (let number = 0; number < 24; number += 1) await anna.create(table.root, "folder", `Folder ${number}`);
  for (let number = 0; number < 14; number += 1) await anna.create(table.root, "dataset", `Flight ${number}`);
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Folder 1");
  const { dialog } = moveTo;
  const inView = async (what: Locator) => {
    const [box, around] = [await what.boundingBox(), await dialog.boundingBox()];
    if (box === null || around === null) throw new Error("not there");
    expect(box.y + box.height).toBeLessThanOrEqual(around.y + around.height - 8);
    expect(box.y).toBeGreaterThanOrEqual(around.y);
  };
  const fixed = [dialog.getByRole("link", { name: "New folder", exact: true }), moveTo.moveHere, dialog.getByRole("link", { name: "Cancel", exact: true }), dialog.getByRole("button", { name: "Organization switcher" })];
  for (const what of fixed) await inView(what);
  // What is no folder comes last, and folded.
  await expect(dialog.getByText("14 datasets", { exact: true })).toBeAttached();
  await expect(dialog.getByText("Flight 3", { exact: true })).toBeHidden();
  // It does not scold before anything was chosen.
  await expect(moveTo.moveHere).toBeDisabled();
  await expect(dialog.getByText("It is already here.")).toBeAttached();
  await expect(dialog.locator(".why-not")).toHaveCount(0);
  await dialog.getByText("14 datasets", { exact: true }).click();
  await expect(dialog.getByText("Flight 3", { exact: true })).toBeVisible();
  await dialog.getByText("Flight 9", { exact: true }).scrollIntoViewIfNeeded();
  for (const what of fixed) await inView(what);
  await moveTo.enter("Folder 7");
  await expect(moveTo.moveHere).toBeEnabled();
});

test("after Delete the next row has the focus, at the end the one before, and at last the heading", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["Alpha", "Beta", "Gamma", "Zeta"]) await anna.create(table.root, "folder", name);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.row("Beta").focus();
  for (const [gone, next] of [["Beta", "Gamma"], ["Gamma", "Zeta"], ["Zeta", "Alpha"]] as const) {
    await expect(drive.row(gone)).toBeFocused();
    await page.keyboard.press("Delete");
    await expect(drive.row(gone)).toHaveCount(0);
    await expect(drive.row(next)).toBeFocused();
  }
  await page.keyboard.press("Delete");
  await expect(page.getByText("This Drive is empty", { exact: false })).toBeVisible();
  await expect(heading(page)).toBeFocused();
});

test("a dialog that was open when the page came leaves the focus on the heading", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const alpha = await anna.create(table.root, "folder", "Alpha");
  await page.goto(`/o/${table.org_id}/drive?dialog=rename&item=${alpha.id}`);
  await expect(page.getByRole("dialog", { name: "Rename" })).toBeVisible();
  await page.reload();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(heading(page)).toBeFocused();
  // From a row, it goes back to the row.
  await new Drive(page).row("Alpha").focus();
  await page.keyboard.press("F2");
  await expect(page.getByRole("dialog", { name: "Rename" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(new Drive(page).row("Alpha")).toBeFocused();
});

test("DRIVE-3 after a sort, Shift extends from the row that was clicked before", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const [name, images] of [["A", 5], ["B", 1], ["C", 4], ["D", 2], ["E", 3]] as const) await anna.create(table.root, "dataset", name, images);
  const drive = new Drive(page);
  await drive.open(table);
  const beside = { position: { x: 4, y: 20 } } as const;
  const cell = (name: string) => drive.row(name).locator("td.status-cell");
  await cell("C").click(beside);
  await drive.grid.getByRole("columnheader", { name: "Images" }).getByRole("link").click();
  await expect(drive.grid.locator("tbody tr[data-id]").first()).toHaveAccessibleName("B");
  // By images: B, D, E, C, A. What was selected stays so.
  await expect(bar(page)).toContainText("1 selected");
  await cell("E").click({ ...beside, modifiers: ["Shift"] });
  await expect(bar(page)).toContainText("2 selected");
  for (const name of ["E", "C"]) await expect(drive.row(name)).toHaveAttribute("aria-selected", "true");
  // On a page that was just loaded there is no row to extend from: the one that is clicked is all.
  await page.goto(`/o/${table.org_id}/drive?sort=images`);
  await cell("E").click({ ...beside, modifiers: ["Shift"] });
  await expect(bar(page)).toContainText("1 selected");
});

test("DRIVE-2 every heading sorts by its column, and says so", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  await anna.create(table.root, "folder", "Tunnels");
  const [draft, done] = [await anna.create(table.root, "dataset", "B draft", 7), await anna.create(table.root, "dataset", "A done", 5)];
  await setProcessed(done.id);
  expect(draft.name).toBe("B draft");
  await page.setViewportSize({ width: 1920, height: 900 });
  const drive = new Drive(page);
  await drive.open(table);
  const order = () => drive.grid.locator("tbody tr[data-id]").evaluateAll((rows) => rows.map((row) => row.getAttribute("aria-label")));
  for (const [column, up, down] of [
    ["Kind", ["Tunnels", "A done", "B draft"], ["B draft", "A done", "Tunnels"]],
    ["Status", ["Tunnels", "B draft", "A done"], ["A done", "B draft", "Tunnels"]],
    ["Images", ["Tunnels", "A done", "B draft"], ["B draft", "A done", "Tunnels"]],
    ["Owner", ["A done", "B draft", "Tunnels"], ["Tunnels", "B draft", "A done"]],
    ["Modified", ["Tunnels", "B draft", "A done"], ["A done", "B draft", "Tunnels"]],
  ] as const) {
    const head = drive.grid.getByRole("columnheader", { name: column });
    await head.getByRole("link").click();
    await expect(head).toHaveAttribute("aria-sort", "ascending");
    await expect.poll(order, { message: column }).toEqual(up);
    await head.getByRole("link").click();
    await expect(head).toHaveAttribute("aria-sort", "descending");
    await expect.poll(order, { message: `${column} backwards` }).toEqual(down);
  }
  await expect(drive.row("Tunnels").getByRole("gridcell", { name: "Folder" })).toBeVisible();
});

test("DRIVE-2 what is selected stands in the address: a reload, Back and a link show it again", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const inside = await anna.create(table.root, "folder", "Inside");
  for (const name of ["Alpha", "Beta"]) await anna.create(table.root, "dataset", name, 211);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.select("Alpha", "Beta");
  await expect(bar(page)).toContainText("2 selected");
  await expect(bar(page)).toContainText("422 images");
  await expect(page).toHaveURL(/item=[\w-]+&item=/);
  await page.reload();
  await expect(bar(page)).toContainText("2 selected");
  await drive.enter("Inside");
  await expect(page).toHaveURL(new RegExp(`${inside.id}$`));
  await page.goBack();
  await expect(bar(page)).toContainText("2 selected");
  for (const name of ["Alpha", "Beta"]) await expect(drive.row(name)).toHaveAttribute("aria-selected", "true");
  // A dialog for what is selected leads back to it.
  await bar(page).getByRole("button", { name: "Move to", exact: true }).click();
  await expect(new MoveTo(page).dialog).toBeVisible();
  await page.reload();
  await new MoveTo(page).dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(bar(page)).toContainText("2 selected");
  await bar(page).getByRole("button", { name: "Clear selection" }).click();
  await expect(page).toHaveURL(new RegExp(`/drive$`));
});

test("DRIVE-2 a selection in the address is found further down than what is loaded", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const names = Array.from({ length: 160 }, (_, number) => `Folder ${String(number).padStart(3, "0")}`);
  const made = new Map<string, string>();
  for (let at = 0; at < names.length; at += 20) {
    for (const one of await Promise.all(names.slice(at, at + 20).map((name) => anna.create(table.root, "folder", name)))) made.set(one.name, one.id);
  }
  await page.goto(`/o/${table.org_id}/drive?item=${made.get("Folder 150")}&item=${made.get("Folder 003")}`);
  await expect(bar(page)).toContainText("2 selected");
});

test("a file that is dropped on a page does not replace it, nor where WebAssembly does not come", async ({ page: whole, anna, browser, baseURL }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Alpha");
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: await whole.context().storageState() });
  const plain = await context.newPage();
  await plain.route("**/*.wasm", (route) => route.abort());
  const places: [Page, string][] = [`/o/${table.org_id}/drive`, `/o/${table.org_id}/people`, "/account", "/"].map((path) => [whole, path]);
  for (const [page, path] of [...places, [plain, `/o/${table.org_id}/drive`] as [Page, string]]) {
    await page.goto(path);
    const kept = await page.evaluate(() => {
      const said = (kind: string, on: Element): boolean => {
        const files = new DataTransfer();
        files.items.add(new File(["x"], "flight.jpg", { type: "image/jpeg" }));
        const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files });
        on.dispatchEvent(event);
        return event.defaultPrevented;
      };
      const field = document.createElement("input");
      field.type = "file";
      document.body.append(field);
      const taken = said("drop", field);
      field.remove();
      return { page: ["dragover", "drop"].every((kind) => said(kind, document.body)), row: said("drop", document.querySelector("main") ?? document.body), taken };
    });
    expect(kept, path).toEqual({ page: true, row: true, taken: false });
  }
  await context.close();
  // Text is no file: fields take it as ever.
  const text = await whole.evaluate(() => {
    const words = new DataTransfer();
    words.setData("text/plain", "words");
    const event = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: words });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
  });
  expect(text).toBe(false);
});

test("LIC-4 what the licence does not allow is in the menu New, with the reason", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("button", { name: "New", exact: true }).click();
  await expect(page.getByText("Sites need a Cloud Pro licence or higher.", { exact: false })).toBeVisible();
  await expect(page.getByRole("link", { name: "New site", exact: true })).toHaveCount(0);
  await page.goto(`/o/${table.org_id}/people?dialog=invite`);
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await expect(dialog).toContainText("Members and access to single items need a Cloud Teams licence or higher.");
  await expect(dialog.getByLabel("Role")).toHaveValue("reader");
});
