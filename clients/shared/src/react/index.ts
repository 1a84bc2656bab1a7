export { ClientProvider, useClient, type ClientProviderProps } from "./provider";
export { elapsedSeconds, useElapsed } from "./elapsed";
export { useTimerState, type UseTimerState } from "./timerstate";
export { useWebSocket, type UseWebSocket } from "./websocket";
