import { backoff } from "./backoff";
import type { Environment } from "./environment";
import { asClientError, type ClientError } from "./errors";
import type { Scheduler } from "./schedule";
import type { Session } from "./session";
import type { Timing } from "./timing";

/** How much of a token's life passes before it is renewed. */
const renewAfter = 0.8;

export interface RenewalParts {
  readonly schedule: Scheduler;
  readonly timing: Timing;
  readonly environment: Environment;
  /** Asks the server for the session's next token; rejects with a ClientError. */
  readonly ask: (session: Session) => Promise<Session>;
  readonly onRenewed: (session: Session) => void;
  /** The server says that the session is over. */
  readonly onEnded: (session: Session) => void;
}

/**
 * Renews a session's token before it expires, and after this machine has slept. Only a 401 ends the session: if the
 * server fails, asks to wait or is silent, it is asked again.
 */
export class Renewal {
  readonly #parts: RenewalParts;
  #session: Session | undefined;
  #due = 0;
  #failures = 0;
  /** Why the server did not say; it is not asked again before #due. */
  #failure: ClientError | undefined;
  #asking: Promise<Session | null> | undefined;
  #cancel = () => {};
  #unwatch = () => {};

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  start(session: Session): void {
    this.stop();
    this.#session = session;
    this.#unwatch = this.#parts.environment.watch((event) => event !== "offline" && this.#check());
    this.#plan(session);
  }

  stop(): void {
    this.#session = this.#asking = this.#failure = undefined;
    this.#failures = 0;
    this.#cancel();
    this.#unwatch();
  }

  isRunning(id: string): boolean {
    return this.#session?.id === id;
  }

  /** Renews now: the session, or null if it is over. Rejects if the server does not say. */
  now(): Promise<Session | null> {
    const session = this.#session;
    if (!session) return Promise.resolve(null);
    if (this.#failure && this.#parts.schedule.now() < this.#due) return Promise.reject(this.#failure);
    this.#asking ??= this.#ask(session).finally(() => {
      if (this.#session?.id === session.id) this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(session: Session): Promise<Session | null> {
    const { ask, onRenewed, onEnded, schedule, timing } = this.#parts;
    this.#cancel();
    const current = () => this.#session === session;
    try {
      const next = await ask(session);
      if (!current()) return null;
      this.#failures = 0;
      this.#failure = undefined;
      if (next.userId !== session.userId) return this.#end(session, onEnded); // somebody else has logged in here
      const renewed = { ...session, ...next, id: session.id ?? "" };
      this.#session = renewed;
      this.#plan(renewed);
      onRenewed(renewed);
      return renewed;
    } catch (thrown) {
      const error = asClientError(thrown);
      if (!current()) throw error;
      if (error.status === 401) return this.#end(session, onEnded);
      this.#failure = error;
      this.#due = schedule.now() + Math.max((error.retryAfter ?? 0) * 1000, backoff(++this.#failures, schedule.random(), timing));
      this.#wait();
      throw error;
    }
  }

  #end(session: Session, onEnded: (session: Session) => void): null {
    this.stop();
    onEnded(session);
    return null;
  }

  #plan(session: Session): void {
    const now = this.#parts.schedule.now();
    this.#due = now + (session.expiresAt - now) * renewAfter;
    this.#wait();
  }

  /** Looks at the clock often: while this machine sleeps, its timers stand still. */
  #wait(): void {
    const { schedule, timing } = this.#parts;
    this.#cancel();
    this.#cancel = schedule.after(Math.min(Math.max(this.#due - schedule.now(), 0), timing.sleepCheck), () => this.#check());
  }

  #check(): void {
    if (!this.#session) return;
    if (this.#parts.schedule.now() >= this.#due) this.now().catch(() => {}); // it is tried again
    else this.#wait();
  }
}
