import { useId, useState } from "react";

import { Button } from "./Button";
import { longDay } from "./calendar";
import { DayHead } from "./DayHead";
import classes from "./Days.module.css";
import { span } from "./duration";
import { goalOn, type Goal, type Seconds } from "./goal";
import { Notice } from "./Notice";
import { weekName, weeksBack } from "./shownDay";
import { ShownWeek } from "./ShownWeek";
import type { StartInput } from "./StartTimer";
import type { Days as DaysOfPerson } from "./useDays";
import type { Running } from "./useRunningDays";
import { Worklogs } from "./Worklogs";

export interface DaysProps {
  days: DaysOfPerson;
  /** Why the last reading of the week failed, as a sentence. */
  problem: string | undefined;
  running: Running;
  /** Whether a timer still runs. */
  runs: boolean;
  /** undefined until it is known. */
  goal: Goal | undefined;
  /** In a small window nothing can be saved. */
  compact: boolean;
  onStart: (input: StartInput) => void;
}

/** One day of a person, the week around it, and the day's worklogs. */
export function Days({ days, problem, running, runs, goal, compact, onStart }: DaysProps) {
  const id = useId();
  const { today, day, week, latest, off, issues, notice } = days;
  const logged = totals(week.worklogs);
  const ofDate = (date: string): number => goalOn(goal, date, off.days);
  const runningToday = running.days.get(today) ?? 0;
  const [first] = useState(day);
  const arrived = day !== first && logged && `${weekName(weeksBack(day, today))}. ${longDay(day)}: ${span(logged.get(day) ?? 0)}`;
  return (
    <div className={classes.days}>
      {problem && (
        <p className={classes.problem} role="status">
          {week.worklogs ? `These worklogs may be out of date. ${problem}` : `The worklogs cannot be shown. ${problem}`}{" "}
          <Button look="plain" onClick={week.reload}>
            Try again
          </Button>
        </p>
      )}
      <DayHead id={id} days={days} logged={logged?.get(day)} running={running} runs={runs} goal={ofDate(day)} isWorkday={goalOn(goal, day, new Set()) > 0} />
      <ShownWeek days={days} logged={logged} latest={totals(latest.worklogs)} running={running.days} runs={runs} goal={goal} goalOn={ofDate} compact={compact} />
      <section aria-label={day === today ? "Worklogs of today" : "Worklogs of the day"} className={classes.entries}>
        {notice?.problem && <Notice>{notice.problem}</Notice>}
        {issues && issues.length > 0 && <Worklogs issues={issues} onStart={onStart} />}
        {issues?.length === 0 && <p className={classes.empty}>{day === today ? nothingToday(runningToday, runs) : day < today ? "Nothing was logged on this day." : "Nothing is logged for this day yet."}</p>}
        {!issues && !problem && <p className={classes.empty}>Loading</p>}
      </section>
      <p className={classes.spoken} role="status">
        {notice && !notice.problem ? (notice.of === "copy" ? "The day is copied." : "The week is downloaded.") : arrived}
      </p>
    </div>
  );
}

const totals = (worklogs: DaysOfPerson["week"]["worklogs"]): Seconds | undefined => worklogs && new Map(worklogs.days?.map(({ date, total }) => [date, total]));

function nothingToday(running: number, runs: boolean): string {
  if (running === 0) return "Nothing is logged yet. Start a timer, and its time appears here when you stop it.";
  return `Nothing is logged yet. ${runs ? "The running time is logged when you stop." : "Clockwork is about to log the time."}`;
}
