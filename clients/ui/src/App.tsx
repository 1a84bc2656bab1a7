import { createClient, type Client, type Session, type TimerStore } from "@clockwork/shared";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { LoginForm } from "./LoginForm";
import type { Draft } from "./StartTimer";

/** The screens of a session are loaded when a person begins to log in. */
const loadSignedIn = () => import("./SignedIn");
const SignedIn = lazy(loadSignedIn);

/** Focus is not one, because the form takes it by itself. input is for password managers. */
const firstInputs = ["pointerdown", "keydown", "input"];

export interface AppProps {
  /** The server's address, if no client is given; "" is the page's own origin. */
  baseUrl?: string;
  client?: Client;
  /** For a small window. */
  compact?: boolean;
  /** A stored session, if the app can store one safely. */
  session?: Session | null;
  /** Offers to stay signed in. */
  offerStay?: boolean;
  /** Called at login, when the session gets a Clockwork token, and with null when it ends. */
  onSession?: (session: Session | null, stay: boolean) => void;
  /** Called with the session's live timers, and with null when it ends. */
  onStore?: (store: TimerStore | null) => void;
}

/** The login form, or the screen of a session. The session is in this component's state only. */
export function App({ baseUrl = "", client: given, compact = false, session: before = null, offerStay = false, onSession, onStore }: AppProps) {
  const [client] = useState(() => given ?? createClient({ baseUrl }));
  const [session, setSession] = useState(before);
  const [stay, setStay] = useState(offerStay);
  const [username, setUsername] = useState("");
  const [reason, setReason] = useState<string>();
  const draft = useRef<Draft>(undefined);
  /** Of the session that has ended, if the person did not log out. */
  const ended = useRef<Session>(undefined);

  useEffect(() => {
    const begin = (): void => void loadSignedIn().catch(() => {}); // tried again at login
    for (const sign of firstInputs) addEventListener(sign, begin, { once: true });
    return () => {
      for (const sign of firstInputs) removeEventListener(sign, begin);
    };
  }, []);

  const leave = (why?: string): void => {
    ended.current = why ? (client.session ?? undefined) : undefined;
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
        stay={stay}
        onLogin={async (name, password, stays) => {
          const begun = withToken(await client.login(name, password), ended.current);
          await loadSignedIn();
          if (begun.userId !== ended.current?.userId) draft.current = undefined;
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
        name={username || undefined}
        draft={draft}
        storesToken={stay}
        onStore={onStore}
        onClockwork={(connected) => onSession?.(connected, stay)}
        onLogout={() => {
          setUsername("");
          draft.current = undefined;
          leave();
        }}
        onLoginAgain={() => leave("Your session has ended. Log in again.")}
      />
    </Suspense>
  );
}

/** The new session with the Clockwork token of the one before, if both are the same person's. */
function withToken(begun: Session, ended: Session | undefined): Session {
  return ended?.clockworkToken && ended.userId === begun.userId ? { ...begun, clockworkToken: ended.clockworkToken } : begun;
}
