// Two people in one browser: what was open stays somebody's, whoever signs in in another tab.
import { Person } from "../support/api";
import { expect, hydrated, test } from "../support/fixture";
import { Drive, alert, signIn, status, welcome } from "../support/pages";

test("a page of Anna's changes nothing once John has signed in in another tab", async ({ page, anna, someoneElse, context, javaScriptEnabled }) => {
  const table = await anna.organization("Table");
  const { person: john } = await someoneElse("John");
  const drive = new Drive(page);
  await drive.open(table);
  const dialog = await drive.dialogNew("folder");
  await dialog.getByLabel("Name", { exact: true }).fill("By whom?");

  const tab = await context.newPage();
  await tab.goto("/signin");
  if (javaScriptEnabled) await hydrated(tab);
  await signIn(tab, john.email, john.password);
  await expect(welcome(tab, john.firstName)).toBeVisible();

  await dialog.getByRole("button", { name: "Create", exact: true }).click();
  const told = page.getByText("You are now signed in as John Berg", { exact: false }).first();
  await expect(told).toBeVisible();
  if (javaScriptEnabled) {
    await expect(alert(page).first()).toContainText("Nothing was done.");
    await page.getByRole("link", { name: "Reload the page", exact: true }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Not found" })).toBeVisible();
  } else {
    // Sending it has reloaded the page, as John's.
    await expect(status(page).first()).toContainText("Nothing was done.");
  }

  // Anna comes back, and nothing was made.
  await tab.close();
  await context.clearCookies();
  await page.goto("/signin");
  await signIn(page, anna.email, anna.password);
  await expect(welcome(page, anna.firstName)).toBeVisible();
  expect(await anna.names(table.root)).toEqual([]);
});

test("who signs up and has not verified the address is told so before inviting, and can have the link sent", async ({ page }) => {
  const nora = await new Person(page.request, "Nora").signUp({ verified: false });
  const table = await nora.organization("Table");
  await page.goto(`/o/${table.org_id}/people?dialog=invite`);
  const dialog = page.getByRole("dialog", { name: "Invite people", exact: true });
  await dialog.getByLabel("Email", { exact: true }).fill("ben@example.com");
  await dialog.getByLabel("Role", { exact: true }).selectOption("reader");
  await dialog.getByRole("button", { name: "Send invitations", exact: true }).click();
  await expect(alert(page).first()).toContainText("Verify your email address first.");
  await expect(dialog.getByRole("link", { name: "Send the link again under My account", exact: true })).toHaveAttribute("href", "/account");
  await expect(dialog.getByLabel("Email", { exact: true })).toHaveValue("ben@example.com");
});
