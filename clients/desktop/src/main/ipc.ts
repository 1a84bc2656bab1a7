import { ipcMain, type IpcMainEvent, type IpcMainInvokeEvent, type WebContents } from "electron";
import { CHANNEL, type DesktopState, type Report, type ServerAddress } from "../bridge";
import type { KeptSession } from "@clockwork/ui";
import type { BrowserSignIn } from "./browser-sign-in";
import { parseAddress, parseReport, parseSession, parseSwitch } from "./messages";
import { isOwnPage } from "./navigation-policy";

/** What the page may request. */
export interface PageRequests {
  load(): Promise<DesktopState>;
  setServer(address: string): Promise<ServerAddress>;
  launchesAtLogin(): boolean | null;
  setLaunchAtLogin(on: boolean): boolean;
  signIn(): Promise<BrowserSignIn | null>;
  cancelSignIn(): void;
  keepSession(session: KeptSession): Promise<boolean>;
  forgetSession(): Promise<void>;
  report(report: Report): void;
  show(): void;
  hide(): void;
}

/**
 * Answers the messages of one window's page. It refuses messages of other frames, and arguments that the contract
 * does not allow, without a reason.
 */
export function answerPage(page: () => WebContents | null, requests: PageRequests): void {
  const answer = <T>(channel: string, parse: (value: unknown) => T | null, act: (value: T) => unknown) => {
    ipcMain.handle(channel, (event, value: unknown) => {
      const argument = isFromPage(event, page()) ? parse(value) : null;
      if (argument === null) throw new Error("refused");
      return act(argument);
    });
  };
  const hear = <T>(channel: string, parse: (value: unknown) => T | null, act: (value: T) => void) => {
    ipcMain.on(channel, (event, value: unknown) => {
      const argument = isFromPage(event, page()) ? parse(value) : null;
      if (argument !== null) act(argument);
    });
  };
  answer(CHANNEL.load, nothing, () => requests.load());
  answer(CHANNEL.setServer, parseAddress, (address) => requests.setServer(address));
  answer(CHANNEL.launchesAtLogin, nothing, () => requests.launchesAtLogin());
  answer(CHANNEL.setLaunchAtLogin, parseSwitch, (on) => requests.setLaunchAtLogin(on));
  answer(CHANNEL.signIn, nothing, () => requests.signIn());
  hear(CHANNEL.cancelSignIn, nothing, () => requests.cancelSignIn());
  answer(CHANNEL.keepSession, parseSession, (session) => requests.keepSession(session));
  answer(CHANNEL.forgetSession, nothing, () => requests.forgetSession());
  hear(CHANNEL.report, parseReport, (report) => requests.report(report));
  hear(CHANNEL.show, nothing, () => requests.show());
  hear(CHANNEL.hide, nothing, () => requests.hide());
}

// Whether the sender is our window's top frame and on our own page. A frame that has
// navigated elsewhere still has its preload script.
function isFromPage(event: IpcMainEvent | IpcMainInvokeEvent, page: WebContents | null): boolean {
  const frame = event.senderFrame;
  return page !== null && event.sender === page && frame !== null && frame.parent === null && isOwnPage(frame.url);
}

function nothing(value: unknown): true | null {
  return value === undefined ? true : null;
}
