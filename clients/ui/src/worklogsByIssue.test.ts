import type { Worklog } from "@clockwork/shared";
import { expect, it } from "vitest";

import { byIssue } from "./worklogsByIssue";

const log = (issueKey: string, started: string, comment: string | null): Worklog =>
  ({ id: 1, issueId: 1, issueKey, issueName: issueKey, projectName: "Portal", timeSpentSeconds: 60, started, comment, author: { accountId: "u" } }) as Worklog;

it("groups a day's worklogs by issue, the latest first, with the sum and each comment once", () => {
  const logs = [log("A-1", "2026-11-16T08:00:00Z", "Review"), log("A-2", "2026-11-16T09:00:00Z", null), log("A-1", "2026-11-16T10:00:00Z", "Review"), log("A-1", "2026-11-16T11:00:00Z", "Fix")];
  expect(byIssue(logs)).toEqual([
    { label: "A-1", key: "A-1", name: "A-1", project: "Portal", last: "2026-11-16T11:00:00Z", seconds: 180, comments: ["Fix", "Review"], entries: 3 },
    { label: "A-2", key: "A-2", name: "A-2", project: "Portal", last: "2026-11-16T09:00:00Z", seconds: 60, comments: [], entries: 1 },
  ]);
});
