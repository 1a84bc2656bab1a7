import type { RunningTimer as Timer } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { Button } from "./Button";
import classes from "./JustStopped.module.css";
import { lasted, nameOf } from "./RunningTimer";

/**
 * How long a stop can be undone with one click, in milliseconds. Afterwards the issue is still the first of the
 * recent ones.
 */
const shownFor = 6_000;

/** A timer for some seconds after it was stopped here. */
export function useJustStopped(): [Timer | undefined, (timer: Timer | undefined) => void] {
  const [timer, setTimer] = useState<Timer>();
  useEffect(() => {
    if (!timer) return;
    const end = setTimeout(() => setTimer(undefined), shownFor);
    return () => clearTimeout(end);
  }, [timer]);
  return [timer, setTimer];
}

/**
 * Says what was stopped, and offers to start it again. The stop has been sent already: if it waited for an undo,
 * it would be late in Clockwork and on the person's other screens.
 */
export function JustStopped({ timer, onAgain }: { timer: Timer; onAgain: () => void }) {
  return (
    <div className={classes.stopped}>
      <p>
        Stopped {nameOf(timer)} after {lasted(timer)}.
      </p>
      <Button look="plain" onClick={onAgain}>
        Start it again
      </Button>
    </div>
  );
}
