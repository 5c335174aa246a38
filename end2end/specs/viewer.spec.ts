// The viewer, also without a script (VIEW-5): what is drawn is a table, and Editors add points by a form.
import { upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { grantImages } from "../support/operator";
import { survey } from "../support/survey";

test("VIEW-5 drawings are read without a script, and a point is added and deleted", async ({ page, anna, javaScriptEnabled }) => {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await upload(anna, set, survey());
  const roof = { kind: "area", coordinates: [[8.5855, 46.6624], [8.5857, 46.6624], [8.5857, 46.6625]], name: "Roof" };
  await anna.post(`/datasets/${set.id}/annotations`, roof);
  await page.goto(`/o/${org.org_id}/drive/${set.id}`);
  await page.getByRole("link", { name: "Open viewer", exact: true }).click();
  const table = page.getByRole("table", { name: "Drawings", exact: true });
  await expect(table).toContainText("Roof");
  await expect(table).toContainText("Area (2D)");
  if (javaScriptEnabled ?? true) return;
  await page.getByText("Add a point", { exact: true }).click();
  await page.getByLabel("Latitude").fill("46.66245");
  await page.getByLabel("Longitude").fill("8.58560");
  await page.getByLabel(/^Name/).fill("Crack, check again");
  await page.getByRole("button", { name: "Add point", exact: true }).click();
  await expect(table).toContainText("Crack, check again");
  await page.getByRole("button", { name: "Delete Crack, check again", exact: true }).click();
  await expect(table).not.toContainText("Crack");
});
