import { describe, expect, it } from "vitest";
import { parseAddress, parseReport, parseSession, parseSwitch } from "./messages";

const CURRENT = { issueKey: "ABC-7", summary: null, startedAt: 1, countedSeconds: 5700, countedAt: 2, onHold: false };
const REPORT = { signedIn: true, connection: "live", current: CURRENT, recent: [{ issueKey: "OPS-64", summary: "Move" }] };

describe("parseReport", () => {
  it.each<[string, unknown]>([
    ["full", REPORT],
    ["nothing-runs", { ...REPORT, current: null, recent: [] }],
    ["no-issue", { ...REPORT, current: { ...CURRENT, issueKey: null } }],
  ])("accepts %s", (_name, value) => {
    expect(parseReport(value)).toEqual(value);
  });

  it("copies only known fields", () => {
    const extra = { ...REPORT, x: 1, current: { ...CURRENT, x: 1 }, recent: [{ issueKey: "A-1", summary: null, x: 1 }] };
    expect(parseReport(extra)).toEqual({ ...REPORT, recent: [{ issueKey: "A-1", summary: null }] });
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["text", "x"],
    ["array", []],
    ["signed-in-as-text", { ...REPORT, signedIn: "yes" }],
    ["unknown-connection", { ...REPORT, connection: "fine" }],
    ["current-absent", { ...REPORT, current: undefined }],
    ["current-as-text", { ...REPORT, current: "ABC-7" }],
    ["key-too-long", { ...REPORT, current: { ...CURRENT, issueKey: "A".repeat(65) } }],
    ["summary-too-long", { ...REPORT, current: { ...CURRENT, summary: "x".repeat(501) } }],
    ["start-not-a-number", { ...REPORT, current: { ...CURRENT, startedAt: NaN } }],
    ["start-beyond-dates", { ...REPORT, current: { ...CURRENT, startedAt: Infinity } }],
    ["count-absent", { ...REPORT, current: { ...CURRENT, countedSeconds: undefined } }],
    ["count-not-a-number", { ...REPORT, current: { ...CURRENT, countedSeconds: NaN } }],
    ["counted-beyond-dates", { ...REPORT, current: { ...CURRENT, countedAt: Infinity } }],
    ["on-hold-absent", { ...REPORT, current: { ...CURRENT, onHold: undefined } }],
    ["recent-absent", { ...REPORT, recent: undefined }],
    ["recent-too-many", { ...REPORT, recent: Array(7).fill({ issueKey: "A-1", summary: null }) }],
    ["recent-without-a-key", { ...REPORT, recent: [{ issueKey: "", summary: null }] }],
    ["recent-summary-as-number", { ...REPORT, recent: [{ issueKey: "A-1", summary: 7 }] }],
  ])("refuses %s", (_name, value) => {
    expect(parseReport(value)).toBeNull();
  });
});

describe("parseSession", () => {
  const session = { userId: "u", refreshToken: "r" };
  it.each<[string, unknown]>([
    ["plain", session],
    ["with-a-clockwork-token", { ...session, clockworkToken: "c" }],
  ])("accepts %s", (_name, value) => {
    expect(parseSession(value)).toEqual(value);
  });

  it.each<[string, unknown]>([
    ["null", null],
    ["empty-token", { ...session, refreshToken: "" }],
    ["token-too-long", { ...session, refreshToken: "t".repeat(8193) }],
    ["no-user", { ...session, userId: undefined }],
    ["clockwork-token-as-number", { ...session, clockworkToken: 7 }],
  ])("refuses %s", (_name, value) => {
    expect(parseSession(value)).toBeNull();
  });
});

it.each<[string, unknown, string | null]>([
  ["text", "https://x.example", "https://x.example"],
  ["too-long", "x".repeat(501), null],
  ["object", { toString: () => "x" }, null],
])("parseAddress: %s", (_name, value, want) => {
  expect(parseAddress(value)).toBe(want);
});

it.each<[string, unknown, boolean | null]>([
  ["on", true, true],
  ["off", false, false],
  ["text", "true", null],
  ["number", 1, null],
])("parseSwitch: %s", (_name, value, want) => {
  expect(parseSwitch(value)).toBe(want);
});
