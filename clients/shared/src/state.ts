import type { ClientError } from "./errors";

/** One timer as a screen shows it. */
export interface RunningTimer {
  /** `cw:{account}:{issue}` for Clockwork's timers, else the id that a client gave. */
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
  /** Of its last change; 0 where no message told of it. */
  readonly seq: number;
  /** What was counted at countedAt, without the time on hold. */
  readonly countedSeconds: number;
  /** RFC 3339, by the server's clock. */
  readonly countedAt: string;
  /** It runs outside working hours, so that Clockwork does not count. */
  readonly onHold?: boolean;
  /** What was asked for here and is not confirmed yet. */
  readonly pending?: "start" | "stop";
}

/** How the server is heard. Times are milliseconds since 1970 by this machine's clock. */
export type ConnectionStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "live"; readonly via: "websocket" | "sse" }
  | { readonly kind: "polling" }
  /** Nothing is heard since; the next of several tries comes at retryAt. */
  | { readonly kind: "reconnecting"; readonly attempt: number; readonly retryAt: number; readonly since: number }
  /** This machine has no network since. */
  | { readonly kind: "offline"; readonly since: number }
  /** The login is over. There are no further tries: connect with a new session. */
  | { readonly kind: "expired" };

/** What a screen shows. The same object as long as nothing changed. */
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
  /** Why the last start or stop did not work; null once the next one is asked for. */
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

/** When it came to be as it is: a stopped timer's start says nothing of when it was worked on last. */
const lastMoment = (t: RunningTimer): number => Date.parse(t.status === "running" ? t.startedAt : t.updatedAt);

/** Orders timers for a screen. */
export function inOrder(timers: Iterable<RunningTimer>): RunningTimer[] {
  return [...timers].sort((a, b) => {
    if (a.status !== b.status) return a.status === "running" ? -1 : 1;
    return lastMoment(b) - lastMoment(a) || b.seq - a.seq || (a.id < b.id ? -1 : 1);
  });
}
