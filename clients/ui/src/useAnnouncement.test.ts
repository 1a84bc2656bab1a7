import { initialState, type RunningTimer, type TimerState } from "@clockwork/shared";
import { expect, it } from "vitest";

import { changes, seen } from "./useAnnouncement";

const now = Date.parse("2026-11-16T10:00:00Z");

const timer: RunningTimer = {
  id: "cw:linh:PORTAL-312",
  issueKey: "PORTAL-312",
  summary: "Search ignores zeros",
  source: "clockwork",
  status: "running",
  startedAt: "2026-11-16T08:19:00Z",
  updatedAt: "2026-11-16T08:19:00Z",
  seq: 1,
  countedSeconds: 0,
  countedAt: "2026-11-16T08:19:00Z",
};

/** Clockwork counted 35 minutes of the 101, as of nine o'clock. */
const held: RunningTimer = { ...timer, countedSeconds: 35 * 60, countedAt: "2026-11-16T09:00:00Z", onHold: true };

const idle: TimerState = { ...initialState, loaded: true, status: { kind: "live", via: "websocket" } };
const running: TimerState = { ...idle, timers: [timer], current: timer };

it.each<{ name: string; before: TimerState; after: TimerState; want: string[] }>([
  { name: "a-start", before: idle, after: running, want: ["Started PORTAL-312, Search ignores zeros."] },
  { name: "a-start-not-confirmed", before: idle, after: { ...running, timers: [{ ...timer, pending: "start" }] }, want: [] },
  { name: "a-start-without-issue", before: idle, after: { ...idle, timers: [{ id: "x", source: "client", status: "running", startedAt: timer.startedAt, updatedAt: timer.updatedAt, seq: 2, countedSeconds: 0, countedAt: timer.startedAt }] }, want: ["Started timer."] },
  { name: "a-stop", before: running, after: { ...idle, timers: [{ ...timer, status: "stopped", updatedAt: "2026-11-16T09:00:00Z", countedSeconds: 41 * 60 + 1, countedAt: "2026-11-16T09:00:00Z" }] }, want: ["Stopped PORTAL-312 after 41 minutes."] },
  { name: "a-stop-with-time-on-hold", before: { ...running, timers: [held] }, after: { ...idle, timers: [{ ...held, status: "stopped", updatedAt: "2026-11-16T09:59:00Z" }] }, want: ["Stopped PORTAL-312 after 35 minutes."] },
  { name: "a-timer-on-hold-that-is-gone", before: { ...running, timers: [held] }, after: idle, want: ["Stopped PORTAL-312 after 35 minutes."] },
  { name: "clockwork-that-falls-silent", before: running, after: { ...running, stale: true }, want: ["Waiting for Clockwork."] },
  { name: "clockwork-that-answers-again", before: { ...running, stale: true }, after: running, want: ["Live."] },
  { name: "clockwork-that-is-still-silent", before: { ...running, stale: true }, after: { ...running, stale: true }, want: [] },
  { name: "a-stop-not-confirmed", before: running, after: { ...running, timers: [{ ...timer, pending: "stop" }] }, want: [] },
  { name: "a-timer-that-is-gone", before: running, after: idle, want: ["Stopped PORTAL-312 after 1 hour 41 minutes."] },
  { name: "another-comment", before: running, after: { ...running, timers: [{ ...timer, comment: "Review", seq: 2 }] }, want: [] },
  { name: "a-lost-connection", before: running, after: { ...running, status: { kind: "reconnecting", attempt: 1, retryAt: now, since: now } }, want: ["Reconnecting."] },
  { name: "timers-that-come-to-be-known", before: initialState, after: { ...running, status: initialState.status }, want: [] },
  { name: "a-session-that-ends-before", before: initialState, after: { ...initialState, status: { kind: "expired" } }, want: ["Session ended."] },
  { name: "a-further-attempt", before: { ...running, status: { kind: "reconnecting", attempt: 1, retryAt: now, since: now } }, after: { ...running, status: { kind: "reconnecting", attempt: 2, retryAt: now + 4000, since: now } }, want: [] },
])("announces $name", ({ before, after, want }) => {
  expect(changes(seen(before, undefined), after, now)).toEqual(want);
});
