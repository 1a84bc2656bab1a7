import { asksForToken, ClientError, type RunningTimer, type StartInput, type StopInput } from "@clockwork/shared";
import { useCallback, useEffect, useRef, useState } from "react";

import { sentenceOf } from "./sentence";

export type Action = { readonly kind: "start"; readonly issueKey: string; readonly summary?: string; readonly comment?: string } | { readonly kind: "stop"; readonly timer: RunningTimer };

export interface Target {
  start: (input: StartInput) => Promise<void>;
  stop: (input: StopInput) => Promise<void>;
  /** Whether the server answers. */
  heard: boolean;
  /** Uses the token from now on; rejects if it is not the person's. */
  connect: (token: string) => Promise<void>;
}

export interface Actions {
  /** Resolves to whether it succeeded. */
  readonly perform: (action: Action) => Promise<boolean>;
  /** The action that waits for a Clockwork token. */
  readonly waiting: Action | null;
  readonly connect: (token: string) => Promise<void>;
  readonly cancel: () => void;
  /** Why the last action failed, as a sentence. */
  readonly problem: string | null;
  readonly dismiss: () => void;
}

/** Whether a call failed because the server could not be reached. */
export function isNetworkError(thrown: unknown): boolean {
  return thrown instanceof ClientError && ["NETWORK", "TIMEOUT", "NOT_CONNECTED"].includes(thrown.code);
}

/** Starts and stops timers. An action that needs the person's Clockwork token waits until they enter it. */
export function useActions({ start, stop, connect, heard }: Target): Actions {
  const settle = useRef<(done: boolean) => void>(undefined);
  const [waiting, setWaiting] = useState<Action | null>(null);
  const [problem, setProblem] = useState<unknown>(null);

  // A network error is over when the server answers again.
  useEffect(() => {
    if (heard) setProblem((before: unknown) => (isNetworkError(before) ? null : before));
  }, [heard]);

  const attempt = useCallback(
    async (action: Action): Promise<boolean> => {
      try {
        if (action.kind === "start") await start({ issueKey: action.issueKey, summary: action.summary, comment: action.comment });
        else await stop({ id: action.timer.id, ...(action.timer.issueKey && { issueKey: action.timer.issueKey }) });
        return true;
      } catch (thrown) {
        if (thrown instanceof ClientError && asksForToken(thrown)) {
          setWaiting(action);
          return new Promise((resolve) => {
            settle.current?.(false);
            settle.current = resolve;
          });
        }
        setProblem(thrown);
        return false;
      }
    },
    [start, stop],
  );

  const finish = useCallback((done: boolean): void => {
    setWaiting(null);
    settle.current?.(done);
    settle.current = undefined;
  }, []);

  return {
    waiting,
    problem: problem === null ? null : sentenceOf(problem),
    perform: useCallback(
      (action) => {
        setProblem(null);
        return attempt(action);
      },
      [attempt],
    ),
    connect: async (entered) => {
      await connect(entered);
      const action = waiting;
      const answer = settle.current;
      settle.current = undefined;
      setWaiting(null);
      answer?.(action ? await attempt(action) : false);
    },
    cancel: useCallback(() => finish(false), [finish]),
    dismiss: useCallback(() => setProblem(null), []),
  };
}
