import { initialState, type RunningTimer, type TimerState } from "@clockwork/shared";
import type { RecentIssue } from "@clockwork/ui";
import { describe, expect, it } from "vitest";

import { parseReport } from "../main/messages";
import { reportOf } from "./report";

const TIMER: RunningTimer = {
  id: "cw:acc-1:ABC-7",
  issueKey: "ABC-7",
  summary: "Fix the login",
  source: "clockwork",
  status: "running",
  startedAt: "2026-03-05T09:00:00Z",
  updatedAt: "2026-03-05T09:00:00Z",
  seq: 1,
  countedSeconds: 5700,
  countedAt: "2026-03-05T11:00:00Z",
};
const LIVE: TimerState = { ...initialState, loaded: true, status: { kind: "live", via: "websocket" }, timers: [TIMER], current: TIMER };

const RECENT: RecentIssue[] = [["A-1", "x".repeat(5000)], ["ABC-7", "Fix the login"], ["A-2", ""]].map(([key = "", summary]) => ({ key, summary, comment: undefined, today: 0 }));

describe("reportOf", () => {
  it("reports the running timer by this machine's clock", () => {
    expect(reportOf({ ...LIVE, clockOffset: 4000 }, true, [])).toEqual({
      signedIn: true,
      connection: "live",
      current: { issueKey: "ABC-7", summary: "Fix the login", startedAt: Date.parse("2026-03-05T08:59:56Z"), countedSeconds: 5700, countedAt: Date.parse("2026-03-05T10:59:56Z"), onHold: false },
      recent: [],
    });
  });

  it.each<[string, TimerState["status"], string]>([
    ["polling", { kind: "polling" }, "live"],
    ["connecting", { kind: "connecting" }, "connecting"],
    ["first-try-to-reconnect", { kind: "reconnecting", attempt: 1, retryAt: 1, since: 0 }, "connecting"],
    ["third-try-to-reconnect", { kind: "reconnecting", attempt: 3, retryAt: 1, since: 0 }, "offline"],
    ["offline", { kind: "offline", since: 0 }, "offline"],
    ["expired", { kind: "expired" }, "expired"],
  ])("connection: %s", (_name, status, want) => {
    expect(reportOf({ ...LIVE, status }, true, []).connection).toBe(want);
  });

  it.each<[string, Partial<TimerState>, string]>([
    ["of-a-timer-in-clockwork", {}, "stale"],
    ["of-nothing", { timers: [], current: null }, "stale"],
    ["of-a-timer-that-clockwork-does-not-know", { current: { ...TIMER, source: "client" } }, "live"],
    ["while-offline", { status: { kind: "offline", since: 0 } }, "offline"],
  ])("is stale if Clockwork does not answer: %s", (_name, more, want) => {
    expect(reportOf({ ...LIVE, stale: true, ...more }, true, []).connection).toBe(want);
  });

  it("is connecting until the timers are known, unless the session is over", () => {
    expect(reportOf({ ...LIVE, loaded: false }, true, []).connection).toBe("connecting");
    expect(reportOf({ ...LIVE, loaded: false, status: { kind: "expired" } }, true, []).connection).toBe("expired");
  });

  it("reports nothing about a person who is signed out", () => {
    expect(reportOf(LIVE, false, RECENT)).toEqual({ signedIn: false, connection: "connecting", current: null, recent: [] });
  });

  it("offers the page's recent issues, but none that runs", () => {
    expect(reportOf(LIVE, true, RECENT).recent).toEqual([{ issueKey: "A-1", summary: "x".repeat(200) }, { issueKey: "A-2", summary: null }]);
  });

  it.each<[string, TimerState]>([
    ["bare", { ...LIVE, current: { ...TIMER, issueKey: "", summary: "" } }],
    ["long-summary", { ...LIVE, current: { ...TIMER, summary: "x".repeat(5000) } }],
    ["on-hold", { ...LIVE, current: { ...TIMER, onHold: true } }],
  ])("is a report that the main process accepts: %s", (_name, state) => {
    const got = reportOf(state, true, RECENT);
    expect(parseReport(got)).toEqual(got);
  });
});
