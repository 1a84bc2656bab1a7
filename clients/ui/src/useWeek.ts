import { useCallback, useEffect, useMemo, useState } from "react";

import { timeZone, weekOf } from "./calendar";
import { sentenceOf } from "./sentence";
import { weeksBack } from "./shownDay";
import type { Logged, ReadWorklogs } from "./useWorklogs";

type Read = Pick<Logged, "worklogs" | "problem"> & { readonly at: number };

/** How long a past week is shown without reading it again, in milliseconds. */
const freshFor = 5 * 60_000;

/** The worklogs of a day's week. The last two weeks are among the latest worklogs; each one before is read once, and kept. */
export function useWeek(read: ReadWorklogs, day: string, today: string, latest: Logged, reachable: boolean): Logged {
  const [weeks, setWeeks] = useState<ReadonlyMap<string, Read>>(new Map());
  const [asked, ask] = useState(0);
  const [monday = day, , , , , , sunday = day] = weekOf(day);
  const isRead = weeksBack(day, today) < 2;

  // biome-ignore lint/correctness/useExhaustiveDependencies: weeks is what this fills; asked triggers a reload
  useEffect(() => {
    const known = weeks.get(monday);
    if (isRead || !reachable || (known?.worklogs && Date.now() - known.at < freshFor)) return;
    const abort = new AbortController();
    const set = (change: Partial<Read>): void => setWeeks((before) => new Map(before).set(monday, { worklogs: before.get(monday)?.worklogs, problem: undefined, at: Date.now(), ...change }));
    read(monday, sunday, timeZone(), { signal: abort.signal }).then(
      (worklogs) => set({ worklogs }),
      (thrown: unknown) => !abort.signal.aborted && set({ problem: sentenceOf(thrown), at: 0 }),
    );
    return () => abort.abort();
  }, [read, monday, sunday, isRead, reachable, asked]);

  const reload = useCallback(() => ask((n) => n + 1), []);
  const known = weeks.get(monday);
  const past = useMemo(() => ({ worklogs: known?.worklogs, problem: known?.problem, reload }), [known, reload]);
  return isRead ? latest : past;
}
