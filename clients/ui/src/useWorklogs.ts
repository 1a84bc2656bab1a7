import type { RunningTimer, Worklogs } from "@clockwork/shared";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { loggingTime } from "./beingLogged";
import { dateBefore, timeZone, weekOf } from "./calendar";
import { sentenceOf } from "./sentence";

/** Reads the worklogs between two dates, both included. */
export type ReadWorklogs = (from: string, to: string, tz: string, options: { signal: AbortSignal }) => Promise<Worklogs>;

export interface Logged {
  /** Of the last 14 days and the rest of this week; undefined until the first answer. */
  readonly worklogs: Worklogs | undefined;
  /** Why the last reading failed, as a sentence. */
  readonly problem: string | undefined;
  readonly reload: () => void;
}

/** The ids of the timers that run on the server: a stop that is not confirmed has written no worklog yet. */
export function runningIds(timers: readonly RunningTimer[]): string {
  return timers
    .filter((t) => (t.pending ? t.pending === "stop" : t.status === "running"))
    .map((t) => t.id)
    .join(" ");
}

/** When to read after a start or stop, in milliseconds: Clockwork writes the worklog a little later. */
const readTimes = [1_000, 6_000, 20_000, loggingTime + 1_000];

/** Days before today for which worklogs are read: recent issues come from them. */
const daysBefore = 13;

/** The latest worklogs. They are read again when the running timers change, the connection is back, or the page is visible again. */
export function useWorklogs(read: ReadWorklogs, today: string, running: string, reachable: boolean): Logged {
  const [result, setResult] = useState<{ monday?: string | undefined; worklogs?: Worklogs; problem?: string }>({});
  const [asked, ask] = useState(0);
  const reload = useCallback(() => ask((n) => n + 1), []);
  const ran = useRef(running);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked triggers a reload
  useEffect(() => {
    const abort = new AbortController();
    const dates = weekOf(today);
    const load = (): void => {
      read(dateBefore(today, daysBefore), dates[6] ?? today, timeZone(), { signal: abort.signal }).then(
        (worklogs) => setResult({ monday: dates[0], worklogs }),
        (thrown: unknown) => {
          if (!abort.signal.aborted) setResult((before) => ({ ...before, problem: sentenceOf(thrown) }));
        },
      );
    };
    const timers = (ran.current === running ? [0] : readTimes).map((after) => setTimeout(load, after));
    ran.current = running;
    return () => {
      timers.forEach(clearTimeout);
      abort.abort();
    };
  }, [read, today, running, asked]);

  const wasReachable = useRef(reachable);
  useEffect(() => {
    if (reachable && !wasReachable.current) reload();
    wasReachable.current = reachable;
  }, [reachable, reload]);

  useEffect(() => {
    let hiddenAt = 0;
    const look = (): void => {
      if (document.hidden) hiddenAt = Date.now();
      else if (Date.now() - hiddenAt > 60_000) reload();
    };
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [reload]);

  const worklogs = result.monday === weekOf(today)[0] ? result.worklogs : undefined; // last week's are no longer this week's
  return useMemo(() => ({ worklogs, problem: result.problem, reload }), [worklogs, result.problem, reload]);
}
