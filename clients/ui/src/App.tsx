import { createClient, type Client, type Session, type TimerStore } from "@clockwork/shared";
import { lazy, Suspense, useEffect, useState } from "react";

import { LoginForm } from "./LoginForm";

/** What only a session needs comes once a person begins to log in. */
const loadSignedIn = () => import("./SignedIn");
const SignedIn = lazy(loadSignedIn);

/** Not the focus, which the form takes by itself; input is for what fills it in without a key. */
const signsOfAPerson = ["pointerdown", "keydown", "input"];

export interface AppProps {
  /** Where the server is; "" is where the page came from. Not looked at where a client is given. */
  baseUrl?: string;
  client?: Client;
  /** For a small window. */
  compact?: boolean;
  /** A session from before, where the app can keep one safely. */
  session?: Session | null;
  /** Offers to stay signed in. */
  offerStay?: boolean;
  /** Told at login, when the session gets a Clockwork token, and with null at its end. */
  onSession?: (session: Session | null, stay: boolean) => void;
  /** Told of the live timers of the session, and null after it. */
  onStore?: (store: TimerStore | null) => void;
}

/** Login, or the screen of a session. The session is in this component's state and nowhere else. */
export function App({ baseUrl = "", client: given, compact = false, session: before = null, offerStay = false, onSession, onStore }: AppProps) {
  const [client] = useState(() => given ?? createClient({ baseUrl }));
  const [session, setSession] = useState(before);
  const [stay, setStay] = useState(before !== null);
  const [username, setUsername] = useState("");
  const [reason, setReason] = useState<string>();

  useEffect(() => {
    const begin = (): void => void loadSignedIn().catch(() => {}); // tried again at login
    for (const sign of signsOfAPerson) addEventListener(sign, begin, { once: true });
    return () => {
      for (const sign of signsOfAPerson) removeEventListener(sign, begin);
    };
  }, []);

  const leave = (why?: string): void => {
    client.logout();
    setSession(null);
    setReason(why);
    onSession?.(null, false);
  };

  if (!session) {
    return (
      <LoginForm
        compact={compact}
        username={username}
        reason={reason}
        offerStay={offerStay}
        onLogin={async (name, password, stays) => {
          const begun = await client.login(name, password);
          await loadSignedIn();
          setUsername(name);
          setReason(undefined);
          setStay(stays);
          setSession(begun);
          onSession?.(begun, stays);
        }}
      />
    );
  }
  return (
    <Suspense fallback={null}>
      <SignedIn
        client={client}
        session={session}
        compact={compact}
        kept={stay}
        onStore={onStore}
        onClockwork={(connected) => onSession?.(connected, stay)}
        onLogout={() => {
          setUsername("");
          leave();
        }}
        onLoginAgain={() => leave("Your session has ended. Log in again.")}
      />
    </Suspense>
  );
}
