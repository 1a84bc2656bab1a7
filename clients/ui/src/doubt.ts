import type { RunningTimer, TimerState } from "@clockwork/shared";

import { atWhen } from "./calendar";

/** Why what is shown may no longer be so. */
export interface Doubt {
  /** Who is not heard: the server, or Clockwork behind it. */
  readonly of: "server" | "clockwork";
  /** When they were last heard, in milliseconds by this machine's clock; undefined if that is not known. */
  readonly at: number | undefined;
}

/** lastHeard is when the server was last heard, if that is no longer now. */
export function doubtOf({ stale, syncedAt, clockOffset }: TimerState, lastHeard: number | undefined): Doubt | undefined {
  if (lastHeard !== undefined) return { of: "server", at: lastHeard };
  if (!stale) return undefined;
  return { of: "clockwork", at: syncedAt === null ? undefined : Date.parse(syncedAt) - clockOffset };
}

/** Whether the doubt is about a timer: of one that a client keeps by itself Clockwork knows nothing. */
export function isAbout(doubt: Doubt | undefined, timer: Pick<RunningTimer, "source">): doubt is Doubt {
  return doubt !== undefined && (doubt.of === "server" || timer.source === "clockwork");
}

/** Says when what is shown was last known to be so. */
export function doubtSentence({ of, at }: Doubt, today: string): string {
  if (at === undefined) return "Clockwork has not answered lately.";
  return of === "server" ? `Last known ${atWhen(at, today)}.` : `Clockwork last answered ${atWhen(at, today)}.`;
}
