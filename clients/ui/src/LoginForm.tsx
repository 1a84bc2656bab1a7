import { ClientError, type SignInOptions } from "@clockwork/shared";
import { lazy, Suspense, useEffect, useRef, useState, type FormEvent } from "react";

import { afterSignIn } from "./appRequest";
import { Button, LinkButton } from "./Button";
import { spoken } from "./duration";
import { Field } from "./Field";
import classes from "./LoginForm.module.css";
import { Notice } from "./Notice";
import { sentenceOf } from "./sentence";
import { useSandbox } from "./useSandbox";

const BrowserSignIn = lazy(() => import("./BrowserSignIn"));
const SandboxPeople = lazy(() => import("./SandboxPeople"));

export interface LoginFormProps {
  options: SignInOptions;
  /** Rejects with a ClientError. */
  onLogin: (username: string, password: string, stay: boolean) => Promise<void>;
  username?: string | undefined;
  /** Offers to stay logged in. */
  offerStay: boolean;
  /** Offers the providers. They need the server's own page. */
  offerProviders: boolean;
  /** For an app: signs in through the system's browser. begin settles when the person is back, or has cancelled. */
  browser?: { begin: () => Promise<void>; cancel: () => void } | undefined;
  /**
   * In a dialog over a screen that must not be left: providers open in another tab, and the form does not take the
   * focus.
   */
  inDialog?: boolean;
}

/** The error's sentence, with how long to wait if that is known. */
function withWait({ message, retryAfter }: ClientError): string {
  if (!retryAfter) return message;
  return `Too many attempts. Try again in ${retryAfter < 60 ? `${retryAfter} seconds` : spoken(Math.ceil(retryAfter / 60) * 60)}.`;
}

/** The input that an error is about. */
function inputAtFault(error: ClientError): "username" | "password" | undefined {
  if (error.field === "username" || error.field === "password") return error.field;
  return error.code === "INVALID_CREDENTIALS" ? "password" : undefined;
}

/** The ways to log in that the server offers. The form posts, so that a password never gets into an address. */
export function LoginForm({ options, onLogin, username = "", offerStay, offerProviders, browser, inDialog = false }: LoginFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ClientError>();
  const fault = error && inputAtFault(error);
  const { password, providers } = options;
  const sandbox = useSandbox();

  useEffect(() => {
    const input = form.current?.elements.namedItem(username ? "password" : "username");
    if (!inDialog && input instanceof HTMLInputElement && !input.value) input.focus();
  }, [username, inDialog]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each refusal selects the text again
  useEffect(() => {
    const input = fault && form.current?.elements.namedItem(fault);
    if (!(input instanceof HTMLInputElement)) return;
    input.focus();
    input.select();
  }, [error, fault]);

  const failed = (thrown: unknown): void => {
    setError(thrown instanceof ClientError ? thrown : new ClientError("UNKNOWN", sentenceOf(thrown)));
    setBusy(false);
  };
  const logIn = (name: string, secret: string, stay: boolean): void => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    onLogin(name, secret, stay).catch(failed);
  };
  const beginInBrowser = async (): Promise<void> => {
    setError(undefined);
    await browser?.begin().catch(failed);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const entered = new FormData(form.current ?? undefined);
    logIn(String(entered.get("username")).trim(), String(entered.get("password")), entered.get("stay") !== null);
  };

  return (
    <div className={classes.ways}>
      {password && (
        <form ref={form} className={classes.form} method="post" aria-label="Log in" onSubmit={submit}>
          <Field label="Username" name="username" defaultValue={username} required autoComplete="username" autoCapitalize="none" autoCorrect="off" spellCheck={false} fault={fault === "username" ? error?.message : undefined} />
          <Field label="Password" name="password" type="password" required autoComplete="current-password" fault={fault === "password" ? error?.message : undefined} />
          {offerStay && (
            <label className={classes.stay}>
              <input type="checkbox" name="stay" defaultChecked /> Stay logged in on this computer
            </label>
          )}
          <Button type="submit" aria-disabled={busy}>
            {busy ? "Logging in" : "Log in"}
          </Button>
        </form>
      )}
      {error && !fault && <Notice>{withWait(error)}</Notice>}
      {browser && (
        <Suspense fallback={null}>
          <BrowserSignIn onBegin={beginInBrowser} onCancel={browser.cancel} />
        </Suspense>
      )}
      {offerProviders && providers.length > 0 && (
        <ul className={classes.providers}>
          {providers.map(({ id, name }) => (
            <li key={id}>
              <LinkButton href={`/api/auth/login/${id}?next=${encodeURIComponent(afterSignIn())}`} {...(inDialog && { target: "_blank", rel: "noreferrer" })}>
                Sign in with {name}
              </LinkButton>
            </li>
          ))}
        </ul>
      )}
      {sandbox && !inDialog && (
        <Suspense fallback={null}>
          <SandboxPeople people={sandbox.people} onPick={(name) => logIn(name, sandbox.password, true)} />
        </Suspense>
      )}
    </div>
  );
}
