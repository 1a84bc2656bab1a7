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
  const time = current.onHold ? "On hold" : elapsed(now - current.startedAt);
  const summary = current.summary === null ? "" : ` ${shorten(current.summary, MAX_SUMMARY)}`;
  const name = current.issueKey === null ? "Timer" : `${current.issueKey}${summary}`;
  const icon = offline ? "offline" : current.onHold ? "idle" : "running";
  return { icon, title: time, tooltip: `${time}: ${name}${suffix}` };
}

/** Hours, minutes and seconds of a duration in milliseconds, such as 1:02:03. A negative one is none. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Milliseconds until the next second of the timer begins; null where nothing runs. */
export function untilNextSecond(report: Report, now: number): number | null {
  if (!report.signedIn || report.current === null || report.current.onHold) return null;
  const sinceStart = now - report.current.startedAt;
  return 1000 - (((sinceStart % 1000) + 1000) % 1000);
}

/** Cuts a text to a number of characters, the last of them an ellipsis. */
export function shorten(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("").trimEnd()}…`;
}
