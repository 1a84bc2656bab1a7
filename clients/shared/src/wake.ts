import type { Scheduler } from "./schedule";

/** How late a timer may be in a page that is seen, and in a hidden one, where browsers let it wait a minute. */
const lateSeen = 5_000;
const lateHidden = 65_000;

/** Calls back where this machine has slept, or its clock was set: a timer came far from its time. */
export function watchForSleep(schedule: Scheduler, every: number, isHidden: () => boolean, onWake: () => void): () => void {
  let cancel: () => void;
  const wait = () => {
    const due = schedule.now() + every;
    cancel = schedule.after(every, () => {
      const late = Math.abs(schedule.now() - due);
      wait();
      if (late > (isHidden() ? lateHidden : lateSeen)) onWake();
    });
  };
  wait();
  return () => cancel();
}
