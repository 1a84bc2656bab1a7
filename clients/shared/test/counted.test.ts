import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { counted } from "../src/counted";
import { emptyTimeline, applyActive, applyFreshness, applyListing, applyState, applyUpdate, type Timeline } from "../src/timeline";
import { fromWire, parseMessage, type ActiveTimers, type WireTimer } from "../src/wire";
import { withPendingWrites } from "../src/pendingWrite";

interface Vector extends Pick<WireTimer, "status" | "on_hold" | "counted_seconds" | "counted_at"> {
  readonly name: string;
  readonly now: string;
  readonly counted: number;
}

const base: WireTimer = {
  id: "cw:u:A-1",
  user_id: "u",
  status: "running",
  started_at: "2026-05-04T00:00:00Z",
  updated_at: "2026-05-04T00:00:00Z",
  seq: 1,
  counted_seconds: 0,
  counted_at: "2026-05-04T00:00:00Z",
  on_hold: false,
  issue_key: "A-1",
  source: "clockwork",
};

describe("the clock agrees with the server's", () => {
  const vectors = JSON.parse(readFileSync(new URL("../../../pkg/realtime/testdata/counted.json", import.meta.url), "utf8")) as Vector[];
  test.each(vectors)("$name", ({ now, counted: want, ...more }) => {
    expect(Math.floor(counted(fromWire({ ...base, ...more }), Date.parse(now)) / 1000)).toBe(want);
  });
});

test("if a server does not report counted time, the time since the start counts", () => {
  const { counted_seconds, counted_at, ...old } = base;
  expect(counted(fromWire(old as WireTimer), Date.parse("2026-05-04T01:00:00Z"))).toBe(3600_000);
});

test("a stop freezes the counted time before the server confirms it", () => {
  const running = { ...base, counted_seconds: 5700, counted_at: "2026-05-04T09:00:00Z" };
  const timeline = applyState({ timers: [running], seq: 1, server_time: "", synced_at: null, stale: false });
  const stop = { kind: "stop", id: base.id, at: "2026-05-04T09:00:10.500Z", accepted: false } as const;
  const stopped = withPendingWrites(timeline, [stop]).get(base.id)!;
  expect(stopped).toMatchObject({ status: "stopped", countedSeconds: 5710, countedAt: stop.at });
  expect(counted(stopped, Date.parse("2026-05-05T09:00:00Z"))).toBe(5710_000);
});

/** A reproducible random number below n. */
function dice(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const iso = (at: number) => new Date(at).toISOString();

/**
 * A timer in Clockwork, which counts while it is not on hold. However the client learns of its changes, and
 * however often it is put on hold, resumed, edited, stopped and started, the client shows what Clockwork has
 * counted.
 */
test("after random changes in Clockwork, the client's clock is wrong by at most a second", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = dice(seed);
    let now = Date.parse("2026-05-04T08:00:00.000Z");
    let running = false;
    let onHold = false;
    let startedAt = now;
    let total = 0; // milliseconds
    let timeline: Timeline = emptyTimeline;
    let seq = 0;
    const pass = (milliseconds: number) => {
      if (running && !onHold) total += milliseconds;
      now += milliseconds;
    };
    const wire = (): WireTimer => ({
      ...base,
      status: running ? "running" : "stopped",
      seq: ++seq,
      started_at: iso(startedAt),
      updated_at: iso(now),
      counted_seconds: Math.floor(total / 1000),
      counted_at: iso(now),
      on_hold: onHold,
    });
    const tell: (() => void)[] = [
      () => (timeline = applyUpdate(timeline, wire()) ?? timeline),
      () => {
        const timers = [wire()];
        timeline = applyState({ timers, seq, server_time: iso(now), synced_at: iso(now), stale: false });
      },
      () => {
        const timers = [wire()];
        timeline = applyListing(timeline, { timer: null, timers, server_time: iso(now), synced_at: iso(now), stale: false }, false);
      },
      () => {
        const list = running ? [{ startedAt: iso(startedAt), comment: null, tillNow: Math.floor(total / 1000), issue: { key: "A-1", id: 1 }, withinWorkingHours: !onHold }] : [];
        const answer = { timers: list, cachedAt: iso(now), syncedAt: iso(now), accountId: "u" } as unknown as ActiveTimers;
        timeline = applyActive(timeline, "u", answer, iso(now));
      },
    ];
    const happen: (() => void)[] = [
      () => (onHold = running && !onHold),
      () => {
        if (!running) [startedAt, total, onHold] = [now, 0, false];
        running = !running;
      },
      () => {
        if (!running) return;
        const earlier = random(3600) * 1000;
        startedAt -= earlier;
        total += earlier;
      },
      () => {},
    ];
    running = true;
    tell[1]!();
    for (let step = 0; step < 40; step++) {
      pass(random(4) === 0 ? random(20 * 3600_000) : random(5000));
      happen[random(happen.length)]!();
      tell[random(tell.length)]!();
      for (let look = 0; look < 3; look++) {
        const shown = timeline.timers.get(base.id);
        expect(shown?.status === "running", `seed ${seed}, step ${step}`).toBe(running);
        if (running) expect(Math.abs(Math.floor(counted(shown!, now) / 1000) - Math.floor(total / 1000)), `seed ${seed}, step ${step}`).toBeLessThanOrEqual(1);
        pass(random(3 * 3600_000));
      }
    }
  }
});

describe("freshness", () => {
  const state = { timers: [], seq: 1, server_time: "", synced_at: "2026-05-04T09:00:00Z", stale: false };
  const known = applyState(state);
  const stale = { stale: true, syncedAt: "2026-05-04T09:00:00Z" };
  const active = (more: object) => ({ timers: [], cachedAt: null, syncedAt: null, accountId: "u", ...more }) as ActiveTimers;
  const cases: Record<string, [Timeline, object]> = {
    "from-a-state": [known, { stale: false, syncedAt: "2026-05-04T09:00:00Z" }],
    "from-a-stale-state": [applyState({ ...state, stale: true }), stale],
    "from-an-event": [applyFreshness(known, { stale: true, synced_at: "2026-05-04T09:00:00Z" }), stale],
    "kept-by-a-change": [applyUpdate(applyState({ ...state, stale: true }), { ...base, seq: 2 })!, stale],
    "from-a-listing": [applyListing(known, { ...state, timer: null, stale: true }, true), stale],
    "from-clockworks-list": [applyActive(known, "u", active({ syncedAt: "2026-05-04T09:00:00Z", cachedAt: "2026-05-04T10:00:00Z", stale: true }), ""), stale],
    "from-an-empty-cache": [applyActive(known, "u", active({}), ""), stale],
    "from-an-older-server": [applyState({ timers: [], seq: 1, server_time: "" } as never), { stale: false, syncedAt: null }],
  };
  test.each(Object.entries(cases))("%s", (_name, [timeline, want]) => expect(timeline).toMatchObject(want));

  test("an event is a message", () => {
    const text = JSON.stringify({ event: "freshness", payload: { synced_at: null, stale: true } });
    expect(parseMessage(text)).toEqual(JSON.parse(text));
    expect(parseMessage(`{"event":"freshness","payload":{}}`)).toBeUndefined();
  });
});
