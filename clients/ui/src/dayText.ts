import { weekdayAndDay } from "./calendar";
import { span } from "./duration";
import type { IssueWorklogs } from "./worklogsByIssue";

const plainSpan = (seconds: number): string => span(seconds).replaceAll("\u00a0", " ");

/** A day as text for a stand-up: a line for each issue, in the order in which the person worked. */
export function dayText(date: string, today: string, issues: readonly IssueWorklogs[]): string {
  const total = issues.reduce((sum, { seconds }) => sum + seconds, 0);
  const lines = [...issues].reverse().map(({ label, name, seconds, comments }) => {
    const what = [name, [...comments].reverse().join("; ")].filter(Boolean).join(": ");
    return `- ${[label, what].filter(Boolean).join(" ")} (${plainSpan(seconds)})`;
  });
  return [`${weekdayAndDay(date, today).join(" ")}: ${total > 0 ? plainSpan(total) : "nothing logged"}`, ...lines].join("\n");
}
