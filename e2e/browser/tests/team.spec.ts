import { clockwork } from "../world/clockwork";
import type { Screen } from "../world/screen";
import { person } from "../world/settings";
import { mockTeam } from "../world/team";
import { expect, test } from "../world/test";

const hannah = person("hannah"); // the administrator

/** The row of a person. */
const rowOf = (screen: Screen, name: string) => screen.page.getByRole("row").filter({ hasText: name });

/** Logs the administrator in at the address of the team. */
async function openTeam(screen: Screen, address = "/team"): Promise<void> {
  await screen.page.goto(new URL(address, screen.page.url()).href);
  await screen.logIn(hannah);
  await expect(screen.heading).toContainText(/works? now/);
}

test("a start in Clockwork shows on an open team page after one sync, ticks, and disappears after the stop", async ({ server, web, stopAtEnd }) => {
  const emily = person("emily");
  stopAtEnd(emily, "PORTAL-305");
  const screen = await web();
  await openTeam(screen);
  await screen.isLive();
  await expect(rowOf(screen, "Linh").getByRole("timer")).toBeVisible();
  await expect(rowOf(screen, "Emily").getByRole("timer")).toHaveCount(0);

  await clockwork.start(emily.accountId, "PORTAL-305");
  await server.sync();
  await expect(rowOf(screen, "Emily")).toContainText("PORTAL-305");
  const time = rowOf(screen, "Emily").getByRole("timer");
  const first = await time.innerText();
  await expect(time).not.toHaveText(first);
  await expect(rowOf(screen, "Emily").getByRole("link", { name: "PORTAL-305" })).toHaveAttribute("href", /\/browse\/PORTAL-305$/);
  await expect(screen.page.getByRole("button", { name: "Stop" }), "the team page stops nobody's timer").toHaveCount(0);

  await clockwork.stop(emily.accountId, "PORTAL-305");
  await server.sync();
  await expect(rowOf(screen, "Emily")).toContainText("Not running");
});

test("without WebSocket and Server-Sent Events the page uses long polls", async ({ server, web, stopAtEnd }) => {
  const emily = person("emily");
  stopAtEnd(emily, "PORTAL-305");
  const screen = await web();
  await screen.page.routeWebSocket(/scope=team/, (socket) => socket.close());
  await screen.page.route(/stream\?scope=team/, (route) => route.abort());
  await openTeam(screen);
  await expect(screen.status).toContainText("Checking every few seconds");
  await clockwork.start(emily.accountId, "PORTAL-305");
  await server.sync();
  await expect(rowOf(screen, "Emily")).toContainText("PORTAL-305");
});

test("an administrator gets to the team and back without logging in again, and a reload stays there", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await screen.logIn(hannah);
  await page.getByRole("link", { name: "Team" }).click();
  await expect(page).toHaveURL(/\/team$/);
  await expect(page).toHaveTitle(/works? now · Clockwork$/);
  await page.reload();
  await expect(screen.heading).toContainText(/works? now/);
  await page.getByRole("link", { name: "My timers" }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByRole("combobox", { name: "Issue" })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole("table", { name: "Team" })).toBeVisible();
});

test("a person who is not an administrator has no link, and the address shows a message and no data", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await screen.enter(person("linh"));
  await expect(page.getByRole("link", { name: "Team" })).toHaveCount(0);
  const answered = page.waitForResponse(/\/api\/team$/);
  await page.goto(new URL("/team", page.url()).href);
  expect((await answered).status()).toBe(403);
  await expect(screen.heading).toHaveText("You cannot see the team");
  await expect(page.getByRole("row")).toHaveCount(0);
  await expect(page.getByText("Minh")).toHaveCount(0);
  await page.getByRole("link", { name: "My timers" }).click();
  await screen.isLive();
});

test("a wallboard recovers by itself after the server restarts", async ({ server, web, stopAtEnd }) => {
  const emily = person("emily");
  stopAtEnd(emily, "PORTAL-305");
  const screen = await web({ width: 1920, height: 1080 });
  const { page } = screen;
  await openTeam(screen, "/team?wall=1");
  await expect(rowOf(screen, "Linh").getByRole("timer")).toBeVisible();
  expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme), "dark, whatever the system prefers").toBe("dark");
  await expect(page.getByRole("button")).toHaveCount(0);

  await server.kill();
  await expect(page.getByText("Last known at")).toBeVisible();
  await expect(rowOf(screen, "Linh"), "it still shows the last known state").toBeVisible();
  await server.start();
  await expect(page.getByText("Last known at")).toHaveCount(0);
  await clockwork.start(emily.accountId, "PORTAL-305");
  await server.sync();
  await expect(rowOf(screen, "Emily")).toContainText("PORTAL-305");
});

test("words and projects filter the team, by keyboard", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await mockTeam(page, 60);
  await openTeam(screen);
  await page.keyboard.press("/");
  await page.keyboard.type("duc mob");
  await expect(rowOf(screen, "Linh")).toHaveCount(0);
  await expect(rowOf(screen, "PORTAL-312")).toHaveCount(0);
  await expect(rowOf(screen, "Đức Phạm").first()).toContainText("MOB-88");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^PORTAL, \d+ people$/ }).press("Enter");
  await expect(page.getByRole("row").filter({ hasText: /BILL|MOB|OPS/ })).toHaveCount(0);
  await expect(page).toHaveURL(/\?project=PORTAL$/);
  await page.reload();
  await expect(page.getByRole("button", { name: /^PORTAL/ })).toHaveAttribute("aria-pressed", "true");
});

test("500 people: only the rows near the viewport are rendered, and ticking costs little", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await mockTeam(page, 500);
  await openTeam(screen);
  const table = page.getByRole("table", { name: "Team" });
  await expect(table).toHaveAttribute("aria-rowcount", "502");
  expect(await page.getByRole("row").count()).toBeLessThan(60);
  await page.mouse.wheel(0, 1_000_000);
  await expect(page.getByRole("row").last()).toHaveAttribute("aria-rowindex", "502");
  await page.mouse.wheel(0, -1_000_000);
  await expect(page.locator('[aria-rowindex="2"]')).toBeVisible();

  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const scripts = async (): Promise<number> => (await session.send("Performance.getMetrics")).metrics.find(({ name }) => name === "ScriptDuration")?.value ?? 0;
  const before = await scripts();
  await page.waitForFunction((begun) => Date.now() - begun > 10_000, Date.now(), { polling: 1_000 });
  console.log(`    500 people: ${(((await scripts()) - before) * 100).toFixed(2)} ms of script a second`);
});
