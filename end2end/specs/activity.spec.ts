import { expect, test } from "../support/fixture";
import { join } from "../support/members";

test("AUDIT-1 the Activity page tells who changed what, with before and after", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await anna.create(org.root, "folder", "Tunnels");
  await anna.patch(`/orgs/${org.org_id}`, { website: "https://example.com" });
  await page.goto(`/o/${org.org_id}`);
  await page.getByRole("navigation", { name: "Organization" }).getByRole("link", { name: "Activity", exact: true }).click();
  const log = page.getByRole("list", { name: "Activity" });
  const lines = log.locator("> li");
  await expect(lines).toHaveCount(3);
  await expect(lines.first()).toContainText(`${anna.firstName} ${anna.lastName}`);
  await expect(lines.first()).toContainText("changed website");
  await lines.first().locator("summary").click();
  const row = lines.first().getByRole("row", { name: /Website/ });
  await expect(row).toContainText("https://example.com");
});

test("AUDIT-1 filters are in the address, and nothing found is said", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await anna.create(org.root, "folder", "Tunnels");
  await page.goto(`/o/${org.org_id}/activity`);
  await page.getByLabel("Action", { exact: true }).selectOption({ label: "Item created" });
  await page.getByLabel("Person", { exact: true }).selectOption({ label: `${anna.firstName} ${anna.lastName}` });
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page).toHaveURL(/action=resource\.created/);
  const lines = page.getByRole("list", { name: "Activity" }).locator("> li");
  await expect(lines).toHaveCount(1);
  await expect(lines).toContainText("Tunnels");
  await expect(page.getByLabel("Action", { exact: true })).toHaveValue("resource.created");

  await page.getByLabel("To", { exact: true }).fill("2001-01-01");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Clear filters" }).first().click();
  await expect(lines).toHaveCount(2);
});

test("AUDIT-1 older and newer pages", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  for (let number = 0; number < 55; number += 1) await anna.create(org.root, "folder", `Folder ${number}`);
  await page.goto(`/o/${org.org_id}/activity`);
  const log = page.getByRole("list", { name: "Activity" });
  await expect(log).toContainText("“Folder 54”");
  await page.getByRole("link", { name: "Older", exact: true }).click();
  await expect(log).toContainText("“Folder 1”");
  await expect(log).not.toContainText("“Folder 54”");
  await page.getByRole("link", { name: "Newer", exact: true }).click();
  await expect(log).toContainText("“Folder 54”");
});

test("AUDIT-1 the log is exported as shown", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await anna.create(org.root, "folder", "Tunnels");
  await page.goto(`/o/${org.org_id}/activity?action=resource.created`);
  for (const [name, ending] of [["Export CSV", ".csv"], ["Export JSON", ".json"]] as const) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name, exact: true }).click()]);
    expect(download.suggestedFilename()).toBe(`activity-${org.org_id}${ending}`);
  }
  const href = await page.getByRole("link", { name: "Export JSON", exact: true }).getAttribute("href");
  const lines = (await (await page.request.get(href ?? "")).json()) as { action: string }[];
  expect(lines.map((line) => line.action)).toEqual(["resource.created"]);
});

test("ROLE a Reader has no Activity page", async ({ anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const { person, page } = await someoneElse("Ben");
  await join(org, anna, person, "reader");
  await page.goto(`/o/${org.org_id}`);
  await expect(page.getByRole("link", { name: "Activity", exact: true })).toHaveCount(0);
  expect((await page.goto(`/o/${org.org_id}/activity`))?.status()).toBe(404);
});
