import { initialState, type TimerStore } from "@clockwork/shared";
import type { RecentIssue } from "@clockwork/ui";
import { useEffect, useRef } from "react";

import type { Bridge } from "../bridge";
import { reportOf } from "./report";

/** Reports to the tray what runs and what ran lately, whenever that changes. */
export function useReports(bridge: Bridge, store: TimerStore | null, signedIn: boolean, recent: readonly RecentIssue[]): void {
  const last = useRef("");
  useEffect(() => {
    const send = (): void => {
      const report = reportOf(store?.getSnapshot() ?? initialState, signedIn, recent);
      const text = JSON.stringify(report);
      if (text === last.current) return;
      last.current = text;
      bridge.report(report);
    };
    send();
    return store?.subscribe(send);
  }, [bridge, store, signedIn, recent]);
}
