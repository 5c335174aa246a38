// Offers to organizations where one has no right, taking a transfer back, and long transfers (XFER-16, XFER-18, XFER-19).
import { expect, test } from "../support/fixture";
import { grantCredits, operator, setProcessed } from "../support/operator";
import { alert, Confirmation, Drive, problemOf, section } from "../support/pages";

test("XFER-18 what is offered is taken by the other side, into a folder of theirs, and put back", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantCredits(table.org_id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const flight = await anna.create(tunnels.id, "dataset", "Flight 1", 120);
  await setProcessed(flight.id);
  const { person: john, page: theirs } = await someoneElse("John");
  const chair = await john.organization("Chair");
  await grantCredits(chair.org_id);
  await john.create(chair.root, "folder", "From others");

  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Tunnels");
  await moveTo.dialog.getByRole("link", { name: "Offer to another organization" }).click();
  const dialog = page.getByRole("dialog", { name: "Offer to another organization" });
  await expect(dialog).toContainText("1 dataset and 120 images");
  const orgId = dialog.getByLabel("Org ID");
  await orgId.fill("nobody-has-this-one");
  await dialog.getByRole("button", { name: "Send offer", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Org ID"))).toContainText("No organization has this Org ID");
  await dialog.getByLabel("Org ID").fill(chair.org_id.toUpperCase());
  await dialog.getByLabel("Note").fill("As agreed on Monday");
  await dialog.getByRole("button", { name: "Send offer", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Offer to ${chair.name}`);
  await expect(page.getByRole("button", { name: "Withdraw", exact: true })).toBeVisible();

  // The details of the item say so.
  await page.goto(`/o/${table.org_id}/drive/${tunnels.id}?details=1`);
  await expect(page.getByRole("complementary", { name: "Details" })).toContainText("Offered to");

  // On the other side: Home, the offer, a folder, Accept.
  await theirs.goto(`/o/${chair.org_id}`);
  await section(theirs, "Offered to this organization").getByRole("link", { name: /Tunnels/ }).click();
  await expect(theirs.getByRole("main")).toContainText("As agreed on Monday");
  await theirs.getByRole("list", { name: "Folders" }).getByRole("link", { name: "From others" }).click();
  await expect(theirs.getByRole("navigation", { name: "Destination" }).locator("[aria-current]")).toHaveText("From others");
  await theirs.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(theirs.getByRole("heading", { level: 1 })).toHaveText(`Transfer to ${chair.name}`);
  expect((await john.resource(flight.id)).organization).toBe(chair.id);

  // Both sides have the receipt; the offer says what became of it.
  await page.goto(`/o/${table.org_id}/transfers`);
  await page.getByRole("list", { name: "Receipts" }).getByRole("link", { name: /Tunnels/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Transfer to ${chair.name}`);
  // Anna has no right there, and so cannot take it back.
  await expect(page.getByRole("button", { name: "Undo transfer" })).toBeDisabled();
  await page.goto(`/o/${table.org_id}/transfers?show=offers&direction=out`);
  await expect(page.getByRole("list", { name: "Offers" })).toContainText("Accepted");
});

test("XFER-18 an offer is declined, and another withdrawn", async ({ page, anna, someoneElse }) => {
  const table = await anna.organization("Table");
  await grantCredits(table.org_id);
  const { person: john, page: theirs } = await someoneElse("John");
  const chair = await john.organization("Chair");
  const offer = async (name: string) => {
    const item = await anna.create(table.root, "folder", name);
    return anna.post<{ id: string }>("/offers", { items: [item.id], target: chair.org_id });
  };
  const first = await offer("First");
  await theirs.goto(`/o/${chair.org_id}/offers/${first.id}`);
  // Chair has no cloud licence: nothing can be accepted, and the page says what would clear it.
  await expect(theirs.getByRole("list", { name: "What is in the way" })).toContainText("no active cloud licence");
  await expect(theirs.getByRole("button", { name: "Accept", exact: true })).toHaveCount(0);
  await theirs.getByRole("button", { name: "Decline", exact: true }).click();
  await expect(theirs.getByRole("main")).toContainText("Declined");
  await page.goto(`/o/${table.org_id}/offers/${first.id}`);
  await expect(page.getByRole("main")).toContainText("Declined");
  const second = await offer("Second");
  await page.goto(`/o/${table.org_id}/offers/${second.id}`);
  await page.getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(page.getByRole("main")).toContainText("Withdrawn");
  await theirs.goto(`/o/${chair.org_id}`);
  await expect(section(theirs, "Offered to this organization")).toHaveCount(0);
});

test("XFER-19 a transfer is undone from its receipt, once", async ({ page, anna }) => {
  const [table, chair] = [await anna.organization("Table"), await anna.organization("Chair")];
  await Promise.all([grantCredits(table.org_id), grantCredits(chair.org_id)]);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const flight = await anna.create(tunnels.id, "dataset", "Flight 1", 120);
  await setProcessed(flight.id);
  const receipt = await anna.move([tunnels], chair.root);
  await page.goto(`/o/${chair.org_id}/transfers/${receipt.id}`);
  await page.getByRole("link", { name: "Undo transfer", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Undo transfer" });
  await expect(dialog).toContainText(`back to ${table.name}`);
  await dialog.getByRole("button", { name: "Undo transfer", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Transfer of “Tunnels” undone");
  expect((await anna.resource(flight.id)).organization).toBe(table.id);
  await page.getByRole("link", { name: "See its receipt" }).click();
  await expect(page.getByRole("main")).toContainText("This transfer was undone.");
  await expect(page.getByRole("link", { name: "Undo transfer", exact: true })).toHaveCount(0);
  await expect(alert(page)).toHaveCount(0);
});

test("XFER-16 a long transfer goes on by itself, is found again, and is all there at once", async ({ page, anna }) => {
  test.setTimeout(120_000);
  const [table, chair] = [await anna.organization("Table"), await anna.organization("Chair")];
  await Promise.all([grantCredits(table.org_id), grantCredits(chair.org_id)]);
  await operator("generate", "--org", table.org_id, "--resources", "2500", "--processed");
  const [name] = await anna.names(table.root);
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo(name ?? "");
  await moveTo.switchTo(chair);
  await moveTo.moveHere.click();
  const confirmation = new Confirmation(page);
  await confirmation.button.click();
  await expect(page.getByRole("status").filter({ hasText: "You can leave this page" })).toBeVisible();
  // Left, and found again; it is over sooner or later, and says what became of it.
  await page.goto(`/o/${table.org_id}`);
  await expect(async () => {
    await drive.open(table);
    await expect(page.getByRole("complementary", { name: "Background tasks" })).toContainText(`to ${chair.name}`, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
  await page.getByRole("complementary", { name: "Background tasks" }).getByRole("link", { name: "Receipt" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(`Transfer to ${chair.name}`);
  await expect(drive.row(name ?? "")).toHaveCount(0);
  expect(await anna.names(chair.root)).toEqual([name]);
});
