import type { Worklog, Worklogs as Logged } from "@clockwork/shared";
import { useId } from "react";

import { Button } from "./Button";
import { dateOf, dayRange, hourOf, longDay, weekOf } from "./calendar";
import { span } from "./duration";
import { IssueKey } from "./jira";
import { byIssue } from "./worklogsByIssue";
import type { RunningDays } from "./useRunningDays";
import { WeekChart } from "./WeekChart";
import classes from "./Worklogs.module.css";

export interface WorklogsProps {
  /** At least this week's; undefined until they are loaded. */
  worklogs: Logged | undefined;
  /** Why the last reading failed, as a sentence. */
  problem?: string | undefined;
  onRetry: () => void;
  /** The person's local date. */
  today: string;
  /** Seconds by date that timers have counted and no worklog shows yet. */
  running: RunningDays;
  /** Whether a timer runs still. */
  runs: boolean;
  onStart: (input: { issueKey: string; summary?: string }) => void;
}

/** What was logged today and in this week. */
export function Worklogs({ worklogs, problem, onRetry, today, running, runs, onStart }: WorklogsProps) {
  const id = useId();
  const dates = weekOf(today);
  const runningToday = running.get(today) ?? 0;
  const what = runs ? "running" : "being logged";
  const runningThisWeek = dates.reduce((sum, date) => sum + (running.get(date) ?? 0), 0);
  const days = new Map(worklogs?.days?.map((day) => [day.date, day.total]));
  const logs = (worklogs?.worklogs ?? []).filter((log) => dateOf(new Date(log.started)) === today);
  return (
    <div className={classes.worklogs}>
      {problem && (
        <p className={classes.problem} role="status">
          {worklogs ? `These worklogs may be out of date. ${problem}` : `The worklogs cannot be shown. ${problem}`}{" "}
          <Button look="plain" onClick={onRetry}>
            Try again
          </Button>
        </p>
      )}
      <section aria-labelledby={`${id}-today`} className={classes.today}>
        <header className={classes.head}>
          <h2 id={`${id}-today`}>Today</h2>
          <Total seconds={worklogs && (days.get(today) ?? 0)} running={runningToday} what={what} />
          <p className={classes.date}>{longDay(today)}</p>
        </header>
        {worklogs && (logs.length > 0 ? <Logs logs={logs} onStart={onStart} /> : <p className={classes.empty}>{`Nothing is logged yet. ${runningToday === 0 ? "Start a timer, and its time appears here when you stop it." : runs ? "The running time is logged when you stop." : "Clockwork is about to log the time."}`}</p>)}
        {!worklogs && !problem && <p className={classes.empty}>Loading</p>}
      </section>
      <section aria-labelledby={`${id}-week`} className={classes.week}>
        <header className={classes.head}>
          <h2 id={`${id}-week`}>This week</h2>
          <Total seconds={worklogs && dates.reduce((sum, date) => sum + (days.get(date) ?? 0), 0)} running={runningThisWeek} what={what} />
          <p className={classes.date}>{dayRange(dates[0] ?? today, dates[6] ?? today)}</p>
        </header>
        {worklogs && <WeekChart dates={dates} today={today} totals={days} running={running} labelledBy={`${id}-week`} />}
      </section>
    </div>
  );
}

function Total({ seconds, running, what }: { seconds: number | undefined; running: number; what: string }) {
  return (
    <p className={classes.total}>
      {seconds === undefined ? "–" : span(seconds)}
      {running >= 60 && <span className={classes.running}>+ {span(running)} {what}</span>}
    </p>
  );
}

/** The day's worklogs by issue, the latest first. */
function Logs({ logs, onStart }: { logs: readonly Worklog[] } & Pick<WorklogsProps, "onStart">) {
  return (
    <ul>
      {byIssue(logs).map(({ key, name, last, seconds, comments, entries }) => (
        <li key={key} className={classes.log}>
          <time className={classes.at} dateTime={last}>
            {hourOf(last)}
          </time>
          <span className={classes.what}>
            <IssueKey className={classes.key}>{key}</IssueKey> <bdi>{name}</bdi>
            {comments.map((comment) => (
              <bdi key={comment} className={classes.comment}>
                {comment}
              </bdi>
            ))}
            {entries > 1 && <span className={classes.comment}>{entries} worklogs</span>}
          </span>
          <span className={classes.spent}>{span(seconds)}</span>
          <Button look="plain" className={classes.again} aria-label={`Start ${key}`} onClick={() => onStart({ issueKey: key, ...(name && { summary: name }) })}>
            <span className={classes.play} />
          </Button>
        </li>
      ))}
    </ul>
  );
}
