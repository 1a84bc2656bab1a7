import { stoppedAt } from "./counted";
import type { RunningTimer } from "./state";
import type { Timeline } from "./timeline";

/** A start or stop that was asked for here, shown before the server's word on it comes. */
export interface Wish {
  readonly kind: "start" | "stop";
  readonly id: string;
  /** What a start shows until the real one comes. */
  readonly timer?: RunningTimer;
  /** For a stop: when it was asked for, by the server's clock. */
  readonly at: string;
  /** The server has done it. */
  readonly done: boolean;
  /** When a start that was still under way was to be stopped again: the stop comes after it. */
  readonly withdrawnAt?: string;
}

/** The timers as a screen shows them: what the server said, and what is wished. */
export function withWishes(timeline: Timeline, wishes: Iterable<Wish>): Map<string, RunningTimer> {
  const timers = new Map(timeline.timers);
  for (const wish of wishes) {
    const real = timers.get(wish.id);
    if (wish.withdrawnAt) {
      const shown = real?.status === "running" ? real : wish.timer;
      if (shown) timers.set(wish.id, { ...stoppedAt(shown, wish.withdrawnAt), pending: "stop" });
      continue;
    }
    const mark = wish.done ? undefined : { pending: wish.kind };
    if (wish.kind === "start" && wish.timer && real?.status !== "running") timers.set(wish.id, { ...wish.timer, ...mark });
    if (wish.kind === "stop" && real?.status === "running") timers.set(wish.id, { ...stoppedAt(real, wish.at), ...mark });
  }
  return timers;
}

/** Whether the server says what was wished. */
export function isTrue(wish: Wish, timeline: Timeline): boolean {
  if (wish.withdrawnAt) return false;
  const runs = timeline.timers.get(wish.id)?.status === "running";
  return runs === (wish.kind === "start");
}
