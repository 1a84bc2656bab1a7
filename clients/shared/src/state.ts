import type { ClientError } from "./errors";

/** One timer as a screen shows it. */
export interface RunningTimer {
  /** `cw:{account}:{issue}` for Clockwork's timers, else the id that a client chose. */
  readonly id: string;
  readonly issueKey?: string;
  readonly summary?: string;
  readonly comment?: string;
  readonly source: "client" | "clockwork";
  readonly status: "running" | "stopped";
  /** RFC 3339, by the server's clock. */
  readonly startedAt: string;
  /** RFC 3339, by the server's clock. For a stopped timer: when it stopped. */
  readonly updatedAt: string;
  /** Of its last change; 0 if no event reported it. */
  readonly seq: number;
  /** Counted at countedAt, without the time on hold. */
  readonly countedSeconds: number;
  /** RFC 3339, by the server's clock. */
  readonly countedAt: string;
  /** It runs outside working hours, so that Clockwork does not count. */
  readonly onHold?: boolean;
  /** Requested here and not confirmed yet. */
  readonly pending?: "start" | "stop";
}

/** How the connection is. Times are milliseconds since 1970 by this machine's clock. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly via: "websocket" | "sse" }
  | { readonly kind: "polling" }
  /** Nothing has arrived since; the next try is at retryAt. */
  | { readonly kind: "reconnecting"; readonly attempt: number; readonly retryAt: number; readonly since: number }
  /** This machine has had no network since. */
  | { readonly kind: "offline"; readonly since: number }
  /** The session has expired: connect with a new one. */
  | { readonly kind: "expired" };

/** What a screen shows. It stays the same object until something changes. */
export interface TimerState {
  /** Running ones first, the latest start first; then the others, the latest stop first. */
  readonly timers: readonly RunningTimer[];
  /** The running timer that started last. */
  readonly current: RunningTimer | null;
  readonly status: ConnectionStatus;
  /** Milliseconds to add to this machine's clock to get the server's. */
  readonly clockOffset: number;
  /** Clockwork has not answered the server for so long that its timers may have changed since. */
  readonly stale: boolean;
  /** When Clockwork last answered, RFC 3339 by the server's clock; null if that is not known. */
  readonly syncedAt: string | null;
  /** Why the last start or stop failed; null once the next one is requested. */
  readonly error: ClientError | null;
  /** Whether the timers are known: until then an empty list means nothing. */
  readonly loaded: boolean;
}

/** The state before anything is known. */
export const initialState: TimerState = {
  timers: [],
  current: null,
  status: { kind: "connecting" },
  clockOffset: 0,
  stale: false,
  syncedAt: null,
  error: null,
  loaded: false,
};

/** When somebody last worked on it: of a stopped timer that is its stop. */
const lastMoment = (t: RunningTimer): number => Date.parse(t.status === "running" ? t.startedAt : t.updatedAt);

/** Orders timers for a screen. */
export function inOrder(timers: Iterable<RunningTimer>): RunningTimer[] {
  return [...timers].sort((a, b) => {
    if (a.status !== b.status) return a.status === "running" ? -1 : 1;
    return lastMoment(b) - lastMoment(a) || b.seq - a.seq || (a.id < b.id ? -1 : 1);
  });
}
