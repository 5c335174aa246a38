// The pages in the words of ux.md ("Words on things"): found by role and accessible name, as people with a screen reader
// find them.
import { expect, type Locator, type Page } from "@playwright/test";
import type { Kind, Organization } from "./api";

/** 20000 → "20,000", as pages write numbers. */
export const shown = (number: number): string => number.toLocaleString("en-US");

/** A section of a page, named by its heading. */
export const section = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

/** The heading of the welcome page for somebody who has first steps to take (ORG-9). */
export const welcome = (page: Page, firstName: string): Locator => page.getByRole("heading", { level: 1, name: `Welcome, ${firstName}`, exact: true });

export const alert = (page: Page): Locator => page.getByRole("alert");
export const status = (page: Page): Locator => page.getByRole("status");

/** The message under a field: what the field says describes it. */
export async function problemOf(field: Locator): Promise<Locator> {
  await expect(field).toHaveAttribute("aria-invalid", "true");
  const ids = (await field.getAttribute("aria-describedby")) ?? "";
  expect(ids, "the field names its message").not.toBe("");
  return field.page().locator(ids.split(/\s+/).map((id) => `[id="${id}"]`).join(","));
}

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  const main = page.getByRole("main");
  await main.getByLabel("Email").fill(email);
  await main.getByLabel("Password").fill(password);
  await main.getByRole("button", { name: "Sign in", exact: true }).click();
}

/** The organization switcher of the page. */
export class Switcher {
  readonly button: Locator;

  constructor(readonly page: Page) {
    this.button = page.getByRole("button", { name: "Organization switcher" }).first();
  }

  /** Opens the menu; its entry for an organization. */
  async entry(name: string): Promise<Locator> {
    await this.button.click();
    return this.page.getByRole("link", { name: new RegExp(`\\b${name}\\b`) }).filter({ visible: true }).first();
  }
}

export class Drive {
  readonly grid: Locator;

  constructor(readonly page: Page) {
    this.grid = page.getByRole("grid", { name: "Drive" });
  }

  async open(org: Organization, container = ""): Promise<void> {
    await this.page.goto(`/o/${org.org_id}/drive${container === "" ? "" : `/${container}`}`);
  }

  row(name: string): Locator {
    return this.grid.getByRole("row", { name, exact: true });
  }

  /** Follows the link on a row's name. */
  async enter(name: string): Promise<void> {
    await this.row(name).getByRole("link", { name, exact: true }).click();
    await expect(this.page.getByRole("navigation", { name: "Breadcrumb" }).locator("[aria-current=page]")).toHaveText(name);
  }

  async select(...names: string[]): Promise<void> {
    for (const name of names) await this.grid.getByRole("checkbox", { name: `Select ${name}`, exact: true }).check();
  }

  /** Opens a dialog of the menu "New". */
  async dialogNew(kind: Kind): Promise<Locator> {
    const words = `New ${kind}`;
    await this.page.getByRole("button", { name: "New", exact: true }).click();
    await this.page.getByRole("link", { name: words, exact: true }).filter({ visible: true }).click();
    const dialog = this.page.getByRole("dialog", { name: words, exact: true });
    await expect(dialog).toBeVisible();
    return dialog;
  }

  async create(kind: Kind, name: string, images?: number): Promise<void> {
    const dialog = await this.dialogNew(kind);
    await dialog.getByLabel("Name", { exact: true }).fill(name);
    if (images !== undefined) await dialog.getByLabel("Images").fill(String(images));
    await dialog.getByRole("button", { name: "Create", exact: true }).click();
    await expect(this.row(name)).toBeVisible();
    await expect(dialog).toBeHidden();
  }

  /** Opens a row's menu and takes one of its entries. */
  async more(name: string, entry: string): Promise<void> {
    await this.row(name).getByRole("button", { name: `More options for ${name}`, exact: true }).click();
    const words = { name: entry, exact: true };
    await this.page.getByRole("link", words).or(this.page.getByRole("button", words)).filter({ visible: true }).last().click();
  }

  async rename(from: string, to: string): Promise<Locator> {
    await this.more(from, "Rename");
    const dialog = this.page.getByRole("dialog", { name: "Rename", exact: true });
    await dialog.getByLabel("Name", { exact: true }).fill(to);
    await dialog.getByRole("button", { name: "Rename", exact: true }).click();
    return dialog;
  }

  /** Selects, and opens "Move to" from the toolbar. */
  async moveTo(...names: string[]): Promise<MoveTo> {
    await this.select(...names);
    await this.page.getByRole("button", { name: "Move to", exact: true }).filter({ visible: true }).first().click();
    const dialog = new MoveTo(this.page);
    await expect(dialog.dialog).toBeVisible();
    return dialog;
  }
}

/** The dialog "Move to". */
export class MoveTo {
  readonly dialog: Locator;
  readonly moveHere: Locator;

  constructor(readonly page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Move to", exact: true });
    this.moveHere = this.dialog.getByRole("button", { name: "Move here", exact: true });
  }

  async switchTo(org: Organization): Promise<void> {
    await this.dialog.getByRole("button", { name: "Organization switcher" }).click();
    await this.dialog.getByRole("link", { name: new RegExp(`\\b${org.name}\\b`) }).filter({ visible: true }).click();
    await expect(this.dialog.getByRole("button", { name: "Organization switcher" })).toContainText(org.name);
  }

  /** Goes into a folder. */
  async enter(name: string): Promise<void> {
    await this.dialog.getByRole("link", { name, exact: true }).click();
    await expect(this.dialog.locator("[aria-current]").filter({ hasText: name }).last()).toBeVisible();
  }

  /** Makes a folder here, and goes into it. */
  async newFolder(name: string): Promise<void> {
    const words = { name: "New folder", exact: true };
    await this.dialog.getByRole("link", words).or(this.dialog.getByRole("button", words)).first().click();
    await this.dialog.getByLabel("Name", { exact: true }).fill(name);
    await this.dialog.getByRole("button", { name: "Create", exact: true }).click();
    await expect(this.dialog.getByText(name, { exact: true }).first()).toBeVisible();
  }
}

/** The dialog "Manage access". */
export class Access {
  readonly dialog: Locator;
  readonly list: Locator;

  constructor(readonly page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Manage access", exact: true });
    this.list = this.dialog.getByRole("list", { name: "People with access" });
  }

  row(name: string): Locator {
    return this.list.getByRole("listitem").filter({ hasText: name });
  }

  async give(whom: string, level: string): Promise<void> {
    await this.dialog.getByLabel("Email").fill(whom);
    await this.dialog.getByLabel("Level", { exact: true }).selectOption(level);
    await this.dialog.getByRole("button", { name: "Give access", exact: true }).click();
    await expect(this.row(whom)).toBeVisible();
  }

  /** Without JavaScript there is a button to save it. */
  async setLevel(name: string, level: string): Promise<void> {
    await this.dialog.getByLabel(`Level of ${name}`, { exact: true }).selectOption(level);
    const save = this.dialog.getByRole("button", { name: `Save the level of ${name}`, exact: true });
    if (await save.isVisible()) await save.click();
  }

  async remove(name: string): Promise<void> {
    await this.dialog.getByRole("button", { name: `Remove ${name}`, exact: true }).click();
  }
}

/** The dialog that asks before a transfer, or says what is in the way of it. */
export class Confirmation {
  readonly dialog: Locator;
  readonly button: Locator;
  readonly blockers: Locator;

  constructor(readonly page: Page) {
    this.dialog = page.getByRole("dialog", { name: "Confirm transfer", exact: true });
    this.button = this.dialog.getByRole("button", { name: "Confirm transfer", exact: true });
    this.blockers = page.getByRole("list", { name: "What is in the way" });
  }
}
