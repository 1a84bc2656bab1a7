import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ClientOptions, TimerStore } from "../src/index";
import { blockingFetch } from "./blockers";
import { DevServer } from "./devserver";
import { join } from "./people";
import { clientOf, deleteSavedToken, isLive, isPolling, password, runs, runsNot, reported, until } from "./person";

let server: DevServer;
beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());
afterEach(() => server.control("DELETE", "/faults"));

/** A fetch that records starts and stops with their keys, and loses some answers. */
function watched(lose: (n: number) => "before" | "after" | "early" | "no-keys" | undefined) {
  const sent: { path: string; key: string | null; issueKey: string; stopOthers?: boolean }[] = [];
  const watching: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    if (init?.method !== "POST" || !/start|stop/.test(pathname)) return fetch(input, init);
    const headers = new Headers(init.headers);
    sent.push({ path: pathname, key: headers.get("Idempotency-Key"), ...(JSON.parse(init.body as string) as { issueKey: string; stopOthers?: boolean }) });
    const lost = lose(sent.length);
    if (lost === "before") throw new TypeError("fetch failed");
    if (lost === "no-keys") return Response.json({ error: "IDEMPOTENCY_UNAVAILABLE", message: "Not now.", statusCode: 503 }, { status: 503 });
    if (lost === "early") {
      void fetch(input, init); // it arrives, but its answer is lost
      throw new TypeError("fetch failed");
    }
    const answer = await fetch(input, init);
    if (lost === "after") throw new TypeError("fetch failed");
    return answer;
  };
  return { sent, fetch: watching };
}

/** The number of a person's timers on an issue in Clockwork itself. */
async function runningOn(server: DevServer, account: string, issueKey: string): Promise<number> {
  const { timers } = await server.control<{ timers: { runningFor: string; issue: { key: string } }[] }>("GET", "/timers");
  return timers.filter((t) => t.runningFor === account && t.issue.key === issueKey).length;
}

describe("Clockwork refuses", () => {
  test("a start is undone", async () => {
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

  test("a stop is undone", async () => {
    const { store } = await join(server, "priya");
    const before = await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "status", operation: "clockwork.stop_timer", status: 500 });
    const stopped = store.stop();
    expect(store.getSnapshot().current).toBeNull();
    await expect(stopped).rejects.toMatchObject({ status: 502, code: "CLOCKWORK_UNAVAILABLE" });
    expect(store.getSnapshot().timers).toEqual(before.timers);
    expect(store.getSnapshot().error?.code).toBe("CLOCKWORK_UNAVAILABLE");
  });

  test("an error that nobody awaits is shown, and is no unhandled rejection", async () => {
    const { store } = await join(server, "linh");
    await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "status", operation: "clockwork.start_timer", status: 403 });
    void store.start({ issueKey: "PORTAL-301" });
    await until(store, (s) => s.error !== null);
  });
});

test("a start with a colleague's token fails, and says why", async () => {
  const client = clientOf(server);
  const [session, colleague] = [await client.login("linh", password), await client.login("tomasz", password)];
  const store = client.connect({ ...session, clockworkToken: await server.clockworkToken(colleague.userId) });
  onTestFinished(() => store.close());
  await until(store, isLive("websocket"));
  await store.start({ issueKey: "BILL-209" });
  const after = await until(store, (s) => s.error !== null);
  expect(after.error).toMatchObject({
    code: "CLOCKWORK_TOKEN_OF_ANOTHER",
    message: "BILL-209 did not stay running in Clockwork: this token belongs to somebody else. Connect your own.",
  });
  await until(store, runsNot("BILL-209"));
});

describe("equal requests are sent once", () => {
  test("double clicks", async () => {
    const { sent, fetch } = watched(() => undefined);
    const { store } = await join(server, "minh", { fetch });
    await until(store, isLive("websocket"));
    await Promise.all([store.start({ issueKey: "OPS-64" }), store.start({ issueKey: "ops-64" })]);
    await until(store, reported("OPS-64"));
    await Promise.all([store.stop({ issueKey: "OPS-64" }), store.stop({ issueKey: "OPS-64" }), store.stop({ issueKey: "OPS-64" })]);
    expect(sent.map((s) => s.path)).toEqual(["/api/timers/start", "/api/timers/stop"]);
  });

  test("a stop during a start is sent after it", async () => {
    const { sent, fetch } = watched(() => undefined);
    const { store } = await join(server, "tomasz", { fetch });
    const before = await until(store, isLive("websocket"));
    const started = store.start({ issueKey: "OPS-57" });
    const stopped = store.stop({ issueKey: "OPS-57" });
    expect(store.getSnapshot().current, "shown at once").toEqual(before.current);
    await Promise.all([started, stopped]);
    expect(sent.map((s) => s.path)).toEqual(["/api/timers/start", "/api/timers/stop"]);
    expect((await until(store, (s) => s.timers.some((t) => t.issueKey === "OPS-57" && t.status === "stopped" && t.seq > 0))).current).toEqual(before.current);
  });
});

describe("a request whose answer is lost is repeated with the same key", () => {
  const cases = { "which-never-arrived": "before", "whose-answer-was-lost": "after" } as const;
  for (const [name, lost] of Object.entries(cases)) {
    test(`a start ${name}`, async () => {
      const { sent, fetch } = watched((n) => (n === 1 ? lost : undefined));
      const { store, session } = await join(server, lost === "before" ? "noah" : "aiko", { fetch, timing: { retryPause: 20 } });
      await until(store, isLive("websocket"));
      await store.start({ issueKey: "OPS-64" });
      await until(store, reported("OPS-64"));
      expect(store.getSnapshot().error).toBeNull();
      expect(sent).toHaveLength(2);
      expect(sent[0]!.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(sent[1]!.key).toBe(sent[0]!.key);
      expect(await runningOn(server, session.userId, "OPS-64")).toBe(1);
    });
  }

  test("a start whose first call is still in progress", async () => {
    const { sent, fetch } = watched((n) => (n === 1 ? "early" : undefined));
    const { store, session } = await join(server, "duc", { fetch, timing: { retryPause: 20 } });
    await until(store, isLive("websocket"));
    await server.control("POST", "/faults", { kind: "delay", operation: "clockwork.start_timer", delayMs: 500, count: 1 });
    await store.start({ issueKey: "OPS-64" });
    await until(store, reported("OPS-64"));
    expect(new Set(sent.map((s) => s.key)).size).toBe(1);
    expect(await runningOn(server, session.userId, "OPS-64")).toBe(1);
  });

  test("but without a key if the server cannot store keys", async () => {
    const { sent, fetch } = watched((n) => (n === 1 ? "no-keys" : undefined));
    const { store } = await join(server, "marcus", { fetch });
    await until(store, isLive("websocket"));
    await store.start({ issueKey: "OPS-64" });
    expect(sent.map((s) => s.key !== null)).toEqual([true, false]);
  });

  test("but not a third time", async () => {
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

test("an accepted write is shown although its event is late", async () => {
  let allowListings = () => {};
  const listings = new Promise<void>((allow) => (allowListings = allow));
  const { store } = await join(server, "sofia", { WebSocket: null, fetch: muteStream(listings), timing: { confirmTimeout: 300 } });
  await until(store, isLive("sse"));
  await store.start({ issueKey: "OPS-64" });
  expect(store.getSnapshot().current).toMatchObject({ issueKey: "OPS-64", seq: 0 });
  expect(store.getSnapshot().current).not.toHaveProperty("pending");
  // if the event does not arrive, the client reads the list
  allowListings();
  await until(store, (s) => runs("OPS-64")(s) && s.current!.seq > 0);
});

/** A fetch whose event streams send nothing after the state, and which delays GET /timers. */
const muteStream =
  (listings: Promise<void>): typeof fetch =>
  async (input, init) => {
    if (String(input).endsWith("/timers")) await listings;
    const answer = await fetch(input, init);
    if (!String(input).includes("/stream")) return answer;
    const decoder = new TextDecoder();
    let said = "";
    const mute = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, out) {
        if (/"event":"state".*\n\n/s.test(said)) return;
        said += decoder.decode(piece, { stream: true });
        out.enqueue(piece);
      },
    });
    return new Response(answer.body!.pipeThrough(mute), answer);
  };

test("if a login is required, without an own Clockwork token", async () => {
  const strict = await DevServer.start({ AUTH_MODE: "required" });
  onTestFinished(() => strict.stop());
  const open = async (username: string, options: Partial<ClientOptions> = {}) => {
    const client = clientOf(strict, options);
    const store = client.connect(await client.login(username, password));
    onTestFinished(() => store.close());
    return store;
  };
  const owner = await open("hannah"); // the server has her token
  await until(owner, isLive("websocket"));
  await owner.start({ issueKey: "PORTAL-301" });
  await until(owner, reported("PORTAL-301"));

  await deleteSavedToken(strict, "linh");
  const other = await open("linh", { WebSocket: null, fetch: blockingFetch((path) => (path.includes("stream") ? "missing" : undefined)) });
  const before = await until(other, isPolling);
  expect(before.current).not.toBeNull();
  await expect(other.start({ issueKey: "OPS-64" })).rejects.toMatchObject({ code: "CLOCKWORK_TOKEN_REQUIRED", status: 401 });
  expect(other.getSnapshot()).toMatchObject({ status: { kind: "polling" }, timers: before.timers }); // the login has not ended
});

describe("a switch", () => {
  /** The issues that each snapshot of a store shows as running. */
  function shown(store: TimerStore): string[][] {
    const seen: string[][] = [];
    onTestFinished(store.subscribe(() => void seen.push(store.getSnapshot().timers.filter((t) => t.status === "running").map((t) => t.issueKey ?? t.id))));
    return seen;
  }

  test("is one request, and no snapshot shows both timers or none", async () => {
    const { sent, fetch } = watched((n) => (n === 2 ? "after" : undefined));
    const { store, session } = await join(server, "hannah", { fetch, timing: { retryPause: 20 } });
    await until(store, isLive("websocket"));
    await store.start({ issueKey: "OPS-64" });
    await until(store, reported("OPS-64"));
    const seen = shown(store);
    await store.start({ issueKey: "OPS-57", stopOthers: true });
    await until(store, reported("OPS-57"));
    await until(store, runsNot("OPS-64"));
    expect(new Set(seen.map(String))).toEqual(new Set(["OPS-57"]));
    expect(sent.slice(1)).toMatchObject([{ path: "/api/timers/start", issueKey: "OPS-57", stopOthers: true }, { key: sent[1]!.key }]);
    expect(await runningOn(server, session.userId, "OPS-64")).toBe(0);
    expect(await runningOn(server, session.userId, "OPS-57")).toBe(1);
    await store.stop();
  });

  test("during the first start is sent after it", async () => {
    const { sent, fetch } = watched(() => undefined);
    const { store, session } = await join(server, "hannah", { fetch });
    await until(store, isLive("websocket"));
    const first = store.start({ issueKey: "OPS-64" });
    const second = store.start({ issueKey: "OPS-57", stopOthers: true });
    expect(store.getSnapshot().timers.filter((t) => t.status === "running")).toMatchObject([{ issueKey: "OPS-57" }]);
    const back = store.start({ issueKey: "OPS-64", stopOthers: true });
    await Promise.all([first, second, back]);
    await until(store, (s) => reported("OPS-64")(s) && runsNot("OPS-57")(s));
    expect(sent.map((s) => s.issueKey)).toEqual(["OPS-64", "OPS-57", "OPS-64"]);
    expect(await runningOn(server, session.userId, "OPS-57")).toBe(0);
    await store.stop();
  });

  test.each([
    ["start", "stopped", ["OPS-64"]],
    ["stop", "running", undefined],
  ] as const)("whose %s is refused leaves the other timer %s", async (operation, status, stopped) => {
    const { store } = await join(server, "hannah");
    await until(store, isLive("websocket"));
    await store.start({ issueKey: "OPS-64" });
    await until(store, reported("OPS-64"));
    await server.control("POST", "/faults", { kind: "status", operation: `clockwork.${operation}_timer`, status: 403, count: 1 });
    const switched = store.start({ issueKey: "OPS-57", stopOthers: true });
    await expect(switched).rejects.toMatchObject({ status: 403, ...(stopped && { stopped }) });
    const after = await until(store, (s) => s.timers.every((t) => !t.pending));
    expect(after.timers.find((t) => t.issueKey === "OPS-64")?.status).toBe(status);
    expect(after.timers.some((t) => t.issueKey === "OPS-57" && t.status === "running")).toBe(false);
    await store.stop({ issueKey: "OPS-64" });
  });

  test("also stops a timer that Clockwork does not have", async () => {
    const { store } = await join(server, "hannah");
    await until(store, isLive("websocket"));
    await store.start({});
    await store.start({ issueKey: "OPS-64", stopOthers: true });
    const after = await until(store, (s) => reported("OPS-64")(s) && s.timers.every((t) => !t.pending));
    expect(after.timers.filter((t) => t.status === "running")).toMatchObject([{ issueKey: "OPS-64" }]);
    await store.stop();
  });
});
