import type { RunningTimer, Worklogs } from "@clockwork/shared";

/** How long after a stop its worklog is waited for, in milliseconds. */
export const loggingTime = 60_000;

/**
 * Whether a timer's time is on its way into a worklog: it has just stopped, and no worklog of its issue starts when
 * it started. A stop that is not confirmed yet is one too. now is this machine's clock.
 */
export function isBeingLogged(timer: RunningTimer, worklogs: Worklogs | undefined, now: number, clockOffset: number): boolean {
  if (timer.status !== "stopped" || timer.source !== "clockwork") return false;
  if (now + clockOffset - Date.parse(timer.updatedAt) > loggingTime) return false;
  const started = Date.parse(timer.startedAt);
  return !worklogs?.worklogs.some((log) => log.issueKey === timer.issueKey && Math.abs(Date.parse(log.started) - started) < 60_000);
}
