import { Person } from "../support/api";
import { expect, test } from "../support/fixture";
import { alert, problemOf, signIn, welcome } from "../support/pages";

test("AUTH-1 signing up leads to a page of one's own, signed in", async ({ page }) => {
  const anna = new Person(page.request);
  await page.goto("/");
  await page.getByRole("main").getByRole("link", { name: "Sign up", exact: true }).click();
  await expect(page).toHaveURL(/\/signup/);
  await page.getByLabel("First name").fill(anna.firstName);
  await page.getByLabel("Last name").fill(anna.lastName);
  await page.getByLabel("Email").fill(anna.email);
  await page.getByLabel("Password").fill(anna.password);
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await expect(welcome(page, anna.firstName)).toBeVisible();
  await expect(page.getByRole("button", { name: "Organization switcher" })).toBeVisible();
});

test("AUTH-1 a weak password and an address in use are said at their fields, and what was typed stays", async ({ page, someoneElse }) => {
  const { person: ben } = await someoneElse("Ben");
  await page.goto("/signup");
  await page.getByLabel("First name").fill("Anna");
  await page.getByLabel("Last name").fill("Berg");
  await page.getByLabel("Email").fill(ben.email.toUpperCase());
  await page.getByLabel("Password").fill("password1234");
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await expect(await problemOf(page.getByLabel("Password"))).toContainText("easy to guess");
  await expect(page.getByLabel("First name")).toHaveValue("Anna");
  await expect(page.getByLabel("Email")).toHaveValue(ben.email.toUpperCase());

  await page.getByLabel("Password").fill("quarry-lantern-teaspoon");
  await page.getByRole("button", { name: "Sign up", exact: true }).click();
  await expect(await problemOf(page.getByLabel("Email"))).toContainText("An account with this email already exists");
});

test("AUTH-3 signing out and in again; whatever is wrong, one thing is said", async ({ page, anna }) => {
  await page.goto("/");
  const person = page.getByRole("button", { name: new RegExp(`${anna.firstName} ${anna.lastName}`) });
  const signOut = page.getByRole("button", { name: "Sign out", exact: true });
  if (!(await signOut.isVisible())) await person.click();
  await signOut.filter({ visible: true }).click();
  await expect(page.getByRole("link", { name: "Sign in", exact: true }).first()).toBeVisible();

  for (const [email, password] of [
    [anna.email, "not-the-password"],
    ["nobody@example.com", anna.password],
  ] as const) {
    await page.goto("/signin");
    await signIn(page, email, password);
    await expect(alert(page)).toContainText("Wrong email or password.");
    await expect(page.getByLabel("Email")).toHaveValue(email);
    await expect(page.getByLabel("Password")).toHaveValue("");
  }

  await signIn(page, anna.email.toUpperCase(), anna.password);
  await expect(welcome(page, anna.firstName)).toBeVisible();
});

test("AUTH a page that needs signing in comes back after it; another site never does", async ({ page, anna, context }) => {
  const table = await anna.organization("Table");
  await context.clearCookies();
  await page.goto(`/o/${table.org_id}/drive?sort=-modified_at`);
  await expect(page).toHaveURL(/\/signin\?next=/);
  await signIn(page, anna.email, anna.password);
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}/drive\\?sort=-modified_at$`));

  for (const elsewhere of ["//example.com", "/\\example.com", "https:example.com", "https://example.com/"]) {
    await context.clearCookies();
    await page.goto(`/signin?next=${encodeURIComponent(elsewhere)}`);
    await signIn(page, anna.email, anna.password);
    await expect(welcome(page, anna.firstName)).toBeVisible();
    expect(new URL(page.url()).hostname).toBe("localhost");
  }
});
