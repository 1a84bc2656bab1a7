import type { ConnectionStatus } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { isUnreachable } from "./ConnectionStatus";

/** Milliseconds. A shorter loss does not change the screen. */
const grace = 2_500;

/** When the server last answered, if that is too long ago; else undefined. */
export function useLastHeard(status: ConnectionStatus): number | undefined {
  const [heard, setHeard] = useState<number>();
  const stale = isUnreachable(status);
  const since = "since" in status ? status.since : undefined;
  const wait = status.kind === "reconnecting" ? grace : 0;
  useEffect(() => {
    if (!stale) {
      setHeard(undefined);
      return;
    }
    const at = since ?? Date.now();
    const timer = setTimeout(() => setHeard((before) => before ?? at), wait);
    return () => clearTimeout(timer);
  }, [stale, since, wait]);
  return stale ? heard : undefined;
}
