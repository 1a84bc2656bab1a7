import { createClient, type ClientError, type Session, type TimerStore } from "@clockwork/shared";
import { App, Notice } from "@clockwork/ui";
import { useCallback, useEffect, useState } from "react";

import type { Bridge, Command, DesktopState } from "../bridge";
import { Settings } from "./Settings";
import { Strip } from "./Strip";
import { useCommands } from "./useCommands";
import { useEscape } from "./useEscape";
import { useReports } from "./useReports";

export interface DesktopAppProps {
  bridge: Bridge;
  before: DesktopState;
}

/** The screen of the web app in a small window, and what only a desktop has. */
export function DesktopApp({ bridge, before }: DesktopAppProps) {
  const [client] = useState(() => createClient({ baseUrl: before.serverUrl }));
  const [session, setSession] = useState(before.session);
  const [store, setStore] = useState<TimerStore | null>(null);
  const [settings, setSettings] = useState(false);
  const [problem, setProblem] = useState<string>();
  // Each sign-out by the tray begins a new App, because only App itself ends its session.
  const [begun, setBegun] = useState(0);

  const changeSession = (next: Session | null, stay: boolean): void => {
    setSession(next);
    setProblem(undefined);
    if (next === null) void bridge.forgetSession();
    else if (stay) void keep(bridge, next).then(setProblem);
  };

  const command = (asked: Command): void => {
    const failed = (error: ClientError): void => {
      bridge.show();
      setProblem(error.message);
    };
    if (asked.kind === "settings") setSettings(true);
    if (asked.kind === "retry" || asked.kind === "shown") store?.retryNow();
    if (asked.kind === "stop") store?.stop().catch(failed);
    if (asked.kind === "start") store?.start({ issueKey: asked.issueKey }).catch(failed);
    if (asked.kind === "sign-out") {
      client.logout();
      changeSession(null, false);
      setBegun((count) => count + 1);
    }
  };

  useCommands(bridge, command);
  useReports(bridge, store, session !== null);
  useEscape(useCallback(() => bridge.hide(), [bridge]));
  useEffect(() => {
    // A session that is over is of no use at the next start either.
    return store?.subscribe(() => {
      if (store.getSnapshot().status.kind === "expired") void bridge.forgetSession();
    });
  }, [bridge, store]);

  return (
    <div className="desktop">
      <Strip onSettings={() => setSettings(true)} onHide={() => bridge.hide()} />
      <div className="desktop-content">
        {problem !== undefined && (
          <div className="desktop-problem">
            <Notice onDismiss={() => setProblem(undefined)}>{problem}</Notice>
          </div>
        )}
        <App
          key={begun}
          compact
          client={client}
          session={begun === 0 ? before.session : null}
          offerStay={before.canKeepSession}
          onSession={changeSession}
          onStore={setStore}
        />
      </div>
      {settings && <Settings bridge={bridge} serverUrl={before.serverUrl} onClose={() => setSettings(false)} />}
    </div>
  );
}

async function keep(bridge: Bridge, session: Session): Promise<string | undefined> {
  const kept = await bridge.keepSession(session).catch(() => false);
  return kept ? undefined : "You are logged in, but your login could not be kept. You will be asked for it at the next start.";
}
