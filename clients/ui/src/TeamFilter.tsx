import { useState, type Ref } from "react";

import { Button } from "./Button";
import { Field } from "./Field";
import type { Project } from "./teamRows";
import classes from "./TeamFilter.module.css";

export interface TeamFilterProps {
  words: string;
  onWords: (words: string) => void;
  projects: readonly Project[];
  project: string | undefined;
  onProject: (project: string | undefined) => void;
  /** How many of how many people are shown. */
  shown: string;
  inputRef: Ref<HTMLInputElement>;
}

/** Projects that have a chip before a person asks for more. */
const fewProjects = 8;

/** Narrows the team by words and by project. */
export function TeamFilter({ words, onWords, projects, project, onProject, shown, inputRef }: TeamFilterProps) {
  const [all, setAll] = useState(false);
  const listed = projects.filter(({ key }, i) => all || i < fewProjects || key === project);
  const rest = projects.length - listed.length;
  return (
    <search className={classes.filter}>
      <Field
        ref={inputRef}
        className={classes.field}
        label="Find"
        type="search"
        placeholder="Name, issue or project"
        value={words}
        onChange={(event) => onWords(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (words) onWords("");
          else event.currentTarget.blur();
        }}
        autoComplete="off"
        spellCheck={false}
        aria-keyshortcuts="/"
      />
      {projects.length > 0 && (
        <ul className={classes.chips} aria-label="Projects">
          {listed.map(({ key, people }) => (
            <li key={key}>
              <button type="button" className={classes.chip} aria-pressed={key === project} aria-label={`${key}, ${people} ${people === 1 ? "person" : "people"}`} onClick={() => onProject(key === project ? undefined : key)}>
                {key} <span className={classes.count}>{people}</span>
              </button>
            </li>
          ))}
          {rest > 0 && (
            <li>
              <Button look="plain" onClick={() => setAll(true)}>
                {rest} more
              </Button>
            </li>
          )}
        </ul>
      )}
      <p className={classes.shown} role="status">
        {shown}
      </p>
    </search>
  );
}
