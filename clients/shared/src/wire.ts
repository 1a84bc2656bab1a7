import type { RunningTimer } from "./state";

/** A timer as the realtime server sends it. */
export interface WireTimer {
  readonly id: string;
  readonly user_id: string;
  readonly status: "running" | "stopped";
  readonly started_at: string;
  readonly updated_at: string;
  readonly seq: number;
  readonly issue_key?: string;
  readonly summary?: string;
  readonly comment?: string;
  readonly on_hold?: boolean;
  readonly source: "client" | "clockwork";
}

/** What the server says over WebSocket and SSE. */
export type ServerMessage =
  | { readonly event: "state"; readonly payload: { readonly timers: readonly WireTimer[]; readonly seq: number; readonly server_time: string } }
  | { readonly event: "timer_updated"; readonly payload: WireTimer }
  | { readonly event: "error"; readonly payload: { readonly code: string; readonly message: string; readonly id?: string } };

/** What a client says over WebSocket. */
export interface TimerAction {
  readonly action: "timer_start" | "timer_stop";
  readonly id: string;
  readonly user_id: string;
  readonly started_at: string;
  readonly issue_key?: string;
  readonly comment?: string;
}

/** Reads one message; undefined for one that this client does not know. */
export function parseMessage(text: string): ServerMessage | undefined {
  try {
    const message = JSON.parse(text) as ServerMessage | null;
    switch (message?.event) {
      case "state":
        return Array.isArray(message.payload.timers) && typeof message.payload.seq === "number" ? message : undefined;
      case "timer_updated":
        return typeof message.payload.id === "string" && typeof message.payload.seq === "number" ? message : undefined;
      case "error":
        return typeof message.payload.code === "string" ? message : undefined;
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
    ...(t.issue_key && { issueKey: t.issue_key }),
    ...(t.summary && { summary: t.summary }),
    ...(t.comment && { comment: t.comment }),
    ...(t.on_hold && { onHold: true }),
  };
}
