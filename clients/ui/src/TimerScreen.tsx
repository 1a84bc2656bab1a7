import { Account, isUnconfirmedStart, type RunningTimer as Timer, type Session } from "@clockwork/shared";
import { useClient, useTimerState } from "@clockwork/shared/react";
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";

import { AccountMenu } from "./AccountMenu";
import { Announcer } from "./Announcer";
import { Button } from "./Button";
import { ConnectClockwork } from "./ConnectClockwork";
import { ConnectionStatus, isConnected, isUnreachable } from "./ConnectionStatus";
import { DaysPanel } from "./DaysPanel";
import { JiraSiteProvider, useJiraSite } from "./jira";
import { JustStopped, useJustStopped } from "./JustStopped";
import { Notice } from "./Notice";
import { Recent } from "./Recent";
import { recentIssues, type RecentIssue } from "./recentIssues";
import { nameOf } from "./RunningTimer";
import { ScreenLink } from "./ScreenLink";
import { SessionEnded, type SessionEndedProps } from "./SessionEnded";
import { ShortcutHelp } from "./ShortcutHelp";
import { Stage } from "./Stage";
import { affects, stalenessOf } from "./staleness";
import { StartTimer, type StartInput } from "./StartTimer";
import { ThemeSwitch } from "./ThemeSwitch";
import { TimerList } from "./TimerList";
import classes from "./TimerScreen.module.css";
import { TimerTitle } from "./TimerTitle";
import { useActions, type Action } from "./useActions";
import { useAnnouncement } from "./useAnnouncement";
import { useDays } from "./useDays";
import { useFocusFallback } from "./useFocusFallback";
import { useLastHeard } from "./useLastHeard";
import { useMe } from "./useMe";
import type { Navigation } from "./useScreen";
import { useSettings } from "./useSettings";
import { useShortcuts, useShortcutsEnabled, type Shortcuts } from "./useShortcuts";
import { useToday } from "./useToday";
import { runningIds, useWorklogs } from "./useWorklogs";

const AccountDialog = lazy(() => import("./AccountDialog"));
const SettingsDialog = lazy(() => import("./SettingsDialog"));

export interface TimerScreenProps {
  /** For a small window: no chart, no list of worklogs. */
  compact?: boolean;
  /** Whether the session, with its Clockwork token, is stored on this computer. */
  storesToken?: boolean;
  navigation: Navigation;
  /** For logging in again when the session has ended. */
  login: Omit<SessionEndedProps, "onClose">;
  onLogout: (everywhere: boolean) => void;
  /** Opens the settings of the app around the page. */
  onAppSettings?: (() => void) | undefined;
  /** Called with the recent issues whenever they change. */
  onRecent?: ((issues: readonly RecentIssue[]) => void) | undefined;
  /** Called with the session once it has the person's Clockwork token, or has it no more. */
  onClockwork?: ((session: Session) => void) | undefined;
}

/** The whole screen of a session. It needs a ClientProvider above it. */
export function TimerScreen({ compact = false, storesToken = false, navigation, login, onLogout, onAppSettings, onRecent, onClockwork }: TimerScreenProps) {
  const { client, session } = useClient();
  const state = useTimerState();
  const { start, stop, retryNow, timers, current, clockOffset, error } = state;
  const heading = useRef<HTMLHeadingElement>(null);
  const issue = useRef<HTMLInputElement>(null);
  const [dialog, setDialog] = useState<"help" | "account" | "settings" | "ended">();
  const closeDialog = (): void => setDialog(undefined);
  const account = useMemo(() => new Account(client), [client]);
  const [me, askMe] = useMe(account, session?.userId);
  const [large, setLarge] = useState(false);
  const [keys, setKeys] = useShortcutsEnabled();
  const staleness = stalenessOf(state, useLastHeard(state.status));
  const running = timers.filter((t) => t.status === "running");

  const changeToken = (clockworkToken: string | undefined): void => {
    if (!session || client.session?.token !== session.token) return; // logged out meanwhile
    const { clockworkToken: _, ...rest } = session;
    const changed: Session = { ...rest, ...(clockworkToken && { clockworkToken }) };
    client.connect(changed).close(); // the open connection now has the token
    onClockwork?.(changed);
  };
  const actions = useActions({
    start,
    stop,
    running,
    connected: isConnected(state.status),
    connect: async (clockworkToken, save) => {
      if (save) await account.saveClockworkToken(clockworkToken);
      else await client.settings.validate(clockworkToken);
      changeToken(save ? undefined : clockworkToken);
      if (save) askMe();
    },
    dropToken: () => changeToken(undefined),
    lateError: error,
  });

  const today = useToday();
  const reachable = !isUnreachable(state.status);
  const week = useWorklogs(client.worklogs.range, today, runningIds(timers), reachable);
  const [days, dayKeys] = useDays(client, session?.userId ?? "", today, week, reachable);
  const [settings, setSettings] = useSettings(account, session?.userId, reachable);
  const goal = useMemo(() => settings && { seconds: settings.dailyTargetMinutes * 60, workdays: settings.workdays }, [settings]);
  const recent = useMemo(() => recentIssues(week.worklogs?.worklogs ?? [], timers, today), [week.worklogs, timers, today]);
  useEffect(() => onRecent?.(recent), [onRecent, recent]);
  const exampleKey = recent[0]?.key;
  const jiraSite = useJiraSite(client, current?.issueKey ?? exampleKey);

  const expired = state.status.kind === "expired";
  useEffect(() => setDialog((open) => (expired ? "ended" : open === "ended" ? undefined : open)), [expired]);

  useFocusFallback(heading);
  const [focused, focusHeading] = useState(0);
  useEffect(() => {
    if (focused > 0) heading.current?.focus({ preventScroll: true });
  }, [focused]);

  const perform = async (action: Action): Promise<boolean> => {
    if (!expired) return actions.perform(action);
    setDialog("ended");
    return false;
  };
  const [justStopped, setJustStopped] = useJustStopped();
  const startTimer = async (input: StartInput, beside = false): Promise<boolean> => {
    const runs = running.some((t) => t.issueKey === input.issueKey && !t.pending);
    if (runs && (beside || running.length === 1) && !staleness) {
      actions.fail(`${input.issueKey} is running already.`);
      return false;
    }
    setJustStopped(undefined);
    focusHeading((n) => n + 1);
    const started = await perform({ kind: "start", ...input, stopOthers: !beside && running.length > 0 });
    if (!started && document.activeElement === heading.current) issue.current?.focus();
    return started;
  };
  const startAgain = ({ issueKey, summary, comment }: Timer): void => void (issueKey && startTimer({ issueKey, summary, comment }, true));
  const stopTimer = (timer: Timer): void => {
    setJustStopped(timer);
    void perform({ kind: "stop", timer });
  };
  const stopped = current && justStopped?.issueKey ? timers.find((t) => t.id === justStopped.id && t.status === "stopped") : undefined;
  const toSearch = (): void => {
    issue.current?.focus();
    issue.current?.click();
  };
  const stopOrSearch = (): void => (current ? stopTimer(current) : toSearch());
  const startRecent = Object.fromEntries(recent.map(({ key, summary }, i): [string, () => void] => [String(i + 1), () => void startTimer({ issueKey: key, summary })]));
  const openIssue: Shortcuts = current?.issueKey && jiraSite ? { o: () => void open(`${jiraSite}/browse/${current.issueKey}`, "_blank", "noreferrer") } : {};
  useShortcuts(
    { ...startRecent, ...openIssue, ...dayKeys, s: stopOrSearch, "/": toSearch, "?": () => setDialog("help"), f: () => setLarge(!large) },
    keys,
    { k: toSearch, ".": () => current && stopTimer(current) },
  );

  const form = (
    <StartTimer key="form" search={client.issues.search} recent={recent} onStart={startTimer} running={new Set(running.map((t) => t.issueKey))} waiting={actions.waiting !== null} exampleKey={exampleKey} inputRef={issue} />
  );
  const recents = (week.worklogs || !week.problem) && (
    <Recent key="recent" issues={week.worklogs && recent} switches={current !== null} onStart={({ key, summary }) => void startTimer({ issueKey: key, summary })} />
  );
  return (
    <JiraSiteProvider value={jiraSite}>
      <div className={classes.screen} data-compact={compact || undefined} data-large={large || undefined} data-stale={staleness !== undefined || undefined}>
        <main>
          <Stage
            state={state}
            staleness={staleness}
            headingRef={heading}
            onStop={stopTimer}
            onAgain={startAgain}
          >
            <header className={classes.bar}>
              <p className={classes.name}>Clockwork</p>
              {me?.teamView && (
                <ScreenLink navigation={navigation} to="team">
                  Team
                </ScreenLink>
              )}
              <ConnectionStatus status={state.status} stale={state.stale} onRetry={retryNow} onLogin={() => setDialog("ended")} />
              <AccountMenu
                me={me}
                username={login.username}
                jiraSite={jiraSite}
                clockwork={{
                  connected: () => client.session?.clockworkToken !== undefined || me?.clockwork.saved === true,
                  onConnect: () => void perform({ kind: "connect" }),
                }}
                onAccount={() => setDialog("account")}
                onSettings={() => setDialog("settings")}
                onAppSettings={onAppSettings}
                onHelp={() => setDialog("help")}
                onLogout={() => onLogout(false)}
              />
            </header>
          </Stage>
          <div className={classes.below}>
            {actions.problem && (
              <Notice
                onDismiss={actions.dismiss}
                actions={actions.problem.stopped.map((timer) => (
                  <Button key={timer.id} look="plain" onClick={() => startAgain(timer)}>
                    Start {timer.issueKey} again
                  </Button>
                ))}
              >
                {actions.problem.text}
              </Notice>
            )}
            {error && isUnconfirmedStart(error) && <Notice onDismiss={state.dismissError}>{error.message}</Notice>}
            {actions.waiting && (
              <ConnectClockwork
                key={actions.tokenFault}
                purpose={purposeOf(actions.waiting)}
                storesToken={storesToken}
                canSave={me?.account_id !== undefined}
                tokenFault={actions.tokenFault}
                jiraSite={jiraSite}
                onConnect={actions.connect}
                onCancel={actions.cancel}
              />
            )}
            {compact ? [form, recents] : [recents, form]}
            <TimerList timers={running.filter((t) => t !== current)} clockOffset={clockOffset} onStop={stopTimer} />
            <DaysPanel state={state} days={days} goal={goal} compact={compact} onStart={startTimer} />
          </div>
        </main>
        <footer className={classes.footer}>
          <ThemeSwitch />
          <Button look="plain" onClick={() => setDialog("help")} aria-keyshortcuts="?">
            Keyboard shortcuts
          </Button>
        </footer>
        {stopped && <JustStopped timer={stopped} onAgain={() => startAgain(stopped)} />}
        <Announcer label="Announcements">{useAnnouncement(state)}</Announcer>
        <TimerTitle timer={current} clockOffset={clockOffset} stale={current !== null && affects(staleness, current)} />
        {dialog === "help" && <ShortcutHelp onClose={closeDialog} enabled={keys} onEnable={setKeys} />}
        {dialog === "ended" && <SessionEnded {...login} onClose={closeDialog} />}
        {dialog === "settings" && (
          <Suspense fallback={null}>
            <SettingsDialog account={account} settings={settings} onSaved={setSettings} onClose={closeDialog} />
          </Suspense>
        )}
        {dialog === "account" && (
          <Suspense fallback={null}>
            <AccountDialog account={account} me={me} onChanged={askMe} onClose={closeDialog} onLogoutEverywhere={() => onLogout(true)} />
          </Suspense>
        )}
      </div>
    </JiraSiteProvider>
  );
}

function purposeOf(action: Action): string | undefined {
  if (action.kind === "connect") return undefined;
  return action.kind === "start" ? `start ${action.issueKey}` : `stop ${nameOf(action.timer)}`;
}
