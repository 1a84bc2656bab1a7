import { endOf } from "../backoff";
import { asClientError } from "../errors";
import type { Call, Http } from "../http";
import { sleep, type Scheduler } from "../schedule";
import type { Timing } from "../timing";
import type { ActiveTimers } from "../wire";
import type { Transport, TransportEvents } from "./transport";

export interface PollParts {
  readonly http: Http;
  readonly token: string;
  readonly schedule: Scheduler;
  readonly timing: Timing;
}

/** What a long poll asks for. */
export interface LongPoll<T> {
  readonly path: string;
  readonly query?: Call["query"];
  onAnswer(answer: T, asked: number): void;
  /** The wait is over and nothing has changed. */
  onUnchanged?(): Promise<void>;
}

/** Returns a function that asks once. All but the first time the server waits for a change before it answers. */
export function longPoll<T>({ http, token, schedule, timing }: PollParts, { path, query, onAnswer, onUnchanged }: LongPoll<T>, signal: AbortSignal, onHeard: () => void): () => Promise<void> {
  let etag: string | undefined;
  return async () => {
    const asked = schedule.now();
    const wait = etag ? timing.pollWait : 0;
    const answer = await http.json<T>({
      path,
      query: { ...query, wait: Math.floor(wait / 1000) },
      headers: { "If-None-Match": etag },
      token,
      deadline: wait + timing.connectTimeout,
      signal,
    });
    if (signal.aborted) return;
    const news = answer.status !== 304;
    const changed = answer.headers.get("ETag") !== etag;
    etag = answer.headers.get("ETag") ?? undefined;
    onHeard(); // which may close this transport, because a better one works
    if (signal.aborted) return;
    if (news) onAnswer(answer.body, asked);
    else await onUnchanged?.();
    // A server that answers at once although nothing is new must not be asked in a busy loop.
    if ((!changed || !etag) && schedule.now() - asked < timing.pollPause) await sleep(schedule, timing.pollPause, signal);
  };
}

/** A transport that runs until the loop fails. */
export function openLoop(loop: (signal: AbortSignal) => Promise<void>, on: TransportEvents): Transport {
  const abort = new AbortController();
  loop(abort.signal).catch((thrown: unknown) => {
    if (!abort.signal.aborted) on.end(endOf(thrown));
  });
  return { close: () => abort.abort() };
}

/**
 * Long-polls Clockwork's running timers. refresh reads all other timers, which the long poll leaves out: at first,
 * and each time a poll ends without a change.
 */
export function openPoll(parts: PollParts, accountId: string, refresh: () => Promise<void>, onAnswer: (answer: ActiveTimers, asked: number) => void, on: TransportEvents): Transport {
  return openLoop(async (signal) => {
    /** For a person without a Clockwork account: the long poll refuses them. */
    const pollWithoutClockwork = async (): Promise<void> => {
      await refresh();
      on.heard();
      await sleep(parts.schedule, parts.timing.pollPause, signal);
    };
    let next = longPoll<ActiveTimers>(parts, { path: "/api/timers/active", query: { accountId }, onAnswer, onUnchanged: refresh }, signal, () => on.heard());
    await refresh();
    while (!signal.aborted) {
      await next().catch((thrown: unknown) => {
        const { status } = asClientError(thrown);
        if (next === pollWithoutClockwork || (status !== 400 && status !== 403)) throw thrown;
        next = pollWithoutClockwork;
      });
    }
  }, on);
}
