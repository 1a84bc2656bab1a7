import { isCounting, type RunningTimer } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useMemo } from "react";

import { countedOn } from "./runningDays";

/** Seconds that the running timers have counted on each of some dates; dates without any are left out. */
export type RunningDays = ReadonlyMap<string, number>;

/** Whole minutes, so that what shows them changes once a minute: the same object until then. */
export function useRunningDays(timers: readonly RunningTimer[], dates: readonly string[], clockOffset: number): RunningDays {
  const running = timers.filter((t) => t.status === "running" && t.issueKey);
  useCounted(running.find(isCounting) ?? null, clockOffset); // the tick
  const now = Date.now();
  const days = dates.map((date) => [date, Math.floor(running.reduce((sum, t) => sum + countedOn(t, date, now, clockOffset), 0) / 60_000) * 60] as const);
  const text = JSON.stringify(days.filter(([, seconds]) => seconds > 0));
  return useMemo(() => new Map(JSON.parse(text) as [string, number][]), [text]);
}
