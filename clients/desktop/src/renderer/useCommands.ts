import { useEffect, useRef } from "react";

import type { Bridge, Command } from "../bridge";

/** Calls back for each command of the tray. */
export function useCommands(bridge: Bridge, listener: (command: Command) => void): void {
  const current = useRef(listener);
  useEffect(() => {
    current.current = listener;
  });
  useEffect(() => bridge.onCommand((command) => current.current(command)), [bridge]);
}
