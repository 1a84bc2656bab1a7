import { useId } from "react";

import { firstClick } from "./firstClick";
import { span } from "./duration";
import { IssueKey } from "./jira";
import classes from "./Recent.module.css";
import type { RecentIssue } from "./recentIssues";

export interface RecentProps {
  /** undefined until the worklogs are loaded. */
  issues: readonly RecentIssue[] | undefined;
  /** Whether a start replaces a running timer. */
  switches: boolean;
  onStart: (issue: RecentIssue) => void;
}

/** The issues of the last days, each of which one click or key starts. */
export function Recent({ issues, switches, onStart }: RecentProps) {
  const id = useId();
  if (issues?.length === 0) return null;
  return (
    <section aria-labelledby={id} className={classes.recent} data-loading={issues === undefined || undefined}>
      <h2 id={id} className={classes.heading}>
        Recent
      </h2>
      <ol className={classes.list}>
        {issues?.map((issue, i) => (
          <li key={issue.key} className={classes.row}>
            <span className={classes.number} aria-hidden="true">
              {i + 1}
            </span>
            <IssueKey className={classes.key}>{issue.key}</IssueKey>
            <button type="button" className={classes.start} onClick={firstClick(() => onStart(issue))} aria-keyshortcuts={String(i + 1)} title={[issue.summary, issue.comment].filter(Boolean).join("\n")}>
              <span className={classes.hidden}>{`${switches ? "Switch to" : "Start"} ${issue.key} `}</span>
              <span className={classes.what}>
                <bdi className={classes.summary}>{issue.summary}</bdi>
                {issue.comment && <bdi className={classes.comment}>{issue.comment}</bdi>}
              </span>
              {issue.today >= 60 && <span className={classes.today}>{span(issue.today)} today</span>}
              <span className={classes.play} aria-hidden="true" />
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
