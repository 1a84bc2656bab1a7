import { endOf } from "../backoff";
import { asClientError } from "../errors";
import type { Http } from "../http";
import { sleep, type Scheduler } from "../schedule";
import type { Session } from "../session";
import type { Timing } from "../timing";
import type { ActiveTimers } from "../wire";
import type { Transport, TransportEvents } from "./transport";

/**
 * Long-polls Clockwork's running timers. refresh reads all other timers, which the long poll leaves out: at first,
 * and each time a poll ends without a change.
 */
export function openPoll(http: Http, session: Session, schedule: Scheduler, timing: Timing, refresh: () => Promise<void>, on: TransportEvents): Transport {
  const abort = new AbortController();
  const { signal } = abort;
  let etag: string | undefined;

  const ask = async (): Promise<void> => {
    const asked = schedule.now();
    const wait = etag ? timing.pollWait : 0; // the first answer comes at once
    const answer = await http.json<ActiveTimers>({
      path: "/api/timers/active",
      query: { accountId: session.userId, wait: Math.floor(wait / 1000) },
      headers: { "If-None-Match": etag },
      token: session.token,
      deadline: wait + timing.connectTimeout,
      signal,
    });
    if (signal.aborted) return;
    const news = answer.status !== 304;
    const changed = answer.headers.get("ETag") !== etag;
    etag = answer.headers.get("ETag") ?? undefined;
    on.heard();
    if (news) on.active(answer.body, asked);
    if (!news) await refresh();
    // A server that answers at once although nothing is new must not be asked in a busy loop.
    if ((!changed || !etag) && schedule.now() - asked < timing.pollPause) await pause();
  };

  const pause = () => sleep(schedule, timing.pollPause, signal);

  /** For a person without a Clockwork account: the long poll refuses them. */
  const pollWithoutClockwork = async (): Promise<void> => {
    await refresh();
    on.heard();
    await pause();
  };

  const run = async (): Promise<void> => {
    let next = ask;
    await refresh();
    while (!signal.aborted) {
      await next().catch((thrown: unknown) => {
        const { status } = asClientError(thrown);
        if (next === pollWithoutClockwork || (status !== 400 && status !== 403)) throw thrown;
        next = pollWithoutClockwork;
      });
    }
  };
  run().catch((thrown: unknown) => {
    if (!signal.aborted) on.end(endOf(thrown));
  });
  return { close: () => abort.abort() };
}
