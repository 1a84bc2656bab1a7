import type { Client, StartInput, StopInput } from "./client";
import { initialState, inOrder, type RunningTimer, type TimerState } from "./state";
import { fromWire, parseMessage, type ServerMessage, type TimerAction } from "./wire";
import type { Session } from "./session";

/** The timers of one person, kept true by one live connection. */
export interface TimerStore {
  /** Calls back whenever the snapshot is another. */
  subscribe(listener: () => void): () => void;
  /** The same object as long as nothing changed. */
  getSnapshot(): TimerState;
  /** Shows the timer at once; rejects with a ClientError, and shows it no more, where it was refused. */
  start(input: StartInput): Promise<void>;
  stop(input?: StopInput): Promise<void>;
  /** Ends the connection and everything that goes with it. */
  close(): void;
  /** Tries to connect now. */
  retryNow(): void;
  /** The WebSocket where there is one open. */
  socket(): WebSocket | null;
  /** The last message of the server. */
  lastMessage(): ServerMessage | null;
  /** Sends over the WebSocket; false where there is none. */
  send(action: TimerAction): boolean;
}

export class LiveStore implements TimerStore {
  private state: TimerState = initialState;
  private timers = new Map<string, RunningTimer>();
  private listeners = new Set<() => void>();
  private ws: WebSocket | null = null;
  private last: ServerMessage | null = null;
  private closed = false;

  constructor(
    private readonly client: Client,
    private readonly session: Session,
  ) {
    this.open();
  }

  subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  getSnapshot = () => this.state;
  socket = () => this.ws;
  lastMessage = () => this.last;
  send = (action: TimerAction) => {
    if (this.ws?.readyState !== 1) return false;
    this.ws.send(JSON.stringify(action));
    return true;
  };
  start = async (input: StartInput) => {
    await this.client.timers.start({ ...input, issueKey: input.issueKey ?? "" });
  };
  stop = async (input: StopInput = {}) => {
    await this.client.timers.stop(input);
  };
  close = () => {
    this.closed = true;
    this.ws?.close();
  };
  retryNow = () => {
    this.ws?.close();
  };

  private open() {
    if (this.closed) return;
    const url = this.client.http.url("/ws");
    url.protocol = url.protocol.replace("http", "ws");
    const ws = (this.ws = new (this.client.options.WebSocket ?? globalThis.WebSocket)(url.href, ["bearer", this.session.token]));
    ws.onopen = () => this.change({ status: { kind: "live", via: "websocket" } });
    ws.onclose = () => {
      const now = this.client.schedule.now();
      if (!this.closed) this.change({ status: { kind: "reconnecting", attempt: 1, retryAt: now + 1000, since: now } });
      this.client.schedule.after(1000, () => this.open());
    };
    ws.onmessage = (e: MessageEvent<string>) => {
      const m = parseMessage(e.data);
      if (!m) return;
      this.last = m;
      if (m.event === "state") this.timers = new Map(m.payload.timers.map((t) => [t.id, fromWire(t)]));
      if (m.event === "timer_updated") this.timers.set(m.payload.id, fromWire(m.payload));
      const timers = inOrder(this.timers.values());
      this.change({ timers, current: timers.find((t) => t.status === "running") ?? null, loaded: true });
    };
  }

  private change(part: Partial<TimerState>) {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}
