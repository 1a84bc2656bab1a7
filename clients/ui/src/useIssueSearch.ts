import { ClientError, type Issue } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { sentenceOf } from "./sentence";

/** Finds issues; with no text those that the person has in progress. */
export type SearchIssues = (text: string, options: { signal: AbortSignal }) => Promise<readonly Issue[]>;

export interface IssueSearch {
  /** Of the last search that was answered. */
  readonly issues: readonly Issue[];
  readonly state: "idle" | "searching" | "found" | "failed";
  /** Why the search failed, as a sentence. */
  readonly reason?: string;
}

/** How many issues the server answers at most. */
export const maxResults = 10;

/** How long a pause in typing is, in milliseconds. */
const pause = 180;

/** Searches after each pause in typing while open; a newer search cancels the older one. */
export function useIssueSearch(search: SearchIssues, text: string, open: boolean): IssueSearch {
  const [result, setResult] = useState<IssueSearch>({ issues: [], state: "idle" });
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    setResult((before) => ({ issues: before.issues, state: "searching" }));
    const timer = setTimeout(
      () => {
        search(text, { signal: abort.signal }).then(
          (issues) => setResult({ issues, state: "found" }),
          (thrown: unknown) => {
            if (abort.signal.aborted || (thrown instanceof ClientError && thrown.code === "CANCELED")) return;
            setResult({ issues: [], state: "failed", reason: sentenceOf(thrown) });
          },
        );
      },
      text ? pause : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [search, text, open]);
  return result;
}
