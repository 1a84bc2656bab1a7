import { useEffect, useState, useSyncExternalStore } from "react";
import type { Client } from "../client";
import { keyOf, type Session } from "../session";
import { initialTeam, type TeamState } from "./state";
import { TeamStore } from "./store";

export interface UseTeam extends TeamState {
  /** Reconnects now instead of later. */
  retryNow(): void;
}

const noSubscription = () => () => {};

/** The team, over a connection that lasts as long as the component. A renewed session keeps it. */
export function useTeam(client: Client, session: Session): UseTeam {
  const [store, setStore] = useState<TeamStore>();
  const key = keyOf(session);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another object for the same session is the next effect's
  useEffect(() => {
    const opened = new TeamStore(client.storeParts(session));
    setStore(opened);
    return () => opened.close();
  }, [client, key]);
  useEffect(() => store?.renew(session), [store, session]);
  const state = useSyncExternalStore(store?.subscribe ?? noSubscription, store?.getSnapshot ?? (() => initialTeam), () => initialTeam);
  return { ...state, retryNow: () => store?.retryNow() };
}
