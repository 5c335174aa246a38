import type { Page } from "@playwright/test";
import type { Organization } from "../support/api";
import { unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { problemOf, status } from "../support/pages";

const open = (page: Page, org: Organization, part: string) => page.goto(`/o/${org.org_id}/settings/${part}`);
const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true }).click();
const saved = (page: Page) => expect(status(page)).toContainText("Saved");

test("ORG-4 an Owner changes legal information, and what is wrong is said at its field", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await page.goto(`/o/${org.org_id}`);
  await page.getByRole("main").getByRole("link", { name: "Organization settings", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Organization settings" })).toBeVisible();
  const ways = page.getByRole("navigation", { name: "Organization settings" });
  await expect(ways.getByRole("link")).toHaveText(["My Organization", "Details", "Accounts", "Security", "Credential keys", "Danger zone"]);
  await expect(ways.locator("[aria-current=page]")).toHaveText("My Organization");

  await page.getByLabel("Legal company name").fill("Nordic Survey AB");
  await page.getByLabel("City").fill("Stockholm");
  await save(page);
  await expect(await problemOf(page.getByLabel("VAT number"))).toContainText("VAT exempt");
  await expect(page.getByLabel("City")).toHaveValue("Stockholm");

  await page.getByLabel("VAT exempt").check();
  await page.getByLabel("Legal contact").fill("Lena Lag");
  const officer = page.getByRole("group", { name: "Data protection officer" });
  await officer.getByLabel("Name").fill("Dan Data");
  await officer.getByLabel("Phone").fill("+46 1");
  await save(page);
  await saved(page);
  await page.reload();
  await expect(page.getByLabel("City")).toHaveValue("Stockholm");
  await expect(page.getByLabel("VAT exempt")).toBeChecked();
  await expect(officer.getByLabel("Name")).toHaveValue("Dan Data");
});

test("ORG-4 a Manager reads legal information; a Reader has only the Danger zone", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const manager = await someoneElse("Mona");
  const reader = await someoneElse("Rolf");
  await join(org, anna, manager.person, "manager");
  await join(org, anna, reader.person, "reader");
  await open(page, org, "organization");
  await expect(page.getByLabel("Org ID")).toHaveValue(org.org_id);

  await open(manager.page, org, "organization");
  await expect(manager.page.getByRole("main")).toContainText("Only an Owner can change this.");
  await expect(manager.page.getByRole("button", { name: "Save" })).toHaveCount(0);
  await expect(manager.page.getByLabel("Org ID")).toHaveCount(0);
  await open(manager.page, org, "danger");
  await expect(manager.page.getByRole("link", { name: "Leave organization", exact: true })).toBeVisible();
  await expect(manager.page.getByRole("link", { name: "Delete organization", exact: true })).toHaveCount(0);

  await open(reader.page, org, "");
  await expect(reader.page.getByRole("navigation", { name: "Organization settings" }).getByRole("link")).toHaveText(["Danger zone"]);
  for (const part of ["organization", "details", "accounts", "security"]) {
    expect((await open(reader.page, org, part))?.status(), part).toBe(404);
  }
});

test("ORG-4 PEOPLE-11 details and who sees the people list are saved", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const name = `Renamed ${unique()}`;
  await open(page, org, "details");
  await page.getByLabel("Organization name", { exact: true }).fill(name);
  await page.getByLabel("Website").fill("not a website");
  await save(page);
  await expect(await problemOf(page.getByLabel("Website"))).toContainText("web address");
  await page.getByLabel("Website").fill("example.com");
  await page.getByLabel("Industry").selectOption({ label: "Mining and quarries" });
  await page.getByLabel("Default cluster location").selectOption({ label: "Asia Pacific (Tokyo)" });
  await save(page);
  await saved(page);
  await expect(page.getByRole("button", { name: "Organization switcher" }).first()).toContainText(name);
  await page.reload();
  await expect(page.getByLabel("Website")).toHaveValue("https://example.com");

  await open(page, org, "security");
  await expect(page.getByLabel("Everyone in the organization")).toBeChecked();
  await page.getByLabel("Owners and Managers").check();
  await save(page);
  await saved(page);
  await page.reload();
  await expect(page.getByLabel("Owners and Managers")).toBeChecked();
});

test("ORG-5 the Org ID is changed, and links with the old one lead on", async ({ page, anna }) => {
  const [org, other] = [await anna.organization("Table"), await anna.organization("Chair")];
  const fresh = `desk-${unique()}`;
  await anna.put(`/orgs/${org.org_id}/legal`, { legal_name: org.name, country: "SE", vat_exempt: true });
  await open(page, org, "organization");
  await page.getByLabel("Org ID").fill(other.org_id.toUpperCase());
  await save(page);
  await expect(await problemOf(page.getByLabel("Org ID"))).toContainText("taken");
  await page.getByLabel("Org ID").fill(fresh);
  await save(page);
  await saved(page);
  await expect(page).toHaveURL(new RegExp(`/o/${fresh}/settings/organization$`));
  await page.goto(`/o/${org.org_id}/drive?sort=-name`);
  await expect(page).toHaveURL(new RegExp(`/o/${fresh}/drive\\?sort=-name$`));
  expect((await anna.get<{ org_id: string }>(`/orgs/${org.org_id}`)).org_id).toBe(fresh);
});

test("ORG-3 the last Owner cannot leave, and sees why", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await open(page, org, "danger");
  const leave = page.getByRole("button", { name: "Leave organization", exact: true });
  await expect(leave).toBeDisabled();
  await expect(page.getByText("Make someone else an Owner first").first()).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: "Manage People" })).toHaveAttribute("href", `/o/${org.org_id}/people`);
});

test("PEOPLE-7 somebody leaves, and it is gone for them", async ({ anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const { person, page } = await someoneElse("Ben");
  await join(org, anna, person, "editor");
  await open(page, org, "danger");
  await page.getByRole("link", { name: "Leave organization", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Leave organization", exact: true });
  await dialog.getByRole("button", { name: "Leave organization", exact: true }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(status(page)).toContainText("You left");
  await expect(page.getByRole("main").getByText(org.name)).toHaveCount(0);
  expect((await page.goto(`/o/${org.org_id}`))?.status()).toBe(404);
});

test("ORG-4 an organization is deleted by its typed name, and restored", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await anna.create(org.root, "folder", "Tunnels");
  await open(page, org, "danger");
  await page.getByRole("link", { name: "Delete organization", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Delete organization", exact: true });
  await dialog.getByLabel("Organization name").fill("Something else");
  await dialog.getByRole("button", { name: "Delete organization", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Organization name"))).toContainText("exactly as it is shown");
  await dialog.getByLabel("Organization name").fill(org.name);
  await dialog.getByRole("button", { name: "Delete organization", exact: true }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(status(page)).toContainText(`Deleted ${org.name}`);
  expect((await page.goto(`/o/${org.org_id}/drive`))?.status()).toBe(404);

  await page.goto("/");
  const deleted = page.getByRole("list", { name: "Deleted organizations" }).getByRole("listitem").filter({ hasText: org.name });
  await deleted.getByRole("button", { name: "Restore", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: org.name })).toBeVisible();
  await expect(status(page)).toContainText(`Restored ${org.name}`);
  expect(await anna.names(org.root)).toEqual(["Tunnels"]);
});
