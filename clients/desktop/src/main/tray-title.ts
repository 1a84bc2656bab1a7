import { clock, untilNextSecond } from "@clockwork/shared";

import type { Report } from "../bridge";

/** Which icon the tray shows. */
export type TrayIcon = "idle" | "running" | "offline";

/** What the tray shows. The title stands beside the icon on macOS, elsewhere there is none. */
export interface TrayFace {
  icon: TrayIcon;
  title: string;
  tooltip: string;
}

/** The longest summary that a tooltip takes. Windows cuts the whole at 127 characters. */
const MAX_SUMMARY = 60;

/** What the tray shows for a report at a moment, in milliseconds. */
export function trayFace(report: Report, now: number): TrayFace {
  const { current } = report;
  if (!report.signedIn || report.connection === "expired") {
    return { icon: "idle", title: "", tooltip: "Clockwork: sign in to see your timer" };
  }
  const offline = report.connection === "offline";
  const suffix = offline ? " (offline)" : "";
  if (current === null && report.connection === "connecting") {
    return { icon: "idle", title: "", tooltip: "Clockwork: connecting" };
  }
  if (current === null) {
    return { icon: offline ? "offline" : "idle", title: "", tooltip: `Clockwork: nothing is running${suffix}` };
  }
  const time = current.onHold ? "On hold" : clock((now - current.startedAt) / 1000);
  const summary = current.summary === null ? "" : ` ${shorten(current.summary, MAX_SUMMARY)}`;
  const name = current.issueKey === null ? "Timer" : `${current.issueKey}${summary}`;
  const icon = offline ? "offline" : current.onHold ? "idle" : "running";
  return { icon, title: time, tooltip: `${time}: ${name}${suffix}` };
}

/** Milliseconds until the face is another; null where no time counts. */
export function untilNextFace(report: Report, now: number): number | null {
  if (!report.signedIn || report.current === null || report.current.onHold) return null;
  return untilNextSecond(now - report.current.startedAt);
}

/** Cuts a text to a number of characters, the last of them an ellipsis. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("").trimEnd()}…`;
}
