import { Client, type Session, type SignInOptions, type TimerStore } from "@clockwork/shared";
import { lazy, Suspense, useEffect, useRef, useState } from "react";

import { appRequest } from "./appRequest";
import { LoginForm } from "./LoginForm";
import { LoginPage } from "./LoginPage";
import type { RecentIssue } from "./recentIssues";
import { Tabs } from "./tabs";
import { useResume } from "./useResume";
import { useScreen } from "./useScreen";

/** The screens of a session are loaded when a person begins to log in. */
const loadSignedIn = () => import("./SignedIn");
const SignedIn = lazy(loadSignedIn);

/** Focus is not among them, because the form takes it by itself. input is for password managers. */
const firstInputs = ["pointerdown", "keydown", "input"];

/** What an app stores of a session. */
export interface KeptSession {
  readonly userId: string;
  readonly refreshToken: string;
  readonly clockworkToken?: string;
}

export interface AppProps {
  /** The server's address, if no client is given; "" is the page's own origin. */
  baseUrl?: string;
  client?: Client;
  /** For a small window. */
  compact?: boolean;
  /** A stored session, if the app can store one safely. */
  kept?: KeptSession | null;
  /** Whether an app can store a session. A browser asks the server. */
  offerStay?: boolean;
  /** Signs in through the system's browser, if an app can; null if the person has cancelled. */
  browser?: { begin: () => Promise<Session | null>; cancel: () => void };
  /** Called at login, at each change of the session, and with null when it ends. stay: store it. */
  onSession?: (session: Session | null, stay: boolean) => void;
  /** Called with the session's live timers, and with null when it ends. */
  onStore?: (store: TimerStore | null) => void;
  /** Opens the settings of the app around the page. */
  onAppSettings?: () => void;
  /** Called with the recent issues whenever they change. */
  onRecent?: (issues: readonly RecentIssue[]) => void;
}

/** The login page, or the screen of a session. The session is in this component's state only. */
export function App({ baseUrl = "", client: given, compact = false, kept = null, offerStay = false, browser, onSession, onStore, onAppSettings, onRecent }: AppProps) {
  const [client] = useState(() => given ?? new Client({ baseUrl }));
  const [options, setOptions] = useState<SignInOptions>();
  const [session, setSession] = useState<Session | null>(null);
  const [stay, setStay] = useState(true);
  const [username, setUsername] = useState("");
  const [reason, setReason] = useState<string>();
  const navigation = useScreen(client.isOwnOrigin);
  const tabs = useRef<Tabs>(undefined);

  useEffect(() => {
    const begin = (): void => void loadSignedIn().catch(() => {}); // loaded again at login
    for (const sign of firstInputs) addEventListener(sign, begin, { once: true });
    return () => {
      for (const sign of firstInputs) removeEventListener(sign, begin);
    };
  }, []);

  /** Shows the screen of a session that has begun. The same person's Clockwork token stays. */
  const enter = async (begun: Session, stays: boolean, clockworkToken = begun.userId === session?.userId ? session.clockworkToken : undefined): Promise<void> => {
    const asked = begun.id && client.isOwnOrigin ? appRequest() : undefined;
    if (asked) {
      location.assign(asked);
      return;
    }
    await loadSignedIn();
    const next = clockworkToken ? { ...begun, clockworkToken } : begun;
    setSession(next);
    setStay(stays);
    setReason(undefined);
    onSession?.(next, stays);
  };
  const leave = (why?: string): void => {
    setSession(null);
    setUsername("");
    setReason(why);
    onSession?.(null, false);
  };
  const logIn = async (name: string, password: string, stays: boolean): Promise<void> => {
    const begun = await client.login(name, password, { stay: stays || !client.isOwnOrigin });
    setUsername(name);
    await enter(begun, stays);
    if (begun.id && client.isOwnOrigin) tabs.current?.report({ kind: "login" });
  };
  const logInByBrowser = async (): Promise<void> => {
    const begun = await browser?.begin();
    if (begun) await enter(begun, offerStay);
  };
  const logOut = (everywhere: boolean): void => {
    const id = client.session?.id;
    const told = client.logout({ everywhere });
    leave();
    told.then(
      () => tabs.current?.report({ kind: "logout", session: id }),
      () => setReason("You are logged out on this page only, because the server cannot be reached. Load the page again later, and log out once more."),
    );
  };
  /** Looks for a login in another tab of this browser. */
  const look = (): void => {
    if (!client.isOwnOrigin) return;
    client.resume().then(
      (found) => found && void enter(found, true),
      () => {}, // the form stays
    );
  };

  const { trouble } = useResume(client, kept?.refreshToken, (resumed) => {
    const { session: found } = resumed;
    if (!found) {
      setReason(resumed.reason);
      if (new URLSearchParams(location.search).has("signin")) void import("./signInReason").then(({ takeSignInReason }) => setReason(takeSignInReason()));
      if (kept && !resumed.reason) onSession?.(null, false);
    }
    const shown = found ? enter(found, true, kept?.clockworkToken) : Promise.resolve();
    void shown.then(() => resumed.options).then(setOptions);
  });

  const news = useRef({ look, leave, session, onSession, stay });
  useEffect(() => {
    news.current = { look, leave, session, onSession, stay };
  });
  useEffect(() => {
    const channel = new Tabs();
    tabs.current = channel;
    channel.listen((heard) => {
      const { session: mine, ...now } = news.current;
      if (heard.kind === "login" && !mine) now.look();
      if (heard.kind !== "logout" || !mine?.id || mine.id !== heard.session) return;
      client.close();
      now.leave("You have logged out in another tab.");
    });
    const unwatch = client.watch((renewed) => {
      setSession(renewed);
      news.current.onSession?.(renewed, news.current.stay);
    });
    return () => {
      channel.close();
      unwatch();
    };
  }, [client]);

  const login = {
    options: options ?? { providers: [], password: true, sessions: false },
    onLogin: logIn,
    offerStay: client.isOwnOrigin ? options?.sessions === true : offerStay,
    offerProviders: client.isOwnOrigin,
    browser: browser && options?.sessions ? { begin: logInByBrowser, cancel: browser.cancel } : undefined,
    username,
  };
  if (!session) {
    return (
      <LoginPage compact={compact} reason={reason ?? (options ? undefined : trouble)}>
        {options && <LoginForm {...login} />}
      </LoginPage>
    );
  }
  return (
    <Suspense fallback={null}>
      <SignedIn
        key={session.userId}
        client={client}
        session={session}
        compact={compact}
        navigation={navigation}
        login={{ ...login, onLook: look }}
        storesToken={stay && !client.isOwnOrigin}
        onStore={onStore}
        onAppSettings={onAppSettings}
        onRecent={onRecent}
        onClockwork={(connected) => {
          setSession(connected);
          onSession?.(connected, stay);
        }}
        onLogout={logOut}
      />
    </Suspense>
  );
}
