import { settings } from "./settings";

/** Actions in Clockwork itself, as by a person on Jira's own page. */
export const clockwork = {
  start: (accountId: string, issueKey: string) => call("POST", "/timers/start", { accountId, issueKey }),
  stop: (accountId: string, issueKey: string) => call("POST", "/timers/stop", { accountId, issueKey }),
  /** Changes a person's timer, and returns its state before. */
  edit: async (accountId: string, issueKey: string, change: { onHold?: boolean; startedAt?: string }): Promise<{ startedAt: string; tillNow: number }> => {
    const { timers } = await (await call("GET", "/timers")).json();
    const timer = timers.find((t: { runningFor: string; issue: { key: string } }) => t.runningFor === accountId && t.issue.key === issueKey);
    await call("PATCH", `/timers/${timer.id}`, change);
    return timer;
  },
  /** Makes Clockwork refuse an operation until clearFaults. */
  failOperation: (operation: string, status: number) => call("POST", "/faults", { kind: "status", operation, status }),
  /** Delays the next call of an operation. */
  delay: (operation: string, delayMs: number) => call("POST", "/faults", { kind: "delay", operation, delayMs, count: 1 }),
  clearFaults: () => call("DELETE", "/faults"),
  /** How often an operation was called. */
  requests: async (operation: string): Promise<number> => (await (await call("GET", "/requests")).json())[operation] ?? 0,
  runs: async (accountId: string, issueKey: string): Promise<boolean> => {
    const { timers } = await (await call("GET", "/timers")).json();
    return timers.some((t: { runningFor: string; issue: { key: string } }) => t.runningFor === accountId && t.issue.key === issueKey);
  },
};

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(settings.control + path, {
    method,
    headers: { "Content-Type": "application/json" },
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}
