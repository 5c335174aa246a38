// What others change appears without a reload, and what is selected stays selected.
import type { Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixture";
import { join } from "../support/members";
import { Drive } from "../support/pages";

// Less than the ten seconds after which a stream looks by itself, and time enough where little else gets done.
const TOLD = 8_000;

/** Until the shared stream tells this page of changes; it is a worker's, so its requests are not the page's. */
const heard = (page: Page) => page.waitForFunction(() => performance.getEntriesByName("live").length > 0);

test("DRIVE what somebody else changes appears by itself, and the selection stays", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const shafts = await anna.create(table.root, "folder", "Shafts");
  const { person: john, page: theirs } = await someoneElse("John");
  await join(table, anna, john, "editor");
  const [mine, his] = [new Drive(page), new Drive(theirs)];
  await his.open(table);
  await heard(theirs);
  await mine.open(table);
  await his.select("Tunnels", "Shafts");

  await mine.create("folder", "Galleries");
  await expect(his.row("Galleries")).toBeVisible({ timeout: TOLD });
  await mine.rename("Shafts", "Shafts and lifts");
  await expect(his.row("Shafts and lifts")).toBeVisible({ timeout: TOLD });
  for (const name of ["Tunnels", "Shafts and lifts"]) {
    await expect(his.grid.getByRole("checkbox", { name: `Select ${name}`, exact: true })).toBeChecked();
  }
  await expect(theirs.getByText("2 selected", { exact: true })).toBeVisible();

  await anna.move([tunnels], shafts.id);
  await expect(his.row("Tunnels")).toHaveCount(0, { timeout: TOLD });
  await expect(theirs.getByText("1 selected", { exact: true })).toBeVisible();
});

test("DRIVE an open dialog is left alone, and who is removed sees that it is gone", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  const { person: john, page: theirs } = await someoneElse("John");
  await join(table, anna, john, "editor");
  const his = new Drive(theirs);
  await his.open(table);
  await heard(theirs);
  const dialog = await his.dialogNew("folder");
  await dialog.getByLabel("Name", { exact: true }).fill("Half a na");
  await anna.create(table.root, "folder", "Galleries");
  await theirs.waitForTimeout(1_000);
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("Half a na");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(his.row("Galleries")).toBeVisible({ timeout: TOLD });

  const me = await john.get<{ id: string }>("/me");
  await anna.post(`/orgs/${table.org_id}/people/remove`, { people: [me.id] });
  await expect(his.row("Tunnels")).toHaveCount(0, { timeout: 10_000 });
  await page.goto("/");
});

test("DRIVE eight windows of one browser share a stream: each loads, and each gets what changes", async ({ page, anna }) => {
  test.setTimeout(180_000);
  const table = await anna.organization("Table");
  const folders = await Promise.all(["One", "Two", "Three", "Four"].map((name) => anna.create(table.root, "folder", name)));
  const context = page.context();
  const windows = [];
  for (let number = 0; number < 8; number += 1) {
    const one = await context.newPage();
    // Half of them look at a folder of their own, the others at the same.
    const container = number < 4 ? folders[number]?.id : "";
    await one.goto(`/o/${table.org_id}/drive${container === "" ? "" : `/${container}`}`);
    await hydrated(one);
    await heard(one);
    windows.push({ one, container: container === "" ? table.root : (container ?? "") });
  }
  for (const container of new Set(windows.map(({ container }) => container))) await anna.create(container, "folder", "Fresh");
  for (const { one } of windows) await expect(new Drive(one).row("Fresh")).toBeVisible({ timeout: 15_000 });
  // And none of them is kept waiting for a connection.
  for (const { one } of windows) {
    const answer = await one.evaluate(async () => (await fetch("/healthz")).status);
    expect(answer).toBe(200);
  }
  await Promise.all(windows.map(({ one }) => one.close()));
});

test("what is pressed while the page is loaded again works", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  for (const name of ["Tunnels", "Shafts"]) await anna.create(table.root, "folder", name);
  const drive = new Drive(page);
  await drive.open(table);
  await heard(page);
  // The page begins to load itself again, and its answer is held back.
  let [held, open] = [0, (): void => undefined];
  const released = new Promise<void>((resolve) => (open = resolve));
  await page.route(/\/drive_page(\?|$)/, async (route) => {
    held += 1;
    await released;
    await route.continue();
  });
  await anna.create(table.root, "folder", "Galleries");
  await expect.poll(() => held, { timeout: TOLD }).toBeGreaterThan(0);
  await drive.more("Tunnels", "Move to trash");
  await expect(page.getByRole("status").filter({ hasText: "Moved “Tunnels” to the trash" })).toBeVisible();
  await drive.select("Shafts");
  open();
  await expect(drive.row("Galleries")).toBeVisible();
  await expect(drive.row("Tunnels")).toHaveCount(0);
  await expect(page.getByText("1 selected", { exact: true })).toBeVisible();
});
