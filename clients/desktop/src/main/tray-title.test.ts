import { describe, expect, it } from "vitest";
import type { Report } from "../bridge";
import { shorten, trayFace, untilNextFace } from "./tray-title";

const NOW = Date.parse("2026-03-05T09:00:00Z");
const RUNNING: Report = {
  signedIn: true,
  connection: "live",
  current: { issueKey: "ABC-7", summary: "Fix the login", startedAt: NOW - 9 * 3_600_000, countedSeconds: 3700, countedAt: NOW - 23_900, onHold: false },
  recent: [],
};
const current = RUNNING.current!;

describe("trayFace", () => {
  it.each<[string, Report, ReturnType<typeof trayFace>]>([
    ["running", RUNNING, { icon: "running", title: "1:02:03", tooltip: "1:02:03: ABC-7 Fix the login" }],
    ["running-without-an-issue", { ...RUNNING, current: { ...current, issueKey: null } }, { icon: "running", title: "1:02:03", tooltip: "1:02:03: Timer" }],
    ["running-without-a-summary", { ...RUNNING, current: { ...current, summary: null } }, { icon: "running", title: "1:02:03", tooltip: "1:02:03: ABC-7" }],
    ["on-hold", { ...RUNNING, current: { ...current, onHold: true } }, { icon: "idle", title: "1:01:40 (on hold)", tooltip: "1:01:40: ABC-7 Fix the login (on hold)" }],
    ["running-while-offline", { ...RUNNING, connection: "offline" }, { icon: "offline", title: "1:02:03", tooltip: "1:02:03: ABC-7 Fix the login (offline)" }],
    ["running-while-stale", { ...RUNNING, connection: "stale" }, { icon: "offline", title: "1:02:03", tooltip: "1:02:03: ABC-7 Fix the login (last known)" }],
    ["on-hold-while-stale", { ...RUNNING, connection: "stale", current: { ...current, onHold: true } }, { icon: "offline", title: "1:01:40 (on hold)", tooltip: "1:01:40: ABC-7 Fix the login (on hold) (last known)" }],
    ["nothing-while-stale", { ...RUNNING, current: null, connection: "stale" }, { icon: "offline", title: "", tooltip: "Clockwork: nothing is running (last known)" }],
    ["running-while-connecting", { ...RUNNING, connection: "connecting" }, { icon: "running", title: "1:02:03", tooltip: "1:02:03: ABC-7 Fix the login" }],
    ["nothing", { ...RUNNING, current: null }, { icon: "idle", title: "", tooltip: "Clockwork: nothing is running" }],
    ["nothing-while-offline", { ...RUNNING, current: null, connection: "offline" }, { icon: "offline", title: "", tooltip: "Clockwork: nothing is running (offline)" }],
    ["nothing-known-yet", { ...RUNNING, current: null, connection: "connecting" }, { icon: "idle", title: "", tooltip: "Clockwork: connecting" }],
    ["signed-out", { ...RUNNING, signedIn: false }, { icon: "idle", title: "", tooltip: "Clockwork: log in to see your timer" }],
    ["expired", { ...RUNNING, connection: "expired" }, { icon: "idle", title: "", tooltip: "Clockwork: log in to see your timer" }],
  ])("%s", (_name, report, want) => {
    expect(trayFace(report, NOW)).toEqual(want);
  });

  it("fits into a tooltip of Windows", () => {
    const report = { ...RUNNING, current: { ...current, issueKey: "ABCDEFGHIJ-123456", summary: "x".repeat(500), onHold: true }, connection: "stale" as const };
    expect(trayFace(report, NOW).tooltip.length).toBeLessThan(127);
  });
});

describe("untilNextFace", () => {
  const countedAgo = (ago: number): Report => ({ ...RUNNING, current: { ...current, countedAt: NOW - ago } });
  it.each<[string, Report, number | null]>([
    ["amid-a-second", countedAgo(3250), 750],
    ["at-a-full-second", countedAgo(3000), 1000],
    ["start-in-the-future", countedAgo(-300), 300],
    ["nothing-runs", { ...RUNNING, current: null }, null],
    ["on-hold", { ...RUNNING, current: { ...current, onHold: true } }, null],
    ["signed-out", { ...RUNNING, signedIn: false }, null],
  ])("%s", (_name, report, want) => {
    expect(untilNextFace(report, NOW)).toBe(want);
  });
});

it.each([
  ["short-enough", "abc", 3, "abc"],
  ["too-long", "abcdef", 4, "abc…"],
  ["no-blank-before-the-ellipsis", "ab cdef", 4, "ab…"],
  ["whole-characters", "👩👩👩👩", 3, "👩👩…"],
])("shorten: %s", (_name, text, length, want) => {
  expect(shorten(text, length)).toBe(want);
});
