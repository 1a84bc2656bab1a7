import type { RunningTimer } from "./state";

export type Counted = Pick<RunningTimer, "status" | "countedSeconds" | "countedAt" | "onHold">;

/** Whether the timer's time grows now. */
export function isCounting({ status, onHold }: Pick<Counted, "status" | "onHold">): boolean {
  return status === "running" && !onHold;
}

/**
 * Milliseconds that count as worked at a moment of the server's clock; never negative. Clockwork leaves out the
 * time on hold, so this is not the time since the start.
 */
export function counted(timer: Counted, now: number): number {
  const grown = isCounting(timer) ? now - Date.parse(timer.countedAt) : 0;
  return Math.max(0, timer.countedSeconds * 1000 + grown);
}

/** The timer as it is once it has stopped at a moment, RFC 3339 by the server's clock. */
export function stoppedAt(timer: RunningTimer, moment: string): RunningTimer {
  const countedSeconds = Math.floor(counted(timer, Date.parse(moment)) / 1000);
  return { ...timer, status: "stopped", updatedAt: moment, countedSeconds, countedAt: moment };
}

/**
 * Keeps the count that is shown already, unless it is wrong by a second. Answers count in whole seconds, so without
 * this the clock on the screen would jump with each answer.
 */
export function keepCount<T extends Counted>(timer: T, known: Counted | undefined): T {
  if (!known || isCounting(known) !== isCounting(timer)) return timer;
  const now = Date.parse(timer.countedAt);
  if (Math.abs(counted(known, now) - counted(timer, now)) >= 1000) return timer;
  const { countedSeconds, countedAt } = known;
  return { ...timer, countedSeconds, countedAt };
}
