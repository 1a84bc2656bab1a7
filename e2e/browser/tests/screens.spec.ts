import { clockwork } from "../world/clockwork";
import { withinTwoSeconds } from "../world/screen";
import { person } from "../world/settings";
import { expect, test } from "../world/test";

test("a start and a stop show on all of a person's screens at once, and on nobody else's", async ({ web, desktopWindow, stopAtEnd }) => {
  const emily = person("emily");
  stopAtEnd(emily, "BILL-209");
  const [here, there, window, others] = [await web(), await web(), await desktopWindow(), await web()];
  for (const screen of [here, there, window]) await screen.logIn(emily);
  await others.logIn(person("priya"));
  for (const screen of [here, there, window, others]) await screen.isLive();
  await expect(others.heading).toContainText("BILL-214");

  await here.start("BILL-209", "Rounding");
  await here.connectClockwork(emily);
  await expect(here.heading).toContainText("BILL-209");
  await window.showsAt("running", "BILL-209");
  await window.stop("BILL-209");
  await window.connectClockwork(emily);
  for (const screen of [here, there, window]) await screen.showsAt("stopped", "BILL-209");

  await withinTwoSeconds("start in the browser, shown in the other one and on the desktop; stop there, shown in both browsers", async () => {
    const started = [there, window].map((screen) => screen.showsAt("running", "BILL-209"));
    const began = await here.start("BILL-209", "Rounding");
    const starts = (await Promise.all(started)).map((at) => at - began);
    for (const screen of [here, there, window]) await expect(screen.heading).toContainText("BILL-209");
    await expect(there.page.getByRole("main").getByText("Rounding").first()).toBeVisible();

    const stopped = [here, there].map((screen) => screen.showsAt("stopped", "BILL-209"));
    const ended = await window.stop("BILL-209");
    return [...starts, ...(await Promise.all(stopped)).map((at) => at - ended)];
  });

  await expect(others.heading).toContainText("BILL-214");
  await expect(others.page.getByText("BILL-209")).toHaveCount(0);
});

test("all screens tick together", async ({ web }) => {
  const screens = [await web(), await web({ prepare: (context) => context.addInitScript("const real = Date.now; Date.now = () => real() + 3_600_000") })];
  for (const screen of screens) {
    await screen.logIn(person("linh"));
    await screen.isLive();
  }
  const seconds = async (): Promise<number[]> =>
    Promise.all(
      screens.map(async ({ page }) => {
        const text = await page.getByRole("timer").first().innerText();
        return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
      }),
    );
  let began = 0;
  await expect(async () => {
    const [one = 0, other = 0] = await seconds();
    expect(Math.abs(one - other), "a clock an hour ahead makes no difference").toBeLessThanOrEqual(1);
    began = one;
  }).toPass();
  await expect(async () => expect((await seconds())[0]).toBeGreaterThan(began)).toPass();
});

test("a start in Clockwork itself shows after a sync, without a reload", async ({ server, web, stopAtEnd }) => {
  const sofia = person("sofia");
  stopAtEnd(sofia, "OPS-64");
  const screen = await web();
  await screen.logIn(sofia);
  await screen.isLive();
  await withinTwoSeconds("start in Clockwork, shown after the sync that found it", async () => {
    await clockwork.start(sofia.accountId, "OPS-64");
    const shown = screen.showsAt("running", "OPS-64");
    await server.sync();
    const synced = Date.now();
    const took = (await shown) - synced;
    await clockwork.stop(sofia.accountId, "OPS-64");
    await server.sync();
    await screen.showsAt("stopped", "OPS-64");
    return [took];
  });
});

test("a stop while Clockwork is still starting shows at once, and is carried out", async ({ web, stopAtEnd }) => {
  const duc = person("duc");
  stopAtEnd(duc, "OPS-57");
  const screen = await web();
  await screen.logIn(duc);
  await screen.isLive();
  await screen.start("OPS-57");
  await screen.connectClockwork(duc);
  await screen.showsAt("running", "OPS-57");
  await screen.stop("OPS-57");
  await screen.showsAt("stopped", "OPS-57");

  const stops = await clockwork.requests("clockwork.stop_timer");
  const delay = 3000;
  await clockwork.delay("clockwork.start_timer", delay);
  await screen.start("OPS-57");
  await expect(screen.heading).toContainText("OPS-57");
  const stopped = screen.showsAt("stopped", "OPS-57");
  const pressed = screen.happensAt("keydown");
  await screen.heading.press("s");
  expect((await stopped) - (await pressed), "before Clockwork has answered the start").toBeLessThan(delay);
  await expect.poll(() => clockwork.requests("clockwork.stop_timer"), "the stop comes after the start").toBeGreaterThan(stops);
  await expect.poll(() => clockwork.runs(duc.accountId, "OPS-57")).toBe(false);
  await screen.showsAt("stopped", "OPS-57");
});

test("text typed during a start stays, and a refused start gives its text back", async ({ web, stopAtEnd }) => {
  const noah = person("noah");
  stopAtEnd(noah, "OPS-64");
  const screen = await web();
  const { page } = screen;
  const { issue, startButton: start } = screen;
  const comment = page.getByLabel("Comment");
  await screen.logIn(noah);
  await screen.isLive();
  const letTokenBeAsked = await screen.holdResponse("**/api/timers/start");
  await screen.start("OPS-64", "First");
  await issue.fill("BILL-209");
  await letTokenBeAsked();
  await expect(page.getByLabel("Clockwork API token")).toBeVisible();
  await expect(issue).toBeFocused();
  await screen.connectClockwork(noah);
  await screen.showsAt("running", "OPS-64");
  await expect(screen.submitButton).toBeVisible();
  expect(await clockwork.runs(noah.accountId, "OPS-64")).toBe(true);
  await expect(issue).toHaveValue("BILL-209");
  await expect(comment).toHaveValue("");

  await clockwork.failOperation("clockwork.start_timer", 403);
  await comment.fill("Second");
  await start.click();
  await expect(page.getByRole("alert").filter({ hasText: "Clockwork" })).toBeVisible();
  await expect(issue).toHaveValue("BILL-209");
  await expect(comment).toHaveValue("Second");
  const letGo = await screen.holdResponse("**/api/timers/start");
  await start.click();
  await issue.fill("BILL-214");
  await letGo();
  await expect(screen.submitButton).toBeVisible();
  await expect(issue).toHaveValue("BILL-214");
  await expect(issue).toBeFocused();
});

test("a double click on Stop or a held Enter does not stop the timer that moves there", async ({ web, stopAtEnd }) => {
  const linh = person("linh"); // PORTAL-312 has been running for long
  stopAtEnd(linh, "OPS-64");
  const screen = await web();
  await screen.logIn(linh);
  await screen.isLive();
  await screen.start("OPS-64");
  await screen.connectClockwork(linh);
  const stop = screen.page.getByRole("button", { name: "Stop OPS-64" });
  await expect(stop).toBeVisible();
  await stop.dblclick();
  await screen.showsAt("stopped", "OPS-64");
  await screen.showsAt("running", "PORTAL-312");

  await screen.start("OPS-64");
  await stop.focus();
  await screen.page.keyboard.down("Enter");
  await screen.page.keyboard.down("Enter"); // a repeat of the held key
  await screen.page.keyboard.up("Enter");
  await screen.showsAt("stopped", "OPS-64");
  await screen.showsAt("running", "PORTAL-312");
  await expect(screen.heading).toBeFocused();
  await expect.poll(() => clockwork.runs(linh.accountId, "OPS-64")).toBe(false);
  expect(await clockwork.runs(linh.accountId, "PORTAL-312")).toBe(true);
});

test("an issue is found by words, chosen and started with the keyboard only", async ({ web, stopAtEnd }) => {
  const james = person("james");
  const screen = await web();
  await screen.logIn(james);
  await screen.isLive();
  await expect(screen.heading, "so that a screen reader reads it").toBeFocused();
  await screen.page.locator("body").press("/");
  const field = screen.page.getByRole("combobox", { name: "Issue" });
  await expect(field).toBeFocused();
  const results = screen.page.getByRole("status", { name: "Search results" });
  await field.pressSequentially("invoic");
  await expect(results).toHaveText(/\d issue/);
  const letGo = await screen.holdResponse(/q=invoice$/);
  await field.press("e");
  await field.press("ArrowDown");
  await letGo();
  await expect(results).toHaveText(/\d issue/);
  const chosen = screen.page.getByRole("option", { selected: true });
  const key = /[A-Z]+-\d+/.exec(await chosen.innerText())?.[0] ?? "";
  stopAtEnd(james, key);
  await field.press("Enter"); // chooses and starts
  await screen.connectClockwork(james);
  await expect(screen.heading).toContainText(key);
  await screen.heading.press("s");
  await screen.showsAt("stopped", key);
});
