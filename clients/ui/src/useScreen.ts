import { useCallback, useEffect, useState } from "react";

export type ScreenName = "timers" | "team";

/** How a person gets to another screen. */
export interface Navigation {
  readonly screen: ScreenName;
  /** The screen's address; undefined in an app, where screens have none. */
  readonly addressOf: (screen: ScreenName) => string | undefined;
  readonly go: (screen: ScreenName) => void;
}

const addresses: Record<ScreenName, string> = { timers: "/", team: "/team" };

/** The screen that the page's address names. */
export function screenAt(path: string): ScreenName {
  return /^\/team(\.html)?$/.test(path) ? "team" : "timers";
}

/** The screen that is shown, by the page's address if the page is the server's own. */
export function useScreen(hasAddress: boolean): Navigation {
  const [screen, setScreen] = useState<ScreenName>("timers");
  useEffect(() => {
    if (!hasAddress) return;
    const look = (): void => setScreen(screenAt(location.pathname));
    look();
    addEventListener("popstate", look);
    return () => removeEventListener("popstate", look);
  }, [hasAddress]);
  const addressOf = useCallback((to: ScreenName) => (hasAddress ? addresses[to] : undefined), [hasAddress]);
  const go = useCallback(
    (to: ScreenName): void => {
      if (hasAddress) history.pushState(null, "", addresses[to]);
      setScreen(to);
      scrollTo(0, 0);
    },
    [hasAddress],
  );
  return { screen, addressOf, go };
}
