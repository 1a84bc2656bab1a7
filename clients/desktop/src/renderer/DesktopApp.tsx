import { asksForToken, ClientError, createClient, type Client, type Session, type StartInput, type TimerStore } from "@clockwork/shared";
import { App, Notice, type RecentIssue } from "@clockwork/ui";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";

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

/** The web app's screen in a small window, with the parts that only a desktop has. */
export function DesktopApp({ bridge, before }: DesktopAppProps) {
  const [client] = useState(() => createClient({ baseUrl: before.serverUrl }));
  const [session, setSession] = useState<Session | null>(null);
  const [store, setStore] = useState<TimerStore | null>(null);
  const [recent, setRecent] = useState<readonly RecentIssue[]>([]);
  const [settings, setSettings] = useState<{ reason?: string }>();
  const [problem, setProblem] = useState<string>();
  // Each sign-out in the tray's menu creates a new App, because only App itself ends
  // its session.
  const [begun, setBegun] = useState(0);
  const stay = useRef(before.session !== null);

  const keep = ({ userId, refreshToken, clockworkToken }: Session): void => {
    if (!refreshToken) return; // the server does not renew sessions
    const failed = () => setProblem("You are logged in, but only until you quit: this system could not keep the login.");
    bridge.keepSession({ userId, refreshToken, ...(clockworkToken && { clockworkToken }) }).then((done) => done || failed(), failed);
  };
  const changeSession = (next: Session | null, stays: boolean): void => {
    setSession(next);
    setProblem(undefined);
    stay.current = stays;
    if (next === null) void bridge.forgetSession();
    else if (stays) keep(next);
  };
  const connectClockwork = (next: Session): void => {
    client.connect(next).close(); // the shared connection now uses the new token
    setSession(next);
    if (stay.current) keep(next);
  };

  const browser = useMemo(() => ({ begin: () => signIn(bridge, client), cancel: () => bridge.cancelSignIn() }), [bridge, client]);

  const failed = (error: ClientError): void => {
    bridge.show();
    if (asksForToken(error)) setSettings({ reason: error.message });
    else setProblem(error.message);
  };
  const obey = (command: Command): void => {
    if (command.kind === "start" || command.kind === "stop") setProblem(undefined);
    if (command.kind === "settings") setSettings({});
    if (command.kind === "retry" || command.kind === "shown") store?.retryNow();
    if (command.kind === "stop") store?.stop().catch(failed);
    if (command.kind === "start") store?.start(startOf(recent, command.issueKey)).catch(failed);
    if (command.kind === "sign-out") {
      void client.logout().catch(() => {}); // the refresh token is deleted here in any case
      changeSession(null, false);
      setBegun((count) => count + 1);
    }
  };

  useCommands(bridge, obey);
  useReports(bridge, store, session !== null, recent);
  useEscape(useCallback(() => bridge.hide(), [bridge]));
  useEffect(() => {
    // A session that has ended must not be stored for the next start.
    return store?.subscribe(() => {
      if (store.getSnapshot().status.kind === "expired") void bridge.forgetSession();
    });
  }, [bridge, store]);

  return (
    <div className="desktop">
      {session === null && <Strip onSettings={() => setSettings({})} />}
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
          kept={begun === 0 ? before.session : null}
          offerStay={before.canKeepSession}
          browser={browser}
          onSession={changeSession}
          onStore={setStore}
          onAppSettings={() => setSettings({})}
          onRecent={setRecent}
        />
      </div>
      {settings && (
        <Settings
          key={settings.reason}
          bridge={bridge}
          client={client}
          serverUrl={before.serverUrl}
          session={session}
          reason={settings.reason}
          onSession={connectClockwork}
          onClose={() => setSettings(undefined)}
        />
      )}
    </div>
  );
}

async function signIn(bridge: Bridge, client: Client): Promise<Session | null> {
  const result = await bridge.signIn();
  if (result && !result.ok) throw new ClientError("SIGNIN_FAILED", result.message);
  return result && client.redeem(result);
}

// Starts an issue as the page does, with the known summary, so that it shows at once.
function startOf(recent: readonly RecentIssue[], issueKey: string): StartInput {
  return { issueKey, stopOthers: true, summary: recent.find(({ key }) => key === issueKey)?.summary };
}
