import type { RunningTimer, TimerState } from "@clockwork/shared";
import type { RecentIssue as WorkedOn } from "@clockwork/ui";

import { MAX_RECENT, type RecentIssue, type Report, type RunningIssue } from "../bridge";

/** The longest summary in a report, in characters. */
const MAX_SUMMARY = 200;

/** The tray does not show the first attempts to reconnect, because most of them succeed. */
const QUIET_TRIES = 2;

/** The tray's report of a state. Until the timers are loaded it says "connecting". recent is what the page offers. */
export function reportOf(state: TimerState, signedIn: boolean, recent: readonly WorkedOn[]): Report {
  if (!signedIn) return { signedIn, connection: "connecting", current: null, recent: [] };
  return {
    signedIn,
    connection: state.loaded || state.status.kind === "expired" ? connectionOf(state) : "connecting",
    current: state.current === null ? null : runningIssue(state.current, state.clockOffset),
    recent: recentIssues(recent, state.timers),
  };
}

function connectionOf({ status, stale, current }: TimerState): Report["connection"] {
  switch (status.kind) {
    case "live":
    case "polling":
      return stale && current?.source !== "client" ? "stale" : "live"; // Clockwork does not know a client's own timer
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

// Leaves out running issues, because the page does so only a moment later.
function recentIssues(recent: readonly WorkedOn[], timers: readonly RunningTimer[]): RecentIssue[] {
  const runs = (key: string) => timers.some((timer) => timer.status === "running" && timer.issueKey === key);
  return recent
    .filter(({ key }) => !runs(key))
    .slice(0, MAX_RECENT)
    .map((issue) => ({ issueKey: issue.key, summary: shortSummary(issue) }));
}

// An empty summary counts as none.
function shortSummary({ summary }: { summary?: string | undefined }): string | null {
  return summary?.slice(0, MAX_SUMMARY) || null;
}
