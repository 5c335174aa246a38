// Pictures of every page for people to look at: scripts/screenshots. Not part of the tests.
import { expect, test } from "../support/fixture";
import { inside, outside, settled } from "../support/places";

const looks = [
  { look: "wide", width: 1280, height: 800, colorScheme: "light" },
  { look: "wide-dark", width: 1280, height: 800, colorScheme: "dark" },
  { look: "phone", width: 390, height: 844, colorScheme: "light" },
  { look: "phone-dark", width: 390, height: 844, colorScheme: "dark" },
] as const;

for (const { look, width, height, colorScheme } of looks) {
  test.describe(look, () => {
    test.use({ viewport: { width, height }, colorScheme });

    test("before signing in", async ({ page }) => {
      for (const { name, path } of outside) {
        await page.goto(path);
        await settled(page);
        await page.screenshot({ path: `../target/screenshots/${name}.${look}.png`, fullPage: true });
      }
    });

    test("after signing in", async ({ page, anna }) => {
      test.setTimeout(180_000);
      for (const { name, path } of await inside(anna)) {
        const response = await page.goto(path);
        expect.soft(response?.status(), path).toBeLessThan(500);
        await settled(page);
        await page.screenshot({ path: `../target/screenshots/${name}.${look}.png`, fullPage: !name.startsWith("dialog") });
      }
    });
  });
}
