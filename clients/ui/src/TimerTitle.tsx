import { clock, type RunningTimer } from "@clockwork/shared";
import { useElapsed } from "@clockwork/shared/react";
import { useEffect } from "react";

export interface TimerTitleProps {
  timer: RunningTimer | null;
  clockOffset: number;
  stale: boolean;
}

/** Shows the running time in the window's title. A component of its own, so that a second redraws nothing else. */
export function TimerTitle({ timer, clockOffset, stale }: TimerTitleProps) {
  const elapsed = useElapsed(timer && !timer.onHold ? timer.startedAt : null, clockOffset);
  const time = timer?.onHold ? "On hold" : clock(elapsed);
  const what = [time, timer?.issueKey, stale && "(last known)"].filter(Boolean).join(" ");
  const title = timer ? `${what} · Clockwork` : "Clockwork";
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(
    () => () => {
      document.title = "Clockwork";
    },
    [],
  );
  return null;
}
