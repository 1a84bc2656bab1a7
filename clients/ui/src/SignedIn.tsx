import { openStores, type Client, type Session, type TimerStore } from "@clockwork/shared";
import { ClientProvider, useClient } from "@clockwork/shared/react";
import { lazy, Suspense, useEffect } from "react";

import { TimerScreen, type TimerScreenProps } from "./TimerScreen";

const TeamScreen = lazy(() => import("./TeamScreen"));

export interface SignedInProps extends TimerScreenProps {
  client: Client;
  session: Session;
  onStore?: ((store: TimerStore | null) => void) | undefined;
}

/** The screen with its live connection. */
export default function SignedIn({ client, session, onStore, ...props }: SignedInProps) {
  if (!client.newStore) openStores(client);
  const { compact, navigation, login, onLogout } = props;
  const team = navigation.screen === "team";
  const needsTimers = !team || onStore !== undefined; // an app shows them outside of this screen too
  return (
    <ClientProvider client={client} session={needsTimers ? session : null}>
      {onStore && <StoreReporter onStore={onStore} />}
      {team ? (
        <Suspense fallback={null}>
          <TeamScreen client={client} session={session} compact={compact} navigation={navigation} login={login} onLogout={onLogout} />
        </Suspense>
      ) : (
        <TimerScreen {...props} />
      )}
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
