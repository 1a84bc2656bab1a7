import type { ConnectionStatus as Status } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { Button } from "./Button";
import { dateOf, sinceWhen } from "./calendar";
import classes from "./ConnectionStatus.module.css";

export interface ConnectionStatusProps {
  status: Status;
  /** Clockwork has not answered the server for long. */
  stale: boolean;
  onRetry: () => void;
  /** Opens the login when the session has ended. */
  onLogin: () => void;
}

/** The status as a sentence, which a screen reader reads out. */
export function connectionSentence(status: Status, stale: boolean): string {
  if (stale && isConnected(status)) return "Waiting for Clockwork";
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
      return `Offline since ${sinceWhen(status.since, dateOf(new Date()))}`;
    case "expired":
      return "Session ended";
  }
}

/** Whether the connection is lost, so that the screen may be out of date. */
export function isUnreachable(status: Status): boolean {
  return status.kind === "offline" || status.kind === "reconnecting" || status.kind === "expired";
}

/** Whether the server reports changes. */
export function isConnected(status: Status): boolean {
  return status.kind === "live" || status.kind === "polling";
}

/** Says how the connection is, and what to do if it is lost. */
export function ConnectionStatus({ status, stale, onRetry, onLogin }: ConnectionStatusProps) {
  return (
    <div className={classes.status} role="group" aria-label="Connection" data-kind={stale && isConnected(status) ? "stale" : status.kind}>
      <p>
        {connectionSentence(status, stale)}
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
