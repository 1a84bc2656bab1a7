import { expect, type BrowserContext, type Locator, type Page } from "@playwright/test";

import { settings, type Person } from "./settings";

/** One screen of a person: the web app or the desktop app's page, which show the same. */
export class Screen {
  constructor(readonly page: Page) {}

  static async web(context: BrowserContext, url: string): Promise<Screen> {
    const page = await context.newPage();
    await page.goto(url);
    return new Screen(page);
  }

  async logIn(who: Person, password = settings.password): Promise<void> {
    await this.page.getByLabel("Username").fill(who.username);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Log in", exact: true }).click();
  }

  /** Logs in, and waits until everything has loaded. */
  async enter(who: Person): Promise<void> {
    await this.logIn(who);
    await this.isLive();
    await expect(this.recent).toBeVisible();
  }

  /** Connects Clockwork from the menu, before anything needs it. */
  async connect(who: Person): Promise<void> {
    await this.page.locator("header button[aria-expanded]").click();
    await this.page.getByRole("button", { name: "Connect Clockwork" }).click();
    await this.connectClockwork(who);
    await expect(this.page.getByLabel("Clockwork API token")).toHaveCount(0);
  }

  /** The list of recent issues. */
  get recent(): Locator {
    return this.page.getByRole("region", { name: "Recent" });
  }

  /** The issue of the timer that is shown large. */
  get heading(): Locator {
    return this.page.getByRole("heading", { level: 1 });
  }

  get status(): Locator {
    return this.page.getByRole("group", { name: "Connection" });
  }

  async isLive(): Promise<void> {
    await expect(this.status).toContainText("Live");
  }

  /** Starts a timer on an issue by its key. Returns the time of the click. */
  async start(issueKey: string, comment = ""): Promise<number> {
    await this.page.getByRole("combobox", { name: "Issue" }).fill(issueKey);
    await this.page.keyboard.press("Escape"); // the suggestions
    await this.page.getByLabel("Comment").fill(comment);
    return this.press(this.startButton);
  }

  /** The button that starts a timer beside those that run. */
  get startButton(): Locator {
    return this.page.getByRole("button", { name: /^Start( beside)?$/ });
  }

  /** The form's submit button. Its text says whether a start is in progress. */
  get submitButton(): Locator {
    return this.page.getByRole("button", { name: /^(Start|Switch)$/ });
  }

  get issue(): Locator {
    return this.page.getByRole("combobox", { name: "Issue" });
  }

  /** Stops a timer. Returns the time of the click. */
  async stop(issueKey: string): Promise<number> {
    return this.press(this.page.getByRole("button", { name: `Stop ${issueKey}` }).first());
  }

  private async press(button: Locator): Promise<number> {
    const pressed = this.happensAt("click");
    await button.click();
    return pressed;
  }

  /** The time of the next event of a kind, by the clock that all screens here share. */
  async happensAt(event: "click" | "keydown"): Promise<number> {
    return this.page.evaluate((name) => new Promise<number>((resolve) => addEventListener(name, () => resolve(Date.now()), { capture: true, once: true })), event);
  }

  /** Intercepts the next WebSocket. The returned function sends messages to the page on it. */
  async interceptWebSocket(): Promise<(message: object) => Promise<void>> {
    let say: (message: object) => void = () => {};
    await this.page.routeWebSocket(/\/ws(\?|$)/, (socket) => {
      socket.connectToServer();
      say = (message) => socket.send(JSON.stringify(message));
    });
    return async (message) => say(message);
  }

  /** Ends the session as another device would: the open page learns of it only through its connection. */
  async endSession(): Promise<void> {
    const token = await this.accessToken();
    await this.page.context().request.post(new URL("/api/auth/logout", this.page.url()).href, { data: {}, headers: { Authorization: `Bearer ${token}` } });
    await this.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // the page then checks its connection
  }

  /** The access token that the page has in memory, from its next request. */
  private async accessToken(): Promise<string> {
    const asked = this.page.waitForRequest((request) => request.url().includes("/api/issues/search"));
    await this.issue.fill("token");
    const header = (await asked).headers()["authorization"] ?? "";
    await this.issue.fill("");
    await this.page.keyboard.press("Escape");
    return header.replace("Bearer ", "");
  }

  async logOut(): Promise<void> {
    const menu = this.page.locator("header button[aria-expanded]"); // the plain page has none
    if ((await menu.count()) > 0) await menu.click();
    await this.page.getByRole("button", { name: "Log out" }).click();
  }

  /**
   * Holds the next request to a path until the returned function is called. That resolves when the page has the
   * answer.
   */
  async holdResponse(path: string | RegExp): Promise<() => Promise<void>> {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    await this.page.route(path, async (route) => released.then(() => route.continue()), { times: 1 });
    return async () => {
      const answered = this.page.waitForResponse(path);
      release();
      await (await answered).finished();
    };
  }

  /** Enters the person's own Clockwork token, which the screen asks for. */
  async connectClockwork(who: Person): Promise<void> {
    await this.page.getByLabel("Clockwork API token").fill(who.clockworkToken);
    await this.page.getByRole("button", { name: "Connect" }).click();
  }

  /**
   * The time when this screen first shows the issue as running or stopped, by the clock that all screens here
   * share.
   */
  async showsAt(what: "running" | "stopped", issueKey: string): Promise<number> {
    return this.page.evaluate(
      ([want, key]) =>
        new Promise<number>((resolve, reject) => {
          setTimeout(() => reject(new Error(`${key} is not shown as ${want}`)), 30_000);
          const look = (): void => {
            const runs = [...document.querySelectorAll("button[aria-label]")].some((b) => b.getAttribute("aria-label") === `Stop ${key}`);
            if (runs !== (want === "running")) return;
            observer.disconnect();
            resolve(Date.now());
          };
          const observer = new MutationObserver(look);
          observer.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
          look();
        }),
      [what, issueKey] as const,
    );
  }
}

/**
 * Asserts that each measured time, in milliseconds, is below two seconds. The best of three tries counts, because
 * the machine may pause.
 */
export async function withinTwoSeconds(what: string, measure: () => Promise<readonly number[]>): Promise<void> {
  let best = Infinity;
  for (let tries = 0; tries < 3 && best >= 2000; tries++) {
    const took = await measure();
    console.log(`    ${what}: ${took.join(", ")} ms`);
    best = Math.min(best, Math.max(...took));
  }
  expect(best, what).toBeLessThan(2000);
}
