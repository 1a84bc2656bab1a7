import type { Scheduler } from "./schedule";

/** How late a timer may be: browsers delay those of a hidden page by up to a minute. */
const maxLate = 5_000;
const maxLateHidden = 65_000;

/** Calls back when a timer fires far from its time: this machine has slept, or its clock was set. */
export function watchForSleep(schedule: Scheduler, every: number, isHidden: () => boolean, onWake: () => void): () => void {
  let cancel: () => void;
  const wait = () => {
    const due = schedule.now() + every;
    cancel = schedule.after(every, () => {
      const late = Math.abs(schedule.now() - due);
      wait();
      if (late > (isHidden() ? maxLateHidden : maxLate)) onWake();
    });
  };
  wait();
  return () => cancel();
}
