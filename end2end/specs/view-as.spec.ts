// View as: a Drive as somebody else sees it, and why they see it (ACCESS-2, ACCESS-3).
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantTeams } from "../support/operator";
import { Access, Drive } from "../support/pages";

test("ACCESS-2 View as shows what the other sees, changes nothing, and has a way out", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "North");
  await anna.create(table.root, "folder", "Secret");
  await anna.put(`/resources/${tunnels.id}/grants`, { email: mem.email, level: "editor" });
  await page.goto(`/o/${table.org_id}/drive?dialog=access&item=${tunnels.id}`);
  await new Access(page).row("Mem Berg").getByRole("link", { name: "View as Mem Berg", exact: true }).click();

  const banner = page.getByRole("region", { name: "View as" });
  await expect(banner).toContainText("You are viewing the Drive as Mem Berg");
  await expect(banner).toContainText("Editor access here");
  await expect(page).toHaveURL(/as=/);
  const drive = new Drive(page);
  await expect(drive.row("North")).toBeVisible();
  await expect(page.getByRole("button", { name: "New", exact: true })).toHaveCount(0);
  await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "Shared with you" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Shared with you" })).toBeVisible();
  await expect(banner).toBeVisible();
  await expect(drive.row("Tunnels")).toBeVisible();
  await expect(page.getByText("Secret")).toHaveCount(0);
  await page.getByRole("searchbox", { name: "Search" }).fill("secret");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Nothing found for “secret”")).toBeVisible();
  await expect(banner).toBeVisible();
  await page.getByRole("link", { name: "Exit preview" }).click();
  await expect(banner).toHaveCount(0);
  await expect(drive.row("Secret")).toBeVisible();
  const log = await anna.get<{ items: { action: string; summary: string }[] }>(`/orgs/${table.org_id}/audit?action=access.viewed_as`);
  expect(log.items.map((line) => line.summary)).toEqual(["viewed the Drive as Mem Berg"]);
});

test("ACCESS-2 every source of somebody's access is told, and what would be left without it", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const north = await anna.create(tunnels.id, "folder", "North");
  await anna.put(`/resources/${tunnels.id}/grants`, { email: mem.email, level: "uploader" });
  await anna.put(`/resources/${north.id}/grants`, { email: mem.email, level: "reader" });
  await page.goto(`/o/${table.org_id}/drive/${tunnels.id}?dialog=access&item=${north.id}`);
  const access = new Access(page);
  await access.row("Mem Berg").first().getByRole("link", { name: "Why can Mem Berg see this?" }).click();
  const reasons = access.dialog.getByRole("list", { name: "Reasons" }).getByRole("listitem");
  await expect(reasons).toHaveCount(2);
  await expect(reasons.first()).toContainText("Inherited from Tunnels");
  await expect(reasons.first()).toContainText("Given by Anna Berg");
  await expect(reasons.first()).toContainText("Without this, they would have Reader access.");
  await expect(reasons.last()).toContainText("Without this, they would have Uploader access.");
  await access.dialog.getByRole("link", { name: "View as Mem Berg" }).click();
  await expect(page.getByRole("region", { name: "View as" })).toContainText("Uploader access here");
});

test("ACCESS-3 an Editor is offered no View as, and gets none by its address", async ({ anna, someoneElse }) => {
  const table = await anna.organization("Table");
  const { person: ed, page: theirs } = await someoneElse("Ed");
  await join(table, anna, ed, "editor");
  const me = await anna.get<{ id: string }>("/me");
  const answer = await theirs.goto(`/o/${table.org_id}/drive?as=${me.id}`);
  expect(answer?.status()).toBe(403);
  await expect(theirs.getByRole("main")).toContainText("You need at least the Manager role");
});
