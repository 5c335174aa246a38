// A page's code comes in a file of its own (src/ui/lazy.rs): what holds when it comes, and when it does not.
import type { Browser, Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixture";

/** Somebody who is signed in, in a browser whose console may complain about files that were refused. */
async function undisturbed(browser: Browser, page: Page, baseURL: string | undefined): Promise<Page> {
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: await page.context().storageState() });
  return context.newPage();
}

const files = (page: Page): string[] => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  return asked;
};

test("a page fetches the code of its own bundle, and another page's when somebody goes there", async ({ page, anna }) => {
  const org = await anna.organization("Bundles");
  const asked = files(page);
  await page.goto(`/o/${org.org_id}`);
  expect(asked.filter((path) => path.includes("/split_home."))).toHaveLength(1);
  expect(asked.filter((path) => path.includes("/split_drive."))).toEqual([]);
  // The server has named it in the page's head, so that it does not wait for the script that asks for it.
  await expect(page.locator('head link[rel="preload"][href*="/split_home."]')).toHaveCount(1);

  await page.evaluate(() => Object.assign(window, { stayed: true }));
  await page.getByRole("link", { name: "Drive", exact: true }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Drive" })).toBeVisible();
  expect(asked.filter((path) => path.includes("/split_drive."))).toHaveLength(1);
  expect(await page.evaluate(() => "stayed" in window)).toBe(true);
});

test("a page whose code does not come while somebody goes there is loaded from the server", async ({ page, anna, browser, baseURL }) => {
  const org = await anna.organization("Refused");
  const other = await undisturbed(browser, page, baseURL);
  await other.route("**/pkg/split_drive.*", (route) => route.fulfill({ status: 404 }));
  await other.goto(`/o/${org.org_id}`);
  await hydrated(other);
  await other.evaluate(() => Object.assign(window, { stayed: true }));
  await other.getByRole("link", { name: "Drive", exact: true }).first().click();
  await expect(other.getByRole("heading", { level: 1, name: "Drive" })).toBeVisible();
  expect(await other.evaluate(() => "stayed" in window)).toBe(false);
  // It is the plain page then, and works as one.
  await other.goto(`/o/${org.org_id}/drive?dialog=new-folder`);
  await other.getByLabel("Name", { exact: true }).fill("Made without");
  await other.getByRole("button", { name: "Create" }).click();
  await expect(other.getByText("Made without").first()).toBeVisible();
  await expect(other.locator("html[data-hydrated]")).toHaveCount(0);
  await other.context().close();
});

test("code that comes at the second attempt is used", async ({ page, anna, browser, baseURL }) => {
  const org = await anna.organization("Again");
  const other = await undisturbed(browser, page, baseURL);
  let refused = 0;
  await other.route("**/pkg/split_people.*", (route) => {
    refused += 1;
    return refused === 1 ? route.abort() : route.continue();
  });
  await other.goto(`/o/${org.org_id}`);
  await hydrated(other);
  await other.getByRole("link", { name: /People/ }).first().click();
  await expect(other).toHaveURL(/\/people/);
  await hydrated(other);
  expect(refused).toBeGreaterThanOrEqual(2);
  await other.context().close();
});
