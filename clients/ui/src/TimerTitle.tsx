import { clock, type RunningTimer } from "@clockwork/shared";
import { useCounted } from "@clockwork/shared/react";
import { useEffect } from "react";

export interface TimerTitleProps {
  timer: RunningTimer | null;
  clockOffset: number;
  stale: boolean;
}

/** Shows the counted time in the window's title. A component of its own, so that a second redraws nothing else. */
export function TimerTitle({ timer, clockOffset, stale }: TimerTitleProps) {
  const time = clock(useCounted(timer, clockOffset));
  const what = [time, timer?.issueKey, timer?.onHold && "(on hold)", stale && "(last known)"].filter(Boolean).join(" ");
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
