import { BrowserWindow, nativeTheme, screen, type Point, type Rectangle, type WebContents } from "electron";
import { CHANNEL, type Command } from "../bridge";
import { APP_URL } from "./navigation-policy";
import { movedPosition, usualPosition, windowPosition } from "./window-position";
import { WindowToggle } from "./window-toggle";

const SIZE = { width: 380, height: 560 };

/** A page that crashes again within this many milliseconds is not reloaded. */
const CRASH_LOOP = 10_000;

/** The part of the program that the window uses. */
export interface WindowHost {
  preload: string;
  /** The name of the session in which the page runs. */
  session: string;
  devTools: boolean;
  now(): number;
  /** Where the tray icon is, or null if the system does not say. */
  trayBounds(): Rectangle | null;
  remembered(): Point | null;
  remember(position: Point | null): void;
  /** Called if the page has crashed: the tray then knows nothing. */
  lost(): void;
}

/**
 * The only window. It is created once, and hidden instead of closed, so that its page stays connected to the
 * server.
 */
export class Window {
  private readonly host: WindowHost;
  private readonly toggling: WindowToggle;
  private readonly window: BrowserWindow;
  private placed: Point | null = null;
  private crashedAt = Number.NEGATIVE_INFINITY;
  private quitting = false;

  constructor(host: WindowHost) {
    this.host = host;
    this.toggling = new WindowToggle(() => host.now());
    this.window = new BrowserWindow(options(host));
    this.window.on("blur", () => this.blurred());
    this.window.on("close", (event) => {
      if (this.quitting) return;
      event.preventDefault();
      this.hide();
    });
    this.window.webContents.on("render-process-gone", () => this.crashed());
    this.load();
  }

  get page(): WebContents {
    return this.window.webContents;
  }

  show(): void {
    const { usual, areas } = this.surroundings();
    this.placed = windowPosition(SIZE, usual, this.host.remembered(), areas);
    this.window.setPosition(this.placed.x, this.placed.y);
    this.window.show();
    this.window.focus();
    this.send({ kind: "shown" });
  }

  hide(): void {
    this.rememberPlace();
    this.window.hide();
  }

  toggle(): void {
    const decision = this.toggling.click(this.window.isVisible());
    if (decision === "show") this.show();
    if (decision === "hide") this.hide();
  }

  send(command: Command): void {
    this.page.send(CHANNEL.command, command);
  }

  /** From now on, closing the window really closes it. */
  quit(): void {
    this.quitting = true;
    if (this.window.isVisible()) this.rememberPlace();
  }

  private load(): void {
    // A failure shows as an empty window, and no caller could handle it.
    this.window.loadURL(APP_URL).catch(() => this.host.lost());
  }

  private blurred(): void {
    if (this.page.isDevToolsOpened() || !this.window.isVisible()) return;
    this.toggling.hiddenByBlur();
    this.hide();
  }

  private crashed(): void {
    this.host.lost();
    const again = this.host.now() - this.crashedAt < CRASH_LOOP;
    this.crashedAt = this.host.now();
    if (!again && !this.quitting) this.load();
  }

  // Compares positions instead of listening to move events, because our own moves
  // cause such events too.
  private rememberPlace(): void {
    const { x, y } = this.window.getBounds();
    if (this.placed === null || (x === this.placed.x && y === this.placed.y)) return;
    const { usual, areas } = this.surroundings();
    this.host.remember(movedPosition({ x, y }, usualPosition(SIZE, usual, areas)));
  }

  private surroundings(): { usual: Rectangle | null; areas: Rectangle[] } {
    const usual = this.host.trayBounds();
    const first = usual === null ? screen.getDisplayNearestPoint(screen.getCursorScreenPoint()) : screen.getDisplayMatching(usual);
    const others = screen.getAllDisplays().filter((display) => display.id !== first.id);
    return { usual, areas: [first, ...others].map((display) => display.workArea) };
  }
}

function options(host: WindowHost): Electron.BrowserWindowConstructorOptions {
  return {
    ...SIZE,
    title: "Clockwork",
    show: false,
    // The page's background colour, so that nothing flashes before the page is
    // painted.
    backgroundColor: nativeTheme.shouldUseDarkColors ? "#131615" : "#f2f4f2",
    frame: false,
    resizable: false,
    minimizable: false,
    maximizable: false,
    fullscreenable: false,
    skipTaskbar: true,
    webPreferences: {
      preload: host.preload,
      partition: host.session,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: host.devTools,
      // The hidden page stays connected, and answers the tray at once.
      backgroundThrottling: false,
    },
  };
}
