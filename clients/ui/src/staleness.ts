import type { RunningTimer, TimerState } from "@clockwork/shared";

import { atWhen } from "./calendar";

/** Why the screen may be out of date. */
export interface Staleness {
  /** What does not answer: our server, or Clockwork behind it. */
  readonly of: "server" | "clockwork";
  /** When they last answered, in milliseconds by this machine's clock; undefined if unknown. */
  readonly at: number | undefined;
}

/** lastHeard is when the server last answered; undefined while it does. */
export function stalenessOf({ stale, syncedAt, clockOffset }: Pick<TimerState, "stale" | "syncedAt" | "clockOffset">, lastHeard: number | undefined): Staleness | undefined {
  if (lastHeard !== undefined) return { of: "server", at: lastHeard };
  if (!stale) return undefined;
  return { of: "clockwork", at: syncedAt === null ? undefined : Date.parse(syncedAt) - clockOffset };
}

/** Whether the timer may be out of date. Clockwork does not know the timers without an issue. */
export function affects(staleness: Staleness | undefined, timer: Pick<RunningTimer, "source">): staleness is Staleness {
  return staleness !== undefined && (staleness.of === "server" || timer.source === "clockwork");
}

export function stalenessSentence({ of, at }: Staleness, today: string): string {
  if (at === undefined) return "Clockwork has not answered lately.";
  return of === "server" ? `Last known ${atWhen(at, today)}.` : `Clockwork last answered ${atWhen(at, today)}.`;
}
