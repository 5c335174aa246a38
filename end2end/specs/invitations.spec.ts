import { Person, unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { invitationLink } from "../support/inbox";
import { Switcher } from "../support/pages";

async function invite(anna: Person, email: string, role = "editor"): Promise<{ name: string; org_id: string; link: string }> {
  const org = await anna.organization("Alpine Survey");
  await anna.post(`/orgs/${org.org_id}/invitations`, { invitations: [{ email, role }] });
  return { ...org, link: await invitationLink(anna.request, email) };
}

test("PEOPLE-4a a newcomer creates their account on the way and lands in the organization", async ({ page, browser, anna, javaScriptEnabled, baseURL }) => {
  const email = `eve.${unique()}@example.com`;
  const org = await invite(anna, email);
  expect(page).toBeTruthy();
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), javaScriptEnabled: javaScriptEnabled ?? true });
  const newcomer = await context.newPage();
  await newcomer.goto(org.link);
  if (javaScriptEnabled ?? true) await newcomer.locator("html[data-hydrated]").waitFor({ state: "attached" });
  const main = newcomer.getByRole("main");
  await expect(main).toContainText(org.name);
  await expect(main).toContainText(email);
  await main.getByLabel("First name").fill("Eve");
  await main.getByLabel("Last name").fill("Muster");
  await main.getByLabel("Password").fill(`quarry-lantern-${unique()}`);
  await main.getByRole("button", { name: "Sign up", exact: true }).click();
  await expect(newcomer).toHaveURL(new RegExp(`/o/${org.org_id}$`));
  await expect(newcomer.getByRole("heading", { level: 1, name: org.name })).toBeVisible();
  await expect(new Switcher(newcomer).button).toContainText("Editor");
  await context.close();
});

test("PEOPLE-4b an individual joins, and their space becomes an organization with what is in it", async ({ anna, someoneElse }) => {
  const { person: john, page } = await someoneElse("John");
  const { space } = await john.get<{ space: { root: string } }>("/me");
  await john.create(space.root, "folder", "My projects");
  const org = await invite(anna, john.email, "reader");
  await page.goto(org.link);
  await page.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(page.getByText(`Your own work is in John ${john.lastName}'s Space`)).toBeVisible();
  await page.goto("/");
  const main = page.getByRole("main");
  await expect(main.getByRole("heading", { name: org.name })).toBeVisible();
  await main.getByRole("link", { name: `John ${john.lastName}'s Space` }).click();
  await page.getByRole("link", { name: "Drive", exact: true }).first().click();
  await expect(page.getByRole("grid", { name: "Drive" })).toContainText("My projects");
});

test("PEOPLE-4c an invitation that waits is shown after signing in, and one more organization is gained", async ({ anna, someoneElse }) => {
  const { person: chris, page } = await someoneElse("Chris");
  const own = await chris.organization("Org3");
  // A first invitation from the mail proves the address; the second is accepted without the mail.
  const first = await invite(anna, chris.email);
  await chris.post("/invitations/accept", { token: first.link.split("/").pop() });
  const second = await invite(anna, chris.email, "manager");
  await page.goto("/");
  const invitations = page.getByRole("region", { name: "Invitations" });
  await expect(invitations).toContainText(second.name);
  await invitations.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/o/${second.org_id}$`));
  const switcher = new Switcher(page);
  await expect(switcher.button).toContainText("Manager");
  await (await switcher.entry(own.name)).click();
  await expect(switcher.button).toContainText("Owner");
});

test("PEOPLE-4 an invitation is declined", async ({ anna, someoneElse }) => {
  const { person: john, page } = await someoneElse("John");
  const org = await invite(anna, john.email);
  await page.goto(org.link);
  await page.getByRole("button", { name: "Decline", exact: true }).click();
  await expect(page.getByText("Declined")).toBeVisible();
  await page.goto(org.link);
  await expect(page.getByRole("main")).toContainText("was declined");
});

test("PEOPLE-10 under another address both are shown, and opening changes nothing", async ({ anna, someoneElse }) => {
  const { person: mallory, page } = await someoneElse("Mallory");
  const email = `eve.${unique()}@example.com`;
  const org = await invite(anna, email);
  await page.goto(org.link);
  const main = page.getByRole("main");
  await expect(main).toContainText(mallory.email);
  await expect(main).toContainText(email);
  await expect(main.getByRole("button", { name: "Accept" })).toHaveCount(0);
  await main.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.goto(org.link);
  await expect(main.getByRole("button", { name: "Sign up", exact: true })).toBeVisible();
  const { items } = await anna.get<{ items: { email: string; status: string }[] }>(`/orgs/${org.org_id}/invitations`);
  expect(items).toMatchObject([{ email, status: "pending" }]);
});

test("PEOPLE-10 a link that is none says so", async ({ page, anna }) => {
  expect(anna.email).toBeTruthy();
  const response = await page.goto("/invitations/nonsense");
  expect(response?.status()).toBe(404);
});
