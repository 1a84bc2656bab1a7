import type { Page } from "@playwright/test";

import { clockwork } from "../world/clockwork";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

const stopButtons = (page: Page) => page.getByRole("button", { name: /^Stop [A-Z]/ });

test("a switch whose start is refused says what was stopped, and offers to start it again", async ({ web, stopAtEnd }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await screen.enter(sofia);
  await screen.connect(sofia);
  await screen.start("OPS-64", "Planning");
  await expect(screen.submitButton).toBeVisible();
  await clockwork.failOperation("clockwork.start_timer", 403);
  await screen.issue.fill("BILL-209");
  await page.keyboard.press("Escape");
  await screen.submitButton.click();
  await expect(page.getByRole("alert").filter({ hasText: "OPS-64 stopped. BILL-209 did not start." })).toBeVisible();
  await expect(screen.recent.getByRole("button").first()).toContainText("OPS-64");
  await expect(screen.issue).toHaveValue("BILL-209");
  await clockwork.clearFaults();
  await page.getByRole("alert").locator("..").getByRole("button", { name: "Start OPS-64 again" }).click();
  await expect(screen.heading).toContainText("OPS-64");
  await expect(page.getByRole("region", { name: "Running timer" })).toContainText("Planning");
  await expect.poll(() => clockwork.runs(sofia.accountId, "OPS-64")).toBe(true);
});

test("a stop beside another timer can be undone for some seconds", async ({ web, stopAtEnd }) => {
  const linh = person("linh"); // PORTAL-312 has been running for long
  stopAtEnd(linh, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await screen.enter(linh);
  await screen.connect(linh);
  await screen.start("OPS-64", "Planning");
  await expect.poll(() => clockwork.runs(linh.accountId, "OPS-64")).toBe(true);
  await screen.stop("OPS-64");
  await expect(page.getByText("Stopped OPS-64 after less than a minute.").and(page.locator("p:not([role])"))).toBeVisible();
  await expect.poll(() => clockwork.runs(linh.accountId, "OPS-64"), "the stop is sent at once").toBe(false);
  await page.getByRole("button", { name: "Start it again" }).click();
  await expect(page.getByRole("region", { name: "Running timer" })).toContainText("Planning");
  await expect.poll(() => clockwork.runs(linh.accountId, "OPS-64")).toBe(true);
  expect(await clockwork.runs(linh.accountId, "PORTAL-312"), "the other timer still runs").toBe(true);
  await screen.stop("OPS-64");
  await expect(page.getByRole("button", { name: "Start it again" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Start it again" })).toHaveCount(0);
});

test("a Clockwork token of somebody else is dropped, and the person's own is requested", async ({ web, stopAtEnd }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "OPS-64");
  const screen = await web();
  const { page } = screen;
  const say = await screen.interceptWebSocket();
  await screen.enter(person("sofia"));
  await screen.connect(person("sofia"));
  const sentence = page.getByText("This token was connected by somebody else. Make your own in Jira under Apps > Clockwork > API tokens.");
  const sent = (): Promise<string | undefined> => page.waitForRequest("**/api/timers/start").then((request) => request.headers()["x-clockwork-token"]);

  await page.route("**/api/timers/start", (route) => route.fulfill({ status: 403, json: { error: "FORBIDDEN", message: "This Clockwork token belongs to another account.", statusCode: 403 } }), { times: 1 });
  const first = sent();
  await screen.start("OPS-64");
  expect(await first).toBe(sofia.clockworkToken);
  await expect(sentence).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  const second = sent();
  await screen.startButton.click();
  expect(await second, "the wrong token is not sent again").toBeUndefined();
  await screen.connectClockwork(sofia);
  await expect(screen.heading).toContainText("OPS-64");
  await expect(screen.submitButton).toBeVisible();

  await say({ event: "error", payload: { code: "CLOCKWORK_TOKEN_OF_ANOTHER", message: "OPS-64 did not stay running in Clockwork: this token belongs to somebody else. Connect your own.", id: `cw:${sofia.accountId}:OPS-64` } });
  await expect(sentence).toBeVisible();
  await expect(page.getByText("OPS-64 did not stay running in Clockwork")).toBeVisible();
  const stopped = page.waitForRequest("**/api/timers/stop");
  await screen.stop("OPS-64");
  expect((await stopped).headers()["x-clockwork-token"]).toBeUndefined();
});

test("an issue's key is a link to Jira", async ({ web }) => {
  const screen = await web();
  await screen.enter(person("linh"));
  const { page } = screen;
  await expect(screen.heading.getByRole("link", { name: "PORTAL-312" })).toHaveAttribute("href", /^https?:\/\/[^/]+\/browse\/PORTAL-312$/);
  await page.context().route("**/browse/*", (route) => route.fulfill({ body: "Jira" }));
  const opened = page.context().waitForEvent("page");
  await screen.heading.press("o");
  await (await opened).waitForURL("**/browse/PORTAL-312");
  await screen.issue.fill("BILL-209");
  await expect(page.getByRole("option", { name: "BILL-209" })).toBeVisible();
  const found = page.context().waitForEvent("page");
  await page.getByRole("option", { name: "BILL-209" }).click({ modifiers: ["ControlOrMeta"] });
  await (await found).waitForURL("**/browse/BILL-209");
  await page.bringToFront();
  await screen.issue.fill("OPS-64");
  await expect(page.getByRole("option", { name: "OPS-64" })).toBeVisible();
  const highlighted = page.context().waitForEvent("page");
  await screen.issue.press("ArrowDown");
  await screen.issue.press("ControlOrMeta+Enter");
  await (await highlighted).waitForURL("**/browse/OPS-64");
});

test("after a start from the comment field, keys are shortcuts again", async ({ web, stopAtEnd }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "OPS-64");
  const screen = await web();
  await screen.enter(person("sofia"));
  await screen.connect(person("sofia"));
  await screen.issue.fill("OPS-64");
  await screen.page.getByLabel("Comment").fill("Planning");
  await screen.page.getByLabel("Comment").press("Enter");
  await expect(screen.heading).toBeFocused();
  await screen.page.keyboard.press("s");
  await screen.showsAt("stopped", "OPS-64");
  await expect(screen.page.getByLabel("Comment")).toHaveValue("");
  await screen.issue.focus();
  await screen.page.keyboard.press("Escape");
  await expect(screen.issue).not.toBeFocused();
});

test("the search results open inside the window", async ({ web, desktopWindow }) => {
  for (const screen of [await web({ width: 1440, height: 789 }), await web({ width: 1280, height: 633 }), await desktopWindow()]) {
    await screen.enter(person("linh"));
    await screen.issue.fill("a");
    const results = screen.page.getByRole("option");
    await expect(results.first()).toBeVisible();
    await expect(screen.page.getByRole("status", { name: "Search results" })).toHaveText(/issue/);
    const { bottom, height } = await screen.page.getByRole("listbox").evaluate((list) => ({ bottom: list.getBoundingClientRect().bottom, height: innerHeight }));
    expect(bottom).toBeLessThanOrEqual(height);
    await expect(screen.issue).toBeInViewport();
  }
});

test("when a session ends, the page keeps what was typed and the Clockwork token, and actions open the login", async ({ server, web, stopAtEnd }) => {
  const noah = person("noah");
  stopAtEnd(noah, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await screen.enter(person("noah"));
  await screen.connect(person("noah"));
  await screen.issue.fill("OPS-64");
  await page.keyboard.press("Escape");
  await page.getByLabel("Comment").fill("Half a thought");
  await server.kill("SIGTERM");
  await server.start({ JWT_SECRET: "another-secret-that-signs-nothing-of-value" });
  await expect(screen.status).toContainText("Session ended");
  await page.getByRole("button", { name: "Not now" }).click();
  await screen.submitButton.click();
  await expect(page.getByRole("dialog", { name: "Your session has ended" })).toBeVisible();
  await screen.logIn(noah);
  await screen.isLive();
  await expect(screen.issue).toHaveValue("OPS-64");
  await expect(page.getByLabel("Comment")).toHaveValue("Half a thought");
  await screen.startButton.click();
  await expect.poll(() => clockwork.runs(noah.accountId, "OPS-64"), "no token is requested").toBe(true);
  await screen.logOut();
  await screen.logIn(person("sofia"));
  await screen.isLive();
  await expect(screen.issue).toHaveValue("");
  await server.kill("SIGTERM");
  await server.start();
});

test("without scripts the page has no login form", async ({ browser, server }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  expect(await page.content()).toContain("This page needs JavaScript.");
  await expect(page.locator("form")).toHaveCount(0);
  await context.close();
});

test("Stop stays visible beside titles that are long, unbroken or right-to-left", async ({ web }) => {
  const screen = await web({ width: 360, height: 640 });
  const say = await screen.interceptWebSocket();
  await screen.logIn(person("linh"));
  await screen.isLive();
  const now = new Date().toISOString();
  const shown = async (summary: string): Promise<void> => {
    const timer = { id: `cw:${person("linh").accountId}:PORTAL-312`, source: "clockwork", status: "running", started_at: now, updated_at: now, counted_seconds: 60, counted_at: now, issue_key: "PORTAL-312", summary, seq: 1 };
    await say({ event: "state", payload: { timers: [timer], seq: 1, server_time: now, synced_at: now, stale: false } });
    await expect(screen.heading).toContainText(summary.slice(0, 20));
    await expect(stopButtons(screen.page).first()).toBeInViewport({ ratio: 1 });
    expect(await screen.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
  };
  await shown("Words ".repeat(42).trim());
  await shown("w".repeat(255));
  await shown("תיקון החיפוש — order #12");
  await expect(screen.heading.locator("bdi")).toHaveText("תיקון החיפוש — order #12");
});

test("the active suggestion has an outline if colours are forced", async ({ web }) => {
  const screen = await web();
  await screen.page.emulateMedia({ forcedColors: "active" });
  await screen.enter(person("emily"));
  await screen.issue.fill("invoice");
  await expect(screen.page.getByRole("option", { selected: true })).toHaveCSS("outline-style", "solid");
});

test("a refusal says what to do", async ({ web, stopAtEnd }) => {
  const linh = person("linh");
  stopAtEnd(linh, "PORTAL-9999");
  const screen = await web();
  const { page } = screen;
  await page.route("**/api/login", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "240" }, json: { error: "RATE_LIMITED", message: "Too many logins.", statusCode: 429 } }), { times: 1 });
  await screen.logIn(linh);
  await expect(page.getByText("Too many attempts. Try again in 4 minutes.")).toBeVisible();
  await screen.enter(person("linh"));
  await screen.start("PORTAL-312");
  await expect(page.getByText("PORTAL-312 is running already.")).toBeVisible();
  await screen.connect(person("linh"));
  await screen.start("PORTAL-9999");
  await expect(page.getByText("There is no issue PORTAL-9999, or you may not see it.")).toBeVisible();
});

test("on the desktop, Escape in a field hides the window too, and the login offers to stay logged in", async ({ desktopWindow }) => {
  const screen = await desktopWindow();
  const { page } = screen;
  await expect(page.getByLabel("Stay logged in")).toBeChecked();
  await screen.logIn(person("linh"));
  await screen.isLive();
  const hidden = () => page.evaluate(() => (window as unknown as { hidden: unknown[] }).hidden.length);
  await page.getByLabel("Comment").press("Escape");
  expect(await hidden()).toBe(1);
  await screen.issue.click();
  await screen.issue.press("Escape"); // closes the list
  expect(await hidden()).toBe(1);
  await screen.issue.press("Escape");
  expect(await hidden()).toBe(2);
});
