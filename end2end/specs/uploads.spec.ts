// The form that uploads without script (FILE-2). With script the menu takes its place; both leave the same files.
import type { Person, Resource } from "../support/api";
import { expect, test } from "../support/fixture";
import { grantImages } from "../support/operator";

async function dataset(anna: Person): Promise<{ address: string; dataset: Resource }> {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const dataset = await anna.create(org.root, "dataset", "Flight 1");
  return { address: `/o/${org.org_id}/drive/${dataset.id}`, dataset };
}

const file = (name: string, text: string) => ({ name, mimeType: "image/jpeg", buffer: Buffer.from(text) });

test("files are added to a dataset from its page", async ({ page, anna, javaScriptEnabled }) => {
  const { address, dataset: flight } = await dataset(anna);
  await page.goto(address);
  const chosen = [file("a.jpg", "one"), file("b.jpg", "two"), file("nul.jpg", "three")];
  if (javaScriptEnabled === false) {
    await page.getByText("Upload files", { exact: true }).click();
    await page.getByLabel("Files", { exact: true }).setInputFiles(chosen);
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await expect(page.getByRole("status")).toContainText("2 files added");
    await expect(page.getByRole("alert")).toContainText("1 file was not added.");
    await expect(page.getByRole("alert")).toContainText("nul.jpg");
    await page.getByText("Upload files", { exact: true }).click();
    await page.getByLabel("Files", { exact: true }).setInputFiles(chosen.slice(0, 1));
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    await expect(page.getByRole("status")).toContainText("1 was there already");
  } else {
    await page.getByRole("button", { name: "Upload", exact: true }).click();
    const opened = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Upload files", exact: true }).click();
    await (await opened).setFiles(chosen);
    await expect(page.getByRole("heading", { name: "1 file was not uploaded" })).toBeVisible();
  }
  const { items } = await anna.get<{ items: { path: string }[] }>(`/datasets/${flight.id}/files`);
  expect(items.map(({ path }) => path)).toEqual(["a.jpg", "b.jpg"]);
});

test("an upload that was left can be discarded, which is asked about first", async ({ page, anna }) => {
  const { address, dataset: flight } = await dataset(anna);
  await anna.post(`/datasets/${flight.id}/uploads`, { files: [{ path: "a.jpg", bytes: 5 }] });
  await page.goto(address);
  await expect(page.getByText("Upload unfinished: 0 of 1 file is here.")).toBeVisible();
  await page.getByRole("link", { name: "Discard" }).click();
  const dialog = page.getByRole("dialog", { name: "Discard", exact: true });
  await expect(dialog).toContainText("1 file is not complete. What arrived of it is lost");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(dialog).toHaveCount(0);
  await page.getByRole("link", { name: "Discard" }).click();
  await dialog.getByRole("button", { name: "Discard", exact: true }).click();
  await expect(page.getByRole("status")).toContainText("Discarded 1 file");
  await expect(page.getByText("Upload unfinished")).toHaveCount(0);
});

test("without script files are uploaded from the Drive into a new dataset", async ({ page, anna, javaScriptEnabled }) => {
  test.skip(javaScriptEnabled !== false, "with script there is the menu");
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  await page.goto(`/o/${org.org_id}/drive`);
  await page.getByText("Upload files", { exact: true }).click();
  await page.getByLabel("Name of the new dataset").fill("Portal flight");
  await page.getByLabel("Files", { exact: true }).setInputFiles([file("a.jpg", "one"), file("b.jpg", "two")]);
  await page.getByRole("button", { name: "Upload", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Portal flight" })).toBeVisible();
  await expect(page.getByRole("status")).toContainText("2 files added");
});
