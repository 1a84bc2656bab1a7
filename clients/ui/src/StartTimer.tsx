import type { Issue } from "@clockwork/shared";
import { useId, useState, type FormEvent, type Ref } from "react";

import { Button } from "./Button";
import { Field } from "./Field";
import { IssueField } from "./IssueField";
import classes from "./StartTimer.module.css";
import type { SearchIssues } from "./useIssueSearch";

export interface StartTimerProps {
  search: SearchIssues;
  /** Resolves to whether the timer was started; then the form is emptied. */
  onStart: (input: { issueKey: string; comment?: string }) => Promise<boolean>;
  /** Whether a timer runs already. */
  another?: boolean;
  inputRef?: Ref<HTMLInputElement>;
}

/** An issue's key as the person may type it. */
const typedKey = /^\s*([a-z][a-z0-9_]*-[1-9][0-9]*)\s*$/i;

/** Starts a timer on an issue, with a comment. */
export function StartTimer({ search, onStart, another = false, inputRef }: StartTimerProps) {
  const id = useId();
  const [text, setText] = useState("");
  const [issue, setIssue] = useState<Issue>();
  const [comment, setComment] = useState("");
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    const issueKey = issue?.key ?? typedKey.exec(text)?.[1]?.toUpperCase();
    if (!issueKey) {
      setFault(text.trim() ? "Choose an issue from the list, or type its key, such as PORTAL-312." : "Choose an issue first.");
      event.currentTarget.querySelector("input")?.focus();
      return;
    }
    setBusy(true);
    const started = await onStart({ issueKey, ...(comment.trim() && { comment: comment.trim() }) });
    setBusy(false);
    if (!started) return;
    setText("");
    setIssue(undefined);
    setComment("");
  };

  return (
    <form className={classes.start} aria-labelledby={id} onSubmit={(event) => void submit(event)} noValidate>
      <h2 id={id} className={classes.heading}>
        {another ? "Start another" : "Start a timer"}
      </h2>
      <IssueField
        inputRef={inputRef ?? null}
        search={search}
        text={text}
        chosen={issue !== undefined}
        fault={fault}
        onChange={(written, chosen) => {
          setText(written);
          setIssue(chosen);
          setFault(undefined);
        }}
      />
      <div className={classes.rest}>
        <Field label="Comment" placeholder="Optional" value={comment} maxLength={2000} autoComplete="off" onChange={(event) => setComment(event.target.value)} />
        <Button type="submit" look={another ? "outline" : "solid"} aria-disabled={busy}>
          {busy ? "Starting" : "Start"}
        </Button>
      </div>
    </form>
  );
}
