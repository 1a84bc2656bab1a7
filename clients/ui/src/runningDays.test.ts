import type { RunningTimer } from "@clockwork/shared";
import { afterEach, beforeEach, expect, it } from "vitest";

import { dateAfter } from "./calendar";
import { countedOn } from "./runningDays";

const zone = process.env.TZ;
beforeEach(() => void (process.env.TZ = "Asia/Ho_Chi_Minh")); // UTC+7
afterEach(() => void (process.env.TZ = zone));

const hour = 3600_000;

function timer(startedAt: string, countedAt: string, countedSeconds: number, more: Partial<RunningTimer> = {}): RunningTimer {
  return { id: "a", issueKey: "A-1", source: "clockwork", status: "running", startedAt, updatedAt: startedAt, seq: 1, countedSeconds, countedAt, ...more };
}

function hours(t: RunningTimer, now: string, dates: string[], clockOffset = 0): number[] {
  return dates.map((date) => Math.round((countedOn(t, date, Date.parse(now), clockOffset) / hour) * 1000) / 1000);
}

const days = ["2026-11-26", "2026-11-27", "2026-11-28", "2026-11-29"];

it.each<{ name: string; timer: RunningTimer; want: number[] }>([
  // It is 23:39 on the 29th, local time.
  { name: "three-days-by-the-clock", timer: timer("2026-11-26T16:39:00Z", "2026-11-26T16:39:00Z", 0), want: [0.35, 24, 24, 23.65] },
  { name: "three-days-reported-at-once", timer: timer("2026-11-26T16:39:00Z", "2026-11-29T16:39:00Z", 72 * 3600), want: [0.35, 24, 24, 23.65] },
  { name: "today-alone", timer: timer("2026-11-29T14:39:00Z", "2026-11-29T15:39:00Z", 3600), want: [0, 0, 0, 2] },
  { name: "on-hold-since-yesterday", timer: timer("2026-11-28T09:00:00Z", "2026-11-28T11:00:00Z", 7200, { onHold: true }), want: [0, 0, 2, 0] },
  { name: "on-hold-since-this-morning", timer: timer("2026-11-28T11:00:00Z", "2026-11-29T01:00:00Z", 3 * 3600, { onHold: true }), want: [0, 0, 1.286, 1.714] },
  { name: "counts-since-it-was-reported", timer: timer("2026-11-29T05:00:00Z", "2026-11-29T15:39:00Z", 3600), want: [0, 0, 0, 2] },
  { name: "reported-before-its-start", timer: timer("2026-11-29T16:39:00.500Z", "2026-11-29T16:39:00Z", 60, { onHold: true }), want: [0, 0, 0, 0.017] },
])("splits a running timer: $name", ({ timer: t, want }) => {
  const got = hours(t, "2026-11-29T16:39:00Z", days);
  for (const [i, h] of got.entries()) expect(h, days[i]).toBeCloseTo(want[i]!, 2);
});

it("follows this machine's clock", () => {
  // The server is an hour ahead: its 17:30 UTC is 23:30 here.
  const t = timer("2026-11-29T17:30:00Z", "2026-11-29T17:30:00Z", 0);
  expect(hours(t, "2026-11-29T17:00:00Z", ["2026-11-29", "2026-11-30"], hour)).toEqual([0.5, 0]);
});

it("gives each day at most its length, and all days together what the timer shows", () => {
  for (const tz of ["Asia/Ho_Chi_Minh", "Europe/Berlin", "America/Santiago", "Pacific/Kiritimati", "UTC"]) {
    process.env.TZ = tz;
    for (let i = 0; i < 40; i++) {
      const start = Date.UTC(2026, 8 + (i % 3), 1 + (i % 28), i % 24, (7 * i) % 60);
      const reported = start + ((i * 7919) % 400) * hour;
      const counted = Math.floor(((reported - start) / 1000) * ((i % 11) / 10));
      const now = reported + (i % 50) * hour;
      const t = timer(new Date(start).toISOString(), new Date(reported).toISOString(), counted);
      let sum = 0;
      let most = 0;
      for (let date = "2026-08-30"; date < "2026-12-31"; date = dateAfter(date)) {
        const part = countedOn(t, date, now, 0);
        most = Math.max(most, part);
        sum += part;
      }
      expect(most).toBeLessThanOrEqual(25 * hour);
      expect(sum).toBeCloseTo(counted * 1000 + now - reported, -1);
    }
  }
});
