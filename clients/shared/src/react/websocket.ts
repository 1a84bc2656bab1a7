import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { initialState, type ConnectionStatus, type ServerMessage, type TimerAction, type TimerStore } from "../index";
import { useClient } from "./provider";

export interface UseWebSocket {
  /** null while none is open. */
  readonly socket: WebSocket | null;
  readonly status: ConnectionStatus;
  /** The last message, over whichever transport it came. */
  readonly lastMessage: ServerMessage | null;
  /** false if no WebSocket is open. */
  send(action: TimerAction): boolean;
}

/** The live connection of a user. With the token of the ClientProvider it is the same connection. */
export function useWebSocket(userId: string, token: string): UseWebSocket {
  const { client, session } = useClient();
  const [store, setStore] = useState<TimerStore | null>(null);
  useEffect(() => {
    const known = session?.token === token && session.userId === userId;
    const connected = client.connect(known ? session : { userId, token, expiresAt: Infinity });
    setStore(connected);
    return () => {
      setStore(null);
      connected.close();
    };
  }, [client, session, userId, token]);
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? (() => {}), [store]);
  const socket = useSyncExternalStore(subscribe, () => store?.socket() ?? null, () => null);
  const status = useSyncExternalStore(subscribe, () => (store?.getSnapshot() ?? initialState).status, () => initialState.status);
  const lastMessage = useSyncExternalStore(subscribe, () => store?.lastMessage() ?? null, () => null);
  const send = useCallback((action: TimerAction) => store?.send(action) ?? false, [store]);
  return { socket, status, lastMessage, send };
}
