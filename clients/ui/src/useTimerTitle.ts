import type { RunningTimer } from "@clockwork/shared";
import { useElapsed } from "@clockwork/shared/react";
import { useEffect } from "react";

import { clock } from "./duration";

/** Shows the running time in the window's title. */
export function useTimerTitle(timer: RunningTimer | null, clockOffset: number, stale: boolean): void {
  const elapsed = useElapsed(timer && !timer.onHold ? timer.startedAt : null, clockOffset);
  const time = timer?.onHold ? "On hold" : clock(elapsed);
  const title = timer ? [time, timer.issueKey, stale && "(last known)"].filter(Boolean).join(" ") + " · Clockwork" : "Clockwork";
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => () => void (document.title = "Clockwork"), []);
}
