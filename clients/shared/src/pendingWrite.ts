import { stoppedAt } from "./counted";
import type { RunningTimer } from "./state";
import type { Timeline } from "./timeline";

/** A start or stop that was requested here and is shown before the server confirms it. */
export interface PendingWrite {
  readonly kind: "start" | "stop";
  readonly id: string;
  /** Shown for a start until the real timer arrives. */
  readonly timer?: RunningTimer;
  /** When it was requested, by the server's clock. */
  readonly at: string;
  /** The server has accepted it. */
  readonly accepted: boolean;
  /** When a stop was requested while the start was still in progress; the stop follows it. */
  readonly stopRequestedAt?: string;
}

/** The timers as a screen shows them: the server's, changed by the pending writes. */
export function withPendingWrites(timeline: Timeline, pendingWrites: Iterable<PendingWrite>): Map<string, RunningTimer> {
  const timers = new Map(timeline.timers);
  for (const write of pendingWrites) {
    const real = timers.get(write.id);
    if (write.stopRequestedAt) {
      const shown = real?.status === "running" ? real : write.timer;
      if (shown) timers.set(write.id, { ...stoppedAt(shown, write.stopRequestedAt), pending: "stop" });
      continue;
    }
    const mark = write.accepted ? undefined : { pending: write.kind };
    if (write.kind === "start" && write.timer && real?.status !== "running") timers.set(write.id, { ...write.timer, ...mark });
    if (write.kind === "stop" && real?.status === "running") timers.set(write.id, { ...stoppedAt(real, write.at), ...mark });
  }
  return timers;
}

/** Whether the server's timers show the write. */
export function isConfirmed(write: PendingWrite, timeline: Timeline): boolean {
  if (write.stopRequestedAt) return false;
  const runs = timeline.timers.get(write.id)?.status === "running";
  return runs === (write.kind === "start");
}
