import { useId } from "react";

import { Button } from "./Button";
import { dayRange, weekOf } from "./calendar";
import classes from "./Days.module.css";
import { runningPart } from "./DayHead";
import { span } from "./duration";
import { unloggedDays, type Goal, type Seconds } from "./goal";
import { canShow, sameDayBefore, weekName, weeksBack } from "./shownDay";
import { UnloggedDays } from "./UnloggedDays";
import type { Days } from "./useDays";
import { WeekChart } from "./WeekChart";

export interface ShownWeekProps {
  days: Days;
  /** Logged seconds by date of the shown week; undefined until they are loaded. */
  logged: Seconds | undefined;
  /** Those of this and of last week. */
  latest: Seconds | undefined;
  running: Seconds;
  runs: boolean;
  goal: Goal | undefined;
  goalOn: (date: string) => number;
  compact: boolean;
}

/** The week of the shown day, with the way to other weeks. */
export function ShownWeek({ days, logged, latest, running, runs, goal, goalOn, compact }: ShownWeekProps) {
  const id = useId();
  const { today, day, show, off } = days;
  const dates = weekOf(day);
  const range = dayRange(dates[0] ?? day, dates[6] ?? day);
  const back = weeksBack(day, today);
  const name = weekName(back);
  const runningSum = dates.reduce((sum, date) => sum + (running.get(date) ?? 0), 0);
  const total = logged && dates.reduce((sum, date) => sum + (logged.get(date) ?? 0), runningSum);
  const spent = new Map(weekOf(sameDayBefore(today, 1, today)).concat(weekOf(today)).map((date) => [date, (latest?.get(date) ?? 0) + (running.get(date) ?? 0)]));

  return (
    <section ref={days.section} aria-labelledby={id} className={classes.week}>
      <header className={classes.head}>
        <div className={classes.steps}>
          <Step label="Previous week" shortcut="[" sign="‹" can={canShow(sameDayBefore(day, 1, today), today)} onStep={() => days.move(1)} />
          <h2 id={id}>{name}</h2>
          <Step label="Next week" shortcut="]" sign="›" can={back > 0} onStep={() => days.move(-1)} />
        </div>
        <p className={classes.total}>
          {total === undefined ? "–" : span(total)}{" "}
          {total !== undefined && runningPart(runningSum, runs)}
        </p>
        <p className={classes.date}>{range}</p>
        {day !== today && (
          <Button look="plain" className={classes.aside} onClick={() => show(today)} aria-keyshortcuts="t">
            Today
          </Button>
        )}
      </header>
      <UnloggedDays days={latest && back < 2 ? unloggedDays(today, goal, spent, off.days) : []} onShow={show} />
      <WeekChart dates={dates} today={today} shown={day} logged={logged} running={running} goal={goal?.seconds} goalOn={goalOn} off={off.days} onShow={show} labelledBy={id} />
      {!compact && (
        <Button look="plain" className={classes.download} onClick={days.download}>
          {days.notice?.of === "download" && !days.notice.problem ? "Downloaded" : "Download as CSV"}
        </Button>
      )}
    </section>
  );
}

function Step({ label, shortcut, sign, can, onStep }: { label: string; shortcut: string; sign: string; can: boolean; onStep: () => void }) {
  return (
    <button type="button" className={classes.step} aria-label={label} aria-keyshortcuts={shortcut} aria-disabled={!can} onClick={() => can && onStep()}>
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}
