import { Api } from "./api";
import type { Feed, FeedEvents, FeedKind } from "./feeds/feed";
import { openPoll } from "./feeds/poll";
import { openStream } from "./feeds/sse";
import { openWebSocket, type WebSocketConstructor } from "./feeds/websocket";
import type { Http } from "./http";
import { Link, type LinkHost } from "./link";
import { Mirror } from "./mirror";
import type { Scheduler } from "./schedule";
import type { Session } from "./session";
import { nextState } from "./snapshot";
import { initialState, type ConnectionStatus, type RunningTimer, type TimerState } from "./state";
import type { Surroundings } from "./surroundings";
import type { Timing } from "./timing";
import { withWishes } from "./wish";
import type { ActiveTimers, ServerMessage, TimerAction } from "./wire";
import { Writes, type StartInput, type StopInput } from "./writes";

/** The timers of one person, kept true by one live connection. */
export interface TimerStore {
  /** Calls back whenever the snapshot, the socket or the last message is another. */
  subscribe(listener: () => void): () => void;
  /** The same object as long as nothing changed. */
  getSnapshot(): TimerState;
  /**
   * Shows the timer at once, and resolves when it runs. Where it was refused it is shown no more, `error` of the
   * snapshot says why, and the promise rejects with it. The same start while one is under way is that one.
   */
  start(input: StartInput): Promise<void>;
  /** As start. With neither id nor issueKey it stops the current timer; it resolves where nothing runs. */
  stop(input?: StopInput): Promise<void>;
  /** Takes the snapshot's error away. */
  dismissError(): void;
  /** Ends the connection and everything that goes with it. */
  close(): void;
  /** Connects now where that would be tried later; else checks that the server is still heard. */
  retryNow(): void;
  /** The WebSocket where there is one open. */
  socket(): WebSocket | null;
  /** What the server said last. */
  lastMessage(): ServerMessage | null;
  /** Sends over the WebSocket; false where none is open. */
  send(action: TimerAction): boolean;
}

export interface StoreParts {
  readonly session: Session;
  readonly http: Http;
  readonly schedule: Scheduler;
  readonly timing: Timing;
  readonly surroundings: Surroundings;
  readonly WebSocket: WebSocketConstructor | null;
  readonly newId: () => string;
}

/** Puts together what the server says, what is wished, and how the connection is. */
export class LiveStore implements LinkHost {
  readonly #parts: StoreParts;
  #state: TimerState = initialState;
  #connection: ConnectionStatus = initialState.status;
  #last: ServerMessage | null = null;
  #session: Session;
  readonly #listeners = new Set<() => void>();
  readonly #api: Api;
  readonly #mirror: Mirror;
  readonly #writes: Writes;
  readonly #link: Link;
  readonly #ending = new AbortController();
  #cancelWatch = () => {};
  /** Milliseconds; doubled before each look. */
  #lookAfter = 500;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { http, schedule, timing, surroundings, newId } = parts;
    this.#session = parts.session;
    const { userId } = parts.session;
    this.#api = new Api(http, () => this.#session, () => this.expire());
    this.#mirror = new Mirror(schedule.now, userId);
    this.#writes = new Writes({
      userId,
      api: this.#api.timers,
      mirror: this.#mirror,
      schedule,
      timing,
      newId,
      send: this.screen.send,
      refresh: () => this.refresh(),
      changed: () => this.#publish(),
    });
    this.#watchTime();
    this.#link = new Link(this, (kind, on) => this.#open(kind, on), schedule, timing, surroundings);
    this.refresh().catch(() => {}); // the connection will tell of trouble
  }

  /** What screens may do. */
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
    retryNow: () => this.#link.retryNow(),
    socket: () => this.#link.socket,
    lastMessage: () => this.#last,
    send: (action) => this.#link.send(JSON.stringify(action)),
  };

  close(): void {
    this.#ending.abort();
    this.#cancelWatch();
    this.#link.close();
    this.#writes.close();
    this.#listeners.clear();
  }

  /** Takes another session with the same token. */
  renew(session: Session): void {
    this.#session = session;
    this.#cancelWatch();
    this.#watchTime();
  }

  /** The login is over. */
  expire(): void {
    this.#link.expire();
  }

  #find({ id, issueKey }: StopInput): RunningTimer | null | undefined {
    if (!id && !issueKey) return this.#state.current;
    const key = issueKey?.trim().toUpperCase();
    return this.#state.timers.find((t) => t.status === "running" && (id ? t.id === id : t.issueKey === key));
  }

  #open(kind: FeedKind, on: FeedEvents): Feed | undefined {
    const { http, schedule, timing, WebSocket } = this.#parts;
    const since = this.#mirror.since();
    const { token } = this.#session;
    switch (kind) {
      case "websocket":
        return WebSocket ? openWebSocket(WebSocket, http.url("/ws", { since }), token, on) : undefined;
      case "sse":
        return openStream(http, token, since, timing.giveUp, on);
      case "poll":
        return openPoll(http, this.#session, schedule, timing, () => this.refresh(), on);
    }
  }

  // What the link says.

  status(status: ConnectionStatus): void {
    this.#connection = status;
    if (status.kind === "expired") this.#cancelWatch();
    this.#publish();
  }

  socketChanged(): void {
    this.#tell();
  }

  up(kind: FeedKind, again: boolean): void {
    if (again && kind !== "poll") this.refresh().catch(() => {});
  }

  message(message: ServerMessage, asked: number): boolean {
    if (!this.#mirror.message(message, asked)) return false;
    this.#last = message;
    this.#writes.heard(message);
    if (!this.#publish()) this.#tell();
    return true;
  }

  active(answer: ActiveTimers, asked: number): void {
    this.#mirror.active(answer, asked);
    this.#writes.settle();
    this.#publish();
  }

  /** Reads GET /timers. */
  refresh(): Promise<void> {
    const done = this.#writes.done();
    return this.#mirror.list(
      () => this.#api.timers.list({ signal: this.#ending.signal }),
      () => this.#connection.kind === "live",
      () => {
        for (const wish of done) this.#writes.forget(wish);
        this.#writes.settle();
        this.#publish();
      },
    );
  }

  /** Looks now and then whether the session is over, and whether all answers took so long that they tell little of the server's clock. */
  #watchTime(): void {
    const { schedule } = this.#parts;
    const left = this.#session.expiresAt - schedule.now();
    this.#cancelWatch = schedule.after(Math.min(left, (this.#lookAfter *= 2)), () => {
      if (schedule.now() >= this.#session.expiresAt) return this.expire();
      if (this.#mirror.clock.width > 500) this.refresh().catch(() => {});
      this.#watchTime();
    });
  }

  /** Makes the next snapshot; false where it is the same. */
  #publish(): boolean {
    const { timeline, clock } = this.#mirror;
    const next = nextState(this.#state, withWishes(timeline, this.#writes.wishes.values()).values(), {
      status: this.#connection,
      clockOffset: clock.value,
      stale: timeline.stale,
      syncedAt: timeline.syncedAt,
      error: this.#writes.error,
      loaded: timeline.loaded,
    });
    if (next === this.#state) return false;
    this.#state = next;
    this.#tell();
    return true;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
