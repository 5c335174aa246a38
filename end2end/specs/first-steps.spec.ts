// A newcomer on an empty server that gives new organizations a trial: from signing up to a transfer, without the command line
// (ORG-9, LIC-7).
import type { Page } from "@playwright/test";
import { type Organization, Person, unique } from "../support/api";
import { expect, test as base } from "../support/fixture";
import { linkTo } from "../support/inbox";
import { Confirmation, Drive, section, status, welcome } from "../support/pages";
import { launch, type Running } from "../support/server";

const test = base.extend<object, { trials: Running }>({
  trials: [
    // Playwright reads from the braces that it needs no other fixture.
    async ({}, use, worker) => {
      const running = await launch(`trials-${worker.workerIndex}`, "--trial-days", "28", "--trial-product", "cloud-pro");
      await use(running);
      await running.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],
  baseURL: async ({ trials }, use) => use(trials.url),
});

/** Creates an organization by the form, from the welcome page. */
async function create(page: Page, name: string): Promise<Organization> {
  await page.goto("/");
  await page.getByRole("main").getByRole("link", { name: "New organization", exact: true }).first().click();
  await page.getByLabel("I am an individual").check();
  await page.getByLabel("Organization name", { exact: true }).fill(name);
  await page.getByLabel("Country").selectOption({ label: "Sweden" });
  await page.getByRole("button", { name: "Create organization", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  const org_id = new URL(page.url()).pathname.split("/")[2] ?? "";
  return { id: "", org_id, name, root: "" };
}

test("ORG-9 LIC-7 from signing up to a transfer on an empty server", async ({ page, request }) => {
  const nina = new Person(page.request, "Nina");
  await page.goto("/signup");
  await page.getByLabel("First name").fill(nina.firstName);
  await page.getByLabel("Last name").fill(nina.lastName);
  await page.getByLabel("Email").fill(nina.email);
  await page.getByLabel("Password").fill(nina.password);
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await expect(welcome(page, nina.firstName)).toBeVisible();
  const steps = section(page, "First steps");
  await expect(steps).toContainText("0 of 5 done");
  await expect(steps.getByRole("listitem")).toHaveCount(5);

  // The reminder goes with what it reminds of.
  const reminder = section(page, "Verify your email");
  await expect(reminder).toContainText(`We sent a link to ${nina.email}. Open it, so that others can find you.`);
  await page.goto(await linkTo(request, nina.email, "/verify"));
  await page.getByRole("button", { name: "Verify email", exact: true }).click();
  // Whoever is signed in goes on where they begin.
  await expect(welcome(page, nina.firstName)).toBeVisible();
  await expect(reminder).toHaveCount(0);
  await expect(steps).toContainText("1 of 5 done");

  const chair = await create(page, `Chair ${unique()}`);
  const northwind = await create(page, `Northwind Surveys ${unique()}`);
  // On its Home, and on the welcome page, those of the newest.
  await expect(steps).toContainText("3 of 5 done");
  await page.goto("/");
  await expect(steps).toContainText(northwind.name);
  await expect(steps.getByRole("listitem").filter({ hasText: "Turn on processing" })).toContainText(/Your trial of Cloud Pro runs until \d+ \w+ \d{4}/);
  await expect(steps.getByRole("listitem").filter({ hasText: "Create an organization" })).toContainText("done");

  // Each leads to where it is done.
  await steps.getByRole("link", { name: "See licences", exact: true }).click();
  await expect(page.getByRole("main")).toContainText("0 of 10,000 used");
  await page.goto("/");
  await steps.getByRole("link", { name: "Invite people", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Invite people", exact: true });
  await dialog.getByLabel("Email", { exact: true }).fill(`ben.${unique()}@example.com`);
  await dialog.getByLabel("Role", { exact: true }).selectOption("editor");
  await dialog.getByRole("button", { name: "Send invitations", exact: true }).click();
  await expect(dialog.getByRole("button", { name: "Send invitations", exact: true })).toHaveCount(0);
  await page.goto("/");
  await expect(steps).toContainText("4 of 5 done");
  await steps.getByRole("link", { name: "Upload", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/o/${northwind.org_id}/drive$`));

  const drive = new Drive(page);
  await drive.create("folder", "Tunnels");
  const moveTo = await drive.moveTo("Tunnels");
  await moveTo.switchTo(chair);
  await moveTo.moveHere.click();
  const confirmation = new Confirmation(page);
  await expect(confirmation.blockers).toHaveCount(0);
  await confirmation.button.click();
  await expect(page).toHaveURL(new RegExp(`/o/${chair.org_id}/transfers/`));
  await drive.open(chair);
  await expect(drive.row("Tunnels")).toBeVisible();
});

test("ORG-9 hidden first steps stay hidden, and come back from My account", async ({ page, anna, javaScriptEnabled }) => {
  const table = await anna.organization("Table");
  const steps = section(page, "First steps");
  await page.goto(`/o/${table.org_id}`);
  await expect(steps).toBeVisible();
  await steps.getByRole("button", { name: "Hide", exact: true }).click();
  await expect(steps).toHaveCount(0);
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}$`));
  await expect(status(page).first()).toContainText("Hid the first steps.");
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Your organizations" })).toBeVisible();
  await expect(steps).toHaveCount(0);

  await page.goto("/account");
  const setting = page.getByLabel("Show first steps");
  await expect(setting).not.toBeChecked();
  await setting.check();
  if (!javaScriptEnabled) await section(page, "First steps").getByRole("button", { name: "Save", exact: true }).click();
  await expect(status(page).first()).toContainText("Saved");
  await page.goto("/");
  await expect(welcome(page, anna.firstName)).toBeVisible();
  await expect(steps).toContainText("3 of 5 done");
});
