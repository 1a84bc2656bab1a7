import type { RunningTimer, TimerState } from "@clockwork/shared";

import { MAX_RECENT, type RecentIssue, type Report, type RunningIssue } from "../bridge";

/** The longest summary in a report, in characters. */
const MAX_SUMMARY = 200;

/** The tray does not show the first tries to reconnect, because most succeed. */
const QUIET_TRIES = 2;

/** The tray's report of a state. Until the timers are loaded it says "connecting". */
export function reportOf(state: TimerState, signedIn: boolean): Report {
  if (!signedIn) return { signedIn, connection: "connecting", current: null, recent: [] };
  return {
    signedIn,
    connection: state.loaded || state.status.kind === "expired" ? connectionOf(state) : "connecting",
    current: state.current === null ? null : runningIssue(state.current, state.clockOffset),
    recent: recentIssues(state.timers),
  };
}

function connectionOf({ status, stale, current }: TimerState): Report["connection"] {
  switch (status.kind) {
    case "live":
    case "polling":
      return stale && current?.source !== "client" ? "stale" : "live"; // of a client's own timer Clockwork knows nothing
    case "connecting":
    case "expired":
    case "offline":
      return status.kind;
    case "reconnecting":
      return status.attempt > QUIET_TRIES ? "offline" : "connecting";
  }
}

function runningIssue(timer: RunningTimer, clockOffset: number): RunningIssue {
  return {
    issueKey: timer.issueKey || null,
    summary: shortSummary(timer),
    startedAt: Date.parse(timer.startedAt) - clockOffset,
    countedSeconds: timer.countedSeconds,
    countedAt: Date.parse(timer.countedAt) - clockOffset,
    onHold: timer.onHold ?? false,
  };
}

// Stopped ones, each issue once, and none that runs.
function recentIssues(timers: readonly RunningTimer[]): RecentIssue[] {
  const running = new Set(timers.filter((timer) => timer.status === "running").map((timer) => timer.issueKey));
  const recent = new Map<string, RecentIssue>();
  for (const timer of timers) {
    const { issueKey } = timer;
    if (!issueKey || running.has(issueKey) || recent.has(issueKey) || recent.size === MAX_RECENT) continue;
    recent.set(issueKey, { issueKey, summary: shortSummary(timer) });
  }
  return [...recent.values()];
}

// An empty summary says as little as none.
function shortSummary({ summary }: RunningTimer): string | null {
  return summary?.slice(0, MAX_SUMMARY) || null;
}
