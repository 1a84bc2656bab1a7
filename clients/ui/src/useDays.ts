import type { Client } from "@clockwork/shared";
import { useCallback, useEffect, useMemo, useRef, useState, type RefObject } from "react";

import { timeZone, weekOf } from "./calendar";
import { dayText } from "./dayText";
import { logsOf } from "./logsOf";
import { saveFile } from "./saveFile";
import { sentenceOf } from "./sentence";
import { canShow, sameDayBefore } from "./shownDay";
import { useDaysOff, type DaysOff } from "./useDaysOff";
import type { Shortcuts } from "./useShortcuts";
import { useShownDay } from "./useShownDay";
import { useWeek } from "./useWeek";
import type { Logged } from "./useWorklogs";
import { byIssue, type IssueWorklogs } from "./worklogsByIssue";

export interface Days {
  readonly today: string;
  /** The day that is shown, and with it its week. */
  readonly day: string;
  readonly show: (day: string) => void;
  /** Shows the same weekday some weeks earlier, or later if negative. */
  readonly move: (weeks: number) => void;
  /** The week on the screen; a key scrolls to it. */
  readonly section: RefObject<HTMLElement | null>;
  /** The worklogs of the week that is shown. */
  readonly week: Logged;
  /** Those of this and of last week. */
  readonly latest: Logged;
  /** The shown day's worklogs by issue, the latest first; undefined until they are loaded. */
  readonly issues: readonly IssueWorklogs[] | undefined;
  readonly off: DaysOff;
  /** Copies the shown day as text. */
  readonly copy: () => void;
  /** Saves the shown week as a CSV file. */
  readonly download: () => void;
  /** The result of the last copy or download, for a few seconds. */
  readonly notice: Notice | undefined;
}

export interface Notice {
  readonly of: "copy" | "download";
  /** Why it failed; undefined if it did not. */
  readonly problem?: string;
}

/** How long a notice is shown, in milliseconds; a problem stays longer. */
const noticeTime = { done: 2_500, problem: 12_000 };

/** The days of a person, the one that is shown, and the keys for them. */
export function useDays(client: Client, userId: string, today: string, latest: Logged, reachable: boolean): [Days, Shortcuts] {
  const [day, show] = useShownDay(today);
  const week = useWeek(client.worklogs.range, day, today, latest, reachable);
  const off = useDaysOff(userId, today);
  const issues = useMemo(() => week.worklogs && byIssue(logsOf(week.worklogs, day)), [week.worklogs, day]);

  const [notice, setNotice] = useState<Notice>();
  useEffect(() => {
    const timer = setTimeout(() => setNotice(undefined), notice?.problem ? noticeTime.problem : noticeTime.done);
    return () => clearTimeout(timer);
  }, [notice]);

  const move = useCallback(
    (weeks: number): void => {
      const next = sameDayBefore(day, weeks, today);
      if (canShow(next, today)) show(next);
    },
    [day, today, show],
  );
  const copy = useCallback((): void => {
    if (!issues?.length) return;
    const refused = (): void => setNotice({ of: "copy", problem: "The day could not be copied: this browser does not allow it here." });
    if (!navigator.clipboard) refused(); // the page came over plain HTTP
    else navigator.clipboard.writeText(dayText(day, today, issues)).then(() => setNotice({ of: "copy" }), refused);
  }, [day, today, issues]);
  const download = useCallback((): void => {
    const [from = day, , , , , , to = day] = weekOf(day);
    client.worklogs.file("csv", from, to, timeZone()).then(
      (file) => {
        saveFile(file, `worklogs-${from}-to-${to}.csv`);
        setNotice({ of: "download" });
      },
      (thrown: unknown) => setNotice({ of: "download", problem: `The week could not be downloaded. ${sentenceOf(thrown)}` }),
    );
  }, [client, day]);

  const section = useRef<HTMLElement>(null);
  const inSight = (act: () => void) => (): void => {
    act();
    section.current?.scrollIntoView({ block: "nearest" });
  };
  const days = useMemo<Days>(
    () => ({ today, day, show, move, section, week, latest, issues, off, copy, download, notice }),
    [today, day, show, move, week, latest, issues, off, copy, download, notice],
  );
  return [days, { "[": inSight(() => move(1)), "]": inSight(() => move(-1)), t: inSight(() => show(today)), c: copy }];
}
