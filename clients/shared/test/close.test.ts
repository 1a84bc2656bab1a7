import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { TimerState, WebSocketConstructor } from "../src/index";
import { blockingFetch } from "./blockers";
import { DevServer } from "./devserver";
import { clientOf, isLive, isPolling, logIn, until, WebSocket } from "./person";
import { Network, Timers } from "./environment";

let server: DevServer;
beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());

const noStream = blockingFetch((path) => (path.includes("stream") ? "missing" : undefined));
const ways: Record<string, [WebSocketConstructor | null, typeof fetch, ((s: TimerState) => boolean) | undefined]> = {
  websocket: [WebSocket, fetch, isLive("websocket")],
  sse: [null, fetch, isLive("sse")],
  polling: [null, noStream, isPolling],
  "before-it-is-open": [WebSocket, fetch, undefined],
};

for (const [name, [Socket, fetching, there]] of Object.entries(ways)) {
  test(`nothing is left after close: ${name}`, async () => {
    const network = new Network();
    const timers = new Timers();
    const sockets: WebSocket[] = [];
    const Counted =
      Socket &&
      (class extends Socket {
        constructor(url: string, protocols?: string[]) {
          super(url, protocols);
          sockets.push(this as unknown as WebSocket);
        }
      } as WebSocketConstructor);
    let underWay = 0;
    const counted: typeof fetch = async (input, init) => {
      underWay++;
      try {
        return await fetching(input, init);
      } finally {
        underWay--;
      }
    };
    const client = clientOf(server, { WebSocket: Counted, fetch: counted, after: timers.after, environment: network });
    const store = client.connect(await logIn(server, "hannah"));
    if (there) await until(store, there);
    let heard = 0;
    store.subscribe(() => heard++);

    expect(timers.pending).toBeGreaterThan(0);
    expect(network.listeners.size).toBe(1);
    store.close();
    store.close(); // a second call does nothing
    const before = heard;
    await vi.waitFor(() => expect([timers.pending, underWay, network.listeners.size]).toEqual([0, 0, 0]), { timeout: 15_000 });
    await vi.waitFor(() => expect(sockets.every((s) => s.readyState === 3)).toBe(true), { timeout: 15_000 });
    expect(heard).toBe(before);
  });
}

test("stores of one session share a connection until the last one closes", async () => {
  const sockets: unknown[] = [];
  class Counted extends WebSocket {
    constructor(url: string, protocols?: string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const client = clientOf(server, { WebSocket: Counted });
  const session = await logIn(server, "hannah");
  const [a, b] = [client.connect(session), client.connect(session)];
  await until(a, isLive("websocket"));
  expect(b.getSnapshot()).toBe(a.getSnapshot());
  expect(sockets).toHaveLength(1);
  let heard = 0;
  a.subscribe(() => heard++);
  a.close();
  await b.start({ comment: "Still open" });
  expect(heard).toBe(0);
  await b.stop();
  b.close();
  const c = client.connect(session);
  await until(c, isLive("websocket"));
  expect(sockets).toHaveLength(2);
  await client.logout();
  expect(c.socket()).toBeNull();
  await expect(client.issues.search("x")).rejects.toMatchObject({ code: "SESSION_EXPIRED" });
});
