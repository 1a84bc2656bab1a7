import { clock, type RunningTimer as Timer } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useId } from "react";

import { Button } from "./Button";
import { spoken } from "./duration";
import { firstClick } from "./firstClick";
import { IssueKey } from "./jira";
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
  const seconds = useCounted(timer, clockOffset);
  return (
    <li className={classes.row}>
      <span className={classes.time} role="timer" aria-label={`${nameOf(timer)}, ${spoken(seconds)}${timer.onHold ? ", on hold" : ""}`} data-on-hold={timer.onHold || undefined}>
        {clock(seconds)}
      </span>
      <span className={classes.what}>
        {timer.onHold && (
          <span className={classes.tag} aria-hidden="true">
            On hold
          </span>
        )}
        {timer.issueKey && <IssueKey className={classes.key}>{timer.issueKey}</IssueKey>} <bdi>{timer.summary ?? (timer.issueKey ? "" : "Timer without an issue")}</bdi>
        {timer.comment && <bdi className={classes.comment}>{timer.comment}</bdi>}
      </span>
      <Button look="plain" onClick={firstClick(() => onStop(timer))} aria-label={`Stop ${nameOf(timer)}`}>
        Stop
      </Button>
    </li>
  );
}
