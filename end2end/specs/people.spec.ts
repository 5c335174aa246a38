import { unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { alert } from "../support/pages";
import { invitationLink } from "../support/inbox";
import { join } from "../support/members";
import { grantTeams } from "../support/operator";

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
  // The result takes the place of the form, so that nobody sends twice, and what is behind it counts them.
  await expect(dialog.getByText("2 of 4 people invited")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Send invitations", exact: true })).toHaveCount(0);
  await expect(dialog.getByLabel("Email", { exact: true })).toHaveCount(0);
  await expect(page.getByRole("navigation", { name: "People and invitations", includeHidden: true })).toContainText("Invitations 2");
  await dialog.getByRole("link", { name: "Invite more", exact: true }).click();
  await expect(dialog.getByLabel("Email", { exact: true })).toHaveValue("");
  await dialog.getByRole("link", { name: "Cancel", exact: true }).click();
  await expect(page.getByText("1 person, 2 invited")).toBeVisible();
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
  await expect(page.getByText("No invitations are waiting for an answer.")).toBeVisible();
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
  await expect(page.getByText("No one matches your search.")).toBeVisible();
  await page.getByRole("link", { name: "Show everyone" }).click();
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
  await expect(page.getByText(`${name} is now an Editor`)).toBeVisible();
  await john.page.reload();
  await expect(john.page.getByRole("button", { name: "New", exact: true })).toBeVisible();
  // Making somebody an Owner is asked about first, and says what they will be able to do.
  await change("Owner…");
  const dialog = page.getByRole("dialog", { name: "Change role" });
  await expect(dialog).toContainText("delete the organization");
  await dialog.getByRole("button", { name: "Change role", exact: true }).click();
  await expect(page.getByText(`${name} is now an Owner`)).toBeVisible();
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

test("PEOPLE-2 who is invited begins as a Reader, and what a Member sees is said", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await page.goto(`/o/${org.org_id}/people?dialog=invite`);
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await expect(dialog.getByLabel("Role", { exact: true })).toHaveValue("reader");
  // Without Cloud Teams nobody can be a Member, and that is said where the role is chosen (LIC-4).
  await expect(dialog.getByText("Members and access to single items need a Cloud Teams licence", { exact: false })).toBeVisible();
  await expect(dialog.getByText("A Member sees nothing until something is shared with them.")).toHaveCount(0);
  await grantTeams(org.org_id);
  await page.reload();
  await expect(dialog.getByLabel("Role", { exact: true })).toHaveValue("reader");
  await expect(dialog.getByText("A Member sees nothing until something is shared with them.")).toBeVisible();
  // With one account nothing is said of accounts (ACCT-4).
  await expect(dialog.getByText("Where the role counts")).toHaveCount(0);
});

test("PEOPLE-2 ACCT-2 people are invited to chosen accounts", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  await anna.post(`/orgs/${org.org_id}/accounts`, { name: "North" });
  const john = await someoneElse("John");
  await page.goto(`/o/${org.org_id}/people?dialog=invite`);
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  await dialog.getByLabel("Email", { exact: true }).fill(john.person.email);
  await dialog.getByLabel("Only in these accounts:").check();
  await dialog.getByLabel("North", { exact: true }).check();
  await dialog.getByRole("button", { name: "Send invitations", exact: true }).click();
  await expect(page.getByText("Sent one invitation")).toBeVisible();
  await expect(page.getByRole("table", { name: "Invitations" })).toContainText("In North");
  await john.page.goto(await invitationLink(page.request, john.person.email));
  await john.page.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(john.page.getByRole("heading", { level: 1, name: org.name })).toBeVisible();
  await page.goto(`/o/${org.org_id}/people`);
  await expect(page.getByRole("row").filter({ hasText: john.person.email })).toContainText("In North");
});

test("PEOPLE-11 ORG-7 each role sees of the team what it may, and one person has one colour", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  // Without Cloud Teams nobody can be a Member (LIC-4).
  await grantTeams(org.org_id);
  const [rita, mem] = [await someoneElse("Rita"), await someoneElse("Mem")];
  await join(org, anna, rita.person, "reader");
  await join(org, anna, mem.person, "member");
  await page.goto(`/o/${org.org_id}`);
  const team = (at: typeof page, name: string) => at.getByRole("region", { name, exact: true });
  await expect(team(page, "Build your team").getByRole("link", { name: "Manage People", exact: true })).toBeVisible();
  const colour = (at: typeof page, within: string) => at.locator(`${within} .face`).first().getAttribute("class");
  expect(await colour(page, ".faces")).toBe(await colour(page, ".current-person"));
  await rita.page.goto(`/o/${org.org_id}`);
  await expect(team(rita.page, "People").getByRole("link", { name: "See people", exact: true })).toBeVisible();
  await expect(rita.page.getByRole("link", { name: "Manage People" })).toHaveCount(0);
  await mem.page.goto(`/o/${org.org_id}`);
  await expect(mem.page.getByRole("heading", { level: 1, name: org.name })).toBeVisible();
  await expect(mem.page.getByRole("heading", { name: /Build your team|^People$/ })).toHaveCount(0);
  // A Member is not told how many people there are.
  await mem.page.goto(`/o/${org.org_id}/people`);
  await expect(mem.page.getByRole("main")).toContainText("1 person");
  await expect(mem.page.getByRole("main")).not.toContainText("3 people");
});

test("PEOPLE-3 ROLE-3 what its sender can no longer give is not accepted, and both sides are told", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  const [mary, eve] = [await someoneElse("Mary"), await someoneElse("Eve")];
  await join(org, anna, mary.person, "manager");
  await mary.person.post(`/orgs/${org.org_id}/invitations`, { invitations: [{ email: eve.person.email, role: "editor" }] });
  const link = await invitationLink(page.request, eve.person.email);
  const { items } = await anna.get<{ items: { person: string; email: string }[] }>(`/orgs/${org.org_id}/people`);
  const id = items.find((one) => one.email === mary.person.email)?.person ?? "";
  await anna.post(`/orgs/${org.org_id}/people/remove`, { people: [id] });
  await eve.page.goto(link);
  const main = eve.page.getByRole("main");
  await expect(main).toContainText("This invitation is no longer valid, because Mary");
  await expect(main).toContainText(`Ask an Owner of ${org.name} to send it again.`);
  await expect(main.getByRole("button", { name: "Accept" })).toHaveCount(0);
  await main.getByRole("button", { name: "Tell the Owners", exact: true }).click();
  await expect(eve.page.getByText(`We told the Owners of ${org.name}`)).toBeVisible();
  await page.goto(`/o/${org.org_id}/people/invitations`);
  const row = page.getByRole("table", { name: "Invitations" }).getByRole("row").filter({ hasText: eve.person.email });
  await expect(row).toContainText("can no longer send this invitation");
  await expect(row).toContainText("Resend it in your own name");
});

test("PEOPLE-2 inviting is in the switcher of who may invite", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  const rita = await someoneElse("Rita");
  await join(org, anna, rita.person, "reader");
  await page.goto(`/o/${org.org_id}/drive`);
  await page.getByRole("button", { name: "Organization switcher" }).first().click();
  await page.getByRole("link", { name: "Invite people", exact: true }).filter({ visible: true }).click();
  await expect(page.getByRole("dialog", { name: "Invite people" })).toBeVisible();
  await rita.page.goto(`/o/${org.org_id}/drive`);
  await rita.page.getByRole("button", { name: "Organization switcher" }).first().click();
  await expect(rita.page.getByRole("link", { name: "New organization", exact: true }).filter({ visible: true })).toBeVisible();
  await expect(rita.page.getByRole("link", { name: "Invite people", exact: true })).toHaveCount(0);
});

test("PEOPLE-9 who was given something from outside finds it again on the welcome page and in the switcher", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  await grantTeams(org.org_id);
  const eve = await someoneElse("Eve");
  const folder = await anna.create(org.root, "folder", "Gotthard");
  await anna.put(`/resources/${folder.id}/grants`, { email: eve.person.email, level: "reader" });
  await eve.page.goto(await invitationLink(page.request, eve.person.email));
  await eve.page.getByRole("button", { name: "Accept", exact: true }).click();
  await expect(eve.page).toHaveURL(new RegExp(`/o/${org.org_id}/drive`));
  await eve.page.goto("/");
  const shared = eve.page.getByRole("region", { name: "Shared with you" });
  await expect(shared).toContainText(org.name);
  await eve.page.getByRole("button", { name: "Organization switcher" }).first().click();
  const list = eve.page.getByRole("list", { name: "Shared with you" }).filter({ visible: true }).first();
  await list.getByRole("link", { name: /Gotthard/ }).click();
  await expect(eve.page.getByRole("navigation", { name: "Breadcrumb" })).toContainText("Gotthard");
});
