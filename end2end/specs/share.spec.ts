// Share links (LINK-1): switched on and off in the dialog, looked at by somebody with nothing but the link.
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantImages } from "../support/operator";
import { Drive } from "../support/pages";

test("LINK-1 a link is switched on, shows what is below, and is revoked at once", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  await anna.create(tunnels.id, "dataset", "Flight 1", 1_204);
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Tunnels", "Share");
  const dialog = page.getByRole("dialog", { name: "Share", exact: true });
  await expect(dialog.getByText("No links yet.")).toBeVisible();
  await dialog.getByRole("button", { name: "Create link", exact: true }).click();
  const field = dialog.getByLabel("Link address");
  await expect(field).toHaveValue(/\/s\/[\w-]{43}$/);
  const address = new URL(await field.inputValue()).pathname;

  const { page: other } = await someoneElse("Eve");
  const visitor = await other.context().browser()?.newContext({ javaScriptEnabled: false });
  if (!visitor) throw new Error("no browser");
  const stranger = await visitor.newPage();
  const answer = await stranger.goto(new URL(address, page.url()).href);
  expect(answer?.headers()["referrer-policy"]).toBe("no-referrer");
  expect(answer?.headers()["x-robots-tag"]).toContain("noindex");
  await expect(stranger.getByRole("heading", { name: "Tunnels", exact: true })).toBeVisible();
  await stranger.getByRole("link", { name: "Flight 1", exact: true }).click();
  await expect(stranger.getByText("1,204")).toBeVisible();
  await expect(stranger.getByText("nothing you do here is saved", { exact: false })).toBeVisible();
  await stranger.getByRole("link", { name: "Tunnels", exact: true }).click();
  await expect(stranger.getByRole("heading", { name: "Tunnels", exact: true })).toBeVisible();

  await dialog.getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(field).toHaveCount(0);
  expect((await stranger.reload())?.status()).toBe(404);
  await expect(stranger.getByRole("heading", { name: "There is nothing here" })).toBeVisible();
  await visitor.close();
});

test("LINK-1 a password is asked for before anything is told", async ({ page, anna, browser }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const drive = new Drive(page);
  await drive.open(table);
  await drive.more("Tunnels", "Share");
  const dialog = page.getByRole("dialog", { name: "Share", exact: true });
  await dialog.getByLabel("Password").fill("short");
  await dialog.getByRole("button", { name: "Create link", exact: true }).click();
  await expect(dialog.getByText("Use at least 8 characters.").first()).toBeVisible();
  await dialog.getByLabel("Password").fill("open sesame");
  await dialog.getByRole("button", { name: "Create link", exact: true }).click();
  await expect(dialog.getByText("needs a password", { exact: false })).toBeVisible();
  const address = await dialog.getByLabel("Link address").inputValue();

  const context = await browser.newContext();
  const stranger = await context.newPage();
  await stranger.goto(new URL(new URL(address).pathname, page.url()).href);
  await expect(stranger.getByText("Tunnels")).toHaveCount(0);
  await stranger.getByLabel("Password").fill("open barley");
  await stranger.getByRole("button", { name: "Open", exact: true }).click();
  await expect(stranger.getByRole("alert")).toContainText("not the password");
  await stranger.getByLabel("Password").fill("open sesame");
  await stranger.getByRole("button", { name: "Open", exact: true }).click();
  await expect(stranger.getByRole("heading", { name: "Tunnels", exact: true })).toBeVisible();
  await stranger.reload();
  await expect(stranger.getByRole("heading", { name: "Tunnels", exact: true })).toBeVisible();
  await context.close();
  expect(tunnels.name).toBe("Tunnels");
});

test("LINK-1 an Editor copies a link that is on, a Reader does not see it", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const { url } = await anna.post<{ url: string }>(`/resources/${tunnels.id}/links`, {});
  for (const [name, role] of [["Chris", "editor"], ["Dora", "reader"]] as const) {
    const { person, page: theirs } = await someoneElse(name);
    await join(table, anna, person, role);
    await theirs.goto(`/o/${table.org_id}/drive?dialog=share&item=${tunnels.id}`);
    const dialog = theirs.getByRole("dialog", { name: "Share", exact: true });
    await expect(dialog.getByRole("button", { name: "Create link", exact: true })).toHaveCount(0);
    await expect(dialog.getByRole("button", { name: "Revoke", exact: true })).toHaveCount(0);
    if (role === "editor") await expect(dialog.getByLabel("Link address")).toHaveValue(url);
    else await expect(dialog.getByLabel("Link address")).toHaveCount(0);
  }
  await page.goto("/");
});
