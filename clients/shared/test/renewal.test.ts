import { describe, expect, test } from "vitest";
import { createClient, type Client } from "../src/index";
import { Network } from "./environment";

const granted = { access_token: "access-1", token_type: "Bearer", expires_in: 900, user_id: "linh", session_id: "s1", refresh_token: "refresh-1" };
const minute = 60_000;

/** A clock that a test moves. It runs due timers, as a machine does when it wakes up. */
class FakeTime {
  now = 0;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  after = (milliseconds: number, run: () => void) => {
    const timer = { at: this.now + milliseconds, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Lets time pass: in small steps, or at once if the machine sleeps. */
  async pass(milliseconds: number, step = 1_000): Promise<void> {
    const end = this.now + milliseconds;
    while (this.now < end) {
      this.now = Math.min(this.now + step, end);
      for (const timer of [...this.#timers]) {
        if (timer.at > this.now || !this.#timers.delete(timer)) continue;
        timer.run();
      }
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }
}

type Reply = { status: number; body?: object; headers?: Record<string, string> } | "silence";

/** A client, with a fake server. */
async function world(): Promise<{ client: Client; time: FakeTime; network: Network; replies: Reply[]; refreshes: string[]; calls: string[]}> {
  const time = new FakeTime();
  const network = new Network();
  const replies: Reply[] = [];
  const refreshes: string[] = [];
  const calls: string[] = [];
  let n = 1;
  let issuedAt = 0;
  const json = (status: number, body: object, headers = {}) => new Response(JSON.stringify(body), { status, headers });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    const sent = init?.body ? JSON.parse(String(init.body)) : {};
    const token = new Headers(init?.headers).get("Authorization") ?? "";
    calls.push(`${init?.method} ${pathname} ${token}`);
    if (pathname === "/api/login") return json(200, granted);
    if (pathname === "/api/auth/logout") return json(200, { ended: 1 });
    if (pathname !== "/api/auth/token") return token === `Bearer access-${n}` && time.now < issuedAt + 15 * minute ? json(200, { timers: [], issues: [] }) : json(401, { error: "UNAUTHORIZED", message: "Log in." });
    refreshes.push(sent.refresh_token);
    const reply = replies.shift() ?? { status: 200 };
    if (reply === "silence") throw new TypeError("network");
    if (reply.status !== 200) return json(reply.status, { error: "REFUSED", message: "No.", ...reply.body }, reply.headers);
    n++;
    issuedAt = time.now;
    return json(200, { ...granted, access_token: `access-${n}`, refresh_token: `refresh-${n}`, ...reply.body });
  };
  const client = createClient({ baseUrl: "https://timers.example.com", fetch, WebSocket: null, now: () => time.now, random: () => 1, after: time.after, environment: network });
  client.connect(await client.login("linh", "secret", { stay: true }));
  await time.pass(10, 10);
  return { client, time, network, replies, refreshes, calls };
}

const statusOf = (client: Client) => {
  const store = client.connect(client.session!);
  const { kind } = store.getSnapshot().status;
  store.close();
  return kind;
};

describe("a session's token", () => {
  test("is renewed after 80 % of its life, each time with the newest refresh token", async () => {
    const { client, time, refreshes } = await world();
    const seen: string[] = [];
    client.watch(({ token, id }) => seen.push(`${id} ${token}`));
    await time.pass(12 * minute - 2_000);
    expect(refreshes).toEqual([]);
    await time.pass(3_000);
    await time.pass(12 * minute);
    expect(refreshes).toEqual(["refresh-1", "refresh-2"]);
    expect(seen).toEqual(["s1 access-2", "s1 access-3"]);
    expect(client.session).toMatchObject({ token: "access-3", id: "s1" });
  });

  test("is renewed soon after sleep, and at once when the page becomes visible", async () => {
    for (const seen of [false, true]) {
      const { time, network, refreshes } = await world();
      time.now += 8 * 60 * minute; // no timer runs meanwhile
      if (seen) network.happens("visible");
      await time.pass(seen ? 1 : 10_000);
      expect(refreshes.length).toBe(1);
    }
  });

  const trouble: Record<string, Reply> = {
    "the server fails": { status: 503 },
    "the server asks to wait": { status: 429, headers: { "Retry-After": "20" } },
    "nobody answers": "silence",
  };
  for (const [name, reply] of Object.entries(trouble)) {
    test(`is requested again if ${name}`, async () => {
      const { client, time, replies, refreshes } = await world();
      replies.push(reply, reply, reply);
      await time.pass(15 * minute);
      expect(refreshes.length).toBe(4);
      expect(client.session?.token).toBe("access-2");
      expect(statusOf(client)).not.toBe("expired");
    });
  }

  test("waits as long as the server asks", async () => {
    const { time, replies, refreshes } = await world();
    replies.push({ status: 429, headers: { "Retry-After": "120" } });
    await time.pass(12 * minute + 100_000);
    expect(refreshes.length).toBe(1);
    await time.pass(40_000);
    expect(refreshes.length).toBe(2);
  });

  test("that the server refuses with 401 ends the session, and is not requested again", async () => {
    const { client, time, replies, refreshes } = await world();
    const store = client.connect(client.session!);
    replies.push({ status: 401 });
    await time.pass(60 * minute);
    expect(refreshes.length).toBe(1);
    expect(store.getSnapshot().status.kind).toBe("expired");
    await expect(client.timers.list()).rejects.toMatchObject({ status: 401 });
  });

  test("of somebody else, who has logged in in this browser, ends the session", async () => {
    const { client, time, replies } = await world();
    const store = client.connect(client.session!);
    replies.push({ status: 200, body: { user_id: "minh" } });
    await time.pass(13 * minute);
    expect(store.getSnapshot().status.kind).toBe("expired");
    expect(client.session?.userId).toBe("linh");
  });
});

test("calls whose token has expired are repeated with the next token, which is requested once", async () => {
  const { client, time, refreshes } = await world();
  time.now += 20 * minute;
  const lists = [client.timers.list(), client.timers.list(), client.issues.search("x")];
  await time.pass(100);
  await expect(Promise.all(lists)).resolves.toHaveLength(3);
  expect(refreshes).toEqual(["refresh-1"]);
});

test("a call whose token cannot be renewed at the moment fails, and the session stays", async () => {
  const { client, time, replies } = await world();
  replies.push("silence");
  time.now += 20 * minute;
  await expect(Promise.all([client.timers.list(), time.pass(100)])).rejects.toMatchObject({ code: "NETWORK" });
  expect(statusOf(client)).not.toBe("expired");
});

test("an older copy of the session does not restore its older token", async () => {
  const { client, time } = await world();
  const old = client.session!;
  await time.pass(13 * minute);
  client.connect({ ...old, clockworkToken: "own" }).close();
  expect(client.session).toMatchObject({ token: "access-2", refreshToken: "refresh-2", clockworkToken: "own" });
  await time.pass(12 * minute);
  expect(client.session).toMatchObject({ token: "access-3", clockworkToken: "own" });
});

test("a stored session is resumed. It ends on 401, but not if the server does not answer", async () => {
  const { client, replies } = await world();
  expect(await client.resume("refresh-1")).toMatchObject({ token: "access-2", refreshToken: "refresh-2" });
  replies.push({ status: 401 });
  expect(await client.resume("refresh-2")).toBeNull();
  replies.push({ status: 502 });
  await expect(client.resume("refresh-2")).rejects.toMatchObject({ status: 502 });
});

test("a logout ends the session on the server, with a valid token", async () => {
  const { client, time, calls } = await world();
  await client.logout();
  expect(calls.at(-1)).toBe("POST /api/auth/logout Bearer access-1");
  expect(client.session).toBeNull();
  const before = calls.length;
  await time.pass(60 * minute);
  expect(calls.length, "there are no calls afterwards").toBe(before);
});

test("a logout after sleep renews the token first", async () => {
  const { client, time, calls } = await world();
  time.now += 60 * minute;
  await client.logout({ everywhere: true });
  expect(calls.at(-1)).toBe("POST /api/auth/logout Bearer access-2");
});
