import { inOrder, type RunningTimer, type TimerState } from "./state";

/** The next state. Whatever is unchanged stays the same object, so that screens need not redraw. */
export function nextState(before: TimerState, timers: Iterable<RunningTimer>, rest: Omit<TimerState, "timers" | "current">): TimerState {
  const known = new Map(before.timers.map((t) => [t.id, t]));
  const ordered = inOrder(timers).map((t) => {
    const old = known.get(t.id);
    return old && isSame(old, t) ? old : t;
  });
  const next: TimerState = {
    ...rest,
    timers: ordered.length === before.timers.length && ordered.every((t, i) => t === before.timers[i]) ? before.timers : ordered,
    current: ordered.find((t) => t.status === "running") ?? null,
    status: isSame(before.status, rest.status) ? before.status : rest.status,
  };
  return isSame(before, next) ? before : next;
}

/** Shallow equality of two plain objects. */
function isSame<T extends object>(a: T, b: T): boolean {
  const names = Object.keys(a) as (keyof T)[];
  return names.length === Object.keys(b).length && names.every((name) => Object.is(a[name], b[name]));
}
