import { useState } from "react";

import { Button } from "./Button";
import { shortDay } from "./calendar";
import classes from "./Days.module.css";
import { span } from "./duration";
import type { UnloggedDay } from "./goal";

/** How many days are named at first: the latest ones. */
const named = 4;

/** Lists the days that lack time. A click on one opens it. */
export function UnloggedDays({ days, onShow }: { days: readonly UnloggedDay[]; onShow: (date: string) => void }) {
  const [all, setAll] = useState(false);
  const hidden = all || days.length <= named + 1 ? 0 : days.length - named;
  return (
    <ul className={classes.unlogged} aria-label="Days that lack time">
      {hidden > 0 && (
        <li>
          <Button look="plain" onClick={() => setAll(true)}>
            {hidden} earlier days
          </Button>
        </li>
      )}
      {days.slice(hidden).map(({ date, missing, empty }) => (
        <li key={date}>
          <Button look="plain" onClick={() => onShow(date)}>
            {shortDay(date)}: {empty ? "nothing logged" : `${span(missing)} missing`}
          </Button>
        </li>
      ))}
    </ul>
  );
}
