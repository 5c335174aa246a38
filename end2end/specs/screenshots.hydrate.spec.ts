// Pictures of every page for people to look at: scripts/screenshots. Not part of the tests.
import { expect, test } from "../support/fixture";
import { Drive } from "../support/pages";
import { inside, outside, settled } from "../support/places";

const looks = [
  { look: "wide", width: 1280, height: 800, colorScheme: "light" },
  { look: "wide-dark", width: 1280, height: 800, colorScheme: "dark" },
  { look: "phone", width: 390, height: 844, colorScheme: "light" },
  { look: "narrow", width: 320, height: 640, colorScheme: "light" },
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
      const places = await inside(anna);
      for (const { name, path } of places) {
        const response = await page.goto(path);
        expect.soft(response?.status(), path).toBeLessThan(500);
        await settled(page);
        await page.screenshot({ path: `../target/screenshots/${name}.${look}.png`, fullPage: !name.startsWith("dialog") });
      }

      // What only opens by hand.
      const shoot = async (name: string) => {
        await settled(page);
        await page.screenshot({ path: `../target/screenshots/${name}.${look}.png` });
      };
      const drive = new Drive(page);
      await page.goto(places.find(({ name }) => name === "drive")?.path ?? "/");
      await page.getByRole("button", { name: "More options for Bridge 7", exact: true }).click();
      await shoot("open-row-menu");
      await page.keyboard.press("Escape");
      await drive.select("Flight 1", "Tunnels");
      await shoot("open-selection");
      await page.getByRole("button", { name: "New", exact: true }).click();
      await shoot("open-new");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Organization switcher" }).click();
      await shoot("open-switcher");
      await page.keyboard.press("Escape");
      if (width < 720) {
        await page.getByRole("button", { name: "Menu", exact: true }).click();
        await shoot("open-rail");
        await page.keyboard.press("Escape");
      }
      await drive.rename("Bridge 7", "Tunnels");
      await page.getByRole("alert").waitFor();
      await shoot("open-refused");
      await page.goto(places.find(({ name }) => name === "drive")?.path ?? "/");
      await drive.rename("Bridge 7", "Bridge 8");
      await expect(drive.row("Bridge 8")).toBeVisible();
      await shoot("open-message");
    });
  });
}
