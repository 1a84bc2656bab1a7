import type { TimerState } from "@clockwork/shared";
import { memo } from "react";

import { isStale } from "./ConnectionStatus";
import { span } from "./duration";
import { useRunningToday } from "./useRunningToday";
import { useToday } from "./useToday";
import { runningIds, useWorklogs, type ReadWorklogs } from "./useWorklogs";
import { Worklogs } from "./Worklogs";

const Steady = memo(Worklogs);

export interface WorklogsPanelProps {
  state: TimerState;
  read: ReadWorklogs;
  compact: boolean;
}

/** Reads this week's worklogs and shows them; in a small window today's total alone. */
export function WorklogsPanel({ state, read, compact }: WorklogsPanelProps) {
  const today = useToday();
  const reachable = !isStale(state.status);
  const { worklogs, problem, reload } = useWorklogs(read, today, runningIds(state.timers), reachable);
  const running = useRunningToday(state.timers, today, state.clockOffset);
  if (!compact) return <Steady worklogs={worklogs} problem={worklogs && !reachable ? undefined : problem} onRetry={reload} today={today} running={running} />;
  const logged = worklogs?.days?.find((day) => day.date === today)?.total;
  if (logged === undefined) return null;
  return (
    <p>
      Today {span(logged)}
      {running >= 60 && ` + ${span(running)} running`}
    </p>
  );
}
