import { clock, untilNextSecond } from "@clockwork/shared";

import type { Report } from "../bridge";

/** Which icon the tray shows. */
export type TrayIcon = "idle" | "running" | "offline";

/** What the tray shows. The title is beside the icon on macOS; other systems have none. */
export interface TrayFace {
  icon: TrayIcon;
  title: string;
  tooltip: string;
}

/** The longest summary in a tooltip. Windows cuts the whole text at 127 characters. */
const MAX_SUMMARY = 60;

/** What the tray shows for a report at a moment, in milliseconds. */
export function trayFace(report: Report, now: number): TrayFace {
  const { current } = report;
  if (!report.signedIn || report.connection === "expired") {
    return { icon: "idle", title: "", tooltip: "Clockwork: log in to see your timer" };
  }
  const doubt = report.connection === "offline" || report.connection === "stale";
  const suffix = report.connection === "offline" ? " (offline)" : doubt ? " (last known)" : "";
  if (current === null && report.connection === "connecting") {
    return { icon: "idle", title: "", tooltip: "Clockwork: connecting" };
  }
  if (current === null) {
    return { icon: doubt ? "offline" : "idle", title: "", tooltip: `Clockwork: nothing is running${suffix}` };
  }
  const time = clock(current.countedSeconds + (current.onHold ? 0 : (now - current.countedAt) / 1000));
  const hold = current.onHold ? " (on hold)" : "";
  const summary = current.summary === null ? "" : ` ${shorten(current.summary, MAX_SUMMARY)}`;
  const name = current.issueKey === null ? "Timer" : `${current.issueKey}${summary}`;
  const icon = doubt ? "offline" : current.onHold ? "idle" : "running";
  return { icon, title: `${time}${hold}`, tooltip: `${time}: ${name}${hold}${suffix}` };
}

/** Milliseconds until the tray shows something else; null if no time counts. */
export function untilNextFace(report: Report, now: number): number | null {
  if (!report.signedIn || report.current === null || report.current.onHold) return null;
  return untilNextSecond(now - report.current.countedAt);
}

/** Cuts a text to a number of characters, the last of them an ellipsis. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("").trimEnd()}…`;
}
