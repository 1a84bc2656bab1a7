import { Account, type Client, type Session } from "@clockwork/shared";
import { useTeam } from "@clockwork/shared/team";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";

import { AccountMenu } from "./AccountMenu";
import { ConnectionStatus } from "./ConnectionStatus";
import { JiraSiteProvider, useJiraSite } from "./jira";
import { ScreenLink } from "./ScreenLink";
import { Seconds } from "./Seconds";
import { SessionEnded, type SessionEndedProps } from "./SessionEnded";
import { stalenessOf } from "./staleness";
import { TeamFilter } from "./TeamFilter";
import { TeamHeading } from "./TeamHeading";
import { headline, matching, projectsOf, rowsOf } from "./teamRows";
import screen from "./TimerScreen.module.css";
import { TeamTable } from "./TeamTable";
import { TeamWall } from "./TeamWall";
import classes from "./TeamScreen.module.css";
import { ThemeSwitch } from "./ThemeSwitch";
import { useFocusFallback } from "./useFocusFallback";
import { useLastHeard } from "./useLastHeard";
import { useMe } from "./useMe";
import { useProject } from "./useProject";
import type { Navigation } from "./useScreen";
import { useShortcuts, useShortcutsEnabled } from "./useShortcuts";
import { useToday } from "./useToday";

const AccountDialog = lazy(() => import("./AccountDialog"));

export interface TeamScreenProps {
  client: Client;
  session: Session;
  /** For a small window. */
  compact?: boolean | undefined;
  navigation: Navigation;
  /** For logging in again when the session has ended. */
  login: Omit<SessionEndedProps, "onClose">;
  onLogout: (everywhere: boolean) => void;
}

/** Who works on what now. This screen is read-only: it stops nobody's timer. */
export default function TeamScreen({ client, session, compact = false, navigation, login, onLogout }: TeamScreenProps) {
  const team = useTeam(client, session);
  const { members, clockOffset, loaded, refused, status } = team;
  const heading = useRef<HTMLHeadingElement>(null);
  const find = useRef<HTMLInputElement>(null);
  const account = useMemo(() => new Account(client), [client]);
  const [me, askMe] = useMe(account, session.userId);
  const [words, setWords] = useState("");
  const [project, setProject] = useProject();
  const [dialog, setDialog] = useState<"account" | "ended">();
  const closeDialog = (): void => setDialog(undefined);
  const today = useToday();
  const staleness = stalenessOf(team, useLastHeard(status));

  const all = useMemo(() => rowsOf(members), [members]);
  const projects = useMemo(() => projectsOf(members), [members]);
  const sought = useDeferredValue(words);
  const rows = useMemo(() => matching(all, sought, project), [all, sought, project]);
  const jiraSite = useJiraSite(client, all.find((row) => row.timer)?.timer?.issueKey);

  const expired = status.kind === "expired";
  useEffect(() => setDialog((open) => (expired ? "ended" : open === "ended" ? undefined : open)), [expired]);
  const title = loaded ? `${headline(members)}${staleness ? " (last known)" : ""} · Clockwork` : "Team · Clockwork";
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = "Clockwork";
    };
  }, [title]);
  useFocusFallback(heading);
  const [keys] = useShortcutsEnabled();
  useShortcuts({ "/": () => find.current?.focus() }, keys, {});

  const ended = dialog === "ended" && <SessionEnded {...login} onClose={closeDialog} />;
  const [wall] = useState(() => navigation.addressOf("team") !== undefined && new URLSearchParams(location.search).get("wall") === "1");
  if (wall) {
    return (
      <Seconds clockOffset={clockOffset}>
        <TeamWall team={team} rows={rows} staleness={staleness} today={today} />
        {ended}
      </Seconds>
    );
  }
  return (
    <JiraSiteProvider value={jiraSite}>
      <div className={`${screen.screen} ${classes.team}`} data-compact={compact || undefined} data-stale={staleness !== undefined || undefined}>
        <main>
          <TeamHeading team={team} staleness={staleness} today={today} headingRef={heading}>
            <header className={screen.bar}>
              <p className={screen.name}>Clockwork</p>
              <ScreenLink navigation={navigation} to="timers">
                My timers
              </ScreenLink>
              {refused === null && <ConnectionStatus status={status} stale={team.stale} onRetry={team.retryNow} onLogin={() => setDialog("ended")} />}
              <AccountMenu me={me} username={login.username} jiraSite={jiraSite} onAccount={() => setDialog("account")} onLogout={() => onLogout(false)} />
            </header>
          </TeamHeading>
          {loaded && members.length > 0 && (
            <div className={`${screen.below} ${classes.board}`}>
              <TeamFilter words={words} onWords={setWords} projects={projects} project={project} onProject={setProject} shown={rows === all ? "" : rows.length === 0 ? "Nobody matches" : `${rows.length} of ${all.length} shown`} inputRef={find} />
              <Seconds clockOffset={clockOffset}>
                <TeamTable rows={rows} clockOffset={clockOffset} today={today} />
              </Seconds>
            </div>
          )}
        </main>
        <footer className={screen.footer}>
          <ThemeSwitch />
        </footer>
        {ended}
        {dialog === "account" && (
          <Suspense fallback={null}>
            <AccountDialog account={account} me={me} onChanged={askMe} onClose={closeDialog} onLogoutEverywhere={() => onLogout(true)} />
          </Suspense>
        )}
      </div>
    </JiraSiteProvider>
  );
}
