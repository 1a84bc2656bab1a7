import { asksForToken, ClientError, isTokenOfAnother, type RunningTimer, type StartInput, type StopInput } from "@clockwork/shared";
import { useCallback, useEffect, useRef, useState } from "react";

import { sentenceOf } from "./sentence";

export type Action =
  | { readonly kind: "start"; readonly issueKey: string; readonly summary?: string | undefined; readonly comment?: string | undefined; /** A switch. */ readonly stopOthers?: boolean }
  | { readonly kind: "stop"; readonly timer: RunningTimer }
  /** The person connects Clockwork before anything needs it. */
  | { readonly kind: "connect" };

export interface Problem {
  /** Why the last action failed, as a sentence. */
  readonly text: string;
  /** Timers that a switch stopped before it failed. */
  readonly stopped: readonly RunningTimer[];
}

export interface Target {
  start: (input: StartInput) => Promise<void>;
  stop: (input: StopInput) => Promise<void>;
  /** The running timers, for the sentences. */
  running: readonly RunningTimer[];
  /** Whether the server answers. */
  connected: boolean;
  /** Uses the token from now on; rejects if it is not the person's. */
  connect: (token: string, save: boolean) => Promise<void>;
  /** Drops a token that is somebody else's. */
  dropToken: () => void;
  /** An error that came after an action had succeeded. */
  lateError: ClientError | null;
}

export interface Actions {
  /** Resolves to whether it succeeded. */
  readonly perform: (action: Action) => Promise<boolean>;
  /** The action that waits for a Clockwork token. */
  readonly waiting: Action | null;
  /** What was wrong with the token that was used. */
  readonly tokenFault: string | undefined;
  readonly connect: (token: string, save: boolean) => Promise<void>;
  readonly cancel: () => void;
  readonly problem: Problem | null;
  readonly dismiss: () => void;
  /** Shows a message about an action that was not sent. */
  readonly fail: (sentence: string) => void;
}

const tokenOfAnother = "This token was connected by somebody else. Make your own in Jira under Apps > Clockwork > API tokens.";

/** Whether a call failed because the server could not be reached. */
function isNetworkError(thrown: unknown): boolean {
  return thrown instanceof ClientError && ["NETWORK", "TIMEOUT", "NOT_CONNECTED"].includes(thrown.code);
}

/** Starts and stops timers. An action that needs the person's Clockwork token waits until they enter it. */
export function useActions(target: Target): Actions {
  const { connect, connected, lateError } = target;
  const current = useRef(target);
  useEffect(() => {
    current.current = target;
  });
  const settle = useRef<(done: boolean) => void>(undefined);
  const lastStart = useRef<Action>(undefined);
  const [waiting, setWaiting] = useState<Action | null>(null);
  const [tokenFault, setTokenFault] = useState<string>();
  const [problem, setProblem] = useState<(Problem & { thrown: unknown }) | null>(null);

  // A network error is over when the server answers again.
  useEffect(() => {
    if (connected) setProblem((before) => (before && isNetworkError(before.thrown) ? null : before));
  }, [connected]);

  /** Asks for the token. Resolves when the action was repeated with it, or cancelled. */
  const askForToken = useCallback((action: Action, fault?: string): Promise<boolean> => {
    setWaiting(action);
    setTokenFault(fault);
    return new Promise((resolve) => {
      settle.current?.(false);
      settle.current = resolve;
    });
  }, []);

  const attempt = useCallback(
    async (action: Action): Promise<boolean> => {
      const { running } = current.current;
      try {
        await run(action, current.current);
        if (action.kind === "start") lastStart.current = action;
        return true;
      } catch (thrown) {
        if (thrown instanceof ClientError && asksForToken(thrown)) return askForToken(action);
        if (thrown instanceof ClientError && isTokenOfAnother(thrown)) {
          current.current.dropToken();
          return askForToken(action, tokenOfAnother);
        }
        setProblem({ thrown, ...problemOf(action, thrown, running) });
        return false;
      }
    },
    [askForToken],
  );

  // The sync after a start has found that the token belongs to somebody else.
  useEffect(() => {
    if (!lateError || !isTokenOfAnother(lateError) || !lastStart.current) return;
    current.current.dropToken();
    void askForToken(lastStart.current, tokenOfAnother);
    lastStart.current = undefined;
  }, [lateError, askForToken]);

  const finish = useCallback((done: boolean): void => {
    setWaiting(null);
    settle.current?.(done);
    settle.current = undefined;
  }, []);

  return {
    waiting,
    tokenFault,
    problem,
    perform: useCallback(
      (action) => {
        setProblem(null);
        return action.kind === "connect" ? askForToken(action) : attempt(action);
      },
      [attempt, askForToken],
    ),
    connect: async (entered, save) => {
      await connect(entered, save);
      const action = waiting;
      const answer = settle.current;
      settle.current = undefined;
      setWaiting(null);
      answer?.(action ? await attempt(action) : false);
    },
    cancel: useCallback(() => finish(false), [finish]),
    dismiss: useCallback(() => setProblem(null), []),
    fail: useCallback((text) => setProblem({ thrown: undefined, text, stopped: [] }), []),
  };
}

async function run(action: Action, { start, stop }: Target): Promise<void> {
  if (action.kind === "stop") await stop({ id: action.timer.id, ...(action.timer.issueKey && { issueKey: action.timer.issueKey }) });
  if (action.kind === "start") await start(action);
}

/** running: what ran before the action. */
function problemOf(action: Action, thrown: unknown, running: readonly RunningTimer[]): Problem {
  const known = thrown instanceof ClientError ? thrown : undefined;
  const stopped = running.filter((t) => t.issueKey && known?.stopped?.includes(t.issueKey));
  return { text: action.kind === "start" ? reasonOf(action.issueKey, known, running) ?? sentenceOf(thrown) : sentenceOf(thrown), stopped };
}

/** A better message than the server's, if the error is about an issue of the person's own timers. */
function reasonOf(issueKey: string, known: ClientError | undefined, running: readonly RunningTimer[]): string | undefined {
  if (!known || known.stopped) return undefined;
  if ((known.status === 409 || known.status === 422) && running.some((t) => t.issueKey === issueKey)) return `${issueKey} is running already.`;
  return known.status === 404 ? `There is no issue ${issueKey}, or you may not see it.` : undefined;
}
