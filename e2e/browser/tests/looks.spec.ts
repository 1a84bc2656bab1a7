import { gzipSync } from "node:zlib";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { clockwork } from "../world/clockwork";
import type { Screen } from "../world/screen";
import { person } from "../world/settings";
import { mockTeam } from "../world/team";
import { expect, test } from "../world/test";

/** Saves a screenshot, and fails if axe finds serious problems. */
async function look(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: `screenshots/${name}.png`, fullPage: true, animations: "disabled" });
  const { violations } = await new AxeBuilder({ page }).analyze();
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`), name).toEqual([]);
}

/** Logs in, and waits until everything has loaded. */
async function enter(screen: Screen, username: string): Promise<void> {
  await screen.logIn(person(username));
  await screen.isLive();
  await expect(screen.page.getByRole("table", { name: "This week" })).toBeAttached();
}

/** Opens the address of the team, with a made-up team. */
async function openTeam(screen: Screen, people: number, { address = "/team", stale = false } = {}): Promise<void> {
  await mockTeam(screen.page, people, stale);
  await screen.page.goto(new URL(address, screen.page.url()).href);
  await screen.logIn(person("hannah"));
  await expect(screen.heading).toContainText("work now");
}

const states: Record<string, (screen: Screen) => Promise<void>> = {
  login: async () => {},
  "login-refused": async (screen) => {
    await screen.logIn(person("linh"), "wrong");
    await expect(screen.page.getByText("The username or the password is wrong.")).toBeVisible();
  },
  running: async (screen) => {
    await enter(screen, "linh");
    await expect(screen.heading).toContainText("PORTAL-312");
  },
  several: async (screen) => {
    await enter(screen, "tomasz");
    await expect(screen.page.getByRole("heading", { name: "Also running" })).toBeVisible();
  },
  stopped: async (screen) => {
    await enter(screen, "emily");
    await expect(screen.heading).toContainText("Nothing is running");
  },
  "on-hold": async (screen) => {
    await enter(screen, "aiko");
    await expect(screen.page.getByText("On hold", { exact: true })).toBeVisible();
  },
  searching: async (screen) => {
    await enter(screen, "emily");
    await screen.page.getByRole("combobox", { name: "Issue" }).fill("invoice");
    await expect(screen.page.getByRole("option").first()).toBeVisible();
  },
  connecting: async (screen) => {
    await enter(screen, "emily");
    await screen.start("BILL-209");
    await expect(screen.page.getByLabel("Clockwork API token")).toBeVisible();
  },
  "past-day": async (screen) => {
    await enter(screen, "emily");
    await screen.page.keyboard.press("[");
    await screen.page.getByRole("table").getByRole("button", { name: /^Wed/ }).click();
    await expect(screen.page.getByRole("region", { name: "Worklogs of the day" }).getByRole("listitem").first()).toBeVisible();
  },
  settings: async (screen) => {
    await enter(screen, "emily");
    await screen.page.locator("header button[aria-expanded]").click();
    await screen.page.getByRole("button", { name: "Working time and privacy" }).click();
    await expect(screen.page.getByRole("checkbox", { name: "Monday" })).toBeAttached();
  },
  account: async (screen) => {
    await enter(screen, "linh");
    await screen.page.locator("header button[aria-expanded]").click();
    await screen.page.getByRole("button", { name: "Sessions and tokens" }).click();
    await expect(screen.page.getByText("This one")).toBeVisible();
  },
  team: (screen) => openTeam(screen, 12),
  "team-stale": (screen) => openTeam(screen, 12, { stale: true }),
  "team-filtered": async (screen) => {
    await openTeam(screen, 12);
    await screen.page.getByRole("button", { name: /^MOB/ }).click();
    await screen.page.getByRole("searchbox", { name: "Find" }).fill("ann");
  },
  "team-refused": async (screen) => {
    await screen.page.goto(new URL("/team", screen.page.url()).href);
    await screen.logIn(person("linh"));
    await expect(screen.heading).toContainText("You cannot see the team");
  },
  "team-wall": (screen) => openTeam(screen, 12, { address: "/team?wall=1" }),
  ended: async (screen) => {
    await enter(screen, "linh");
    await screen.page.context().clearCookies();
    await screen.endSession();
    await expect(screen.page.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
  },
  offline: async (screen) => {
    await enter(screen, "linh");
    await screen.page.context().setOffline(true);
    await expect(screen.status).toContainText("Offline since");
  },
  stale: async (screen) => {
    const say = await screen.interceptWebSocket();
    await enter(screen, "linh");
    await say({ event: "freshness", payload: { synced_at: new Date(Date.now() - 13 * 60_000).toISOString(), stale: true } });
    await expect(screen.page.getByText("Clockwork last answered")).toBeVisible();
  },
  refused: async (screen) => {
    await enter(screen, "sofia");
    await clockwork.failOperation("clockwork.start_timer", 403);
    await screen.start("BILL-209");
    await screen.connectClockwork(person("sofia"));
    await expect(screen.page.getByRole("alert").filter({ hasText: /\S/ })).toBeVisible();
    await clockwork.clearFaults();
  },
};

for (const [state, reach] of Object.entries(states)) {
  test(`${state} is accessible, in light, in dark and on a phone`, async ({ web }) => {
    const screen = await web();
    const { page } = screen;
    await reach(screen);
    await look(page, `${state}-light`);
    await page.emulateMedia({ colorScheme: "dark" });
    await look(page, `${state}-dark`);
    await page.emulateMedia({ colorScheme: "light" });
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 740 });
      if (width === 360) await look(page, `${state}-${width}`);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(sideways, `nothing overflows at ${width} px`).toBeLessThanOrEqual(0);
    }
  });
}

test("the desktop's window is accessible", async ({ desktopWindow }) => {
  const screen = await desktopWindow();
  await look(screen.page, "desktop-login");
  await screen.logIn(person("linh"));
  await screen.isLive();
  await expect(screen.heading).toContainText("PORTAL-312");
  await look(screen.page, "desktop-running");
  const button = await screen.startButton.boundingBox();
  expect((button?.y ?? 999) + (button?.height ?? 0), "a start needs no scrolling").toBeLessThanOrEqual(560);
  await expect.poll(() => screen.page.evaluate(() => (window as unknown as { reports: { current: { issueKey: string } | null }[] }).reports.at(-1)?.current?.issueKey)).toBe("PORTAL-312");
});

test("the desktop's window shows the team, and goes back", async ({ desktopWindow }) => {
  const screen = await desktopWindow();
  await screen.logIn(person("hannah"));
  await screen.page.getByRole("button", { name: "Team" }).click();
  await expect(screen.page.getByRole("row").filter({ hasText: "Linh" })).toContainText("PORTAL-312");
  await screen.isLive();
  await look(screen.page, "desktop-team");
  await screen.page.getByRole("button", { name: "My timers" }).click();
  await expect(screen.issue).toBeVisible();
});

for (const [name, width, height, people] of [["1080p", 1920, 1080, 12], ["4k", 3840, 2160, 60]] as const) {
  test(`a wallboard of ${name} is accessible, and nothing overflows`, async ({ web }) => {
    const screen = await web({ width, height });
    await openTeam(screen, people, { address: "/team?wall=1" });
    await look(screen.page, `team-wall-${name}`);
    const { page } = screen;
    expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
    expect(await page.getByRole("row").count()).toBeGreaterThan(10);
  });
}

for (const path of ["/reference", "/nowhere"]) {
  test(`${path} is accessible`, async ({ browser, server }) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(server.url + path);
    await look(page, `page${path.replace("/", "-")}`);
    await page.context().close();
  });
}

test("the first load has at most 150 KB of JavaScript, all from this origin", async ({ browser, server }) => {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  const complaints: string[] = [];
  // A browser reports each refused request as an error. These two are refused: nobody is logged in, and this is not cmd/dev.
  const expected = /\/(api\/auth\/refresh|_sandbox\/people)$/;
  page.on("console", (message) => message.type() === "error" && !expected.test(message.location().url) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  const scripts: Promise<number>[] = [];
  const origins = new Set<string>();
  page.on("request", (request) => {
    origins.add(new URL(request.url()).origin);
    if (request.resourceType() === "script") scripts.push(request.response().then(async (response) => gzipSync((await response?.body()) ?? "").length));
  });
  await page.goto(server.url);
  await expect(page.getByLabel("Username"), "the scripts have run").toBeFocused();
  await page.clock.fastForward("01:00"); // it requests nothing more later
  await page.waitForLoadState("networkidle");
  expect([...origins]).toEqual([server.url]);
  const sizes = await Promise.all(scripts);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`    first load: ${sizes.length} scripts, ${total} bytes gzipped`);
  expect(total).toBeLessThan(150_000);
  expect(complaints, "no error, and nothing that the Content-Security-Policy forbids").toEqual([]);
  await page.context().close();
});
