import { unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { alert } from "../support/pages";
import { invitationLink } from "../support/inbox";
import { join } from "../support/members";

test("PEOPLE-2 several are invited at once, each with a verdict, and the good ones go out", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const [eve, john] = [`eve.${unique()}@example.com`, `john.${unique()}@example.com`];
  await page.goto(`/o/${org.org_id}`);
  await page.getByRole("main").getByRole("link", { name: "Manage People", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "People" })).toBeVisible();
  await page.getByRole("link", { name: "Invite people", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await dialog.getByLabel("Email", { exact: true }).fill(`Eve Muster <${eve}>, nonsense\n${john}, editor\n${anna.email}`);
  await dialog.getByLabel("Role", { exact: true }).selectOption({ label: "Reader" });
  // What will come of it, before anything is sent.
  await dialog.getByRole("button", { name: "Preview", exact: true }).click();
  await expect(dialog.getByText("2 of 4 people will be invited")).toBeVisible();
  await expect(dialog.getByText("This is you.")).toBeVisible();
  await expect(dialog.getByText("Enter an email address like name@example.com.")).toBeVisible();
  await dialog.getByRole("button", { name: "Send invitations", exact: true }).click();
  await expect(dialog.getByText("2 of 4 people invited")).toBeVisible();
  await page.goto(`/o/${org.org_id}/people`);
  const table = page.getByRole("table", { name: "People" });
  await expect(table.getByRole("row").filter({ hasText: eve })).toContainText("Invited");
  await expect(table.getByRole("row").filter({ hasText: john })).toContainText("Editor");
  await expect(table.getByRole("row").filter({ hasText: anna.email })).toContainText("Active");
  expect(await invitationLink(page.request, eve)).toContain("/invitations/");
});

test("PEOPLE-3 an invitation is resent and revoked", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const eve = `eve.${unique()}@example.com`;
  await anna.post(`/orgs/${org.org_id}/invitations`, { invitations: [{ email: eve, role: "reader" }] });
  const link = await invitationLink(page.request, eve);
  await page.goto(`/o/${org.org_id}/people/invitations`);
  const row = page.getByRole("table", { name: "Invitations" }).getByRole("row").filter({ hasText: eve });
  await expect(row).toContainText("Waiting");
  // Once a minute.
  await row.getByRole("button", { name: `Resend ${eve}` }).click();
  await expect(page.getByText(/Too many attempts/).first()).toBeVisible();
  await row.getByRole("button", { name: `Revoke ${eve}` }).click();
  await expect(page.getByText("No invitation waits for an answer.")).toBeVisible();
  await page.goto(link);
  await expect(page.getByRole("main")).toContainText("withdrawn");
});

test("PEOPLE-1 people are searched and filtered, and the address says how", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  const john = await someoneElse("John");
  await join(org, anna, john.person, "editor");
  await page.goto(`/o/${org.org_id}/people`);
  const table = page.getByRole("table", { name: "People" });
  await expect(table.getByRole("row")).toHaveCount(3);
  await page.getByLabel("Search").fill("john");
  await page.getByLabel("Search").press("Enter");
  await expect(page).toHaveURL(/q=john/);
  await expect(table.getByRole("row")).toHaveCount(2);
  await page.goto(`/o/${org.org_id}/people?role=reader`);
  await expect(page.getByText("Nobody matches what you are looking for.")).toBeVisible();
  await page.getByRole("link", { name: "Show everybody" }).click();
  await expect(table.getByRole("row")).toHaveCount(3);
});

test("PEOPLE-6 ROLE-3 a role is changed in the row, and the other person sees it at once", async ({ page, anna, someoneElse, javaScriptEnabled }) => {
  const org = await anna.organization("Alpine Survey");
  const john = await someoneElse("John");
  await join(org, anna, john.person, "reader");
  await john.page.goto(`/o/${org.org_id}/drive`);
  await expect(john.page.getByRole("button", { name: "New", exact: true })).toHaveCount(0);
  await page.goto(`/o/${org.org_id}/people`);
  const name = `${john.person.firstName} ${john.person.lastName}`;
  const role = page.getByLabel(`Role of ${name}`, { exact: true });
  const change = async (label: string) => {
    await role.selectOption({ label });
    if (!(javaScriptEnabled ?? true)) await page.getByRole("button", { name: `Save the role of ${name}` }).click();
  };
  await change("Editor");
  await expect(page.getByText(`${name} is Editor now`)).toBeVisible();
  await john.page.reload();
  await expect(john.page.getByRole("button", { name: "New", exact: true })).toBeVisible();
  // Making somebody an Owner is asked about first, and says what they will be able to do.
  await change("Owner…");
  const dialog = page.getByRole("dialog", { name: "Change role" });
  await expect(dialog).toContainText("delete the organization");
  await dialog.getByRole("button", { name: "Change role", exact: true }).click();
  await expect(page.getByText(`${name} is Owner now`)).toBeVisible();
});

test("ORG-3 the last Owner has no other role to choose", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await page.goto(`/o/${org.org_id}/people`);
  const row = page.getByRole("table", { name: "People" }).getByRole("row").filter({ hasText: anna.email });
  await expect(row).toContainText("The last Owner");
  await expect(row.getByRole("combobox")).toHaveCount(0);
  await row.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Remove user", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Remove user" });
  await dialog.getByRole("button", { name: "Remove user", exact: true }).click();
  await expect(alert(page).first()).toContainText("at least one Owner");
});

test("PEOPLE-5 several are removed at once, by name, and their open page ends at the next click", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  const [john, rita] = [await someoneElse("John"), await someoneElse("Rita")];
  for (const who of [john, rita]) await join(org, anna, who.person, "reader");
  await john.page.goto(`/o/${org.org_id}`);
  await expect(john.page.getByRole("heading", { level: 1, name: org.name })).toBeVisible();
  await page.goto(`/o/${org.org_id}/people`);
  const table = page.getByRole("table", { name: "People" });
  for (const who of [john, rita]) await table.getByRole("checkbox", { name: `Select ${who.person.firstName} ${who.person.lastName}` }).check();
  await page.getByRole("button", { name: "Remove user", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Remove user" });
  await expect(dialog.getByRole("list", { name: "Who is removed" })).toContainText("John");
  await expect(dialog.getByRole("list", { name: "Who is removed" })).toContainText("Rita");
  await dialog.getByRole("button", { name: "Remove user", exact: true }).click();
  await expect(page.getByText("Removed 2 people")).toBeVisible();
  await expect(table.getByRole("row")).toHaveCount(2);
  await john.page.getByRole("link", { name: "Drive", exact: true }).first().click();
  await expect(john.page.getByRole("heading", { level: 1 })).toContainText("Not found");
});
