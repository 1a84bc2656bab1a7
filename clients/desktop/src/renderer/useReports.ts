import { initialState, type TimerStore } from "@clockwork/shared";
import { useEffect } from "react";

import type { Bridge } from "../bridge";
import { reportOf } from "./report";

/** Tells the tray what runs, whenever that changes. */
export function useReports(bridge: Bridge, store: TimerStore | null, signedIn: boolean): void {
  useEffect(() => {
    let last = "";
    const tell = (): void => {
      const report = reportOf(store?.getSnapshot() ?? initialState, signedIn);
      const text = JSON.stringify(report);
      if (text === last) return;
      last = text;
      bridge.report(report);
    };
    tell();
    return store?.subscribe(tell);
  }, [bridge, store, signedIn]);
}
