import { Api } from "../api";
import { ClockOffset } from "../clock";
import { Connection, type ConnectionHost } from "../connection";
import { asClientError } from "../errors";
import type { Session } from "../session";
import type { StoreParts } from "../store";
import { longPoll, openLoop } from "../transports/poll";
import { openStream } from "../transports/sse";
import type { Transport, TransportEvents, TransportKind } from "../transports/transport";
import { openWebSocket } from "../transports/websocket";
import type { ConnectionStatus } from "../state";
import { applyChange, applyTeam, emptyTeam, initialTeam, type Team, type TeamState } from "./state";
import { parseTeamMessage, type WireTeam } from "./wire";

const path = "/api/team";
const scope = "team";

/** Who works on what, kept up to date by one live connection. Make it with the parts of Client.storeParts. */
export class TeamStore implements ConnectionHost {
  readonly #parts: StoreParts;
  readonly #api: Api;
  readonly #clock = new ClockOffset();
  readonly #closed = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #connection: Connection;
  #session: Session;
  #team: Team = emptyTeam;
  #status: ConnectionStatus = initialTeam.status;
  #refused: string | null = null;
  #state: TeamState = initialTeam;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#session = parts.session;
    this.#api = new Api(parts.http, () => this.#session, parts.renew);
    this.#connection = new Connection(this, (kind, on) => this.#open(kind, on), parts.schedule, parts.timing, parts.environment);
    this.refresh().catch(() => {}); // the connection reports trouble
  }

  /** Calls back whenever the snapshot changes. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Stays the same object until something changes. */
  getSnapshot = (): TeamState => this.#state;

  /** Reconnects now instead of later; if connected, checks that the server still answers. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Uses another token of the session. */
  renew(session: Session): void {
    const before = this.#session.token;
    this.#session = session;
    if (session.token !== before) this.#connection.renew(session.token);
  }

  close(): void {
    this.#closed.abort();
    this.#connection.close();
    this.#listeners.clear();
  }

  #open(kind: TransportKind, on: TransportEvents): Transport | undefined {
    const { http, schedule, timing, WebSocket } = this.#parts;
    const { token } = this.#session;
    switch (kind) {
      case "websocket":
        return WebSocket ? openWebSocket(WebSocket, http.url("/ws", { scope }), token, on) : undefined;
      case "sse":
        return openStream(http, token, { scope }, timing.connectTimeout, on);
      case "poll":
        return openLoop(async (signal) => {
          const onAnswer = (team: WireTeam, asked: number) => this.#answered(team, asked);
          const ask = longPoll<WireTeam>({ http, token, schedule, timing }, { path, onAnswer }, signal, () => on.heard());
          while (!signal.aborted) await ask().catch((thrown: unknown) => this.#failed(thrown));
        }, on);
    }
  }

  #answered(team: WireTeam, asked: number): void {
    if (team.asOf) this.#clock.reading(team.asOf, asked, this.#parts.schedule.now());
    this.#team = applyTeam(this.#team, team);
    this.#publish();
  }

  /** Ends it if the person may not see the team: asking again would not help. */
  #failed(thrown: unknown): never {
    const error = asClientError(thrown);
    if (error.status === 403) {
      this.#refused = error.message;
      this.#team = emptyTeam;
      this.#connection.close();
      this.#publish();
    }
    throw thrown;
  }

  // ConnectionHost.

  status(status: ConnectionStatus): void {
    this.#status = status;
    this.#publish();
  }

  get token(): string {
    return this.#session.token;
  }

  async renewed(refused: string): Promise<boolean> {
    return refused !== this.#session.token || (await this.#parts.renew(this.#session)) !== null;
  }

  message(text: string): boolean {
    const message = parseTeamMessage(text);
    // The clock is not read here: the whole team may have been put together a second ago.
    if (message?.event === "team_state") this.#team = applyTeam(this.#team, message.payload, message.payload.seq);
    if (message?.event === "team") {
      const next = applyChange(this.#team, message.payload);
      if (!next) return false;
      this.#team = next;
    }
    if (message?.event === "freshness") this.#team = { ...this.#team, stale: message.payload.stale, syncedAt: message.payload.synced_at };
    this.#publish();
    return true;
  }

  /** Reads GET /api/team. What arrives meanwhile over a connection is newer. */
  async refresh(): Promise<void> {
    const asked = this.#parts.schedule.now();
    const before = this.#team;
    const { body } = await this.#api.call<WireTeam>({ path, signal: this.#closed.signal }).catch((thrown: unknown) => this.#failed(thrown));
    if (this.#team === before) return this.#answered(body, asked);
    if (body.asOf) this.#clock.reading(body.asOf, asked, this.#parts.schedule.now());
    this.#publish();
  }

  up(): void {} // each connection begins with the whole team

  socketChanged(): void {}

  #publish(): void {
    const { members, stale, syncedAt, loaded } = this.#team;
    const next: TeamState = { members, status: this.#status, clockOffset: this.#clock.value, stale, syncedAt, loaded, refused: this.#refused };
    if ((Object.keys(next) as (keyof TeamState)[]).every((name) => next[name] === this.#state[name])) return;
    this.#state = next;
    for (const listener of [...this.#listeners]) listener();
  }
}
