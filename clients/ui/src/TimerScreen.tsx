import { isUnconfirmedStart, type RunningTimer as Timer, type Session } from "@clockwork/shared";
import { useClient, useTimerState } from "@clockwork/shared/react";
import { useRef, useState } from "react";

import { Announcer } from "./Announcer";
import { Button } from "./Button";
import { ConnectClockwork } from "./ConnectClockwork";
import { ConnectionStatus, isConnected } from "./ConnectionStatus";
import { stalenessOf, affects } from "./staleness";
import { Notice } from "./Notice";
import { nameOf } from "./RunningTimer";
import { ShortcutHelp } from "./ShortcutHelp";
import { Stage } from "./Stage";
import { StartTimer } from "./StartTimer";
import { ThemeSwitch } from "./ThemeSwitch";
import { TimerList } from "./TimerList";
import classes from "./TimerScreen.module.css";
import { TimerTitle } from "./TimerTitle";
import { useActions, type Action } from "./useActions";
import { useAnnouncement } from "./useAnnouncement";
import { useFocusFallback } from "./useFocusFallback";
import { useLastHeard } from "./useLastHeard";
import { useShortcuts, useShortcutsEnabled } from "./useShortcuts";
import { WorklogsPanel } from "./WorklogsPanel";

export interface TimerScreenProps {
  /** For a small window: no chart, no list of worklogs. */
  compact?: boolean;
  /** Whether the session, with its Clockwork token, is stored on this computer. */
  storesToken?: boolean;
  onLogout: () => void;
  /** The session is over and the person wants to log in again. */
  onLoginAgain: () => void;
  /** Called with the session once it has the person's Clockwork token. */
  onClockwork?: ((session: Session) => void) | undefined;
}

/** The whole screen of a session. It needs a ClientProvider above it. */
export function TimerScreen({ compact = false, storesToken = false, onLogout, onLoginAgain, onClockwork }: TimerScreenProps) {
  const { client, session } = useClient();
  const state = useTimerState();
  const { start, stop, retryNow, timers, current, clockOffset } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  const issue = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);
  const [keys, setKeys] = useShortcutsEnabled();
  const staleness = stalenessOf(state, useLastHeard(state.status));

  const actions = useActions({
    start,
    stop,
    heard: isConnected(state.status),
    connect: async (clockworkToken) => {
      await client.settings.validate(clockworkToken);
      if (!session || client.session?.token !== session.token) return; // logged out meanwhile
      const connected = { ...session, clockworkToken };
      client.connect(connected).close(); // the open connection now has the token
      onClockwork?.(connected);
    },
  });
  const { perform } = actions;
  const running = timers.filter((t) => t.status === "running");

  useFocusFallback(heading);
  const stopTimer = (timer: Timer): void => void perform({ kind: "stop", timer });
  const toSearch = (): void => {
    issue.current?.focus();
    issue.current?.click();
  };
  useShortcuts(
    {
      s: () => (current ? stopTimer(current) : toSearch()),
      "/": toSearch,
      "?": () => setHelp(true),
    },
    keys,
  );

  return (
    <div className={classes.screen} data-compact={compact || undefined} data-staleness={staleness !== undefined || undefined}>
      <main>
        <Stage
          state={state}
          staleness={staleness}
          headingRef={heading}
          onStop={stopTimer}
          onAgain={(issueKey) => void perform({ kind: "start", issueKey })}
        >
          <header className={classes.bar}>
            <p className={classes.name}>Clockwork</p>
            <ConnectionStatus status={state.status} stale={state.stale} onRetry={retryNow} onLogin={onLoginAgain} />
            <Button look="plain" onClick={onLogout}>
              Log out
            </Button>
          </header>
        </Stage>
        <div className={classes.below}>
          {actions.problem && <Notice onDismiss={actions.dismiss}>{actions.problem}</Notice>}
          {state.error && isUnconfirmedStart(state.error) && <Notice onDismiss={state.dismissError}>{state.error.message}</Notice>}
          {actions.waiting && <ConnectClockwork purpose={purposeOf(actions.waiting)} storesToken={storesToken} onConnect={actions.connect} onCancel={actions.cancel} />}
          <StartTimer search={client.issues.search} onStart={(input) => perform({ kind: "start", ...input })} another={current !== null} inputRef={issue} />
          <TimerList timers={running.filter((t) => t !== current)} clockOffset={clockOffset} onStop={stopTimer} />
          <WorklogsPanel state={state} read={client.worklogs.range} compact={compact} />
        </div>
      </main>
      <footer className={classes.footer}>
        <ThemeSwitch />
        <Button look="plain" onClick={() => setHelp(true)} aria-keyshortcuts="?">
          Keyboard shortcuts
        </Button>
      </footer>
      <Announcer label="Announcements">{useAnnouncement(state)}</Announcer>
      <TimerTitle timer={current} clockOffset={clockOffset} stale={current !== null && affects(staleness, current)} />
      <ShortcutHelp open={help} onClose={() => setHelp(false)} enabled={keys} onEnable={setKeys} />
    </div>
  );
}

function purposeOf(action: Action): string {
  return action.kind === "start" ? `start ${action.issueKey}` : `stop ${nameOf(action.timer)}`;
}
