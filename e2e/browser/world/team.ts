import type { Page } from "@playwright/test";

const title = "Export the shipment list as CSV with all columns that customers asked for, those that were added last year, and those that nobody has documented since. ";
const issues = [
  { key: "PORTAL-312", summary: "Search ignores leading zeros" },
  { key: "BILL-209", summary: title.repeat(2).slice(0, 255) },
  { key: "MOB-88", summary: "תיקון ייצוא CSV — order #12" },
  { key: "OPS-64", summary: "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle".repeat(3) },
];
const names = ["Linh Tran", "Đức Phạm", "Maximiliane-Charlotte von Hohenstein-Wittelsbach", "Aiko Tanaka", "Emily O’Connor"];

/** A team with all special cases: two timers of one person, on hold, a hidden issue, long and right-to-left titles. */
function team(people: number, stale: boolean): object {
  const now = Date.now();
  const members = Array.from({ length: people }, (_, i) => {
    const status = i % 5 === 3 ? "on_hold" : i % 5 === 4 && i > 4 ? "idle" : "working";
    const timer = (k: number) => {
      const tillNow = 60 + ((i * 3571 + k * 991) % 20_000);
      const startedAt = new Date(now - tillNow * 1000 - (status === "on_hold" ? 57_600_000 : 0)).toISOString();
      return { id: i * 2 + k + 1, startedAt, finishedAt: null, comment: i % 3 === 1 ? "Pairing on the migration, then review" : null, runningFor: `${i}`, tillNow, worklogCount: 0, issue: { id: 1, ...issues[(i + k) % issues.length] }, withinWorkingHours: status === "working", startedWithinWorkingHours: true };
    };
    const hidden = i % 5 === 4;
    return {
      accountId: `${i}`,
      displayName: i < names.length ? names[i] : `${names[i % names.length]} ${i}`,
      status,
      timers: hidden ? [] : i === 1 ? [timer(0), timer(1)] : [timer(0)],
      ...(status === "idle" && { last: { issue: { key: "PORTAL-301", id: 1 }, at: new Date(now - 7_200_000).toISOString() } }),
    };
  });
  return { members, asOf: new Date(now).toISOString(), syncedAt: new Date(now - (stale ? 780_000 : 30_000)).toISOString(), ...(stale && { stale }) };
}

/** Shows the page a made-up team, whoever is logged in. */
export async function mockTeam(page: Page, people: number, stale = false): Promise<void> {
  await page.routeWebSocket(/scope=team/, (socket) => socket.send(JSON.stringify({ event: "team_state", payload: { seq: 1, ...team(people, stale) } })));
  await page.route(/\/api\/team$/, (route) => route.fulfill({ json: team(people, stale) }));
}
