import { Person } from "../support/api";
import { expect, test } from "../support/fixture";
import { linkTo, mailTo } from "../support/inbox";
import { alert, problemOf, section, signIn, status, welcome } from "../support/pages";

const NEW = "teaspoon-harbour-violet";

test("AUTH-2 an address is verified by a mailed link, with a button", async ({ page, request }) => {
  const anna = await new Person(page.request).signUp({ verified: false });
  await page.goto("/account");
  const reminder = section(page, "Verify your email");
  await expect(reminder).toContainText(anna.email);
  await reminder.getByRole("button", { name: "Send again", exact: true }).click();
  // The one of signing up was sent less than a minute ago.
  await expect(alert(page).or(reminder).first()).toBeVisible();

  const link = await linkTo(request, anna.email, "/verify");
  await page.goto(link);
  await page.reload();
  await page.getByRole("button", { name: "Verify email", exact: true }).click();
  await expect(page).not.toHaveURL(/\/verify/);
  await expect(status(page).first()).toContainText("Your email address is verified.");
  await page.goto("/account");
  await expect(reminder).toBeHidden();
  await page.goto(link);
  await expect(alert(page)).toContainText("This link has already been used.");
  await page.goto("/verify?token=nonsense");
  await expect(alert(page)).toContainText("incomplete");
});

test("AUTH-5 a forgotten password is set anew by a mailed link", async ({ page, anna, request, context }) => {
  await context.clearCookies();
  await page.goto("/signin");
  await page.getByRole("link", { name: "Forgot password?", exact: true }).click();
  await expect(page).toHaveURL(/\/forgot$/);
  for (const email of ["nobody@example.com", anna.email]) {
    await page.goto("/forgot");
    await page.getByLabel("Email").fill(email);
    await page.getByRole("button", { name: "Send link", exact: true }).click();
    await expect(page.getByText("If an account uses that address")).toBeVisible();
    expect(page.url(), "the address of the page says nothing").not.toContain(encodeURIComponent(email));
  }
  const link = await linkTo(request, anna.email, "/reset");
  await page.goto(link);
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Set password", exact: true }).click();
  await expect(await problemOf(page.getByLabel("Password"))).toContainText("at least 12 characters");
  await page.getByLabel("Password").fill(NEW);
  await page.getByRole("button", { name: "Set password", exact: true }).click();
  await expect(page).toHaveURL(/\/signin$/);
  await expect(status(page).first()).toContainText("Your password is set.");
  await signIn(page, anna.email, NEW);
  await expect(welcome(page, anna.firstName)).toBeVisible();
  await page.goto(link);
  await expect(alert(page)).toContainText("This link has already been used.");
});

test("AUTH-4 a new password ends the session in the other browser", async ({ page, anna, someoneElse, request }) => {
  const { page: other } = await someoneElse("Ben");
  await other.context().clearCookies();
  await other.goto("/signin");
  await signIn(other, anna.email, anna.password);
  await expect(welcome(other, anna.firstName)).toBeVisible();

  await page.goto("/account/security");
  const form = section(page, "Change password");
  await form.getByLabel("Current password").fill("not-the-password");
  await form.getByLabel("New password").fill(NEW);
  await form.getByRole("button", { name: "Change password", exact: true }).click();
  await expect(await problemOf(form.getByLabel("Current password"))).toContainText("This is not your password.");
  await form.getByLabel("Current password").fill(anna.password);
  await form.getByLabel("New password").fill(NEW);
  await form.getByRole("button", { name: "Change password", exact: true }).click();
  await expect(status(page).first()).toContainText("Your password is changed.");
  await page.goto("/account");
  await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
  await other.goto("/account");
  await expect(other).toHaveURL(/\/signin/);
  expect((await mailTo(request, anna.email)).length).toBeGreaterThanOrEqual(2);
});

test("AUTH-4 sessions are listed, and ended one by one or all", async ({ page, anna, someoneElse }) => {
  const { page: other } = await someoneElse("Ben");
  const sessions = page.getByRole("list", { name: "Sessions" });
  for (const how of ["End", "End all other sessions"]) {
    await other.context().clearCookies();
    await other.goto("/signin");
    await signIn(other, anna.email, anna.password);
    await expect(welcome(other, anna.firstName)).toBeVisible();
    await page.goto("/account/security");
    await expect(sessions.getByRole("listitem")).toHaveCount(2);
    await expect(sessions.getByText("This device")).toHaveCount(1);
    await expect(sessions.getByRole("listitem").first()).toContainText(/Chrome on \w+/);
    await section(page, "Where you are signed in").getByRole("button", { name: how, exact: true }).click();
    await expect(sessions.getByRole("listitem")).toHaveCount(1);
    await other.goto("/account");
    await expect(other).toHaveURL(/\/signin/);
  }
});

test("SET-1 the profile is saved as it is changed, and says so", async ({ page, anna, javaScriptEnabled }) => {
  const table = await anna.organization("Table");
  await page.goto("/account");
  const save = async (): Promise<void> => {
    if (javaScriptEnabled ?? true) await page.keyboard.press("Tab");
    else await section(page, "About me").getByRole("button", { name: "Save", exact: true }).click();
    await expect(status(page).first()).toContainText("Saved");
  };
  await page.getByLabel("First name").fill("Annabel");
  await save();
  await expect(page.getByRole("link", { name: "My account, Annabel Berg" })).toBeAttached();
  await page.getByLabel("Default organization").selectOption({ label: table.name });
  await save();
  await page.getByLabel("Cluster location").selectOption({ label: "Asia Pacific (Tokyo)" });
  await save();
  await expect
    .poll(() => anna.get("/me"))
    .toMatchObject({ first_name: "Annabel", default_organization: table.id, cluster: "ap-northeast" });
  await page.reload();
  await expect(page.getByLabel("First name")).toHaveValue("Annabel");
  await expect(page.getByLabel("Cluster location")).toHaveValue("ap-northeast");

  await page.context().clearCookies();
  await page.goto("/signin");
  await signIn(page, anna.email, anna.password);
  await expect(page).toHaveURL(new RegExp(`/o/${table.org_id}$`));
});

test("SET-1 what is chosen while the choice before is being saved is kept and saved too", async ({
  page,
  anna,
  javaScriptEnabled,
}) => {
  test.skip(!(javaScriptEnabled ?? true), "without script a form is saved once, by its button");
  // The answer to a save is held back until its cluster location is released.
  const sent: (string | null)[] = [];
  const release = new Map<string | null, () => void>();
  const held = new Map<string | null, Promise<void>>();
  for (const location of ["ap-northeast", "us-east"]) {
    held.set(location, new Promise((resolve) => release.set(location, resolve)));
  }
  await page.route(/\/update_profile\d*(\?|$)/, async (route) => {
    const location = new URLSearchParams(route.request().postData() ?? "").get("cluster");
    sent.push(location);
    const response = await route.fetch();
    await held.get(location);
    await route.fulfill({ response });
  });
  await page.goto("/account");
  const cluster = page.getByLabel("Cluster location");
  await page.getByLabel("First name").fill("Annabel");
  await cluster.selectOption("ap-northeast");
  await expect.poll(() => sent).toContain("ap-northeast");
  await cluster.selectOption("us-east");

  // The first answer makes the page load its values again: the ones of the first save, as the second is under way.
  const reloaded = page.waitForResponse(/\/account_profile\d*(\?|$)/);
  release.get("ap-northeast")?.();
  await reloaded;
  await expect(page.getByRole("link", { name: "My account, Annabel Berg" })).toBeAttached();
  await expect.poll(() => sent).toContain("us-east");
  await page.getByLabel("Last name").fill("Bergman");
  await page.keyboard.press("Tab");
  await expect(cluster).toHaveValue("us-east");
  release.get("us-east")?.();
  await expect
    .poll(() => anna.get("/me"))
    .toMatchObject({ first_name: "Annabel", last_name: "Bergman", cluster: "us-east" });
  await expect(cluster).toHaveValue("us-east");
  await page.reload();
  await expect(page.getByLabel("Last name")).toHaveValue("Bergman");
  await expect(cluster).toHaveValue("us-east");
});

test("SET-1 another email counts once its link is used", async ({ page, anna, request }) => {
  const address = `new.${anna.email}`;
  await page.goto("/account");
  const form = section(page, "Email address");
  await form.getByLabel("Email").fill(address);
  await form.getByLabel("Password").fill(anna.password);
  await form.getByRole("button", { name: "Change email", exact: true }).click();
  await expect(status(page).first()).toContainText("We sent a link to the new address.");
  await expect(form).toContainText("Until then, your current address stays in use.");
  await page.goto(await linkTo(request, address, "/verify"));
  await page.getByRole("button", { name: "Verify email", exact: true }).click();
  await expect(form.getByLabel("Email")).toHaveValue(address);
  await expect(form).toContainText("Verified");
  expect((await mailTo(request, anna.email))[0]?.text).toContain(address);
});

test("SET-2 choices with Save, and everything about me to take along", async ({ page, anna }) => {
  await page.goto("/account/privacy");
  await expect(page.getByLabel("Usage statistics")).not.toBeChecked();
  await page.getByLabel("Product news").check();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(status(page).first()).toContainText("Saved");
  await page.reload();
  await expect(page.getByLabel("Product news")).toBeChecked();
  expect(await anna.get("/me/privacy")).toEqual({ usage_statistics: false, product_news: true });

  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export my data", exact: true }).click();
  expect((await coming).suggestedFilename()).toBe("commonhold-my-data.zip");
});

test("SET-2 ORG-3 deleting one's account, unless an organization would have no Owner", async ({ page, anna, request }) => {
  await page.goto("/account/privacy");
  await page.getByRole("link", { name: "Delete my account", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Delete my account", exact: true });
  await dialog.getByLabel("Email").fill("somebody@example.com");
  await dialog.getByLabel("Password").fill(anna.password);
  await dialog.getByRole("button", { name: "Delete my account", exact: true }).click();
  await expect(await problemOf(dialog.getByLabel("Email"))).toContainText("Type the email address of this account");

  const table = await anna.organization("Table");
  await page.goto("/account/privacy");
  await expect(page.getByRole("button", { name: "Delete my account", exact: true })).toBeDisabled();
  await expect(section(page, "Delete account")).toContainText(`last Owner of ${table.name}`);

  const ben = await page.request.post("/api/v1/signup", {
    headers: { "X-Requested-With": "commonhold" },
    data: { first_name: "Ben", last_name: "Berg", email: `ben.${anna.email}`, password: NEW },
  });
  expect(ben.status()).toBe(201);
  await page.goto("/account/privacy?dialog=delete");
  await dialog.getByLabel("Email").fill(`ben.${anna.email}`);
  await dialog.getByLabel("Password").fill(NEW);
  await dialog.getByRole("button", { name: "Delete my account", exact: true }).click();
  await expect(page.getByRole("link", { name: "Sign up", exact: true }).first()).toBeVisible();
  await page.goto("/signin");
  await signIn(page, `ben.${anna.email}`, NEW);
  await expect(alert(page)).toContainText("Wrong email or password.");
  expect((await mailTo(request, `ben.${anna.email}`)).length).toBeGreaterThanOrEqual(2);
});
