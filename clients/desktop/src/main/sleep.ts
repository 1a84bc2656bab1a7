/** The events of Electron's powerMonitor after which a connection is likely dead. */
export interface PowerEvents {
  on(event: "resume", listener: () => void): unknown;
  on(event: "unlock-screen", listener: () => void): unknown;
}

/** A machine that wakes reports it twice: resume, then unlock-screen. In milliseconds. */
const SAME_WAKE = 2000;

/** Calls `wake` once each time the machine wakes up. `now` is in milliseconds. */
export function onWake(power: PowerEvents, wake: () => void, now: () => number): void {
  let last = Number.NEGATIVE_INFINITY;
  const onEvent = () => {
    const at = now();
    if (at - last < SAME_WAKE) return;
    last = at;
    wake();
  };
  power.on("resume", onEvent);
  power.on("unlock-screen", onEvent);
}
