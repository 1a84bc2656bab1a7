import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { ClientOptions, ConnectionStatus, TimerStore } from "../src/index";
import { blockingFetch, losing } from "./blockers";
import { DevServer } from "./devserver";
import { join } from "./people";
import { clientOf, isLive, isPolling, logIn, runs, reported, until, WebSocket } from "./person";
import { NetworkProxy } from "./proxy";
import { Network, Timers } from "./environment";
import { tokenFor } from "./tokens";

const folder = mkdtempSync(path(tmpdir(), "clockwork-"));
let server: DevServer;
let proxy: NetworkProxy;

beforeAll(async () => void (server = await DevServer.start({ DATABASE_URL: `sqlite://${folder}/timers.db` })));
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  const p = (proxy = await NetworkProxy.to(server.port));
  onTestFinished(() => p.close());
});

/** All statuses of the store so far. */
function statuses(store: TimerStore): ConnectionStatus[] {
  const all: ConnectionStatus[] = [];
  let last = store.getSnapshot().status;
  store.subscribe(() => {
    const { status } = store.getSnapshot();
    if (status !== last) all.push((last = status));
  });
  return all;
}

describe("a server that is killed and comes back", () => {
  for (const end of ["kill", "stop"] as const) {
    test(end, async () => {
      const screens = [await join(server, "linh"), await join(server, "linh", { WebSocket: null }), await join(server, "linh")];
      const [first, stream, last] = screens.map((s) => s.store) as [TimerStore, TimerStore, TimerStore];
      const allLive = () => Promise.all([until(first, isLive("websocket")), until(stream, isLive("sse")), until(last, isLive("websocket"))]);
      await allLive();
      await first.start({ comment: `Before the ${end}` });
      await until(last, (s) => s.current?.comment === `Before the ${end}`);

      await server[end]();
      const lost = await Promise.all(screens.map(({ store }) => until(store, (s) => s.status.kind === "reconnecting")));
      expect(lost[0]!.timers).toEqual(last.getSnapshot().timers); // the last known state stays on the screen
      await server.start();
      const began = performance.now();
      await allLive();
      console.log(`all back ${(performance.now() - began).toFixed(0)} ms after the server, ${end}`);

      await last.start({ comment: `After the ${end}` });
      const states = await Promise.all(screens.map(({ store }) => until(store, (s) => s.current?.comment === `After the ${end}`)));
      const truth = await screens[0]!.client.timers.list();
      for (const state of states) {
        expect(state.timers.filter((t) => t.status === "running").map((t) => t.id)).toEqual(truth.timers.filter((t) => t.status === "running").map((t) => t.id));
      }
      await first.stop();
    });
  }
});

test("the state of a server that has lost its data is accepted", async () => {
  const forgetful = await DevServer.start();
  onTestFinished(() => forgetful.stop());
  const network = await NetworkProxy.to(forgetful.port);
  onTestFinished(() => network.close());
  const { store, client } = await join(forgetful, "priya", { baseUrl: network.url });
  await until(store, isLive("websocket"));
  await store.start({ comment: "Will be forgotten" });
  network.refuse(true);
  await forgetful.kill();
  await until(store, (s) => s.status.kind === "reconnecting");
  await forgetful.start();
  // Before this client reconnects, the server has given the same numbers to other changes.
  const other = await join(forgetful, "priya");
  await until(other.store, isLive("websocket"));
  for (const comment of ["One", "Two", "Three"]) await other.store.start({ comment });
  network.refuse(false);
  store.retryNow();
  const state = await until(store, (s) => s.current?.comment === "Three" && !s.timers.some((t) => t.comment === "Will be forgotten"));
  const truth = await client.timers.list();
  expect(state.timers.map((t) => [t.id, t.status, t.seq])).toEqual(truth.timers.map((t) => [t.id, t.status, t.seq]));
});

test("missed changes are sent after a reconnect, by seq", async () => {
  const { WebSocket, urls } = losing(() => false);
  const { store, session } = await join(server, "minh", { baseUrl: proxy.url, WebSocket });
  const other = await join(server, "minh");
  await Promise.all([until(store, isLive("websocket")), until(other.store, isLive("websocket"))]);
  await other.store.start({ comment: "Known" });
  const { seq } = (await until(store, (s) => s.current?.comment === "Known")).current!;
  proxy.refuse(true);
  await until(store, (s) => s.status.kind === "reconnecting");
  await other.store.start({ comment: "Missed" });
  proxy.refuse(false);
  store.retryNow();
  await until(store, (s) => s.current?.comment === "Missed" && isLive("websocket")(s));
  expect(urls.at(-1)).toContain(`/ws?since=${seq - 1}`);
  expect(urls.join()).not.toContain(session.token);
});

test("a gap is noticed, and the missing change is fetched", async () => {
  let lost = 0;
  const { WebSocket, urls } = losing((text) => text.includes('"Lost"') && lost++ === 0);
  const { store } = await join(server, "tomasz", { WebSocket });
  const other = await join(server, "tomasz");
  await Promise.all([until(store, isLive("websocket")), until(other.store, isLive("websocket"))]);
  await other.store.start({ comment: "Lost" });
  await other.store.start({ comment: "Heard" });
  const state = await until(store, (s) => s.current?.comment === "Heard" && isLive("websocket")(s));
  expect(state.timers.map((t) => t.comment)).toContain("Lost");
  expect(urls).toHaveLength(2);
});

test("a connection that is open only on this side is noticed", async () => {
  let answers = 0;
  const { WebSocket } = losing((text) => text.includes('"id":"ping"') && ++answers < 0);
  const { store } = await join(server, "emily", { baseUrl: proxy.url, WebSocket, timing: { idleTimeout: 50, pongTimeout: 6000 } });
  await until(store, isLive("websocket"));
  const all = statuses(store);
  const other = await join(server, "emily");
  await until(other.store, isLive("websocket"));
  await vi.waitFor(() => expect(answers).toBeGreaterThan(2), { timeout: 30_000 }); // after each silence
  expect(all).toEqual([]);
  expect(JSON.stringify(store.lastMessage())).not.toContain("ping");
  proxy.freeze();
  await until(store, (s) => s.status.kind === "reconnecting");
  await other.store.start({ issueKey: "OPS-64" });
  proxy.thaw();
  store.retryNow();
  await until(store, runs("OPS-64"));
});

test("after sleep the connection is checked", async () => {
  let slept = 0;
  const { store } = await join(server, "noah", { baseUrl: proxy.url, now: () => Date.now() + slept, timing: { sleepCheck: 50, pongTimeout: 100 } });
  await until(store, isLive("websocket"));
  proxy.freeze(); // like a network that has dropped this machine's connections
  slept = 3600_000;
  const { status } = await until(store, (s) => s.status.kind === "reconnecting");
  expect(status).toMatchObject({ since: expect.toSatisfy((since: number) => since <= Date.now()) }); // before it slept
  proxy.thaw();
  await until(store, isLive("websocket"));
});

test("the status is offline as long as the machine reports that, and \"online\" reconnects at once", async () => {
  const network = new Network();
  const began = Date.now();
  const { store } = await join(server, "aiko", { baseUrl: proxy.url, environment: network, timing: { minDelay: 60_000, maxDelay: 60_000 }, random: () => 1 });
  await until(store, isLive("websocket"));
  proxy.refuse(true);
  network.happens("offline");
  const { status } = await until(store, (s) => s.status.kind === "offline");
  expect(status).toMatchObject({ since: expect.toSatisfy((since: number) => since >= began && since <= Date.now()) });
  proxy.refuse(false);
  network.happens("online");
  await until(store, isLive("websocket"));
});

test("a machine that wrongly reports offline stays live", async () => {
  const network = new Network();
  const asked: string[] = [];
  const { store } = await join(server, "james", { environment: network, fetch: blockingFetch(() => undefined, asked) });
  await until(store, isLive("websocket"));
  const all = statuses(store);
  const before = asked.length;
  network.happens("offline");
  await store.start({ issueKey: "OPS-64" }); // which takes longer than the check
  await until(store, reported("OPS-64"));
  expect(asked.slice(before)).toContain("/api/timers");
  expect(all).toEqual([]);
});

describe("an expired login ends the connection, without further attempts", () => {
  const open = (token: string, userId: string, options: Partial<ClientOptions> = {}) => {
    const timers = new Timers();
    const client = clientOf(server, { after: timers.after, ...options });
    const store = client.connect({ token, userId, expiresAt: Infinity });
    onTestFinished(() => store.close());
    return { store, timers, client };
  };
  /** Seconds, in which even a busy machine connects. */
  const lifetime = 12;
  const over = async ({ store, timers }: ReturnType<typeof open>) => {
    await until(store, (s) => s.status.kind === "expired");
    store.retryNow();
    await vi.waitFor(() => expect(timers.pending).toBe(0), { timeout: 10_000 }); // so there will be no further attempt
    expect(store.getSnapshot().status).toEqual({ kind: "expired" });
    expect(store.socket()).toBeNull();
  };

  test("before it connects", async () => {
    const { userId } = await logIn(server, "priya");
    const opened = open(tokenFor(userId, -1), userId);
    await over(opened);
    await expect(opened.store.start({ comment: "x" })).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  });

  test("while a WebSocket is open", async () => {
    const { userId } = await logIn(server, "priya");
    const opened = open(tokenFor(userId, lifetime), userId);
    await until(opened.store, isLive("websocket"));
    await over(opened);
  });

  test("while a stream is open, reported by a call", async () => {
    const { userId } = await logIn(server, "priya");
    const opened = open(tokenFor(userId, lifetime), userId, { WebSocket: null });
    await until(opened.store, isLive("sse"));
    const expired = until(opened.store, (s) => s.status.kind === "expired");
    const asking = setInterval(() => opened.store.retryNow(), 50);
    await expired.finally(() => clearInterval(asking));
    await over(opened);
  });

  test("while polling", async () => {
    const { userId } = await logIn(server, "priya");
    const fetch = blockingFetch((path) => (path.includes("stream") ? "missing" : undefined));
    const opened = open(tokenFor(userId, lifetime), userId, { WebSocket: null, fetch, timing: { pollPause: 10, pollWait: 0 } });
    await until(opened.store, isPolling);
    await over(opened);
  });

  test("by this machine's clock", async () => {
    const client = clientOf(server);
    const session = await logIn(server, "priya", client);
    const store = client.connect(session);
    onTestFinished(() => store.close());
    await until(store, isLive("websocket"));
    const renewed = client.connect({ ...session, expiresAt: Date.now() });
    onTestFinished(() => renewed.close());
    await until(store, (s) => s.status.kind === "expired");
    const next = client.connect(await logIn(server, "priya", client)); // a new session connects again
    onTestFinished(() => next.close());
    await until(next, isLive("websocket"));
  });

  test("a call says so too", async () => {
    const { userId } = await logIn(server, "priya");
    const { client } = open(tokenFor(userId, -1), userId, { WebSocket });
    await expect(client.timers.list()).rejects.toMatchObject({ code: "UNAUTHORIZED", status: 401 });
  });
});

test("the delays between attempts grow", async () => {
  const timers = new Timers();
  const timing = { minDelay: 20, maxDelay: 160, stableAfter: 0 };
  const { store } = await join(server, "sofia", { baseUrl: proxy.url, after: timers.after, random: () => 1, timing });
  await until(store, isLive("websocket"));
  const all = statuses(store);
  proxy.refuse(true);
  await until(store, (s) => s.status.kind === "reconnecting" && s.status.attempt === 6);
  expect(timers.asked.filter((pause) => [20, 40, 80, 160].includes(pause))).toEqual([20, 40, 80, 160, 160, 160]);
  const tries = all.filter((s) => s.kind === "reconnecting");
  expect(tries.map((s) => s.attempt)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(new Set(tries.map((s) => s.since)).size).toBe(1);
  proxy.refuse(false);
  await until(store, isLive("websocket"));
});
