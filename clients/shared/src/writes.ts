import type { Api, WriteOptions } from "./api";
import { asClientError, ClientError, isUnanswered, isUnconfirmedStart, ownError } from "./errors";
import type { ServerState } from "./serverState";
import { sleep, type Scheduler } from "./schedule";
import type { RunningTimer } from "./state";
import { clockworkId } from "./timeline";
import type { Timing } from "./timing";
import { isConfirmed, withPendingWrites, type PendingWrite } from "./pendingWrite";
import type { ServerMessage, TimerAction } from "./wire";

export interface StartInput {
  /** A timer without an issue is not in Clockwork, and needs a WebSocket. */
  issueKey?: string | undefined;
  comment?: string | undefined;
  /** Shown until the server sends it. */
  summary?: string | undefined;
  /** The person's Clockwork API token; by default the session's. */
  clockworkToken?: string | undefined;
  /** Switches: the person's other timers are stopped first. One request does both, and both are shown at once. */
  stopOthers?: boolean | undefined;
}

export interface StopInput {
  /** The timer's; more exact than issueKey. */
  id?: string | undefined;
  issueKey?: string | undefined;
  /** The person's Clockwork API token; by default the session's. */
  clockworkToken?: string | undefined;
}

export interface WritesParts {
  readonly userId: string;
  readonly api: Pick<Api["timers"], "start" | "stop">;
  readonly server: ServerState;
  readonly schedule: Scheduler;
  readonly timing: Timing;
  readonly newId: () => string;
  readonly send: (action: TimerAction) => boolean;
  readonly refresh: () => Promise<void>;
  /** Asks for another snapshot. */
  readonly changed: () => void;
}

/** How often one start or stop is sent while the server still works on the first. */
const maxTries = 6;

const isInProgress = (error: ClientError): boolean => error.code === "IDEMPOTENCY_IN_PROGRESS";

/** Starts and stops: shown at once, done once, and undone on the screen if they are refused. */
export class Writes {
  readonly #parts: WritesParts;
  /** Shown although the server has not confirmed them yet. */
  readonly pendingWrites = new Map<string, PendingWrite>();
  error: ClientError | null = null;

  readonly #inProgress = new Map<string, { kind: PendingWrite["kind"]; promise: Promise<void> }>();
  /** Calls that wait for a timer's event on the WebSocket. */
  readonly #waiters = new Map<string, (error: ClientError | null) => void>();
  readonly #confirmTimers = new Map<PendingWrite, () => void>();
  readonly #closed = new AbortController();

  constructor(parts: WritesParts) {
    this.#parts = parts;
  }

  start(input: StartInput): Promise<void> {
    const { userId, api, newId } = this.#parts;
    const issueKey = input.issueKey?.trim().toUpperCase();
    const id = issueKey ? clockworkId(userId, issueKey) : newId();
    const others = input.stopOthers ? this.#running().filter((t) => t.id !== id) : [];
    const before = Promise.allSettled(others.map((t) => this.#inProgress.get(t.id)?.promise));
    const promise = this.#inOrder("start", id, () => {
      const timer = this.#provisional(id, issueKey, input);
      const write: PendingWrite = { kind: "start", id, timer, at: timer.startedAt, accepted: false };
      if (issueKey) return this.#sendStart(write, others, before, (o) => api.start({ ...input, issueKey, stopOthers: others.length > 0 }, o));
      this.#show(write);
      return this.#sendOverSocket(write, { action: "timer_start", id, user_id: userId, started_at: timer.startedAt, ...(timer.comment && { comment: timer.comment }) });
    });
    for (const other of others) {
      if (other.source === "clockwork") this.#track(other.id, "stop", promise);
      else void this.stop(other, undefined); // Clockwork does not have it
    }
    return promise;
  }

  /** Sends a start, which stops others on the way. before: what is in progress for those. */
  async #sendStart(write: PendingWrite, others: readonly RunningTimer[], before: Promise<unknown>, send: (o: WriteOptions) => Promise<unknown>): Promise<void> {
    const inClockwork = others.filter((t) => t.source === "clockwork");
    const stopOf = ({ id }: RunningTimer): PendingWrite => ({ kind: "stop", id, at: write.at, accepted: false });
    // One snapshot for all: none shows both, and none shows neither.
    for (const other of inClockwork) if (!this.#withdraw(other.id)) this.#put(stopOf(other));
    this.#show(write);
    await before;
    const stops = inClockwork.map((other) => ({ key: other.issueKey, write: this.#put(stopOf(other)) }));
    try {
      await this.#sendOverHttp(write, send);
      for (const stop of stops) this.#awaitConfirmation(stop.write);
    } catch (thrown) {
      const { stopped } = asClientError(thrown);
      for (const stop of stops) {
        if (stop.key && stopped?.includes(stop.key)) this.#awaitConfirmation(stop.write);
        else this.forget(stop.write);
      }
      throw thrown;
    }
  }

  /** The timers that are shown as running. */
  #running(): RunningTimer[] {
    const shown = withPendingWrites(this.#parts.server.timeline, this.pendingWrites.values());
    return [...shown.values()].filter((t) => t.status === "running");
  }

  stop(timer: RunningTimer, clockworkToken: string | undefined): Promise<void> {
    const { userId, api, server } = this.#parts;
    const { id, issueKey, startedAt } = timer;
    if (this.#withdraw(id)) this.#parts.changed();
    return this.#inOrder("stop", id, () => {
      const write = this.#show({ kind: "stop", id, at: server.serverTime(), accepted: false });
      if (timer.source === "clockwork") return this.#sendOverHttp(write, (o) => api.stop({ issueKey, clockworkToken }, o));
      return this.#sendOverSocket(write, { action: "timer_stop", id, user_id: userId, started_at: startedAt });
    });
  }

  /** Has a start that is still in progress shown as stopped; false if there is none. */
  #withdraw(id: string): boolean {
    const write = this.pendingWrites.get(id);
    if (write?.kind !== "start" || write.accepted) return false;
    this.pendingWrites.set(id, { ...write, stopRequestedAt: this.#parts.server.serverTime() });
    return true;
  }

  /** Handles a message that ServerState has applied. */
  onMessage(message: ServerMessage): void {
    if (message.event === "timer_updated") this.#waiters.get(message.payload.id)?.(null);
    if (message.event === "error") {
      const { id = "", code, message: text } = message.payload;
      const error = new ClientError(code, text);
      this.#waiters.get(id)?.(error);
      if (isUnconfirmedStart(error)) this.#fail(id, error);
    }
    this.dropConfirmed();
  }

  /** Drops the writes that the server has confirmed. */
  dropConfirmed(): void {
    for (const write of this.pendingWrites.values()) {
      if (!isConfirmed(write, this.#parts.server.timeline)) continue;
      this.forget(write);
      this.#waiters.get(write.id)?.(null);
    }
  }

  /** Accepted so far: a listing requested from now on shows them. */
  accepted(): PendingWrite[] {
    return [...this.pendingWrites.values()].filter((write) => write.accepted);
  }

  forget(write: PendingWrite | undefined): void {
    if (!write) return;
    this.#confirmTimers.get(write)?.();
    this.#confirmTimers.delete(write);
    if (this.pendingWrites.get(write.id) === write) this.pendingWrites.delete(write.id);
  }

  close(): void {
    this.#closed.abort();
    for (const write of [...this.pendingWrites.values()]) this.forget(write);
    for (const answer of [...this.#waiters.values()]) answer(ownError("CANCELED"));
  }

  #provisional(id: string, issueKey: string | undefined, { summary, comment }: StartInput): RunningTimer {
    const startedAt = this.#parts.server.serverTime();
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

  /** Runs the writes to one timer one after the other, and joins equal ones. */
  #inOrder(kind: PendingWrite["kind"], id: string, act: () => Promise<void>): Promise<void> {
    const now = this.#inProgress.get(id);
    if (now?.kind === kind) return now.promise;
    this.error = null;
    const acted = now ? now.promise.catch(() => {}).then(act) : act();
    const promise = acted.catch((thrown: unknown) => this.#undo(id, asClientError(thrown)));
    this.#track(id, kind, promise);
    return promise;
  }

  #track(id: string, kind: PendingWrite["kind"], promise: Promise<void>): void {
    const entry = { kind, promise };
    this.#inProgress.set(id, entry);
    const end = () => {
      if (this.#inProgress.get(id) === entry) this.#inProgress.delete(id);
    };
    promise.then(end, end); // the screen shows a refusal even if no caller awaits it
  }

  #undo(id: string, error: ClientError): never {
    this.#fail(id, error);
    throw error;
  }

  #fail(id: string, error: ClientError): void {
    this.forget(this.pendingWrites.get(id));
    if (!this.#closed.signal.aborted) this.error = error;
    this.#parts.changed();
  }

  #show(write: PendingWrite): PendingWrite {
    this.#put(write);
    this.#parts.changed();
    return write;
  }

  #put(write: PendingWrite): PendingWrite {
    this.forget(this.pendingWrites.get(write.id));
    this.pendingWrites.set(write.id, write);
    return write;
  }

  /** Sends over HTTP; repeats with the same key if the answer was lost or the first call is still in progress. */
  async #sendOverHttp(write: PendingWrite, send: (o: WriteOptions) => Promise<unknown>): Promise<void> {
    const { schedule, timing, newId } = this.#parts;
    const { signal } = this.#closed;
    let idempotencyKey: string | undefined = newId();
    for (let tries = 1; ; tries++) {
      const error = await send({ signal, idempotencyKey, deadline: timing.writeDeadline }).then(() => null, asClientError);
      if (!error) break;
      if (tries === 1 && error.code === "IDEMPOTENCY_UNAVAILABLE") {
        idempotencyKey = undefined; // nothing was done; without a key it is sent once
        continue;
      }
      const again = idempotencyKey && !signal.aborted && (tries === 1 ? isUnanswered(error) : isInProgress(error) && tries < maxTries);
      if (!again) {
        if (tries === 1) throw error;
        await this.#failUnlessConfirmed(write, error);
        break;
      }
      await sleep(schedule, (0.5 + schedule.random()) * timing.retryPause + (error.retryAfter ?? 0) * 1000, signal);
    }
    this.#awaitConfirmation(write);
  }

  /** A repeated call may be refused because the first one succeeded: what counts is what runs. */
  async #failUnlessConfirmed(write: PendingWrite, error: ClientError): Promise<void> {
    await this.#parts.refresh().catch(() => {});
    if (!isConfirmed(write, this.#parts.server.timeline)) throw error;
  }

  /** Sends over the WebSocket and waits for the event. */
  async #sendOverSocket(write: PendingWrite, action: TimerAction): Promise<void> {
    const { schedule, timing, send } = this.#parts;
    if (!send(action)) throw ownError("NOT_CONNECTED");
    const error = await new Promise<ClientError | null>((resolve) => {
      const cancel = schedule.after(timing.writeDeadline, () => resolve(ownError("TIMEOUT")));
      this.#waiters.set(write.id, (answer) => {
        cancel();
        resolve(answer);
      });
    });
    this.#waiters.delete(write.id);
    if (error) throw error;
  }

  /** Shows an accepted write until the server's event comes, at most for confirmTimeout. */
  #awaitConfirmation(write: PendingWrite): void {
    if (this.pendingWrites.get(write.id) !== write) return; // confirmed already
    const { schedule, timing, changed, refresh } = this.#parts;
    const accepted: PendingWrite = { ...write, accepted: true };
    this.pendingWrites.set(write.id, accepted);
    const overdue = () => {
      this.forget(accepted);
      changed();
      refresh().catch(() => {});
    };
    this.#confirmTimers.set(accepted, schedule.after(timing.confirmTimeout, overdue));
    changed();
  }
}
