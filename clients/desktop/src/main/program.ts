import { join } from "node:path";
import { app, Menu, powerMonitor, safeStorage, session, shell } from "electron";
import type { Point } from "electron";
import type { DesktopState, Report, ServerAddress } from "../bridge";
import config from "../../config.json";
import { serveFolder } from "./app-protocol";
import { type BrowserSignIn, BrowserSignIns } from "./browser-sign-in";
import { guardPages, guardSession } from "./guards";
import { answerPage, type PageRequests } from "./ipc";
import { systemKeychain } from "./keychain";
import { LoginItem } from "./login-item";
import type { MenuActions } from "./menu";
import { APP_SCHEME } from "./navigation-policy";
import { PrivateFile } from "./private-file";
import { parseServerAddress } from "./server-address";
import { SessionStore } from "./session-store";
import { SettingsStore } from "./settings-store";
import { onWake } from "./sleep";
import { AppTray, NO_REPORT } from "./tray";
import { Window } from "./window";

/**
 * The page's Electron session. It is persistent, so that the chosen theme stays, but the server's answers are not
 * cached on disk.
 */
const PAGE_SESSION = "persist:page";

const now = () => Date.now();

/** The running program: a tray icon, a window, and what they share. Create it when Electron is ready. */
export class Program implements PageRequests {
  private readonly loginItem = new LoginItem(app, process.platform);
  private readonly signIns = new BrowserSignIns((url) => shell.openExternal(url));
  private readonly settings: SettingsStore;
  private readonly sessions: SessionStore;
  private readonly window: Window;
  private readonly tray: AppTray;

  /** Reads the settings and shows the tray, and the window unless the system started us at login. */
  static async start(): Promise<Program> {
    const file = new PrivateFile(join(app.getPath("userData"), "settings.json"));
    const defaults = { serverUrl: config.serverUrl, windowPosition: null };
    const program = new Program(await SettingsStore.open(file, defaults));
    if (!program.loginItem.startedAtLogin(process.argv)) program.show();
    return program;
  }

  private constructor(settings: SettingsStore) {
    this.settings = settings;
    const sessionFile = new PrivateFile(join(app.getPath("userData"), "session"));
    this.sessions = new SessionStore(sessionFile, systemKeychain(safeStorage, process.platform));
    const pages = session.fromPartition(PAGE_SESSION, { cache: false });
    guardSession(pages);
    guardPages(app, config.linkHosts);
    const folder = join(app.getAppPath(), "dist", "renderer");
    pages.protocol.handle(APP_SCHEME, serveFolder(folder, () => this.settings.get().serverUrl));
    answerPage(() => this.window.page, this);
    setApplicationMenu();
    this.tray = this.createTray();
    this.window = this.createWindow();
    onWake(powerMonitor, () => this.window.send({ kind: "retry" }), now);
    app.on("activate", () => this.show());
    app.on("before-quit", () => this.window.quit());
    app.on("will-quit", () => {
      this.signIns.cancel();
      this.tray.destroy();
    });
  }

  show(): void {
    this.window.show();
  }

  hide(): void {
    this.window.hide();
  }

  report(report: Report): void {
    this.tray.show(report);
  }

  async load(): Promise<DesktopState> {
    const { serverUrl } = this.settings.get();
    return {
      serverUrl,
      canKeepSession: this.sessions.supported,
      session: await this.sessions.load(serverUrl),
    };
  }

  async setServer(address: string): Promise<ServerAddress> {
    const parsed = parseServerAddress(address);
    if (parsed.ok && parsed.serverUrl !== this.settings.get().serverUrl) {
      this.signIns.cancel();
      await this.sessions.forget();
      await this.settings.set({ serverUrl: parsed.serverUrl });
      this.tray.show(NO_REPORT);
    }
    return parsed;
  }

  launchesAtLogin(): boolean | null {
    return this.loginItem.get();
  }

  setLaunchAtLogin(on: boolean): boolean {
    const set = this.loginItem.set(on);
    this.tray.refreshMenu();
    return set;
  }

  /** Signs in, and then shows the window, which was hidden when the browser came to the front. */
  async signIn(): Promise<BrowserSignIn | null> {
    const result = await this.signIns.begin(this.settings.get().serverUrl);
    if (result !== null) this.show();
    return result;
  }

  cancelSignIn(): void {
    this.signIns.cancel();
  }

  keepSession(kept: Parameters<PageRequests["keepSession"]>[0]): Promise<boolean> {
    return this.sessions.keep(kept, this.settings.get().serverUrl);
  }

  forgetSession(): Promise<void> {
    return this.sessions.forget();
  }

  private createTray(): AppTray {
    const actions: MenuActions = {
      command: (command) => this.window.send(command),
      open: () => this.show(),
      signOut: () => this.signOut(),
      setLaunchAtLogin: (on) => this.setLaunchAtLogin(on),
      quit: () => app.quit(),
    };
    return new AppTray({
      platform: process.platform,
      icons: join(app.getAppPath(), "resources", "tray"),
      now,
      launchAtLogin: () => this.loginItem.get(),
      toggleWindow: () => this.window.toggle(),
      actions,
    });
  }

  private createWindow(): Window {
    return new Window({
      preload: join(app.getAppPath(), "dist", "preload", "preload.cjs"),
      session: PAGE_SESSION,
      devTools: !app.isPackaged,
      now,
      trayBounds: () => this.tray.bounds(),
      remembered: () => this.settings.get().windowPosition,
      remember: (position) => this.rememberPosition(position),
      lost: () => this.tray.show(NO_REPORT),
    });
  }

  // Deletes the file here too, because the page may hang.
  private signOut(): void {
    this.window.send({ kind: "sign-out" });
    this.sessions.forget().catch(() => console.warn("the kept session could not be deleted"));
  }

  private rememberPosition(windowPosition: Point | null): void {
    this.settings.set({ windowPosition }).catch(() => console.warn("the window's place could not be saved"));
  }
}

// macOS uses this menu for cut, copy and paste, although a menubar app never shows
// it.
function setApplicationMenu(): void {
  const menu = process.platform === "darwin" ? Menu.buildFromTemplate([{ role: "appMenu" }, { role: "editMenu" }]) : null;
  Menu.setApplicationMenu(menu);
}
