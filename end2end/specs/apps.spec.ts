// Apps (JOB-1) and what a membership lets through (JOB-5): published, authorized, refused with the reason, and ended at once.
import type { Page } from "@playwright/test";
import { type Organization, type Person, unique } from "../support/api";
import { flight, upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantTeams } from "../support/operator";
import { problemOf, status } from "../support/pages";

/** A published app of an organization, over the API. */
async function published(by: Person, org: Organization, title: string): Promise<string> {
  const slug = `app-${unique()}`;
  await by.post(`/orgs/${org.org_id}/apps`, { slug, title, price: "free" });
  await by.post(`/apps/${slug}/versions`, { label: "1.0" });
  await by.patch(`/apps/${slug}`, { state: "published" });
  return slug;
}

const refusal = (page: Page) => page.getByRole("heading", { level: 1, name: "You cannot run this app" });

test("JOB-1 an app is made, gets a version with rows of options, and is published, changed and withdrawn", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const slug = `ortho-${unique()}`;
  await page.goto(`/o/${org.org_id}`);
  await page.getByRole("navigation", { name: "Organization", exact: true }).getByRole("link", { name: "Apps", exact: true }).click();
  await expect(page.getByRole("main")).toContainText("No apps yet.");
  await page.getByRole("link", { name: "New app", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "New app", exact: true });
  await dialog.getByLabel("Title", { exact: true }).fill("Orthophoto");
  await dialog.getByLabel("App ID", { exact: true }).fill("QC-Report");
  await dialog.getByLabel("Summary").fill("A map of what was flown.");
  await dialog.getByRole("button", { name: "Create app", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("App ID", { exact: true })), "what is built in keeps its name").toBeVisible();
  await expect(dialog.getByLabel("Title", { exact: true })).toHaveValue("Orthophoto");
  await dialog.getByLabel("App ID", { exact: true }).fill(slug);
  await dialog.getByRole("radio", { name: "Processing", exact: true }).check();
  await dialog.getByRole("button", { name: "Create app", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Orthophoto", exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Publish", exact: true }), "there is no version").toBeDisabled();

  await page.getByRole("link", { name: "New version", exact: true }).click();
  const form = page.getByRole("main");
  const option = (number: number) => form.getByRole("group", { name: `Option ${number}`, exact: true });
  // With script rows are added one by one; without it they are all there.
  const row = async (number: number) => {
    if (!(await option(number).isVisible())) await form.getByRole("button", { name: "Add option", exact: true }).click();
    await expect(option(number)).toBeVisible();
    return option(number);
  };
  await form.getByLabel("Label", { exact: true }).fill("1.0");
  await form.getByRole("checkbox", { name: "Orthophoto", exact: true }).check();
  for (let number = 1; number <= 10; number += 1) {
    const fields = await row(number);
    await fields.getByLabel("Name", { exact: true }).fill(number === 10 ? "option-9" : `option-${number}`);
    await fields.getByLabel("Type", { exact: true }).selectOption(number === 1 ? "Choice" : "Whole number");
    await fields.getByLabel("Default", { exact: true }).fill(number === 1 ? "" : `${number}`);
    if (number === 1) await fields.getByLabel("Values", { exact: true }).fill("low, high");
  }
  await form.getByRole("button", { name: "Add version", exact: true }).click();
  const tenth = option(10).getByLabel("Name", { exact: true });
  await expect(await problemOf(tenth), "two options of one name").toBeVisible();
  await expect(tenth).toHaveValue("option-9");
  await expect(option(1).getByLabel("Values", { exact: true }), "nothing that was typed is lost").toHaveValue("low, high");
  await tenth.fill("option-10");
  await form.getByRole("button", { name: "Add version", exact: true }).click();
  await expect(status(page).first()).toContainText("Added version 1 (1.0)");
  const options = page.getByRole("list", { name: "Options" });
  await expect(options.getByRole("listitem")).toHaveCount(10);
  await expect(options.getByRole("listitem").first()).toContainText("Choice, by default low");

  await page.getByRole("button", { name: "Publish", exact: true }).click();
  await expect(status(page).first()).toContainText("Published “Orthophoto”");
  await page.getByRole("link", { name: "Edit", exact: true }).click();
  const edit = page.getByRole("dialog", { name: "Edit", exact: true });
  await edit.getByLabel("Title", { exact: true }).fill("True orthophoto");
  await edit.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "True orthophoto", exact: true })).toBeVisible();
  // The next version begins with what this one has.
  await page.getByRole("link", { name: "New version", exact: true }).click();
  await expect(option(10).getByLabel("Name", { exact: true })).toHaveValue("option-10");
  await page.getByRole("link", { name: "Cancel", exact: true }).click();

  await page.goto(`/o/${org.org_id}/apps`);
  const row1 = page.getByRole("table", { name: "Apps", exact: true }).getByRole("row").filter({ hasText: "True orthophoto" });
  await expect(row1).toContainText("Published");
  await expect(row1).toContainText(`Only ${org.name}`);
  await row1.getByRole("link").click();
  await page.getByRole("link", { name: "Withdraw", exact: true }).click();
  await page.getByRole("dialog", { name: "Withdraw", exact: true }).getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(page.getByRole("main")).toContainText("This app has been withdrawn");
});

test("JOB-1 the example: A has the organization, B and C are in it, D authorizes it, and who leaves loses everything at once", async ({ page, anna, someoneElse }) => {
  const { person: bob, page: bobs } = await someoneElse("Bob");
  const { person: carla, page: carlas } = await someoneElse("Carla");
  const { person: dora, page: doras } = await someoneElse("Dora");
  // A shares a dataset of hers with her organization to be viewed, and adds members B and C, and D as an admin.
  const org = await anna.organization("Alpine Survey");
  await grantTeams(org.org_id);
  for (const member of [bob, carla]) await join(org, anna, member, "member");
  await join(org, anna, dora, "manager");
  // D shares raw data with it to upload to, and makes it an authorized user of the QC app.
  const lab = await dora.organization("Tunnel North");
  await grantTeams(lab.org_id);
  const [viewed, raw] = [await dora.create(lab.root, "dataset", "Project to view", 0), await dora.create(lab.root, "dataset", "Raw data", 0)];
  await upload(dora, viewed, flight(2));
  await dora.put(`/resources/${viewed.id}/grants`, { organization: org.org_id, level: "reader" });
  await dora.put(`/resources/${raw.id}/grants`, { organization: org.org_id, level: "uploader" });
  const slug = await published(dora, lab, "Quality control");

  // Before: the refusal names the reason, and says what to do.
  expect((await carlas.goto(`/apps/${slug}`))?.status()).toBe(403);
  await expect(refusal(carlas)).toBeVisible();
  await expect(carlas.getByRole("main")).toContainText("No organization of yours is authorized to use “Quality control”");
  await expect(carlas.getByRole("list", { name: "Your organizations" })).toContainText(org.org_id);
  await carlas.goto("/apps");
  await expect(carlas.getByRole("main")).not.toContainText("Quality control");

  await doras.goto(`/apps/${slug}`);
  const users = doras.getByRole("region", { name: "Who can run it", exact: true });
  const who = users.getByLabel("Org ID, Sharing ID or personal ID", { exact: true });
  await who.fill("nobody-has-this");
  await users.getByRole("button", { name: "Authorize", exact: true }).click();
  await expect(await problemOf(who)).toContainText("No organization and no person has this ID.");
  await who.fill(`${org.org_id}/primary`);
  await users.getByRole("button", { name: "Authorize", exact: true }).click();
  await expect(users.getByRole("list", { name: "Authorized" })).toContainText(org.name);

  // All of the organization may run it, view the project, and upload to the raw data.
  for (const theirs of [page, bobs, carlas]) {
    await theirs.goto("/apps");
    await theirs.getByRole("link", { name: "Quality control", exact: true }).click();
    await expect(theirs.getByRole("heading", { level: 1, name: "Quality control", exact: true })).toBeVisible();
    await expect(theirs.getByRole("main")).not.toContainText("Who can run it");
  }
  await carlas.goto(`/o/${lab.org_id}/drive/${viewed.id}?tab=images`);
  await expect(carlas.getByRole("grid", { name: "Images", exact: true }).getByRole("row")).toHaveCount(3);
  await upload(carla, raw, flight(1));

  // C leaves the organization: everything that came through it ends at once.
  await carlas.goto(`/o/${org.org_id}/settings/danger`);
  await carlas.getByRole("link", { name: "Leave organization", exact: true }).click();
  await carlas.getByRole("dialog", { name: "Leave organization" }).getByRole("button", { name: "Leave organization", exact: true }).click();
  await expect(carlas).not.toHaveURL(/settings/);
  expect((await carlas.goto(`/apps/${slug}`))?.status()).toBe(403);
  await expect(refusal(carlas)).toBeVisible();
  for (const resource of [viewed, raw]) expect((await carlas.goto(`/o/${lab.org_id}/drive/${resource.id}`))?.status()).toBe(404);
  await bobs.goto(`/apps/${slug}`);
  await expect(bobs.getByRole("heading", { level: 1, name: "Quality control", exact: true })).toBeVisible();

  // D can authorize C alone, by the ID that the refusal shows, and take that back.
  const own = await carlas.goto(`/apps/${slug}`).then(() => carlas.getByRole("textbox", { name: "Your personal ID", exact: true }).inputValue());
  await who.fill(own);
  await users.getByRole("button", { name: "Authorize", exact: true }).click();
  await expect(users.getByRole("list", { name: "Authorized" })).toContainText("Carla Berg");
  expect((await carlas.reload())?.status()).toBe(200);
  await users.getByRole("button", { name: "Remove Carla Berg", exact: true }).click();
  await expect(users.getByRole("list", { name: "Authorized" })).not.toContainText("Carla Berg");
  expect((await carlas.reload())?.status()).toBe(403);
});

test("JOB-5 the limits of a membership are changed in Manage People, and the person is told", async ({ page, anna, someoneElse }) => {
  const { person: bob, page: bobs } = await someoneElse("Bob");
  const org = await anna.organization("Alpine Survey");
  await grantTeams(org.org_id);
  await join(org, anna, bob, "editor");
  const slug = await published(anna, org, "Quality control");
  await bobs.goto(`/o/${org.org_id}`);
  await expect(bobs.getByRole("region", { name: "Limits of your membership" })).toHaveCount(0);
  await bobs.goto(`/apps/${slug}`);
  await expect(bobs.getByRole("heading", { level: 1, name: "Quality control", exact: true })).toBeVisible();

  await page.goto(`/o/${org.org_id}/people`);
  await page.getByRole("button", { name: "More options for Bob Berg", exact: true }).click();
  await page.getByRole("link", { name: "Limits", exact: true }).filter({ visible: true }).click();
  const dialog = page.getByRole("dialog", { name: "Limits", exact: true });
  await expect(dialog.getByLabel("Highest level", { exact: true })).toHaveValue("editor");
  await dialog.getByLabel("Highest level", { exact: true }).selectOption("Reader");
  await dialog.getByRole("checkbox", { name: "Use of apps", exact: true }).uncheck();
  await dialog.getByRole("checkbox", { name: "May start what the organization pays for", exact: true }).uncheck();
  await dialog.getByRole("button", { name: "Save", exact: true }).click();
  await expect(status(page).first()).toContainText("Saved the limits");
  const { id } = await bob.get<{ id: string }>("/me");
  expect(await anna.get(`/orgs/${org.org_id}/people/${id}/caps`)).toEqual({ level: "reader", apps: false, billable: false });

  await bobs.goto(`/o/${org.org_id}`);
  const told = bobs.getByRole("region", { name: "Limits of your membership", exact: true });
  await expect(told.getByRole("listitem")).toHaveText([
    "What is shared with the organization reaches you as Reader at most.",
    "You cannot use apps through it, or on what it owns.",
    "You cannot start what it pays for.",
  ]);
  expect((await bobs.goto(`/apps/${slug}`))?.status()).toBe(403);
  await expect(bobs.getByRole("main")).toContainText("your membership there does not include the use of apps");
  await expect(bobs.getByRole("region", { name: "What to do" }), "the publisher cannot help").toHaveCount(0);
  // Nobody changes their own by the address alone.
  await bobs.goto(`/o/${org.org_id}/people?dialog=limits&person=${id}`);
  await expect(bobs.getByRole("dialog")).toHaveCount(0);
});
