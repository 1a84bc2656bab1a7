import type { Api, WriteOptions } from "./api";
import { asClientError, ClientError, isUnanswered, isUnconfirmedStart, ownError } from "./errors";
import type { Mirror } from "./mirror";
import { sleep, type Scheduler } from "./schedule";
import type { RunningTimer } from "./state";
import { clockworkId } from "./timeline";
import type { Timing } from "./timing";
import { isTrue, type Wish } from "./wish";
import type { ServerMessage, TimerAction } from "./wire";

export interface StartInput {
  /** Without it the timer has nothing to do with Jira, and needs a live connection. */
  issueKey?: string | undefined;
  comment?: string | undefined;
  /** Shown until the server tells it. */
  summary?: string | undefined;
  /** The person's Clockwork API token; else the session's. */
  clockworkToken?: string | undefined;
}

export interface StopInput {
  /** Of the timer; more exact than issueKey. */
  id?: string | undefined;
  issueKey?: string | undefined;
  /** The person's Clockwork API token; else the session's. */
  clockworkToken?: string | undefined;
}

export interface WritesParts {
  readonly userId: string;
  readonly api: Pick<Api["timers"], "start" | "stop">;
  readonly mirror: Mirror;
  readonly schedule: Scheduler;
  readonly timing: Timing;
  readonly newId: () => string;
  readonly send: (action: TimerAction) => boolean;
  readonly refresh: () => Promise<void>;
  /** Another snapshot is due. */
  readonly changed: () => void;
}

/** How often one start or stop is sent while the server works on the first. */
const mostTries = 6;

const isUnderWay = (error: ClientError): boolean => error.code === "IDEMPOTENCY_IN_PROGRESS";

/** Starts and stops: shown at once, done once, and taken back where they are refused. */
export class Writes {
  readonly #parts: WritesParts;
  /** What is shown although the server has not said it yet. */
  readonly wishes = new Map<string, Wish>();
  error: ClientError | null = null;

  readonly #underWay = new Map<string, { kind: Wish["kind"]; promise: Promise<void> }>();
  /** Those who wait for the server's word on a timer over the WebSocket. */
  readonly #awaited = new Map<string, (error: ClientError | null) => void>();
  readonly #trusts = new Map<Wish, () => void>();
  readonly #ending = new AbortController();

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  start(input: StartInput): Promise<void> {
    const { userId, api, newId } = this.#parts;
    const issueKey = input.issueKey?.trim().toUpperCase();
    const id = issueKey ? clockworkId(userId, issueKey) : newId();
    return this.#do("start", id, () => {
      const timer = this.#provisional(id, issueKey, input);
      const wish = this.#show({ kind: "start", id, timer, at: timer.startedAt, done: false });
      if (issueKey) return this.#call(wish, (o) => api.start({ ...input, issueKey }, o));
      return this.#tell(wish, { action: "timer_start", id, user_id: userId, started_at: timer.startedAt, ...(timer.comment && { comment: timer.comment }) });
    });
  }

  stop(timer: RunningTimer, clockworkToken: string | undefined): Promise<void> {
    const { userId, api, mirror } = this.#parts;
    const { id, issueKey, startedAt } = timer;
    this.#withdraw(id);
    return this.#do("stop", id, () => {
      const wish = this.#show({ kind: "stop", id, at: mirror.serverTime(), done: false });
      if (timer.source === "clockwork") return this.#call(wish, (o) => api.stop({ issueKey, clockworkToken }, o));
      return this.#tell(wish, { action: "timer_stop", id, user_id: userId, started_at: startedAt });
    });
  }

  /** Shows a start that is under way as stopped. */
  #withdraw(id: string): void {
    const wish = this.wishes.get(id);
    if (wish?.kind !== "start" || wish.done) return;
    this.wishes.set(id, { ...wish, withdrawnAt: this.#parts.mirror.serverTime() });
    this.#parts.changed();
  }

  /** A message came, which the mirror has taken in. */
  heard(message: ServerMessage): void {
    if (message.event === "timer_updated") this.#awaited.get(message.payload.id)?.(null);
    if (message.event === "error") {
      const { id = "", code, message: text } = message.payload;
      const error = new ClientError(code, text);
      this.#awaited.get(id)?.(error);
      if (isUnconfirmedStart(error)) this.#fail(id, error);
    }
    this.settle();
  }

  /** Forgets what the server says by now itself. */
  settle(): void {
    for (const wish of this.wishes.values()) {
      if (!isTrue(wish, this.#parts.mirror.timeline)) continue;
      this.forget(wish);
      this.#awaited.get(wish.id)?.(null);
    }
  }

  /** What was done before now: the next listing that is asked for knows better. */
  done(): Wish[] {
    return [...this.wishes.values()].filter((wish) => wish.done);
  }

  forget(wish: Wish | undefined): void {
    if (!wish) return;
    this.#trusts.get(wish)?.();
    this.#trusts.delete(wish);
    if (this.wishes.get(wish.id) === wish) this.wishes.delete(wish.id);
  }

  close(): void {
    this.#ending.abort();
    for (const wish of [...this.wishes.values()]) this.forget(wish);
    for (const answer of [...this.#awaited.values()]) answer(ownError("CANCELED"));
  }

  #provisional(id: string, issueKey: string | undefined, { summary, comment }: StartInput): RunningTimer {
    const startedAt = this.#parts.mirror.serverTime();
    return {
      id,
      source: issueKey ? "clockwork" : "client",
      status: "running",
      startedAt,
      updatedAt: startedAt,
      seq: 0,
      countedSeconds: 0,
      countedAt: startedAt,
      ...(issueKey && { issueKey }),
      ...(summary && { summary }),
      ...(comment && { comment }),
    };
  }

  /** Does one thing to a timer after the other, and the same thing once. */
  #do(kind: Wish["kind"], id: string, act: () => Promise<void>): Promise<void> {
    const now = this.#underWay.get(id);
    if (now?.kind === kind) return now.promise;
    this.error = null;
    const acted = now ? now.promise.catch(() => {}).then(act) : act();
    const promise = acted.catch((thrown: unknown) => this.#undo(id, asClientError(thrown)));
    const entry = { kind, promise };
    this.#underWay.set(id, entry);
    const end = () => {
      if (this.#underWay.get(id) === entry) this.#underWay.delete(id);
    };
    promise.then(end, end); // so a refusal that nobody awaits is no unhandled one: the screen shows it
    return promise;
  }

  #undo(id: string, error: ClientError): never {
    this.#fail(id, error);
    throw error;
  }

  #fail(id: string, error: ClientError): void {
    this.forget(this.wishes.get(id));
    if (!this.#ending.signal.aborted) this.error = error;
    this.#parts.changed();
  }

  #show(wish: Wish): Wish {
    this.forget(this.wishes.get(wish.id));
    this.wishes.set(wish.id, wish);
    this.#parts.changed();
    return wish;
  }

  /** Asks over HTTP; once more with the same key where the answer was lost, and while that call is under way. */
  async #call(wish: Wish, send: (o: WriteOptions) => Promise<unknown>): Promise<void> {
    const { schedule, timing, newId } = this.#parts;
    const { signal } = this.#ending;
    let idempotencyKey: string | undefined = newId();
    for (let tries = 1; ; tries++) {
      const error = await send({ signal, idempotencyKey, deadline: timing.writeDeadline }).then(() => null, asClientError);
      if (!error) break;
      if (tries === 1 && error.code === "IDEMPOTENCY_UNAVAILABLE") {
        idempotencyKey = undefined; // nothing was done, and without a key it will be; but once
        continue;
      }
      const again = idempotencyKey && !signal.aborted && (tries === 1 ? isUnanswered(error) : isUnderWay(error) && tries < mostTries);
      if (!again) {
        if (tries === 1) throw error;
        await this.#unlessTrue(wish, error);
        break;
      }
      await sleep(schedule, (0.5 + schedule.random()) * timing.retryPause + (error.retryAfter ?? 0) * 1000, signal);
    }
    this.#trust(wish);
  }

  /** The second answer may be about what the first call did: what counts is what runs. */
  async #unlessTrue(wish: Wish, error: ClientError): Promise<void> {
    await this.#parts.refresh().catch(() => {});
    if (!isTrue(wish, this.#parts.mirror.timeline)) throw error;
  }

  /** Asks over the WebSocket and awaits the event. */
  async #tell(wish: Wish, action: TimerAction): Promise<void> {
    const { schedule, timing, send } = this.#parts;
    if (!send(action)) throw ownError("NOT_CONNECTED");
    const error = await new Promise<ClientError | null>((resolve) => {
      const cancel = schedule.after(timing.writeDeadline, () => resolve(ownError("TIMEOUT")));
      this.#awaited.set(wish.id, (answer) => {
        cancel();
        resolve(answer);
      });
    });
    this.#awaited.delete(wish.id);
    if (error) throw error;
  }

  /** Goes on showing what was done until the server's own word on it comes, but not for long without. */
  #trust(wish: Wish): void {
    if (this.wishes.get(wish.id) !== wish) return; // it has come
    const { schedule, timing, changed, refresh } = this.#parts;
    const done: Wish = { ...wish, done: true };
    this.wishes.set(wish.id, done);
    const overdue = () => {
      this.forget(done);
      changed();
      refresh().catch(() => {});
    };
    this.#trusts.set(done, schedule.after(timing.trust, overdue));
    changed();
  }
}
