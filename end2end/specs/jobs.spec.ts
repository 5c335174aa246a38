// From Process on a dataset to its results: a job as a person starts, follows, cancels and repeats it (JOB-2, JOB-3, LIC-2).
import type { Locator, Page } from "@playwright/test";
import type { Organization, Person, Resource } from "../support/api";
import { type App, Engine, publish, start } from "../support/engine";
import { flight, upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { invitationLink } from "../support/inbox";
import { grantCredits, grantTeams, operator } from "../support/operator";
import { alert, problemOf, section, status } from "../support/pages";

interface Studio {
  org: Organization;
  set: Resource;
  at: string;
  licence: string;
}

/** An organization with credits, and a dataset of ten photos. */
async function studio(anna: Person, credits = 5_000): Promise<Studio> {
  const org = await anna.organization("Alpine Survey");
  const licence = await grantCredits(org.org_id, credits);
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await upload(anna, set, flight(10));
  return { org, set, at: `/o/${org.org_id}/drive/${set.id}`, licence };
}

const dialogOf = (page: Page, name: string): Locator => page.getByRole("dialog", { name, exact: true });
const jobs = (page: Page): Locator => page.getByRole("table", { name: "Jobs", exact: true });

/** Opens **Process** on a dataset's page. */
async function process(page: Page): Promise<Locator> {
  await page.getByRole("link", { name: "Process", exact: true }).click();
  const dialog = dialogOf(page, "Process");
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Chooses an app. With JavaScript that is enough. */
async function choose(page: Page, dialog: Locator, app: App, javaScript: boolean): Promise<void> {
  await dialog.getByRole("radio", { name: new RegExp(`^${app.title}`) }).check();
  if (!javaScript) await dialog.getByRole("button", { name: "Choose", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`app=${app.slug}`));
  await expect(dialog.getByRole("radio", { name: new RegExp(`^${app.title}`) })).toBeChecked();
}

test("JOB-2 JOB-3 a dataset is processed: chosen, priced, started, followed to its results", async ({ page, anna, javaScriptEnabled }) => {
  const { org, set, at } = await studio(anna);
  const ortho = await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  const count = await publish(anna, org, "Counter");
  const engine = await Engine.of(anna, org);
  await page.goto(`${at}?tab=images`);
  const dialog = await process(page);
  // What processes it is chosen already; the other one is free.
  await expect(dialog.getByRole("radio", { name: /^Ortho/ })).toBeChecked();
  await expect(dialog.getByLabel("Quality", { exact: true })).toHaveValue("low");
  await choose(page, dialog, count, javaScriptEnabled ?? true);
  await expect(dialog.getByText("Free", { exact: true }).first()).toBeVisible();
  await choose(page, dialog, ortho, javaScriptEnabled ?? true);
  await expect(dialog).toContainText("2 credits");
  await expect(dialog).toContainText("5,000 credits of Cloud ");
  // A value that does not fit is told at its field, and what was chosen besides stays.
  await dialog.getByLabel("Quality", { exact: true }).selectOption("high");
  const size = dialog.getByLabel("Tile size", { exact: true });
  await size.fill("many");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(await problemOf(size)).toContainText("Enter a whole number.");
  await expect(dialog.getByLabel("Quality", { exact: true })).toHaveValue("high");
  await size.fill("8");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/o/${org.org_id}/monitor/[0-9a-f-]+$`));
  await expect(status(page).filter({ hasText: "Started “Ortho” on “Portal flight”" })).toBeVisible();
  await expect(section(page, "Progress")).toContainText("Queued");
  await expect(section(page, "Details")).toContainText("10 images");
  await expect(section(page, "Details")).toContainText("Tile size: 8");

  const held = await engine.claim(ortho);
  expect(held.claim.options).toEqual({ quality: "high", "tile-size": "8", fast: "true" });
  await held.say("heartbeat", { progress: 310, step: "Dense point cloud" });
  await held.log(1, [{ text: "10 of 10 photos placed" }, { level: "warning", text: "DJI_0002: few \u001b[31mmatches\u001b[0m" }]);
  if (!javaScriptEnabled) await page.reload();
  await expect(section(page, "Progress")).toContainText("Dense point cloud");
  await expect(section(page, "Progress")).toContainText("31 %");
  await expect(section(page, "Log")).toContainText("DJI_0002: few matches");
  await held.write("map/ortho.tif", "orthophoto", Buffer.from("II*\0 a map"));
  await held.say("complete", { outputs: 1 });
  if (!javaScriptEnabled) await page.reload();
  await expect(section(page, "Progress")).toContainText("Done");
  const results = page.getByRole("list", { name: "Results of this job", exact: true });
  await results.getByRole("link", { name: "map/ortho.tif", exact: true }).click();
  await expect(dialogOf(page, "File")).toContainText("map/ortho.tif");

  await page.goto(at);
  await expect(section(page, "Details")).toContainText("Processed");
  const tabs = page.getByRole("navigation", { name: "Dataset" });
  await tabs.getByRole("link", { name: "Jobs" }).click();
  await expect(jobs(page).getByRole("row").nth(1)).toContainText("2 credits");
  await page.getByRole("link", { name: "Show in Monitor", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/monitor\\?dataset=${set.id}`));
  await expect(jobs(page).getByRole("row")).toHaveCount(2);
});

test("LIC-2 what cannot be paid waits for credits, says so before and after, and starts by itself", async ({ page, anna }) => {
  const { org, at, licence } = await studio(anna, 1);
  await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  await page.goto(at);
  const dialog = await process(page);
  await expect(dialog.getByRole("radio", { name: /^Ortho/ })).toBeChecked();
  await expect(dialog).toContainText("This needs 2 credits, and 1 is left.");
  await expect(dialog).toContainText("starts by itself once there is enough");
  await dialog.getByRole("button", { name: "Start when it can be paid", exact: true }).click();
  await expect(status(page).filter({ hasText: "waits for credits" })).toBeVisible();
  await expect(section(page, "Progress")).toContainText("Waiting for credits");
  await expect(section(page, "Progress")).toContainText("This needs 2 credits, and 1 is left.");
  await operator("licence", "top-up", licence, "--credits", "60");
  await page.reload();
  await expect(section(page, "Progress")).toContainText("Queued");
});

test("JOB-2 a price that has changed is asked about again, and what was typed stays", async ({ page, anna }) => {
  const { org, set, at } = await studio(anna);
  await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  await page.goto(at);
  const dialog = await process(page);
  await expect(dialog).toContainText("2 credits");
  await dialog.getByLabel("Tile size", { exact: true }).fill("16");
  await upload(anna, set, flight(10, "101MEDIA"));
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(alert(page).first()).toContainText("This now costs 4 credits");
  await expect(dialog.getByLabel("Tile size", { exact: true })).toHaveValue("16");
  await dialog.getByRole("button", { name: "Start", exact: true }).click();
  await expect(section(page, "Details")).toContainText("4 credits");
});

test("JOB-2 cancelling asks first where it costs, and a failed job says why and is run again for a price", async ({ page, anna, javaScriptEnabled }) => {
  const { org, set } = await studio(anna);
  const ortho = await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  const engine = await Engine.of(anna, org);
  // Before an engine is at it, it ends at once.
  const first = await start(anna, set, ortho);
  await page.goto(`/o/${org.org_id}/monitor/${first}`);
  await expect(section(page, "Progress")).toContainText(/It waits for an engine of Alpine Survey [0-9a-f]+, and begins by itself\. Cancelling it gives back what was paid\./);
  await page.getByRole("button", { name: "Cancel job", exact: true }).click();
  await expect(status(page).filter({ hasText: "What was paid was given back." })).toBeVisible();
  await expect(section(page, "Progress")).toContainText("Cancelled");
  await expect(section(page, "Details")).toContainText("Refunded");

  const second = await start(anna, set, ortho);
  const held = await engine.claim(ortho);
  await page.goto(`/o/${org.org_id}/monitor/${second}`);
  await page.getByRole("link", { name: "Cancel job", exact: true }).click();
  const cancel = dialogOf(page, "Cancel job");
  await expect(cancel).toContainText("what was paid for it is not given back");
  await cancel.getByRole("link", { name: "Keep it running", exact: true }).click();
  await expect(cancel).toBeHidden();
  await held.say("fail", { kind: "input_error", message: "No photo has a position." });
  await page.reload();
  const progress = section(page, "Progress");
  await expect(progress).toContainText("The images cannot be processed.");
  await expect(progress).toContainText("No photo has a position.");
  await expect(progress).toContainText("leave out those that do not belong there");

  await page.getByRole("link", { name: "Run again", exact: true }).click();
  const again = dialogOf(page, "Run again");
  await expect(again).toContainText("2 credits");
  await again.getByRole("button", { name: "Run again", exact: true }).click();
  await expect(page).not.toHaveURL(new RegExp(second));
  await expect(section(page, "Progress")).toContainText("Queued");
  await engine.claim(ortho);
  await page.reload();
  await page.getByRole("link", { name: "Cancel job", exact: true }).click();
  await dialogOf(page, "Cancel job").getByRole("button", { name: "Cancel job", exact: true }).click();
  await expect(section(page, "Progress")).toContainText("Cancelling");
  if (javaScriptEnabled) await expect(status(page).filter({ hasText: "is being cancelled" })).toBeVisible();
});

test("JOB-3 Monitor lists jobs with filters in the address, and prices for the people who pay alone", async ({ page, anna, someoneElse }) => {
  const { org, set } = await studio(anna);
  const ortho = await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  const count = await publish(anna, org, "Counter");
  const { person: rolf, page: his } = await someoneElse("Rolf");
  await page.goto(`/o/${org.org_id}/monitor`);
  await expect(page.getByRole("main")).toContainText("No jobs yet.");
  await start(anna, set, ortho);
  await start(anna, set, count);
  await page.reload();
  await expect(page.getByRole("navigation", { name: "Organization" }).getByRole("link", { name: "Monitor", exact: true })).toHaveAttribute("aria-current", "page");
  await expect(jobs(page).getByRole("row")).toHaveCount(3);
  await expect(jobs(page).getByRole("columnheader", { name: "Price", exact: true })).toBeVisible();
  await expect(jobs(page).getByRole("row").filter({ hasText: "Counter" })).toContainText("Free");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export CSV", exact: true }).click()]);
  expect(file.suggestedFilename()).toBe(`jobs-${org.org_id}.csv`);
  await page.getByLabel("App", { exact: true }).selectOption({ label: "Ortho" });
  await page.getByLabel("Started by", { exact: true }).selectOption({ label: "Me" });
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page).toHaveURL(/app=ortho.*person=me/);
  await expect(jobs(page).getByRole("row")).toHaveCount(2);
  await page.getByLabel("State", { exact: true }).selectOption({ label: "Done" });
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page.getByRole("main")).toContainText("Nothing matches these filters.");
  await page.getByRole("main").getByRole("link", { name: "Clear filters", exact: true }).first().click();
  await jobs(page).getByRole("link", { name: /^Ortho/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Ortho on “Portal flight”");

  // From outside: with access to the dataset, but nobody's prices.
  await grantTeams(org.org_id);
  await anna.put(`/resources/${set.id}/grants`, { email: rolf.email, level: "reader" });
  await his.goto(await invitationLink(rolf.request, rolf.email));
  await his.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(his).toHaveURL(new RegExp(`/o/${org.org_id}/drive$`));
  await his.goto(`/o/${org.org_id}/drive/${set.id}?tab=jobs`);
  await expect(jobs(his).getByRole("row")).toHaveCount(3);
  await expect(jobs(his).getByRole("columnheader", { name: "Price", exact: true })).toHaveCount(0);
  await expect(his.getByRole("link", { name: "Process", exact: true })).toHaveCount(0);
  await jobs(his).getByRole("link", { name: /^Ortho/ }).click();
  await expect(section(his, "Details")).toContainText("10 images");
  await expect(section(his, "Details")).not.toContainText("credits");
  await expect(his.getByRole("link", { name: "Run again", exact: true })).toHaveCount(0);
});

test("JOB-3 a log of twenty thousand lines is paged, searched as a whole, and filtered by level", async ({ page, anna }) => {
  const { org, set } = await studio(anna);
  const count = await publish(anna, org, "Counter");
  const engine = await Engine.of(anna, org);
  const id = await start(anna, set, count);
  const held = await engine.claim(count);
  const lines = Array.from({ length: 20_000 }, (_, index) => ({
    text: `line ${index + 1}${index === 41 ? " with a Needle" : ""}`,
    ...(index === 77 ? { level: "error" } : {}),
  }));
  for (let first = 0; first < lines.length; first += 2_000) await held.log(first + 1, lines.slice(first, first + 2_000));
  await page.goto(`/o/${org.org_id}/monitor/${id}`);
  const log = section(page, "Log");
  const shown = log.getByRole("region", { name: "Lines of the log", exact: true }).getByRole("listitem");
  await expect(shown).toHaveCount(500);
  await expect(shown.last()).toContainText("line 20000");
  await expect(log).toContainText("of 20,000");
  await log.getByRole("link", { name: "Earlier lines", exact: true }).click();
  await expect(shown.last()).toContainText("line 19500");
  await log.getByRole("link", { name: "Last lines", exact: true }).click();
  await expect(shown.last()).toContainText("line 20000");
  await log.getByLabel("Search in the log", { exact: true }).fill("needle");
  await log.getByRole("button", { name: "Search", exact: true }).click();
  await expect(shown).toHaveCount(1);
  await expect(shown).toContainText("line 42 with a Needle");
  await expect(page).toHaveURL(/find=needle/);
  await log.getByLabel("Search in the log", { exact: true }).fill("");
  await log.getByLabel("Level", { exact: true }).selectOption({ label: "Errors" });
  await log.getByRole("button", { name: "Search", exact: true }).click();
  await expect(shown).toHaveCount(1);
  await expect(shown).toContainText("line 78");
  await log.getByLabel("Search in the log", { exact: true }).fill("nowhere");
  await log.getByRole("button", { name: "Search", exact: true }).click();
  await expect(log).toContainText("No line matches.");
});

test("JOB-2 what is in the way of processing is said in words", async ({ page, anna }) => {
  const { org, at } = await studio(anna);
  const empty = await anna.create(org.root, "dataset", "Empty flight", 0);
  await page.goto(at);
  const ortho = await publish(anna, org, "Ortho", { price: "processing", makesProcessed: true });
  await page.goto(`/o/${org.org_id}/drive/${empty.id}?dialog=process&app=${ortho.slug}`);
  const dialog = dialogOf(page, "Process");
  await expect(dialog.getByRole("list", { name: "What is in the way" })).toContainText("There are no images in this dataset.");
  await expect(dialog.getByRole("button", { name: "Start", exact: true })).toBeDisabled();
});

test("JOB-1 who may not run an app is told why, and whom to ask", async ({ page, anna, someoneElse }) => {
  const { org, set } = await studio(anna);
  const { person: olga } = await someoneElse("Olga");
  const theirs = await olga.organization("Tunnel North");
  const secret = await publish(olga, theirs, "Secret");
  await page.goto(`/o/${org.org_id}/drive/${set.id}?dialog=process&app=${secret.slug}`);
  await expect(dialogOf(page, "Process")).toContainText(`Ask ${theirs.name} to authorize your organization.`);
});
