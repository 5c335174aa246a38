// Accounts of an organization, whom is limited to which, and copies for a Sharing ID (ACCT-1 to ACCT-4).
import type { Page } from "@playwright/test";
import type { Organization, Person } from "../support/api";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantImages } from "../support/operator";
import { Drive, MoveTo, problemOf, status, Switcher } from "../support/pages";

interface Account {
  id: string;
  name: string;
  sharing_id: string;
  root: string;
}

const settings = (page: Page, org: Organization) => page.goto(`/o/${org.org_id}/settings/accounts`);
const more = (anna: Person, org: Organization, name: string) => anna.post<Account>(`/orgs/${org.org_id}/accounts`, { name });
const crumbs = (page: Page) => page.getByRole("navigation", { name: "Breadcrumb" });

test("ACCT-1 accounts are opened, changed and deleted in the settings, each with its Sharing ID", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await settings(page, org);
  const list = page.getByRole("list", { name: "Accounts" });
  await expect(list.getByRole("listitem")).toHaveCount(1);
  await expect(page.getByLabel("Sharing ID of Primary", { exact: true })).toHaveValue(`${org.org_id}/primary`);
  // The last one stays, and says why.
  await expect(page.getByRole("button", { name: "Delete account" })).toBeDisabled();

  await page.getByRole("link", { name: "New account", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "New account", exact: true });
  await dialog.getByLabel("Account ID").fill("a--b");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Name", { exact: true }))).toContainText("Enter a name");
  await dialog.getByLabel("Name", { exact: true }).fill("North Sea");
  await dialog.getByLabel("Account ID").fill("PRIMARY");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Account ID"))).toContainText("taken");
  await dialog.getByLabel("Account ID").fill("");
  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  await expect(page.getByLabel("Sharing ID of North Sea", { exact: true })).toHaveValue(`${org.org_id}/north-sea`);

  const north = list.getByRole("listitem", { name: "North Sea" });
  await north.getByRole("link", { name: "Change", exact: true }).click();
  const change = page.getByRole("dialog", { name: "Change account", exact: true });
  await change.getByLabel("Account ID").fill("Chair");
  await change.getByRole("button", { name: "Save", exact: true }).click();
  await expect(status(page)).toContainText("Saved");
  await expect(page.getByLabel("Sharing ID of North Sea", { exact: true })).toHaveValue(`${org.org_id}/Chair`);

  await north.getByRole("link", { name: "Delete account", exact: true }).click();
  await page.getByRole("dialog", { name: "Delete account", exact: true }).getByRole("button", { name: "Delete account", exact: true }).click();
  await expect(list.getByRole("listitem")).toHaveCount(1);
});

test("ACCT-1 with several accounts each has its Drive, and things move from one to the other", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const folder = await anna.create(org.root, "folder", "Gotthard");
  const north = await more(anna, org, "North");
  const drive = new Drive(page);
  await drive.open(org);
  await expect(crumbs(page).getByRole("heading", { name: "Primary", exact: true })).toBeVisible();

  // The switcher leads to the other one.
  await new Switcher(page).button.click();
  await page.getByRole("list", { name: `Accounts of ${org.name}` }).getByRole("link", { name: "North", exact: true }).click();
  await expect(crumbs(page).getByRole("heading", { name: "North", exact: true })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/drive/${north.root}$`));

  await drive.open(org);
  const move = await drive.moveTo("Gotthard");
  await move.dialog.getByRole("button", { name: "Organization switcher" }).click();
  await move.dialog.getByRole("link", { name: "North", exact: true }).filter({ visible: true }).click();
  await expect(move.dialog.getByRole("button", { name: "Organization switcher" })).toContainText("North");
  await new MoveTo(page).moveHere.click();
  await expect(status(page)).toContainText("Moved “Gotthard” to “North”");
  expect(await anna.names(north.root)).toEqual(["Gotthard"]);

  // Search and the trash say which account a row is in.
  await anna.create(folder.id, "dataset", "Flight");
  await page.goto(`/o/${org.org_id}/drive?q=flight`);
  await expect(drive.row("Flight")).toContainText("North");
  await drive.open(org, folder.id);
  await expect(crumbs(page).getByRole("link", { name: "North", exact: true })).toHaveAttribute("href", `/o/${org.org_id}/drive/${north.root}`);
});

test("ACCT-2 somebody is limited to chosen accounts, and sees nothing of the others", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  await anna.create(org.root, "folder", "Headquarters");
  const north = await more(anna, org, "North");
  await anna.create(north.root, "folder", "Gotthard");
  const ed = await someoneElse("Ed");
  await join(org, anna, ed.person, "editor");
  await page.goto(`/o/${org.org_id}/people`);
  await page.getByRole("button", { name: "More options for Ed Berg", exact: true }).click();
  await page.getByRole("link", { name: "Accounts", exact: true }).filter({ visible: true }).click();
  const dialog = page.getByRole("dialog", { name: "Accounts", exact: true });
  await dialog.getByLabel("Only in these accounts").check();
  await dialog.getByLabel("Primary", { exact: true }).uncheck();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("row", { name: /Ed Berg/ })).toContainText("In North");

  const drive = new Drive(ed.page);
  await drive.open(org);
  await expect(drive.row("Gotthard")).toBeVisible();
  await expect(ed.page.getByText("Headquarters")).toHaveCount(0);
  await ed.page.goto(`/o/${org.org_id}/drive?q=headquarters`);
  await expect(ed.page.getByRole("status").filter({ hasText: "Nothing found" })).toBeVisible();
  expect((await ed.page.goto(`/o/${org.org_id}/drive/${org.root}`))?.status()).toBe(404);
});

test("ACCT-3 a copy is shared with a Sharing ID, in any case; what cannot be is said at the field", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  await anna.create(org.root, "folder", "Gotthard");
  const john = await someoneElse("John");
  const theirs = await john.person.organization("Tunnel North");
  await grantImages(theirs.org_id);
  await john.person.create(theirs.root, "folder", "Gotthard");
  const drive = new Drive(page);
  await drive.open(org);
  await drive.more("Gotthard", "Share a copy");
  const dialog = page.getByRole("dialog", { name: "Share a copy", exact: true });
  const field = dialog.getByLabel("Sharing ID");
  const send = dialog.getByRole("button", { name: "Share a copy", exact: true });
  for (const [typed, problem] of [
    ["nonsense", "Enter a Sharing ID"],
    [`${theirs.org_id}/south`, "There is no account"],
    [`${org.org_id}/primary`, "already in this account"],
  ] as const) {
    await field.fill(typed);
    await send.click();
    await expect(await problemOf(field)).toContainText(problem);
  }
  await field.fill(`${theirs.org_id.toUpperCase()}/Primary`);
  await send.click();
  await expect(status(page)).toContainText("Shared a copy of “Gotthard”");
  expect(await john.person.names(theirs.root)).toEqual(["Gotthard", "Gotthard (2)"]);
  await expect(drive.row("Gotthard")).toBeVisible();
});

test("ACCT-4 with one account nothing speaks of accounts", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await anna.create(org.root, "folder", "Gotthard");
  const drive = new Drive(page);
  await drive.open(org);
  await expect(crumbs(page).getByRole("heading", { name: "Drive", exact: true })).toBeVisible();
  await new Switcher(page).button.click();
  await expect(page.getByRole("list", { name: /^Accounts of/ })).toHaveCount(0);
});
