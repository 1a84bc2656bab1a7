export { createClient } from "./client";
export type { CallOptions, Client, ClientOptions, Issue, Listing, StartInput, StopInput, WebSocketConstructor, Worklog, Worklogs } from "./client";
export { ClientError } from "./errors";
export { expiryOf, type Session } from "./session";
export { initialState, type ConnectionStatus, type RunningTimer, type TimerState } from "./state";
export type { TimerStore } from "./store";
export type { ServerMessage, TimerAction, WireTimer } from "./wire";
