import { clock, type RunningTimer as Timer } from "@clockwork/shared";
import { useElapsed } from "@clockwork/shared/react";
import type { Ref } from "react";

import { Button } from "./Button";
import { hourOf } from "./calendar";
import { spoken } from "./duration";
import { firstClick } from "./firstClick";
import { MinuteScale } from "./MinuteScale";
import classes from "./RunningTimer.module.css";

export interface RunningTimerProps {
  timer: Timer;
  /** Milliseconds to add to this machine's clock to get the server's. */
  clockOffset: number;
  onStop: () => void;
  /** When the server was last heard, where that is no longer now. */
  lastKnownAt?: number | undefined;
  /** Gets the focus when the timer takes another's place. */
  headingRef?: Ref<HTMLHeadingElement>;
}

/** How a timer is called: its issue's key, else plainly. */
export function nameOf(timer: Timer): string {
  return timer.issueKey ?? "timer";
}

/** The one thing to look at: how long it has run, on what, and how to stop it. */
export function RunningTimer({ timer, clockOffset, onStop, lastKnownAt, headingRef }: RunningTimerProps) {
  const elapsed = useElapsed(timer.startedAt, clockOffset);
  const started = hourOf(Date.parse(timer.startedAt) - clockOffset);
  const time = clock(elapsed);
  return (
    <div className={classes.running}>
      <div className={classes.inner}>
        <p className={classes.numerals} role="timer" aria-label={timer.onHold ? "On hold" : spoken(elapsed)} data-long={time.length > 7 || undefined}>
          {timer.onHold ? "On hold" : time}
        </p>
        <div className={classes.what}>
          <h1 ref={headingRef} tabIndex={-1} className={classes.heading}>
            {timer.issueKey && <span className={classes.key}>{timer.issueKey}</span>} {timer.summary ?? (timer.issueKey ? "" : "Timer without an issue")}
          </h1>
          <p className={classes.detail}>
            {timer.comment && <span className={classes.comment}>{timer.comment}</span>}
            <span>{lastKnownAt === undefined ? detail(timer, started) : `Last known at ${hourOf(lastKnownAt)}. It may have been stopped since.`}</span>
          </p>
          <Button className={classes.stop} onClick={firstClick(onStop)} aria-label={`Stop ${nameOf(timer)}`} aria-keyshortcuts="s">
            Stop
          </Button>
        </div>
      </div>
      <MinuteScale second={timer.onHold ? null : elapsed % 60} />
    </div>
  );
}

function detail(timer: Timer, started: string): string {
  if (timer.pending === "start") return "Starting";
  return timer.onHold ? `Since ${started}. Clockwork does not count outside working hours.` : `Since ${started}`;
}
