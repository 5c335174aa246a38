// Two datasets of a site on one map (VIEW-6), with a script: one movement for both, the slider, keys, a phone, a link.
import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { siteOfTwo } from "../support/compare";
import { expect, hydrated, test, watch } from "../support/fixture";
import { join } from "../support/members";
import { settled } from "../support/places";

const map = (page: Page): Locator => page.getByRole("application", { name: "Map", exact: true });
const way = (page: Page, name: string): Locator => page.getByRole("group", { name: "Comparison", exact: true }).getByRole("button", { name, exact: true });
const slider = (page: Page): Locator => page.getByRole("slider", { name: "Slider between Spring flight, 1 Mar 2026 and Autumn flight, 9 Oct 2026", exact: true });
const rows = (page: Page): Locator => page.getByRole("table", { name: "Drawings", exact: true }).getByRole("row").filter({ has: page.getByRole("button") });

async function place(page: Page): Promise<string | null> {
  return page.getByRole("button", { name: /^Copy / }).textContent();
}

async function axe(page: Page): Promise<void> {
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
}

test("VIEW-6 both maps show the same place, and what is drawn on either belongs to the first", async ({ page, anna }) => {
  const { org, spring, autumn } = await siteOfTwo(anna);
  await page.goto(`/o/${org.org_id}/drive/${spring.id}/view`);
  // What was drawn stays when a comparison begins: the page is the same.
  await page.getByRole("toolbar", { name: "Tools", exact: true }).getByRole("button", { name: "Point", exact: true }).click();
  const box = await map(page).boundingBox();
  if (!box) throw new Error("no map");
  const at = (right: number, down: number): [number, number] => [box.x + right * box.width, box.y + down * box.height];
  await page.mouse.click(...at(0.4, 0.6));
  await expect(rows(page)).toHaveCount(1);
  await page.getByLabel("Compare with", { exact: true }).selectOption("9 Oct 2026: Autumn flight");
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`with=${autumn.id}&compare=side`));
  await expect(way(page, "Side by side")).toHaveAttribute("aria-pressed", "true");
  await expect(rows(page)).toHaveCount(1);

  // The middle of the left half and the middle of the right half are the same place.
  await page.mouse.move(...at(0.249, 0.5));
  const left = await place(page);
  await page.mouse.move(...at(0.7502, 0.5));
  const parts = (text: string | null) => (text ?? "").match(/\d+\.\d+/g)?.map(Number) ?? [];
  const [one, other] = [parts(left), parts(await place(page))];
  expect(one.length).toBeGreaterThan(1);
  for (const [index, degrees] of one.entries()) expect(Math.abs(degrees - (other[index] ?? 0))).toBeLessThan(5e-6);

  // A movement on the second map moves both.
  await page.mouse.move(...at(0.7, 0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.8, 0.6), { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(...at(0.249, 0.5));
  expect(await place(page)).not.toBe(left);

  // A point that is set on the second map belongs to the first dataset.
  await page.getByRole("toolbar", { name: "Tools", exact: true }).getByRole("button", { name: "Point", exact: true }).click();
  await page.mouse.click(...at(0.75, 0.4));
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).filter({ hasText: "not saved" })).toHaveCount(0);
  const { items } = await anna.get<{ items: unknown[] }>(`/datasets/${spring.id}/annotations`);
  expect(items).toHaveLength(2);

  // Each side has its layers.
  const second = page.getByRole("list", { name: "Layers of Autumn flight", exact: true });
  await second.getByRole("button", { name: "Show Photo positions", exact: true }).click();
  await expect(page).toHaveURL(/with-layers=none/);
  await axe(page);
  await page.reload();
  await expect(second.getByRole("button", { name: "Show Photo positions", exact: true })).toHaveAttribute("aria-pressed", "false");
  await expect(page.getByRole("list", { name: "Layers of Spring flight", exact: true }).getByRole("button", { name: "Show Photo positions", exact: true })).toHaveAttribute("aria-pressed", "true");
});

test("VIEW-6 the slider is moved by keys and by the pointer, and the comparison ends", async ({ page, anna }) => {
  const { org, spring, autumn } = await siteOfTwo(anna);
  await page.goto(`/o/${org.org_id}/drive/${spring.id}/view?with=${autumn.id}&compare=slider`);
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "50% of the map shows Spring flight");
  await slider(page).focus();
  for (let step = 0; step < 5; step += 1) await page.keyboard.press("ArrowRight");
  await expect(slider(page)).toHaveAttribute("aria-valuetext", "55% of the map shows Spring flight");
  await expect(page.locator(".compare-second")).toHaveCSS("clip-path", "inset(0px 0px 0px 55%)");
  const box = await map(page).boundingBox();
  if (!box) throw new Error("no map");
  const thumb = await slider(page).boundingBox();
  if (!thumb) throw new Error("no slider");
  const down = thumb.y + thumb.height / 2;
  await page.mouse.move(box.x + 0.55 * box.width, down);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.25 * box.width, down, { steps: 4 });
  await page.mouse.up();
  await expect(slider(page)).toHaveAttribute("aria-valuetext", /^2[456]% of the map shows Spring flight$/);
  await axe(page);
  await way(page, "Side by side").click();
  await expect(page).toHaveURL(/compare=side/);
  await expect(slider(page)).toHaveCount(0);
  await way(page, "End comparison").click();
  await expect(map(page)).toBeFocused();
  await expect(page).not.toHaveURL(/with=/);
});

test("VIEW-6 ROLE-4 Swap asks before it loses a drawing that is on the page only", async ({ anna, someoneElse }) => {
  const { org, spring, autumn } = await siteOfTwo(anna);
  const { person: rita, page } = await someoneElse("Rita");
  await join(org, anna, rita, "reader");
  await page.goto(`/o/${org.org_id}/drive/${spring.id}/view?with=${autumn.id}&compare=side`);
  const swap = page.getByRole("group", { name: "Comparison", exact: true }).getByRole("link", { name: "Swap", exact: true });
  await page.getByRole("toolbar", { name: "Tools", exact: true }).getByRole("button", { name: "Point", exact: true }).click();
  await map(page).click({ position: { x: 120, y: 420 } });
  await expect(rows(page)).toHaveCount(1);
  const asked: string[] = [];
  page.on("dialog", (question) => {
    asked.push(question.type());
    void question.dismiss();
  });
  await swap.click();
  await expect.poll(() => asked).toEqual(["beforeunload"]);
  await expect(rows(page)).toHaveCount(1);
  await expect(page).toHaveURL(new RegExp(`/drive/${spring.id}/view`));
});

test("VIEW-6 VIEW-4 by a link of the site on a phone, one map above the other", async ({ page, anna, browser }) => {
  const { site, spring, autumn } = await siteOfTwo(anna);
  const { url } = await anna.post<{ url: string }>(`/resources/${site.id}/links`, {});
  await page.goto("/");
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const phone = await context.newPage();
  const problems = watch(phone, true);
  await phone.goto(new URL(`${new URL(url).pathname}/view/${spring.id}`, page.url()).href);
  await phone.getByRole("button", { name: "Layers", exact: true }).tap();
  await phone.getByLabel("Compare with", { exact: true }).selectOption("9 Oct 2026: Autumn flight");
  await phone.getByRole("button", { name: "Compare", exact: true }).tap();
  await expect(phone).toHaveURL(new RegExp(`with=${autumn.id}`));
  await hydrated(phone);
  await expect(way(phone, "Side by side")).toBeVisible();
  const halves = await Promise.all([phone.locator(".viewer-first").boundingBox(), phone.locator(".compare-second").boundingBox()]);
  const [upper, lower] = halves;
  expect(upper?.width).toBe(390);
  expect(Math.abs((upper?.height ?? 0) - (lower?.height ?? 1))).toBeLessThan(1.5);
  expect(lower?.y ?? 0).toBeGreaterThan(upper?.y ?? 1_000);
  await way(phone, "Slider").tap();
  await expect(slider(phone)).toBeVisible();
  await axe(phone);
  await context.close();
  expect(problems).toEqual([]);
});
