import { useCallback, useSyncExternalStore } from "react";
import { untilNextSecond } from "../index";

/** Whole seconds since startedAt by the server's clock; never negative. */
export function elapsedSeconds(startedAt: string | null | undefined, clockOffset: number, now = Date.now()): number {
  const since = startedAt ? Date.parse(startedAt) : NaN;
  return Number.isNaN(since) ? 0 : Math.max(0, Math.floor((now + clockOffset - since) / 1000));
}

/**
 * Seconds since startedAt, which change when the second is full, on all screens at once.
 * Nothing ticks for null.
 */
export function useElapsed(startedAt: string | null | undefined, clockOffset: number): number {
  const subscribe = useCallback(
    (tick: () => void) => {
      const since = startedAt ? Date.parse(startedAt) : NaN;
      if (Number.isNaN(since)) return () => {};
      let id: ReturnType<typeof setTimeout>;
      const again = () => {
        id = setTimeout(() => {
          tick();
          again();
        }, untilNextSecond(Date.now() + clockOffset - since));
      };
      again();
      return () => clearTimeout(id);
    },
    [startedAt, clockOffset],
  );
  const seconds = () => elapsedSeconds(startedAt, clockOffset);
  return useSyncExternalStore(subscribe, seconds, () => 0);
}
