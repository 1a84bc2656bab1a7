import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";

import { Scene, type SceneTimer } from "../world/scene";
import { expect, test } from "../world/test";

// Compares the screens with the pictures in baselines/. "make baselines" draws new
// pictures.
const folder = "baselines";

const timer: SceneTimer = { issue_key: "PORTAL-312", summary: "Search by order number ignores leading zeros", comment: "Review findings", since: 96 };
const other: SceneTimer = { issue_key: "OPS-61", summary: "Disk alerts on the log cluster", comment: "On call", since: 140 };

interface Look {
  timers?: SceneTimer[];
  loggedOut?: true;
  width?: number;
  height?: number;
  colorScheme?: "dark";
  forcedColors?: "active";
  offline?: true;
  /** Shows this day of the week. */
  day?: RegExp;
}

const looks: Record<string, Look> = {
  login: { loggedOut: true },
  idle: { timers: [{ ...timer, stopped: 4 }] },
  running: { timers: [timer] },
  "running-dark": { timers: [timer], colorScheme: "dark" },
  several: { timers: [timer, other], height: 760 },
  "on-hold": { timers: [{ ...timer, on_hold: true }], height: 260 },
  offline: { timers: [timer], offline: true, height: 260 },
  "running-320": { timers: [timer], width: 320, height: 900 },
  days: { timers: [timer], height: 620, day: /^Wed/ },
  "forced-colours": { timers: [timer, other], forcedColors: "active" },
};

/** Waits until everything in the picture is there. */
async function settle(page: Page): Promise<void> {
  await expect(page.getByRole("region", { name: "Recent" }).getByRole("link")).not.toHaveCount(0);
  await expect(page.getByRole("button", { name: /Linh Tran/ })).toBeVisible();
  await expect(page.getByRole("heading", { name: "This week" })).toBeAttached();
}

async function compare(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await expect(page).toHaveScreenshot(`${name}.png`);
}

for (const [name, { timers = [], loggedOut, width = 1024, height = 640, colorScheme, forcedColors, offline, day }] of Object.entries(looks)) {
  test(`looks as before: ${name}`, async ({ web }) => {
    const scene = new Scene(timers, !loggedOut);
    const { page } = await web({ prepare: (context) => scene.prepare(context), width, height, ...(colorScheme && { colorScheme }) });
    if (forcedColors) await page.emulateMedia({ forcedColors });
    if (loggedOut) await expect(page.getByLabel("Username")).toBeFocused();
    else await settle(page);
    if (day) {
      await page.getByRole("table").getByRole("button", { name: day }).click();
      await page.getByRole("button", { name: "Download as CSV" }).scrollIntoViewIfNeeded();
    }
    if (offline) {
      await scene.fail(page);
      await expect(page.getByText("Offline since 10:30").first()).toBeVisible();
      await expect(page.getByText("Last known at 10:30")).toBeVisible();
    }
    await compare(page, name);
  });
}

for (const [name, timers] of Object.entries({ "desktop-running": [timer], "desktop-idle": [] })) {
  test(`looks as before: ${name}`, async ({ desktopWindow }) => {
    const scene = new Scene(timers, false);
    const screen = await desktopWindow({ prepare: (context) => scene.prepare(context) });
    await screen.page.getByLabel("Username").fill("linh");
    await screen.page.getByLabel("Password").fill("x");
    await screen.page.keyboard.press("Enter");
    await expect(screen.heading).toContainText(timers.length > 0 ? "PORTAL-312" : "Nothing is running");
    await expect(screen.page.getByRole("region", { name: "Recent" }).getByRole("link")).not.toHaveCount(0);
    await compare(screen.page, name);
  });
}

test("the baselines are small, and each belongs to a test", () => {
  const names = [...Object.keys(looks), "desktop-running", "desktop-idle"].map((name) => `${name}.png`);
  expect(readdirSync(folder).sort()).toEqual(names.sort());
  expect(names.map((name) => statSync(join(folder, name)).size).reduce((sum, size) => sum + size)).toBeLessThan(700_000);
});
