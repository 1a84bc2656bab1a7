import { afterAll, beforeAll, expect, test } from "vitest";
import { counted, type TimerState } from "../src/index";
import { DevServer } from "./devserver";
import { join } from "./people";
import { isLive, until } from "./person";

let server: DevServer;
beforeAll(async () => void (server = await DevServer.start()));
afterAll(() => server.stop());

test("elapsed time is the same on machines with different clocks", async () => {
  const skews = [0, 95_000, -3600_000];
  const screens = await Promise.all(skews.map((skew) => join(server, "priya", { now: () => Date.now() + skew })));
  const corrected = (skew: number) => (s: TimerState) => isLive("websocket")(s) && Math.abs(s.clockOffset + skew) < 250;
  const states = await Promise.all(screens.map(({ store }, i) => until(store, corrected(skews[i]!))));
  const now = Date.now();
  const elapsed = states.map((s, i) => counted(s.current!, now + skews[i]! + s.clockOffset) / 1000);
  console.log(`offsets ${states.map((s) => s.clockOffset).join(", ")} ms`);
  expect(Math.max(...elapsed) - Math.min(...elapsed)).toBeLessThan(0.5);
});

test("a clock that is set while connected is noticed", async () => {
  let skew = 0;
  const { store } = await join(server, "priya", { now: () => Date.now() + skew, timing: { sleepCheck: 50 } });
  await until(store, isLive("websocket"));
  skew = -600_000;
  await until(store, (s) => Math.abs(s.clockOffset - 600_000) < 1000);
});

test("the server's clock is read again if all answers were slow", async () => {
  let slow = true;
  const slowly: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (slow) await new Promise((go) => setTimeout(go, 1200));
    return answer;
  };
  const { store } = await join(server, "priya", { WebSocket: null, fetch: slowly, timing: { fallbackAfter: 10_000 } });
  await until(store, isLive("sse"));
  slow = false;
  await until(store, (s) => Math.abs(s.clockOffset) < 250);
});
