import type { Issue } from "@clockwork/shared";
import { useEffect, useId, useRef, useState, type KeyboardEvent, type Ref } from "react";

import { Announcer } from "./Announcer";
import { Field } from "./Field";
import classes from "./IssueField.module.css";
import { useIssueSearch, type IssueSearch, type SearchIssues } from "./useIssueSearch";

export interface IssueFieldProps {
  search: SearchIssues;
  text: string;
  /** Whether the text is an issue chosen from the list. */
  chosen: boolean;
  /** issue is given if one was chosen from the list. */
  onChange: (text: string, issue?: Issue) => void;
  fault?: string | undefined;
  inputRef?: Ref<HTMLInputElement>;
}

/**
 * A field that suggests issues while one types: a combobox with a list, as the
 * ARIA Authoring Practices describe it. The focus stays in the field.
 */
export function IssueField({ search, text, chosen, onChange, fault, inputRef }: IssueFieldProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [activeKey, setActiveKey] = useState<string>();
  const [query, setQuery] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const found = useIssueSearch(search, query, open);
  const { issues } = found;
  const active = issues.findIndex(({ key }) => key === activeKey);

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const suggest = (words: string): void => {
    setQuery(words);
    setActiveKey(undefined);
    setOpen(true);
  };
  const show = (): void => {
    if (!open) suggest(chosen ? "" : text.trim());
  };
  const choose = (issue: Issue): void => {
    onChange(`${issue.key} ${issue.summary}`, issue);
    setOpen(false);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = issues.length - 1;
    const activate = (i: number): void => setActiveKey(issues[i]?.key);
    const moves: Record<string, (() => void) | undefined> = {
      ArrowDown: () => (open ? activate(active < last ? active + 1 : 0) : show()),
      ArrowUp: () => (open ? activate(active > 0 ? active - 1 : last) : show()),
      Enter: open && issues[active] ? () => choose(issues[active] as Issue) : undefined,
      Escape: open ? () => setOpen(false) : text ? () => onChange("") : undefined,
    };
    if (event.key === "Enter") setOpen(false); // if no issue is active, the form is sent
    const move = event.nativeEvent.isComposing || event.altKey || event.ctrlKey || event.metaKey ? undefined : moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };

  return (
    <div className={classes.search} onBlur={() => setOpen(false)}>
      <Field
        ref={inputRef}
        id={id}
        label="Issue"
        placeholder="Key or words, such as PORTAL-312"
        value={text}
        fault={fault}
        role="combobox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
        aria-keyshortcuts="/"
        autoComplete="off"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
        onClick={show}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          onChange(event.target.value);
          suggest(event.target.value.trim());
        }}
      />
      {/* A press on the list must not move the focus out of the field. */}
      <div className={classes.popup} hidden={!open} onMouseDown={(event) => event.preventDefault()}>
        <p className={classes.result}>{resultLine(found, query)}</p>
        <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Issues" className={classes.list} hidden={issues.length === 0}>
          {issues.map((issue, i) => (
            <li key={issue.key} id={`${id}-${i}`} role="option" aria-selected={i === active} className={classes.option} onClick={() => choose(issue)}>
              <span className={classes.key}>{issue.key}</span>
              <span className={classes.summary}>{issue.summary}</span>
              <span className={classes.project}>{issue.status}</span>
            </li>
          ))}
        </ul>
      </div>
      <Announcer label="Search results">{open ? spokenResult(found) : ""}</Announcer>
    </div>
  );
}

/** The line above the suggestions. */
function resultLine(found: IssueSearch, query: string): string {
  const { issues, state, reason } = found;
  if (state === "failed") return reason ?? "";
  if (state !== "found") return "Searching";
  if (query) return issues.length > 0 ? spokenResult(found) : `No issue matches “${query}”. A key works too, such as PORTAL-312.`;
  return issues.length > 0 ? "In progress" : "Nothing is in progress. Type a key or words to search.";
}

function spokenResult({ issues, state, reason }: IssueSearch): string {
  if (state === "failed") return reason ?? "";
  if (state !== "found") return "";
  return issues.length === 1 ? "1 issue" : `${issues.length === 0 ? "No" : issues.length} issues`;
}
