import { afterEach, expect, it, vi } from "vitest";

import { atWhen, dateAfter, dateBefore, dateOf, dayRange, longDay, shortDay, sinceWhen, startOf, weekOf } from "./calendar";

vi.hoisted(() => (process.env.TZ = "Asia/Ho_Chi_Minh")); // before the calendar takes it

const zone = process.env.TZ;

afterEach(() => {
  process.env.TZ = zone;
});

it.each([
  { name: "monday", date: "2026-11-16", first: "2026-11-16", last: "2026-11-22" },
  { name: "sunday", date: "2026-11-22", first: "2026-11-16", last: "2026-11-22" },
  { name: "over-a-new-year", date: "2027-01-01", first: "2026-12-28", last: "2027-01-03" },
  { name: "when-clocks-go-back", date: "2026-10-25", first: "2026-10-19", last: "2026-10-25" },
])("week of a $name", ({ date, first, last }) => {
  process.env.TZ = "Europe/Berlin";
  const got = weekOf(date);
  expect(got).toHaveLength(7);
  expect(new Set(got).size).toBe(7);
  expect([got[0], got[6]]).toEqual([first, last]);
});

it("takes the local date, not the one of UTC", () => {
  process.env.TZ = "Asia/Ho_Chi_Minh";
  expect(dateOf(new Date("2026-03-04T17:30:00Z"))).toBe("2026-03-05");
  expect(startOf("2026-03-05").toISOString()).toBe("2026-03-04T17:00:00.000Z");
});

it.each([
  { name: "today", at: "2026-11-29T16:39:00Z", since: "23:39", when: "at 23:39" },
  { name: "yesterday-by-a-minute", at: "2026-11-28T16:59:00Z", since: "Sat 28 Nov, 23:59", when: "on Sat 28 Nov at 23:59" },
  { name: "three-days-ago", at: "2026-11-26T16:39:00Z", since: "Thu 26 Nov, 23:39", when: "on Thu 26 Nov at 23:39" },
  { name: "another-year", at: "2025-12-31T05:00:00Z", since: "Wed 31 Dec 2025, 12:00", when: "on Wed 31 Dec 2025 at 12:00" },
])("formats a moment of $name with its day", ({ at, since, when }) => {
  expect(sinceWhen(Date.parse(at), "2026-11-29")).toBe(since);
  expect(atWhen(Date.parse(at), "2026-11-29")).toBe(when);
});

it("knows the next date", () => {
  process.env.TZ = "Europe/Berlin";
  expect(["2026-03-28", "2026-10-24", "2026-12-31"].map(dateAfter)).toEqual(["2026-03-29", "2026-10-25", "2027-01-01"]);
  expect(dateBefore("2026-11-03", 13), "clocks go back between").toBe("2026-10-21");
});

it("names days", () => {
  expect(shortDay("2026-11-16")).toBe("Mon 16");
  expect(longDay("2026-11-16")).toBe("Monday 16 November");
  expect(dayRange("2026-11-16", "2026-11-22")).toBe("16 to 22 November");
  expect(dayRange("2026-11-30", "2026-12-06")).toBe("30 November to 6 December");
});
