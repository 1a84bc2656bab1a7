import type { TimerState } from "@clockwork/shared";
import { memo, useCallback, useEffect, useRef, useState } from "react";

import { Button } from "./Button";
import { dateBefore, weekOf } from "./calendar";
import { isUnreachable } from "./ConnectionStatus";
import { Days } from "./Days";
import { span } from "./duration";
import { goalOn, missing, unloggedDays, type Goal } from "./goal";
import type { StartInput } from "./StartTimer";
import type { Days as DaysOfPerson } from "./useDays";
import { useRunningDays } from "./useRunningDays";

const MemoizedDays = memo(Days);

export interface DaysPanelProps {
  state: TimerState;
  days: DaysOfPerson;
  goal: Goal | undefined;
  compact: boolean;
  onStart: (input: StartInput) => Promise<boolean>;
}

/** Shows a day and its week; in a small window today's total, and the days on request. */
export function DaysPanel({ state, days, goal, compact, onStart }: DaysPanelProps) {
  const { today, day, week, latest, off } = days;
  const goalToday = goalOn(goal, today, off.days);
  const dates = [...new Set([...weekOf(dateBefore(today, 7)), ...weekOf(today), ...weekOf(day)])];
  const running = useRunningDays(state.timers, dates, state.clockOffset, latest.worklogs, today, goalToday);
  const runs = state.timers.some((t) => t.status === "running" && t.issueKey);
  const [open, setOpen] = useState(day !== today);
  useEffect(() => {
    if (day !== today) setOpen(true);
  }, [day, today]);

  const latestStart = useRef(onStart);
  useEffect(() => {
    latestStart.current = onStart;
  });
  const start = useCallback((input: StartInput) => void latestStart.current(input), []);

  const problem = isUnreachable(state.status) ? (week.worklogs ? undefined : "There is no connection.") : week.problem;
  const whole = <MemoizedDays days={days} problem={problem} running={running} runs={runs} goal={goal} compact={compact} onStart={start} />;
  if (!compact) return whole;
  if (!latest.worklogs) return null;
  const all = new Map(latest.worklogs.days?.map(({ date, total }) => [date, total + (running.days.get(date) ?? 0)]));
  const lacking = unloggedDays(today, goal, all, off.days).length;
  const spent = all.get(today) ?? 0;
  const toGo = missing(goalToday, spent);
  const line = [
    `Today ${span(spent)}${goalToday > 0 ? ` of ${span(goalToday)}` : ""}`,
    toGo > 0 && `${span(toGo)} to go`,
    toGo > 0 && running.doneAt && `done at ${running.doneAt} if you go on`,
  ];
  return (
    <>
      <div>
        <p>{line.filter(Boolean).join(" · ")}</p>
        <Button look="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
          My days
        </Button>
        {lacking > 0 && ` · ${lacking === 1 ? "1 lacks" : `${lacking} lack`} time`}
      </div>
      {open && whole}
    </>
  );
}
