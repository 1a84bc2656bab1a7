import { expect, it } from "vitest";

import { screenAt } from "./useScreen";

it.each([
  ["/", "timers"],
  ["/team", "team"],
  ["/team.html", "team"],
  ["/teams", "timers"],
])("%s is the address of the %s", (path, want) => {
  expect(screenAt(path)).toBe(want);
});
