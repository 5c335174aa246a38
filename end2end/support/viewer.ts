// The viewer of a dataset: what there is to look at, and what is pressed.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Organization, Person, Resource } from "./api";
import { upload } from "./files";
import { grantImages } from "./operator";
import { survey } from "./survey";

export interface World {
  org: Organization;
  set: Resource;
  at: string;
}

/** Uploads eight photos that know where they were taken, and waits until they are opened. */
export async function uploadSurvey(anna: Person, set: Resource): Promise<void> {
  await upload(anna, set, survey());
  await expect
    .poll(async () => {
      const { items } = await anna.get<{ items: { photo: { state: string } | null }[] }>(`/datasets/${set.id}/files`);
      return items.filter(({ photo }) => photo !== null && photo.state !== "waiting").length;
    }, { timeout: 60_000 })
    .toBe(8);
}

/** A dataset with eight photos that know where they were taken. */
export async function world(anna: Person): Promise<World> {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await uploadSurvey(anna, set);
  return { org, set, at: `/o/${org.org_id}/drive/${set.id}/view` };
}

export const map = (page: Page): Locator => page.getByRole("application", { name: "Map", exact: true });
export const rows = (page: Page): Locator => page.getByRole("table", { name: "Drawings", exact: true }).getByRole("row").filter({ has: page.getByRole("button") });
export const tool = (page: Page, name: string): Locator => page.getByRole("toolbar", { name: "Tools", exact: true }).getByRole("button", { name, exact: true });

/** Clicks on the map, at parts of its width and height. */
export async function click(page: Page, ...places: [number, number][]): Promise<void> {
  const box = await map(page).boundingBox();
  if (!box) throw new Error("no map");
  for (const [right, down] of places) {
    await page.mouse.click(box.x + right * box.width, box.y + down * box.height);
    // Two clicks at once are a double click, which ends a drawing.
    await page.waitForTimeout(30);
  }
}

/** Drags on the map, from one part of its width and height to another. */
export async function drag(page: Page, from: [number, number], to: [number, number]): Promise<void> {
  const box = await map(page).boundingBox();
  if (!box) throw new Error("no map");
  const at = ([right, down]: [number, number]) => [box.x + right * box.width, box.y + down * box.height] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 4 });
  await page.mouse.up();
}

/** Starts **Survey index** on a dataset, whose page is at `dataset`, and waits for its map. */
export async function mosaic(page: Page, dataset: string): Promise<void> {
  await page.goto(dataset);
  await page.getByRole("link", { name: "Process", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Process", exact: true });
  const choice = dialog.getByRole("radio", { name: /^Survey index/ });
  if (!(await choice.isChecked())) await choice.check();
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page.getByText("Done", { exact: true }).first()).toBeVisible({ timeout: 60_000 });
}
