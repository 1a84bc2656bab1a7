import type { RunningTimer as Timer, TimerState } from "@clockwork/shared";
import type { ReactNode, Ref } from "react";

import { Button } from "./Button";
import { atWhen } from "./calendar";
import { doubtSentence, isAbout, type Doubt } from "./doubt";
import { MinuteScale } from "./MinuteScale";
import { RunningTimer } from "./RunningTimer";
import classes from "./Stage.module.css";
import { useToday } from "./useToday";

export interface StageProps {
  state: TimerState;
  doubt: Doubt | undefined;
  onStop: (timer: Timer) => void;
  onAgain: (issueKey: string) => void;
  headingRef: Ref<HTMLHeadingElement>;
  /** The bar above. */
  children: ReactNode;
}

/** The upper part of the screen: a field of colour while time counts, graphite while that is in doubt, paper while nothing counts. */
export function Stage({ state, doubt, onStop, onAgain, headingRef, children }: StageProps) {
  const { current, clockOffset } = state;
  const doubted = current && isAbout(doubt, current) ? doubt : undefined;
  const look = !current || (current.onHold && !doubted) ? "paper" : doubted ? "doubt" : "running";
  return (
    <section className={classes.stage} data-look={look} aria-label="Running timer">
      {children}
      {current ? (
        <RunningTimer key={current.id} timer={current} clockOffset={clockOffset} doubt={doubted} onStop={() => onStop(current)} headingRef={headingRef} />
      ) : (
        <>
          <div className={classes.idle}>
            <h1 ref={headingRef} tabIndex={-1} className={classes.heading}>
              {idleHeading(state)}
            </h1>
            <IdleDetail state={state} doubt={doubt} onAgain={onAgain} />
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

function IdleDetail({ state, doubt, onAgain }: Pick<StageProps, "state" | "doubt" | "onAgain">) {
  const today = useToday();
  if (unreachable(state)) return <p className={classes.detail}>They appear as soon as the server answers.</p>;
  if (!state.loaded) return <p className={classes.detail}>&nbsp;</p>;
  if (doubt) return <p className={classes.detail}>{doubtSentence(doubt, today)} A timer may have been started since.</p>;
  const last = state.timers.find((t) => t.status === "stopped" && t.issueKey);
  if (!last?.issueKey) return <p className={classes.detail}>Choose an issue, and its time starts to count.</p>;
  const { issueKey } = last;
  return (
    <p className={classes.detail}>
      <span>
        {issueKey} stopped {atWhen(Date.parse(last.updatedAt) - state.clockOffset, today)}.
      </span>{" "}
      <Button look="plain" onClick={() => onAgain(issueKey)}>
        Start {issueKey} again
      </Button>
    </p>
  );
}
