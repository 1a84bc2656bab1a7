import { Api, type Renew } from "./api";
import type { Transport, TransportEvents, TransportKind } from "./transports/transport";
import { openPoll } from "./transports/poll";
import { openStream } from "./transports/sse";
import { openWebSocket, type WebSocketConstructor } from "./transports/websocket";
import type { Http } from "./http";
import { Connection, type ConnectionHost } from "./connection";
import { ServerState } from "./serverState";
import type { Scheduler } from "./schedule";
import type { Session } from "./session";
import { nextState } from "./snapshot";
import { initialState, type ConnectionStatus, type RunningTimer, type TimerState } from "./state";
import type { Environment } from "./environment";
import type { Timing } from "./timing";
import { withPendingWrites } from "./pendingWrite";
import { parseMessage, type ActiveTimers, type ServerMessage, type TimerAction } from "./wire";
import { Writes, type StartInput, type StopInput } from "./writes";

/** The timers of one person, kept up to date by one live connection. */
export interface TimerStore {
  /** Calls back whenever the snapshot, the socket or the last message changes. */
  subscribe(listener: () => void): () => void;
  /** Stays the same object until something changes. */
  getSnapshot(): TimerState;
  /**
   * Shows the timer at once, and resolves when it runs. If it is refused, the timer disappears again, and the
   * promise rejects with the error that the snapshot then has. A second start of the same issue joins the first.
   */
  start(input: StartInput): Promise<void>;
  /** As start. With neither id nor issueKey it stops the current timer; it resolves if nothing runs. */
  stop(input?: StopInput): Promise<void>;
  /** Removes the snapshot's error. */
  dismissError(): void;
  close(): void;
  /** Reconnects now instead of later; if connected, checks that the server still answers. */
  retryNow(): void;
  /** The open WebSocket, if there is one. */
  socket(): WebSocket | null;
  /** The last message of the server. */
  lastMessage(): ServerMessage | null;
  /** Sends over the WebSocket; false if none is open. */
  send(action: TimerAction): boolean;
}

export interface StoreParts {
  readonly session: Session;
  readonly http: Http;
  readonly schedule: Scheduler;
  readonly timing: Timing;
  readonly environment: Environment;
  readonly WebSocket: WebSocketConstructor | null;
  readonly newId: () => string;
  readonly renew: Renew;
}

/** Makes snapshots of what the server reported, the pending writes and the state of the connection. */
export class LiveStore implements ConnectionHost {
  readonly #parts: StoreParts;
  #state: TimerState = initialState;
  #status: ConnectionStatus = initialState.status;
  #last: ServerMessage | null = null;
  #session: Session;
  readonly #listeners = new Set<() => void>();
  readonly #api: Api;
  readonly #server: ServerState;
  readonly #writes: Writes;
  readonly #connection: Connection;
  readonly #closed = new AbortController();
  #cancelWatch = () => {};
  /** Milliseconds; doubled before each check. */
  #checkInterval = 500;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { http, schedule, timing, environment, newId } = parts;
    this.#session = parts.session;
    const { userId } = parts.session;
    this.#api = new Api(http, () => this.#session, parts.renew);
    this.#server = new ServerState(schedule.now, userId);
    this.#writes = new Writes({
      userId,
      api: this.#api.timers,
      server: this.#server,
      schedule,
      timing,
      newId,
      send: this.screen.send,
      refresh: () => this.refresh(),
      changed: () => this.#publish(),
    });
    this.#checkTime();
    this.#connection = new Connection(this, (kind, on) => this.#open(kind, on), schedule, timing, environment);
    this.refresh().catch(() => {}); // the connection reports trouble
  }

  /** The part that screens use. */
  readonly screen: Omit<TimerStore, "close"> = {
    subscribe: (listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
    getSnapshot: () => this.#state,
    start: (input) => this.#writes.start(input),
    stop: (input = {}) => {
      const timer = this.#find(input);
      return timer ? this.#writes.stop(timer, input.clockworkToken) : Promise.resolve();
    },
    dismissError: () => {
      this.#writes.error = null;
      this.#publish();
    },
    retryNow: () => this.#connection.retryNow(),
    socket: () => this.#connection.socket,
    lastMessage: () => this.#last,
    send: (action) => this.#connection.send(JSON.stringify(action)),
  };

  close(): void {
    this.#closed.abort();
    this.#cancelWatch();
    this.#connection.close();
    this.#writes.close();
    this.#listeners.clear();
  }

  /** Uses another token of the session, or its Clockwork token. */
  renew(session: Session): void {
    const before = this.#session.token;
    this.#session = session;
    if (session.token !== before) this.#connection.renew(session.token);
    this.#cancelWatch();
    this.#checkTime();
  }

  expire(): void {
    this.#connection.expire();
  }

  #find({ id, issueKey }: StopInput): RunningTimer | null | undefined {
    if (!id && !issueKey) return this.#state.current;
    const key = issueKey?.trim().toUpperCase();
    return this.#state.timers.find((t) => t.status === "running" && (id ? t.id === id : t.issueKey === key));
  }

  #open(kind: TransportKind, on: TransportEvents): Transport | undefined {
    const { http, schedule, timing, WebSocket } = this.#parts;
    const since = this.#server.since();
    const { token } = this.#session;
    switch (kind) {
      case "websocket":
        return WebSocket ? openWebSocket(WebSocket, http.url("/ws", { since }), token, on) : undefined;
      case "sse":
        return openStream(http, token, { since }, timing.connectTimeout, on);
      case "poll":
        return openPoll({ http, token, schedule, timing }, this.#session.userId, () => this.refresh(), (answer, asked) => this.#active(answer, asked), on);
    }
  }

  #active(answer: ActiveTimers, asked: number): void {
    this.#server.active(answer, asked);
    this.#writes.dropConfirmed();
    this.#publish();
  }

  // ConnectionHost.

  status(status: ConnectionStatus): void {
    this.#status = status;
    if (status.kind === "expired") this.#cancelWatch();
    this.#publish();
  }

  get token(): string {
    return this.#session.token;
  }

  async renewed(refused: string): Promise<boolean> {
    if (refused !== this.#session.token) return true;
    return (await this.#parts.renew(this.#session)) !== null;
  }

  socketChanged(): void {
    this.#notify();
  }

  up(kind: TransportKind, again: boolean): void {
    if (again && kind !== "poll") this.refresh().catch(() => {});
  }

  message(text: string, asked: number): boolean {
    const message = parseMessage(text);
    if (!message) return true;
    if (!this.#server.message(message, asked)) return false;
    this.#last = message;
    this.#writes.onMessage(message);
    if (!this.#publish()) this.#notify();
    return true;
  }


  /** Reads GET /timers. */
  refresh(): Promise<void> {
    const accepted = this.#writes.accepted();
    return this.#server.list(
      () => this.#api.timers.list({ signal: this.#closed.signal }),
      () => this.#status.kind === "live",
      () => {
        for (const write of accepted) this.#writes.forget(write);
        this.#writes.dropConfirmed();
        this.#publish();
      },
    );
  }

  /** Checks from time to time whether the session has expired, and reads the clock again if all answers were slow. */
  #checkTime(): void {
    const { schedule } = this.#parts;
    const end = this.#session.id ? Infinity : this.#session.expiresAt; // one with an id is renewed
    this.#cancelWatch = schedule.after(Math.min(end - schedule.now(), (this.#checkInterval *= 2)), () => {
      if (schedule.now() >= end) return this.expire();
      if (this.#server.clock.width > 500) this.refresh().catch(() => {});
      this.#checkTime();
    });
  }

  /** Makes the next snapshot; false if it is the same. */
  #publish(): boolean {
    const { timeline, clock } = this.#server;
    const next = nextState(this.#state, withPendingWrites(timeline, this.#writes.pendingWrites.values()).values(), {
      status: this.#status,
      clockOffset: clock.value,
      stale: timeline.stale,
      syncedAt: timeline.syncedAt,
      error: this.#writes.error,
      loaded: timeline.loaded,
    });
    if (next === this.#state) return false;
    this.#state = next;
    this.#notify();
    return true;
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
