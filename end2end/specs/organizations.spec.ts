import { unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { Drive, problemOf, section, Switcher } from "../support/pages";

test("ORG-1 ORG-2 creating an organization for a business leads to its Home, as Owner, with a free licence", async ({ page, anna }) => {
  const name = `Nordic Survey ${unique()}`;
  await page.goto("/");
  await page.getByRole("main").getByRole("link", { name: "New organization", exact: true }).first().click();
  await page.getByLabel("I work for a business").check();
  await page.getByLabel("Organization name", { exact: true }).fill(name);
  await page.getByLabel("Legal company name").fill("Nordic Survey AB");
  await page.getByLabel("Address").fill("Storgatan 1");
  await page.getByLabel("Postal code").fill("111 22");
  await page.getByLabel("City").fill("Stockholm");
  await page.getByLabel("Country").selectOption({ label: "Sweden" });
  await page.getByLabel("VAT number").fill("SE556677889901");
  await page.getByRole("button", { name: "Create organization", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await expect(page).toHaveURL(/\/o\/nordic-survey-[0-9a-f]+$/i);
  const main = page.getByRole("main");
  await expect(main).toContainText("Nordic Survey AB");
  await expect(main).toContainText("Owner");
  await expect(section(page, "Licences")).toContainText("Discovery");
  await expect(main).toContainText(`${anna.firstName} ${anna.lastName}`);
});

test("ORG-1 creating an organization as an individual", async ({ page, anna }) => {
  expect(anna.email).toBeTruthy();
  const name = `Anna alone ${unique()}`;
  await page.goto("/organizations/new");
  await page.getByLabel("I am an individual").check();
  await page.getByLabel("Organization name", { exact: true }).fill(name);
  await page.getByLabel("Country").selectOption({ label: "Sweden" });
  await page.getByRole("button", { name: "Create organization", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
});

test("ORG-1 what is missing is said at its field, and what was typed stays", async ({ page, anna }) => {
  expect(anna.email).toBeTruthy();
  await page.goto("/organizations/new");
  await page.getByLabel("I am an individual").check();
  await page.getByLabel("City").fill("Stockholm");
  await page.getByRole("button", { name: "Create organization", exact: true }).click();
  await expect(await problemOf(page.getByLabel("Organization name", { exact: true }))).toContainText("Enter a name.");
  await expect(await problemOf(page.getByLabel("Country"))).toContainText("Choose a country.");
  await expect(page.getByLabel("City")).toHaveValue("Stockholm");
  await expect(page.getByLabel("I am an individual")).toBeChecked();
});

test("ORG-6 switching keeps the kind of page, and the address alone says where one is", async ({ page, anna, context }) => {
  const table = await anna.organization("Table");
  const chair = await anna.organization("Chair");
  await anna.create(table.root, "folder", "Only in Table");
  const drive = new Drive(page);
  const switcher = new Switcher(page);
  await drive.open(table);
  await expect(switcher.button).toContainText(table.name);
  await expect(switcher.button).toContainText("Owner");
  await expect(drive.row("Only in Table")).toBeVisible();

  await (await switcher.entry(chair.name)).click();
  await expect(page).toHaveURL(new RegExp(`/o/${chair.org_id}/drive$`));
  await expect(switcher.button).toContainText(chair.name);
  await expect(page.getByText("Only in Table")).toHaveCount(0);

  await page.goBack();
  await expect(switcher.button).toContainText(table.name);
  await expect(drive.row("Only in Table")).toBeVisible();

  // A second tab is in another organization, and neither changes the other.
  const tab = await context.newPage();
  await new Drive(tab).open(chair);
  await expect(new Switcher(tab).button).toContainText(chair.name);
  await page.reload();
  await expect(switcher.button).toContainText(table.name);
  await drive.create("folder", "Still Table");
  expect(await anna.names(table.root)).toEqual(["Only in Table", "Still Table"]);
  expect(await anna.names(chair.root)).toEqual([]);
});

test("ORG-7 the welcome page lists my organizations, each with Manage", async ({ page, anna }) => {
  const [table, chair] = [await anna.organization("Table"), await anna.organization("Chair")];
  await page.goto("/");
  const main = page.getByRole("main");
  for (const org of [table, chair]) await expect(main.getByText(org.name).first()).toBeVisible();
  await expect(main.getByRole("link", { name: /Manage/ })).not.toHaveCount(0);
  await main.getByRole("link", { name: new RegExp(`\\b${chair.name}\\b`) }).first().click();
  await expect(page).toHaveURL(new RegExp(`/o/${chair.org_id}$`));
});

test("ACCESS-3 somebody else's organization does not exist", async ({ page, anna, someoneElse }) => {
  const { person: ben } = await someoneElse("Ben");
  const theirs = await ben.organization("Secret");
  const folder = await ben.create(theirs.root, "folder", "Plans");
  expect(anna.email).toBeTruthy();
  for (const path of [`/o/${theirs.org_id}`, `/o/${theirs.org_id}/drive`, `/o/${theirs.org_id}/drive/${folder.id}`, `/o/${theirs.org_id}/roles`, "/o/no-such-organization"]) {
    const response = await page.goto(path);
    expect(response?.status(), path).toBe(404);
    await expect(page.getByRole("heading", { level: 1 }), path).toContainText(/not (found|here|exist)|does not exist/i);
    await expect(page.getByText(theirs.name), path).toHaveCount(0);
    await expect(page.getByText("Plans"), path).toHaveCount(0);
  }
});

test("ROLE the page “Who can do what” shows every permission for every role", async ({ page, anna }) => {
  const table = await anna.organization("Table");
  await page.goto(`/o/${table.org_id}/roles`);
  const roles = page.getByRole("table").first();
  for (const role of ["Owner", "Manager", "Editor", "Reader", "Member", "External"]) {
    await expect(roles.getByRole("columnheader", { name: role, exact: true })).toBeVisible();
  }
  expect(await roles.getByRole("row").count()).toBeGreaterThan(15);
});
