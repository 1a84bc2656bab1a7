import { useCallback, useEffect, useState } from "react";

import { dayFrom, searchFor } from "./shownDay";

/** The day that is shown: the address's, else today. The function shows another one and puts it into the address. */
export function useShownDay(today: string): [day: string, show: (day: string) => void] {
  const [chosen, choose] = useState(() => dayFrom(location.search, today));
  useEffect(() => {
    const look = (): void => choose(dayFrom(location.search, today));
    addEventListener("popstate", look);
    return () => removeEventListener("popstate", look);
  }, [today]);
  const show = useCallback(
    (day: string): void => {
      const next = day === today ? undefined : day;
      const url = location.pathname + searchFor(next, location.search) + location.hash;
      if (next !== dayFrom(location.search, today)) history.pushState(null, "", url);
      choose(next);
    },
    [today],
  );
  return [chosen ?? today, show];
}
