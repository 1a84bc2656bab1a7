import type { Issue } from "@clockwork/shared";
import { Fragment, useEffect, useId, useRef, useState, type KeyboardEvent, type Ref } from "react";

import { Announcer } from "./Announcer";
import { Field } from "./Field";
import classes from "./IssueField.module.css";
import { useOpenInJira } from "./jira";
import { isKey } from "./key";
import { maxResults, useIssueSearch, type IssueSearch, type SearchIssues } from "./useIssueSearch";

/** An issue that the list offers. */
export interface Suggestion {
  readonly key: string;
  readonly summary: string | undefined;
  readonly project?: string;
  readonly status?: string;
}

export interface IssueFieldProps {
  search: SearchIssues;
  /** Offered while nothing is typed, above the issues in progress. */
  recent: readonly Suggestion[];
  /** The keys of what runs, which is not offered unless it is searched for. */
  running: ReadonlySet<string | undefined>;
  text: string;
  /** Whether the text is an issue chosen from the list. */
  chosen: boolean;
  onType: (text: string) => void;
  /** next: go on to the comment; start or beside: start the timer at once; undefined: stay. */
  onChoose: (issue: Suggestion, then?: "next" | "start" | "beside") => void;
  /** A key of the person's own projects, as an example. */
  exampleKey?: string | undefined;
  fault?: string | undefined;
  inputRef?: Ref<HTMLInputElement>;
}

/**
 * A field that suggests issues while one types: a combobox with a list, as the
 * ARIA Authoring Practices describe it. The focus stays in the field.
 */
export function IssueField({ search, recent, running, text, chosen, onType, onChoose, exampleKey, fault, inputRef }: IssueFieldProps) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const [activeKey, setActiveKey] = useState<string>();
  const [query, setQuery] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const popup = useRef<HTMLDivElement>(null);
  const found = useIssueSearch(search, query, open);
  const heads = new Map<string, string>();
  const issues = query ? found.issues.map(suggestion) : idle(recent, found.issues.map(suggestion).filter(({ key }) => !running.has(key)), heads);
  // The first result is selected, unless a whole key is typed, which Enter starts.
  const selected = activeKey ?? (query && !isKey(query) && found.state === "found" ? issues[0]?.key : undefined);
  const active = issues.findIndex(({ key }) => key === selected);

  useEffect(() => {
    if (active >= 0) list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const line = resultLine(found, query, issues.length);
  const shown = open ? issues.length : -1;
  useEffect(() => {
    if (shown >= 0) popup.current?.scrollIntoView({ block: "nearest" });
  }, [shown]);

  const suggest = (words: string): void => {
    setQuery(words);
    setActiveKey(undefined);
    setOpen(true);
  };
  const show = (): void => {
    if (!open) suggest(chosen ? "" : text.trim());
  };
  const openInJira = useOpenInJira();
  const choose: IssueFieldProps["onChoose"] = (issue, then) => {
    setOpen(false);
    onChoose(issue, then);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const issue = open ? issues[active] : undefined;
    if (event.nativeEvent.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "Enter" && issue) {
        event.preventDefault();
        openInJira(issue.key);
      }
      return;
    }
    const last = issues.length - 1;
    const activate = (i: number): void => setActiveKey(issues[i]?.key);
    let act: (() => void) | undefined;
    switch (`${event.altKey ? "Alt+" : ""}${event.key}`) {
      case "ArrowDown":
        act = () => (open ? activate(active < last ? active + 1 : 0) : show());
        break;
      case "ArrowUp":
        act = () => (open ? activate(active > 0 ? active - 1 : last) : show());
        break;
      case "Enter":
        if (issue) act = () => choose(issue, event.shiftKey ? "next" : query ? "start" : undefined);
        else setOpen(false); // the form is sent
        break;
      case "Alt+Enter":
        if (issue) act = () => choose(issue, "beside");
        break;
      case "Tab":
        if (issue && !event.shiftKey) choose(issue); // and the focus moves on by itself
        break;
      case "Escape":
        if (open) act = () => setOpen(false);
        else if (text) act = () => onType("");
    }
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };

  return (
    <div className={classes.search} onBlur={() => setOpen(false)}>
      <Field
        ref={inputRef}
        id={id}
        label="Issue"
        placeholder={`Key or words${exampleKey ? `, such as ${exampleKey}` : ""}`}
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
          onType(event.target.value);
          suggest(event.target.value.trim());
        }}
      />
      {/* A press on the list must not move the focus out of the field. */}
      <div ref={popup} className={classes.popup} hidden={!open} onMouseDown={(event) => event.preventDefault()}>
        {line && <p className={classes.result}>{line}</p>}
        <ul ref={list} id={`${id}-list`} role="listbox" aria-label="Issues" className={classes.list} hidden={issues.length === 0}>
          {issues.map((issue, i) => (
            <Fragment key={issue.key}>
              {heads.has(issue.key) && (
                <li role="presentation" className={classes.result}>
                  {heads.get(issue.key)}
                </li>
              )}
              <li id={`${id}-${i}`} role="option" aria-selected={i === active} className={classes.option} onClick={({ ctrlKey, metaKey }) => (ctrlKey || metaKey ? openInJira(issue.key) : choose(issue))}>
                <span className={classes.key}>{issue.key}</span>
                <span className={classes.summary}>
                  <bdi>
                    <Matched text={issue.summary ?? ""} query={query} />
                  </bdi>
                  {issue.project && <span className={classes.project}>{issue.project}</span>}
                </span>
                {issue.status && <bdi className={classes.status}>{issue.status}</bdi>}
              </li>
            </Fragment>
          ))}
        </ul>
      </div>
      <Announcer label="Search results">{open ? spokenResult(found, issues.length) : ""}</Announcer>
    </div>
  );
}

/** The text with the words of the query in bold. */
function Matched({ text, query }: { text: string; query: string }) {
  const words = query.split(/\s+/).filter(Boolean);
  if (words.length === 0) return text;
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
  // With a group in the pattern each second part is a match.
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts have no other identity than their place
  return text.split(pattern).map((part, i) => (i % 2 === 1 ? <b key={i}>{part}</b> : part));
}

const suggestion = ({ key, summary, project, status }: Issue): Suggestion => ({ key, summary, project: project.name, status });

/** The suggestions while nothing is typed. heads gets the heading above the first of each kind. */
function idle(recent: readonly Suggestion[], inProgress: readonly Suggestion[], heads: Map<string, string>): readonly Suggestion[] {
  const others = inProgress.filter(({ key }) => !recent.some((issue) => issue.key === key));
  if (recent[0]) heads.set(recent[0].key, "Recent");
  if (others[0]) heads.set(others[0].key, "In progress");
  return [...recent, ...others];
}

/** The line above the suggestions. */
function resultLine(found: IssueSearch, query: string, shown: number): string {
  const { state, reason } = found;
  if (state === "failed") return reason ?? "";
  if (!query && shown > 0) return "";
  if (state !== "found") return "Searching";
  if (shown > 0) return spokenResult(found, shown);
  if (!query) return "Nothing is in progress. Type a key or words to search.";
  return isKey(query) ? `No issue ${query.toUpperCase()} was found.` : `No issue matches “${query}”.`;
}

function spokenResult({ issues, state, reason }: IssueSearch, shown: number): string {
  if (state === "failed") return reason ?? "";
  if (state !== "found") return "";
  if (issues.length >= maxResults) return `The first ${shown} issues`;
  return shown === 1 ? "1 issue" : `${shown === 0 ? "No" : shown} issues`;
}
