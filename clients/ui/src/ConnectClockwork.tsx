import { useEffect, useId, useRef, useState, type FormEvent } from "react";

import { Button } from "./Button";
import classes from "./ConnectClockwork.module.css";
import { Field } from "./Field";
import { sentenceOf } from "./sentence";

export interface ConnectClockworkProps {
  /** What waits for the token, such as "start PORTAL-312"; undefined if nothing does. */
  purpose: string | undefined;
  /** Whether the token is stored on this computer. */
  storesToken: boolean;
  /** Whether the server can store it. */
  canSave: boolean;
  /** What was wrong with the token that was used before. */
  tokenFault: string | undefined;
  /** The address of the Jira site, if it is known. */
  jiraSite: string | undefined;
  /** Validates the token and repeats the action; rejects if it is refused. */
  onConnect: (token: string, save: boolean) => Promise<void>;
  onCancel: () => void;
}

/** Asks the person for their Clockwork API token. */
export function ConnectClockwork({ purpose, storesToken, canSave, tokenFault, jiraSite, onConnect, onCancel }: ConnectClockworkProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [save, setSave] = useState(false);
  const [fault, setFault] = useState(tokenFault);

  useEffect(() => {
    const focused = document.activeElement;
    const types = focused instanceof HTMLInputElement && focused.value !== "";
    if (!types) input.current?.focus(); // or the rest of a word would go into the token
  }, []);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = input.current?.value.trim();
    if (busy) return;
    if (!token) {
      setFault("Paste your Clockwork API token.");
      input.current?.focus();
      return;
    }
    setBusy(true);
    setFault(undefined);
    onConnect(token, canSave && save).catch((thrown: unknown) => {
      setFault(sentenceOf(thrown));
      setBusy(false);
      input.current?.focus();
      input.current?.select();
    });
  };

  return (
    <form
      className={classes.connect}
      aria-labelledby={id}
      onSubmit={submit}
      noValidate
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id={id} className={classes.heading}>
        Connect Clockwork
      </h2>
      <p className={classes.why}>
        To {purpose ?? "start and stop timers"}, Clockwork needs to know that it is you. Your API token is in{" "}
        {jiraSite ? (
          <a href={jiraSite} target="_blank" rel="noreferrer">
            Jira
          </a>
        ) : (
          "Jira"
        )}{" "}
        under Apps, Clockwork, API tokens.{" "}
        {!save && (storesToken ? "It is stored on this computer until you log out." : "It is not stored, and is forgotten when you log out or load the page again.")}
      </p>
      <Field ref={input} label="Clockwork API token" type="password" autoComplete="off" spellCheck={false} fault={fault} className={classes.token} />
      {canSave && (
        <label className={classes.save}>
          <input type="checkbox" checked={save} onChange={(event) => setSave(event.target.checked)} /> Save it encrypted on the server, so that no device asks for it again
        </label>
      )}
      <div className={classes.actions}>
        <Button type="submit" aria-disabled={busy}>
          {busy ? "Checking" : "Connect"}
        </Button>
        <Button look="plain" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
