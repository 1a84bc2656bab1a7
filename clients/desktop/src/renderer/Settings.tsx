import type { Client, Session } from "@clockwork/shared";
import { useEffect, useId, useRef } from "react";

import type { Bridge } from "../bridge";
import { ClockworkForm } from "./ClockworkForm";
import { LaunchSwitch } from "./LaunchSwitch";
import { ServerForm } from "./ServerForm";

export interface SettingsProps {
  bridge: Bridge;
  client: Client;
  serverUrl: string;
  /** Null while nobody is signed in. */
  session: Session | null;
  /** Why the settings opened by themselves, if they did. */
  reason: string | undefined;
  onSession: (session: Session) => void;
  onClose: () => void;
}

/** The settings of the desktop app. */
export function Settings({ bridge, client, serverUrl, session, reason, onSession, onClose }: SettingsProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="desktop-settings" aria-labelledby={heading} onClose={onClose}>
      <header>
        <h2 id={heading}>Settings</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </header>
      {session !== null && <ClockworkForm client={client} session={session} reason={reason} onSession={onSession} />}
      <ServerForm bridge={bridge} serverUrl={serverUrl} />
      <LaunchSwitch bridge={bridge} />
    </dialog>
  );
}
