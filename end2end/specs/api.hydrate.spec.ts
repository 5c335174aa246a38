// The REST API for programs of others: its document is validated, clients are made from it by others' tools and used, and its page
// shows it. None of it needs a browser but the page.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, watch } from "../support/fixture";
import { root } from "../support/operator";

const run = promisify(execFile);
const python = join(root, "target/tools/python/bin/python");

test("API-1 AUTH-6 clients made from the OpenAPI document sign in with a key and list a folder", async ({ page, anna, baseURL }) => {
  test.slow();
  const org = await anna.organization("Alpine Survey");
  await page.goto(`/o/${org.org_id}/settings/keys?dialog=new-key`);
  const dialog = page.getByRole("dialog", { name: "New key" });
  await dialog.getByLabel("Name").fill("Importer");
  await dialog.getByLabel("Read everything in the account").check();
  await dialog.getByLabel("Change the account’s Drive").check();
  await dialog.getByRole("button", { name: "Create key", exact: true }).click();
  const [id, secret] = await Promise.all(["Client ID", "Client secret"].map((name) => page.getByRole("textbox", { name, exact: true }).inputValue()));
  const folder = join(root, "target/end2end/clients", org.org_id);
  mkdirSync(folder, { recursive: true });
  const args = [baseURL ?? "", id ?? "", secret ?? "", org.org_id, folder];

  const typescript = await run(process.execPath, [join(root, "end2end/client/check.mjs"), ...args]);
  expect(JSON.parse(typescript.stdout)).toEqual(["By TypeScript"]);
  await page.goto(`/o/${org.org_id}/activity`);
  await expect(page.getByRole("main")).toContainText("Importer (key)");

  test.skip(!existsSync(python), "openapi-python-client is not here: scripts/setup test says why. The TypeScript client was tried.");
  const made = await run(python, [join(root, "end2end/client/check.py"), ...args]);
  expect(JSON.parse(made.stdout)).toEqual(["By Python", "By TypeScript"]);
});

test("API-1 the page of the API shows the document, from our own files alone", async ({ browser, baseURL }) => {
  // No page of ours that is hydrated: the script is Swagger UI's.
  const page = await browser.newPage(baseURL ? { baseURL } : {});
  const problems = watch(page, false);
  const foreign: string[] = [];
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && hostname !== "localhost") foreign.push(request.url());
  });
  const answer = await page.goto("/api/docs");
  expect(answer?.headers()["content-security-policy"]).toContain("script-src 'self';");
  expect(answer?.headers()["content-security-policy"]).not.toContain("unsafe-inline");
  await expect(page.getByRole("heading", { name: /^Commonhold/ })).toBeVisible();
  // Swagger UI draws only the part of a long list that is in view, so what is further down has to be scrolled to.
  for (const path of ["/api/v1/me", "/api/v1/orgs/{org}", "/oauth/token"]) {
    const row = page.getByText(path, { exact: true }).first();
    await expect(async () => {
      await page.mouse.wheel(0, 600);
      await expect(row).toBeVisible({ timeout: 100 });
    }).toPass();
    await page.evaluate(() => window.scrollTo(0, 0));
  }
  expect([...foreign, ...problems]).toEqual([]);
  await page.close();
});
