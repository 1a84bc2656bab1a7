import type { BrowserContext } from "@playwright/test";

import { clockwork } from "../world/clockwork";
import { withinTwoSeconds, type Screen } from "../world/screen";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

/** A network in which WebSockets are refused, or hang. */
const noWebSocket = (how: "refused" | "hanging") => (context: BrowserContext) =>
  context.addInitScript((refused) => {
    window.WebSocket = class {
      readyState = 0;
      onclose: ((event: CloseEvent) => void) | null = null;
      constructor() {
        if (refused) setTimeout(() => this.onclose?.(new CloseEvent("close", { code: 1006 })));
      }
      close(): void {}
    } as unknown as typeof WebSocket;
  }, how === "refused");

const noStream = async (context: BrowserContext): Promise<void> => {
  await noWebSocket("refused")(context);
  await context.route("**/api/timers/stream", (route) => route.abort());
};

for (const { name, prepare, status } of [
  { name: "Server-Sent Events if WebSockets are refused", prepare: noWebSocket("refused"), status: "Live" },
  { name: "Server-Sent Events if WebSockets hang", prepare: noWebSocket("hanging"), status: "Live" },
  { name: "a long poll without either", prepare: noStream, status: "Checking every few seconds" },
]) {
  test(`${name}: a change shows within two seconds`, async ({ web, stopAtEnd }) => {
    const marcus = person("marcus");
    stopAtEnd(marcus, "MOB-92");
    const [here, there] = [await web(), await web({ prepare })];
    for (const screen of [here, there]) await screen.logIn(marcus);
    await here.isLive();
    await expect(there.status).toContainText(status);
    await here.start("MOB-92");
    await here.connectClockwork(marcus);
    await there.showsAt("running", "MOB-92");

    await withinTwoSeconds(`stop and start, shown by ${name}`, async () => {
      const stopped = there.showsAt("stopped", "MOB-92");
      const ended = await here.stop("MOB-92");
      const stop = (await stopped) - ended;
      const started = there.showsAt("running", "MOB-92");
      const began = await here.start("MOB-92");
      return [stop, (await started) - began];
    });
    await expect(there.status).toContainText(status);
  });
}

test("all screens recover and agree after the server is killed and started again", async ({ server, web, desktopWindow, stopAtEnd, journey }) => {
  const duc = person("duc");
  stopAtEnd(duc, "OPS-64", "OPS-57");
  const screens = [await web(), await web(), await desktopWindow()];
  const [first] = screens;
  for (const screen of screens) {
    await screen.logIn(duc);
    await screen.isLive();
  }
  await first?.start("OPS-64");
  await first?.connectClockwork(duc);
  for (const screen of screens) await expect(screen.heading).toContainText("OPS-64");

  const step = journey("server restart");
  await server.kill();
  await step("the server is gone", async () => {
    for (const screen of screens) {
      await expect(screen.status).toContainText(/Reconnecting|Offline since/);
      await expect(screen.page.getByText("Last known at")).toBeVisible();
      await expect(screen.heading, "the last known state stays on the screen").toContainText("OPS-64");
    }
  });
  await clockwork.start(duc.accountId, "OPS-57"); // meanwhile
  await server.start();
  await server.sync();
  await step("it is back", async () => {
    for (const screen of screens) {
      await screen.isLive();
      await screen.showsAt("running", "OPS-64");
      await screen.showsAt("running", "OPS-57");
      await expect(screen.page.getByText("Last known at")).toHaveCount(0);
    }
  });
});

test("a wrong password is explained, and the field has the focus", async ({ web, journey }) => {
  const screen = await web();
  await journey("wrong password")("Log in", async () => {
    await screen.logIn(person("aiko"), "not this one");
    await expect(screen.page.getByText("The username or the password is wrong.")).toBeVisible();
  });
  await expect(screen.page.getByLabel("Password")).toBeFocused();
  await screen.logIn(person("aiko"));
  await screen.isLive();
});

test("a session that has ended asks to log in again, and keeps the name", async ({ server, web, journey }) => {
  const aiko = person("aiko");
  const screen = await web();
  await screen.logIn(aiko);
  await screen.isLive();
  await server.kill("SIGTERM");
  await server.start({ JWT_SECRET: "another-secret-that-signs-nothing-of-value" });
  await expect(screen.status).toContainText("Session ended");
  const dialog = screen.page.getByRole("dialog", { name: "Your session has ended" });
  await dialog.getByRole("button", { name: "Not now" }).click();
  await screen.page.getByRole("button", { name: "Log in again" }).click();
  await expect(dialog).toBeVisible();
  await expect(screen.page.getByLabel("Username")).toHaveValue("aiko");
  await journey("token expiry")("password, Log in", async () => {
    await screen.logIn(aiko);
    await screen.isLive();
  });
  await server.kill("SIGTERM");
  await server.start();
});

test("a session that ends before the timers have loaded is announced, also to screen readers", async ({ web }) => {
  const screen = await web({
    prepare: async (context) => {
      await noWebSocket("hanging")(context);
      const ended = { error: "UNAUTHORIZED", message: "Log in again.", statusCode: 401 };
      for (const path of ["**/api/timers", "**/api/auth/refresh"]) await context.route(path, (route) => route.fulfill({ status: 401, json: ended }));
    },
  });
  await screen.logIn(person("aiko"));
  await expect(screen.page.getByRole("heading", { name: "Your session has ended" }), "so that a screen reader reads it").toBeFocused();
  await expect(screen.page.getByRole("status", { name: "Announcements" })).toHaveText("Session ended.");
});

test("offline is shown with the time, and ends by itself", async ({ web, journey }) => {
  const screen = await web();
  await screen.logIn(person("linh"));
  await screen.isLive();
  const step = journey("network off and on");
  await step("off", async () => {
    await screen.page.context().setOffline(true);
    await expect(screen.status).toContainText(/Offline since \d\d:\d\d/);
    await expect(screen.page.getByText(/Last known at \d\d:\d\d/)).toBeVisible();
  });
  const problem = screen.page.getByRole("alert").filter({ hasText: "The server cannot be reached." });
  await screen.stop("PORTAL-312");
  await expect(problem).toBeVisible();
  await step("on", async () => {
    await screen.page.context().setOffline(false);
    await screen.isLive();
  });
  await expect(problem, "the message is gone too").toHaveCount(0);
});

test("a refusal by Clockwork is explained, and the screen shows the state before", async ({ web, stopAtEnd }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "BILL-209");
  const screen = await web();
  await screen.logIn(sofia);
  await screen.isLive();
  await clockwork.failOperation("clockwork.start_timer", 403);
  await screen.start("BILL-209");
  await screen.connectClockwork(sofia);
  await expect(screen.page.getByRole("alert").filter({ hasText: /\S/ })).toContainText("Clockwork");
  await screen.showsAt("stopped", "BILL-209");
  await clockwork.clearFaults();
  await screen.page.getByRole("button", { name: "Dismiss" }).click();
  await screen.page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(screen.heading).toContainText("BILL-209");
});

test("the access token is only in memory", async ({ web }) => {
  const screen = await web();
  await screen.logIn(person("linh"));
  await screen.isLive();
  const kept = await screen.page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    url: location.href,
  }));
  expect(kept).toMatchObject({ local: [], session: [], cookies: "", databases: 0 });
  expect(kept.url).not.toContain("ey");
});

test("a Clockwork token whose check ends after a logout is not used for the next person", async ({ web, stopAtEnd }) => {
  const [linh, emily] = [person("linh"), person("emily")];
  stopAtEnd(linh, "BILL-209");
  const screen = await web();
  await screen.logIn(linh);
  await screen.isLive();
  await screen.start("BILL-209");
  await expect(screen.page.getByText("It is not stored, and is forgotten when you log out or load the page again.")).toBeVisible();
  const letGo = await screen.holdResponse("**/api/settings/validate");
  await screen.connectClockwork(linh);
  await screen.logOut();
  await screen.logIn(emily);
  await screen.isLive();
  await letGo();
  expect(await searchesFor(screen)).toBe(emily.accountId);
});

test("a Clockwork token that the desktop's settings check too late is not used or stored for the next person", async ({ desktopWindow }) => {
  const [linh, emily] = [person("linh"), person("emily")];
  const screen = await desktopWindow();
  const { page } = screen;
  await page.getByLabel("Stay logged in").check();
  await screen.logIn(linh);
  await screen.isLive();
  await screen.start("BILL-209");
  await expect(page.getByText("It is stored on this computer until you log out.")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();

  await page.locator("header button[aria-expanded]").click();
  await page.getByRole("button", { name: "This app" }).click();
  const letGo = await screen.holdResponse("**/api/settings/validate");
  await screen.connectClockwork(linh);
  await page.getByRole("button", { name: "Close" }).click();
  await screen.logOut();
  await page.getByLabel("Stay logged in").check();
  await screen.logIn(emily);
  await screen.isLive();
  await letGo();
  expect(await searchesFor(screen)).toBe(emily.accountId);
  const kept = await page.evaluate(() => (window as unknown as { kept: { userId: string }[] }).kept.map(({ userId }) => userId));
  expect(kept).toEqual([linh.accountId, emily.accountId]);
  const secrets = await page.evaluate(() => (window as unknown as { kept: { refreshToken: string; token?: string }[] }).kept);
  for (const { refreshToken, token } of secrets) expect([refreshToken, token]).toEqual([expect.stringMatching(/^cwr_/), undefined]);
});

/** The account for which the screen searches issues. */
async function searchesFor({ page }: Screen): Promise<string | null> {
  const asked = page.waitForRequest((request) => request.method() === "GET" && request.url().includes("q=invoice"));
  await page.getByRole("combobox", { name: "Issue" }).fill("invoice");
  return new URL((await asked).url()).searchParams.get("accountId");
}
