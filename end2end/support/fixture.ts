// What every spec imports: `test` with a page that waits for hydration and fails on what the console complains about (a
// hydration that does not fit, a content security policy that was violated), and `anna`, a person who has just signed up
// and is signed in on that page.
import { type Browser, type BrowserContext, type Page, test as base } from "@playwright/test";
import { Person } from "./api";

interface Fixtures {
  /** A fresh person, signed in on `page`. */
  anna: Person;
  /** Somebody else, in a browser of their own. */
  someoneElse: (firstName: string) => Promise<{ person: Person; page: Page }>;
}

// "Failed to load resource" names no address; whatEscapes() below judges those by their response.
// Without a connection, which only a test takes away, every request says so.
const expected = /^Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_INTERNET_DISCONNECTED)|Failed to fetch[^]*__wasm_split/;

/** Waits for hydration after each navigation, and collects what must not happen on any page. */
export function watch(page: Page, javaScript: boolean): string[] {
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(`page error: ${error.message}`));
  page.on("console", (message) => {
    // Without JavaScript the browser warns that what was preloaded for it is not used.
    const counts = message.type() === "error" || (javaScript && message.type() === "warning");
    if (counts && !expected.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on("response", (response) => {
    const path = new URL(response.url()).pathname;
    // A refusal is an answer; a missing file or a server that fell over is not.
    if (response.status() >= 500 || (response.status() === 404 && /\.[a-z0-9]+$/.test(path))) problems.push(`${response.status()} ${path}`);
  });
  if (javaScript) {
    for (const name of ["goto", "reload", "goBack", "goForward"] as const) {
      const original = page[name].bind(page) as (...args: unknown[]) => Promise<unknown>;
      Object.assign(page, {
        [name]: async (...args: unknown[]) => {
          const response = await original(...args);
          await hydrated(page);
          return response;
        },
      });
    }
  }
  return problems;
}

/** Until then a click may be lost (playwright#27759). */
export async function hydrated(page: Page): Promise<void> {
  await page.locator("html[data-hydrated]").waitFor({ state: "attached" });
}

async function newPage(context: BrowserContext, javaScript: boolean, all: string[][]): Promise<Page> {
  const page = await context.newPage();
  all.push(watch(page, javaScript));
  return page;
}

export const test = base.extend<Fixtures>({
  page: async ({ page, javaScriptEnabled }, use) => {
    const problems = watch(page, javaScriptEnabled ?? true);
    await use(page);
    base.expect(problems, "nothing went wrong in the browser").toEqual([]);
  },
  anna: async ({ page }, use) => {
    await use(await new Person(page.request).signUp());
  },
  someoneElse: async ({ browser, javaScriptEnabled, baseURL }: { browser: Browser; javaScriptEnabled: boolean | undefined; baseURL: string | undefined }, use) => {
    const contexts: BrowserContext[] = [];
    const problems: string[][] = [];
    await use(async (firstName) => {
      const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), javaScriptEnabled: javaScriptEnabled ?? true });
      contexts.push(context);
      const page = await newPage(context, javaScriptEnabled ?? true, problems);
      return { person: await new Person(page.request, firstName).signUp(), page };
    });
    await Promise.all(contexts.map((context) => context.close()));
    base.expect(problems.flat(), "nothing went wrong in the other browser").toEqual([]);
  },
});

export { expect } from "@playwright/test";
