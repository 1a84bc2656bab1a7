import type { RunningTimer, Worklogs } from "@clockwork/shared";
import { expect, it } from "vitest";

import { isBeingLogged } from "./beingLogged";

const stopped: RunningTimer = {
  id: "cw:u:A-1",
  issueKey: "A-1",
  source: "clockwork",
  status: "stopped",
  startedAt: "2026-11-16T08:00:00Z",
  updatedAt: "2026-11-16T10:00:00Z",
  seq: 1,
  countedSeconds: 7200,
  countedAt: "2026-11-16T10:00:00Z",
};

const logged = (issueKey: string, started: string, timeSpentSeconds = 7200): Worklogs =>
  ({ worklogs: [{ id: 1, issueId: 1, issueKey, timeSpentSeconds, started, comment: null, author: { accountId: "u" } }], total: 7200, accountId: "u" }) as unknown as Worklogs;

it.each<{ name: string; change?: Partial<RunningTimer>; worklogs?: Worklogs; now?: string; want: boolean }>([
  { name: "just-stopped", want: true },
  { name: "stop-not-confirmed", change: { pending: "stop" }, want: true },
  { name: "another-issue-logged", worklogs: logged("A-2", "2026-11-16T08:00:00Z"), want: true },
  { name: "another-timer-of-the-issue-logged", worklogs: logged("A-1", "2026-11-16T06:00:00Z"), want: true },
  { name: "a-timer-of-the-minute-before-logged", worklogs: logged("A-1", "2026-11-16T07:59:20Z", 60), want: true },
  { name: "a-short-one-logged", change: { countedSeconds: 61 }, worklogs: logged("A-1", "2026-11-16T08:00:00Z", 60), want: false },
  { name: "logged", worklogs: logged("A-1", "2026-11-16T09:00:00+01:00"), want: false },
  { name: "logged-to-the-minute", worklogs: logged("A-1", "2026-11-16T07:59:30Z"), want: false },
  { name: "never-logged", now: "2026-11-16T10:01:01Z", want: false },
  { name: "running", change: { status: "running" }, want: false },
  { name: "not-clockworks", change: { source: "client" }, want: false },
])("waits for the worklog of a stopped timer: $name", ({ change, worklogs, now = "2026-11-16T10:00:05Z", want }) => {
  const offset = 60_000; // the server's clock is a minute ahead
  expect(isBeingLogged({ ...stopped, ...change }, worklogs, Date.parse(now) - offset, offset)).toBe(want);
});
