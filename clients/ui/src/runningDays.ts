import { isCounting, type RunningTimer, type Worklogs } from "@clockwork/shared";

import { isBeingLogged } from "./beingLogged";
import { dateAfter, startOf } from "./calendar";

/** Milliseconds that two spans have in common. */
function overlap(from: number, to: number, start: number, end: number): number {
  return Math.max(0, Math.min(to, end) - Math.max(from, start));
}

/**
 * Milliseconds of a running timer that count on a date. The time since the server's last report is exact. Of the time
 * before it only the sum is known: it is spread evenly since the start, so that the days add up to what is shown.
 */
export function countedOn(timer: RunningTimer, date: string, now: number, clockOffset: number): number {
  const from = startOf(date).getTime();
  const to = startOf(dateAfter(date)).getTime();
  const start = Date.parse(timer.startedAt) - clockOffset;
  const reported = Date.parse(timer.countedAt) - clockOffset;
  const since = isCounting(timer) ? overlap(reported, now, from, to) : 0;
  const sum = timer.countedSeconds * 1000;
  if (reported <= start) return since + (from <= reported && reported < to ? sum : 0);
  return since + (sum * overlap(start, reported, from, to)) / (reported - start);
}

/** The timers whose time no worklog has yet. */
export function unloggedTimers(timers: readonly RunningTimer[], worklogs: Worklogs | undefined, now: number, clockOffset: number): RunningTimer[] {
  return timers.filter((t) => t.issueKey && (t.status === "running" || isBeingLogged(t, worklogs, now, clockOffset)));
}

/** Seconds of a date that timers have counted. */
export function secondsOn(timers: readonly RunningTimer[], date: string, now: number, clockOffset: number): number {
  return timers.reduce((sum, t) => sum + countedOn(t, date, now, clockOffset), 0) / 1000;
}
