import { expect, it } from "vitest";

import { canShow, dayFrom, sameDayBefore, searchFor, weeksBack } from "./shownDay";

const today = "2026-11-30"; // a Monday

it.each([
  { name: "nothing", search: "", want: undefined },
  { name: "a-day", search: "?day=2026-11-26", want: "2026-11-26" },
  { name: "a-week-and-a-day-of-it", search: "?week=2026-11-23&day=2026-11-26", want: "2026-11-26" },
  { name: "a-week", search: "?week=2026-11-23", want: "2026-11-23" },
  { name: "a-week-by-its-thursday", search: "?week=2026-11-26", want: "2026-11-23" },
  { name: "a-day-of-another-week", search: "?week=2026-11-16&day=2026-11-26", want: "2026-11-26" },
  { name: "today", search: "?week=2026-11-30&day=2026-11-30", want: undefined },
  { name: "a-day-ahead-in-this-week", search: "?day=2026-12-06", want: "2026-12-06" },
  { name: "next-week", search: "?day=2026-12-07", want: undefined },
  { name: "eight-weeks-ago", search: "?day=2026-10-05", want: "2026-10-05" },
  { name: "nine-weeks-ago", search: "?day=2026-10-04", want: undefined },
  { name: "no-such-day", search: "?day=2026-11-31", want: undefined },
  { name: "no-date", search: "?week=last&day=thursday", want: undefined },
])("reads an address: $name", ({ search, want }) => {
  expect(dayFrom(search, today)).toBe(want);
});

it.each([
  { name: "a-past-day", day: "2026-11-26", search: "", want: "?week=2026-11-23&day=2026-11-26" },
  { name: "another-day", day: "2026-11-19", search: "?week=2026-11-23&day=2026-11-26", want: "?week=2026-11-16&day=2026-11-19" },
  { name: "today", day: undefined, search: "?week=2026-11-23&day=2026-11-26", want: "" },
  { name: "beside-what-is-not-ours", day: "2026-11-26", search: "?next=%2Fa&day=x", want: "?next=%2Fa&week=2026-11-23&day=2026-11-26" },
])("writes an address: $name", ({ day, search, want }) => {
  expect(searchFor(day, search)).toBe(want);
  expect(dayFrom(searchFor(day, search), today)).toBe(day);
});

it.each([
  { name: "last-week", date: "2026-11-26", weeks: 1, want: "2026-11-19" },
  { name: "back-again", date: "2026-11-19", weeks: -1, want: "2026-11-26" },
  { name: "this-week-s-sunday-is-ahead", date: "2026-11-29", weeks: -1, want: today },
  { name: "over-a-change-of-clocks", date: "2026-10-29", weeks: 1, want: "2026-10-22" },
])("moves by weeks: $name", ({ date, weeks, want }) => {
  expect(sameDayBefore(date, weeks, today)).toBe(want);
});

it("counts weeks by their Mondays, over a change of clocks and a new year too", () => {
  expect([today, "2026-12-06", "2026-11-29", "2026-10-25", "2026-10-05"].map((date) => weeksBack(date, today))).toEqual([0, 0, 1, 6, 8]);
  expect(weeksBack("2026-12-27", "2027-01-01")).toBe(1);
  expect(canShow("2026-12-07", today)).toBe(false);
});
