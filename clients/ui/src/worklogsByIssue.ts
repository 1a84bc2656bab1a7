import type { Worklog } from "@clockwork/shared";

export interface IssueWorklogs {
  readonly key: string;
  readonly name: string | undefined;
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
    const key = log.issueKey ?? `Issue ${log.issueId}`;
    const known = groups.get(key) ?? { key, name: log.issueName, last: log.started, seconds: 0, comments: [], entries: 0 };
    const comments = !log.comment || known.comments.includes(log.comment) ? known.comments : [...known.comments, log.comment];
    groups.set(key, { ...known, comments, seconds: known.seconds + log.timeSpentSeconds, entries: known.entries + 1 });
  }
  return [...groups.values()];
}
