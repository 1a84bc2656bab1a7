import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DevServer } from "./devserver";
import { clientOf, connect, isLive, logIn, password, runs, runsNot, until, type Person } from "./person";
import type { ClientOptions } from "../src/index";

let server: DevServer;
const open: Person[] = [];

beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());
afterEach(() => {
  for (const { store } of open.splice(0)) store.close();
});

async function person(username: string, options?: Partial<ClientOptions>): Promise<Person> {
  const p = await connect(server, username, options);
  open.push(p);
  return p;
}

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

test("the state comes on connect", async () => {
  const { store } = await person("priya");
  const state = await until(store, isLive("websocket"));
  expect(state.current).toMatchObject({ issueKey: "BILL-214", source: "clockwork", status: "running", summary: expect.any(String) });
  expect(state.error).toBeNull();
});

test("a start of one client is seen by another, and a stop", async () => {
  const [here, there] = [await person("linh"), await person("linh")];
  await Promise.all([here, there].map((p) => until(p.store, isLive("websocket"))));

  let began = performance.now();
  const shown = until(here.store, (s) => s.timers.some((t) => t.issueKey === "PORTAL-301" && t.pending === "start"));
  const seen = until(there.store, runs("PORTAL-301")).then(() => performance.now() - began);
  const started = here.store.start({ issueKey: "portal-301 ", comment: "Review" });
  expect(here.store.getSnapshot().current).toMatchObject({ issueKey: "PORTAL-301", pending: "start" });
  await shown;
  await started;
  console.log(`start seen elsewhere after ${(await seen).toFixed(1)} ms`);
  expect(await seen).toBeLessThan(2000);
  expect((await until(here.store, runs("PORTAL-301"))).timers).toEqual(there.store.getSnapshot().timers);

  began = performance.now();
  const gone = until(there.store, runsNot("PORTAL-301")).then(() => performance.now() - began);
  await here.store.stop({ issueKey: "PORTAL-301" });
  console.log(`stop seen elsewhere after ${(await gone).toFixed(1)} ms`);
  expect(await gone).toBeLessThan(2000);
});
