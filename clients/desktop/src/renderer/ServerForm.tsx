import { useState, type FormEvent } from "react";

import type { Bridge } from "../bridge";
import { Line } from "./Line";

/** The server's address. A change reloads the page, because the page's policy has the address of its only server. */
export function ServerForm({ bridge, serverUrl }: { bridge: Bridge; serverUrl: string }) {
  const [address, setAddress] = useState(serverUrl);
  const [fault, setFault] = useState<string>();

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const answer = await bridge.setServer(address).catch(() => null);
    if (answer === null) setFault("This could not be saved. Try again.");
    else if (!answer.ok) setFault(answer.message);
    else if (answer.serverUrl === serverUrl) setAddress(serverUrl);
    else location.reload();
  };

  return (
    <form onSubmit={(event) => void save(event)} noValidate>
      <Line
        label="Server address"
        type="url"
        value={address}
        onChange={(event) => {
          setAddress(event.target.value);
          setFault(undefined);
        }}
        hint="After a change you have to log in again."
        fault={fault}
      />
      {address !== serverUrl && (
        <button type="submit" className="desktop-button">
          Use this server
        </button>
      )}
    </form>
  );
}
