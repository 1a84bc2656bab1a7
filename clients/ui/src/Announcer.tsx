import classes from "./Announcer.module.css";

/** Text that only a screen reader gets, when it changes. */
export function Announcer({ label, children }: { label: string; children: string }) {
  return (
    <p className={classes.hidden} role="status" aria-label={label}>
      {children}
    </p>
  );
}
