import { Fragment, type ReactNode } from "react";

import { Button } from "./Button";
import { longDay, weekdayAndDay } from "./calendar";
import classes from "./Days.module.css";
import { span } from "./duration";
import { missing } from "./goal";
import type { Days } from "./useDays";
import type { Running } from "./useRunningDays";

export interface DayHeadProps {
  /** The id of the heading. */
  id: string;
  days: Days;
  /** Seconds; undefined until the week is loaded. */
  logged: number | undefined;
  running: Running;
  runs: boolean;
  /** The day's goal in seconds; 0 if it has none. */
  goal: number;
  /** Whether it would have one if the person had not been off. */
  isWorkday: boolean;
}

/** The shown day's name, its total, and how far that is from the goal. */
export function DayHead({ id, days, logged, running, runs, goal, isWorkday }: DayHeadProps) {
  const { today, day, off, issues, notice } = days;
  const isToday = day === today;
  const [name, date] = isToday ? ["Today", longDay(today)] : weekdayAndDay(day, today);
  const spent = (logged ?? 0) + (running.days.get(day) ?? 0);
  return (
    <section aria-labelledby={id} className={classes.day}>
      <header className={classes.head}>
        <h2 id={id}>{name}</h2>
        <p className={classes.total}>
          {logged === undefined ? "–" : span(spent)}{" "}
          {logged !== undefined && goal > 0 && <span className={classes.of}>of {span(goal)}</span>}
        </p>
        <p className={classes.date}>{date}</p>
        {issues && issues.length > 0 && (
          <Button look="plain" className={classes.aside} onClick={days.copy} aria-keyshortcuts="c">
            {notice?.of === "copy" && !notice.problem ? "Copied" : "Copy as text"}
          </Button>
        )}
        <p className={classes.facts}>
          {logged !== undefined &&
            separated(
              runningPart(running.days.get(day) ?? 0, runs),
              isToday && goal > 0 && missing(goal, spent) > 0 && `${span(missing(goal, spent))} to go`,
              isToday && goal > 0 && running.doneAt && `done at ${running.doneAt} if you go on`,
              day < today && goal > 0 && missing(goal, spent) > 0 && (
                <>
                  {span(missing(goal, spent))} missing{" "}
                  <Button look="plain" className={classes.off} onClick={() => off.set(day, true)}>
                    I was off
                  </Button>
                </>
              ),
              day < today && isWorkday && off.days.has(day) && (
                <>
                  You were off{" "}
                  <Button look="plain" className={classes.off} aria-label="Undo: I was not off" onClick={() => off.set(day, false)}>
                    Undo
                  </Button>
                </>
              ),
            )}
        </p>
      </header>
    </section>
  );
}

/** The part of a total that is running or about to be logged. */
export function runningPart(seconds: number, runs: boolean): ReactNode {
  return seconds >= 60 && <span className={classes.running}>{`with ${span(seconds)} ${runs ? "running" : "being logged"}`}</span>;
}

/** Parts of a sentence with a dot between each two; those that are false are left out. */
function separated(...parts: readonly ReactNode[]): ReactNode {
  const shown = parts.filter(Boolean);
  return shown.map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts come and go, but never change places
    <Fragment key={i}>
      {i > 0 && " · "}
      {part}
    </Fragment>
  ));
}
