// Two datasets of a site, compared in the viewer (VIEW-6), also without a script.
import { siteOfTwo } from "../support/compare";
import { expect, test } from "../support/fixture";

test("VIEW-6 DRIVE-6 the timeline of a site leads to two datasets, which are swapped and parted again", async ({ page, anna, javaScriptEnabled }) => {
  const { org, site, spring, autumn } = await siteOfTwo(anna);
  const path = (set: { id: string }) => new RegExp(`/drive/${set.id}/view`);
  await page.goto(`/o/${org.org_id}/drive/${site.id}`);
  const timeline = page.getByRole("region", { name: "Timeline", exact: true });
  await timeline.getByRole("link", { name: "Open viewer of Spring flight", exact: true }).click();
  await expect(page).toHaveURL(path(spring));
  const second = page.getByRole("list", { name: "Layers of Autumn flight", exact: true });
  await expect(second).toHaveCount(0);
  await page.getByLabel("Compare with", { exact: true }).selectOption("9 Oct 2026: Autumn flight");
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page.getByRole("link", { name: "Swap", exact: true })).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`with=${autumn.id}`));
  // Without a script no map shows drawings.
  const both = (javaScriptEnabled ?? true) ? " Both maps show them." : "";
  await expect(page.getByText(`Drawings belong to “Spring flight”.${both}`, { exact: true })).toBeVisible();

  await page.getByRole("link", { name: "Swap", exact: true }).click();
  await expect(page).toHaveURL(path(autumn));
  await expect(page).toHaveURL(new RegExp(`with=${spring.id}`));
  await expect(page.getByRole("heading", { level: 1, name: "Autumn flight", exact: true })).toBeVisible();
  const end = page.getByRole("link", { name: "End comparison", exact: true }).or(page.getByRole("button", { name: "End comparison", exact: true }));
  await end.click();
  await expect(page).not.toHaveURL(/with=/);
  await expect(end).toHaveCount(0);

  await page.goto(`/o/${org.org_id}/drive/${site.id}`);
  await timeline.getByRole("link", { name: "Compare with 1 Mar 2026, Autumn flight", exact: true }).click();
  await expect(page).toHaveURL(path(spring));
  await expect(page.getByRole("heading", { level: 3, name: "Autumn flight 9 Oct 2026" }).first()).toBeVisible();
});

test("VIEW-6 LINK-1 a site is shared from its own page, and its link has the timeline and the comparison", async ({ page, anna, browser }) => {
  const { org, site, spring, autumn } = await siteOfTwo(anna);
  await page.goto(`/o/${org.org_id}/drive/${site.id}`);
  await page.locator(".page-header").getByRole("link", { name: "Share", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Share", exact: true });
  await dialog.getByRole("button", { name: "Create link", exact: true }).click();
  const address = new URL(await dialog.getByLabel("Link address").inputValue()).pathname;

  // Its page needs no script.
  const context = await browser.newContext({ javaScriptEnabled: false });
  const visitor = await context.newPage();
  await visitor.goto(new URL(address, page.url()).href);
  const timeline = visitor.getByRole("region", { name: "Timeline", exact: true });
  await expect(timeline.getByRole("listitem")).toHaveCount(2);
  await expect(timeline.getByRole("link", { name: "Open viewer of Spring flight", exact: true })).toBeVisible();
  await timeline.getByRole("link", { name: "Compare with 1 Mar 2026, Autumn flight", exact: true }).click();
  await expect(visitor).toHaveURL(new RegExp(`${address}/view/${spring.id}\\?with=${autumn.id}`));
  await expect(visitor.getByRole("link", { name: "End comparison", exact: true })).toBeVisible();
  await context.close();
});
