import "./dom";
import { act, StrictMode, useState, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { Client, RunningTimer, Session } from "../src/index";
import { ClientProvider, useCounted, useTimerState, useWebSocket, type UseTimerState, type UseWebSocket } from "../src/react/index";
import { losing } from "./blockers";
import { DevServer } from "./devserver";
import { clientOf, deleteSavedToken, logIn } from "./person";

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean;
}

let server: DevServer;
beforeAll(async () => {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true;
  server = await DevServer.start();
});
afterAll(() => server.stop());

async function show(node: ReactNode) {
  const root = createRoot(document.createElement("div"));
  await act(async () => root.render(node));
  let mounted = true;
  const unmount = () => act(async () => (mounted ? root.unmount() : undefined)).then(() => void (mounted = false));
  onTestFinished(unmount);
  return { unmount, render: (next: ReactNode) => act(async () => root.render(next)) };
}

/** Waits until check succeeds on what is rendered. */
const rendered = (check: () => void) => vi.waitFor(() => act(async () => check()), { timeout: 10_000 });

async function loggedIn(): Promise<{ client: Client; session: Session; urls: string[] }> {
  const { WebSocket, urls } = losing(() => false);
  return { client: clientOf(server, { WebSocket }), session: await logIn(server, "linh", clientOf(server)), urls };
}

test("useTimerState and useWebSocket share a connection, and end it", async () => {
  const { client, session, urls } = await loggedIn();
  let timers!: UseTimerState;
  let socket!: UseWebSocket;
  let renders = 0;
  function Screen() {
    timers = useTimerState();
    socket = useWebSocket(session.userId, session.token);
    renders++;
    return null;
  }
  const screen = await show(
    <ClientProvider client={client} session={session}>
      <Screen />
    </ClientProvider>,
  );
  await rendered(() => expect(timers.status).toEqual({ kind: "live", via: "websocket" }));
  expect(socket.status).toBe(timers.status);
  expect(socket.socket?.readyState).toBe(1);
  expect(socket.lastMessage).toMatchObject({ event: "state" });
  expect(urls).toHaveLength(1);

  await act(() => timers.start({ issueKey: "PORTAL-301" }));
  await rendered(() => expect(timers.current).toMatchObject({ issueKey: "PORTAL-301", seq: expect.toSatisfy((n: number) => n > 0) }));
  expect(socket.lastMessage).toMatchObject({ event: "timer_updated", payload: { issue_key: "PORTAL-301" } });
  await act(() => timers.stop({ issueKey: "PORTAL-301" }));
  await rendered(() => expect(timers.timers.find((t) => t.issueKey === "PORTAL-301")).toMatchObject({ status: "stopped" }));
  expect(renders).toBeLessThan(30);

  const open = socket.socket!;
  await screen.unmount();
  await vi.waitFor(() => expect(open.readyState).toBe(3), { timeout: 15_000 });
});

test("in strict mode, and after a change of session, there is one connection", async () => {
  const { client, session } = await loggedIn();
  let timers!: UseTimerState;
  let change!: (session: Session | null) => void;
  function Screen() {
    timers = useTimerState();
    return null;
  }
  function App() {
    const [s, setSession] = useState<Session | null>(session);
    change = setSession;
    return (
      <ClientProvider client={client} session={s}>
        <Screen />
      </ClientProvider>
    );
  }
  await show(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  await rendered(() => expect(timers.status.kind).toBe("live"));
  await act(async () => change(null));
  expect(timers).toMatchObject({ status: { kind: "connecting" }, timers: [] });
  await expect(timers.start({ issueKey: "PORTAL-301" })).rejects.toMatchObject({ code: "NOT_CONNECTED" });
  await act(async () => change({ ...session }));
  await rendered(() => expect(timers.status.kind).toBe("live"));
});

test("a Clockwork token that is entered later keeps the connection", async () => {
  const { client, session, urls } = await loggedIn();
  const { clockworkToken, ...without } = session;
  await deleteSavedToken(server, "linh");
  let timers!: UseTimerState;
  const states = new Set<string>();
  function Screen() {
    timers = useTimerState();
    states.add(timers.status.kind);
    useWebSocket(session.userId, session.token);
    return null;
  }
  const app = (s: Session) => (
    <ClientProvider client={client} session={s}>
      <Screen />
    </ClientProvider>
  );
  const screen = await show(app(without));
  await rendered(() => expect(timers.status.kind).toBe("live"));
  await act(() => expect(timers.start({ issueKey: "OPS-64" })).rejects.toMatchObject({ code: "CLOCKWORK_TOKEN_REQUIRED" }));
  states.clear();
  await screen.render(app({ ...without, clockworkToken: clockworkToken! }));
  await act(() => timers.start({ issueKey: "OPS-64" }));
  await act(() => timers.stop({ issueKey: "OPS-64" }));
  expect([...states]).toEqual(["live"]);
  expect(urls).toHaveLength(1);
});

test("useCounted ticks at each full second, and not while on hold", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: 1_800_000_000_000 });
  onTestFinished(() => void vi.useRealTimers());
  const countedAt = new Date(Date.now() - 10_500).toISOString();
  const runs: RunningTimer = { id: "a", source: "clockwork", status: "running", startedAt: "2026-05-04T09:00:00Z", updatedAt: countedAt, seq: 1, countedSeconds: 5700, countedAt };
  const held: RunningTimer = { ...runs, onHold: true };
  let shown: number[] = [];
  function Clock() {
    shown = [useCounted(runs, 5000), useCounted(held, 5000), useCounted(null, 5000)];
    return null;
  }
  const screen = await show(<Clock />);
  const pass = (milliseconds: number) => act(async () => void vi.advanceTimersByTime(milliseconds));
  expect(shown).toEqual([5715, 5700, 0]);
  await pass(499);
  expect(shown[0]).toBe(5715);
  await pass(1);
  expect(shown[0]).toBe(5716);
  await pass(999);
  expect(shown[0]).toBe(5716);
  await pass(1);
  expect(shown).toEqual([5717, 5700, 0]);
  expect(vi.getTimerCount()).toBe(1);
  await screen.unmount();
  expect(vi.getTimerCount()).toBe(0);
});

test("without a ClientProvider it says so", async () => {
  function Screen() {
    useTimerState();
    return null;
  }
  const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => quiet.mockRestore());
  await expect(show(<Screen />)).rejects.toThrow("ClientProvider");
});
