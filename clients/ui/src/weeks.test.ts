import type { Worklog, Worklogs } from "@clockwork/shared";
import { afterAll, expect, it } from "vitest";

import { dateBefore, dateOf, weekOf } from "./calendar";
import { logsOf } from "./logsOf";
import { byIssue } from "./worklogsByIssue";

const zone = process.env.TZ;
afterAll(() => void (process.env.TZ = zone));

/** Numbers from 0 up to 1, the same at each run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The local date of a moment in a zone, independent of this process's zone. */
function dateIn(tz: string): (moment: Date) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: tz, year: "numeric", month: "2-digit", day: "2-digit" });
  return (moment) => format.format(moment);
}

/** The answer of GET /api/worklogs: the worklogs that start on one of the dates in the zone, and each date's total. */
function answer(logs: readonly Worklog[], dates: readonly string[], tz: string): Worklogs {
  const dateOfMoment = dateIn(tz);
  const dated = logs.map((log) => ({ log, date: dateOfMoment(new Date(log.started)) })).filter(({ date }) => dates.includes(date));
  const totalOf = (some: typeof dated): number => some.reduce((sum, { log }) => sum + log.timeSpentSeconds, 0);
  const days = dates.map((date) => ({ date, total: totalOf(dated.filter((one) => one.date === date)) }));
  const worklogs = dated.map(({ log }) => log);
  return { worklogs, days, total: totalOf(dated), accountId: "u" } as unknown as Worklogs;
}

const zones = ["Europe/Berlin", "America/New_York", "Asia/Ho_Chi_Minh", "Pacific/Kiritimati", "Etc/GMT+12", "Pacific/Auckland", "Australia/Lord_Howe", "America/St_Johns", "Africa/Cairo", "America/Santiago"];

it.each(zones)("the days of a week add up to what the API counts, in 100 random weeks: %s", (tz) => {
  process.env.TZ = tz;
  const random = sequence(7);
  // The weeks of the changes of clocks and of the new year, and random ones.
  const days = ["2026-03-08", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-04", "2026-10-25", "2026-11-01", "2025-12-31", "2026-12-31", "2027-01-03"];
  while (days.length < 100) days.push(dateOf(new Date(2025, 0, 1 + Math.floor(random() * 1000), 12)));
  for (const day of days) {
    const dates = weekOf(day);
    const [monday = day] = dates;
    // Around each midnight, on both sides of the week too.
    const from = new Date(`${dateBefore(monday, 2)}T00:00:00Z`).getTime();
    const logs = Array.from({ length: 150 }, (_, i) => {
      const started = from + (i % 3 === 0 ? Math.floor(random() * 11 * 24) * 3600_000 - (i % 2) * 1000 : Math.floor(random() * 11 * 24 * 3600_000));
      return { id: i, issueId: i % 5, issueKey: `A-${i % 5}`, timeSpentSeconds: Math.floor(random() * 9000), started: new Date(started).toISOString(), author: { accountId: "u" } } as Worklog;
    });
    const week = answer(logs, dates, tz);
    const shown = dates.map((date) => byIssue(logsOf(week, date)).reduce((sum, { seconds }) => sum + seconds, 0));
    expect(shown, `${tz} ${monday}`).toEqual(week.days?.map(({ total }) => total));
    expect(shown.reduce((sum, seconds) => sum + seconds, 0)).toBe(week.total);
    expect(dates.flatMap((date) => logsOf(week, date)).length, "each once").toBe(week.worklogs.length);
  }
});
