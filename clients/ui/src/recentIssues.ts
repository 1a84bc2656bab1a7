import type { RunningTimer, Worklog } from "@clockwork/shared";

import { dateOf } from "./calendar";

export interface RecentIssue {
  readonly key: string;
  readonly summary: string | undefined;
  readonly comment: string | undefined;
  /** Seconds that are logged today. */
  readonly today: number;
}

/** The keys 1 to 6 start them. */
const maxRecent = 6;

/** The issues on which a person worked last, the latest first, without those that run. */
export function recentIssues(worklogs: readonly Worklog[], timers: readonly RunningTimer[], today: string): RecentIssue[] {
  const running = new Set(timers.filter((t) => t.status === "running").map((t) => t.issueKey));
  const found = new Map<string, RecentIssue & { at: number }>();
  const add = (key: string | undefined, at: number, summary: string | undefined, comment: string | undefined, seconds: number): void => {
    if (!key || running.has(key)) return;
    const known = found.get(key);
    const newer = !known || at > known.at;
    found.set(key, {
      key,
      at: newer ? at : known.at,
      summary: (newer ? summary : known.summary) ?? known?.summary ?? summary,
      comment: (newer ? comment : known.comment) ?? known?.comment,
      today: (known?.today ?? 0) + seconds,
    });
  };
  for (const log of worklogs) {
    const seconds = dateOf(new Date(log.started)) === today ? log.timeSpentSeconds : 0;
    add(log.issueKey, Date.parse(log.started) + log.timeSpentSeconds * 1000, log.issueName, log.comment ?? undefined, seconds);
  }
  for (const t of timers) if (t.status === "stopped") add(t.issueKey, Date.parse(t.updatedAt), t.summary, t.comment, 0);
  return [...found.values()].sort((a, b) => b.at - a.at).slice(0, maxRecent);
}
