import type { Worklog } from "@clockwork/shared";

export interface IssueWorklogs {
  /** The issue's key; its number, as "Issue 20421", if Jira did not name it. */
  readonly label: string;
  /** undefined if Jira did not name the issue. */
  readonly key: string | undefined;
  readonly name: string | undefined;
  readonly project: string | undefined;
  /** The start of the latest worklog. */
  readonly last: string;
  readonly seconds: number;
  /** Each comment once, the latest first. */
  readonly comments: readonly string[];
  readonly entries: number;
}

/** Groups worklogs by issue, the latest first. */
export function byIssue(logs: readonly Worklog[]): IssueWorklogs[] {
  const groups = new Map<string, IssueWorklogs>();
  for (const log of [...logs].sort((a, b) => Date.parse(b.started) - Date.parse(a.started))) {
    const { issueKey: key, issueName: name, projectName: project, started: last } = log;
    const label = key ?? `Issue ${log.issueId}`;
    const known = groups.get(label) ?? { label, key, name, project, last, seconds: 0, comments: [], entries: 0 };
    const comments = !log.comment || known.comments.includes(log.comment) ? known.comments : [...known.comments, log.comment];
    groups.set(label, { ...known, comments, seconds: known.seconds + log.timeSpentSeconds, entries: known.entries + 1 });
  }
  return [...groups.values()];
}
