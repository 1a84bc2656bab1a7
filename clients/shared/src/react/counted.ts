import { useCallback, useSyncExternalStore } from "react";
import { counted, isCounting, untilNextSecond, type RunningTimer } from "../index";

/**
 * Whole seconds that a timer has counted; 0 for null. All screens tick at the same moment. Nothing ticks for a
 * timer that does not count.
 */
export function useCounted(timer: RunningTimer | null, clockOffset: number): number {
  const subscribe = useCallback(
    (tick: () => void) => {
      if (!timer || !isCounting(timer)) return () => {};
      const since = Date.parse(timer.countedAt);
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
    [timer, clockOffset],
  );
  const seconds = () => (timer ? Math.floor(counted(timer, Date.now() + clockOffset) / 1000) : 0);
  return useSyncExternalStore(subscribe, seconds, () => 0);
}
