import type { Me } from "@clockwork/shared";
import { useEffect, useId, useRef, useState } from "react";

import { Button } from "./Button";
import classes from "./AccountMenu.module.css";

export interface AccountMenuProps {
  /** Who is logged in, if that is known. */
  me: Me | undefined;
  /** The name to log in with, if that is known. */
  username: string | undefined;
  jiraSite: string | undefined;
  /** For a screen on which timers start and stop. */
  clockwork?: {
    /** Whether starts and stops have the person's Clockwork token. */
    connected: () => boolean;
    onConnect: () => void;
  };
  /** Opens the sessions and tokens. */
  onAccount: () => void;
  /** Opens the daily target and what the team sees. */
  onSettings?: () => void;
  /** Opens the settings of the app around the page, if there is one. */
  onAppSettings?: (() => void) | undefined;
  onHelp?: () => void;
  onLogout: () => void;
}

/** Who is logged in, and what they can do about it. */
export function AccountMenu({ me, username, jiraSite, clockwork, onAccount, onSettings, onAppSettings, onHelp, onLogout }: AccountMenuProps) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);

  useEffect(() => {
    if (!open) return;
    const onPress = (event: Event): void => {
      if (!menu.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", onPress);
    return () => document.removeEventListener("pointerdown", onPress);
  }, [open]);

  const andClose = (act: () => void) => (): void => {
    button.current?.focus();
    setOpen(false);
    act();
  };
  return (
    <div
      ref={menu}
      className={classes.menu}
      onBlur={(event) => {
        if (event.relatedTarget && !menu.current?.contains(event.relatedTarget)) setOpen(false);
      }}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.preventDefault();
        event.stopPropagation();
        setOpen(false);
        button.current?.focus();
      }}
    >
      <Button ref={button} look="plain" className={classes.name} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        {me?.display_name ?? username ?? "Account"}
      </Button>
      <ul id={id} className={classes.list} hidden={!open}>
        {me && (
          <li className={classes.who}>
            <strong>{me.display_name ?? username ?? me.user_id}</strong>
            {me.email && <span>{me.email}</span>}
            {me.role === "admin" && <span>Administrator</span>}
          </li>
        )}
        {clockwork && (
          <>
            <li className={classes.state}>{open && clockwork.connected() ? "Clockwork is connected" : "Clockwork is not connected"}</li>
            <li>
              <Button look="plain" onClick={andClose(clockwork.onConnect)}>
                {open && clockwork.connected() ? "Change the Clockwork token" : "Connect Clockwork"}
              </Button>
            </li>
          </>
        )}
        {onSettings && (
          <li>
            <Button look="plain" onClick={andClose(onSettings)}>
              Working time and privacy
            </Button>
          </li>
        )}
        {onAppSettings && (
          <li>
            <Button look="plain" onClick={andClose(onAppSettings)}>
              This app
            </Button>
          </li>
        )}
        <li>
          <Button look="plain" onClick={andClose(onAccount)}>
            Sessions and tokens
          </Button>
        </li>
        {jiraSite && (
          <li>
            <a href={jiraSite} target="_blank" rel="noreferrer" className={classes.link}>
              Open Jira
            </a>
          </li>
        )}
        {onHelp && (
          <li>
            <Button look="plain" onClick={andClose(onHelp)}>
              Keyboard shortcuts
            </Button>
          </li>
        )}
        <li>
          <Button look="plain" onClick={onLogout}>
            Log out
          </Button>
        </li>
      </ul>
    </div>
  );
}
