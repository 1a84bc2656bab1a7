import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import type { Client, Session, TimerStore } from "../index";
import { keyOf } from "../session";

interface Provided {
  readonly client: Client;
  readonly session: Session | null;
  /** null until connected. */
  readonly store: TimerStore | null;
}

const Context = createContext<Provided | null>(null);

export interface ClientProviderProps {
  client: Client;
  /** null while nobody is logged in. */
  session: Session | null;
  children?: ReactNode;
}

/**
 * Connects the session and provides its store to the hooks below. Another object for the same session, such as one with
 * a renewed token or with the person's Clockwork token, keeps the connection.
 */
export function ClientProvider({ client, session, children }: ClientProviderProps) {
  const [store, setStore] = useState<TimerStore | null>(null);
  const key = session && keyOf(session);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another object for the same session is the next effect's
  useEffect(() => {
    if (!session) return;
    const connected = client.connect(session);
    setStore(connected);
    return () => {
      setStore(null);
      connected.close();
    };
  }, [client, key]);
  useEffect(() => {
    if (!session) return;
    const renewed = client.connect(session);
    return () => renewed.close();
  }, [client, session]);
  const provided = useMemo(() => ({ client, session, store }), [client, session, store]);
  return <Context value={provided}>{children}</Context>;
}

/** The nearest ClientProvider's values. */
export function useClient(): Provided {
  const provided = useContext(Context);
  if (!provided) throw new Error("useClient, useTimerState and useWebSocket need a ClientProvider above them");
  return provided;
}
