import { expect, test } from "../support/fixture";
import { join } from "../support/members";
import { grantCredits, grantImages, operator, setProcessed } from "../support/operator";
import { Access, Drive, problemOf, section, status } from "../support/pages";

test("LIC-1 the page Licences shows what there is and what is left", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const images = await grantImages(org.org_id, { images: 1_000, projects: 10 });
  await grantCredits(org.org_id, 70);
  await operator("licence", "grant", "--org", org.org_id, "--product", "desktop", "--seats", "5");
  const flight = await anna.create(org.root, "dataset", "Flight", 400);
  await setProcessed(flight.id);
  await page.goto(`/o/${org.org_id}`);
  await section(page, "Licences").getByRole("link", { name: "Licences and usage" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Licences" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Organization" }).locator("[aria-current=page]")).toHaveText("Licences");
  const cards = page.getByRole("list", { name: "Licences", exact: true }).locator("> li");
  await expect(cards).toHaveCount(4);
  await expect(cards.filter({ hasText: "Discovery" })).toContainText("Store and view your work");
  await expect(cards.filter({ hasText: "of 5 used" })).toContainText("Active");
  await expect(cards.filter({ hasText: "70 credits left" })).toContainText("Running low");
  const allowance = cards.filter({ hasText: "1,000 used" });
  await expect(allowance).toContainText("until 31 Dec 2099");
  await expect(allowance.getByRole("progressbar", { name: "Images used" })).toHaveAttribute("max", "1000");

  await operator("licence", "extend", images, "--until", new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10));
  await page.reload();
  await expect(allowance).toContainText("Ends soon 5 days left");
  await operator("licence", "expire", images);
  await page.reload();
  await expect(allowance).toContainText("Expired");
});

test("LIC-3 the ledger of a licence, filtered, with what was left, and exported", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const licence = await grantImages(org.org_id, { images: 1_000, projects: 10 });
  const flight = await anna.create(org.root, "dataset", "Flight over the pass", 400);
  await setProcessed(flight.id);
  await operator("licence", "top-up", licence, "--images", "50");
  await page.goto(`/o/${org.org_id}/licences`);
  await page.getByRole("link", { name: "Ledger of Cloud Pro" }).click();
  const rows = page.getByRole("table", { name: "Ledger" }).getByRole("row");
  await expect(rows).toHaveCount(4);
  await expect(rows.nth(1)).toContainText("+50 images");
  await expect(rows.nth(1)).toContainText("650 images, 9 projects");
  await expect(rows.nth(2)).toContainText("−400 images, −1 project");
  await expect(rows.nth(2)).toContainText("600 images, 9 projects");

  await page.getByLabel("Entry", { exact: true }).selectOption({ label: "Processing" });
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page).toHaveURL(/kind=spend/);
  await expect(rows).toHaveCount(2);
  for (const [name, ending] of [["Export CSV", ".csv"], ["Export JSON", ".json"]] as const) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name, exact: true }).click()]);
    expect(download.suggestedFilename()).toBe(`ledger-${licence}${ending}`);
  }
  await page.getByLabel("To", { exact: true }).fill("2001-01-01");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page.getByText("Nothing matches these filters.")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Clear filters" }).first().click();
  await expect(rows).toHaveCount(4);
  await rows.nth(2).getByRole("link", { name: "Flight over the pass" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Flight over the pass");
});

test("ORG-4 billing contacts are added, changed and removed", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await page.goto(`/o/${org.org_id}/licences`);
  await page.getByRole("link", { name: "Billing", exact: true }).click();
  await page.getByRole("link", { name: "Add contact", exact: true }).click();
  const adding = page.getByRole("dialog", { name: "Add contact", exact: true });
  await adding.getByLabel("Name", { exact: true }).fill("Lena Lag");
  await adding.getByLabel("Email").fill("lena");
  await adding.getByRole("button", { name: "Save", exact: true }).click();
  await expect(await problemOf(adding.getByLabel("Email"))).toContainText("name@example.com");
  await expect(adding.getByLabel("Name", { exact: true })).toHaveValue("Lena Lag");
  await adding.getByLabel("Email").fill("lena@example.com");
  await adding.getByRole("button", { name: "Save", exact: true }).click();
  await expect(status(page)).toContainText("Added Lena Lag");
  const contacts = page.getByRole("list", { name: "Billing contacts" }).getByRole("listitem");
  await expect(contacts).toHaveText([/lena@example\.com/]);

  await contacts.getByRole("link", { name: "Change Lena Lag" }).click();
  const changing = page.getByRole("dialog", { name: "Change contact", exact: true });
  await changing.getByLabel("Phone").fill("+46 8 123 45");
  await changing.getByRole("button", { name: "Save", exact: true }).click();
  await expect(contacts).toHaveText([/\+46 8 123 45/]);
  await contacts.getByRole("link", { name: "Remove Lena Lag" }).click();
  await page.getByRole("dialog", { name: "Remove contact" }).getByRole("button", { name: "Remove", exact: true }).click();
  await expect(status(page)).toContainText("Removed Lena Lag");
  await expect(contacts).toHaveCount(0);
});

test("ORG-8 an Owner contacts sales, withdraws, and reads the answer", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await page.goto(`/o/${org.org_id}/licences`);
  await page.getByRole("main").getByRole("link", { name: "Contact sales", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Contact sales", exact: true });
  await expect(dialog.getByLabel("Email")).toHaveValue(anna.email);
  await dialog.getByRole("button", { name: "Save request", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Product"))).toContainText("in your own words");
  await dialog.getByLabel("Product").selectOption({ label: "Cloud Pro" });
  await dialog.getByLabel("Billed in").selectOption({ label: "Credits" });
  await dialog.getByLabel("Credits", { exact: false }).last().fill("5,000");
  await dialog.getByLabel("In your own words").fill("From January on. <b>Thanks</b>");
  await dialog.getByRole("button", { name: "Save request", exact: true }).click();
  await expect(status(page)).toContainText("Your request was saved, but not mailed");
  const requests = page.getByRole("list", { name: "Requests" }).getByRole("listitem");
  await expect(requests).toHaveCount(1);
  await expect(requests).toContainText("Cloud Pro, Credits, 5,000 credits");
  await expect(requests).toContainText("From January on. <b>Thanks</b>");
  await expect(requests).toContainText("Open");

  const line = (await operator("request", "list", "--state", "open")).split("\n").find((one) => one.includes(org.org_id));
  await operator("request", "answer", (line ?? "").split(" ")[0] ?? "", "--text", "Granted until 2027.");
  await page.reload();
  await expect(requests).toContainText("Answered");
  await expect(requests).toContainText("Granted until 2027.");

  await page.getByRole("main").getByRole("link", { name: "Contact sales", exact: true }).first().click();
  await dialog.getByLabel("In your own words").fill("More, please");
  await dialog.getByRole("button", { name: "Save request", exact: true }).click();
  await expect(requests).toHaveCount(2);
  await requests.first().getByRole("button", { name: "Withdraw", exact: true }).click();
  await expect(requests.first()).toContainText("Withdrawn");
  await expect(requests.first().getByRole("button")).toHaveCount(0);
});

test("M2 ORG-8 where the operator reads no mail, an Owner finds the command that grants a licence", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const flight = await anna.create(org.root, "dataset", "Flight", 100);
  const command = new RegExp(`^commonhold licence grant --org ${org.org_id} `);
  for (const path of ["licences", "billing", "seats", `drive/${flight.id}?dialog=process`]) {
    await page.goto(`/o/${org.org_id}/${path}`);
    await expect(page.getByLabel("Command that grants a licence"), path).toHaveValue(command);
    await expect(page.getByText("an Owner can contact sales", { exact: false })).toHaveCount(0);
  }
  // It is what it says.
  const typed = await page.getByLabel("Command that grants a licence").inputValue();
  await operator(...typed.split(" ").slice(1));
  await page.reload();
  await expect(page.getByLabel("Command that grants a licence")).toHaveCount(0);
  await page.goto(`/o/${org.org_id}/drive/${flight.id}`);
  await expect(page.getByRole("link", { name: "Assign to", exact: true })).toBeVisible();
});

test("ROLE Managers see usage and no billing; Readers see neither", async ({ anna, someoneElse }) => {
  const org = await anna.organization("Nordic Survey");
  const manager = await someoneElse("Mona");
  const reader = await someoneElse("Rolf");
  await join(org, anna, manager.person, "manager");
  await join(org, anna, reader.person, "reader");
  await manager.page.goto(`/o/${org.org_id}/licences`);
  await expect(manager.page.getByText("Ask Anna Berg (Owner).")).toBeVisible();
  await expect(manager.page.getByRole("link", { name: "Contact sales" })).toHaveCount(0);
  expect((await manager.page.goto(`/o/${org.org_id}/billing`))?.status()).toBe(404);
  await reader.page.goto(`/o/${org.org_id}`);
  await expect(reader.page.getByRole("link", { name: "Licences", exact: true })).toHaveCount(0);
  expect((await reader.page.goto(`/o/${org.org_id}/licences`))?.status()).toBe(404);
});

test("LIC-6 what an expired licence takes away is greyed out and says why; the rest works", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const licence = await operator("licence", "grant", "--org", org.org_id, "--product", "cloud-teams", "--model", "credits", "--credits", "100");
  const folder = await anna.create(org.root, "folder", "Tunnels");
  const flight = await anna.create(org.root, "dataset", "Flight", 100);
  await operator("licence", "expire", licence);
  const reason = "The cloud licence has expired.";
  const drive = new Drive(page);
  await drive.open(org);
  const blocked = page.getByRole("button", { name: "New", exact: true });
  await expect(blocked).toBeDisabled();
  await expect(blocked).toHaveAttribute("title", new RegExp(reason));
  await expect(page.getByRole("main").getByText(reason).first()).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: "Contact sales" }).first()).toBeVisible();

  await page.goto(`/o/${org.org_id}/drive/${flight.id}`);
  for (const name of ["Assign to", "Copy to"]) await expect(page.getByRole("button", { name, exact: true })).toBeDisabled();
  const process = page.getByRole("button", { name: "Process", exact: true });
  await expect(process).toBeDisabled();
  await expect(process).toHaveAttribute("title", new RegExp(reason));
  await expect(page.getByRole("link", { name: "Rename", exact: true })).toBeVisible();

  await page.goto(`/o/${org.org_id}/drive?dialog=share&item=${folder.id}`);
  await expect(page.getByRole("button", { name: "Create link", exact: true })).toBeDisabled();
  await page.goto(`/o/${org.org_id}/drive?dialog=access&item=${folder.id}`);
  await expect(new Access(page).dialog.getByRole("button", { name: "Give access", exact: true })).toBeDisabled();
  await page.goto(`/o/${org.org_id}/drive?dialog=move&item=${folder.id}`);
  await expect(page.getByRole("dialog", { name: "Move to" }).getByRole("button", { name: "New folder", exact: true })).toBeDisabled();

  await drive.open(org);
  await drive.rename("Tunnels", "Galleries");
  await expect(drive.row("Galleries")).toBeVisible();
});

test("LIC-2 what an operator queues waits for credits, and starts when there is enough", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  const licence = await grantCredits(org.org_id, 40);
  const flight = await anna.create(org.root, "dataset", "Flight", 500);
  await page.goto(`/o/${org.org_id}/drive/${flight.id}`);
  await operator("dataset", "set-status", flight.id, "queued");
  await page.reload();
  await expect(section(page, "Details")).toContainText("Waiting for credits");
  await operator("licence", "top-up", licence, "--credits", "60");
  await page.reload();
  await expect(section(page, "Details")).toContainText("Queued");
});
