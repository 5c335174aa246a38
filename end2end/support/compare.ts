// A site with two datasets that can be compared in the viewer.
import { expect } from "@playwright/test";
import type { Organization, Person, Resource } from "./api";
import { upload } from "./files";
import { grantImages } from "./operator";
import { survey } from "./survey";

export interface Site {
  org: Organization;
  site: Resource;
  spring: Resource;
  autumn: Resource;
}

/** The photos of the second one are beside those of the first. */
export async function siteOfTwo(anna: Person): Promise<Site> {
  const org = await anna.organization("Alpine Survey");
  await grantImages(org.org_id);
  const site = await anna.create(org.root, "site", "North Portal");
  const flight = (name: string, day: string) =>
    anna.post<Resource>("/resources", { parent: site.id, kind: "dataset", name, dataset: { images: 0, captured_on: day } });
  const [spring, autumn] = [await flight("Spring flight", "2026-03-01"), await flight("Autumn flight", "2026-10-09")];
  for (const [set, photos] of [[spring, 4], [autumn, 3]] as const) {
    await upload(anna, set, survey({ inLine: photos }));
    await expect
      .poll(async () => {
        const { items } = await anna.get<{ items: { photo: { state: string } | null }[] }>(`/datasets/${set.id}/files`);
        return items.filter(({ photo }) => photo !== null && photo.state !== "waiting").length;
      }, { timeout: 60_000 })
      .toBe(2 * photos);
  }
  return { org, site, spring, autumn };
}
