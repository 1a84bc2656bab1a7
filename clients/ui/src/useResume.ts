import { ClientError, type Client, type Session, type SignInOptions } from "@clockwork/shared";
import { useEffect, useState } from "react";

export interface Resumed {
  readonly session: Session | null;
  readonly options: Promise<SignInOptions>;
  /** Why a session could not be resumed. */
  readonly reason?: string;
}

/** The options of a server that does not report any. */
const passwordOnly: SignInOptions = { providers: [], password: true, sessions: false };

const firstDelay = 500;
const longestDelay = 10_000;

/** Whether to ask again: only a refusal ends a session. */
function isTrouble(error: ClientError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

/** Resumes the earlier session, if there is one. Calls back with a message while the server does not answer. */
async function resume(client: Client, refreshToken: string | undefined, signal: AbortSignal, onTrouble: (sentence: string) => void): Promise<Resumed> {
  for (let delay = firstDelay; ; delay = Math.min(2 * delay, longestDelay)) {
    const options = client.signInOptions({ signal }).catch(() => passwordOnly);
    try {
      return { session: await client.resume(refreshToken), options };
    } catch (thrown) {
      const error = thrown instanceof ClientError ? thrown : new ClientError("UNKNOWN", "");
      if (!isTrouble(error)) return { session: null, options, ...(error.status !== 404 && { reason: error.message }) };
      onTrouble(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    signal.throwIfAborted();
  }
}

/** Resumes the earlier session, once. */
export function useResume(client: Client, refreshToken: string | undefined, onResumed: (resumed: Resumed) => void): { readonly trouble: string | undefined } {
  const [trouble, setTrouble] = useState<string>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only at the beginning
  useEffect(() => {
    const abort = new AbortController();
    resume(client, refreshToken, abort.signal, (sentence) => abort.signal.aborted || setTrouble(sentence)).then(
      (resumed) => abort.signal.aborted || onResumed(resumed),
      () => {}, // this component is gone
    );
    return () => abort.abort();
  }, [client]);
  return { trouble };
}
