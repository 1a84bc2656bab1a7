import { clock, type RunningTimer as Timer } from "@clockwork/shared";
import { useElapsed } from "@clockwork/shared/react";
import { useId } from "react";

import { Button } from "./Button";
import { spoken } from "./duration";
import { firstClick } from "./firstClick";
import { nameOf } from "./RunningTimer";
import classes from "./TimerList.module.css";

export interface TimerListProps {
  timers: readonly Timer[];
  clockOffset: number;
  onStop: (timer: Timer) => void;
  heading?: string;
}

/** Timers that run beside the one that is shown large. */
export function TimerList({ timers, clockOffset, onStop, heading = "Also running" }: TimerListProps) {
  const id = useId();
  if (timers.length === 0) return null;
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className={classes.heading}>
        {heading}
      </h2>
      <ul>
        {timers.map((timer) => (
          <Row key={timer.id} timer={timer} clockOffset={clockOffset} onStop={onStop} />
        ))}
      </ul>
    </section>
  );
}

function Row({ timer, clockOffset, onStop }: { timer: Timer } & Pick<TimerListProps, "clockOffset" | "onStop">) {
  const elapsed = useElapsed(timer.startedAt, clockOffset);
  return (
    <li className={classes.row}>
      <span className={classes.time} role="timer" aria-label={`${nameOf(timer)}, ${timer.onHold ? "on hold" : spoken(elapsed)}`}>
        {timer.onHold ? "On hold" : clock(elapsed)}
      </span>
      <span className={classes.what}>
        {timer.issueKey && <b>{timer.issueKey}</b>} {timer.summary ?? (timer.issueKey ? "" : "Timer without an issue")}
        {timer.comment && <span className={classes.comment}> {timer.comment}</span>}
      </span>
      <Button look="plain" onClick={firstClick(() => onStop(timer))} aria-label={`Stop ${nameOf(timer)}`}>
        Stop
      </Button>
    </li>
  );
}
