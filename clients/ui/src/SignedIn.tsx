import { openStores, type Client, type Session, type TimerStore } from "@clockwork/shared";
import { ClientProvider, useClient } from "@clockwork/shared/react";
import { useEffect } from "react";

import { TimerScreen, type TimerScreenProps } from "./TimerScreen";

export interface SignedInProps extends TimerScreenProps {
  client: Client;
  session: Session;
  onStore?: ((store: TimerStore | null) => void) | undefined;
}

/** The screen with its live connection. */
export default function SignedIn({ client, session, onStore, ...screen }: SignedInProps) {
  if (!client.newStore) openStores(client);
  return (
    <ClientProvider client={client} session={session}>
      {onStore && <StoreReporter onStore={onStore} />}
      <TimerScreen {...screen} />
    </ClientProvider>
  );
}

function StoreReporter({ onStore }: { onStore: (store: TimerStore | null) => void }) {
  const { store } = useClient();
  useEffect(() => {
    onStore(store);
    return () => onStore(null);
  }, [store, onStore]);
  return null;
}
