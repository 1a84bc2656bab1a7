import { expect, it } from "vitest";

import { doneAt, goalOn, missing, unloggedDays, type Goal } from "./goal";

const hour = 3600;
const goal: Goal = { seconds: 8 * hour, workdays: [1, 2, 3, 4, 5] };
const none: ReadonlySet<string> = new Set();

it("has a goal on workdays only, and none on a day off", () => {
  expect(["2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"].map((date) => goalOn(goal, date, none))).toEqual([8 * hour, 0, 0, 8 * hour]);
  expect(goalOn(goal, "2026-11-30", new Set(["2026-11-30"]))).toBe(0);
  expect(goalOn(undefined, "2026-11-30", none)).toBe(0);
  expect(goalOn({ ...goal, workdays: [6, 7] }, "2026-11-29", none), "a weekend of work").toBe(8 * hour);
});

it.each([
  { name: "nothing", spent: 0, want: 8 * hour },
  { name: "a-part", spent: 5.5 * hour, want: 2.5 * hour },
  { name: "seconds-are-not-shown", spent: 5.5 * hour + 59, want: 2.5 * hour },
  { name: "all", spent: 8 * hour, want: 0 },
  { name: "more", spent: 9 * hour, want: 0 },
])("returns what is missing: $name", ({ spent, want }) => {
  expect(missing(8 * hour, spent)).toBe(want);
});

it("finds the past workdays of this and last week that are under the goal, and no other", () => {
  const spent = new Map([
    ["2026-11-20", hour], // too long ago
    ["2026-11-23", 8 * hour],
    ["2026-11-24", 7.5 * hour],
    ["2026-11-26", 9 * hour],
    ["2026-12-01", 30],
    ["2026-12-02", hour], // today
  ]);
  const want = [
    { date: "2026-11-24", missing: hour / 2, empty: false },
    { date: "2026-11-25", missing: 8 * hour, empty: true },
    { date: "2026-11-30", missing: 8 * hour, empty: true },
    { date: "2026-12-01", missing: 8 * hour, empty: true },
  ];
  expect(unloggedDays("2026-12-02", goal, spent, new Set(["2026-11-27"]))).toEqual(want);
  expect(unloggedDays("2026-12-02", undefined, spent, none)).toEqual([]);
  expect(unloggedDays("2026-12-02", { ...goal, seconds: 0 }, spent, none)).toEqual([]);
});

it.each([
  { name: "one-timer", spent: 5 * hour, counting: 1, want: 3 * hour },
  { name: "two-timers-at-once", spent: 5 * hour, counting: 2, want: 1.5 * hour },
  { name: "nothing-counts", spent: 5 * hour, counting: 0, want: undefined },
  { name: "reached", spent: 8 * hour, counting: 1, want: undefined },
  { name: "not-today", spent: 0, counting: 1, want: undefined },
])("knows when the goal is reached: $name", ({ spent, counting, want }) => {
  expect(doneAt(8 * hour, spent, counting, 0, 7 * hour * 1000)).toBe(want === undefined ? undefined : want * 1000);
});
