import { defineConfig } from "@playwright/test";

import { settings } from "./world/settings";

// All tests share one server and one Clockwork, so they run one after another.
export default defineConfig({
  testDir: process.env["PICTURES"] ? "pictures" : "tests",
  workers: 1,
  forbidOnly: true,
  timeout: 180_000,
  expect: {
    timeout: 30_000, // a client may wait 15 s before it retries
    toHaveScreenshot: { maxDiffPixelRatio: 0.0005 },
  },
  snapshotPathTemplate: "baselines/{arg}{ext}",
  updateSnapshots: "none",
  reporter: [["list"]],
  outputDir: "test-results",
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1280, height: 900 },
    launchOptions: {
      executablePath: settings.chromium,
      args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
