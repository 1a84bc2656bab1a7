import type { MenuItemConstructorOptions } from "electron";
import type { Command, Report } from "../bridge";
import { shorten } from "./tray-title";

/** What the items of the tray's menu do. */
export interface MenuActions {
  command(command: Command): void;
  open(): void;
  signOut(): void;
  setLaunchAtLogin(on: boolean): void;
  quit(): void;
}

/** The longest line of the menu, in characters. */
const MAX_LABEL = 48;

/**
 * The tray's menu. It cannot change while it is open, so it shows when the timer began instead of how long it has
 * run. launchAtLogin is null if the system has no such setting.
 */
export function trayMenu(report: Report, now: number, launchAtLogin: boolean | null, actions: MenuActions): MenuItemConstructorOptions[] {
  const signedIn = report.signedIn && report.connection !== "expired";
  return [
    ...(signedIn ? timerItems(report, now, actions) : [{ label: "Logged out", enabled: false }]),
    { type: "separator" },
    { label: "Open Clockwork", click: () => actions.open() },
    {
      label: "Settings…",
      click: () => {
        actions.open();
        actions.command({ kind: "settings" });
      },
    },
    ...launchItem(launchAtLogin, actions),
    { type: "separator" },
    signedIn
      ? { label: "Log out", click: () => actions.signOut() }
      : { label: "Log in…", click: () => actions.open() },
    { label: "Quit Clockwork", click: () => actions.quit() },
  ];
}

function timerItems(report: Report, now: number, actions: MenuActions): MenuItemConstructorOptions[] {
  const { current, recent, connection } = report;
  const items: MenuItemConstructorOptions[] = [];
  if (current === null) {
    const label = connection === "connecting" ? "Connecting" : "Nothing is running";
    items.push({ label, enabled: false });
  } else {
    items.push(
      { label: issueLabel(current.issueKey ?? "Timer", current.summary), enabled: false },
      { label: `Since ${when(current.startedAt, now)}${current.onHold ? ", on hold" : ""}`, enabled: false },
      { label: "Stop", click: () => actions.command({ kind: "stop" }) },
    );
  }
  if (connection === "offline") items.push({ label: "Offline", enabled: false });
  if (connection === "stale") items.push({ label: "Clockwork does not answer", enabled: false });
  if (recent.length > 0) {
    items.push({ type: "separator" }, { label: current === null ? "Start" : "Switch to", enabled: false });
    items.push(...recent.map(({ issueKey, summary }) => ({ label: issueLabel(issueKey, summary), click: () => actions.command({ kind: "start", issueKey }) })));
  }
  return items;
}

function launchItem(launchAtLogin: boolean | null, actions: MenuActions): MenuItemConstructorOptions[] {
  if (launchAtLogin === null) return [];
  return [
    {
      label: "Launch at login",
      type: "checkbox",
      checked: launchAtLogin,
      click: () => actions.setLaunchAtLogin(!launchAtLogin),
    },
  ];
}

// Windows and Linux use "&" to mark a shortcut, and show "&&" as "&".
function issueLabel(issueKey: string, summary: string | null): string {
  const label = summary === null ? issueKey : `${issueKey}  ${summary}`;
  return shorten(label, MAX_LABEL).replaceAll("&", "&&");
}

/** The time of day, with the date if that is not today. */
function when(at: number, now: number): string {
  const then = new Date(at);
  const time = then.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  if (then.toDateString() === new Date(now).toDateString()) return time;
  return `${then.toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" })}, ${time}`;
}
