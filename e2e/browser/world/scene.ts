import type { BrowserContext, Page, Route, WebSocketRoute } from "@playwright/test";

/** The time of every scene, a Thursday. Nothing in a scene depends on today's date or on the sandbox. */
const now = "2026-03-05T10:30:00+01:00";

export interface SceneTimer {
  issue_key: string;
  summary: string;
  comment?: string;
  /** Minutes ago. */
  since: number;
  /** For a stopped timer: minutes ago. */
  stopped?: number;
  on_hold?: boolean;
}

const user = "u-1";

const wire = ({ since, stopped, ...timer }: SceneTimer, i: number) => ({
  id: `cw:${user}:${timer.issue_key}`,
  user_id: user,
  source: "clockwork",
  status: stopped === undefined ? "running" : "stopped",
  started_at: ago(since),
  updated_at: ago(stopped ?? since),
  counted_seconds: (since - (stopped ?? 0)) * 60 + 12,
  counted_at: now,
  seq: i + 1,
  ...timer,
});

const ago = (minutes: number): string => new Date(Date.parse(now) - minutes * 60_000).toISOString();

const worked: readonly (readonly [key: string, summary: string, comment: string | null, at: string, minutes: number])[] = [
  ["OPS-64", "Weekly planning and retrospectives", "Planning", "2026-03-05T08:00:00+01:00", 25],
  ["PORTAL-308", 'Page title says "Undefined" on the returns form', "Reproduced it on staging", "2026-03-04T15:00:00+01:00", 95],
  ["PORTAL-287", "Show the delivery window on the tracking page", null, "2026-03-04T09:00:00+01:00", 240],
  ["BILL-219", "Payment reminder uses the wrong language", "Code review", "2026-03-03T10:00:00+01:00", 430],
  ["MOB-88", "תיקון החיפוש — order #12", null, "2026-03-02T09:00:00+01:00", 210],
  ["BILL-209", "Monthly statement for accounts with several sites, several currencies and one address for all of their invoices", "Tests", "2026-03-02T13:00:00+01:00", 270],
];

const worklogs = {
  worklogs: worked.map(([issueKey, issueName, comment, started, minutes], i) => ({ id: i + 1, issueId: i + 1, issueKey, issueName, projectName: "Customer Portal", timeSpentSeconds: minutes * 60, started, comment, author: { accountId: user } })),
  total: worked.reduce((sum, log) => sum + log[4] * 60, 0),
  days: [...new Set(worked.map((log) => log[3].slice(0, 10)))].sort().map((date) => ({ date, total: worked.filter((log) => log[3].startsWith(date)).reduce((sum, log) => sum + log[4] * 60, 0) })),
  accountId: user,
};

/** A server with fixed answers, at a fixed time. */
export class Scene {
  private up = true;
  private readonly sockets: WebSocketRoute[] = [];

  constructor(
    private readonly timers: readonly SceneTimer[],
    private readonly loggedIn: boolean,
  ) {}

  async prepare(context: BrowserContext): Promise<void> {
    await context.clock.setFixedTime(now);
    await context.route(/\/(api|_sandbox)\//, (route) => (this.up ? this.answer(route) : route.abort()));
    await context.routeWebSocket(/\/ws(\?|$)/, (socket) => {
      if (!this.up) return void socket.close();
      this.sockets.push(socket);
      socket.onMessage(() => socket.send(JSON.stringify({ event: "error", payload: { id: "ping", code: "UNKNOWN_ACTION", message: "" } })));
      socket.send(JSON.stringify({ event: "state", payload: this.state() }));
    });
  }

  /** Cuts the network. */
  async fail(page: Page): Promise<void> {
    this.up = false;
    await page.context().setOffline(true);
    for (const socket of this.sockets) await socket.close();
  }

  private state(): object {
    return { timers: this.timers.map(wire), seq: this.timers.length, server_time: now, synced_at: now, stale: false };
  }

  private answer(route: Route): Promise<void> {
    const { pathname } = new URL(route.request().url());
    const login = { access_token: "t", token_type: "Bearer", expires_in: 3600, user_id: user, session_id: "s" };
    const answers: Record<string, object | undefined> = {
      "/api/auth": { providers: [{ id: "atlassian", name: "Atlassian" }], password: true, sessions: true },
      "/api/auth/refresh": this.loggedIn ? login : undefined,
      "/api/login": login,
      "/api/me": { user_id: user, account_id: user, display_name: "Linh Tran", role: "user", scope: "write", clockwork: { saved: true, owner: null } },
      "/api/settings": { dailyTargetMinutes: 480, workdays: [1, 2, 3, 4, 5], team: "full" },
      "/api/timers": this.state(),
      "/api/worklogs": worklogs,
      "/api/issues/search": { issues: [] },
    };
    const json = /^\/api\/issues\/[A-Z]/.test(pathname) ? { issue: { key: "PORTAL-312", url: "https://jira.example/browse/PORTAL-312" } } : answers[pathname];
    const headers = { "Access-Control-Allow-Origin": "*" };
    return json ? route.fulfill({ json, headers }) : route.fulfill({ status: 401, headers, json: { error: "UNAUTHORIZED", message: "Log in.", statusCode: 401 } });
  }
}
