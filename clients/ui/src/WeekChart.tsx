import { shortDay } from "./calendar";
import { span } from "./duration";
import { missing, type Seconds } from "./goal";
import classes from "./WeekChart.module.css";

export interface WeekChartProps {
  /** The seven dates, Monday first. */
  dates: readonly string[];
  today: string;
  /** The date whose worklogs are shown. */
  shown: string;
  /** Logged seconds by date; undefined until they are loaded. */
  logged: Seconds | undefined;
  /** Seconds of each date that run and are not logged yet. */
  running: Seconds;
  /** Seconds of a workday; undefined until it is known, and 0 if there is no goal. */
  goal: number | undefined;
  /** The goal of a date in seconds: 0 on days off. */
  goalOn: (date: string) => number;
  off: ReadonlySet<string>;
  onShow: (date: string) => void;
  /** The id of the heading. */
  labelledBy: string;
}

/** Hours across the chart if there is no goal. */
const usualHours = 8;

/** Hours per day: a table whose middle column is drawn, one block for each hour, up to a line at the goal. */
export function WeekChart({ dates, today, shown, logged, running, goal, goalOn, off, onShow, labelledBy }: WeekChartProps) {
  const spent = (date: string): number => (logged?.get(date) ?? 0) + (running.get(date) ?? 0);
  const goalHours = (goal ?? 0) / 3600;
  const scale = Math.max(goalHours || usualHours, ...dates.map((date) => spent(date) / 3600));
  return (
    <table className={classes.chart} aria-labelledby={labelledBy}>
      <colgroup>
        <col className={classes.days} />
        <col />
        <col className={classes.totals} />
      </colgroup>
      <thead className={classes.head}>
        <tr>
          <th scope="col">Day</th>
          <td />
          <th scope="col">Logged</th>
        </tr>
      </thead>
      <tbody>
        {dates.map((date) => {
          const lacks = logged && date < today ? missing(goalOn(date), spent(date)) : 0;
          const isEmpty = spent(date) < 60;
          const isAhead = date > today && isEmpty;
          const words = off.has(date) ? "off" : lacks > 0 && (isEmpty ? "nothing logged" : `${span(lacks)} missing`);
          return (
            <tr key={date} aria-current={date === today ? "date" : undefined} data-shown={date === shown || undefined} data-quiet={isAhead || (goalOn(date) === 0 && isEmpty) || undefined}>
              <th scope="row">
                <button type="button" className={classes.day} aria-pressed={date === shown} onClick={() => onShow(date)}>
                  {shortDay(date)}
                </button>
              </th>
              <td className={classes.cell} aria-hidden="true">
                <Bar logged={(logged?.get(date) ?? 0) / 3600} running={(running.get(date) ?? 0) / 3600} goal={lacks > 0 ? goalHours : 0} scale={scale} />
                {goalHours > 0 && <span className={classes.goal} style={{ left: `${(100 * goalHours) / scale}%` }} />}
              </td>
              <td>
                <div className={classes.hours}>
                  {(!isEmpty || !words) && <span>{logged === undefined || isEmpty ? "–" : span(spent(date))}</span>}{" "}
                  {words && <span className={classes.words}>{words}</span>}
                </div>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Blocks of one hour; the last one is as long as what is left. Up to the goal the bar is open. */
function Bar({ logged, running, goal, scale }: { logged: number; running: number; goal: number; scale: number }) {
  const gap = 0.06;
  const blocks: { from: number; to: number; runs: boolean }[] = [];
  for (let hour = 0; hour < logged + running; hour++) {
    const end = Math.min(hour + 1, logged + running);
    if (logged > hour) blocks.push({ from: hour, to: Math.min(end, logged), runs: false });
    if (end > logged) blocks.push({ from: Math.max(hour, logged), to: end, runs: true });
  }
  return (
    <svg className={classes.bar} viewBox={`0 0 ${scale} 1`} preserveAspectRatio="none" focusable="false">
      {goal > 0 && <rect className={classes.open} x={logged + running} y="0" width={goal - logged - running} height="1" />}
      {blocks.map(({ from, to, runs }) => (
        <rect key={`${from} ${runs}`} className={runs ? classes.runs : classes.logged} x={from} y="0" width={Math.max(0.02, to - from - (Number.isInteger(to) ? gap : 0))} height="1" />
      ))}
    </svg>
  );
}
