import { useEffect, useId, useRef, useState, type FormEvent } from "react";

import type { Bridge } from "../bridge";

export interface SettingsProps {
  bridge: Bridge;
  serverUrl: string;
  onClose: () => void;
}

/** Where the server is, and whether the program starts with the system. */
export function Settings({ bridge, serverUrl, onClose }: SettingsProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className="desktop-settings" aria-labelledby={heading} onClose={onClose}>
      <h2 id={heading}>Settings</h2>
      <ServerForm bridge={bridge} serverUrl={serverUrl} />
      <LaunchSwitch bridge={bridge} />
      <button type="button" className="desktop-button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  );
}

// After a change the page loads anew: its policy names the server that it may reach.
function ServerForm({ bridge, serverUrl }: { bridge: Bridge; serverUrl: string }) {
  const [address, setAddress] = useState(serverUrl);
  const [fault, setFault] = useState<string>();
  const id = useId();

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const answer = await bridge.setServer(address).catch(() => null);
    if (answer === null) setFault("This could not be saved. Try again.");
    else if (!answer.ok) setFault(answer.message);
    else if (answer.serverUrl !== serverUrl) location.reload();
    else setFault(undefined);
  };

  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <label htmlFor={id}>Server address</label>
      <input
        id={id}
        type="url"
        inputMode="url"
        autoComplete="off"
        spellCheck={false}
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`} role={fault === undefined ? undefined : "alert"} data-fault={fault !== undefined || undefined}>
        {fault ?? "Another server means that you log in there anew."}
      </p>
      <button type="submit" className="desktop-button" disabled={address.trim() === serverUrl}>
        Use this server
      </button>
    </form>
  );
}

function LaunchSwitch({ bridge }: { bridge: Bridge }) {
  const [on, setOn] = useState<boolean | null>(null);
  useEffect(() => void bridge.launchesAtLogin().then(setOn, () => setOn(null)), [bridge]);
  if (on === null) return null;
  const change = (wanted: boolean): void => void bridge.setLaunchAtLogin(wanted).then(setOn, () => setOn(!wanted));
  return (
    <label className="desktop-switch">
      <input type="checkbox" checked={on} onChange={(event) => change(event.target.checked)} />
      Launch at login
    </label>
  );
}
