import { delayAfter, isExpired, type End } from "./backoff";
import type { Transport, TransportEvents, TransportKind } from "./transports/transport";
import { TransportHistory } from "./transportHistory";
import type { Scheduler } from "./schedule";
import type { ConnectionStatus } from "./state";
import type { Environment } from "./environment";
import type { Timing } from "./timing";
import { watchForSleep } from "./wake";
import { pingId } from "./wire";

/** Receives what arrives on a connection. */
export interface ConnectionHost {
  status(status: ConnectionStatus): void;
  /** Returns false if an earlier message was missed. asked is when the transport was opened. */
  message(text: string, asked: number): boolean;
  /** A transport works; again means that one has worked before. */
  up(kind: TransportKind, again: boolean): void;
  /** Reads everything over HTTP; rejects if the server does not answer. */
  refresh(): Promise<void>;
  /** The session's token. */
  readonly token: string;
  /** Whether there is now another token than the one that was refused; false if the session is over. Rejects if the server does not say. */
  renewed(refused: string): Promise<boolean>;
  /** socket has changed. */
  socketChanged(): void;
}

/** Opens a transport; undefined if this machine has no such thing. */
export type OpenTransport = (kind: TransportKind, on: TransportEvents) => Transport | undefined;

interface Attempt {
  readonly kind: TransportKind;
  readonly openedAt: number;
  /** The token that it was opened with. */
  readonly token: string;
  transport: Transport | undefined;
  cancelTimers: () => void;
}

const ranking: readonly TransportKind[] = ["websocket", "sse", "poll"];
const rank = (kind: TransportKind): number => ranking.indexOf(kind);

/** A WebSocket message that the server answers with an error, which no host shows. */
const ping = JSON.stringify({ action: "ping", id: pingId });

/**
 * Connection receives the server's events over the best transport that works: WebSocket, else an event stream, else
 * long polls. A transport counts as open once something has arrived on it. While one hangs, the next is tried beside
 * it. While a lesser one is in use, better ones are tried from time to time and replace it.
 */
export class Connection {
  readonly #host: ConnectionHost;
  readonly #open: OpenTransport;
  readonly #schedule: Scheduler;
  readonly #timing: Timing;
  readonly #environment: Environment;
  #attempts = new Map<TransportKind, Attempt>();
  #triedThisRound = new Set<TransportKind>();
  /** The attempt that is in use. */
  #serving: Attempt | undefined;
  #servingSince = 0;
  /** When something last arrived; before that, when connecting began. */
  #heardAt: number;
  /** Failed rounds in a row. */
  #failures = 0;
  readonly #history = new TransportHistory();
  #upgrades = 0;
  #lastEnd: End = {};
  #over = false;

  #cancelRetry = () => {};
  #cancelUpgrade = () => {};
  #cancelWatch = () => {};
  readonly #unwatch: () => void;
  readonly #unwatchSleep: () => void;

  constructor(host: ConnectionHost, open: OpenTransport, schedule: Scheduler, timing: Timing, environment: Environment) {
    this.#host = host;
    this.#open = open;
    this.#schedule = schedule;
    this.#timing = timing;
    this.#environment = environment;
    this.#heardAt = schedule.now();
    this.#unwatch = environment.watch((event) => {
      if (event !== "offline") this.retryNow();
      else if (this.#serving) this.#probe(this.#serving);
      else this.#host.status({ kind: "offline", since: this.#heardAt });
    });
    this.#unwatchSleep = watchForSleep(schedule, timing.sleepCheck, environment.isHidden, () => this.retryNow());
    this.#round();
  }

  get socket(): WebSocket | null {
    return this.#serving?.transport?.socket ?? null;
  }

  /** Gives an open WebSocket the session's new token. Another transport is closed when its token expires, and opened with the new one. */
  renew(token: string): void {
    this.send(JSON.stringify({ action: "renew", token }));
  }

  send(text: string): boolean {
    return this.#serving?.transport?.send?.(text) ?? false;
  }

  /** Retries now instead of later; if connected, checks that the server still answers. */
  retryNow(): void {
    if (this.#over) return;
    if (this.#serving) return this.#check(this.#serving);
    const [first] = this.#attempts.values();
    if (first && this.#schedule.now() - first.openedAt < this.#timing.fallbackAfter) return; // it is connecting
    this.#failures = 0;
    this.#round();
  }

  /** Stops trying until somebody logs in again. */
  expire(): void {
    if (this.#over) return;
    this.close();
    this.#host.status({ kind: "expired" });
  }

  close(): void {
    this.#over = true;
    this.#dropAll();
    this.#cancelRetry();
    this.#unwatchSleep();
    this.#unwatch();
  }

  // One round: the transports one after the other, or beside each other if one hangs.

  #round(): void {
    this.#dropAll();
    this.#cancelRetry();
    this.#triedThisRound.clear();
    this.#lastEnd = {};
    this.#tryFrom(this.#firstRank());
  }

  #firstRank(): number {
    const now = this.#schedule.now();
    const first = ranking.findIndex((kind) => !this.#history.isAvoided(kind, now));
    return Math.max(first, 0);
  }

  /** Tries the transport with this rank, or the next that is available. */
  #tryFrom(at: number): void {
    const kind = ranking[at];
    if (kind === undefined) return this.#roundOver();
    if (this.#attempts.has(kind)) return; // it is connecting
    const attempt = this.#triedThisRound.has(kind) ? undefined : this.#begin(kind);
    if (!attempt) return this.#tryFrom(at + 1);
    this.#triedThisRound.add(kind);
    const cancelFallback = this.#schedule.after(this.#timing.fallbackAfter, () => this.#fallBack(at + 1));
    const cancelConnect = this.#schedule.after(this.#timing.connectTimeout, () => this.#ended(attempt, {}));
    attempt.cancelTimers = () => {
      cancelFallback();
      cancelConnect();
    };
  }

  /** Tries the next transport beside one that hangs. */
  #fallBack(at: number): void {
    if (at < ranking.length) this.#tryFrom(at);
  }

  #begin(kind: TransportKind): Attempt | undefined {
    const attempt: Attempt = { kind, openedAt: this.#schedule.now(), token: this.#host.token, transport: undefined, cancelTimers: () => {} };
    this.#attempts.set(kind, attempt);
    const current = () => this.#attempts.get(kind) === attempt;
    try {
      attempt.transport = this.#open(kind, {
        heard: () => current() && this.#received(attempt),
        message: (text) => current() && this.#message(attempt, text),
        end: (end) => current() && this.#ended(attempt, end),
      });
    } catch {
      // some blockers make the constructor throw
    }
    if (attempt.transport) return attempt;
    this.#attempts.delete(kind);
    return undefined;
  }

  #ended(attempt: Attempt, end: End): void {
    this.#drop(attempt);
    if (isExpired(end)) return void this.#refused(attempt);
    if (end.retryAfter !== undefined || end.code !== undefined) this.#lastEnd = end;
    if (attempt === this.#serving) return this.#lost(attempt, end);
    if (this.#serving) return; // an upgrade that failed
    // If a transport that has worked fails because the network failed, retry it before the next one.
    const trusted = this.#history.hasWorked(attempt.kind) && this.#failures < 2 && end.status === undefined;
    if (trusted && this.#attempts.size === 0) this.#roundOver();
    else this.#tryFrom(rank(attempt.kind) + 1);
  }

  /** The attempt's token has expired: connects with the next one, if there is one. */
  async #refused(attempt: Attempt): Promise<void> {
    if (attempt === this.#serving) {
      this.#serving = undefined;
      this.#cancelUpgrade();
      this.#host.socketChanged();
    }
    const renewed = await this.#host.renewed(attempt.token).catch(() => undefined);
    if (this.#over || this.#serving) return;
    if (renewed === false) return this.expire();
    this.#failures++;
    if (renewed && this.#failures === 1) this.#round();
    else this.#later(delayAfter({}, this.#failures, this.#schedule.random(), this.#timing));
  }

  #roundOver(): void {
    if (this.#attempts.size > 0 || this.#serving || this.#over) return;
    this.#failures++;
    this.#later(delayAfter(this.#lastEnd, this.#failures, this.#schedule.random(), this.#timing));
  }

  #later(delay: number): void {
    const now = this.#schedule.now();
    this.#host.status(
      this.#environment.isOnline()
        ? { kind: "reconnecting", attempt: this.#failures, retryAt: Math.round(now + delay), since: this.#heardAt }
        : { kind: "offline", since: this.#heardAt },
    );
    this.#cancelRetry();
    this.#cancelRetry = this.#schedule.after(delay, () => this.#round());
  }

  // While connected.

  #received(attempt: Attempt): void {
    if (attempt !== this.#serving) this.#serve(attempt);
    this.#heardAt = this.#schedule.now();
    this.#watch(attempt);
  }

  #serve(attempt: Attempt): void {
    const before = this.#serving;
    if (before && rank(before.kind) < rank(attempt.kind)) return this.#drop(attempt); // a better one is in use already
    const again = this.#history.anyWorked;
    attempt.cancelTimers();
    this.#serving = attempt;
    this.#servingSince = this.#schedule.now();
    this.#history.worked(attempt.kind);
    this.#cancelRetry();
    for (const other of [...this.#attempts.values()]) {
      if (rank(other.kind) > rank(attempt.kind)) this.#drop(other);
    }
    this.#host.socketChanged();
    this.#host.status(attempt.kind === "poll" ? { kind: "polling" } : { kind: "live", via: attempt.kind });
    this.#host.up(attempt.kind, again);
    this.#planUpgrade(attempt.kind);
  }

  #message(attempt: Attempt, text: string): void {
    if (!this.#host.message(text, attempt.openedAt) && this.#attempts.get(attempt.kind) === attempt) {
      this.#drop(attempt);
      if (attempt === this.#serving) this.#lost(attempt, {});
    }
  }

  #lost(attempt: Attempt, end: End): void {
    const now = this.#schedule.now();
    this.#serving = undefined;
    this.#lastEnd = end;
    this.#cancelUpgrade();
    if (now - this.#servingSince >= this.#timing.stableAfter) {
      this.#failures = this.#upgrades = 0;
      this.#history.lasted(attempt.kind);
    } else this.#history.broke(attempt.kind, end, now + this.#timing.upgradeAfter);
    this.#failures++;
    this.#host.socketChanged();
    this.#later(delayAfter(end, this.#failures, this.#schedule.random(), this.#timing));
  }

  /** Schedules another try of the better transports. */
  #planUpgrade(kind: TransportKind): void {
    this.#cancelUpgrade();
    if (kind === "websocket") return;
    // If WebSockets have worked before, the failure was most likely a short outage.
    const soon = this.#history.hasWorked("websocket") && this.#upgrades === 0;
    const pause = soon ? this.#timing.restartDelay : Math.min(this.#timing.upgradeMax, this.#timing.upgradeAfter * 2 ** this.#upgrades);
    this.#cancelUpgrade = this.#schedule.after(pause * (0.5 + this.#schedule.random() / 2), () => {
      this.#upgrades++;
      for (const better of ranking.slice(0, rank(kind))) this.#tryBetter(better);
      this.#planUpgrade(kind);
    });
  }

  #tryBetter(kind: TransportKind): void {
    if (this.#attempts.has(kind)) return;
    const attempt = this.#begin(kind);
    if (attempt) attempt.cancelTimers = this.#schedule.after(this.#timing.connectTimeout, () => this.#ended(attempt, {}));
  }

  // Liveness: a browser does not show the server's pings.

  #watch(attempt: Attempt): void {
    if (attempt !== this.#serving) return;
    this.#cancelWatch();
    if (attempt.kind === "poll") return; // it has deadlines
    const idleTimeout = attempt.kind === "sse" ? this.#timing.streamIdleTimeout : this.#timing.idleTimeout;
    this.#cancelWatch = this.#schedule.after(idleTimeout, () => this.#ping(attempt));
  }

  /** The transport has been silent: ping it, or reconnect if it cannot be pinged. */
  #ping(attempt: Attempt): void {
    if (!attempt.transport?.send?.(ping)) return this.#restart();
    this.#cancelWatch();
    this.#cancelWatch = this.#schedule.after(this.#timing.pongTimeout, () => this.#ended(attempt, {}));
  }

  /** Something happened that may have broken the connection, such as sleep. */
  #check(attempt: Attempt): void {
    const recentlyHeard = attempt.kind === "sse" && this.#schedule.now() - this.#heardAt < this.#timing.streamIdleTimeout / 2;
    if (!recentlyHeard) this.#ping(attempt);
    this.#host.refresh().catch(() => recentlyHeard && attempt === this.#serving && this.#restart());
  }

  /** Reconnects: an event stream and a poll cannot be pinged. */
  #restart(): void {
    this.#round();
    this.#host.socketChanged();
  }

  /** The machine reports that it has no network, and may be wrong. */
  #probe(attempt: Attempt): void {
    this.#host.refresh().catch(() => attempt === this.#serving && this.#ended(attempt, {}));
  }

  #drop(attempt: Attempt): void {
    attempt.cancelTimers();
    attempt.transport?.close();
    if (this.#attempts.get(attempt.kind) === attempt) this.#attempts.delete(attempt.kind);
    if (attempt === this.#serving) this.#cancelWatch();
  }

  #dropAll(): void {
    for (const attempt of [...this.#attempts.values()]) this.#drop(attempt);
    this.#serving = undefined;
    this.#cancelUpgrade();
    this.#cancelWatch();
  }
}
