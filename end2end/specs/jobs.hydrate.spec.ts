// What needs WebAssembly of the pages of jobs: they follow what happens.
import { Engine, publish, start } from "../support/engine";
import { flight, upload } from "../support/files";
import { expect, test } from "../support/fixture";
import { grantCredits } from "../support/operator";
import { section } from "../support/pages";

test("JOB-3 Monitor and the page of a dataset follow their jobs, and a log stays at its end", async ({ page, anna, context }) => {
  const org = await anna.organization("Alpine Survey");
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await upload(anna, set, flight(3));
  await grantCredits(org.org_id);
  const app = await publish(anna, org, "Counter", { price: "processing", makesProcessed: true });
  const engine = await Engine.of(anna, org);
  const heard = () => page.waitForFunction(() => performance.getEntriesByName("live").length > 0);
  await page.goto(`/o/${org.org_id}/monitor`);
  await heard();
  const id = await start(anna, set, app);
  const row = page.getByRole("table", { name: "Jobs", exact: true }).getByRole("row").nth(1);
  await expect(row).toContainText("Queued");
  const dataset = await context.newPage();
  await dataset.goto(`/o/${org.org_id}/drive/${set.id}`);
  await dataset.waitForFunction(() => performance.getEntriesByName("live").length > 0);
  const held = await engine.claim(app);
  await expect(dataset.locator(".dataset-line")).toContainText("Processing");
  await dataset.close();
  await page.bringToFront();
  await held.say("heartbeat", { progress: 640, step: "counting" });
  await expect(row).toContainText("64 %");

  await page.goto(`/o/${org.org_id}/monitor/${id}`);
  await heard();
  const lines = page.getByRole("region", { name: "Lines of the log", exact: true });
  const many = (first: number) => Array.from({ length: 60 }, (_, index) => ({ text: `line ${first + index}` }));
  await held.log(1, many(1));
  await expect(lines).toContainText("line 60");
  const atEnd = () => lines.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 30);
  await expect.poll(atEnd).toBe(true);
  await held.log(61, many(61));
  await expect(lines).toContainText("line 120");
  await expect.poll(atEnd, "it is still at its end").toBe(true);
  // Who has scrolled up stays there.
  await lines.evaluate((element) => element.scrollTo(0, 0));
  await held.log(121, many(121));
  await expect(lines).toContainText("line 180");
  expect(await lines.evaluate((element) => element.scrollTop)).toBe(0);
  await held.say("complete", { outputs: 0 });
  await expect(section(page, "Progress")).toContainText("Done");
});

test("JOB-3 what became of a job after its page was loaded and before changes are heard is shown", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const set = await anna.create(org.root, "dataset", "Portal flight", 0);
  await upload(anna, set, flight(1));
  await grantCredits(org.org_id);
  const id = await start(anna, set, await publish(anna, org, "Counter", { price: "processing", makesProcessed: true }));
  // A stream of the page's own, so that it can be held back.
  await page.addInitScript(() => Reflect.deleteProperty(window, "SharedWorker"));
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let asked = false;
  await page.route("**/events", async (route) => {
    asked = true;
    await held;
    await route.continue();
  });
  await page.goto(`/o/${org.org_id}/monitor/${id}`);
  await expect(section(page, "Progress")).toContainText("Queued");
  await expect.poll(() => asked).toBe(true);
  await anna.post(`/jobs/${id}/cancel`, {});
  letGo();
  await expect(section(page, "Progress")).toContainText("Cancelled");
});
