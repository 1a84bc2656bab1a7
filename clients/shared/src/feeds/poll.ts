import { endOf } from "../backoff";
import { asClientError } from "../errors";
import type { Http } from "../http";
import { sleep, type Scheduler } from "../schedule";
import type { Session } from "../session";
import type { Timing } from "../timing";
import type { ActiveTimers } from "../wire";
import type { Feed, FeedEvents } from "./feed";

/**
 * Asks for Clockwork's running timers again and again; the server answers when they change. refresh reads
 * everything else, which nothing but asking tells: first, and whenever nothing changed for a while.
 */
export function openPoll(http: Http, session: Session, schedule: Scheduler, timing: Timing, refresh: () => Promise<void>, on: FeedEvents): Feed {
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
      deadline: wait + timing.giveUp,
      signal,
    });
    if (signal.aborted) return;
    const news = answer.status !== 304;
    const changed = answer.headers.get("ETag") !== etag;
    etag = answer.headers.get("ETag") ?? undefined;
    on.heard();
    if (news) on.active(answer.body, asked);
    if (!news) await refresh();
    // A server that answers at once that nothing is new must not be asked in a loop.
    if ((!changed || !etag) && schedule.now() - asked < timing.pollPause) await pause();
  };

  const pause = () => sleep(schedule, timing.pollPause, signal);

  /** Someone without an account in Clockwork has no list there. */
  const askPlainly = async (): Promise<void> => {
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
        if (next === askPlainly || (status !== 400 && status !== 403)) throw thrown;
        next = askPlainly;
      });
    }
  };
  run().catch((thrown: unknown) => {
    if (!signal.aborted) on.end(endOf(thrown));
  });
  return { close: () => abort.abort() };
}
