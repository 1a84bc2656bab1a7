import type { ActiveTimers, Listing, RealtimeState, WireTimer } from "./wire";
import { fromWire } from "./wire";
import type { RunningTimer } from "./state";

/** What the server has said so far. */
export interface Timeline {
  readonly timers: ReadonlyMap<string, RunningTimer>;
  /** Of the last change that was heard of; the next one has the next number. */
  readonly seq: number;
  readonly loaded: boolean;
}

export const emptyTimeline: Timeline = { timers: new Map(), seq: 0, loaded: false };

const byId = (timers: readonly WireTimer[]) => new Map(timers.map((t) => [t.id, fromWire(t)]));

/** Everything, as a connection begins. */
export function takeState(state: RealtimeState): Timeline {
  return { timers: byId(state.timers), seq: state.seq, loaded: true };
}

/** One change. undefined means that changes before it were missed. One that was heard before changes nothing. */
export function takeUpdate(timeline: Timeline, update: WireTimer): Timeline | undefined {
  if (!timeline.loaded || update.seq > timeline.seq + 1) return undefined;
  if (update.seq <= timeline.seq) return timeline;
  const known = timeline.timers.get(update.id);
  const timers = new Map(timeline.timers);
  // A listing may have told of a later change already.
  if (!known || known.seq < update.seq) timers.set(update.id, fromWire(update));
  return { timers, seq: update.seq, loaded: true };
}

/** The number of the newest change of any of these timers. */
export const newestIn = (timers: Iterable<{ readonly seq: number }>): number => Math.max(0, ...Array.from(timers, (t) => t.seq));

/**
 * The answer of GET /timers. While a connection is open it stays at its own place in the sequence: what the
 * listing is ahead, it will tell.
 */
export function takeListing(timeline: Timeline, listing: Listing, connected: boolean): Timeline {
  return { timers: byId(listing.timers), seq: connected ? timeline.seq : newestIn(listing.timers), loaded: true };
}

/** The answer of GET /api/timers/active: all of Clockwork's timers that run, and none of the others. */
export function takeActive(timeline: Timeline, account: string, active: ActiveTimers, now: string): Timeline {
  if (!active.syncedAt) return timeline; // it says nothing
  const timers = new Map(timeline.timers);
  const running = new Set<string>();
  for (const t of active.timers) {
    const id = clockworkId(account, t.issue.key);
    if (running.has(id)) continue; // a newer one of the same issue speaks for both
    running.add(id);
    const known = timers.get(id);
    const same = known?.status === "running" && Math.abs(Date.parse(known.startedAt) - Date.parse(t.startedAt)) <= sameStart;
    timers.set(id, {
      id,
      source: "clockwork",
      status: "running",
      startedAt: same ? known.startedAt : t.startedAt,
      updatedAt: same ? known.updatedAt : t.startedAt,
      seq: known?.seq ?? 0,
      issueKey: t.issue.key,
      ...(t.issue.summary && { summary: t.issue.summary }),
      ...(t.comment && { comment: t.comment }),
      ...(!t.withinWorkingHours && { onHold: true }),
    });
  }
  if (!active.stale) {
    for (const t of timeline.timers.values()) {
      if (t.source === "clockwork" && t.status === "running" && !running.has(t.id)) timers.set(t.id, { ...t, status: "stopped", updatedAt: now });
    }
  }
  return { timers, seq: timeline.seq, loaded: timeline.loaded || active.timers.length > 0 || !active.stale };
}

/** A start is the server's clock until Clockwork's own time of it comes; up to this they are the same. */
const sameStart = 2000;

/** Clockwork runs one timer for a person and an issue. */
export const clockworkId = (account: string, issueKey: string): string => `cw:${account}:${issueKey}`;
