import { useCallback, useMemo, useSyncExternalStore } from "react";
import { ClientError, initialState, type StartInput, type StopInput, type TimerState } from "../index";
import { useClient } from "./provider";

export interface UseTimerState extends TimerState {
  /** Shows the timer at once; rejects with a ClientError if it is refused, which is in `error` too. */
  start(input: StartInput): Promise<void>;
  stop(input?: StopInput): Promise<void>;
  /** Removes `error`. */
  dismissError(): void;
  /** Reconnects now instead of later. */
  retryNow(): void;
}

/** The person's timers and the actions on them. */
export function useTimerState(): UseTimerState {
  const { store } = useClient();
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? (() => {}), [store]);
  const state = useSyncExternalStore(
    subscribe,
    () => store?.getSnapshot() ?? initialState,
    () => initialState,
  );
  const actions = useMemo(
    () => ({
      start: (input: StartInput) => store?.start(input) ?? notConnected(),
      stop: (input?: StopInput) => store?.stop(input) ?? notConnected(),
      dismissError: () => store?.dismissError(),
      retryNow: () => store?.retryNow(),
    }),
    [store],
  );
  return useMemo(() => ({ ...state, ...actions }), [state, actions]);
}

function notConnected(): Promise<void> {
  return Promise.reject(new ClientError("NOT_CONNECTED", "Log in first."));
}
