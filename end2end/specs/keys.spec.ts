// Credential keys (AUTH-6), a part of the settings.
import { expect, test } from "../support/fixture";
import { status } from "../support/pages";

test("AUTH-6 a key is made, its secret is shown once and works, and it is revoked", async ({ page, anna }) => {
  const org = await anna.organization("Nordic Survey");
  await page.goto(`/o/${org.org_id}/settings/keys`);
  await expect(page.getByRole("main")).toContainText("No credential keys yet.");
  await page.getByRole("link", { name: "New key", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "New key" });
  await dialog.getByLabel("Name").fill("Render farm");
  await dialog.getByRole("button", { name: "Create key", exact: true }).click();
  await expect(dialog.getByRole("group", { name: "Permissions" })).toContainText("Choose at least one permission.");
  await dialog.getByLabel("Read everything in the account").check();
  await dialog.getByRole("button", { name: "Create key", exact: true }).click();
  await expect(status(page)).toContainText("Created the key “Render farm”");
  const [id, secret] = await Promise.all(["Client ID", "Client secret"].map((name) => page.getByRole("textbox", { name, exact: true }).inputValue()));
  const answer = await page.request.post("/oauth/token", { form: { grant_type: "client_credentials", client_id: id ?? "", client_secret: secret ?? "" } });
  expect(answer.status()).toBe(200);
  const { access_token } = (await answer.json()) as { access_token: string };
  const ask = () => page.request.get(`/api/v1/orgs/${org.org_id}/licences`, { headers: { Authorization: `Bearer ${access_token}` } });
  expect((await ask()).status()).toBe(200);

  await page.reload();
  await expect(page.getByRole("textbox", { name: "Client secret", exact: true })).toHaveCount(0);
  await expect(page.getByRole("list", { name: "Credential keys" })).toContainText("just now");
  await page.getByRole("link", { name: "Revoke Render farm" }).click();
  await page.getByRole("dialog", { name: "Revoke" }).getByRole("button", { name: "Revoke", exact: true }).click();
  await expect(status(page)).toContainText("Revoked the key");
  await expect(page.getByRole("main")).toContainText("No credential keys yet.");
  expect((await ask()).status()).toBe(401);
});
