import type { RunningTimer as Timer, TimerState } from "@clockwork/shared";
import type { ReactNode, Ref } from "react";

import { Button } from "./Button";
import { atWhen } from "./calendar";
import { stalenessSentence, affects, type Staleness } from "./staleness";
import { MinuteScale } from "./MinuteScale";
import { lasted, RunningTimer } from "./RunningTimer";
import classes from "./Stage.module.css";
import { useToday } from "./useToday";

export interface StageProps {
  state: TimerState;
  staleness: Staleness | undefined;
  onStop: (timer: Timer) => void;
  onAgain: (timer: Timer) => void;
  headingRef: Ref<HTMLHeadingElement>;
  /** The bar above. */
  children: ReactNode;
}

/** The upper part of the screen: a field of colour while time counts, graphite while it may be out of date, paper while nothing counts. */
export function Stage({ state, staleness, onStop, onAgain, headingRef, children }: StageProps) {
  const { current, clockOffset } = state;
  const affected = current && affects(staleness, current) ? staleness : undefined;
  const look = !current || (current.onHold && !affected) ? "paper" : affected ? "stale" : "running";
  return (
    <section className={classes.stage} data-look={look} aria-label="Running timer">
      {children}
      {current ? (
        <RunningTimer key={current.id} timer={current} clockOffset={clockOffset} staleness={affected} onStop={() => onStop(current)} headingRef={headingRef} />
      ) : (
        <>
          <div className={classes.idle}>
            <h1 ref={headingRef} tabIndex={-1} className={classes.heading}>
              {idleHeading(state)}
            </h1>
            <IdleDetail state={state} staleness={staleness} onAgain={onAgain} />
          </div>
          <MinuteScale second={null} />
        </>
      )}
    </section>
  );
}

function unreachable({ loaded, status }: TimerState): boolean {
  return !loaded && (status.kind === "reconnecting" || status.kind === "offline");
}

function idleHeading(state: TimerState): string {
  if (state.loaded) return "Nothing is running";
  if (state.status.kind === "expired") return "Log in again to see your timers";
  return unreachable(state) ? "Your timers cannot be shown yet" : "Loading your timers";
}

function IdleDetail({ state, staleness, onAgain }: Pick<StageProps, "state" | "staleness" | "onAgain">) {
  const today = useToday();
  if (unreachable(state)) return <p className={classes.detail}>They appear as soon as the server answers.</p>;
  if (!state.loaded) return <p className={classes.detail}>&nbsp;</p>;
  if (staleness) return <p className={classes.detail}>{stalenessSentence(staleness, today)} A timer may have been started since.</p>;
  const last = state.timers.find((t) => t.status === "stopped" && t.issueKey);
  if (!last?.issueKey) return <p className={classes.detail}>Choose an issue, and its time starts to count.</p>;
  return (
    <p className={classes.detail}>
      <span>
        Stopped {last.issueKey} {atWhen(Date.parse(last.updatedAt) - state.clockOffset, today)}, after {lasted(last)}.
      </span>{" "}
      <Button look="plain" onClick={() => onAgain(last)}>
        Start {last.issueKey} again
      </Button>
    </p>
  );
}
