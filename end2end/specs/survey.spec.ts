// From upload to report: the built-in apps, their map and their findings, run by the server itself (JOB-4, LIC-2).
import type { Page } from "@playwright/test";
import { upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { grantImages } from "../support/operator";
import { section, status } from "../support/pages";
import { survey } from "../support/survey";

/** Starts an app on the dataset that is shown, and waits until it is done. */
async function run(page: Page, app: string, javaScript: boolean): Promise<void> {
  await page.getByRole("link", { name: "Process", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Process", exact: true });
  const choice = dialog.getByRole("radio", { name: new RegExp(`^${app}`) });
  await expect(choice).toBeVisible();
  // What makes most sense is chosen already.
  if (!(await choice.isChecked())) {
    await choice.check();
    if (!javaScript) await dialog.getByRole("button", { name: "Choose", exact: true }).click();
    await expect(page).toHaveURL(/app=/);
  }
  await expect(choice).toBeChecked();
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page).toHaveURL(/\/monitor\/[0-9a-f-]+$/);
  await done(page, javaScript);
}

async function done(page: Page, javaScript: boolean): Promise<void> {
  const progress = section(page, "Progress");
  // With JavaScript the page follows the job by itself.
  if (javaScript) return await expect(progress).toContainText("Done", { timeout: 60_000 });
  await expect
    .poll(async () => {
      await page.reload();
      return await progress.textContent();
    }, { timeout: 60_000 })
    .toContain("Done");
}

test("JOB-4 from upload to report: a map, findings, two photos left out, and run again", async ({ page, anna, javaScriptEnabled }) => {
  test.slow();
  const javaScript = javaScriptEnabled ?? true;
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await upload(anna, set, survey({ placeless: 3, twice: 5 }));
  const at = `/o/${org.org_id}/drive/${set.id}`;
  const tab = `${at}?tab=survey`;

  await page.goto(tab);
  await expect(page.getByText("No survey yet.")).toBeVisible();
  await run(page, "Survey index", javaScript);
  await expect(section(page, "Log")).toContainText("8 of 9 photos are laid on the ground.");
  await page.goto(tab);
  const index = section(page, "Survey index");
  await expect(index).toContainText("8 of 9 photos");
  await expect(index).toContainText("Not a measured orthophoto.");
  const map = index.getByRole("group", { name: "Map of 8 photos", exact: true });
  await expect(map.getByRole("link")).toHaveCount(8);
  await map.getByRole("link", { name: "100MEDIA/DJI_0001.JPG", exact: true }).press("Enter");
  await expect(page.getByRole("dialog")).toContainText("DJI_0001.JPG");
  await page.goto(`${at}?tab=results`);
  for (const name of ["coverage.tif", "index.json", "mosaic.tif", "photos.geojson"]) {
    await expect(page.getByRole("row", { name, exact: true })).toBeVisible();
  }

  await page.goto(at);
  await expect(page.getByText("Processed", { exact: true }).first()).toBeVisible();
  await run(page, "QC report", javaScript);
  for (const [finding, photo] of [
    ["No position", "DJI_0003.JPG"],
    ["Duplicates", "DJI_0009.JPG"],
  ] as const) {
    await page.goto(tab);
    const found = page.getByRole("region", { name: finding, exact: true });
    await expect(found.getByRole("link", { name: photo })).toBeVisible();
    await found.getByRole("button", { name: "Leave out 1 photo", exact: true }).click();
    await expect(status(page).filter({ hasText: `Left out “100MEDIA/${photo}”` })).toBeVisible();
    await expect(found).toContainText("Left out");
    await expect(found.getByRole("button")).toHaveCount(0);
  }
  await expect(section(page, "QC report")).toContainText("The dataset has 7 images to process now.");
  // What needs somebody stands before the map, and the overview says as well what is out of date.
  await expect(page.getByRole("heading", { level: 2, name: /^(QC report|Survey index)$/ })).toHaveText(["QC report", "Survey index"]);
  await page.goto(at);
  await expect(page.getByText("The images have changed since these results were made: QC report, Survey index.")).toBeVisible();
  await run(page, "QC report", javaScript);
  await page.goto(tab);
  await expect(page.getByRole("region", { name: "No position", exact: true })).toHaveCount(0);
  await expect(page.getByRole("region", { name: "Duplicates", exact: true })).toHaveCount(0);
  // What came since is paid, and nothing else.
  const placed = survey()["100MEDIA/DJI_0003.JPG"] ?? Buffer.alloc(0);
  await upload(anna, set, { "100MEDIA/DJI_0010.JPG": placed });
  await page.goto(`${at}?dialog=process&app=survey-index`);
  const price = page.getByRole("dialog", { name: "Process", exact: true }).getByRole("definition").filter({ hasText: "The others were paid for before." });
  await expect(price).toContainText("1 image");
  // The books: one project, and the nine images that were there.
  const jobs = await anna.get<{ items: { app: string; price: { images: number; projects: number } }[] }>(`/orgs/${org.org_id}/jobs`);
  expect(jobs.items.map(({ app, price }) => [app, price.images, price.projects])).toEqual([
    ["qc-report", 0, 0],
    ["qc-report", 0, 0],
    ["survey-index", 9, 1],
  ]);
});
