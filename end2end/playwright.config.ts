import { defineConfig, devices } from "@playwright/test";

// Every spec runs twice: with JavaScript, waiting for the page to be hydrated, and without, where the same forms and
// links must do the same. What needs WebAssembly by its nature is in *.hydrate.spec.ts.
const output = "../target/end2end";
// Two that test nothing: they take pictures (scripts/screenshots) and measure (scripts/measure).
const errands = ["screenshots", "measure"].filter((name) => process.env["COMMONHOLD_ERRAND"] !== name).map((name) => `**/${name}*`);

export default defineConfig({
  testDir: "specs",
  outputDir: `${output}/results`,
  globalSetup: "./support/server.ts",
  fullyParallel: true,
  forbidOnly: true,
  workers: 2,
  timeout: 90_000,
  // Machines that run this are shared: what fails once and then holds is reported as flaky, not hidden.
  retries: 1,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["html", { outputFolder: `${output}/report`, open: "never" }]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1280, height: 800 },
    baseURL: process.env["COMMONHOLD_E2E_URL"],
    locale: "en-GB",
    timezoneId: "UTC",
    actionTimeout: 10_000,
    navigationTimeout: 30_000,
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env["COMMONHOLD_CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", // Chromium refuses to run as root otherwise
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "hydrated", testIgnore: errands },
    {
      name: "without JavaScript",
      testIgnore: ["**/*.hydrate.spec.ts", ...errands],
      use: { javaScriptEnabled: false },
    },
  ],
});
