// Seats of desktop licences (LIC-5), and licences lent to another organization (ACCT-3).
import type { Organization, Person } from "../support/api";
import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantDesktop, grantImages } from "../support/operator";
import { problemOf, section, status } from "../support/pages";

const take = (person: Person, licence: string, device: string) => person.post(`/desktop/licences/${licence}/take`, { device });
const inADay = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

test("LIC-5 an Owner gives a seat, sees who uses one, takes back and releases", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const licence = await grantDesktop(org.org_id, 2);
  const rolf = (await someoneElse("Rolf")).person;
  const edda = (await someoneElse("Edda")).person;
  await join(org, anna, rolf, "reader");
  await join(org, anna, edda, "editor");
  await page.goto(`/o/${org.org_id}`);
  await section(page, "Licences").getByRole("link", { name: "Seats", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Seats" })).toBeVisible();
  const desktop = section(page, "Desktop");
  await expect(desktop).toContainText("0 of 2 seats used");
  await expect(desktop).toContainText("No one has a seat.");

  await desktop.getByRole("link", { name: "Give a seat", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Give a seat" });
  await dialog.getByLabel("Email").fill(edda.email);
  await dialog.getByRole("button", { name: "Give a seat", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Email"))).toContainText("use any free seat");
  await dialog.getByLabel("Email").fill(rolf.email);
  await dialog.getByRole("button", { name: "Give a seat", exact: true }).click();
  await expect(status(page)).toContainText("Gave Rolf Berg a seat");
  const row = (name: string) => desktop.getByRole("row").filter({ hasText: name });
  await expect(row("Rolf Berg")).toContainText("Given");

  await take(edda, licence, "Edda's desk");
  await page.reload();
  await expect(desktop).toContainText("2 of 2 seats used");
  await expect(row("Edda Berg")).toContainText("Edda's desk");
  await expect(desktop.getByRole("button", { name: "Give a seat" })).toBeDisabled();
  await expect(desktop).toContainText("All 2 seats of this licence are in use.");

  await desktop.getByRole("link", { name: "Release the seat of Edda Berg" }).click();
  const release = page.getByRole("dialog", { name: "Release" });
  await expect(release).toContainText("Edda's desk");
  await release.getByRole("button", { name: "Release", exact: true }).click();
  await expect(status(page)).toContainText("The seat of Edda Berg is free");
  await expect(row("Edda Berg")).toHaveCount(0);
  await desktop.getByRole("link", { name: "Take back the seat of Rolf Berg" }).click();
  await page.getByRole("dialog", { name: "Take back" }).getByRole("button", { name: "Take back", exact: true }).click();
  await expect(desktop).toContainText("0 of 2 seats used");
});

test("LIC-5 who does not manage licences has no such page", async ({ page, anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const edda = await someoneElse("Edda");
  await join(org, anna, edda.person, "editor");
  for (const part of ["seats", "loans"]) {
    expect((await edda.page.goto(`/o/${org.org_id}/${part}`))?.status()).toBe(403);
    await expect(edda.page.getByRole("main")).toContainText("at least the Manager role");
  }
  await page.goto(`/o/${org.org_id}/seats`);
  await expect(page.getByRole("main")).toContainText("no desktop licence");
});

test("ACCT-3 a licence is lent by Sharing ID, seen on both sides, and called back", async ({ page, anna, someoneElse }) => {
  const org: Organization = await anna.organization("Nordic Survey");
  await grantImages(org.org_id);
  const john = await someoneElse("John");
  const other = await john.person.organization("Tunnel North");
  await page.goto(`/o/${org.org_id}/loans`);
  await expect(section(page, "Lent")).toContainText("No licences lent.");
  await page.getByRole("link", { name: "Lend", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Lend" });
  await dialog.getByLabel("Licence").selectOption({ index: 0 });
  await dialog.getByLabel("Sharing ID").fill("nobody/primary");
  await dialog.getByLabel("Last day").fill(inADay(-1));
  await dialog.getByRole("button", { name: "Lend", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Sharing ID"))).toContainText("no account");
  await expect(await problemOf(dialog.getByLabel("Last day"))).toContainText("in the future");
  await dialog.getByLabel("Sharing ID").fill(`${other.org_id.toUpperCase()}/Primary`);
  await dialog.getByLabel("Last day").fill(inADay(30));
  await dialog.getByRole("button", { name: "Lend", exact: true }).click();
  await expect(status(page)).toContainText(`Lent Cloud Pro to ${other.name}`);
  await expect(section(page, "Lent").getByRole("row").filter({ hasText: other.name })).toContainText("Until");
  await expect(page.getByRole("button", { name: "Lend", exact: true })).toBeDisabled();
  await page.goto(`/o/${org.org_id}`);
  await expect(section(page, "Licences")).toContainText(`Lent to ${other.name}`);

  await john.page.goto(`/o/${other.org_id}`);
  await expect(section(john.page, "Licences")).toContainText(`Borrowed from ${org.name}`);
  await john.page.goto(`/o/${other.org_id}/loans`);
  await expect(section(john.page, "Borrowed").getByRole("link", { name: `Return Cloud Pro of ${org.name}` })).toBeVisible();

  await page.goto(`/o/${org.org_id}/loans`);
  await page.getByRole("link", { name: `Call back Cloud Pro of ${other.name}` }).click();
  await page.getByRole("dialog", { name: "Call back" }).getByRole("button", { name: "Call back", exact: true }).click();
  await expect(status(page)).toContainText("Called back the licence");
  await expect(section(page, "Lent")).toContainText("Called back Today");
  await john.page.reload();
  await expect(section(john.page, "Borrowed")).toContainText("Called back");
  await expect(section(john.page, "Borrowed").getByRole("link", { name: "Return" })).toHaveCount(0);
});
