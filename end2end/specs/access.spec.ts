import { expect, test } from "../support/fixture";
import { invitationLink } from "../support/inbox";
import { join } from "../support/members";
import { grantTeams } from "../support/operator";
import { Access, Confirmation, Drive, status } from "../support/pages";

test("ACCESS-2 access is given to one of the organization, raised, and taken away", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem, page: theirs } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "folder", "North");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Tunnels", "Manage access");
  const access = new Access(page);
  await expect(access.dialog).toContainText("1 person by their role in the organization");
  await access.give(mem.email, "Reader");
  await expect(status(page).first()).toContainText("now has Reader access");
  await expect(access.row("Mem Berg")).toContainText("Direct");

  await theirs.goto(`/o/${table.org_id}/drive`);
  await expect(theirs.getByRole("heading", { name: "Shared with you" })).toBeVisible();
  await expect(new Drive(theirs).row("Tunnels")).toBeVisible();

  await access.setLevel("Mem Berg", "Editor");
  await expect.poll(async () => (await mem.get<{ level: string }>(`/resources/${tunnels.id}`)).level).toBe("editor");
  await access.remove("Mem Berg");
  await expect(access.row("Mem Berg")).toHaveCount(0);
  const gone = await theirs.goto(`/o/${table.org_id}/drive/${tunnels.id}`);
  expect(gone?.status()).toBe(404);
});

test("ACCESS-2 what is inherited says from where, and why somebody sees it is told", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const north = await anna.create(tunnels.id, "folder", "North");
  await anna.put(`/resources/${tunnels.id}/grants`, { email: mem.email, level: "uploader" });
  await page.goto(`/o/${table.org_id}/drive/${tunnels.id}?dialog=access&item=${north.id}`);
  const access = new Access(page);
  await expect(access.row("Mem Berg")).toContainText("Inherited from Tunnels");
  await access.row("Mem Berg").getByRole("link", { name: "Why can Mem Berg see this?" }).click();
  await expect(access.dialog).toContainText("Mem Berg has Uploader access");
  await expect(access.dialog.getByRole("list", { name: "Reasons" })).toContainText("Inherited from Tunnels");
  await access.dialog.getByRole("link", { name: "Back", exact: true }).click();
  await access.dialog.getByRole("link", { name: /by their role in the organization/ }).click();
  await expect(access.row("Anna Berg")).toContainText("Owner of the organization");
});

test("ACCESS-2 somebody outside is invited, and reaches that and nothing else", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(table.root, "folder", "Secret");
  const { person: eve, page: theirs } = await someoneElse("Eve");
  await page.goto(`/o/${table.org_id}/drive?dialog=access&item=${tunnels.id}`);
  const access = new Access(page);
  await access.give(eve.email, "Editor");
  await expect(access.row(eve.email)).toContainText("Invited from outside");

  await theirs.goto(await invitationLink(eve.request, eve.email));
  await expect(theirs.getByRole("heading", { level: 1 })).toContainText("Shared by");
  await theirs.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(theirs).toHaveURL(new RegExp(`/o/${table.org_id}/drive$`));
  await expect(new Drive(theirs).row("Tunnels")).toBeVisible();
  await expect(theirs.getByText("Secret")).toHaveCount(0);
});

test("LIC-4 without Cloud Teams nothing can be given, and the dialog says so", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await page.goto(`/o/${table.org_id}/drive?dialog=access&item=${tunnels.id}`);
  const access = new Access(page);
  await expect(access.dialog).toContainText("need a Cloud Teams licence or higher");
  await expect(access.dialog.getByRole("button", { name: "Give access" })).toBeDisabled();
});

test("XFER-2 the refusal offers to take the access away and to go on", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(table.root, "folder", "Archive");
  await anna.put(`/resources/${tunnels.id}/grants`, { email: mem.email, level: "reader" });
  const drive = new Drive(page);
  await drive.open(table);
  const move = await drive.moveTo("Tunnels");
  await move.enter("Archive");
  await move.moveHere.click();
  const confirmation = new Confirmation(page);
  await expect(confirmation.blockers).toContainText("Mem Berg");
  await confirmation.dialog.getByRole("button", { name: "Remove this access and move", exact: true }).click();
  await expect(page.getByRole("navigation", { name: "Breadcrumb" }).locator("[aria-current=page]")).toHaveText("Archive");
  await expect(drive.row("Tunnels")).toBeVisible();
});

test("XFER-3 a move that changes who has access is shown first", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantTeams(table.id);
  const { person: mem } = await someoneElse("Mem");
  await join(table, anna, mem, "member");
  const [tunnels, archive] = [await anna.create(table.root, "folder", "Tunnels"), await anna.create(table.root, "folder", "Archive")];
  await anna.put(`/resources/${archive.id}/grants`, { email: mem.email, level: "reader" });
  const drive = new Drive(page);
  await drive.open(table);
  const move = await drive.moveTo("Tunnels");
  await move.enter("Archive");
  await move.moveHere.click();
  const confirmation = new Confirmation(page);
  await expect(confirmation.dialog).toContainText("1 gains access");
  await expect(confirmation.dialog).toContainText("Mem Berg (Reader)");
  expect((await anna.resource(tunnels.id)).parent).toBe(table.root);
  await confirmation.button.click();
  await expect(drive.row("Tunnels")).toBeVisible();
  expect((await anna.resource(tunnels.id)).parent).toBe(archive.id);
});
