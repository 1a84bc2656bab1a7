import type { ReactNode } from "react";

import classes from "./LoginPage.module.css";
import { MinuteScale } from "./MinuteScale";
import { Notice } from "./Notice";
import { ThemeSwitch } from "./ThemeSwitch";

export interface LoginPageProps {
  compact: boolean;
  /** Why the page is shown, or why it waits. */
  reason: string | undefined;
  /** The form; absent until it is known that nobody is logged in. */
  children?: ReactNode;
}

/** The page of a person who is not logged in yet. */
export function LoginPage({ compact, reason, children }: LoginPageProps) {
  return (
    <div className={classes.page} data-compact={compact || undefined}>
      <header className={classes.top}>
        <h1 className={classes.name}>Clockwork</h1>
        <MinuteScale second={null} />
      </header>
      <main className={classes.main}>
        {children && <p className={classes.purpose}>Log in to see which timer runs, and to start and stop it.</p>}
        {reason && <Notice role="status">{reason}</Notice>}
        {children}
        <noscript>
          <p>This page needs JavaScript. Switch it on in your browser, and load the page again.</p>
        </noscript>
      </main>
      <footer className={classes.footer}>
        <ThemeSwitch />
      </footer>
    </div>
  );
}
