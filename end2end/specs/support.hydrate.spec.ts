// An answer of support appears in a ticket that is open (HELP-1), and whoever types meanwhile goes on typing.
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "../support/fixture";
import { operator } from "../support/operator";
import { settled } from "../support/places";

test("HELP-1 an answer appears by itself, beside a reply that is being typed", async ({ page, anna }) => {
  const { number } = await anna.post<{ number: number }>("/support/tickets", { subject: "The map stays grey", message: "Since today." });
  const key = await operator("operator-key", "create", "support spec");
  const secret = /cho_[\w-]+/.exec(key)?.[0] ?? "";
  await page.goto(`/support/${number}`);
  await page.waitForFunction(() => performance.getEntriesByName("live").length > 0);
  const reply = page.getByRole("region", { name: "Reply" }).getByLabel("Message");
  await reply.pressSequentially("It is still");
  const headers = { Authorization: `Bearer ${secret}` };
  const answer = await page.request.post(`/api/v1/operator/tickets/${number}/answer`, { headers, data: { text: "Which dataset is it?" } });
  expect(answer.status()).toBe(200);
  const messages = page.getByRole("list", { name: "Messages" }).getByRole("listitem");
  await expect(messages).toHaveCount(2);
  await expect(messages.last()).toContainText("Which dataset is it?");
  await expect(page.getByRole("main")).toContainText("Answered");
  await page.keyboard.type(" grey.");
  await expect(reply).toHaveValue("It is still grey.");
});

test("HELP-1 the open Help menu is accessible, light and dark, and is used by keys", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`/o/${org.org_id}`);
    await page.getByRole("button", { name: "Help", exact: true }).click();
    await settled(page);
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
    expect(violations.map((violation) => `${violation.id}: ${violation.help}`), colorScheme).toEqual([]);
  }
  await page.reload();
  await page.getByRole("button", { name: "Help", exact: true }).press("ArrowDown");
  await expect(page.getByRole("link", { name: "Contact support", exact: true })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Contact support");
});
