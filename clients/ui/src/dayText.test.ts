import type { Worklog } from "@clockwork/shared";
import { expect, it } from "vitest";

import { dayText } from "./dayText";
import { byIssue } from "./worklogsByIssue";

const log = (issueKey: string | undefined, started: string, minutes: number, comment: string | null, issueName: string | undefined): Worklog =>
  ({ id: 1, issueId: 20421, issueKey, issueName, timeSpentSeconds: minutes * 60, started, comment, author: { accountId: "u" } }) as Worklog;

it("writes a day for a stand-up: one line for each issue, with the comments in their order", () => {
  const issues = byIssue([
    log("PORTAL-312", "2026-11-26T08:00:00Z", 60, "Review", "Search by order number"),
    log("OPS-64", "2026-11-26T09:00:00Z", 30, null, "Planning"),
    log("PORTAL-312", "2026-11-26T10:00:00Z", 36, "Fix", "Search by order number"),
    log(undefined, "2026-11-26T11:00:00Z", 5, null, undefined),
  ]);
  expect(dayText("2026-11-26", "2026-11-30", issues)).toBe(
    ["Thursday 26 November: 2 h 11 min", "- OPS-64 Planning (30 min)", "- PORTAL-312 Search by order number: Review; Fix (1 h 36 min)", "- Issue 20421 (5 min)"].join("\n"),
  );
});

it("says so if nothing is logged, and the year if it is another one", () => {
  expect(dayText("2025-12-31", "2026-01-02", [])).toBe("Wednesday 31 December 2025: nothing logged");
});
