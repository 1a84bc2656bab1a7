/** Timers and the clock, which tests replace. */
export interface Scheduler {
  /** Milliseconds since 1970. */
  now(): number;
  /** Between 0 and 1. */
  random(): number;
  /** Calls back once after a number of milliseconds; the result cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The longest delay that setTimeout takes. */
const longest = 2 ** 31 - 1;

export const realScheduler: Scheduler = {
  now: () => Date.now(),
  random: () => Math.random(),
  after(milliseconds, callback) {
    const id = setTimeout(callback, Math.min(Math.max(milliseconds, 0), longest));
    return () => clearTimeout(id);
  },
};

/** A function that runs its callback at the first call only. */
export function once(callback: () => void): () => void {
  let called = false;
  return () => {
    if (called) return;
    called = true;
    callback();
  };
}

/** Waits; returns early if the signal aborts. */
export function sleep(schedule: Scheduler, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = schedule.after(milliseconds, end);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
  });
}
