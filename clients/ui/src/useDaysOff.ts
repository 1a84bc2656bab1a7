import { useCallback, useState } from "react";

import { canShow } from "./shownDay";

export interface DaysOff {
  readonly days: ReadonlySet<string>;
  readonly set: (date: string, off: boolean) => void;
}

/** The dates on which a person says that they were off, stored in this browser for as long as they can be shown. */
export function useDaysOff(userId: string, today: string): DaysOff {
  const key = `off:${userId}`;
  const [days, setDays] = useState(() => new Set(stored(key)));
  const set = useCallback(
    (date: string, off: boolean): void => {
      const changed = new Set([...days, ...stored(key)].filter((known) => canShow(known, today))); // another tab may have added some
      if (off) changed.add(date);
      else changed.delete(date);
      setDays(changed);
      store(key, [...changed]);
    },
    [key, days, today],
  );
  return { days, set };
}

function stored(key: string): string[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(found) ? found.map(String) : [];
  } catch {
    return []; // storage is blocked, or somebody wrote something else
  }
}

function store(key: string, days: readonly string[]): void {
  try {
    if (days.length > 0) localStorage.setItem(key, JSON.stringify(days));
    else localStorage.removeItem(key);
  } catch {
    // storage is blocked: it lasts until the page is left
  }
}
