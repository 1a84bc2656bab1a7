import type { MouseEvent, ReactNode } from "react";

import { Button } from "./Button";
import classes from "./ScreenLink.module.css";
import type { Navigation, ScreenName } from "./useScreen";

export interface ScreenLinkProps {
  navigation: Navigation;
  to: ScreenName;
  children: ReactNode;
}

/** Opens another screen without loading a page: a link if screens have addresses, else a button. */
export function ScreenLink({ navigation: { addressOf, go }, to, children }: ScreenLinkProps) {
  const href = addressOf(to);
  if (!href) {
    return (
      <Button look="plain" className={classes.link} onClick={() => go(to)}>
        {children}
      </Button>
    );
  }
  const onClick = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // another tab or window
    event.preventDefault();
    go(to);
  };
  return (
    <a className={classes.link} href={href} onClick={onClick}>
      {children}
    </a>
  );
}
