// What was made of other images than a dataset has now says so (JOB-3), and leads to Process whoever may; also without a script.
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { uploadSurvey } from "../support/viewer";
import { grantImages } from "../support/operator";

test("JOB-3 VIEW-1 layers and results say that the images have changed since, until they are as they were", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await uploadSurvey(anna, set);
  const dataset = `/o/${org.org_id}/drive/${set.id}`;
  await anna.post(`/datasets/${set.id}/jobs`, { app: "survey-index" });
  await expect.poll(async () => {
    const { items } = await anna.get<{ items: { state: string }[] }>(`/datasets/${set.id}/layers`);
    return items.filter(({ state }) => state === "ready").length;
  }, { timeout: 60_000 }).toBe(2);
  const layers = page.getByText("The images have changed since these layers were made.");
  await page.goto(`${dataset}/view`);
  await expect(page.getByRole("heading", { name: "Layers", exact: true })).toBeVisible();
  await expect(layers).toHaveCount(0);

  await anna.patch(`/datasets/${set.id}/files/1`, { left_out: true });
  await page.goto(`${dataset}/view`);
  await expect(layers).toBeVisible();
  await expect(page.getByText("Made before the images changed").first()).toBeVisible();
  await page.getByRole("link", { name: "Process again", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Process", exact: true })).toBeVisible();

  const results = (of: typeof page) => of.getByText("The images have changed since these results were made: Survey index.");
  await page.goto(`${dataset}?tab=results`);
  await expect(results(page)).toBeVisible();
  await page.getByRole("link", { name: "Process again", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Process", exact: true })).toBeVisible();

  // A Reader is told, and led nowhere.
  const { person: rita, page: other } = await someoneElse("Rita");
  await join(org, anna, rita, "reader");
  await other.goto(`${dataset}?tab=results`);
  await expect(results(other)).toBeVisible();
  await expect(other.getByRole("link", { name: "Process again", exact: true })).toHaveCount(0);

  await anna.patch(`/datasets/${set.id}/files/1`, { left_out: false });
  await page.goto(`${dataset}?tab=results`);
  await expect(page.getByRole("link", { name: /mosaic\.tif/ }).first()).toBeVisible();
  await expect(results(page)).toHaveCount(0);
});
