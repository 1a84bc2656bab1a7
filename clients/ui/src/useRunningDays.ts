import { isCounting, type RunningTimer, type Worklogs } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useMemo } from "react";

import { isBeingLogged } from "./beingLogged";
import { countedOn } from "./runningDays";

/** Seconds by date that timers have counted and no worklog has yet. Dates without any are left out. */
export type RunningDays = ReadonlyMap<string, number>;

/** In whole minutes, so that the result stays the same object for a minute. */
export function useRunningDays(timers: readonly RunningTimer[], dates: readonly string[], clockOffset: number, worklogs: Worklogs | undefined): RunningDays {
  const now = Date.now();
  const running = timers.filter((t) => t.issueKey && (t.status === "running" || isBeingLogged(t, worklogs, now, clockOffset)));
  useCounted(running.find(isCounting) ?? null, clockOffset); // the tick
  const days = dates.map((date) => [date, Math.floor(running.reduce((sum, t) => sum + countedOn(t, date, now, clockOffset), 0) / 60_000) * 60] as const);
  const text = JSON.stringify(days.filter(([, seconds]) => seconds > 0));
  return useMemo(() => new Map(JSON.parse(text) as [string, number][]), [text]);
}
