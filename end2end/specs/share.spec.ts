// Share links (LINK-1): switched on and off in the dialog, looked at by somebody with nothing but the link.
import { flight, upload } from "../support/files";
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

test("LINK-1 FILE-5 a link shows photos with previews and a view of each, and gives files, a selection and everything", async ({ page, anna, browser, baseURL, javaScriptEnabled }) => {
  const table = await anna.organization("Table");
  await grantImages(table.org_id);
  const folder = await anna.create(table.root, "folder", "Tunnels");
  const set = await anna.create(folder.id, "dataset", "Portal flight", 0);
  await upload(anna, set, { ...flight(3), "notes.txt": Buffer.from("what was seen") });
  await upload(anna, set, { "report.pdf": Buffer.from("%PDF-1.7 nothing more") }, "output");
  const photo = async () => (await anna.get<{ photo: { state: string } | null }>(`/datasets/${set.id}/files/1`)).photo?.state;
  await expect.poll(photo, { message: "the server has opened the photos" }).toBe("made");
  const made = await anna.post<{ id: string; url: string }>(`/resources/${folder.id}/links`, {});
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), javaScriptEnabled: javaScriptEnabled ?? true });
  const stranger = await context.newPage();
  await stranger.goto(new URL(made.url).pathname);
  await stranger.getByRole("link", { name: "Portal flight", exact: true }).click();

  // The pictures are there, and are shown.
  const images = stranger.getByRole("table", { name: "Images", exact: true });
  await expect(images.getByRole("row").filter({ hasText: "DJI" })).toHaveCount(3);
  const picture = images.getByRole("img", { name: "DJI_0001.PNG", exact: true });
  await expect(picture).toBeVisible();
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth)).toBeGreaterThan(0);
  await expect(stranger.getByText("Anna")).toHaveCount(0);

  // A view of its own, and its neighbours.
  await images.getByRole("link", { name: "DJI_0002.PNG" }).first().click();
  await expect(stranger.getByRole("heading", { level: 2, name: "DJI_0002.PNG", exact: true })).toBeVisible();
  await stranger.getByRole("link", { name: "Next", exact: true }).click();
  await expect(stranger.getByRole("heading", { level: 2, name: "DJI_0003.PNG", exact: true })).toBeVisible();
  await stranger.getByRole("link", { name: "Show all files", exact: true }).click();

  // A file, a selection, everything.
  const taken = async (press: () => Promise<void>): Promise<string> => {
    const coming = stranger.waitForEvent("download");
    await press();
    return (await coming).suggestedFilename();
  };
  await images.getByRole("link", { name: "notes.txt", exact: true }).click();
  expect(await taken(() => stranger.getByRole("link", { name: "Download", exact: true }).click())).toBe("notes.txt");
  await stranger.getByRole("link", { name: "Show all files", exact: true }).click();
  const selected = stranger.getByRole("button", { name: "Download selected", exact: true });
  await expect(selected).toBeHidden();
  for (const number of [1, 2]) await images.getByRole("checkbox", { name: `Select 100MEDIA/DJI_000${number}.PNG`, exact: true }).check();
  expect(await taken(() => selected.click())).toBe("Portal flight.zip");
  expect(await taken(() => stranger.getByRole("link", { name: "Download all", exact: true }).click())).toBe("Portal flight.zip");
  await stranger.getByRole("navigation", { name: "Dataset" }).getByRole("link", { name: "Results" }).click();
  await expect(stranger.getByRole("table", { name: "Results", exact: true })).toContainText("report.pdf");

  // No one may download: the previews stay.
  await anna.put(`/resources/${folder.id}/restrictions`, { copy: false, delete: false, download: true });
  await stranger.getByRole("navigation", { name: "Dataset" }).getByRole("link", { name: "Images" }).click();
  await expect(images.getByRole("img", { name: "DJI_0001.PNG", exact: true })).toBeVisible();
  await expect(stranger.getByText("This cannot be downloaded, because its Managers have restricted downloading.")).toBeVisible();
  await expect(stranger.getByRole("link", { name: /^Download/ })).toHaveCount(0);
  const address = (await images.getByRole("img", { name: "DJI_0001.PNG", exact: true }).getAttribute("src")) ?? "";
  expect((await stranger.request.get(address.replace(/preview.*/, "content"))).status()).toBe(404);
  expect((await stranger.request.get(address)).status()).toBe(200);

  // Revoked: its pictures are gone with it.
  await anna.delete(`/links/${made.id}`);
  expect((await stranger.request.get(address)).status()).toBe(404);
  expect((await stranger.reload())?.status()).toBe(404);
  await context.close();
  await page.goto("/");
});
