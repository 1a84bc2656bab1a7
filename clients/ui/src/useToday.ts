import { useEffect, useState } from "react";

import { dateOf } from "./calendar";

/** The local date, changed at midnight and after the machine has slept. */
export function useToday(): string {
  const [today, setToday] = useState(() => dateOf(new Date()));
  useEffect(() => {
    const look = (): void => setToday(dateOf(new Date()));
    const timer = setInterval(look, 30_000);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return today;
}
