import { clock, type RunningTimer as Timer } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import type { Ref } from "react";

import { Button } from "./Button";
import { sinceWhen } from "./calendar";
import { stalenessSentence, type Staleness } from "./staleness";
import { span, spoken } from "./duration";
import { firstClick } from "./firstClick";
import { IssueKey } from "./jira";
import { MinuteScale } from "./MinuteScale";
import classes from "./RunningTimer.module.css";
import { useToday } from "./useToday";

export interface RunningTimerProps {
  timer: Timer;
  /** Milliseconds to add to this machine's clock to get the server's. */
  clockOffset: number;
  onStop: () => void;
  /** Why the timer may no longer run. */
  staleness?: Staleness | undefined;
  /** Gets the focus when the timer takes another's place. */
  headingRef?: Ref<HTMLHeadingElement>;
}

/** The timer's name: its issue's key if it has one. */
export function nameOf(timer: Timer): string {
  return timer.issueKey ?? "timer";
}

/** How long a stopped timer has counted: 1 h 36 min. */
export function lasted({ countedSeconds }: Timer): string {
  return countedSeconds < 60 ? "less than a minute" : span(countedSeconds);
}

/** The main part of the screen: what has been counted, on which issue, and a button to stop it. */
export function RunningTimer({ timer, clockOffset, onStop, staleness, headingRef }: RunningTimerProps) {
  const seconds = useCounted(timer, clockOffset);
  const today = useToday();
  const since = `Since ${sinceWhen(Date.parse(timer.startedAt) - clockOffset, today)}`;
  const time = clock(seconds);
  return (
    <div className={classes.running}>
      <div className={classes.inner}>
        <div className={classes.row}>
          <div className={classes.time}>
            <p className={classes.numerals} role="timer" aria-label={timer.onHold ? `${spoken(seconds)}, on hold` : spoken(seconds)} data-digits={time.length - 2}>
              {time}
            </p>
            {timer.onHold && (
              <span className={classes.tag} aria-hidden="true">
                On hold
              </span>
            )}
          </div>
          <div className={classes.what}>
            <h1 ref={headingRef} tabIndex={-1} className={classes.heading}>
              {timer.issueKey && <IssueKey className={classes.key}>{timer.issueKey}</IssueKey>} <bdi>{timer.summary ?? (timer.issueKey ? "" : "Timer without an issue")}</bdi>
            </h1>
            <p className={classes.detail}>
              {timer.comment && <bdi className={classes.comment}>{timer.comment}</bdi>}
              <span>{staleness ? `${stalenessSentence(staleness, today)} This timer may have been stopped since.` : detail(timer, since)}</span>
            </p>
            <Button className={classes.stop} onClick={firstClick(onStop)} aria-label={`Stop ${nameOf(timer)}`} aria-keyshortcuts="s">
              Stop
            </Button>
          </div>
        </div>
      </div>
      <MinuteScale second={timer.onHold ? null : seconds % 60} />
    </div>
  );
}

function detail(timer: Timer, since: string): string {
  if (timer.pending === "start") return "Starting";
  return timer.onHold ? `${since}. Clockwork does not count outside working hours.` : since;
}
