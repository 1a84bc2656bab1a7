import { describe, expect, test } from "vitest";
import { backoff, delayAfter, type End } from "../src/backoff";
import { ClockOffset } from "../src/clock";
import { clock, untilNextSecond } from "../src/elapsed";
import { eventParser } from "../src/transports/sse";
import { ServerState } from "../src/serverState";
import { nextState } from "../src/snapshot";
import { initialState, inOrder, type RunningTimer } from "../src/state";
import { emptyTimeline, applyActive, applyListing, applyState, applyUpdate, type Timeline } from "../src/timeline";
import { usualTiming } from "../src/timing";
import { parseMessage, type ActiveTimers, type WireTimer } from "../src/wire";
import { withPendingWrites, type PendingWrite } from "../src/pendingWrite";
import { seeded } from "./person";

describe("backoff", () => {
  for (const [attempt, most] of [[1, 250], [2, 500], [3, 1000], [6, 8000], [7, 15_000], [40, 15_000], [2000, 15_000]] as const) {
    test(`attempt ${attempt} waits up to ${most} ms`, () => {
      expect(backoff(attempt, 1, usualTiming)).toBe(most);
      expect(backoff(attempt, 0, usualTiming)).toBe(0);
    });
  }

  test("its jitter spreads over the whole time", () => {
    const random = seeded(7);
    const waits = Array.from({ length: 1000 }, () => backoff(4, random(), usualTiming));
    const inEach = [0, 1, 2, 3].map((q) => waits.filter((w) => w >= q * 500 && w < (q + 1) * 500).length);
    expect(Math.min(...inEach)).toBeGreaterThan(200);
  });

  const cases: Record<string, [End, number, number, number]> = {
    "restart-comes-back-soon": [{ code: 1012 }, 1, 0.5, 500],
    "too-slow-comes-back-soon": [{ code: 1013 }, 1, 1, 1000],
    "restart-that-goes-on-backs-off": [{ code: 1012 }, 5, 1, 4000],
    "too-fast-waits-at-least": [{ code: 1008 }, 1, 0, 5000],
    "too-much-unread-waits-at-least": [{ code: 4429 }, 1, 0, 5000],
    "lost-is-tried-at-once-at-best": [{ code: 1006 }, 1, 0, 0],
    "retry-after-is-kept": [{ status: 429, retryAfter: 10 }, 1, 1, 10_250],
  };
  for (const [name, [end, attempt, random, want]] of Object.entries(cases)) {
    test(name, () => expect(delayAfter(end, attempt, random, usualTiming)).toBe(want));
  }
});

describe("the clock of a timer", () => {
  const cases: Record<string, [number, string]> = {
    "nothing": [0, "0:00:00"],
    "a-second-before-a-minute": [59.9, "0:00:59"],
    "a-second-before-an-hour": [3599, "0:59:59"],
    "hours-and-minutes": [6067, "1:41:07"],
    "over-a-day": [90_061, "25:01:01"],
    "before-the-start": [-5, "0:00:00"],
  };
  for (const [name, [seconds, want]] of Object.entries(cases)) test(name, () => expect(clock(seconds)).toBe(want));

  test("changes at each full second", () => {
    expect([0, 1, 999, -250].map(untilNextSecond)).toEqual([1000, 999, 1, 250]);
  });
});

describe("clock offset", () => {
  const at = (ms: number) => new Date(ms).toISOString();
  test("is half way between request and response", () => {
    const clock = new ClockOffset();
    expect(clock.value).toBe(0);
    clock.reading(at(10_000), 4000, 4200);
    expect(clock.value).toBe(5900);
  });
  test("the most precise reading counts, also after others", () => {
    const clock = new ClockOffset();
    clock.reading(at(10_000), 4000, 4200);
    clock.reading(at(10_100), 4195, 4205);
    clock.reading(at(20_000), 13_000, 15_000);
    expect(clock.value).toBe(5900);
  });
  test("a reading that contradicts it replaces it, however imprecise", () => {
    const clock = new ClockOffset();
    clock.reading(at(10_000), 4000, 4010);
    clock.reading(at(10_000), 64_000, 64_500);
    expect(clock.value).toBe(-54_250);
  });
  test("invalid times are ignored", () => {
    const clock = new ClockOffset();
    clock.reading("soon", 4000, 4010);
    clock.reading(at(10_000), 4010, 4000);
    expect(clock.value).toBe(0);
  });
});

const wire = (id: string, seq: number, more: Partial<WireTimer> = {}): WireTimer => ({
  id,
  user_id: "u",
  status: "running",
  started_at: "2026-05-04T09:00:00Z",
  updated_at: "2026-05-04T09:00:00Z",
  seq,
  counted_seconds: 0,
  counted_at: "2026-05-04T09:00:00Z",
  on_hold: false,
  source: "client",
  ...more,
});
const timer = (id: string, more: Partial<RunningTimer> = {}): RunningTimer => ({
  id,
  source: "client",
  status: "running",
  startedAt: "2026-05-04T09:00:00Z",
  updatedAt: "2026-05-04T09:00:00Z",
  seq: 1,
  countedSeconds: 0,
  countedAt: "2026-05-04T09:00:00Z",
  ...more,
});
const fresh = { synced_at: "2026-05-04T09:00:00Z", stale: false };
const shape = (t: Timeline | undefined) => t && { seq: t.seq, timers: [...t.timers.values()].map((x) => `${x.id}@${x.seq} ${x.status}`) };

describe("timeline", () => {
  const known = applyState({ timers: [wire("a", 3), wire("b", 4)], seq: 4, server_time: "2026-05-04T09:00:00Z", ...fresh });
  const cases: Record<string, [Timeline, WireTimer, ReturnType<typeof shape>]> = {
    "next-is-taken": [known, wire("c", 5), { seq: 5, timers: ["a@3 running", "b@4 running", "c@5 running"] }],
    "change-of-a-known-one": [known, wire("a", 5, { status: "stopped" }), { seq: 5, timers: ["a@5 stopped", "b@4 running"] }],
    "duplicate-is-ignored": [known, wire("b", 4, { status: "stopped" }), { seq: 4, timers: ["a@3 running", "b@4 running"] }],
    "old-is-ignored": [known, wire("a", 1, { status: "stopped" }), { seq: 4, timers: ["a@3 running", "b@4 running"] }],
    "gap-is-noticed": [known, wire("c", 6), undefined],
    "before-the-state": [emptyTimeline, wire("c", 1), undefined],
  };
  for (const [name, [before, update, want]] of Object.entries(cases)) {
    test(name, () => expect(shape(applyUpdate(before, update))).toEqual(want));
  }
  test("what changes nothing is the same object", () => expect(applyUpdate(known, wire("b", 4))).toBe(known));

  test("events that arrive after a newer listing do not undo it", () => {
    const listing = { timer: null, timers: [wire("a", 6, { status: "stopped" }), wire("b", 4)], server_time: "", ...fresh };
    let t = applyListing(known, listing, true);
    expect(shape(t)).toEqual({ seq: 4, timers: ["a@6 stopped", "b@4 running"] });
    t = applyUpdate(t, wire("a", 5, { comment: "edited" }))!;
    expect(shape(t)).toEqual({ seq: 5, timers: ["a@6 stopped", "b@4 running"] });
    expect(shape(applyUpdate(t, wire("a", 6, { status: "stopped" })))).toEqual({ seq: 6, timers: ["a@6 stopped", "b@4 running"] });
  });
  test("without a connection a listing sets the seq to continue from", () => {
    expect(shape(applyListing(known, { timer: null, timers: [wire("z", 2)], server_time: "", ...fresh }, false))).toEqual({ seq: 2, timers: ["z@2 running"] });
  });
});

describe("a listing during which an event arrives", () => {
  const state = (...timers: WireTimer[]) => ({ event: "state", payload: { timers, seq: 1_795_324_945_749_133, server_time: "", ...fresh } }) as const;
  const cases: Record<string, [ReturnType<typeof state>, number]> = {
    "that-nothing-ever-ran-is-asked-for-once": [state(), 1],
    "that-is-newer-is-asked-for-again": [state(wire("a", 1_795_324_945_749_133)), 2],
  };
  for (const [name, [heard, want]] of Object.entries(cases)) {
    test(name, async () => {
      const server = new ServerState(() => 0, "u");
      let asked = 0;
      const ask = async () => {
        if (++asked === 1) server.message(heard, 0);
        return { timer: null, timers: asked === 1 ? [] : heard.payload.timers, server_time: "", ...fresh };
      };
      await server.list(ask, () => true, () => {});
      expect(asked).toBe(want);
      expect(shape(server.timeline)).toEqual({ seq: heard.payload.seq, timers: heard.payload.timers.map((t) => `${t.id}@${t.seq} running`) });
    });
  }
});

describe("Clockwork's list", () => {
  const cw = (key: string, startedAt = "2026-05-04T09:00:00Z") => ({ startedAt, comment: null, issue: { key, id: 1, summary: `About ${key}` }, withinWorkingHours: true, tillNow: 3600 });
  const active = (timers: ReturnType<typeof cw>[], more: object = {}) => ({ timers, cachedAt: "2026-05-04T10:00:00Z", syncedAt: "2026-05-04T10:00:00Z", accountId: "u", ...more }) as unknown as ActiveTimers;
  const before = applyState({ timers: [wire("own", 1), wire("cw:u:A-1", 2, { source: "clockwork", issue_key: "A-1" })], seq: 2, server_time: "", ...fresh });
  const cases: Record<string, [ActiveTimers, string[]]> = {
    "same": [active([cw("A-1")]), ["own@1 running", "cw:u:A-1@2 running"]],
    "another": [active([cw("A-2")]), ["own@1 running", "cw:u:A-1@2 stopped", "cw:u:A-2@0 running"]],
    "none": [active([]), ["own@1 running", "cw:u:A-1@2 stopped"]],
    "none-but-stale": [active([], { stale: true }), ["own@1 running", "cw:u:A-1@2 running"]],
    "never-synced": [active([], { syncedAt: null, cachedAt: null }), ["own@1 running", "cw:u:A-1@2 running"]],
  };
  for (const [name, [answer, want]] of Object.entries(cases)) {
    test(name, () => expect(shape(applyActive(before, "u", answer, "2026-05-04T10:00:00Z"))?.timers).toEqual(want));
  }
  test("a start that differs by less than 2 s does not change", () => {
    const start = (at: string) => applyActive(before, "u", active([cw("A-1", at)]), "").timers.get("cw:u:A-1")!.startedAt;
    expect(start("2026-05-04T09:00:01.900Z")).toBe("2026-05-04T09:00:00Z");
    expect(start("2026-05-04T09:00:02.100Z")).toBe("2026-05-04T09:00:02.100Z");
  });
});

describe("pending writes", () => {
  const real = (status: "running" | "stopped" | "none"): Timeline => ({ ...emptyTimeline, seq: 1, loaded: true, timers: new Map(status === "none" ? [] : [["a", timer("a", { status })]]) });
  const start: PendingWrite = { kind: "start", id: "a", timer: timer("a", { seq: 0 }), at: "2026-05-04T09:30:00Z", accepted: false };
  const stop: PendingWrite = { kind: "stop", id: "a", at: "2026-05-04T09:30:00Z", accepted: false };
  const cases: Record<string, [Timeline, PendingWrite, string]> = {
    "start-of-an-unknown-timer": [real("none"), start, "running pending start"],
    "start-again": [real("stopped"), start, "running pending start"],
    "start-that-has-come": [real("running"), start, "running"],
    "start-that-was-done": [real("none"), { ...start, accepted: true }, "running"],
    "start-with-a-requested-stop": [real("none"), { ...start, stopRequestedAt: "2026-05-04T09:30:01Z" }, "stopped pending stop"],
    "confirmed-start-with-a-requested-stop": [real("running"), { ...start, stopRequestedAt: "2026-05-04T09:30:01Z" }, "stopped pending stop"],
    "stop": [real("running"), stop, "stopped pending stop"],
    "stop-that-has-come": [real("stopped"), stop, "stopped"],
    "stop-that-was-done": [real("running"), { ...stop, accepted: true }, "stopped"],
  };
  for (const [name, [timeline, write, want]] of Object.entries(cases)) {
    test(name, () => {
      const t = withPendingWrites(timeline, [write]).get("a")!;
      expect(t.status + (t.pending ? ` pending ${t.pending}` : "")).toBe(want);
    });
  }
});

describe("snapshot", () => {
  const rest = { status: initialState.status, clockOffset: 0, stale: false, syncedAt: null, error: null, loaded: true };
  test("running timers come first, by start, then the others, by stop", () => {
    const timers = [
      timer("old", { startedAt: "2026-05-04T08:00:00Z" }),
      timer("stopped", { status: "stopped", startedAt: "2026-05-04T12:00:00Z", updatedAt: "2026-05-04T12:10:00Z" }),
      timer("stopped-last", { status: "stopped", startedAt: "2026-05-04T08:00:00Z", updatedAt: "2026-05-04T12:20:00Z" }),
      timer("new", { startedAt: "2026-05-04T10:00:00+01:00" }),
      timer("newest", { startedAt: "2026-05-04T09:30:00Z" }),
    ];
    expect(inOrder(timers).map((t) => t.id)).toEqual(["newest", "new", "old", "stopped-last", "stopped"]);
    expect(nextState(initialState, timers, rest).current?.id).toBe("newest");
  });
  test("is the same object if nothing changes, and keeps unchanged parts", () => {
    const a = nextState(initialState, [timer("a"), timer("b")], rest);
    expect(nextState(a, [timer("a"), timer("b")], { ...rest, status: { kind: "connecting" } })).toBe(a);
    const b = nextState(a, [timer("a"), timer("b", { comment: "new" })], rest);
    expect(b.timers[0]).toBe(a.timers[0]);
    expect(b.timers[1]).not.toBe(a.timers[1]);
    expect(nextState(b, b.timers, { ...rest, clockOffset: 5 }).timers).toBe(b.timers);
  });
});

describe("messages", () => {
  const bad = ["", "null", "[]", "7", '"state"', "{", "{}", '{"event":"state"}', '{"event":"state","payload":null}', '{"event":"state","payload":{"timers":{},"seq":1}}', '{"event":"timer_updated","payload":{"id":7,"seq":1}}', '{"event":"later","payload":{}}'];
  for (const text of bad) test(`${text} is ignored`, () => expect(parseMessage(text)).toBeUndefined());
  test("an update is read", () => expect(parseMessage(JSON.stringify({ event: "timer_updated", payload: wire("a", 1) }))).toMatchObject({ payload: { id: "a" } }));
});

describe("event stream", () => {
  const text = ': heartbeat\n\nid: 7\ndata: {"a":1}\n\ndata: one\r\ndata:two\r\n\r\nevent: close\ndata: 1012 restarts\n\nid: 8\n\n';
  const want = [
    { event: "", data: '{"a":1}' },
    { event: "", data: "one\ntwo" },
    { event: "close", data: "1012 restarts" },
  ];
  test("whole", () => expect(eventParser()(text)).toEqual(want));
  test("in all possible pieces", () => {
    for (let size = 1; size < text.length; size++) {
      const parse = eventParser();
      const got = [];
      for (let at = 0; at < text.length; at += size) got.push(...parse(text.slice(at, at + size)));
      expect(got, `pieces of ${size}`).toEqual(want);
    }
  });
});
