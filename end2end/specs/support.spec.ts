// Contact support (HELP-1): from the Help menu of a page to an answer, with script and without.
import type { Page } from "@playwright/test";
import { expect, test } from "../support/fixture";
import { mailTo } from "../support/inbox";
import { operator } from "../support/operator";
import { problemOf, status } from "../support/pages";

/** Opens an entry of the Help menu. */
async function help(page: Page, entry: string): Promise<void> {
  // On a phone it is in the menu of the frame.
  const menu = page.getByRole("button", { name: "Menu", exact: true });
  if (await menu.isVisible()) await menu.click();
  await page.getByRole("button", { name: "Help", exact: true }).click();
  await page.getByRole("link", { name: entry, exact: true }).click();
}

const heading = (page: Page) => page.getByRole("heading", { level: 1 });

test("HELP-1 a ticket from the page it is about, its answer, a reply, and its end", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await page.goto(`/o/${org.org_id}/drive`);
  await help(page, "Contact support");
  await expect(heading(page)).toHaveText("Contact support");
  const along = page.getByRole("group", { name: "Sent along" });
  await expect(along.getByRole("checkbox", { name: `Organization: ${org.name}` })).toBeChecked();
  await expect(along.getByRole("checkbox", { name: `Page: /o/${org.org_id}/drive` })).toBeChecked();

  // What is wrong is told at its field, and nothing that was typed is lost.
  await page.getByLabel("Message").fill("Since today.\n\nOn every <b>dataset</b>.");
  await along.getByRole("checkbox", { name: "Page:" }).uncheck();
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await expect(await problemOf(page.getByLabel("Subject"))).toContainText("Enter a subject.");
  await expect(page.getByLabel("Message")).toHaveValue("Since today.\n\nOn every <b>dataset</b>.");
  await expect(along.getByRole("checkbox", { name: "Page:" })).not.toBeChecked();
  await page.getByLabel("Subject").fill("The map stays grey");
  await page.getByRole("button", { name: "Send", exact: true }).click();

  await expect(heading(page)).toHaveText("The map stays grey");
  await expect(status(page)).toContainText(/Ticket \d+ was saved/);
  const main = page.getByRole("main");
  await expect(main).toContainText(org.name);
  await expect(main).not.toContainText("/drive");
  const messages = page.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await expect(messages).toHaveCount(1);
  await expect(messages.first()).toContainText("On every <b>dataset</b>.");
  const number = /\/support\/(\d+)/.exec(page.url())?.[1] ?? "";

  await operator("ticket", "answer", number, "--text", "Fixed. Reload the page.");
  await page.reload();
  await expect(messages).toHaveCount(2);
  await expect(messages.last()).toContainText("Support");
  await expect(messages.last()).toContainText("Fixed. Reload the page.");
  const mails = await mailTo(page.request, anna.email);
  expect(mails.map((mail) => mail.subject)).toContain(`Ticket ${number} was answered: The map stays grey`);

  const reply = page.getByRole("region", { name: "Reply" });
  await reply.getByLabel("Message").fill("Thanks, it works.");
  await reply.getByRole("button", { name: "Send", exact: true }).click();
  await expect(messages).toHaveCount(3);
  await expect(reply.getByLabel("Message")).toHaveValue("");
  await page.getByRole("button", { name: "Close ticket", exact: true }).click();
  await expect(page.getByRole("button", { name: "Close ticket", exact: true })).toHaveCount(0);
  await page.getByRole("link", { name: "Your tickets", exact: true }).first().click();
  const row = page.getByRole("list", { name: "Tickets" }).getByRole("link", { name: "The map stays grey" });
  await expect(row).toContainText("Closed");
  await expect(row).toContainText("3 messages");
});

test("HELP-1 the ticket of somebody else is not found, and who is signed out signs in first", async ({ page, anna, someoneElse, browser, baseURL }) => {
  const { number } = await anna.post<{ number: number }>("/support/tickets", { subject: "Our secret plans", message: "Of the north portal." });
  const { page: theirs } = await someoneElse("John");
  await theirs.goto(`/support/${number}`);
  await expect(heading(theirs)).toHaveText("Not found");
  await theirs.goto("/support");
  await expect(theirs.getByRole("main")).toContainText("No tickets yet.");
  const context = await browser.newContext(baseURL ? { baseURL } : {});
  const nobody = await context.newPage();
  await nobody.goto(`/support/${number}`);
  await expect(nobody).toHaveURL(`/signin?next=%2Fsupport%2F${number}`);
  await context.close();
  await page.goto(`/support/${number}`);
  await expect(heading(page)).toHaveText("Our secret plans");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("HELP-1 support is contacted from the menu of the frame", async ({ page, anna }) => {
    const org = await anna.organization("Nordic Survey");
    await page.goto(`/o/${org.org_id}`);
    await help(page, "Contact support");
    await page.getByLabel("Subject").fill("From the field");
    await page.getByLabel("Message").fill("No signal, no map.");
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await expect(heading(page)).toHaveText("From the field");
    const { wide, room } = await page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth }));
    expect(wide, "nothing scrolls sideways").toBeLessThanOrEqual(room);
  });
});
