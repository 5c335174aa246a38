// What only a browser with WebAssembly does in Manage People: reading a file, telling of each row while one types, ranges.
import { unique } from "../support/api";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";

test("PEOPLE-2 a CSV file is read into the list, and each row is told of at once", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await page.goto(`/o/${org.org_id}/people?dialog=invite`);
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  const file = dialog.locator("input[type=file]");
  const eve = `eve.${unique()}@example.com`;
  const csv = (text: string | Buffer) => ({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await file.setInputFiles(csv(`Name;E-Mail;Role\nEve Muster;${eve};editor\nNobody;nonsense;\n`));
  await expect(dialog.getByLabel("Email", { exact: true })).toHaveValue(/Eve Muster/);
  await expect(dialog.getByText("1 of 2 people will be invited")).toBeVisible();
  // The wrong columns, and another encoding, are told before anything is sent.
  await file.setInputFiles(csv("name,role\nEve,editor\n"));
  await expect(dialog.getByText("No column is called “email”.", { exact: false })).toBeVisible();
  await file.setInputFiles(csv(Buffer.from([0x65, 0x6d, 0x61, 0x69, 0x6c, 0x0a, 0xfc, 0x40, 0x62, 0x2e, 0x63, 0x68])));
  await expect(dialog.getByText("This file is not in UTF-8.", { exact: false })).toBeVisible();
  await file.setInputFiles(csv(`email,name\n${eve},Eve Muster\n`));
  await dialog.getByRole("button", { name: "Send invitations", exact: true }).click();
  await expect(page.getByText("Sent one invitation")).toBeVisible();
  await expect(page.getByRole("table", { name: "Invitations" })).toContainText(eve);
});

test("PEOPLE-5 the box in the heading has three states, and Shift selects a range", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  for (const name of ["Bert", "Chris", "Dora"]) await join(org, anna, (await someoneElse(name)).person, "reader");
  await page.goto(`/o/${org.org_id}/people`);
  const box = (name: string) => page.getByRole("checkbox", { name: `Select ${name} Berg`, exact: true });
  const all = page.getByRole("checkbox", { name: "Select all" });
  await box("Bert").click();
  await expect(all).toBeChecked({ indeterminate: true });
  await box("Dora").click({ modifiers: ["Shift"] });
  await expect(box("Chris")).toBeChecked();
  await expect(page.getByText("3 people selected")).toBeVisible();
  await all.click();
  await expect(box("Anna")).toBeChecked();
  await expect(page.getByText("4 people selected")).toBeVisible();
  await page.getByRole("button", { name: "Clear selection" }).click();
  await expect(all).not.toBeChecked();
});

test("PEOPLE-6 the role menu shows the role after each change, by mouse and by keyboard", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Alpine Survey");
  const john = await someoneElse("John");
  await join(org, anna, john.person, "reader");
  await page.goto(`/o/${org.org_id}/people`);
  const name = `${john.person.firstName} ${john.person.lastName}`;
  const role = page.getByLabel(`Role of ${name}`, { exact: true });
  for (const [label, value, article] of [["Editor", "editor", "an"], ["Manager", "manager", "a"], ["Reader", "reader", "a"]] as const) {
    await role.selectOption({ label });
    await expect(page.getByText(`${name} is now ${article} ${label}`)).toBeVisible();
    await expect(role).toHaveValue(value);
  }
  await role.focus();
  await page.keyboard.press("ArrowUp");
  await expect(page.getByText(`${name} is now an Editor`)).toBeVisible();
  await expect(role).toHaveValue("editor");
  await page.reload();
  await expect(role).toHaveValue("editor");
  // What is asked about first is not so yet, and stays so if one thinks better of it.
  await role.selectOption({ label: "Owner…" });
  await page.getByRole("dialog", { name: "Change role" }).getByRole("link", { name: "Cancel" }).click();
  await expect(role).toHaveValue("editor");
});
