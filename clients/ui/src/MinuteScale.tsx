import classes from "./MinuteScale.module.css";

const marks = Array.from({ length: 60 }, (_, i) => i);

export interface MinuteScaleProps {
  /** The second of the minute, 0 to 59; null if nothing ticks. */
  second: number | null;
}

/** Sixty marks along an edge, one for each second of the minute. Decoration: the numerals say the same. */
export function MinuteScale({ second }: MinuteScaleProps) {
  return (
    <div className={classes.scale} aria-hidden="true">
      {marks.map((mark) => (
        <i key={mark} className={mark % 5 === 0 ? classes.fifth : undefined} data-passed={second !== null && mark < second ? "" : undefined} />
      ))}
    </div>
  );
}
