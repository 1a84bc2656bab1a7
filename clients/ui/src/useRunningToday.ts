import type { RunningTimer } from "@clockwork/shared";
import { useElapsed } from "@clockwork/shared/react";

import { startOf } from "./calendar";

/** Seconds that the running timers have counted since midnight, in whole minutes, so that what shows them changes once a minute. */
export function useRunningToday(timers: readonly RunningTimer[], today: string, clockOffset: number): number {
  const counting = timers.filter((t) => t.status === "running" && !t.onHold && t.issueKey);
  useElapsed(counting[0]?.startedAt ?? null, clockOffset); // the tick
  const now = Date.now() + clockOffset;
  const midnight = startOf(today).getTime() + clockOffset;
  const milliseconds = counting.reduce((sum, t) => sum + Math.max(0, now - Math.max(midnight, Date.parse(t.startedAt))), 0);
  return Math.floor(milliseconds / 60_000) * 60;
}
