import { ClientError } from "@clockwork/shared";
import { useEffect, useRef, useState, type FormEvent } from "react";

import { Button } from "./Button";
import { spoken } from "./duration";
import { Field } from "./Field";
import classes from "./LoginForm.module.css";
import { MinuteScale } from "./MinuteScale";
import { Notice } from "./Notice";
import { sentenceOf } from "./sentence";
import { ThemeSwitch } from "./ThemeSwitch";

export interface LoginFormProps {
  /** Rejects with a ClientError. */
  onLogin: (username: string, password: string, stay: boolean) => Promise<void>;
  /** Whose session ended, if one did. */
  username?: string;
  /** Why the form is shown again. */
  reason?: string | undefined;
  /** Offers to stay logged in, if the app can store a session safely. */
  offerStay?: boolean;
  /** What it offers at first. */
  stay?: boolean;
  compact?: boolean;
}

/** The error's sentence, with how long to wait if that is known. */
function withWait({ message, retryAfter }: ClientError): string {
  if (!retryAfter) return message;
  return `Too many attempts. Try again in ${retryAfter < 60 ? `${retryAfter} seconds` : spoken(Math.ceil(retryAfter / 60) * 60)}.`;
}

/** Which input an error is about. */
function inputAtFault(error: ClientError): "username" | "password" | undefined {
  if (error.field === "username" || error.field === "password") return error.field;
  return error.code === "INVALID_CREDENTIALS" ? "password" : undefined;
}

/**
 * Asks for username and password. The inputs are uncontrolled, so that text entered before hydration stays. The form
 * posts, so that a password never gets into an address.
 */
export function LoginForm({ onLogin, username = "", reason, offerStay = false, stay = false, compact = false }: LoginFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  // Until the scripts run, the browser itself would send the form, to a page that takes none.
  const [alive, setAlive] = useState(false);
  useEffect(() => setAlive(true), []);
  const [error, setError] = useState<ClientError>();
  const fault = error && inputAtFault(error);

  useEffect(() => {
    const input = form.current?.elements.namedItem(username ? "password" : "username");
    if (input instanceof HTMLInputElement && !input.value) input.focus();
  }, [username]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each refusal selects the text again
  useEffect(() => {
    const input = fault && form.current?.elements.namedItem(fault);
    if (!(input instanceof HTMLInputElement)) return;
    input.focus();
    input.select();
  }, [error, fault]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (busy || !form.current) return;
    const entered = new FormData(form.current);
    setBusy(true);
    setError(undefined);
    onLogin(String(entered.get("username")).trim(), String(entered.get("password")), entered.get("stay") !== null).catch((thrown: unknown) => {
      setError(thrown instanceof ClientError ? thrown : new ClientError("UNKNOWN", sentenceOf(thrown)));
      setBusy(false);
    });
  };

  return (
    <div className={classes.page} data-compact={compact || undefined}>
      <header className={classes.top}>
        <h1 className={classes.name}>Clockwork</h1>
        <MinuteScale second={null} />
      </header>
      <main className={classes.main}>
        <p className={classes.purpose}>Log in to see which timer runs, and to start and stop it.</p>
        {reason && <Notice role="status">{reason}</Notice>}
        <form ref={form} className={classes.form} method="post" aria-label="Log in" onSubmit={submit}>
          <Field label="Username" name="username" defaultValue={username} required autoComplete="username" autoCapitalize="none" autoCorrect="off" spellCheck={false} fault={fault === "username" ? error?.message : undefined} />
          <Field label="Password" name="password" type="password" required autoComplete="current-password" fault={fault === "password" ? error?.message : undefined} />
          {offerStay && (
            <label className={classes.stay}>
              <input type="checkbox" name="stay" defaultChecked={stay} /> Stay logged in on this computer
            </label>
          )}
          <Button type="submit" disabled={!alive} aria-disabled={busy}>
            {busy ? "Logging in" : "Log in"}
          </Button>
          {error && !fault && <Notice>{withWait(error)}</Notice>}
          <noscript>
            <p>This page needs JavaScript. Switch it on in your browser, and load the page again.</p>
          </noscript>
        </form>
      </main>
      <footer className={classes.footer}>
        <ThemeSwitch />
      </footer>
    </div>
  );
}
