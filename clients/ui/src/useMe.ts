import type { Account, Me } from "@clockwork/shared";
import { useCallback, useEffect, useState } from "react";

/** Who is logged in, and what is connected; undefined until the server says. The function asks again. */
export function useMe(account: Account, userId: string | undefined): [Me | undefined, () => void] {
  const [me, setMe] = useState<Me>();
  const [asked, setAsked] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked is for asking again
  useEffect(() => {
    const abort = new AbortController();
    account.me({ signal: abort.signal }).then(setMe, () => {}); // the menu then says less
    return () => abort.abort();
  }, [account, userId, asked]);
  return [me, useCallback(() => setAsked((n) => n + 1), [])];
}
