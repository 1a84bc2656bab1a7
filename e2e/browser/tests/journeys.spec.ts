import type { Page } from "@playwright/test";

import { clockwork } from "../world/clockwork";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

// What people do each day. Each test prints its steps and how long they took. Tests
// in other files print journeys too.

/** Records how many timers the screen shows at each change, and in the frame after each key press or click. */
async function watchTimers(page: Page): Promise<void> {
  await page.evaluate(() => {
    const running = (): string[] => [...document.querySelectorAll("button[aria-label^='Stop ']")].map((b) => b.getAttribute("aria-label") ?? "");
    const seen: number[] = [];
    const frames: string[][] = [];
    const inputs: number[] = [];
    new MutationObserver(() => seen.push(running().length)).observe(document.body, { subtree: true, childList: true, attributes: true });
    for (const kind of ["keydown", "click"]) addEventListener(kind, () => requestAnimationFrame(() => frames.push(running())), { capture: true });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (entry.name === "keydown" || entry.name === "click") inputs.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
    window.watched = { seen, frames, inputs };
  });
}

interface Watched {
  /** The number of timers at each change. */
  seen: number[];
  /** The Stop buttons in the frame after each press. */
  frames: string[][];
  /** The time from each slow press to the next paint, in milliseconds. */
  inputs: number[];
}

/** What was recorded since the last call. */
const watched = (page: Page): Promise<Watched> =>
  page.evaluate(() => {
    const { seen, frames, inputs } = window.watched;
    return { seen: seen.splice(0), frames: frames.splice(0), inputs: inputs.splice(0) };
  });

declare global {
  interface Window {
    watched: Watched;
  }
}

test("log in, connect Clockwork and start for the first time", async ({ web, stopAtEnd, journey }) => {
  const minh = person("minh");
  stopAtEnd(minh, "PORTAL-301");
  const screen = await web();
  const login = journey("log in");
  await login("name, password, Enter", async () => {
    await screen.page.getByLabel("Username").fill(minh.username);
    await screen.page.getByLabel("Password").fill("clockwork");
    await screen.page.getByLabel("Password").press("Enter");
    await expect(screen.heading).not.toContainText("Loading");
  });
  const first = journey("first start");
  await first("the key, Enter", async () => {
    await screen.issue.fill("PORTAL-301");
    await screen.issue.press("Enter");
    await expect(screen.page.getByLabel("Clockwork API token")).toBeFocused();
  });
  await first("the token, Enter", async () => {
    await screen.page.getByLabel("Clockwork API token").fill(minh.clockworkToken);
    await screen.page.keyboard.press("Enter");
    await screen.showsAt("running", "PORTAL-301");
  });
  await expect.poll(() => clockwork.runs(minh.accountId, "PORTAL-301")).toBe(true);
});

test("continue yesterday's issue with one key, and with one click", async ({ web, stopAtEnd, journey }) => {
  const james = person("james");
  const screen = await web();
  const { page } = screen;
  await screen.enter(james);
  await screen.connect(james);
  const [first = "", second = ""] = await screen.recent.getByRole("link").allInnerTexts();
  stopAtEnd(james, first, second);
  const step = journey("continue yesterday's issue");
  await watchTimers(page);
  await step("1", async () => {
    await page.keyboard.press("1");
    await screen.showsAt("running", first);
  });
  expect((await watched(page)).frames, "the next frame shows it").toEqual([[`Stop ${first}`]]);
  await expect(screen.heading, "shortcuts still work").toBeFocused();
  await expect(screen.recent.getByRole("link", { name: first }), "a running issue is not offered").toHaveCount(0);
  await expect.poll(() => clockwork.runs(james.accountId, first)).toBe(true);

  const sent = page.waitForRequest("**/api/timers/start");
  await step("a click on another", async () => {
    await screen.recent.getByRole("button", { name: `Switch to ${second}` }).click();
    await screen.showsAt("running", second);
  });
  expect((await sent).postDataJSON()).toMatchObject({ issueKey: second, stopOthers: true });
  await expect.poll(() => clockwork.runs(james.accountId, second)).toBe(true);
  expect(await clockwork.runs(james.accountId, first)).toBe(false);
  const { seen, frames, inputs } = await watched(page);
  expect(frames).toEqual([[`Stop ${second}`]]);
  expect([...new Set(seen)], "there were never two timers, or none").toEqual([1]);
  console.log(`    press to paint, if longer than a frame: ${inputs.join(", ") || "none"} ms`);
});

test("start by words, and switch by words", async ({ web, stopAtEnd, journey }) => {
  const james = person("james");
  const screen = await web();
  const { page } = screen;
  await screen.enter(james);
  await screen.connect(james);
  await watchTimers(page);
  const stops: string[] = [];
  page.on("request", (request) => request.url().includes("/api/timers/stop") && stops.push(request.url()));
  const byWords = async (name: string, words: string): Promise<string> => {
    const step = journey(name);
    await step("/", async () => {
      await page.keyboard.press("/");
      await expect(screen.issue).toBeFocused();
    });
    const option = page.getByRole("option", { selected: true });
    await step("words", async () => {
      await screen.issue.pressSequentially(words);
      await expect(option, "the first result is selected").toHaveCount(1);
      await expect(page.getByRole("status", { name: "Search results" })).toHaveText(/issue/);
    });
    const key = /[A-Z]+-\d+/.exec(await option.innerText())?.[0] ?? "";
    stopAtEnd(james, key);
    await watched(page);
    await step("Enter", async () => {
      await screen.issue.press("Enter");
      await screen.showsAt("running", key);
    });
    await expect.poll(() => clockwork.runs(james.accountId, key)).toBe(true);
    return key;
  };
  const first = await byWords("start by search", "invoice");
  const second = await byWords("switch issue", "statement");
  expect(second).not.toBe(first);
  await expect.poll(() => clockwork.runs(james.accountId, first)).toBe(false);
  const { seen, frames } = await watched(page);
  expect(frames[0], "the next frame shows only the new timer").toEqual([`Stop ${second}`]);
  expect([...new Set(seen)]).toEqual([1]);
  expect(stops, "a switch is one request").toEqual([]);
});

test("find an issue in the lists and by part of its key", async ({ web, journey }) => {
  const screen = await web();
  const { page } = screen;
  const issue = { key: "MOB-88", id: "1", summary: "Crash", status: "In Progress", project: { id: "1", key: "MOB", name: "Mobile" }, assignee: null, priority: null, url: "" };
  await page.route(/\/api\/issues\/search\?(?!.*q=)/, (route) => route.fulfill({ json: { issues: [issue, { ...issue, key: "PORTAL-312" }] } }));
  await screen.enter(person("linh"));
  const step = journey("find what to do");
  await step("look at the recent issues", () => expect(screen.recent.getByRole("listitem").first()).toBeInViewport());
  const results = page.getByRole("listbox", { name: "Issues" });
  await step("click the field", async () => {
    await screen.issue.click();
    await expect(results).toContainText(/^Recent.*In progress.*MOB-88/);
  });
  await expect(results.getByRole("option", { name: "PORTAL-312" }), "it is running already").toHaveCount(0);
  const byKey = journey("start by typing a key");
  const link = await screen.heading.getByRole("link").getAttribute("href"); // of PORTAL-312
  const parts = { "PORTAL-30": /^PORTAL-30\d/, "312": "PORTAL-312", "portal 301": "PORTAL-301", [`${link}`]: "PORTAL-312" };
  for (const [part, key] of Object.entries(parts)) {
    await byKey(part, async () => {
      await screen.issue.fill(part);
      await expect(results.getByRole("option").first()).toContainText(key);
    });
  }
});

test("start with a comment, stop while typing, and start again, with the keyboard only", async ({ web, stopAtEnd, journey }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "OPS-64");
  const screen = await web();
  const { page } = screen;
  await screen.enter(sofia);
  await screen.connect(sofia);
  const start = journey("start with a comment");
  await start("/", async () => {
    await page.keyboard.press("/");
    await expect(screen.issue).toBeFocused();
  });
  await start("key, Tab, words, Enter", async () => {
    await page.keyboard.type("OPS-64");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Planning");
    await page.keyboard.press("Enter");
    await screen.showsAt("running", "OPS-64");
  });
  await expect(screen.heading).toBeFocused();
  await expect.poll(() => clockwork.runs(sofia.accountId, "OPS-64")).toBe(true);

  const stop = journey("stop");
  await page.getByLabel("Comment").focus();
  await page.keyboard.press("Control+k");
  await expect(screen.issue, "from one field to another").toBeFocused();
  await watchTimers(page);
  await stop("Ctrl+. in a field", async () => {
    await page.keyboard.press("Control+.");
    await screen.showsAt("stopped", "OPS-64");
  });
  const { frames, inputs } = await watched(page);
  expect(frames.at(-1), "the next frame shows it").toEqual([]);
  console.log(`    press to paint, if longer than a frame: ${inputs.join(", ") || "none"} ms`);
  await expect.poll(() => clockwork.runs(sofia.accountId, "OPS-64")).toBe(false);
  await expect(page.getByText(/^Stopped OPS-64 at .*, after less than a minute\.$/)).toBeVisible();
  const again = journey("undo a stop");
  await again("Start OPS-64 again", async () => {
    await page.getByRole("button", { name: "Start OPS-64 again" }).press("Enter");
    await screen.showsAt("running", "OPS-64");
  });
  await expect(page.getByRole("region", { name: "Running timer" }), "with its comment").toContainText("Planning");
  await stop("s", async () => {
    await screen.heading.press("s");
    await screen.showsAt("stopped", "OPS-64");
  });
});

test("run several timers, and switch away from all of them", async ({ web, stopAtEnd, journey }) => {
  const duc = person("duc");
  stopAtEnd(duc, "OPS-64", "BILL-209", "BILL-214");
  const screen = await web();
  const { page } = screen;
  await screen.enter(duc);
  await screen.connect(duc);
  await screen.start("OPS-64");
  await expect.poll(() => clockwork.runs(duc.accountId, "OPS-64")).toBe(true);
  const step = journey("several timers");
  await step("key, Alt+Enter", async () => {
    await screen.issue.fill("BILL-209");
    await screen.issue.press("Alt+Enter");
    await screen.showsAt("running", "BILL-209");
  });
  await expect(page.getByRole("heading", { name: "Also running" })).toBeVisible();
  await expect.poll(() => clockwork.runs(duc.accountId, "BILL-209")).toBe(true);
  expect(await clockwork.runs(duc.accountId, "OPS-64")).toBe(true);
  await step("key, Enter", async () => {
    await screen.issue.fill("BILL-214");
    await screen.issue.press("Enter");
    await expect(page.getByRole("button", { name: /^Stop [A-Z]/ })).toHaveCount(1);
  });
  await expect(screen.heading).toContainText("BILL-214");
  await expect.poll(() => clockwork.runs(duc.accountId, "BILL-214")).toBe(true);
  for (const key of ["OPS-64", "BILL-209"]) expect(await clockwork.runs(duc.accountId, key)).toBe(false);
});

test("the icon of the page is filled while time counts", async ({ web }) => {
  const icon = async (username: string): Promise<string> => {
    const screen = await web();
    await screen.enter(person(username));
    return screen.page.evaluate(() => document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.href ?? "");
  };
  expect(await icon("emily")).toContain("data:image/svg+xml");
  expect(await icon("linh")).not.toContain("data:");
});
