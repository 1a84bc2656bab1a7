import type { KeptSession } from "@clockwork/ui";
import type { BrowserSignIn } from "./main/browser-sign-in";

/**
 * The contract between the page and the main process: everything that the page may request, and everything that it
 * is sent. The preload script puts a Bridge on `window.clockwork`. A page without one runs in an ordinary browser.
 */
export interface Bridge {
  /** The settings, and the stored session, if any. Called once, at start. */
  load(): Promise<DesktopState>;
  /** Checks and saves the server's address. The page reloads itself after an accepted one. */
  setServer(address: string): Promise<ServerAddress>;
  /** Null if the system has no such setting (Linux). */
  launchesAtLogin(): Promise<boolean | null>;
  /** Resolves to the current setting. The system may have refused to change it. */
  setLaunchAtLogin(on: boolean): Promise<boolean>;
  /** Opens the system's browser to sign in there. Resolves to null if it was cancelled, or if another sign-in began. */
  signIn(): Promise<BrowserSignIn | null>;
  cancelSignIn(): void;
  /**
   * Stores the session's refresh token, encrypted by the system's keychain. Resolves to false if there is no
   * keychain.
   */
  keepSession(session: KeptSession): Promise<boolean>;
  /** Deletes the stored session: at log-out, and when it has expired. */
  forgetSession(): Promise<void>;
  /** Sends what the tray shows. Call it on each change. */
  report(report: Report): void;
  /** Shows the window: a command of the tray failed, and its reason is on the page. */
  show(): void;
  hide(): void;
  /** Calls back for each command of the tray, until the returned function is called. */
  onCommand(listener: (command: Command) => void): () => void;
}

/** The page's initial state. */
export interface DesktopState {
  serverUrl: string;
  /** Whether keepSession can work here. */
  canKeepSession: boolean;
  session: KeptSession | null;
}

/** An accepted address, as an origin, or a sentence that says what is wrong with it. */
export type ServerAddress = { ok: true; serverUrl: string } | { ok: false; message: string };

/** What the tray shows of the page. */
export interface Report {
  signedIn: boolean;
  /** Whether what is shown is up to date; stale means that Clockwork does not answer the server. */
  connection: "live" | "connecting" | "stale" | "offline" | "expired";
  current: RunningIssue | null;
  /** The issues of the latest work that have no running timer, the latest first, at most MAX_RECENT. */
  recent: RecentIssue[];
}

/** The running timer. Times are milliseconds by this machine's clock. */
export interface RunningIssue {
  issueKey: string | null;
  summary: string | null;
  startedAt: number;
  /** What was counted at countedAt, without the time on hold. */
  countedSeconds: number;
  countedAt: number;
  /** Clockwork does not count it now, because it runs outside working hours. */
  onHold: boolean;
}

export interface RecentIssue {
  issueKey: string;
  summary: string | null;
}

/** A command of the tray for the page. */
export type Command =
  | { kind: "retry" }
  | { kind: "stop" }
  | { kind: "start"; issueKey: string }
  | { kind: "sign-out" }
  | { kind: "settings" }
  | { kind: "shown" };

/** How many issues the tray offers to start: the same as the page. */
export const MAX_RECENT = 6;

/** The names of the IPC channels. */
export const CHANNEL = {
  load: "clockwork:load",
  setServer: "clockwork:set-server",
  launchesAtLogin: "clockwork:launches-at-login",
  setLaunchAtLogin: "clockwork:set-launch-at-login",
  signIn: "clockwork:sign-in",
  cancelSignIn: "clockwork:cancel-sign-in",
  keepSession: "clockwork:keep-session",
  forgetSession: "clockwork:forget-session",
  report: "clockwork:report",
  show: "clockwork:show",
  hide: "clockwork:hide",
  command: "clockwork:command",
} as const;

declare global {
  interface Window {
    readonly clockwork?: Bridge;
  }
}
