import type { RunningTimer, Worklogs } from "@clockwork/shared";

/** How long to wait for the worklog of a stopped timer, in milliseconds. */
export const loggingTime = 60_000;

/** The least that Clockwork logs, in seconds. */
const leastLogged = 60;

/**
 * Whether Clockwork is about to log a timer's time: the timer has just stopped, and no worklog of its issue has its
 * start. That includes a stop that is not confirmed yet. now is this machine's clock.
 *
 * An earlier timer of the issue may have begun in the minute before, and its worklog too. It had ended when this one
 * began, so its worklog is no longer than the least: it counts only if this timer's own may be as short.
 */
export function isBeingLogged(timer: RunningTimer, worklogs: Worklogs | undefined, now: number, clockOffset: number): boolean {
  if (timer.status !== "stopped" || timer.source !== "clockwork") return false;
  if (now + clockOffset - Date.parse(timer.updatedAt) > loggingTime) return false;
  const started = Date.parse(timer.startedAt);
  return !worklogs?.worklogs.some(
    (log) =>
      log.issueKey === timer.issueKey &&
      Math.abs(Date.parse(log.started) - started) < 60_000 &&
      (log.timeSpentSeconds > leastLogged || timer.countedSeconds < 2 * leastLogged),
  );
}
