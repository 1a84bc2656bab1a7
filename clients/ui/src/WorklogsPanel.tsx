import type { TimerState } from "@clockwork/shared";
import { memo, useCallback, useEffect, useRef } from "react";

import { weekOf } from "./calendar";
import { isUnreachable } from "./ConnectionStatus";
import { span } from "./duration";
import type { StartInput } from "./StartTimer";
import { useRunningDays } from "./useRunningDays";
import type { Logged } from "./useWorklogs";
import { Worklogs } from "./Worklogs";

const MemoizedWorklogs = memo(Worklogs);

export interface WorklogsPanelProps {
  state: TimerState;
  week: Logged;
  today: string;
  compact: boolean;
  onStart: (input: StartInput) => Promise<boolean>;
}

/** Shows this week's worklogs; in a small window today's total only. */
export function WorklogsPanel({ state, week, today, compact, onStart }: WorklogsPanelProps) {
  const { worklogs, problem, reload } = week;
  const running = useRunningDays(state.timers, weekOf(today), state.clockOffset, worklogs);
  const runs = state.timers.some((t) => t.status === "running" && t.issueKey);
  const latestStart = useRef(onStart);
  useEffect(() => {
    latestStart.current = onStart;
  });
  const start = useCallback((input: StartInput) => void latestStart.current(input), []);
  if (!compact) {
    const shownProblem = worklogs && isUnreachable(state.status) ? undefined : problem;
    return <MemoizedWorklogs worklogs={worklogs} problem={shownProblem} onRetry={reload} today={today} running={running} runs={runs} onStart={start} />;
  }
  if (!worklogs) return null;
  const logged = worklogs.days?.find((day) => day.date === today)?.total ?? 0;
  const seconds = running.get(today) ?? 0;
  return (
    <p>
      Today {span(logged)}
      {seconds > 0 && ` + ${span(seconds)} ${runs ? "running" : "being logged"}`}
    </p>
  );
}
