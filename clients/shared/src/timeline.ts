import { keepCount, stoppedAt } from "./counted";
import type { ActiveTimers, Freshness, Listing, RealtimeState, WireTimer } from "./wire";
import { fromWire } from "./wire";
import type { RunningTimer } from "./state";

/** What the server has reported so far. */
export interface Timeline {
  readonly timers: ReadonlyMap<string, RunningTimer>;
  /** Of the last change that arrived; the next one has the next number. */
  readonly seq: number;
  readonly loaded: boolean;
  /** As in TimerState. */
  readonly stale: boolean;
  readonly syncedAt: string | null;
}

export const emptyTimeline: Timeline = { timers: new Map(), seq: 0, loaded: false, stale: false, syncedAt: null };

const byId = (timers: readonly WireTimer[]) => new Map(timers.map((t) => [t.id, fromWire(t)]));

/** Older servers do not report freshness. */
const freshnessOf = ({ synced_at, stale }: Partial<Freshness>) => ({ stale: stale ?? false, syncedAt: synced_at ?? null });

/** The whole state, sent when a connection begins. */
export function applyState(state: RealtimeState): Timeline {
  return { timers: byId(state.timers), seq: state.seq, loaded: true, ...freshnessOf(state) };
}

export function applyFreshness(timeline: Timeline, freshness: Freshness): Timeline {
  return { ...timeline, ...freshnessOf(freshness) };
}

/** One change; undefined if an earlier one was missed. A repeated one changes nothing. */
export function applyUpdate(timeline: Timeline, update: WireTimer): Timeline | undefined {
  if (!timeline.loaded || update.seq > timeline.seq + 1) return undefined;
  if (update.seq <= timeline.seq) return timeline;
  const known = timeline.timers.get(update.id);
  const timers = new Map(timeline.timers);
  // A listing may have reported a later change already.
  if (!known || known.seq < update.seq) timers.set(update.id, fromWire(update));
  return { ...timeline, timers, seq: update.seq };
}

/** The highest seq of these timers. */
export const newestIn = (timers: Iterable<{ readonly seq: number }>): number => Math.max(0, ...Array.from(timers, (t) => t.seq));

/**
 * The answer of GET /timers. While connected, seq stays that of the connection: the changes up to the listing
 * still arrive there.
 */
export function applyListing(timeline: Timeline, listing: Listing, connected: boolean): Timeline {
  const timers = byId(listing.timers);
  for (const [id, timer] of timers) timers.set(id, keepCount(timer, timeline.timers.get(id)));
  return { timers, seq: connected ? timeline.seq : newestIn(listing.timers), loaded: true, ...freshnessOf(listing) };
}

/** The answer of GET /api/timers/active: all of Clockwork's timers that run, and none of the others. */
export function applyActive(timeline: Timeline, account: string, active: ActiveTimers, now: string): Timeline {
  if (!active.syncedAt) return { ...timeline, stale: true }; // never synced: the empty list means nothing
  const timers = new Map(timeline.timers);
  const running = new Set<string>();
  for (const t of active.timers) {
    const id = clockworkId(account, t.issue.key);
    if (running.has(id)) continue; // the newer one of an issue comes first
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

/** Milliseconds. The server's time of a start may differ by this from Clockwork's own. */
const sameStart = 2000;

/** Clockwork runs at most one timer per person and issue. */
export const clockworkId = (account: string, issueKey: string): string => `cw:${account}:${issueKey}`;
