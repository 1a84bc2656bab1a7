export { ClientProvider, useClient, type ClientProviderProps } from "./provider";
export { useCounted } from "./counted";
export { useTimerState, type UseTimerState } from "./timerstate";
export { useWebSocket, type UseWebSocket } from "./websocket";
