import type { components } from "./api.gen";
import type { RunningTimer } from "./state";

type Schemas = components["schemas"];

export type ActiveTimers = Schemas["ActiveTimers"];
export type Freshness = Schemas["Freshness"];
export type Issue = Schemas["Issue"];
export type Login = Schemas["Login"];
/** The answer of GET /timers. */
export type Listing = Schemas["RealtimeTimers"];
export type RealtimeState = Schemas["RealtimeState"];
/** A message of the server over WebSocket and SSE. */
export type ServerMessage = Schemas["RealtimeEvent"];
export type StartedTimer = Schemas["StartedTimer"];
export type StoppedTimer = Schemas["StoppedTimer"];
/** A message of a client over WebSocket. */
export type TimerAction = Schemas["TimerAction"];
export type User = Schemas["User"];
/** A timer as the realtime server sends it. */
export type WireTimer = Schemas["RealtimeTimer"];
export type Worklog = Schemas["Worklog"];
export type Worklogs = Schemas["Worklogs"];

/** The id of a connection's pings. */
export const pingId = "ping";

/** Parses a message; undefined if this client does not know it, or if it answers a ping. */
export function parseMessage(text: string): ServerMessage | undefined {
  try {
    const message = JSON.parse(text) as ServerMessage | null;
    switch (message?.event) {
      case "state":
        return Array.isArray(message.payload.timers) && typeof message.payload.seq === "number" ? message : undefined;
      case "timer_updated":
        return typeof message.payload.id === "string" && typeof message.payload.seq === "number" ? message : undefined;
      case "freshness":
        return typeof message.payload.stale === "boolean" ? message : undefined;
      case "error":
        return typeof message.payload.code === "string" && message.payload.id !== pingId ? message : undefined;
    }
  } catch {
    // not JSON, or not an object of this shape
  }
  return undefined;
}

export function fromWire(t: WireTimer): RunningTimer {
  return {
    id: t.id,
    source: t.source,
    status: t.status,
    startedAt: t.started_at,
    updatedAt: t.updated_at,
    seq: t.seq,
    // Older servers do not report what was counted.
    countedSeconds: t.counted_seconds ?? 0,
    countedAt: t.counted_at ?? t.started_at,
    ...(t.issue_key && { issueKey: t.issue_key }),
    ...(t.summary && { summary: t.summary }),
    ...(t.comment && { comment: t.comment }),
    ...(t.on_hold && { onHold: true }),
  };
}
