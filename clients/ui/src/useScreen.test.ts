import { afterEach, expect, it, vi } from "vitest";

import { afterSignIn } from "./appRequest";
import { screenAt } from "./useScreen";

it.each([
  ["/", "timers"],
  ["/team", "team"],
  ["/team.html", "team"],
  ["/teams", "timers"],
])("%s is the address of the %s", (path, want) => {
  expect(screenAt(path)).toBe(want);
});

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["/team", "?wall=1", "/team?wall=1"],
  ["/", "?next=%2Fapi%2Fauth%2Fauthorize%3Fx", "/api/auth/authorize?x"],
  ["/", "?next=https%3A%2F%2Felsewhere.example", "/?next=https%3A%2F%2Felsewhere.example"], // which stays here
])("a sign-in at %s%s leads to %s", (pathname, search, want) => {
  vi.stubGlobal("location", { pathname, search });
  expect(afterSignIn()).toBe(want);
});
