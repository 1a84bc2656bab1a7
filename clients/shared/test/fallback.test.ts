import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ClientOptions, TimerStore } from "../src/index";
import { blockedWebSockets, blockingFetch } from "./blockers";
import { DevServer } from "./devserver";
import { clientOf, connect, isLive, isPolling, logIn, runs, runsNot, until, WebSocket } from "./person";
import { withinTwoSeconds } from "./promise";

let server: DevServer;
const stores: TimerStore[] = [];

beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});

async function person(username: string, options: Partial<ClientOptions> = {}): Promise<TimerStore> {
  const { store } = await connect(server, username, options);
  stores.push(store);
  return store;
}

/** The expected transport connects within two seconds, and shows another client's changes within two seconds. */
async function holds(username: string, options: Partial<ClientOptions>, there: (s: ReturnType<TimerStore["getSnapshot"]>) => boolean): Promise<void> {
  const session = await logIn(server, username);
  let store!: TimerStore;
  await withinTwoSeconds("there", async () => {
    const began = performance.now();
    stores.push((store = clientOf(server, options).connect(session)));
    await until(store, there);
    return performance.now() - began;
  });
  const other = await person(username);
  await until(other, isLive("websocket"));

  await withinTwoSeconds("start and stop each", async () => {
    const asked = performance.now();
    await other.start({ issueKey: "OPS-64" });
    await until(store, runs("OPS-64"));
    const started = performance.now();
    await other.stop({ issueKey: "OPS-64" });
    await until(store, runsNot("OPS-64"));
    return Math.max(started - asked, performance.now() - started);
  });
  expect(store.getSnapshot().timers.filter((t) => t.status === "running")).toEqual(
    other.getSnapshot().timers.filter((t) => t.status === "running").map((t) => expect.objectContaining({ id: t.id, startedAt: t.startedAt })),
  );
}

describe("an event stream if WebSockets are blocked", () => {
  for (const [name, WebSocket] of Object.entries(blockedWebSockets)) {
    test(name, () => holds("linh", { WebSocket }, isLive("sse")));
  }
});

describe("long polls if streams are blocked too", () => {
  const stream = (how: "hangs" | "fails" | "missing") => blockingFetch((path) => (path === "/api/timers/stream" ? how : undefined));
  test("both-hang", () => holds("minh", { WebSocket: blockedWebSockets["never-opens"]!, fetch: stream("hangs") }, isPolling));
  test("the-stream-fails", () => holds("tomasz", { WebSocket: null, fetch: stream("fails") }, isPolling));
  test("functions-have-neither", () => holds("emily", { WebSocket: blockedWebSockets["refused-by-something-between"]!, fetch: stream("missing") }, isPolling));
});

test("a better transport is used when it becomes available", async () => {
  let blocked = true;
  class Gate extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      if (blocked) throw new Error("blocked");
      super(url, protocols);
    }
  }
  const fetch = blockingFetch((path) => (blocked && path === "/api/timers/stream" ? "missing" : undefined));
  const store = await person("sofia", { WebSocket: Gate, fetch, timing: { upgradeAfter: 100 } });
  await until(store, isPolling);
  blocked = false;
  await until(store, isLive("websocket"));
  expect(store.socket()).not.toBeNull();
});

test("for a person without a Clockwork account the client polls GET /timers", async () => {
  const asked: string[] = [];
  const fetch = blockingFetch((path) => (path === "/api/timers/stream" ? "missing" : undefined), asked);
  const refusing: typeof globalThis.fetch = async (input, init) =>
    String(input).includes("/active") ? Response.json({ error: "FORBIDDEN", message: "You may only ask for your own account.", statusCode: 403 }, { status: 403 }) : fetch(input, init);
  const store = await person("marcus", { WebSocket: null, fetch: refusing, timing: { pollPause: 50 } });
  const other = await person("marcus");
  await until(other, isLive("websocket"));
  await until(store, isPolling);
  await other.start({ comment: "Not in Jira" });
  await until(store, (s) => s.current?.comment === "Not in Jira");
  await other.stop();
});
