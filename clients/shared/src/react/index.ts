export { ClientProvider, useClient, type ClientProviderProps } from "./provider";
export { elapsedSeconds, untilNextSecond, useElapsed } from "./elapsed";
export { useTimerState, type UseTimerState } from "./timerstate";
export { useWebSocket, type UseWebSocket } from "./websocket";
