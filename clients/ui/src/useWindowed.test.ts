import { expect, it } from "vitest";

import { columnsFor } from "./useWallPage";
import { rangeAt } from "./useWindowed";

it.each([
  { name: "at-the-top", top: 300, want: { first: 0, end: 17 } },
  { name: "in-the-middle", top: -10_000, want: { first: 88, end: 120 } },
  { name: "at-the-end", top: -49_200, want: { first: 480, end: 500 } },
  { name: "far-below-the-list", top: -90_000, want: { first: 499, end: 500 } },
])("draws only the rows near the window: $name", ({ top, want }) => {
  expect(rangeAt(top, 100, 800, 500)).toEqual(want);
});

it("draws a few rows before their height is known, and none of an empty list", () => {
  expect(rangeAt(0, 0, 800, 500)).toEqual({ first: 0, end: 24 });
  expect(rangeAt(0, Number.NaN, 800, 0)).toEqual({ first: 0, end: 0 });
});

it.each([
  { count: 5, width: 1920, height: 1080, want: 1 },
  { count: 12, width: 1920, height: 1080, want: 2 },
  { count: 60, width: 3840, height: 2160, want: 3 },
  { count: 60, width: 1080, height: 1920, want: 1 },
  { count: 60, width: 360, height: 740, want: 1 },
])("a wall of $width by $height has $want columns for $count people", ({ count, width, height, want }) => {
  expect(columnsFor(count, width, height)).toBe(want);
});
