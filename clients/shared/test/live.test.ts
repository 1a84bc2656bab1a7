import { afterAll, beforeAll, expect, test } from "vitest";
import type { ServerMessage } from "../src/index";
import { DevServer } from "./devserver";
import { join } from "./people";
import { clientOf, isLive, logIn, password, runs, runsNot, reported, until } from "./person";
import { withinTwoSeconds } from "./promise";

let server: DevServer;
beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());

test("login: the right password", async () => {
  const session = await clientOf(server).login("linh", password);
  expect(session.userId).toMatch(/^712020:/);
  expect(session.expiresAt - Date.now()).toBeGreaterThan(11.9 * 3600_000);
});

test("login: the wrong password", async () => {
  await expect(clientOf(server).login("linh", "no")).rejects.toMatchObject({
    name: "ClientError",
    code: "INVALID_CREDENTIALS",
    status: 401,
    message: "The username or the password is wrong.",
  });
});

test("login: no server", async () => {
  await expect(clientOf({ url: "http://127.0.0.1:9" }).login("linh", password)).rejects.toMatchObject({ code: "NETWORK", status: 0 });
});

test("the state arrives on connect", async () => {
  const { store } = await join(server, "priya");
  const state = await until(store, isLive("websocket"));
  expect(state.current).toMatchObject({ issueKey: "BILL-214", source: "clockwork", status: "running", summary: expect.any(String) });
  expect(state.error).toBeNull();
  expect(store.getSnapshot()).toBe(state);
});

test("another client sees a start and a stop", async () => {
  const [here, there] = [await join(server, "linh"), await join(server, "linh")];
  await Promise.all([here, there].map((p) => until(p.store, isLive("websocket"))));

  await withinTwoSeconds("start and stop seen elsewhere, each", async () => {
    let began = performance.now();
    const seen = until(there.store, runs("PORTAL-301")).then(() => performance.now() - began);
    const started = here.store.start({ issueKey: "portal-301 ", comment: "Review" });
    expect(here.store.getSnapshot().current).toMatchObject({ issueKey: "PORTAL-301", comment: "Review", pending: "start" });
    await started;
    const start = await seen;
    expect((await until(here.store, reported("PORTAL-301"))).timers).toEqual(there.store.getSnapshot().timers);

    began = performance.now();
    const gone = until(there.store, runsNot("PORTAL-301")).then(() => performance.now() - began);
    const stopped = here.store.stop({ issueKey: "PORTAL-301" });
    expect(here.store.getSnapshot().timers.find((t) => t.issueKey === "PORTAL-301")).toMatchObject({ status: "stopped", pending: "stop" });
    await stopped;
    return Math.max(start, await gone);
  });
});

test("another person does not see it", async () => {
  const [minh, tomasz] = [await join(server, "minh"), await join(server, "tomasz")];
  const heard: ServerMessage[] = [];
  tomasz.store.subscribe(() => heard.push(tomasz.store.lastMessage()!));
  await Promise.all([minh, tomasz].map((p) => until(p.store, isLive("websocket"))));
  await minh.store.start({ issueKey: "OPS-64" });
  await until(minh.store, reported("OPS-64"));
  await tomasz.store.start({ issueKey: "OPS-57" }); // when this event has arrived, earlier ones have too
  await until(tomasz.store, reported("OPS-57"));
  expect(heard.length).toBeGreaterThan(0);
  expect(JSON.stringify(heard)).not.toContain(minh.session.userId);
  expect(tomasz.store.getSnapshot().timers.map((t) => t.issueKey)).not.toContain("OPS-64");
});

test("a start and an edit in Clockwork itself show after a sync", async () => {
  const { store, session, client } = await join(server, "emily");
  await until(store, isLive("websocket"));
  const { id } = await server.control<{ id: number }>("POST", "/timers/start", { accountId: session.userId, issueKey: "OPS-64" });
  await client.timers.sync();
  await until(store, reported("OPS-64"));
  await server.control("PATCH", `/timers/${id}`, { onHold: true, comment: "Lunch" });
  await client.timers.sync();
  await until(store, (s) => s.timers.some((t) => t.issueKey === "OPS-64" && t.onHold && t.comment === "Lunch"));
});

test("a timer without an issue goes over the WebSocket", async () => {
  const [here, there] = [await join(server, "aiko"), await join(server, "aiko")];
  await Promise.all([here, there].map((p) => until(p.store, isLive("websocket"))));
  await here.store.start({ comment: "Phone call" });
  const state = await until(there.store, (s) => s.current?.comment === "Phone call");
  expect(state.current).toMatchObject({ source: "client" });
  await there.store.stop();
  await until(here.store, (s) => s.timers.some((t) => t.comment === "Phone call" && t.status === "stopped"));
});

test("a timer without an issue is undone if there is no WebSocket", async () => {
  const { store } = await join(server, "aiko", { WebSocket: null });
  await until(store, isLive("sse"));
  const before = store.getSnapshot().timers;
  await expect(store.start({ comment: "Phone call" })).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  expect(store.getSnapshot()).toMatchObject({ error: { code: "NOT_CONNECTED" }, timers: before });
});

test("the other calls", async () => {
  const client = clientOf(server);
  const { clockworkToken } = await logIn(server, "priya", client);
  expect((await client.issues.search("billing")).length).toBeGreaterThan(0);
  expect(await client.issues.get("BILL-214")).toMatchObject({ key: "BILL-214" });
  expect(await client.settings.validate(clockworkToken!)).toMatchObject({ accountId: client.session!.userId });
  const now = Date.now();
  const day = (ago: number) => new Date(now - ago * 86_400_000).toISOString().slice(0, 10);
  const { days, total, worklogs } = await client.worklogs.range(day(6), day(0), "Asia/Kolkata");
  expect(days).toHaveLength(7);
  expect(total).toBe(worklogs.reduce((sum, w) => sum + w.timeSpentSeconds, 0));
  await expect(client.issues.get("NOPE-1")).rejects.toMatchObject({ code: "ISSUE_NOT_FOUND", status: 404 });
  await expect(client.worklogs.range("yesterday", day(0))).rejects.toMatchObject({ status: 400, field: "from" });
});
