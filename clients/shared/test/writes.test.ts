import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DevServer } from "./devserver";
import { join } from "./people";
import { isLive, runs, told, until } from "./person";

let server: DevServer;
beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());
afterEach(() => server.control("DELETE", "/faults"));

/** fetch, with the bodies and keys of starts and stops, and answers that are lost. */
function watched(lose: (n: number) => "before" | "after" | undefined) {
  const sent: { path: string; key: string; issueKey: string }[] = [];
  const watching: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    if (init?.method !== "POST" || !/start|stop/.test(pathname)) return fetch(input, init);
    const headers = new Headers(init.headers);
    sent.push({ path: pathname, key: headers.get("Idempotency-Key")!, ...(JSON.parse(init.body as string) as { issueKey: string }) });
    const lost = lose(sent.length);
    if (lost === "before") throw new TypeError("fetch failed");
    const answer = await fetch(input, init);
    if (lost === "after") throw new TypeError("fetch failed");
    return answer;
  };
  return { sent, fetch: watching };
}

describe("Clockwork refuses", () => {
  test("a start is taken back", async () => {
    const { store } = await join(server, "linh");
    const before = await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "status", operation: "clockwork.start_timer", status: 403, body: '{"error":"no"}' });
    const started = store.start({ issueKey: "PORTAL-301" });
    expect(store.getSnapshot().current).toMatchObject({ issueKey: "PORTAL-301", pending: "start" });
    await expect(started).rejects.toMatchObject({ status: 403, code: "CLOCKWORK_FORBIDDEN" });
    const after = store.getSnapshot();
    expect(after.timers).toEqual(before.timers);
    expect(after.error?.message).toMatch(/^[A-Z].*\.$/);
    store.dismissError();
    expect(store.getSnapshot().error).toBeNull();
  });

  test("a stop is taken back", async () => {
    const { store } = await join(server, "priya");
    const before = await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "status", operation: "clockwork.stop_timer", status: 500 });
    const stopped = store.stop();
    expect(store.getSnapshot().current).toBeNull();
    await expect(stopped).rejects.toMatchObject({ status: 502, code: "CLOCKWORK_UNAVAILABLE" });
    expect(store.getSnapshot().timers).toEqual(before.timers);
    expect(store.getSnapshot().error?.code).toBe("CLOCKWORK_UNAVAILABLE");
  });

  test("an error that nobody awaits is shown, and no unhandled rejection", async () => {
    const { store } = await join(server, "linh");
    await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "status", operation: "clockwork.start_timer", status: 403 });
    void store.start({ issueKey: "PORTAL-301" });
    await until(store, (s) => s.error !== null);
  });
});

describe("what is asked for twice is sent once", () => {
  test("double clicks", async () => {
    const { sent, fetch } = watched(() => undefined);
    const { store } = await join(server, "minh", { fetch });
    await until(store, isLive("websocket"));
    await Promise.all([store.start({ issueKey: "OPS-64" }), store.start({ issueKey: "ops-64" })]);
    await until(store, told("OPS-64"));
    await Promise.all([store.stop({ issueKey: "OPS-64" }), store.stop({ issueKey: "OPS-64" }), store.stop({ issueKey: "OPS-64" })]);
    expect(sent.map((s) => s.path)).toEqual(["/api/timers/start", "/api/timers/stop"]);
  });

  test("a stop while the start is under way comes after it", async () => {
    const { sent, fetch } = watched(() => undefined);
    const { store } = await join(server, "tomasz", { fetch });
    const before = await until(store, isLive("websocket"));
    const started = store.start({ issueKey: "OPS-57" });
    const stopped = store.stop({ issueKey: "OPS-57" });
    await Promise.all([started, stopped]);
    expect(sent.map((s) => s.path)).toEqual(["/api/timers/start", "/api/timers/stop"]);
    expect((await until(store, (s) => s.timers.some((t) => t.issueKey === "OPS-57" && t.status === "stopped" && t.seq > 0))).current).toEqual(before.current);
  });
});

describe("a lost answer is asked for again with the same key", () => {
  const cases = { "which-never-arrived": "before", "whose-answer-was-lost": "after" } as const;
  for (const [name, lost] of Object.entries(cases)) {
    test(`a start ${name}`, async () => {
      const { sent, fetch } = watched((n) => (n === 1 ? lost : undefined));
      const { store, session } = await join(server, lost === "before" ? "noah" : "aiko", { fetch, timing: { retryPause: 20 } });
      await until(store, isLive("websocket"));
      await store.start({ issueKey: "OPS-64" });
      await until(store, told("OPS-64"));
      expect(store.getSnapshot().error).toBeNull();
      expect(sent).toHaveLength(2);
      expect(sent[0]!.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(sent[1]!.key).toBe(sent[0]!.key);
      const { timers } = await server.control<{ timers: { runningFor: string; issue: { key: string } }[] }>("GET", "/timers");
      expect(timers.filter((t) => t.runningFor === session.userId && t.issue.key === "OPS-64")).toHaveLength(1);
    });
  }

  test("and not a third time", async () => {
    const { sent, fetch } = watched(() => "before");
    const { store } = await join(server, "james", { fetch, timing: { retryPause: 20 } });
    const before = await until(store, isLive("websocket"));
    await expect(store.start({ issueKey: "OPS-64" })).rejects.toMatchObject({ code: "NETWORK" });
    expect(sent).toHaveLength(2);
    expect(store.getSnapshot().timers).toEqual(before.timers);
    await expect(store.start({ issueKey: "OPS-64" })).rejects.toMatchObject({ code: "NETWORK" });
    expect(sent[2]!.key).not.toBe(sent[0]!.key);
  });
});

test("what was done is shown although the event is late", async () => {
  const { store } = await join(server, "sofia", { WebSocket: null, fetch: muteStream, timing: { trust: 300 } });
  await until(store, isLive("sse"));
  await store.start({ issueKey: "OPS-64" });
  expect(store.getSnapshot().current).toMatchObject({ issueKey: "OPS-64", seq: 0 });
  expect(store.getSnapshot().current).not.toHaveProperty("pending");
  // and when it does not come, the server is asked
  await until(store, (s) => runs("OPS-64")(s) && s.current!.seq > 0);
});

/** fetch, whose event streams say nothing after the state. */
const muteStream: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  if (!String(input).includes("/stream")) return answer;
  let pieces = 0;
  const mute = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, out) {
      if (pieces++ === 0) out.enqueue(piece);
    },
  });
  return new Response(answer.body!.pipeThrough(mute), answer);
};
