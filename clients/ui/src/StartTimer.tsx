import { useId, useRef, useState, type FormEvent, type KeyboardEvent, type Ref } from "react";

import { Button } from "./Button";
import { Field } from "./Field";
import { IssueField, type Suggestion } from "./IssueField";
import { keyOf } from "./key";
import classes from "./StartTimer.module.css";
import type { SearchIssues } from "./useIssueSearch";

export interface StartInput {
  issueKey: string;
  summary?: string | undefined;
  comment?: string | undefined;
}

export interface StartTimerProps {
  search: SearchIssues;
  recent: readonly Suggestion[];
  /** Resolves to whether the timer was started. If not, the form gets its text back. beside: leave the running timer. */
  onStart: (input: StartInput, beside: boolean) => Promise<boolean>;
  /** The issues of the running timers, which a start stops. */
  running: ReadonlySet<string | undefined>;
  /** Whether a start waits for something that the person must do elsewhere. */
  waiting: boolean;
  exampleKey?: string | undefined;
  inputRef?: Ref<HTMLInputElement>;
}

/** The text in the form. */
interface Draft {
  text: string;
  /** Set if it was chosen from the list. */
  issue?: Suggestion | undefined;
  comment: string;
}

const nothing: Draft = { text: "", comment: "" };

/** Starts a timer on an issue, with a comment. The form is cleared at once. */
export function StartTimer({ search, recent, onStart, running, waiting, exampleKey, inputRef }: StartTimerProps) {
  const id = useId();
  const switches = running.size > 0;
  const form = useRef<HTMLFormElement>(null);
  const comments = useRef<HTMLInputElement>(null);
  const [written, setWritten] = useState(nothing);
  const { text, issue, comment } = written;
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);

  const start = async (chosen: Suggestion | undefined, beside: boolean): Promise<void> => {
    if (busy && !waiting) return;
    const issueKey = chosen?.key ?? keyOf(text);
    if (!issueKey) {
      setFault(text.trim() ? `Choose an issue from the list, or type its key${exampleKey ? `, such as ${exampleKey}` : ""}.` : "Choose an issue first.");
      form.current?.querySelector("input")?.focus();
      return;
    }
    setBusy(true);
    setWritten(nothing);
    const started = await onStart({ issueKey, summary: chosen?.summary, ...(comment.trim() && { comment: comment.trim() }) }, beside);
    setBusy(false);
    // Text that was typed meanwhile stays, because it is the person's next issue.
    if (!started) setWritten((now) => (now.text ? now : { ...written, issue: chosen, text: chosen ? nameOf(chosen) : text, comment: now.comment || comment }));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLFormElement>): void => {
    if (event.key === "Enter" && event.altKey) {
      event.preventDefault();
      void start(issue, true);
    }
    // Then keys are shortcuts again, and in a small window another Escape hides the
    // window.
    if (event.key === "Escape" && event.target instanceof HTMLInputElement) event.target.blur();
  };

  return (
    <form
      ref={form}
      className={classes.start}
      aria-labelledby={id}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void start(issue, false);
      }}
      onKeyDown={onKeyDown}
      noValidate
    >
      <h2 id={id} className={classes.heading}>
        {switches ? "Switch to" : "Start a timer"}
      </h2>
      <IssueField
        inputRef={inputRef ?? null}
        search={search}
        recent={recent}
        running={running}
        text={text}
        chosen={issue !== undefined}
        fault={fault}
        exampleKey={exampleKey}
        onType={(typed) => {
          setWritten({ ...written, text: typed, issue: undefined });
          setFault(undefined);
        }}
        onChoose={(chosen, then) => {
          setFault(undefined);
          if (then === "beside" || (then === "start" && !comment)) return void start(chosen, then === "beside");
          setWritten({ ...written, text: nameOf(chosen), issue: chosen });
          if (then === "next") comments.current?.focus();
        }}
      />
      <div className={classes.rest}>
        <Field ref={comments} label="Comment" placeholder="Optional" value={comment} maxLength={2000} autoComplete="off" onChange={(event) => setWritten({ ...written, comment: event.target.value })} />
        <div className={classes.buttons}>
          <Button type="submit" aria-disabled={busy && !waiting}>
            {busy && !waiting ? "Starting" : switches ? "Switch" : "Start"}
          </Button>
          {switches && (
            <Button look="plain" title="Alt+Enter" aria-keyshortcuts="Alt+Enter" onClick={() => void start(issue, true)}>
              Start beside
            </Button>
          )}
        </div>
      </div>
    </form>
  );
}

function nameOf({ key, summary }: Suggestion): string {
  return summary ? `${key} ${summary}` : key;
}
