import type { RunningTimer, Worklog } from "@clockwork/shared";
import { expect, it } from "vitest";

import { recentIssues } from "./recentIssues";

const log = (issueKey: string, started: string, comment: string | null = null): Worklog =>
  ({ id: 1, issueId: 1, issueKey, issueName: `About ${issueKey}`, timeSpentSeconds: 600, started, comment, author: { accountId: "u" } }) as Worklog;

const timer = (issueKey: string, status: RunningTimer["status"], updatedAt: string): RunningTimer =>
  ({ id: issueKey, issueKey, source: "clockwork", status, startedAt: updatedAt, updatedAt, seq: 1, countedSeconds: 0, countedAt: updatedAt });

it("lists the issues of the last worklogs once, the latest first, with today's sum and the last comment", () => {
  const logs = [log("A-1", "2026-11-15T10:00:00", "Old"), log("A-2", "2026-11-16T08:00:00", "Review"), log("A-1", "2026-11-16T09:00:00"), log("A-1", "2026-11-16T09:30:00")];
  expect(recentIssues(logs, [], "2026-11-16")).toMatchObject([
    { key: "A-1", summary: "About A-1", comment: "Old", today: 1200 },
    { key: "A-2", comment: "Review", today: 600 },
  ]);
});

it("adds stopped timers that are not logged yet, and leaves out running ones", () => {
  const timers = [timer("A-1", "running", "2026-11-16T09:00:00Z"), timer("A-3", "stopped", "2026-11-16T23:00:00Z")];
  const logs = [log("A-1", "2026-11-16T08:00:00"), log("A-2", "2026-11-16T07:00:00")];
  expect(recentIssues(logs, timers, "2026-11-16").map(({ key }) => key)).toEqual(["A-3", "A-2"]);
});

it("lists six at most", () => {
  const logs = Array.from({ length: 9 }, (_, i) => log(`A-${i}`, `2026-11-1${i}T08:00:00`));
  expect(recentIssues(logs, [], "2026-11-19").map(({ key }) => key)).toEqual(["A-8", "A-7", "A-6", "A-5", "A-4", "A-3"]);
});
