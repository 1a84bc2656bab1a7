import type { RunningTimer } from "@clockwork/shared";
import { expect, it } from "vitest";

import { runningIds } from "./useWorklogs";

const timer: RunningTimer = { id: "a", source: "clockwork", status: "running", startedAt: "2026-11-16T08:19:00Z", updatedAt: "2026-11-16T08:19:00Z", seq: 1, countedSeconds: 0, countedAt: "2026-11-16T08:19:00Z" };

it.each<{ name: string; change: Partial<RunningTimer>; want: string }>([
  { name: "running", change: {}, want: "a" },
  { name: "start-not-confirmed", change: { pending: "start" }, want: "" },
  { name: "stop-not-confirmed", change: { status: "stopped", pending: "stop" }, want: "a" },
  { name: "stopped", change: { status: "stopped" }, want: "" },
])("knows what runs on the server: $name", ({ change, want }) => {
  expect(runningIds([{ ...timer, ...change }])).toBe(want);
});
