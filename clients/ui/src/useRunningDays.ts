import { isCounting, type RunningTimer, type Worklogs } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useMemo } from "react";

import { dateAfter, hourOf, startOf } from "./calendar";
import { doneAt, type Seconds } from "./goal";
import { secondsOn, unloggedTimers } from "./runningDays";

export interface Running {
  /** Seconds by date that timers have counted and no worklog has yet. Dates without any are left out. */
  readonly days: Seconds;
  /** When today's goal is reached if the timers go on, such as 18:05. */
  readonly doneAt: string | undefined;
}

/** In whole minutes, so that the result stays the same for a minute. */
export function useRunningDays(timers: readonly RunningTimer[], dates: readonly string[], clockOffset: number, worklogs: Worklogs | undefined, today: string, goal: number): Running {
  const now = Date.now();
  const unlogged = unloggedTimers(timers, worklogs, now, clockOffset);
  const counting = unlogged.filter(isCounting);
  useCounted(counting[0] ?? null, clockOffset); // the tick
  const days = dates.map((date) => [date, Math.floor(secondsOn(unlogged, date, now, clockOffset) / 60) * 60] as const);
  const text = JSON.stringify(days.filter(([, seconds]) => seconds > 0));
  const logged = worklogs?.days?.find(({ date }) => date === today)?.total;
  const done = logged === undefined ? undefined : doneAt(goal, logged + secondsOn(unlogged, today, now, clockOffset), counting.length, now, startOf(dateAfter(today)).getTime());
  return { days: useMemo(() => new Map(JSON.parse(text) as [string, number][]), [text]), doneAt: done === undefined ? undefined : hourOf(done) };
}
