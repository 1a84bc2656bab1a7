import { shortDay } from "./calendar";
import { span } from "./duration";
import classes from "./WeekChart.module.css";

export interface WeekChartProps {
  /** The seven dates, Monday first. */
  dates: readonly string[];
  today: string;
  /** Logged seconds by date. */
  totals: ReadonlyMap<string, number>;
  /** Seconds of each date that run and are not logged yet. */
  running: ReadonlyMap<string, number>;
  /** The id of the heading. */
  labelledBy: string;
}

/** A full working day, in hours: bars are never scaled up beyond it. */
const fullDay = 8;

/** Hours per day: a table whose middle column is drawn, one block for each hour. */
export function WeekChart({ dates, today, totals, running, labelledBy }: WeekChartProps) {
  const hours = dates.map((date) => ((totals.get(date) ?? 0) + (running.get(date) ?? 0)) / 3600);
  const scale = Math.max(fullDay, ...hours.map(Math.ceil));
  return (
    <table className={classes.chart} aria-labelledby={labelledBy}>
      <thead className={classes.head}>
        <tr>
          <th scope="col">Day</th>
          <td />
          <th scope="col">Logged</th>
        </tr>
      </thead>
      <tbody>
        {dates.map((date) => {
          const logged = totals.get(date) ?? 0;
          const runs = running.get(date) ?? 0;
          return (
            <tr key={date} aria-current={date === today ? "date" : undefined} data-ahead={date > today || undefined}>
              <th scope="row">{shortDay(date)}</th>
              <td className={classes.cell} aria-hidden="true">
                <Bar logged={logged / 3600} running={runs / 3600} scale={scale} />
              </td>
              <td className={classes.hours}>{date > today && logged === 0 ? "–" : span(logged + runs)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Blocks of one hour; the last one is as long as what is left. */
function Bar({ logged, running, scale }: { logged: number; running: number; scale: number }) {
  const gap = 0.06;
  const blocks: { from: number; to: number; runs: boolean }[] = [];
  for (let hour = 0; hour < logged + running; hour++) {
    const end = Math.min(hour + 1, logged + running);
    if (logged > hour) blocks.push({ from: hour, to: Math.min(end, logged), runs: false });
    if (end > logged) blocks.push({ from: Math.max(hour, logged), to: end, runs: true });
  }
  return (
    <svg className={classes.bar} viewBox={`0 0 ${scale} 1`} preserveAspectRatio="none" focusable="false">
      {blocks.map(({ from, to, runs }) => (
        <rect key={`${from} ${runs}`} className={runs ? classes.runs : classes.logged} x={from} y="0" width={Math.max(0.02, to - from - (Number.isInteger(to) ? gap : 0))} height="1" />
      ))}
      {scale > fullDay && <rect className={classes.fullDay} x={fullDay - 0.03} y="0" width={scale / 250} height="1" />}
    </svg>
  );
}
