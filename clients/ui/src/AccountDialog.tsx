import type { Account, Me, PersonalToken, SessionEntry } from "@clockwork/shared";
import { useCallback, useEffect, useId, useRef, useState, type FormEvent } from "react";

import classes from "./AccountDialog.module.css";
import { Button } from "./Button";
import { atWhen, dateOf, sinceWhen } from "./calendar";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { Notice } from "./Notice";
import { sentenceOf } from "./sentence";

export interface AccountDialogProps {
  account: Account;
  me: Me | undefined;
  /** Called if something in me has changed. */
  onChanged: () => void;
  onClose: () => void;
  onLogoutEverywhere: () => void;
}

const when = (moment: string): string => sinceWhen(Date.parse(moment), dateOf(new Date()));
const at = (moment: string): string => atWhen(Date.parse(moment), dateOf(new Date()));

/** Lists the person's sessions and tokens. */
export default function AccountDialog({ account, me, onChanged, onClose, onLogoutEverywhere }: AccountDialogProps) {
  const [problem, setProblem] = useState<string>();
  const attempt = useCallback((work: Promise<unknown>): Promise<void> => {
    setProblem(undefined);
    return work.then(
      () => {},
      (thrown: unknown) => setProblem(sentenceOf(thrown)),
    );
  }, []);
  const sessions = useList(account.sessions, attempt);
  const tokens = useList(account.tokens, attempt);
  return (
    <Dialog title="Sessions and tokens" onClose={onClose} wide>
      {problem && <Notice onDismiss={() => setProblem(undefined)}>{problem}</Notice>}
      {me?.clockwork.saved && (
        <Section title="Clockwork">
          {me.clockwork.owner === "another" ? (
            <p>The Clockwork token that you saved belongs to somebody else: Clockwork started a timer of theirs with it. Delete it, and save your own.</p>
          ) : (
            <p>
              Your Clockwork token is saved encrypted on the server{me.clockwork.saved_at && ` since ${when(me.clockwork.saved_at)}`}. It starts and stops timers from all your devices.
            </p>
          )}
          <Button look="plain" onClick={() => void attempt(account.deleteClockworkToken().then(onChanged))}>
            Delete the saved token
          </Button>
        </Section>
      )}
      <Section title="Where you are logged in">
        <Sessions list={sessions.list} onEnd={(id) => void attempt(account.endSession(id).then(sessions.ask))} />
        <Button look="outline" onClick={onLogoutEverywhere}>
          Log out everywhere
        </Button>
      </Section>
      <Section title="Personal access tokens">
        <p>For scripts and other programs. Whoever has one can act in your name until it expires or you revoke it.</p>
        <Tokens list={tokens.list} onRevoke={(id) => void attempt(account.revokeToken(id).then(tokens.ask))} />
        <NewToken account={account} isAdmin={me?.role === "admin"} attempt={attempt} onCreated={tokens.ask} />
      </Section>
      <Button onClick={onClose}>Close</Button>
    </Dialog>
  );
}

/** A list from the server, and a function that reads it again. */
function useList<T>(read: () => Promise<readonly T[]>, attempt: (work: Promise<unknown>) => Promise<void>): { list: readonly T[] | undefined; ask: () => void } {
  const [list, setList] = useState<readonly T[]>();
  const ask = useCallback(() => void attempt(read().then(setList)), [read, attempt]);
  useEffect(ask, [ask]);
  return { list, ask };
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <h3 id={id} className={classes.heading}>
        {title}
      </h3>
      {children}
    </section>
  );
}

const providers: Record<SessionEntry["provider"], string> = { password: "a password", atlassian: "Atlassian", oidc: "single sign-on" };

function Sessions({ list, onEnd }: { list: readonly SessionEntry[] | undefined; onEnd: (id: string) => void }) {
  if (!list) return <p>Loading</p>;
  if (list.length === 0) return <p>No session is stored: this login ends with the page.</p>;
  return (
    <ul className={classes.list}>
      {list.map(({ id, label, kind, provider, current, created_at, last_used_at }) => (
        <li key={id}>
          <p>
            <strong>{kind === "app" ? `App, ${label}` : label}</strong>
            {current && <span className={classes.tag}>This one</span>}
            <span className={classes.detail}>
              Logged in with {providers[provider]} {at(created_at)}, last used {at(last_used_at)}
            </span>
          </p>
          {!current && (
            <Button look="plain" aria-label={`End the session: ${label}`} onClick={() => onEnd(id)}>
              End
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

const scopes: Record<PersonalToken["scope"], string> = { read: "Read", write: "Read, start and stop", admin: "Read everybody", calendar: "Subscribe to my worklogs as a calendar" };

function Tokens({ list, onRevoke }: { list: readonly PersonalToken[] | undefined; onRevoke: (id: string) => void }) {
  if (!list) return <p>Loading</p>;
  return (
    <ul className={classes.list}>
      {list.map(({ id, name, scope, expires_at, last_used_on }) => (
        <li key={id}>
          <p>
            <strong>{name}</strong>
            <span className={classes.detail}>
              {scopes[scope]}. Expires {when(expires_at)}. {last_used_on ? `Last used on ${last_used_on}.` : "Not used yet."}
            </span>
          </p>
          <Button look="plain" aria-label={`Revoke the token: ${name}`} onClick={() => onRevoke(id)}>
            Revoke
          </Button>
        </li>
      ))}
    </ul>
  );
}

interface NewTokenProps {
  account: Account;
  isAdmin: boolean;
  attempt: (work: Promise<unknown>) => Promise<void>;
  onCreated: () => void;
}

/** Creates a token, and shows it once. */
function NewToken({ account, isAdmin, attempt, onCreated }: NewTokenProps) {
  const id = useId();
  const [created, setCreated] = useState<PersonalToken>();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const entered = new FormData(form);
    const token = { name: String(entered.get("name")), scope: entered.get("scope") as PersonalToken["scope"], expires_in_days: Number(entered.get("days")) };
    void attempt(
      account.createToken(token).then((made) => {
        setCreated(made);
        form.reset();
        onCreated();
      }),
    );
  };
  return (
    <>
      {created?.token && <CreatedToken name={created.name} text={created.scope === "calendar" ? account.calendarAddress(created.token) : created.token} />}
      <form className={classes.create} aria-label="Create a token" onSubmit={submit}>
        <Field label="What it is for" name="name" required maxLength={100} autoComplete="off" />
        <div className={classes.choices}>
          <label htmlFor={`${id}-scope`}>
            May
            <select id={`${id}-scope`} name="scope" defaultValue="read">
              {(Object.keys(scopes) as PersonalToken["scope"][])
                .filter((scope) => scope !== "admin" || isAdmin)
                .map((scope) => (
                  <option key={scope} value={scope}>
                    {scopes[scope]}
                  </option>
                ))}
            </select>
          </label>
          <label htmlFor={`${id}-days`}>
            For
            <select id={`${id}-days`} name="days" defaultValue="90">
              <option value="7">7 days</option>
              <option value="30">30 days</option>
              <option value="90">90 days</option>
              <option value="365">1 year</option>
            </select>
          </label>
          <Button type="submit" look="outline">
            Create
          </Button>
        </div>
      </form>
    </>
  );
}

function CreatedToken({ name, text }: { name: string; text: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const copy = (): void => {
    field.current?.select();
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false), // the text is selected
    );
  };
  return (
    <div className={classes.created}>
      <Field ref={field} label={`${name}: copy it now, it is not shown again`} readOnly value={text} spellCheck={false} />
      <Button onClick={copy}>{copied ? "Copied" : "Copy"}</Button>
    </div>
  );
}
