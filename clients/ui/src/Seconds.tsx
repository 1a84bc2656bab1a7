import { untilNextSecond } from "@clockwork/shared";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

const Now = createContext(0);

export interface SecondsProps {
  /** Milliseconds to add to this machine's clock to get the server's. */
  clockOffset: number;
  children: ReactNode;
}

/** Ticks once a second for everything below. Only components that call useNow are rendered again. */
export function Seconds({ clockOffset, children }: SecondsProps) {
  const [now, setNow] = useState(() => Date.now() + clockOffset);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const tick = (): void => {
      const at = Date.now() + clockOffset;
      setNow(at);
      timer = setTimeout(tick, untilNextSecond(at));
    };
    tick();
    return () => clearTimeout(timer);
  }, [clockOffset]);
  return <Now value={now}>{children}</Now>;
}

/** The present by the server's clock in milliseconds, changed once a second. */
export const useNow = (): number => useContext(Now);
