import type { Page } from "@playwright/test";
import type { Organization, Person, Resource } from "../support/api";
import { expect, test } from "../support/fixture";
import { grantCredits, grantImages, setProcessed } from "../support/operator";
import { alert, Confirmation, Drive, section, shown } from "../support/pages";

/** Two organizations with an allowance each; in the first a folder with a processed dataset, and one beside it. */
async function stage(anna: Person) {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await grantImages(table.org_id);
  await grantImages(chair.org_id, { images: 3_000, projects: 7 });
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const inside = await anna.create(tunnels.id, "dataset", "Flight 1", 1_200);
  const beside = await anna.create(table.root, "dataset", "Flight 2", 340);
  await anna.create(table.root, "folder", "Stays");
  await Promise.all([inside, beside].map((dataset) => setProcessed(dataset.id)));
  return { table, chair, tunnels, inside, beside };
}

/** Opens the confirmation for items of a folder that is shown, for the root of another organization. */
async function toConfirmation(page: Page, from: Organization, to: Organization, ...names: string[]): Promise<Confirmation> {
  const drive = new Drive(page);
  await drive.open(from);
  const moveTo = await drive.moveTo(...names);
  await moveTo.switchTo(to);
  await moveTo.moveHere.click();
  const confirmation = new Confirmation(page);
  await expect(confirmation.dialog).toBeVisible();
  return confirmation;
}

async function expectNothingMoved(anna: Person, from: Organization, to: Organization, items: Resource[]): Promise<void> {
  for (const item of items) expect((await anna.resource(item.id)).organization, item.name).toBe(from.id);
  expect(await anna.names(to.root)).toEqual([]);
}

test("XFER-14 the whole way: from signing up to the receipt, with the allowance on both sides", async ({ page, anna }) => {
  const { table, chair, tunnels, inside, beside } = await stage(anna);
  const before = { table: await anna.allowance(table), chair: await anna.allowance(chair) };

  // Pick, Move to, switch the organization inside the dialog, make a folder there, Move here.
  const drive = new Drive(page);
  await drive.open(table);
  const moveTo = await drive.moveTo("Tunnels", "Flight 2");
  await moveTo.switchTo(chair);
  await moveTo.newFolder("From Table");
  const [folder] = (await anna.get<{ items: Resource[] }>(`/resources/${chair.root}/children`)).items;
  expect(folder?.name).toBe("From Table");
  await moveTo.moveHere.click();

  // The confirmation shows what the plan says.
  const confirmation = new Confirmation(page);
  await expect(confirmation.dialog).toBeVisible();
  await expect(confirmation.blockers).toHaveCount(0);
  const { effects } = await anna.plan([tunnels, beside], folder?.id ?? "");
  expect(effects?.target.images_after).toBe((effects?.target.images_before ?? 0) + 1_540);
  await expect(confirmation.dialog).toContainText(table.name);
  await expect(confirmation.dialog).toContainText(chair.name);
  await expect(confirmation.dialog).toContainText("2 items");
  await expect(confirmation.dialog).toContainText("2 datasets");
  await expect(confirmation.dialog).toContainText("1,540 images");
  for (const side of [effects?.source, effects?.target]) {
    for (const figure of [side?.images_before, side?.images_after, side?.projects_before, side?.projects_after]) {
      await expect(confirmation.dialog).toContainText(shown(figure ?? NaN));
    }
  }
  await confirmation.button.click();

  // The receipt tells the same story.
  await expect(page).toHaveURL(/\/o\/[^/]+\/transfers\/[0-9a-f-]{36}/);
  const receipt = new URL(page.url()).pathname.split("/").at(-1);
  const main = page.getByRole("main");
  for (const words of [table.name, chair.name, "Tunnels", "Flight 2", "1,540 images", `${anna.firstName} ${anna.lastName}`]) {
    await expect(main).toContainText(words);
  }
  for (const org of [table, chair]) {
    const response = await page.goto(`/o/${org.org_id}/transfers/${receipt}`);
    expect(response?.status()).toBe(200);
    await expect(main).toContainText("1,540 images");
  }

  // The work is in the other organization, and gone from the first.
  await drive.open(chair, folder?.id);
  await expect(drive.row("Flight 2")).toBeVisible();
  await drive.enter("Tunnels");
  await expect(drive.row("Flight 1")).toBeVisible();
  await drive.open(table);
  await expect(drive.row("Stays")).toBeVisible();
  await expect(drive.row("Tunnels")).toHaveCount(0);
  await expect(drive.row("Flight 2")).toHaveCount(0);
  for (const moved of [tunnels, inside, beside]) expect((await anna.resource(moved.id)).organization).toBe(chair.id);
  const response = await page.goto(`/o/${table.org_id}/drive/${tunnels.id}`);
  expect(response?.status() === 404 || page.url().includes(`/o/${chair.org_id}/`), "the old address does not show it in the old organization").toBe(true);

  // Both Homes and both audit logs agree.
  const after = { table: await anna.allowance(table), chair: await anna.allowance(chair) };
  expect(after.chair.images.used).toBe(before.chair.images.used + 1_540);
  expect(after.chair.projects.used).toBe(before.chair.projects.used + 2);
  const left = ({ images }: typeof after.table) => images.total - images.used;
  expect(left(after.table)).toBe(left(before.table) + 1_540);
  for (const [org, { images, projects }] of [[table, after.table], [chair, after.chair]] as const) {
    await page.goto(`/o/${org.org_id}`);
    const licences = section(page, "Licences");
    for (const { used, total } of [images, projects]) {
      await expect(licences).toContainText(shown(total));
      await expect(licences).toContainText(new RegExp(`${shown(Math.abs(used))} of ${shown(total)}`));
    }
    const activity = section(page, "Recent activity");
    await expect(activity).toContainText(org === table ? chair.name : table.name);
    await expect(activity.getByRole("link", { name: "Receipt" }).first()).toHaveAttribute("href", new RegExp(`/transfers/${receipt}`));
    const told = (await anna.audit(org)).filter((entry) => entry.action.startsWith("transfer."));
    expect(told, `${org.name}: one entry`).toHaveLength(1);
  }
});

test("XFER-15 the receipt is not for others", async ({ anna, someoneElse }) => {
  const { chair, table, beside } = await stage(anna);
  const { id } = await anna.move([beside], chair.root);
  const { page } = await someoneElse("Ben");
  for (const org of [table, chair]) {
    const response = await page.goto(`/o/${org.org_id}/transfers/${id}`);
    expect(response?.status()).toBe(404);
    await expect(page.getByText("Flight 2")).toHaveCount(0);
  }
});

test("XFER-9 what is not processed and a missing licence are both in the way, and nothing moves", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await grantImages(table.org_id);
  const tunnels = await anna.create(table.root, "folder", "Tunnels");
  const draft = await anna.create(tunnels.id, "dataset", "Not processed yet", 10);
  const ready = await anna.create(table.root, "dataset", "Processed", 10);
  await setProcessed(ready.id);

  const confirmation = await toConfirmation(page, table, chair, "Tunnels", "Processed");
  await expect(confirmation.blockers).toContainText("“Not processed yet” is not processed");
  await expect(confirmation.blockers).toContainText(`${chair.name} has no active cloud licence`);
  await expect(confirmation.blockers.getByRole("listitem")).toHaveCount(2);
  await expect(confirmation.button.and(page.locator(":enabled"))).toHaveCount(0);
  await expectNothingMoved(anna, table, chair, [tunnels, draft, ready]);
});

test("XFER-10 an allowance that is too small is in the way, and nothing moves", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await grantImages(table.org_id);
  await grantImages(chair.org_id, { images: 99, projects: 5 });
  const big = await anna.create(table.root, "dataset", "Flight 1", 100);
  await setProcessed(big.id);
  const confirmation = await toConfirmation(page, table, chair, "Flight 1");
  await expect(confirmation.blockers.getByRole("listitem")).toHaveCount(1);
  await expect(confirmation.blockers).toContainText("99");
  await expectNothingMoved(anna, table, chair, [big]);
});

test("XFER-11 nothing goes from Credits to Images & Projects", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await grantCredits(table.org_id);
  await grantImages(chair.org_id);
  const flight = await anna.create(table.root, "dataset", "Flight 1", 10);
  await setProcessed(flight.id);
  const confirmation = await toConfirmation(page, table, chair, "Flight 1");
  await expect(confirmation.blockers).toContainText("Nothing can be transferred in this direction.");
  await expectNothingMoved(anna, table, chair, [flight]);
});

test("XFER-10 Credits to Credits charges nothing", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await Promise.all([grantCredits(table.org_id), grantCredits(chair.org_id)]);
  const flight = await anna.create(table.root, "dataset", "Flight 1", 10);
  await setProcessed(flight.id);
  const confirmation = await toConfirmation(page, table, chair, "Flight 1");
  await confirmation.button.click();
  await expect(page).toHaveURL(/\/transfers\//);
  expect((await anna.resource(flight.id)).organization).toBe(chair.id);
});

test("XFER-15 what changed since it was looked at is not done: it says so, and shows the new plan", async ({ page, anna }) => {
  const { table, chair, tunnels, inside, beside } = await stage(anna);
  const confirmation = await toConfirmation(page, table, chair, "Tunnels");
  await expect(confirmation.button).toBeEnabled();
  // Meanwhile another dataset comes into the folder, and the plan is another.
  await anna.move([beside], tunnels.id);
  await confirmation.button.click();
  await expect(alert(page)).toContainText("Something has changed since you opened this, so nothing was moved");
  await expectNothingMoved(anna, table, chair, [tunnels, inside, beside]);
  await expect(confirmation.dialog).toContainText("2 datasets");
  await confirmation.button.click();
  await expect(page).toHaveURL(/\/transfers\//);
  expect((await anna.resource(beside.id)).organization).toBe(chair.id);
});

test("XFER-15 what somebody else moved away meanwhile is not moved again", async ({ page, anna }) => {
  const { table, chair, beside } = await stage(anna);
  const third = await anna.organization("Lamp");
  await grantImages(third.org_id);
  const confirmation = await toConfirmation(page, table, chair, "Flight 2");
  await anna.move([beside], third.root);
  await confirmation.button.click();
  await expect(alert(page).first()).toBeVisible();
  expect((await anna.resource(beside.id)).organization).toBe(third.id);
  expect(await anna.names(chair.root)).toEqual([]);
});

test("XFER-13 confirmed in two tabs, it is one transfer", async ({ page, anna, context }) => {
  const { table, chair, tunnels } = await stage(anna);
  const first = await toConfirmation(page, table, chair, "Tunnels");
  const tab = await context.newPage();
  await tab.goto(page.url());
  await tab.locator(test.info().project.name === "hydrated" ? "html[data-hydrated]" : "html").waitFor({ state: "attached" });
  const second = new Confirmation(tab);
  await expect(second.button).toBeEnabled();
  await first.button.click();
  await expect(page).toHaveURL(/\/transfers\//);
  await second.button.click();
  // Where the form has gone, the dialog in its place says that they have moved.
  await expect(alert(tab).or(tab.getByText("These items have already been moved.")).first()).toBeVisible();
  expect((await anna.resource(tunnels.id)).organization).toBe(chair.id);
  expect((await anna.audit(chair)).filter((entry) => entry.action.startsWith("transfer."))).toHaveLength(1);
});

test("XFER-14 Cancel and Back leave everything as it was", async ({ page, anna }) => {
  const { table, chair, tunnels, beside } = await stage(anna);
  const confirmation = await toConfirmation(page, table, chair, "Tunnels", "Flight 2");
  await confirmation.dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(confirmation.dialog).toBeHidden();
  await expect(new Drive(page).row("Tunnels")).toBeVisible();
  await expectNothingMoved(anna, table, chair, [tunnels, beside]);
});
