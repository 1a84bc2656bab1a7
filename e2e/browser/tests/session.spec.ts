import { clockwork } from "../world/clockwork";
import { Screen } from "../world/screen";
import { person, settings } from "../world/settings";
import { expect, test } from "../world/test";

/** Opens another tab of the same browser. */
const tabOf = (screen: Screen): Promise<Screen> => Screen.web(screen.page.context(), new URL("/", screen.page.url()).href);

test("after a reload the timer shows without a login, and Stop works with the saved token", async ({ web, stopAtEnd }) => {
  const noah = person("noah");
  stopAtEnd(noah, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await screen.logIn(noah);
  await screen.isLive();
  await screen.start("OPS-64");
  await page.getByLabel(/Save it encrypted on the server/).check();
  await screen.connectClockwork(noah);
  await screen.showsAt("running", "OPS-64");
  await expect.poll(() => clockwork.runs(noah.accountId, "OPS-64")).toBe(true);

  await page.reload();
  await expect(screen.heading).toContainText("OPS-64");
  console.log(`    reload to running timer: ${Math.round(await page.evaluate(() => performance.now()))} ms`);
  await screen.stop("OPS-64");
  await expect.poll(() => clockwork.runs(noah.accountId, "OPS-64"), "no token is requested").toBe(false);

  await page.locator("header button[aria-expanded]").click();
  await expect(page.getByText("Clockwork is connected")).toBeVisible();
  await page.getByRole("button", { name: "Sessions and tokens" }).click();
  await page.getByRole("button", { name: "Delete the saved token" }).click();
  await expect(page.getByText("saved encrypted on the server since")).toHaveCount(0);
});

test("without \"Stay logged in\" a login ends with the page", async ({ web }) => {
  const screen = await web();
  await screen.page.getByLabel("Stay logged in").uncheck();
  await screen.logIn(person("priya"));
  await screen.isLive();
  await screen.page.reload();
  await expect(screen.page.getByLabel("Username")).toBeVisible();
});

test("a second tab needs no login, and a logout in one tab ends the other", async ({ web, journey }) => {
  const one = await web();
  await one.logIn(person("linh"));
  await one.isLive();
  const other = await journey("two tabs")("open the second", async () => {
    const tab = await tabOf(one);
    await expect(tab.heading).toContainText("PORTAL-312");
    return tab;
  });
  await other.isLive();
  await one.logOut();
  await expect(other.page.getByText("You have logged out in another tab.")).toBeVisible();
  for (const { page } of [one, other]) {
    await page.reload();
    await expect(page.getByLabel("Username"), "a reload does not log in again").toBeVisible();
  }
});

test("\"Log out everywhere\" ends the session in another browser, which keeps what was typed", async ({ web }) => {
  const linh = person("linh");
  const [here, there] = [await web(), await web()];
  for (const screen of [here, there]) {
    await screen.logIn(linh);
    await screen.isLive();
  }
  const { page } = there;
  await there.issue.fill("PORTAL-301");
  await page.keyboard.press("Escape");
  await page.getByLabel("Comment").fill("Half a thought");

  await here.page.locator("header button[aria-expanded]").click();
  await here.page.getByRole("button", { name: "Sessions and tokens" }).click();
  await expect(here.page.getByRole("listitem").filter({ hasText: /last used/ }).nth(1)).toBeVisible();
  await here.page.getByRole("button", { name: "Log out everywhere" }).click();
  await expect(here.page.getByLabel("Username")).toBeVisible();

  const dialog = page.getByRole("dialog", { name: "Your session has ended" });
  await expect(dialog).toBeVisible();
  await expect(there.heading, "the screen stays").toContainText("PORTAL-312");
  await there.logIn(linh);
  await expect(dialog).toHaveCount(0);
  await there.isLive();
  await expect(there.issue).toHaveValue("PORTAL-301");
  await expect(page.getByLabel("Comment")).toHaveValue("Half a thought");
});

test("a server that fails while the page loads does not log out", async ({ web }) => {
  const screen = await web();
  await screen.logIn(person("linh"));
  await screen.isLive();
  let failures = 0;
  await screen.page.route("**/api/auth/refresh", (route) => (failures++ < 2 ? route.fulfill({ status: 503, json: { error: "SESSION_UNAVAILABLE", message: "Try again shortly.", statusCode: 503 } }) : route.continue()));
  await screen.page.reload();
  await expect(screen.page.getByText("Try again shortly.")).toBeVisible();
  await expect(screen.page.getByLabel("Username")).toHaveCount(0);
  await screen.isLive();
});

test("a personal token is shown once, works, and can be revoked", async ({ web, server }) => {
  const screen = await web();
  const { page } = screen;
  await screen.logIn(person("emily"));
  await screen.isLive();
  await page.locator("header button[aria-expanded]").click();
  await page.getByRole("button", { name: "Sessions and tokens" }).click();
  await page.getByLabel("What it is for").fill("deploy script");
  await page.getByRole("button", { name: "Create" }).click();
  const token = await page.getByLabel(/copy it now/).inputValue();
  const asked = (): Promise<number> => fetch(`${server.url}/api/me`, { headers: { Authorization: `Bearer ${token}` } }).then(({ status }) => status);
  expect(await asked()).toBe(200);
  await page.getByRole("button", { name: "Revoke the token: deploy script" }).click();
  await expect(page.getByRole("button", { name: "Revoke the token: deploy script" })).toHaveCount(0);
  expect(await asked()).toBe(401);
});

test("a calendar's address is shown once, and serves a calendar", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await screen.logIn(person("emily"));
  await screen.isLive();
  await page.locator("header button[aria-expanded]").click();
  await page.getByRole("button", { name: "Sessions and tokens" }).click();
  await page.getByLabel("What it is for").fill("phone");
  await page.getByLabel("May").selectOption("calendar");
  await page.getByRole("button", { name: "Create" }).click();
  const calendar = await fetch(await page.getByLabel(/copy it now/).inputValue());
  expect(calendar.headers.get("Content-Type")).toContain("text/calendar");
  expect(await calendar.text()).toContain("BEGIN:VEVENT");
});

test("the reason of a failed sign-in is shown once", async ({ web }) => {
  const { page } = await web();
  await page.goto(new URL("/?signin=NOT_A_MEMBER", page.url()).href);
  await expect(page.getByText("This account does not belong to the Jira site")).toBeVisible();
  expect(page.url()).not.toContain("signin");
});

test("an app's request to sign in continues after the login", async ({ web, server }) => {
  const { page } = await web();
  const ask = new URLSearchParams({ client_id: "cli", redirect_uri: "http://127.0.0.1:9/callback", state: "a-state-of-the-app", code_challenge: "A".repeat(43), code_challenge_method: "S256" });
  await page.goto(`${server.url}/api/auth/authorize?${ask}`);
  await page.getByLabel("Username").fill(person("linh").username);
  await page.getByLabel("Password").fill(settings.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await expect(page.locator("button[value=allow]")).toBeVisible();
});

test("the desktop app signs in through the system's browser, and stays signed in", async ({ web, desktopWindow }) => {
  const linh = person("linh");
  const browser = await web();
  const context = browser.page.context();
  const app = await desktopWindow({ systemBrowser: context });
  const { page } = app;
  const begin = async () => {
    const opened = context.waitForEvent("page");
    await page.getByRole("button", { name: "Sign in with your browser" }).click();
    return opened;
  };

  const left = await begin();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("button", { name: "Sign in with your browser" })).toBeVisible();
  await left.close();

  const tab = await begin();
  await expect(page.getByText("Go on in your browser.")).toBeVisible();
  await page.screenshot({ path: "screenshots/desktop-sign-in-waits.png" });
  await new Screen(tab).logIn(linh);
  await expect(tab.getByRole("heading")).toContainText("Sign in the desktop app on this computer as");
  await tab.screenshot({ path: "screenshots/desktop-sign-in-asks.png" });
  await tab.getByRole("button", { name: "Sign in" }).click();
  await expect(tab.getByText("You are signed in. Close this tab")).toBeVisible();
  await app.isLive();
  await expect(app.heading).toContainText("PORTAL-312");

  await page.reload(); // like a restart: only the keychain still has the session
  await app.isLive();
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).not.toContain("cwr_");
});
