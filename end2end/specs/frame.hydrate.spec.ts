// What surrounds every page, in a browser with WebAssembly: titles, focus after dialogs, narrow and low windows, slow lines.
import { expect, hydrated, test } from "../support/fixture";
import { Person } from "../support/api";
import { signIn, welcome } from "../support/pages";

const LONG = "Donaudampfschifffahrtsgesellschaft";

test("M4 a tab says which part of which organization it shows, and has its colour", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  const folder = await anna.create(org.root, "folder", "Gotthard");
  const titles: [string, string][] = [
    [`/o/${org.org_id}`, `${org.name} · Commonhold`],
    [`/o/${org.org_id}/drive`, `Drive · ${org.name} · Commonhold`],
    [`/o/${org.org_id}/drive/${folder.id}`, `Gotthard · ${org.name} · Commonhold`],
    [`/o/${org.org_id}/people`, `People · ${org.name} · Commonhold`],
    [`/o/${org.org_id}/settings`, `Organization settings · ${org.name} · Commonhold`],
    [`/o/${org.org_id}/drive/trash`, `Trash · ${org.name} · Commonhold`],
    ["/account", "Profile · Commonhold"],
    ["/", `Welcome, ${anna.firstName} · Commonhold`],
  ];
  for (const [path, title] of titles) {
    // As the server says it, and as the browser leaves it.
    const html = await (await page.request.get(path)).text();
    expect(html, path).toContain(`<title>${title}</title>`);
    await page.goto(path);
    await expect(page, path).toHaveTitle(title);
  }
  await page.goto(`/o/${org.org_id}/drive/${folder.id}`);
  const icon = page.locator("link[rel=icon]");
  await expect(icon).toHaveAttribute("href", /^data:image\/svg\+xml,/);
  await page.getByRole("link", { name: "Home", exact: true }).click();
  await expect(page).toHaveTitle(`${org.name} · Commonhold`);
  await page.goto("/");
  await expect(icon).toHaveAttribute("href", "/favicon.svg");
});

test("after Esc in a dialog that came with its page, the focus is at the link that opens it, or on the heading", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await page.goto(`/o/${org.org_id}/billing?dialog=contact`);
  await page.reload();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Add contact", exact: true })).toBeFocused();
  await page.goto(`/o/${org.org_id}/people?dialog=invite&email=eve@example.com`);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.locator("body")).not.toBeFocused();
});

test("B8 at 400 % zoom a dialog scrolls as a whole, and its fields can be seen", async ({ page, anna }) => {
  await page.setViewportSize({ width: 320, height: 256 });
  const org = await anna.organization("Alpine Survey");
  for (const path of [`people?dialog=invite`, `billing?dialog=contact-sales`, `drive?dialog=new-folder`]) {
    await page.goto(`/o/${org.org_id}/${path}`);
    const dialog = page.locator("dialog:modal");
    await expect(dialog).toBeVisible();
    // The first field has room, and the buttons are reached by scrolling.
    const field = dialog.locator("input:not([type=hidden]):not([readonly]), textarea, select").first();
    await field.scrollIntoViewIfNeeded();
    const seen = await field.evaluate((field) => {
      const box = field.getBoundingClientRect();
      const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height, 30) / 2);
      return field === at || field.contains(at);
    });
    expect(seen, path).toBe(true);
    const footer = await dialog.locator("footer").evaluate((footer) => footer.getBoundingClientRect().height);
    const room = await dialog.evaluate((dialog) => ({ shown: dialog.clientHeight, all: dialog.scrollHeight, wide: dialog.scrollWidth - dialog.clientWidth }));
    expect(room.all - footer, path).toBeGreaterThan(0);
    expect(room.wide, path).toBeLessThanOrEqual(0);
    await dialog.locator("footer button").last().scrollIntoViewIfNeeded();
    await expect(dialog.locator("footer button").last()).toBeInViewport();
    expect(await dialog.evaluate((dialog) => getComputedStyle(dialog).overflowY)).toBe("auto");
  }
});

test("B13 on a slow line the card stays, with its button pending, until the next page has come", async ({ page, browser, baseURL }) => {
  const anna = await new Person(page.request).signUp();
  const context = await browser.newContext(baseURL ? { baseURL } : {});
  const other = await context.newPage();
  await other.goto("/signin");
  await hydrated(other);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = 0;
  await other.route(/split_welcome|deleted_organizations/, async (route) => {
    asked += 1;
    await held;
    await route.continue();
  });
  await signIn(other, anna.email, anna.password);
  await expect.poll(() => asked).toBeGreaterThan(0);
  const button = other.getByRole("main").getByRole("button", { name: "Sign in", exact: true });
  for (let look = 0; look < 10; look += 1) {
    await expect(button).toBeVisible();
    await expect(button).toHaveAttribute("aria-busy", "true");
    await expect(other.getByRole("main").getByLabel("Email")).toHaveValue(anna.email);
    await other.waitForTimeout(50);
  }
  release();
  await expect(welcome(other, anna.firstName)).toBeVisible();
  await context.close();
});

test("B14 what is behind a dialog is dim to the edge of the window", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.goto(`/o/${org.org_id}/billing?dialog=contact`);
    const shot = await page.screenshot({ clip: { x: 1220, y: 700, width: 60, height: 2 } });
    const pixels = await page.evaluate(async (data) => {
      const image = new Image();
      image.src = `data:image/png;base64,${data}`;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      const drawing = canvas.getContext("2d", { willReadFrequently: true });
      if (!drawing) throw new Error("no canvas");
      drawing.drawImage(image, 0, 0);
      const at = (x: number) => [...drawing.getImageData(x, 1, 1, 1).data];
      return [at(2), at(image.width - 2)];
    }, shot.toString("base64"));
    const [page_, edge] = pixels as [number[], number[]];
    page_.forEach((channel, index) => expect(Math.abs(channel - (edge[index] ?? 0)), `${colorScheme} ${pixels}`).toBeLessThanOrEqual(2));
  }
});

test("a word of 34 letters makes no page scroll sideways at 320 px", async ({ page, anna }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  const org = await anna.organization(LONG);
  const folder = await anna.create(org.root, "folder", LONG);
  const flight = await anna.create(org.root, "dataset", `${LONG}${LONG}`, 10);
  await anna.post(`/orgs/${org.org_id}/billing/contacts`, { name: LONG, email: `${LONG}@example.com` });
  await anna.post(`/resources/${(await anna.create(org.root, "folder", `${LONG} old`)).id}/trash`, {});
  await anna.patch("/me", { first_name: LONG, last_name: LONG });
  const at = `/o/${org.org_id}`;
  const pages = [
    "/", "/account", "/account/security", "/account/privacy", at, `${at}/drive`, `${at}/drive/${folder.id}`, `${at}/drive/${flight.id}`, `${at}/drive/trash`,
    `${at}/people`, `${at}/people/invitations`, `${at}/roles`, `${at}/activity`, `${at}/licences`, `${at}/billing`, `${at}/seats`, `${at}/loans`,
    `${at}/settings`, `${at}/settings/details`, `${at}/settings/accounts`, `${at}/settings/danger`, `${at}/transfers`,
    `${at}/drive?dialog=rename&item=${folder.id}`, `${at}/drive?dialog=move&item=${folder.id}`, `${at}/settings/danger?dialog=delete`,
  ];
  for (const path of pages) {
    await page.goto(path);
    const over = await page.evaluate(() => {
      const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
      const outside = [...document.querySelectorAll("main *")].filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1 && getComputedStyle(element).position !== "absolute");
      return { wide, first: wide > 0 ? outside.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) : [] };
    });
    expect.soft(over, path).toEqual({ wide: 0, first: [] });
  }
});

test("U2 what is destructive is red: a border is not mixed through purple", async ({ page, anna }) => {
  const org = await anna.organization("Alpine Survey");
  await anna.organization("Another");
  await page.goto(`/o/${org.org_id}/settings/danger`);
  const redness = await page.locator(".risk").first().evaluate((risk) => {
    const canvas = document.createElement("canvas").getContext("2d");
    if (!canvas) throw new Error("no canvas");
    canvas.fillStyle = getComputedStyle(risk).borderTopColor;
    canvas.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return { overGreen: red - green, overBlue: red - blue };
  });
  expect(redness.overGreen).toBeGreaterThan(20);
  expect(redness.overBlue).toBeGreaterThan(20);
  const tone = (name: string) => page.getByRole("link", { name, exact: true }).evaluate((button) => {
    const { color, backgroundColor } = getComputedStyle(button);
    return { color, backgroundColor };
  });
  const here = await tone("Delete organization");
  await page.goto("/account/privacy");
  const privacy = page.getByRole("button", { name: "Delete my account", exact: true }).or(page.getByRole("link", { name: "Delete my account", exact: true }));
  expect(await privacy.evaluate((button) => getComputedStyle(button).color)).toBe(here.color);
});
