import type { App } from "electron";

/** The part of Electron's app that LoginItem uses. */
export type LoginItems = Pick<App, "getLoginItemSettings" | "setLoginItemSettings">;

/** The argument with which Windows starts the program at login. macOS needs none. */
const AT_LOGIN = "--at-login";

/** The setting "launch at login", which Electron supports on macOS and Windows only. */
export class LoginItem {
  private readonly app: LoginItems;
  private readonly platform: NodeJS.Platform;

  constructor(app: LoginItems, platform: NodeJS.Platform) {
    this.app = app;
    this.platform = platform;
  }

  /** Null if there is no such setting. */
  get(): boolean | null {
    if (!this.supported) return null;
    return this.app.getLoginItemSettings({ args: this.args }).openAtLogin;
  }

  /** Returns the setting afterwards. The system may first ask the person. */
  set(on: boolean): boolean {
    if (this.supported) this.app.setLoginItemSettings({ openAtLogin: on, args: this.args });
    return this.get() ?? false;
  }

  /** Whether the system started the program at login, so that no window should open. */
  startedAtLogin(argv: readonly string[]): boolean {
    if (this.platform === "darwin") return this.app.getLoginItemSettings().wasOpenedAtLogin;
    return argv.includes(AT_LOGIN);
  }

  private get supported(): boolean {
    return this.platform === "darwin" || this.platform === "win32";
  }

  private get args(): string[] {
    return this.platform === "win32" ? [AT_LOGIN] : [];
  }
}
