import type { BrowserContext } from "@playwright/test";

import { person, settings } from "../world/settings";
import { expect, test } from "../world/test";

/** Serves the page that a server has without a build of the web app. */
const prepare = async (context: BrowserContext): Promise<void> => {
  await context.grantPermissions(["local-network-access"]); // a fulfilled page is not a local one, so its WebSocket to the server would be refused
  await context.route(({ pathname }) => pathname === "/", (route) => route.fulfill({ path: "../../public/index.html" }));
};

test("the plain page shows running timers, and does not count while a timer is on hold", async ({ web, journey }) => {
  const screen = await web({ prepare });
  const held = screen.page.getByRole("listitem").first();
  await journey("plain page")("name, password, Log in", async () => {
    await screen.logIn(person("aiko"));
    await expect(held.getByRole("timer")).toHaveText(/^\d+:\d\d:\d\d$/);
  });
  await expect(held.getByText("On hold")).toBeVisible();
  const frozen = await held.getByRole("timer").innerText();
  await screen.page.waitForFunction((before) => Date.now() > before + 2_000, Date.now());
  await expect(held.getByRole("timer")).toHaveText(frozen);
  await screen.logOut();
  await screen.logIn(person("linh"));
  await expect(screen.page.getByRole("timer").first()).toHaveText(/^\d+:\d\d:\d\d$/);
});

test("the plain page does not show a late answer to the next person", async ({ web }) => {
  const screen = await web({ prepare });
  const { page } = screen;
  await page.evaluate(() => {
    const shown: string[] = [];
    new MutationObserver(() => shown.push(`${document.title} ${document.querySelector("main")?.textContent}`)).observe(document, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { shown });
  });
  const letGo = await screen.holdResponse("**/timers");
  await screen.logIn(person("linh"));
  await screen.logOut();
  await letGo();
  await screen.logIn(person("emily"));
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No timer runs" })).toBeVisible();
  expect(await page.evaluate(() => (window as unknown as { shown: string[] }).shown.filter((text) => text.includes("PORTAL-312")))).toEqual([]);
});

test("the plain page stays logged in until somebody logs out", async ({ web }) => {
  const screen = await web({ prepare });
  const { page } = screen;
  const ended = { error: "UNAUTHORIZED", message: "The token has ended.", statusCode: 401 };
  await page.route("**/timers", (route) => route.fulfill({ status: 401, json: ended }), { times: 1 });
  await screen.logIn(person("linh"));
  await expect(page.getByText("Live", { exact: true })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("timer").first()).toHaveText(/^\d+:\d\d:\d\d$/);
  const gone = page.waitForResponse("**/api/auth/logout");
  await screen.logOut();
  await gone;
  await page.reload();
  await expect(page.getByLabel("Username")).toBeVisible();
});

test("the plain page of a sandbox offers its people", async ({ web }) => {
  const linh = person("linh");
  const sandbox = { password: settings.password, people: [{ username: linh.username, displayName: "Linh Tran" }] };
  const { page } = await web({ prepare: async (context) => { await prepare(context); await context.route("**/_sandbox/people", (route) => route.fulfill({ json: sandbox })); } });
  await page.getByRole("button", { name: "Linh Tran" }).click();
  await expect(page.getByRole("timer").first()).toHaveText(/^\d+:\d\d:\d\d$/);
});
