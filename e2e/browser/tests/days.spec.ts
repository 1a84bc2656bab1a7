import { readFile } from "node:fs/promises";

import type { BrowserContext, Page } from "@playwright/test";

import { clockwork } from "../world/clockwork";
import type { Screen } from "../world/screen";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

/** The date some days from now, in the browsers' time zone. */
function dateOf(days: number): string {
  return new Date(Date.now() + days * 24 * 3600_000).toLocaleDateString("sv-SE", { timeZone: "Europe/Berlin" });
}

/** The date of a weekday of last week; 1 is Monday. */
function ofLastWeek(weekday: number): string {
  const today = new Date(`${dateOf(0)}T12:00:00Z`).getUTCDay() || 7;
  return dateOf(weekday - today - 7);
}

async function enter(screen: Screen, username: string): Promise<void> {
  await screen.logIn(person(username));
  await expect(screen.page.getByRole("table", { name: /week/ })).toBeVisible();
  await expect(screen.page.getByText("Loading", { exact: true })).toHaveCount(0);
}

/** Minutes until midnight, in the browsers' time zone. */
function minutesLeftToday(): number {
  const [hour = 0, minute = 0] = new Date().toLocaleTimeString("en-GB", { timeZone: "Europe/Berlin" }).split(":").map(Number);
  return 24 * 60 - hour * 60 - minute;
}

const weekdays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const week = (page: Page) => page.getByRole("region", { name: /week/i });
const bar = (page: Page, day: RegExp) => page.getByRole("table").getByRole("button", { name: day });
const minutes = (text: string): number => [...text.matchAll(/(\d+)\s(h|min)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (unit === "h" ? 60 : 1), 0);

test("last Thursday is two clicks away, and its address still works after a reload, a login and Back", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await enter(screen, "james");
  let asked = 0;
  page.on("request", (request) => request.url().includes("/api/worklogs?") && asked++);
  await page.getByRole("button", { name: "Previous week" }).click();
  await bar(page, /^Thu/).click();
  const shown = async (): Promise<void> => {
    await expect(page.getByRole("heading", { name: "Thursday" })).toBeVisible();
    await expect(week(page).getByRole("heading", { name: "Last week" })).toBeVisible();
    await expect(bar(page, /^Thu/)).toHaveAttribute("aria-pressed", "true");
    const entries = page.getByRole("region", { name: "Worklogs of the day" }).getByRole("listitem");
    await expect(entries.first()).toBeVisible();
    const total = await page.getByRole("region", { name: "Thursday" }).locator("header p").first().innerText();
    const spent = await entries.locator("[class*=spent]").allInnerTexts();
    expect(spent.reduce((sum, text) => sum + minutes(text), 0)).toBe(minutes(total.split("of")[0] ?? ""));
  };
  await shown();
  const address = `?week=${ofLastWeek(1)}&day=${ofLastWeek(4)}`;
  expect(new URL(page.url()).search).toBe(address);
  expect(asked, "this week's request also has last week").toBe(0);

  await page.reload();
  await shown();
  await screen.logOut();
  await enter(screen, "james");
  await shown();
  expect(new URL(page.url()).search).toBe(address);

  await page.keyboard.press("t");
  await expect(page.getByRole("heading", { name: "Today" })).toBeVisible();
  expect(new URL(page.url()).search).toBe("");
  await page.goBack();
  await shown();
});

test("keys show eight weeks back, and each week is requested once", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await enter(screen, "emily");
  const asked: string[] = [];
  page.on("request", (request) => request.url().includes("/api/worklogs?") && asked.push(new URL(request.url()).searchParams.get("from") ?? ""));
  for (let back = 1; back <= 8; back++) {
    await page.keyboard.press("[");
    await expect(week(page).getByRole("heading", { name: back === 1 ? "Last week" : `${back} weeks ago` })).toBeVisible();
    await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
  }
  await page.keyboard.press("[");
  await expect(week(page).getByRole("heading", { name: "8 weeks ago" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Previous week" })).toHaveAttribute("aria-disabled", "true");
  await expect(week(page), "the week that a key shows is in the viewport").toBeInViewport();
  expect(asked).toHaveLength(7);
  for (let back = 7; back >= 0; back--) await page.keyboard.press("]");
  await expect(week(page).getByRole("heading", { name: "This week" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Today" })).toBeVisible();
  expect(asked, "nothing is requested twice").toHaveLength(7);
  expect(new URL(page.url()).search).toBe("");
});

test("a week that cannot be loaded says so, and loads when the connection is back", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await enter(screen, "emily");
  await page.context().setOffline(true);
  await expect(screen.status).toContainText("Offline since");
  await page.keyboard.press("[");
  await expect(week(page), "last week has been loaded already").toContainText(/\d\sh/);
  await page.keyboard.press("[");
  await expect(page.getByText("The worklogs cannot be shown. There is no connection.")).toBeVisible();
  await page.context().setOffline(false);
  await expect(week(page).getByRole("heading", { name: "2 weeks ago" })).toBeVisible();
  await expect(page.getByText("The worklogs cannot be shown.")).toHaveCount(0);
  await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
});

test("the bars are buttons, and a day can be copied as text", async ({ web }) => {
  const screen = await web({ prepare: (context) => context.grantPermissions(["clipboard-read", "clipboard-write"]) });
  const { page } = screen;
  await enter(screen, "sofia");
  await page.keyboard.press("[");
  await bar(page, /^Mon/).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Tuesday" })).toBeVisible();
  await page.keyboard.press("c");
  await expect(page.getByRole("button", { name: "Copied" })).toBeVisible();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  expect(text).toMatch(/^Tuesday \d+ [A-Z][a-z]+: \d+ h/);
  const keys = await page.getByRole("region", { name: "Worklogs of the day" }).getByRole("link").allInnerTexts();
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(text).toContain(`- ${key} `);
  expect(text.split("\n").slice(1).reduce((sum, line) => sum + minutes(/\(([^()]*)\)$/.exec(line)?.[1] ?? ""), 0)).toBe(minutes(text.split("\n")[0] ?? ""));
});

test("the week is downloaded as CSV, and its rows add up to the week", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await enter(screen, "emily");
  await page.keyboard.press("[");
  const downloads = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download as CSV" }).click();
  const download = await downloads;
  expect(download.suggestedFilename()).toBe(`worklogs-${ofLastWeek(1)}-to-${ofLastWeek(7)}.csv`);
  const text = await readFile(await download.path(), "utf8");
  expect(text.startsWith("\uFEFF"), "a spreadsheet reads it as UTF-8").toBe(true);
  const [head = "", ...rows] = text.trim().split("\r\n");
  expect(head).toContain("date,start,end,duration_seconds,");
  const seconds = rows.reduce((sum, row) => sum + Number(row.split(",")[3]), 0);
  expect(seconds / 60).toBe(minutes(await week(page).locator("header p").first().innerText()));
  await expect(page.getByRole("button", { name: "Downloaded" })).toBeVisible();

  await page.route("**/api/worklogs/export?*", (route) => route.fulfill({ status: 413, json: { error: "TOO_MUCH", message: "That is too much.", statusCode: 413 } }));
  await page.getByRole("button", { name: /^Download/ }).click();
  await expect(page.getByRole("alert").filter({ hasText: "The week could not be downloaded. That is too much." })).toBeVisible();
});

test("days that lack time are listed and can be opened, and a day off is not listed", async ({ web }) => {
  const [monday, tuesday] = [ofLastWeek(1), ofLastWeek(2)];
  const prepare = (context: BrowserContext) =>
    context.route(/\/api\/worklogs\?/, async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      body.worklogs = body.worklogs.filter((log: { started: string }) => !log.started.startsWith(monday) && !log.started.startsWith(tuesday));
      for (const day of body.days) if (day.date === monday || day.date === tuesday) day.total = day.date === tuesday ? 5.5 * 3600 : 0;
      await route.fulfill({ response: answer, json: body });
    });
  const screen = await web({ prepare });
  const { page } = screen;
  await enter(screen, "marcus");
  const unlogged = page.getByRole("list", { name: "Days that lack time" });
  const number = (date: string): number => Number(date.slice(8));
  await expect(unlogged.getByRole("button", { name: `Mon ${number(monday)}: nothing logged` })).toBeVisible();
  await unlogged.getByRole("button", { name: `Tue ${number(tuesday)}: 2 h 30 min missing` }).click();
  await expect(page.getByRole("region", { name: "Tuesday" })).toContainText("5 h 30 min of 8 h");
  await expect(page.getByRole("region", { name: "Tuesday" })).toContainText("2 h 30 min missing");
  await expect(page.getByRole("row", { name: /^Tue/ })).toContainText("2 h 30 min missing");
  await page.getByRole("button", { name: "I was off" }).click();
  await expect(page.getByText("You were off")).toBeVisible();
  await expect(page.getByRole("row", { name: /^Tue/ })).toContainText("off");
  await expect(unlogged.getByRole("button", { name: /^Tue/ })).toHaveCount(0);
  await page.reload();
  await expect(page.getByText("You were off")).toBeVisible();
  await page.getByRole("button", { name: "I was not off" }).click();
  await expect(unlogged.getByRole("button", { name: /^Tue/ })).toBeVisible();
});

test("each person's own goal: what is to go, when it is done, and no goal on a day off", async ({ server, web, stopAtEnd }) => {
  const duc = person("duc");
  stopAtEnd(duc, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await enter(screen, "duc");
  const save = async (hours: string, mins: string, workdays: readonly string[]): Promise<void> => {
    await page.locator("header button[aria-expanded]").click();
    await page.getByRole("button", { name: "Working time and privacy" }).click();
    await page.getByLabel("Hours", { exact: true }).fill(hours);
    await page.getByLabel("Minutes", { exact: true }).fill(mins);
    for (const day of weekdays) await page.getByRole("checkbox", { name: day }).setChecked(workdays.includes(day), { force: true });
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
  };
  const today = page.getByRole("region", { name: "Today", exact: true });
  await save("23", "30", weekdays);
  await expect(today).toContainText("of 23 h 30 min");
  await expect(today).toContainText(/\d+\s(h|min)\sto go/);
  await expect(today, "nothing runs").not.toContainText("done at");
  await page.reload();
  await expect(today).toContainText("of 23 h 30 min");
  await save("0", "0", weekdays);
  await expect(today).not.toContainText(" of ");
  await save("8", "0", []);
  await expect(today).not.toContainText(" of ");
  await expect(page.getByRole("list", { name: "Days that lack time" }).getByRole("listitem")).toHaveCount(0);

  const left = minutesLeftToday();
  test.skip(left < 5, "the day is over before any goal");
  const logged = minutes((await today.locator("header p").first().innerText()).split(" of ")[0] ?? "");
  await save(String(Math.floor((logged + 3) / 60)), String((logged + 3) % 60), weekdays);
  await clockwork.start(duc.accountId, "OPS-64");
  await server.sync();
  await expect(screen.heading).toContainText("OPS-64");
  await expect(today).toContainText(/(2|3)\smin to go · done at \d\d:\d\d if you go on/);
  await save("8", "0", weekdays.slice(0, 5));
});

test("a person chooses what the team sees of them", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await enter(screen, "sofia");
  const open = async (): Promise<void> => {
    await page.locator("header button[aria-expanded]").click();
    await page.getByRole("button", { name: "Working time and privacy" }).click();
  };
  for (const choice of ["Only that I work", "Nothing", "Everything: issue, comment and time"]) {
    await open();
    await page.getByLabel(choice).check();
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.reload();
    await open();
    await expect(page.getByLabel(choice)).toBeChecked();
    await page.keyboard.press("Escape");
  }
  await open();
  await page.route("**/api/settings", (route) => route.fulfill({ status: 503, json: { error: "CACHE_UNAVAILABLE", message: "Try again shortly.", statusCode: 503 } }));
  await page.getByLabel("Minutes", { exact: true }).fill("15");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog").getByText("Try again shortly.")).toBeVisible();
  await expect(page.getByLabel("Minutes", { exact: true }), "the entered value stays").toHaveValue("15");
});

test("nothing on the page moves after the login", async ({ web }) => {
  const screen = await web();
  const { page } = screen;
  await page.evaluate(() => {
    const shifts: number[] = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });
    Object.assign(window, { shifts });
  });
  await enter(screen, "james");
  await screen.isLive();
  await page.evaluate(() => document.fonts.ready);
  await page.waitForLoadState("networkidle");
  const sum = await page.evaluate(() => (window as unknown as { shifts: number[] }).shifts.reduce((all, one) => all + one, 0));
  console.log(`    layout shift after the login: ${sum.toFixed(4)}`);
  expect(sum).toBeLessThan(0.05);
});

// Nine weeks back from each of these days, in each of these zones, include changes of
// clocks, the new year, and both sides of the date line.
const places = ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12"];
const moments = ["2025-12-02T12:00:00Z", "2026-01-07T12:00:00Z", "2026-04-08T12:00:00Z"];
const people = ["james", "sofia", "marcus", "duc"];

test("108 weeks show what the API counts, over changes of clocks, the new year and the date line", async ({ web }) => {
  let weeks = 0;
  for (const [i, timezoneId] of places.entries()) {
    for (const time of moments) {
      const screen = await web({ timezoneId, prepare: (context) => context.clock.install({ time }) });
      const { page } = screen;
      const counted = new Map<string, number>();
      page.on("response", async (response) => {
        if (!response.url().includes("/api/worklogs?") || !response.ok()) return;
        const body = (await response.json()) as { days: { date: string; total: number }[] };
        for (const { date, total } of body.days) counted.set(date, Math.floor(total / 60));
      });
      await enter(screen, people[i] ?? "");
      for (let back = 0; back <= 8; back++) {
        if (back > 0) await page.keyboard.press("[");
        await expect(week(page).getByRole("heading", { name: back === 0 ? "This week" : back === 1 ? "Last week" : `${back} weeks ago` })).toBeVisible();
        await expect(page.getByText("Loading", { exact: true })).toHaveCount(0);
        const shown = await page.evaluate(async () => {
          const read = (text: string | null | undefined): number => [...(text ?? "").matchAll(/(\d+)\s(h|min)/g)].reduce((sum, [, n, unit]) => sum + Number(n) * (unit === "h" ? 60 : 1), 0);
          const days: { date: string; row: number; entries: number }[] = [];
          for (const row of document.querySelectorAll("tbody tr")) {
            row.querySelector("button")?.click();
            await new Promise((drawn) => requestAnimationFrame(() => drawn(null)));
            const date = new URL(location.href).searchParams.get("day") ?? "";
            const entries = [...document.querySelectorAll("[aria-label^='Worklogs of'] li")].reduce((sum, item) => sum + read(item.querySelector("[class*='spent']")?.textContent), 0);
            days.push({ date, row: read(row.querySelector("td:last-child span:not([class])")?.textContent), entries });
          }
          const heading = [...document.querySelectorAll("h2")].find((h2) => /week/i.test(h2.textContent ?? ""));
          return { days, total: read(heading?.closest("header")?.querySelector("p")?.firstChild?.textContent) };
        });
        const today = new Date(time).toLocaleDateString("sv-SE", { timeZone: timezoneId });
        const dates = shown.days.map(({ date }) => date || today);
        const want = dates.map((date) => ({ date, row: counted.get(date), entries: counted.get(date) }));
        expect(shown.days.map((day, n) => ({ ...day, date: dates[n] })), `${timezoneId} ${dates[0]}`).toEqual(want);
        expect(shown.total).toBe(want.reduce((sum, { row }) => sum + (row ?? 0), 0));
        weeks++;
      }
      await page.context().close();
    }
  }
  expect(weeks).toBe(108);
});
