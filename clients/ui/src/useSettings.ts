import type { Account, Settings } from "@clockwork/shared";
import { useEffect, useState } from "react";

/** What the person has set; undefined until the server says, and on servers that store none. The function replaces it. */
export function useSettings(account: Account, userId: string | undefined, reachable: boolean): [Settings | undefined, (changed: Settings) => void] {
  const [settings, set] = useState<Settings>();
  const known = settings !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each person has their own
  useEffect(() => {
    if (known || !reachable) return;
    const abort = new AbortController();
    account.settings({ signal: abort.signal }).then(set, () => {}); // there is no goal then
    return () => abort.abort();
  }, [account, userId, reachable, known]);
  return [settings, set];
}
