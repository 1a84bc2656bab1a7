import { clockwork } from "../world/clockwork";
import type { Screen } from "../world/screen";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

/** The seconds that a clock shows. */
const secondsOf = (text: string): number => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

const shownSeconds = async (screen: Screen): Promise<number> => secondsOf(await screen.page.getByRole("timer").first().innerText());

/** The look of the screen's region with the timer. */
const look = (screen: Screen) => screen.page.getByRole("region", { name: "Running timer" }).getAttribute("data-look");

test("a timer on hold shows what Clockwork has counted, and continues from there", async ({ server, web }) => {
  const aiko = person("aiko");
  const screen = await web();
  await screen.logIn(aiko);
  await screen.isLive();
  const { tillNow } = await clockwork.edit(aiko.accountId, "MOB-88", {});
  const day = screen.page.getByRole("region", { name: "Running timer" });
  await expect(day.getByText("On hold", { exact: true })).toBeVisible();
  expect(await look(screen), "a timer on hold is not stale").toBe("paper");
  expect(await shownSeconds(screen)).toBe(tillNow);
  await screen.page.waitForFunction((before) => Date.now() > before + 2_500, Date.now());
  expect(await shownSeconds(screen)).toBe(tillNow);
  await expect(screen.page).toHaveTitle(/^\d+:\d\d:\d\d MOB-88 \(on hold\)/);

  await clockwork.edit(aiko.accountId, "MOB-88", { onHold: false });
  try {
    await server.sync();
    await expect(day.getByText("On hold", { exact: true })).toHaveCount(0);
    await expect(async () => expect(await shownSeconds(screen)).toBeGreaterThan(tillNow)).toPass();
    expect(await shownSeconds(screen)).toBeLessThan(tillNow + 120);
    expect(await look(screen)).toBe("running");
  } finally {
    await clockwork.edit(aiko.accountId, "MOB-88", { onHold: true });
    await server.sync();
  }
});

test("a screen whose server does not hear from Clockwork says so until Clockwork answers again", async ({ web }) => {
  const screen = await web();
  const say = await screen.interceptWebSocket();
  await screen.logIn(person("linh"));
  await screen.isLive();
  expect(await look(screen)).toBe("running");
  const synced_at = new Date(Date.now() - 13 * 60_000).toISOString();
  await say({ event: "freshness", payload: { synced_at, stale: true } });
  await expect(screen.page.getByText(/^Clockwork last answered .*\d\d:\d\d\. This timer may have been stopped since\.$/)).toBeVisible();
  await expect(screen.status).toContainText("Waiting for Clockwork");
  await expect(screen.page).toHaveTitle(/\(last known\)/);
  expect(await look(screen)).toBe("stale");
  await expect(screen.page.getByRole("status", { name: "Announcements" })).toHaveText("Waiting for Clockwork.");

  await say({ event: "freshness", payload: { synced_at: new Date().toISOString(), stale: false } });
  await screen.isLive();
  await expect(screen.page.getByText("Clockwork last answered")).toHaveCount(0);
  expect(await look(screen)).toBe("running");
});

test("a timer that did not start today says when, and its time fits on a phone", async ({ server, web }) => {
  const priya = person("priya");
  const before = await clockwork.edit(priya.accountId, "BILL-214", { startedAt: new Date(Date.now() - 1003 * 3_600_000).toISOString() });
  try {
    await server.sync();
    const screen = await web({ width: 360 });
    await screen.logIn(priya);
    await screen.isLive();
    await expect(screen.page.getByText(/^Since [A-Z][a-z]{2} \d+ [A-Z][a-z]{2,3}( \d{4})?, \d\d:\d\d$/)).toBeVisible();
    const time = screen.page.getByRole("timer", { name: /hours/ }).filter({ hasText: /^100\d:\d\d:\d\d$/ });
    await expect(time).toBeVisible();
    const right = await time.evaluate((element) => {
      const text = document.createRange();
      text.selectNodeContents(element);
      return text.getBoundingClientRect().right;
    });
    expect(right).toBeLessThanOrEqual(360);
  } finally {
    await clockwork.edit(priya.accountId, "BILL-214", { startedAt: before.startedAt });
    await server.sync();
  }
});

test("an issue that was chosen from the list keeps its title while its timer starts", async ({ web }) => {
  const screen = await web();
  await screen.logIn(person("sofia"));
  await screen.isLive();
  const letGo = await screen.holdResponse("**/api/timers/start");
  await screen.page.getByRole("combobox", { name: "Issue" }).fill("invoice");
  const option = screen.page.getByRole("option").first();
  await option.click();
  await screen.page.getByRole("button", { name: "Start", exact: true }).click();
  await expect(screen.heading).toHaveText(/^[A-Z]+-\d+\s+\S+ \S+/);
  await letGo(); // the start fails, because it needs a token
  await expect(screen.page.getByLabel("Clockwork API token")).toBeVisible();
});

test("the day's total does not decrease between a stop and its worklog", async ({ server, web, stopAtEnd }) => {
  const duc = person("duc");
  stopAtEnd(duc, "OPS-64");
  await clockwork.start(duc.accountId, "OPS-64");
  await clockwork.edit(duc.accountId, "OPS-64", { startedAt: new Date(Date.now() - 2 * 60_000).toISOString() });
  await server.sync();
  const screen = await web();
  await screen.logIn(duc);
  await screen.isLive();
  const total = screen.page.getByRole("region", { name: "This week" }).locator("header p").first();
  await expect(total).toContainText("running");
  const first = await screen.page.evaluate(() => {
    const shown: string[] = [];
    Object.assign(window, { shown });
    const heading = [...document.querySelectorAll("h2")].find((h2) => h2.textContent === "This week");
    const look = (): void => {
      shown.push(heading?.closest("header")?.querySelector("p")?.firstChild?.textContent ?? "");
      requestAnimationFrame(look);
    };
    look();
    return shown[0] ?? "";
  });
  const minutes = (text: string): number => [...text.matchAll(/(\d+)\s(h|min)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (unit === "h" ? 60 : 1), 0);
  const before = minutes(first);
  expect(before).toBeGreaterThan(0);
  await clockwork.stop(duc.accountId, "OPS-64");
  await server.sync();
  await expect(total).not.toContainText(/running|being logged/);
  const shown = await screen.page.evaluate(() => (window as unknown as { shown: string[] }).shown);
  expect(shown.filter((text) => minutes(text) < before)).toEqual([]);
});
