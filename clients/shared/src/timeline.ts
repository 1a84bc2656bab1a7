import { keepCount, stoppedAt } from "./counted";
import type { ActiveTimers, Freshness, Listing, RealtimeState, WireTimer } from "./wire";
import { fromWire } from "./wire";
import type { RunningTimer } from "./state";

/** What the server has said so far. */
export interface Timeline {
  readonly timers: ReadonlyMap<string, RunningTimer>;
  /** Of the last change that was heard of; the next one has the next number. */
  readonly seq: number;
  readonly loaded: boolean;
  /** How old Clockwork's word is, as in TimerState. */
  readonly stale: boolean;
  readonly syncedAt: string | null;
}

export const emptyTimeline: Timeline = { timers: new Map(), seq: 0, loaded: false, stale: false, syncedAt: null };

const byId = (timers: readonly WireTimer[]) => new Map(timers.map((t) => [t.id, fromWire(t)]));

/** A server from before there was freshness says nothing of it. */
const freshnessOf = ({ synced_at, stale }: Partial<Freshness>) => ({ stale: stale ?? false, syncedAt: synced_at ?? null });

/** Everything, as a connection begins. */
export function takeState(state: RealtimeState): Timeline {
  return { timers: byId(state.timers), seq: state.seq, loaded: true, ...freshnessOf(state) };
}

/** Clockwork's word has become stale, or fresh again. */
export function takeFreshness(timeline: Timeline, freshness: Freshness): Timeline {
  return { ...timeline, ...freshnessOf(freshness) };
}

/** One change. undefined means that changes before it were missed. One that was heard before changes nothing. */
export function takeUpdate(timeline: Timeline, update: WireTimer): Timeline | undefined {
  if (!timeline.loaded || update.seq > timeline.seq + 1) return undefined;
  if (update.seq <= timeline.seq) return timeline;
  const known = timeline.timers.get(update.id);
  const timers = new Map(timeline.timers);
  // A listing may have told of a later change already.
  if (!known || known.seq < update.seq) timers.set(update.id, fromWire(update));
  return { ...timeline, timers, seq: update.seq };
}

/** The number of the newest change of any of these timers. */
export const newestIn = (timers: Iterable<{ readonly seq: number }>): number => Math.max(0, ...Array.from(timers, (t) => t.seq));

/**
 * The answer of GET /timers. While a connection is open it stays at its own place in the sequence: what the
 * listing is ahead, it will tell.
 */
export function takeListing(timeline: Timeline, listing: Listing, connected: boolean): Timeline {
  const timers = byId(listing.timers);
  for (const [id, timer] of timers) timers.set(id, keepCount(timer, timeline.timers.get(id)));
  return { timers, seq: connected ? timeline.seq : newestIn(listing.timers), loaded: true, ...freshnessOf(listing) };
}

/** The answer of GET /api/timers/active: all of Clockwork's timers that run, and none of the others. */
export function takeActive(timeline: Timeline, account: string, active: ActiveTimers, now: string): Timeline {
  if (!active.syncedAt) return { ...timeline, stale: true }; // it says nothing else
  const timers = new Map(timeline.timers);
  const running = new Set<string>();
  for (const t of active.timers) {
    const id = clockworkId(account, t.issue.key);
    if (running.has(id)) continue; // a newer one of the same issue speaks for both
    running.add(id);
    const known = timers.get(id);
    const same = known?.status === "running" && Math.abs(Date.parse(known.startedAt) - Date.parse(t.startedAt)) <= sameStart;
    const next: RunningTimer = {
      id,
      source: "clockwork",
      status: "running",
      startedAt: same ? known.startedAt : t.startedAt,
      updatedAt: same ? known.updatedAt : t.startedAt,
      seq: known?.seq ?? 0,
      countedSeconds: t.tillNow,
      countedAt: active.cachedAt ?? now,
      issueKey: t.issue.key,
      ...(t.issue.summary && { summary: t.issue.summary }),
      ...(t.comment && { comment: t.comment }),
      ...(!t.withinWorkingHours && { onHold: true }),
    };
    timers.set(id, keepCount(next, known));
  }
  if (!active.stale) {
    for (const t of timeline.timers.values()) {
      if (t.source === "clockwork" && t.status === "running" && !running.has(t.id)) timers.set(t.id, stoppedAt(t, now));
    }
  }
  const loaded = timeline.loaded || active.timers.length > 0 || !active.stale;
  return { timers, seq: timeline.seq, loaded, stale: active.stale ?? false, syncedAt: active.syncedAt };
}

/** A start is the server's clock until Clockwork's own time of it comes; up to this they are the same. */
const sameStart = 2000;

/** Clockwork runs one timer for a person and an issue. */
export const clockworkId = (account: string, issueKey: string): string => `cw:${account}:${issueKey}`;
