import { afterEach, expect, it } from "vitest";

import { dateOf, dayRange, longDay, shortDay, startOf, weekOf } from "./calendar";

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

it("names days", () => {
  expect(shortDay("2026-11-16")).toBe("Mon 16");
  expect(longDay("2026-11-16")).toBe("Monday 16 November");
  expect(dayRange("2026-11-16", "2026-11-22")).toBe("16 to 22 November");
  expect(dayRange("2026-11-30", "2026-12-06")).toBe("30 November to 6 December");
});
