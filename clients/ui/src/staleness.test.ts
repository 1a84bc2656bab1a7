import { initialState, type TimerState } from "@clockwork/shared";
import { expect, it, vi } from "vitest";

import { stalenessOf, stalenessSentence, affects } from "./staleness";

vi.hoisted(() => (process.env.TZ = "Asia/Ho_Chi_Minh")); // before the calendar takes it

const fresh: TimerState = { ...initialState, loaded: true, status: { kind: "live", via: "websocket" }, syncedAt: "2026-11-29T16:44:10Z" };

it.each<{ name: string; state: TimerState; lastHeard?: number; want: string | undefined; own: boolean }>([
  { name: "fresh", state: fresh, want: undefined, own: false },
  { name: "stale", state: { ...fresh, stale: true }, want: "Clockwork last answered at 23:44.", own: false },
  { name: "stale-by-a-clock-that-is-behind", state: { ...fresh, stale: true, clockOffset: 60_000 }, want: "Clockwork last answered at 23:43.", own: false },
  { name: "stale-for-a-day", state: { ...fresh, stale: true, syncedAt: "2026-11-28T16:44:10Z" }, want: "Clockwork last answered on Sat 28 Nov at 23:44.", own: false },
  { name: "never-synced", state: { ...fresh, stale: true, syncedAt: null }, want: "Clockwork has not answered lately.", own: false },
  { name: "server-not-heard", state: fresh, lastHeard: Date.parse("2026-11-29T16:40:00Z"), want: "Last known at 23:40.", own: true },
  { name: "neither-heard", state: { ...fresh, stale: true }, lastHeard: Date.parse("2026-11-29T16:40:00Z"), want: "Last known at 23:40.", own: true },
])("says why the screen may be out of date: $name", ({ state, lastHeard, want, own }) => {
  const staleness = stalenessOf(state, lastHeard);
  expect(staleness && stalenessSentence(staleness, "2026-11-29")).toBe(want);
  expect(affects(staleness, { source: "clockwork" })).toBe(want !== undefined);
  expect(affects(staleness, { source: "client" }), "Clockwork knows nothing of a client's own timer").toBe(own);
});
