import { settings } from "./settings";

/** What happens in Clockwork itself, as by a person in Jira's own page. */
export const clockwork = {
  start: (accountId: string, issueKey: string) => call("POST", "/timers/start", { accountId, issueKey }),
  stop: (accountId: string, issueKey: string) => call("POST", "/timers/stop", { accountId, issueKey }),
  /** Has Clockwork refuse all of an operation until mend. */
  spoil: (operation: string, status: number) => call("POST", "/faults", { kind: "status", operation, status }),
  mend: () => call("DELETE", "/faults"),
};

async function call(method: string, path: string, body?: unknown): Promise<void> {
  const answer = await fetch(settings.control + path, {
    method,
    headers: { "Content-Type": "application/json" },
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}
