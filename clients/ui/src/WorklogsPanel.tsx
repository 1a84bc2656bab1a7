import type { TimerState } from "@clockwork/shared";
import { memo } from "react";

import { weekOf } from "./calendar";
import { isUnreachable } from "./ConnectionStatus";
import { span } from "./duration";
import { useRunningDays } from "./useRunningDays";
import { useToday } from "./useToday";
import { runningIds, useWorklogs, type ReadWorklogs } from "./useWorklogs";
import { Worklogs } from "./Worklogs";

const MemoizedWorklogs = memo(Worklogs);

export interface WorklogsPanelProps {
  state: TimerState;
  read: ReadWorklogs;
  compact: boolean;
}

/** Reads this week's worklogs and shows them; in a small window today's total alone. */
export function WorklogsPanel({ state, read, compact }: WorklogsPanelProps) {
  const today = useToday();
  const reachable = !isUnreachable(state.status);
  const { worklogs, problem, reload } = useWorklogs(read, today, runningIds(state.timers), reachable);
  const running = useRunningDays(state.timers, weekOf(today), state.clockOffset, worklogs);
  const runs = state.timers.some((t) => t.status === "running" && t.issueKey);
  if (!compact) return <MemoizedWorklogs worklogs={worklogs} problem={worklogs && !reachable ? undefined : problem} onRetry={reload} today={today} running={running} runs={runs} />;
  const logged = worklogs?.days?.find((day) => day.date === today)?.total;
  if (logged === undefined) return null;
  const seconds = running.get(today) ?? 0;
  return (
    <p>
      Today {span(logged)}
      {seconds > 0 && ` + ${span(seconds)} ${runs ? "running" : "being logged"}`}
    </p>
  );
}
