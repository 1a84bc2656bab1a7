import { ClientError, type Client, type Session } from "@clockwork/shared";
import { useState, type FormEvent } from "react";

import { Line } from "./Line";

export interface ClockworkFormProps {
  client: Client;
  session: Session;
  /** Why a token is requested, if there is a reason. */
  reason: string | undefined;
  onSession: (session: Session) => void;
}

/** Asks for the person's Clockwork API token, which the tray uses too. */
export function ClockworkForm({ client, session, reason, onSession }: ClockworkFormProps) {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState(reason);
  const connected = session.clockworkToken !== undefined;

  const connect = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const clockworkToken = token.trim();
    if (busy || clockworkToken === "") return;
    setBusy(true);
    try {
      await client.settings.validate(clockworkToken);
      if (client.session?.token !== session.token) return; // signed out meanwhile
      onSession({ ...session, clockworkToken });
      setToken("");
      setFault(undefined);
    } catch (thrown) {
      setFault(thrown instanceof ClientError ? thrown.message : "This could not be checked. Try again.");
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void connect(event)} noValidate>
      <Line
        label="Clockwork API token"
        type="password"
        value={token}
        onChange={(event) => {
          setToken(event.target.value);
          setFault(undefined);
        }}
        hint={connected ? "Connected. Timers start and stop in your name." : "Timers start and stop in your name with it."}
        fault={fault}
      />
      {token.trim() !== "" && (
        <button type="submit" className="desktop-button" aria-disabled={busy}>
          {busy ? "Checking" : "Connect"}
        </button>
      )}
    </form>
  );
}
