import type { ConnectionStatus as Status } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { Button } from "./Button";
import { hourOf } from "./calendar";
import classes from "./ConnectionStatus.module.css";

export interface ConnectionStatusProps {
  status: Status;
  onRetry: () => void;
  /** Leads to the login when the session has ended. */
  onLogin: () => void;
}

/** The status in a person's words, as it is read out. */
export function connectionSentence(status: Status): string {
  switch (status.kind) {
    case "connecting":
      return "Connecting";
    case "live":
      return "Live";
    case "polling":
      return "Checking every few seconds";
    case "reconnecting":
      return "Reconnecting";
    case "offline":
      return `Offline since ${hourOf(status.since)}`;
    case "expired":
      return "Session ended";
  }
}

/** Whether what is on the screen may have changed since without us knowing. */
export function isStale(status: Status): boolean {
  return status.kind === "offline" || status.kind === "reconnecting" || status.kind === "expired";
}

/** Says how fresh the screen is, and what to do where it is not. */
export function ConnectionStatus({ status, onRetry, onLogin }: ConnectionStatusProps) {
  return (
    <div className={classes.status} role="group" aria-label="Connection" data-kind={status.kind}>
      <p>
        {connectionSentence(status)}
        {status.kind === "reconnecting" && <Countdown until={status.retryAt} />}
      </p>
      {(status.kind === "reconnecting" || status.kind === "offline") && (
        <Button look="plain" onClick={onRetry}>
          Retry now
        </Button>
      )}
      {status.kind === "expired" && (
        <Button look="plain" onClick={onLogin}>
          Log in again
        </Button>
      )}
    </div>
  );
}

function Countdown({ until }: { until: number }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.ceil((until - now) / 1000);
  return seconds > 0 ? <> in {seconds} s</> : null;
}
