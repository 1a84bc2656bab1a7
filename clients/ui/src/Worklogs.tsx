import { Button } from "./Button";
import { hourOf } from "./calendar";
import classes from "./Days.module.css";
import { span } from "./duration";
import { firstClick } from "./firstClick";
import { IssueKey } from "./jira";
import type { StartInput } from "./StartTimer";
import type { IssueWorklogs } from "./worklogsByIssue";

export interface WorklogsProps {
  issues: readonly IssueWorklogs[];
  onStart: (input: StartInput) => void;
}

/** The day's worklogs by issue. */
export function Worklogs({ issues, onStart }: WorklogsProps) {
  return (
    <ul>
      {issues.map(({ label, key, name, project, last, seconds, comments, entries }) => (
        <li key={label} className={classes.log}>
          <time className={classes.at} dateTime={last}>
            {hourOf(last)}
          </time>
          <span className={classes.what} title={name}>
            {key ? <IssueKey className={classes.key}>{key}</IssueKey> : <span className={classes.key}>{label}</span>} <bdi>{name}</bdi>
          </span>
          <span className={classes.spent}>{span(seconds)}</span>
          {key && (
            <Button look="plain" className={classes.again} aria-label={`Start ${key}`} onClick={firstClick(() => onStart({ issueKey: key, ...(name && { summary: name }) }))}>
              <span className={classes.play} />
            </Button>
          )}
          <span className={classes.more}>
            {project && <bdi>{project}</bdi>}
            {comments.map((comment) => (
              <bdi key={comment}>{comment}</bdi>
            ))}
            {entries > 1 && <span>{entries} worklogs</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
