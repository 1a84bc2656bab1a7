import type { ConnectionStatus } from "@clockwork/shared";
import { useEffect, useState } from "react";

import { isUnreachable } from "./ConnectionStatus";

/** A loss that is over within this many milliseconds is not worth a change of the screen. */
const patience = 2_500;

/** When the server was last heard, once that is too long ago; else undefined. */
export function useLastHeard(status: ConnectionStatus): number | undefined {
  const [heard, setHeard] = useState<number>();
  const stale = isUnreachable(status);
  const since = "since" in status ? status.since : undefined;
  const wait = status.kind === "reconnecting" ? patience : 0;
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
