// Others change a page before WebAssembly arrives: password managers, translators, whatever else is installed in a browser.
// It is brought to life all the same; and where that cannot be, it stays a page whose links and forms work.
import type { Page } from "@playwright/test";
import { expect, hydrated, test } from "../support/fixture";

/** Each kind of change, made in the browser. */
const changes: Record<string, () => void> = {
  "nodes beside every field": () => {
    for (const field of document.body.querySelectorAll("input, select, textarea, button")) {
      const icon = document.createElement("div");
      icon.dataset["foreignIcon"] = "";
      field.after(icon);
      const button = document.createElement("com-manager-button");
      button.attachShadow({ mode: "open" }).innerHTML = "<span>key</span>";
      field.before(button);
    }
  },
  "every field in a wrapper": () => {
    for (const field of document.body.querySelectorAll("input")) {
      const wrapper = document.createElement("span");
      field.replaceWith(wrapper);
      wrapper.append(field, document.createElement("i"));
    }
  },
  "every text translated": () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    for (const text of texts) {
      if (text.data.trim() === "" || text.parentElement?.closest("script, style, option, textarea")) continue;
      const [outer, inner] = [document.createElement("font"), document.createElement("font")];
      inner.textContent = `«${text.data}»`;
      outer.append(inner);
      text.replaceWith(outer);
    }
  },
  "every text exchanged in place": () => {
    for (const element of document.body.querySelectorAll("a, b, h1, h2, small, label, p, th, td")) {
      if (element.childElementCount === 0) element.textContent = `${element.textContent} `;
    }
  },
  "comments stripped": () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_COMMENT);
    const comments: Node[] = [];
    while (walker.nextNode()) comments.push(walker.currentNode);
    for (const comment of comments) comment.parentNode?.removeChild(comment);
  },
  "nodes first and last in body": () => {
    document.body.prepend(document.createElement("div"), "text", document.createComment("first"));
    document.body.append(document.createElement("div"));
  },
  "attributes and classes": () => {
    for (const element of document.querySelectorAll("*")) {
      element.setAttribute("data-foreign", "");
      element.setAttribute("translate", "yes");
      element.classList.add("foreign");
    }
  },
};

/** Holds WebAssembly back until `release` is called. */
async function hold(page: Page): Promise<() => Promise<void>> {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/pkg/*.wasm", async (route) => {
    await held;
    await route.continue();
  });
  return async () => release();
}

for (const [change, make] of Object.entries(changes)) {
  test(`a page with ${change} before WebAssembly comes is brought to life`, async ({ page, anna, browser, baseURL }) => {
    const org = await anna.organization("Alpine Survey");
    const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: await page.context().storageState() });
    const other = await context.newPage();
    const problems: string[] = [];
    other.on("pageerror", (error) => problems.push(error.message));

    for (const path of [`/o/${org.org_id}`, `/o/${org.org_id}/drive`, `/o/${org.org_id}/people?dialog=invite`]) {
      const release = await hold(other);
      await other.goto(path);
      await expect(other.locator("html[data-hydrated]")).toHaveCount(0);
      await other.evaluate(make);
      await release();
      await hydrated(other);
    }
    expect(problems).toEqual([]);
    // What was only added is there again.
    if (change.startsWith("nodes beside")) expect(await other.locator("[data-foreign-icon]").count()).toBeGreaterThan(3);

    // A dialog closes and opens, a form is sent, a link leads on, and nothing of it loads a page.
    await other.evaluate(() => Object.assign(window, { stayed: true }));
    await other.keyboard.press("Escape");
    await expect(other.getByRole("dialog")).toHaveCount(0);
    await other.locator(`.rail nav a[href="/o/${org.org_id}/drive"]`).click();
    await expect(other).toHaveURL(/\/drive$/);
    await expect(other.locator("main h1")).toBeVisible();
    await other.locator("main button[popovertarget]", { hasText: "New" }).first().click();
    await other.locator("a[href*='dialog=new-folder']").filter({ visible: true }).first().click();
    const dialog = other.getByRole("dialog");
    await dialog.locator("input[name=name]").fill("Tunnels");
    await dialog.locator("button[type=submit]").click();
    await expect(other.getByRole("grid").getByText("Tunnels")).toBeVisible();
    await expect(dialog).toHaveCount(0);
    expect(await other.evaluate(() => "stayed" in window)).toBe(true);
    await context.close();
  });
}

/** Changes of the markup itself, which no script of ours can have seen. */
const markups: Record<string, (html: string) => string> = {
  "comments stripped": (html) => html.replace(/<!--[^]*?-->|<!>/g, ""),
  "a node in front": (html) => html.replace(/(<body[^>]*>)/, "$1<div></div>"),
  "texts wrapped": (html) => html.replace(/<(h1|b|small)([^>]*)>([^<]+)</g, "<$1$2><font>$3</font><"),
};

for (const [change, edit] of Object.entries(markups)) {
  test(`a page that comes with ${change} cannot be hydrated, and works without`, async ({ page, anna, browser, baseURL }) => {
    const org = await anna.organization("Alpine Survey");
    const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: await page.context().storageState() });
    const other = await context.newPage();
    let loads = 0;
    await other.route("**/*", async (route) => {
      const request = route.request();
      if (request.resourceType() !== "document" || request.method() !== "GET") return route.fallback();
      const response = await route.fetch({ maxRedirects: 0 });
      if (response.status() !== 200) return route.fulfill({ response });
      loads += 1;
      await route.fulfill({ response, body: edit(await response.text()) });
    });
    const given = other.locator("html[data-not-hydrated]");

    await other.goto(`/o/${org.org_id}`);
    await given.waitFor({ state: "attached" });
    await expect(other.locator("html[data-hydrated]")).toHaveCount(0);
    expect(loads).toBe(1);
    await other.locator(`.rail nav a[href="/o/${org.org_id}/drive"]`).click();
    await expect(other).toHaveURL(/\/drive$/);
    await given.waitFor({ state: "attached" });
    expect(loads).toBe(2);
    await other.goto(`/o/${org.org_id}/drive?dialog=new-folder`);
    await given.waitFor({ state: "attached" });
    const dialog = other.getByRole("dialog");
    await dialog.locator("input[name=name]").fill("Tunnels");
    await dialog.locator("button[type=submit]").click();
    await expect(other.getByText("Tunnels", { exact: true }).first()).toBeVisible();
    await expect(dialog).toHaveCount(0);
    // What a form leads to is not changed here; this one is again. Back is the browser's own.
    await other.goto(`/o/${org.org_id}/drive`);
    await given.waitFor({ state: "attached" });
    await other.locator(`.rail nav a[href="/o/${org.org_id}"]`).click();
    await expect(other).toHaveURL(new RegExp(`/o/${org.org_id}$`));
    await other.goBack();
    await expect(other).toHaveURL(/\/drive/);
    await expect(other.getByText("Tunnels", { exact: true }).first()).toBeVisible();
    await context.close();
  });
}

test("whoever types before WebAssembly comes goes on typing, and Enter does not close the dialog", async ({ page, anna, browser, baseURL }) => {
  const org = await anna.organization("Alpine Survey");
  const folder = await anna.create(org.root, "folder", "Tunnels");
  // The console of this one may say that what was preloaded is used late.
  const context = await browser.newContext({ ...(baseURL ? { baseURL } : {}), storageState: await page.context().storageState() });
  const other = await context.newPage();
  const dialogs = [
    { path: `/o/${org.org_id}/people?dialog=invite`, field: "textarea[name=people]" },
    { path: `/o/${org.org_id}/drive?dialog=new-folder`, field: "input[name=name]" },
    { path: `/o/${org.org_id}/drive?dialog=rename&item=${folder.id}`, field: "input[name=name]" },
    { path: `/o/${org.org_id}/billing?dialog=contact`, field: "input[name=email]" },
    { path: `/o/${org.org_id}/people?dialog=create`, field: "input[name=last_name]" },
  ];
  for (const { path, field } of dialogs) {
    const release = await hold(other);
    await other.goto(path);
    const input = other.locator(`dialog ${field}`);
    await input.click();
    await input.fill("");
    await input.pressSequentially("first");
    await release();
    await input.pressSequentially("second", { delay: 40 });
    await hydrated(other);
    await other.keyboard.type("third", { delay: 10 });
    await expect(input, path).toBeFocused();
    await expect(input, path).toHaveValue("firstsecondthird");
    await expect(other.locator("dialog:modal"), path).toHaveCount(1);
  }
  // What was typed into the list is known to the rows below it, and Enter is a new line.
  const release = await hold(other);
  await other.goto(dialogs[0]?.path ?? "");
  await other.locator("dialog textarea").fill("eve@example.com, bob@example.com");
  await release();
  await hydrated(other);
  await expect(other.getByRole("dialog").getByText("2 people will be invited")).toBeVisible();
  await other.keyboard.press("Enter");
  await expect(other.locator("dialog:modal")).toHaveCount(1);
  await context.close();
});

test("in a page that is being translated, counts and headings follow", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await anna.create(org.root, "folder", "Alpha");
  await anna.create(org.root, "folder", "Beta");
  await page.goto(`/o/${org.org_id}/drive`);
  const toolbar = page.getByRole("toolbar", { name: "Selection" });
  await page.getByRole("checkbox", { name: "Select Alpha", exact: true }).check();
  await expect(toolbar.locator("[aria-live]")).toHaveText("1 selected");
  await page.evaluate(changes["every text translated"] ?? (() => undefined));
  await expect(toolbar.locator("[aria-live]")).toHaveText("«1 selected»");
  await page.getByRole("checkbox", { name: "Select Beta", exact: true }).check();
  await expect(toolbar.locator("[aria-live]")).toHaveText("2 selected");
});
