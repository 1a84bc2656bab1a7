import { delayAfter, saysExpired, type End } from "./backoff";
import type { Feed, FeedEvents, FeedKind } from "./feeds/feed";
import { Reputation } from "./reputation";
import type { Scheduler } from "./schedule";
import type { ConnectionStatus } from "./state";
import type { Surroundings } from "./surroundings";
import type { Timing } from "./timing";
import { watchForSleep } from "./wake";
import { parseMessage, type ActiveTimers, type ServerMessage } from "./wire";

/** Whom a link tells what it hears. */
export interface LinkHost {
  status(status: ConnectionStatus): void;
  /** false where messages before this one were missed. asked is when the connection was asked for. */
  message(message: ServerMessage, asked: number): boolean;
  active(answer: ActiveTimers, asked: number): void;
  /** A way has proved to work; again where it is not the first. */
  up(kind: FeedKind, again: boolean): void;
  /** Asks the server by HTTP how things are; rejects where it does not answer. */
  refresh(): Promise<void>;
  /** The WebSocket is another. */
  socketChanged(): void;
}

/** Opens one way of hearing the server; undefined where there is no such way on this machine. */
export type OpenFeed = (kind: FeedKind, on: FeedEvents) => Feed | undefined;

interface Attempt {
  readonly kind: FeedKind;
  readonly asked: number;
  feed: Feed | undefined;
  cancelTimers: () => void;
}

const ways: readonly FeedKind[] = ["websocket", "sse", "poll"];
const rank = (kind: FeedKind): number => ways.indexOf(kind);

/** A WebSocket message that the server answers, whatever it thinks of it. */
const ping = JSON.stringify({ action: "ping", id: "ping" });
const isPong = (m: ServerMessage): boolean => m.event === "error" && m.payload.id === "ping";

/**
 * Link keeps one connection to the server, by the best way that works: WebSocket, else an event stream, else
 * long polls. A way counts as open once something was heard on it. Ways that hang get the next one beside them; while
 * a lesser one serves, better ones are tried now and then, and replace it.
 */
export class Link {
  readonly #host: LinkHost;
  readonly #open: OpenFeed;
  readonly #schedule: Scheduler;
  readonly #timing: Timing;
  readonly #surroundings: Surroundings;
  #attempts = new Map<FeedKind, Attempt>();
  /** What this round has tried. */
  #tried = new Set<FeedKind>();
  /** The attempt that serves. */
  #serving: Attempt | undefined;
  #servingSince = 0;
  /** When the server was last heard; before that, when that began to be tried. */
  #heardAt: number;
  /** Rounds of attempts without success. */
  #failures = 0;
  readonly #reputation = new Reputation();
  #upgrades = 0;
  #lastEnd: End = {};
  #over = false;

  #cancelRetry = () => {};
  #cancelUpgrade = () => {};
  #cancelWatch = () => {};
  readonly #unwatch: () => void;
  readonly #unwatchSleep: () => void;

  constructor(host: LinkHost, open: OpenFeed, schedule: Scheduler, timing: Timing, surroundings: Surroundings) {
    this.#host = host;
    this.#open = open;
    this.#schedule = schedule;
    this.#timing = timing;
    this.#surroundings = surroundings;
    this.#heardAt = schedule.now();
    this.#unwatch = surroundings.watch((occasion) => {
      if (occasion !== "offline") this.retryNow();
      else if (this.#serving) this.#probe(this.#serving);
      else this.#host.status({ kind: "offline", since: this.#heardAt });
    });
    this.#unwatchSleep = watchForSleep(schedule, timing.wakeCheck, surroundings.isHidden, () => this.retryNow());
    this.#round();
  }

  get socket(): WebSocket | null {
    return this.#serving?.feed?.socket ?? null;
  }

  send(text: string): boolean {
    return this.#serving?.feed?.send?.(text) ?? false;
  }

  /** Tries now what would be tried later; where the server is heard, checks that it still is. */
  retryNow(): void {
    if (this.#over) return;
    if (this.#serving) return this.#check(this.#serving);
    const [first] = this.#attempts.values();
    if (first && this.#schedule.now() - first.asked < this.#timing.patience) return; // it is being tried
    this.#failures = 0;
    this.#round();
  }

  /** There is nothing more to try until somebody logs in. */
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

  // One round: the ways one after the other, or beside each other where one hangs.

  #round(): void {
    this.#dropAll();
    this.#cancelRetry();
    this.#tried.clear();
    this.#lastEnd = {};
    this.#try(this.#firstWay());
  }

  #firstWay(): number {
    const now = this.#schedule.now();
    const first = ways.findIndex((kind) => !this.#reputation.isAvoided(kind, now));
    return Math.max(first, 0);
  }

  /** Tries the way with this rank, or the next that there is. */
  #try(at: number): void {
    const kind = ways[at];
    if (kind === undefined) return this.#roundOver();
    if (this.#attempts.has(kind)) return; // it is under way
    const attempt = this.#tried.has(kind) ? undefined : this.#begin(kind);
    if (!attempt) return this.#try(at + 1);
    this.#tried.add(kind);
    const impatient = this.#schedule.after(this.#timing.patience, () => this.#beside(at + 1));
    const tired = this.#schedule.after(this.#timing.giveUp, () => this.#ended(attempt, {}));
    attempt.cancelTimers = () => {
      impatient();
      tired();
    };
  }

  /** Tries the next way beside one that hangs; the last one has none. */
  #beside(at: number): void {
    if (at < ways.length) this.#try(at);
  }

  #begin(kind: FeedKind): Attempt | undefined {
    const attempt: Attempt = { kind, asked: this.#schedule.now(), feed: undefined, cancelTimers: () => {} };
    this.#attempts.set(kind, attempt);
    const current = () => this.#attempts.get(kind) === attempt;
    try {
      attempt.feed = this.#open(kind, {
        heard: () => current() && this.#heard(attempt),
        message: (text) => current() && this.#message(attempt, text),
        active: (answer, asked) => current() && this.#host.active(answer, asked),
        end: (end) => current() && this.#ended(attempt, end),
      });
    } catch {
      // some blockers have the constructor throw
    }
    if (attempt.feed) return attempt;
    this.#attempts.delete(kind);
    return undefined;
  }

  #ended(attempt: Attempt, end: End): void {
    this.#drop(attempt);
    if (saysExpired(end)) return this.expire();
    if (end.retryAfter !== undefined || end.code !== undefined) this.#lastEnd = end;
    if (attempt === this.#serving) return this.#lost(attempt, end);
    if (this.#serving) return; // an upgrade that did not work
    // A way that has worked before, and failed as the network fails, is tried again before the next one is.
    const trusted = this.#reputation.hasWorked(attempt.kind) && this.#failures < 2 && end.status === undefined;
    if (trusted && this.#attempts.size === 0) this.#roundOver();
    else this.#try(rank(attempt.kind) + 1);
  }

  #roundOver(): void {
    if (this.#attempts.size > 0 || this.#serving || this.#over) return;
    this.#failures++;
    this.#later(delayAfter(this.#lastEnd, this.#failures, this.#schedule.random(), this.#timing));
  }

  #later(delay: number): void {
    const now = this.#schedule.now();
    this.#host.status(
      this.#surroundings.isOnline()
        ? { kind: "reconnecting", attempt: this.#failures, retryAt: Math.round(now + delay), since: this.#heardAt }
        : { kind: "offline", since: this.#heardAt },
    );
    this.#cancelRetry();
    this.#cancelRetry = this.#schedule.after(delay, () => this.#round());
  }

  // While one serves.

  #heard(attempt: Attempt): void {
    if (attempt !== this.#serving) this.#serve(attempt);
    this.#heardAt = this.#schedule.now();
    this.#watch(attempt);
  }

  #serve(attempt: Attempt): void {
    const before = this.#serving;
    if (before && rank(before.kind) < rank(attempt.kind)) return this.#drop(attempt); // it came too late
    const again = this.#reputation.any;
    attempt.cancelTimers();
    this.#serving = attempt;
    this.#servingSince = this.#schedule.now();
    this.#reputation.worked(attempt.kind);
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
    const message = parseMessage(text);
    if (!message || isPong(message)) return;
    if (!this.#host.message(message, attempt.asked) && this.#attempts.get(attempt.kind) === attempt) {
      this.#drop(attempt);
      if (attempt === this.#serving) this.#lost(attempt, {});
    }
  }

  #lost(attempt: Attempt, end: End): void {
    const now = this.#schedule.now();
    this.#serving = undefined;
    this.#lastEnd = end;
    this.#cancelUpgrade();
    if (now - this.#servingSince >= this.#timing.stable) {
      this.#failures = this.#upgrades = 0;
      this.#reputation.held(attempt.kind);
    } else this.#reputation.broke(attempt.kind, end, now + this.#timing.upgradeAfter);
    this.#failures++;
    this.#host.socketChanged();
    this.#later(delayAfter(end, this.#failures, this.#schedule.random(), this.#timing));
  }

  /** Tries better ways again, beside the one that serves. */
  #planUpgrade(kind: FeedKind): void {
    this.#cancelUpgrade();
    if (kind === "websocket") return;
    // WebSockets that have worked before were out of reach for a moment, most likely.
    const soon = this.#reputation.hasWorked("websocket") && this.#upgrades === 0;
    const pause = soon ? this.#timing.soon : Math.min(this.#timing.upgradeMax, this.#timing.upgradeAfter * 2 ** this.#upgrades);
    this.#cancelUpgrade = this.#schedule.after(pause * (0.5 + this.#schedule.random() / 2), () => {
      this.#upgrades++;
      for (const better of ways.slice(0, rank(kind))) this.#tryBetter(better);
      this.#planUpgrade(kind);
    });
  }

  #tryBetter(kind: FeedKind): void {
    if (this.#attempts.has(kind)) return;
    const attempt = this.#begin(kind);
    if (attempt) attempt.cancelTimers = this.#schedule.after(this.#timing.giveUp, () => this.#ended(attempt, {}));
  }

  // Whether the server is still there: its pings are not seen in a browser.

  #watch(attempt: Attempt): void {
    if (attempt !== this.#serving) return;
    this.#cancelWatch();
    if (attempt.kind === "poll") return; // it has deadlines
    const silence = attempt.kind === "sse" ? this.#timing.streamSilence : this.#timing.silence;
    this.#cancelWatch = this.#schedule.after(silence, () => this.#doubt(attempt));
  }

  /** The serving way has been silent: it is asked, or ends. */
  #doubt(attempt: Attempt): void {
    if (!attempt.feed?.send?.(ping)) return this.#restart();
    this.#cancelWatch();
    this.#cancelWatch = this.#schedule.after(this.#timing.answer, () => this.#ended(attempt, {}));
  }

  /** Something happened that may have ended the serving way, or made it miss something. */
  #check(attempt: Attempt): void {
    const lively = attempt.kind === "sse" && this.#schedule.now() - this.#heardAt < this.#timing.streamSilence / 2;
    if (!lively) this.#doubt(attempt);
    this.#host.refresh().catch(() => lively && attempt === this.#serving && this.#restart());
  }

  /** Opens the serving way anew: an event stream and a poll cannot be asked. */
  #restart(): void {
    this.#round();
    this.#host.socketChanged();
  }

  /** The machine says that it has no network, and may be wrong. */
  #probe(attempt: Attempt): void {
    this.#host.refresh().catch(() => attempt === this.#serving && this.#ended(attempt, {}));
  }

  #drop(attempt: Attempt): void {
    attempt.cancelTimers();
    attempt.feed?.close();
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
