import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer, type WebSocket as ServerSocket } from "ws";
import { TeamStore, type TeamState } from "../src/team";
import { applyChange, applyTeam, emptyTeam } from "../src/team/state";
import { parseTeamMessage, type WireMember, type WireTeam } from "../src/team/wire";
import { clientOf } from "./person";

const asOf = "2026-11-26T09:00:00Z";

/** A member with one timer that has counted that many seconds. Without a key there is no timer. */
function member(accountId: string, status: WireMember["status"], issueKey?: string, tillNow = 0): WireMember {
  const timer = { id: 7, startedAt: "2026-11-26T08:00:00Z", finishedAt: null, comment: null, runningFor: accountId, tillNow, worklogCount: 0, withinWorkingHours: status === "working", startedWithinWorkingHours: true };
  return { accountId, displayName: accountId, status, timers: issueKey ? [{ ...timer, issue: { key: issueKey, id: 1 } }] : [] };
}

const team = (...members: WireMember[]): WireTeam => ({ members, asOf, syncedAt: asOf });

test("people who work come first, the longest first; then people on hold, then the others by name", () => {
  const { members } = applyTeam(emptyTeam, team(member("zoe", "idle"), member("ann", "on_hold", "A-1", 9000), member("ben", "on_hold", "A-1", 9001), member("short", "working", "A-1", 60), member("bob", "idle"), member("hidden", "working"), member("long", "working", "A-2", 3600)));
  expect(members.map((m) => m.accountId)).toEqual(["long", "short", "hidden", "ben", "ann", "bob", "zoe"]);
  expect(members[4]?.timers[0]).toMatchObject({ onHold: true, countedSeconds: 9000 });
});

test("a change replaces, adds and removes people; unchanged people keep their count", () => {
  const before = applyTeam(emptyTeam, team(member("linh", "working", "A-1", 60), member("minh", "working", "A-2", 30), member("duc", "idle")), 4);
  const change = { seq: 5, members: [member("linh", "working", "A-1", 63), member("emily", "idle")], removed: ["minh"], asOf: "2026-11-26T09:00:03.400Z" };
  const after = applyChange(before, change)!;
  expect(after.members.map((m) => m.accountId)).toEqual(["linh", "duc", "emily"]);
  expect(after.members[0]?.timers[0], "its clock does not jump").toMatchObject({ countedSeconds: 60, countedAt: asOf });
  expect(applyChange(after, change), "a repeated one changes nothing").toBe(after);
  expect(applyChange(after, { ...change, seq: 7 }), "one is missing").toBeUndefined();
  expect(applyChange(emptyTeam, { ...change, seq: 1 }), "the whole team must come first").toBeUndefined();
});

test("a team that was never synced is stale", () => {
  expect(applyTeam(emptyTeam, { members: [], asOf: null, syncedAt: null })).toMatchObject({ loaded: true, stale: true });
});

test.each(["", "[]", "null", '{"event":"state","payload":{"timers":[]}}', '{"event":"team_state","payload":{}}', '{"event":"team","payload":{"members":[]}}', '{"event":"error","payload":{"id":"ping"}}'])("ignores %s", (text) => {
  expect(parseTeamMessage(text)).toBeUndefined();
});

/** A server with the team's routes only. */
class TeamServer {
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "bearer" });
  readonly connected: ServerSocket[] = [];
  readonly asked: string[] = [];
  now = team();
  status = 200;
  #waiting: ServerResponse | undefined;

  constructor(pushes: boolean) {
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#http.on("upgrade", (request, socket, head) => {
      if (!pushes || this.status !== 200 || request.url !== "/ws?scope=team") return socket.destroy();
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        this.connected.push(ws);
        ws.send(JSON.stringify({ event: "team_state", payload: { seq: 3, ...this.now } }));
      });
    });
  }

  async start(): Promise<string> {
    await once(this.#http.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.asked.push(request.url ?? "");
    if (!request.url?.startsWith("/api/team")) return void response.writeHead(404).end("{}");
    if (this.status !== 200) return void response.writeHead(this.status).end(JSON.stringify({ error: "FORBIDDEN", message: "Only administrators." }));
    if (request.headers["if-none-match"]) this.#waiting = response;
    else this.#send(response);
  }

  #send(response: ServerResponse): void {
    response.writeHead(200, { ETag: `"${this.now.members.length}"` }).end(JSON.stringify(this.now));
  }

  /** Answers the long poll with a change. */
  async change(now: WireTeam): Promise<void> {
    await vi.waitFor(() => expect(this.#waiting).toBeDefined());
    this.now = now;
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    this.#send(waiting);
  }

  push(message: object): void {
    this.connected.at(-1)?.send(JSON.stringify(message));
  }

  stop(): void {
    for (const ws of this.connected) ws.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }
}

let server: TeamServer;
afterEach(() => server?.stop());

async function open(pushes: boolean, prepare: (server: TeamServer) => void = () => {}): Promise<TeamStore> {
  server = new TeamServer(pushes);
  prepare(server);
  const client = clientOf({ url: await server.start() }, { timing: { minDelay: 10, restartDelay: 10 } });
  const store = new TeamStore(client.storeParts({ token: "t", userId: "hannah", expiresAt: Infinity }));
  onTestFinished(() => store.close());
  return store;
}

const until = (store: TeamStore, holds: (state: TeamState) => boolean) => vi.waitFor(() => expect(holds(store.getSnapshot()), JSON.stringify(store.getSnapshot())).toBe(true), { timeout: 15_000 });
const names = (s: TeamState) => s.members.map((m) => m.accountId).join(" ");

test("receives changes over a WebSocket, and reconnects", { timeout: 30_000 }, async () => {
  const store = await open(true, (s) => (s.now = team(member("linh", "working", "A-1", 60))));
  await until(store, (s) => s.status.kind === "live" && names(s) === "linh");
  server.push({ event: "team", payload: { seq: 4, members: [member("minh", "working", "A-2", 90)], removed: [], asOf } });
  await until(store, (s) => names(s) === "minh linh");
  server.push({ event: "freshness", payload: { synced_at: "2026-11-26T08:40:00Z", stale: true } });
  await until(store, (s) => s.stale && s.syncedAt === "2026-11-26T08:40:00Z");

  server.now = team(member("emily", "idle"));
  server.connected[0]?.terminate();
  await until(store, (s) => s.status.kind === "live" && names(s) === "emily" && !s.stale);

  server.now = team(member("duc", "idle"));
  server.push({ event: "team", payload: { seq: 9, members: [], removed: ["emily"], asOf } });
  await until(store, (s) => names(s) === "duc"); // a change is missing, so the whole team is read again
});

test("long-polls a server that does not push", { timeout: 30_000 }, async () => {
  const store = await open(false);
  await until(store, (s) => s.status.kind === "polling" && s.loaded);
  await server.change({ ...team(member("linh", "working", "A-1", 60)) });
  await until(store, (s) => names(s) === "linh");
  expect(server.asked).toContain("/api/team?wait=25");
});

test("says why the person may not see the team, and makes no more calls", async () => {
  const store = await open(true, (s) => (s.status = 403));
  await until(store, (s) => s.refused === "Only administrators.");
  expect(store.getSnapshot()).toMatchObject({ members: [], loaded: false });
});

test("drops the team when the person may no longer see it", { timeout: 30_000 }, async () => {
  const store = await open(true, (s) => (s.now = team(member("linh", "working", "A-1", 60))));
  await until(store, (s) => s.status.kind === "live");
  server.status = 403;
  server.connected[0]?.terminate();
  await until(store, (s) => s.refused !== null && s.members.length === 0);
});
