import type { Issue } from "@clockwork/shared";
import { useId, useState, type FormEvent, type Ref } from "react";

import { Button } from "./Button";
import { Field } from "./Field";
import { IssueField } from "./IssueField";
import classes from "./StartTimer.module.css";
import type { SearchIssues } from "./useIssueSearch";

export interface StartTimerProps {
  search: SearchIssues;
  /** Resolves to whether the timer was started. If not, the form gets its text back. */
  onStart: (input: { issueKey: string; summary?: string; comment?: string }) => Promise<boolean>;
  /** Whether a timer runs already. */
  another?: boolean;
  inputRef?: Ref<HTMLInputElement>;
}

/** An issue's key as the person may type it. */
const typedKey = /^\s*([a-z][a-z0-9_]*-[1-9][0-9]*)\s*$/i;

interface Written {
  text: string;
  /** Set if it was chosen from the list. */
  issue?: Issue | undefined;
  comment: string;
}

const nothing: Written = { text: "", comment: "" };

/** Starts a timer on an issue, with a comment. The form is cleared at once. */
export function StartTimer({ search, onStart, another = false, inputRef }: StartTimerProps) {
  const id = useId();
  const [written, setWritten] = useState(nothing);
  const { text, issue, comment } = written;
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
    setWritten(nothing);
    const started = await onStart({ issueKey, ...(issue && { summary: issue.summary }), ...(comment.trim() && { comment: comment.trim() }) });
    setBusy(false);
    // Text that was written meanwhile stays: it is the person's next issue.
    if (!started) setWritten((now) => (now.text ? now : { ...written, comment: now.comment || comment }));
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
        onChange={(typed, chosen) => {
          setWritten({ ...written, text: typed, issue: chosen });
          setFault(undefined);
        }}
      />
      <div className={classes.rest}>
        <Field label="Comment" placeholder="Optional" value={comment} maxLength={2000} autoComplete="off" onChange={(event) => setWritten({ ...written, comment: event.target.value })} />
        <Button type="submit" look={another ? "outline" : "solid"} aria-disabled={busy}>
          {busy ? "Starting" : "Start"}
        </Button>
      </div>
    </form>
  );
}
