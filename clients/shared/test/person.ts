import { WebSocket as NodeWebSocket } from "ws";
import { Account, createClient, type Client, type ClientOptions, type Session, type TimerState, type TimerStore, type WebSocketConstructor } from "../src/index";
import type { DevServer } from "./devserver";

export const password = "clockwork";
export const WebSocket = NodeWebSocket as unknown as WebSocketConstructor;

/** Someone who is logged in, with their own Clockwork token. */
export interface Person {
  client: Client;
  session: Session;
  store: TimerStore;
}

export function clientOf(server: { url: string }, options: Partial<ClientOptions> = {}): Client {
  return createClient({ baseUrl: server.url, WebSocket, random: seeded(1), ...options });
}

/** Logs somebody in, with their Clockwork token. */
export async function logIn(server: DevServer, username: string, client = clientOf(server)): Promise<Session> {
  const session = await client.login(username, password);
  return { ...session, clockworkToken: await server.clockworkToken(session.userId) };
}

/** Logs somebody in and connects. */
export async function connect(server: DevServer, username: string, options: Partial<ClientOptions> = {}): Promise<Person> {
  const client = clientOf(server, options);
  const session = await logIn(server, username, clientOf(server));
  return { client, session, store: client.connect(session) };
}

/** Waits for a state of the store, and returns it. */
export function until(store: TimerStore, holds: (state: TimerState) => boolean, fallbackAfter = 30_000): Promise<TimerState> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const state = store.getSnapshot();
      if (!holds(state)) return;
      end();
      resolve(state);
    };
    const unsubscribe = store.subscribe(look);
    const late = setTimeout(() => {
      end();
      reject(new Error(`not in ${fallbackAfter} ms; the state is ${JSON.stringify(store.getSnapshot(), null, 1)}`));
    }, fallbackAfter);
    const end = () => {
      unsubscribe();
      clearTimeout(late);
    };
    look();
  });
}

export const isLive = (via: "websocket" | "sse") => (s: TimerState) => s.status.kind === "live" && s.status.via === via && s.loaded;
export const isPolling = (s: TimerState) => s.status.kind === "polling" && s.loaded;
export const runs = (issueKey: string) => (s: TimerState) => s.timers.some((t) => t.issueKey === issueKey && t.status === "running" && !t.pending);
/** Whether the server has reported that the issue runs. */
export const reported = (issueKey: string) => (s: TimerState) => s.timers.some((t) => t.issueKey === issueKey && t.status === "running" && t.seq > 0);
export const runsNot = (issueKey: string) => (s: TimerState) => !s.timers.some((t) => t.issueKey === issueKey && (t.status === "running" || t.pending));

/** A random number generator that always returns the same sequence (mulberry32). */
export function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Deletes the Clockwork token that cmd/dev has saved for a person, as for everybody. */
export async function deleteSavedToken(server: DevServer, username: string): Promise<void> {
  const client = clientOf(server);
  await client.login(username, password);
  await new Account(client).deleteClockworkToken();
}
