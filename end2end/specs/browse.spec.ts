import { expect, test } from "../support/fixture";
import { Drive } from "../support/pages";

test("DRIVE-2 names are found through the whole organization, and the answer has an address", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const north = await anna.create(tunnels.id, "folder", "Gotthard North");
  await anna.create(north.id, "dataset", "North portal 2024");
  await anna.create(table.root, "folder", "Elsewhere");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("searchbox", { name: "Search", exact: true }).fill("nor");
  await page.getByRole("searchbox", { name: "Search", exact: true }).press("Enter");
  await expect(page).toHaveURL(/\?q=nor$/);
  await expect(drive.row("Gotthard North")).toBeVisible();
  await expect(drive.row("North portal 2024")).toContainText("Gotthard North");
  await expect(drive.row("Elsewhere")).toHaveCount(0);
  // What is found can be worked with where it is found.
  await drive.rename("North portal 2024", "North portal");
  await expect(drive.row("North portal")).toBeVisible();
  await page.goto(`/o/${table.org_id}/drive?q=nothing-like-it`);
  await expect(page.getByText("Nothing found for “nothing-like-it”")).toBeVisible();
  await page.getByRole("link", { name: "Back to Drive" }).click();
  await expect(drive.row("Tunnels")).toBeVisible();
});

test("DRIVE-2 a list is narrowed down by kind and state, and says so when nothing is left", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  await anna.create(table.root, "dataset", "Flight 1");
  const drive = new Drive(page);
  await page.goto(`/o/${table.org_id}/drive?kind=dataset`);
  await expect(drive.row("Flight 1")).toBeVisible();
  await expect(drive.row("Tunnels")).toHaveCount(0);
  await expect(page.getByLabel("Kind", { exact: true })).toHaveValue("dataset");
  await page.goto(`/o/${table.org_id}/drive?status=failed`);
  await page.getByRole("link", { name: "Clear filters" }).click();
  await expect(drive.row("Tunnels")).toBeVisible();
});

test("DRIVE-2 the list is shown as a grid too, and keeps being one from folder to folder", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "dataset", "Flight 1");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("link", { name: "Show as grid" }).click();
  await expect(page).toHaveURL(/view=grid/);
  await drive.enter("Tunnels");
  await expect(page).toHaveURL(/view=grid/);
  await expect(drive.row("Flight 1")).toBeVisible();
  await page.getByRole("link", { name: "Show as list" }).click();
  await expect(page).not.toHaveURL(/view=grid/);
});

test("DRIVE-2 details stand beside the list", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Tunnels");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("link", { name: "Details", exact: true }).click();
  const details = page.getByRole("complementary", { name: "Details" });
  await expect(details).toContainText("Your access");
  await details.getByRole("link", { name: "Close details" }).click();
  await expect(details).toHaveCount(0);
});

test("DRIVE-2 the folders stand beside the list and lead to each other", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "North");
  await anna.create(table.root, "folder", "Shafts");
  const drive = new Drive(page);
  await drive.open(table, tunnels.id);
  const tree = page.getByRole("navigation", { name: "Folders" });
  await expect(tree.getByRole("link")).toHaveText(["Drive", "Shafts", "Tunnels", "North"]);
  await expect(tree.getByRole("link", { name: "Tunnels" })).toHaveAttribute("aria-current", "page");
  await tree.getByRole("link", { name: "North" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("North");
});

test("DRIVE-2 tiles are remembered, also where no address says so", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await anna.create(table.root, "folder", "Alpha");
  const drive = new Drive(page);
  await drive.open(table);
  await page.getByRole("link", { name: "Show as grid" }).click();
  await expect(page.getByRole("link", { name: "Show as list" })).toBeVisible();
  await expect(page).toHaveURL(/view=grid/);
  await expect.poll(async () => (await page.context().cookies()).find((cookie) => cookie.name === "preferences")?.value).toBe("grid");
  await drive.open(table);
  await expect(page).not.toHaveURL(/view=/);
  await expect(page.getByRole("link", { name: "Show as list" })).toBeVisible();
  await page.getByRole("link", { name: "Show as list" }).click();
  await expect(page.getByRole("link", { name: "Show as grid" })).toBeVisible();
});
