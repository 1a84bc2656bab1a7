import { EventEmitter } from "node:events";
import type * as Electron from "electron";
import { vi } from "vitest";

type Handler = (event: unknown, value?: unknown) => unknown;

/** What a test can choose about the machine on which the program starts. */
export interface Machine {
  userData: string;
  appPath: string;
  /** Whether no other copy of the program runs. */
  first: boolean;
  packaged: boolean;
  openedAtLogin: boolean;
  /** Where the tray icon is. */
  tray: Electron.Rectangle;
}

const SCREEN = { id: 1, workArea: { x: 0, y: 25, width: 1440, height: 875 } };

/**
 * Replaces the electron module and records what is done with it. It draws nothing, loads no page and sends
 * nothing. The smoke test shows that Electron answers in the same way.
 */
export function fakeElectron(machine: Machine) {
  const calls: string[] = [];
  const windows: FakeWindow[] = [];
  const trays: FakeTray[] = [];
  const handlers = new Map<string, Handler>();
  const sessions = new Map<string, ReturnType<typeof fakeSession>>();
  const login = { openAtLogin: false, wasOpenedAtLogin: machine.openedAtLogin };

  class FakePage extends EventEmitter {
    url = "";
    devTools = false;
    openHandler: ((details: { url: string }) => { action: string }) | undefined;
    send = vi.fn();
    isDevToolsOpened = () => this.devTools;
    setWindowOpenHandler = (handler: typeof this.openHandler) => void (this.openHandler = handler);
  }

  class FakeWindow extends EventEmitter {
    readonly webContents = new FakePage();
    readonly options: Electron.BrowserWindowConstructorOptions;
    visible = false;
    bounds = { x: 0, y: 0, width: 380, height: 560 };

    constructor(options: Electron.BrowserWindowConstructorOptions) {
      super();
      this.options = options;
      windows.push(this);
      app.emit("web-contents-created", {}, this.webContents);
    }
    loadURL = vi.fn(async (url: string) => void (this.webContents.url = url));
    show = vi.fn(() => void (this.visible = true));
    hide = vi.fn(() => void (this.visible = false));
    focus = vi.fn();
    isVisible = () => this.visible;
    getBounds = () => this.bounds;
    setPosition = (x: number, y: number) => void (this.bounds = { ...this.bounds, x, y });
  }

  class FakeTray extends EventEmitter {
    image: string;
    constructor(image: string) {
      super();
      this.image = image;
      trays.push(this);
    }
    setImage = vi.fn((image: string) => void (this.image = image));
    setTitle = vi.fn();
    setToolTip = vi.fn();
    setContextMenu = vi.fn();
    popUpContextMenu = vi.fn();
    setIgnoreDoubleClickEvents = vi.fn();
    getBounds = () => machine.tray;
    destroy = vi.fn();
  }

  const app = Object.assign(new EventEmitter(), {
    isPackaged: machine.packaged,
    requestSingleInstanceLock: () => machine.first,
    enableSandbox: vi.fn(() => void calls.push("enableSandbox")),
    setActivationPolicy: vi.fn(),
    whenReady: vi.fn(async () => void calls.push("ready")),
    getPath: () => machine.userData,
    getAppPath: () => machine.appPath,
    getLoginItemSettings: () => login,
    setLoginItemSettings: vi.fn((settings: Electron.Settings) => void (login.openAtLogin = settings.openAtLogin ?? false)),
    quit: vi.fn(),
    exit: vi.fn(),
  });

  const module = {
    app,
    BrowserWindow: FakeWindow,
    Tray: FakeTray,
    Menu: { buildFromTemplate: (template: unknown) => template, setApplicationMenu: vi.fn() },
    nativeImage: { createFromPath: (path: string) => path },
    nativeTheme: { shouldUseDarkColors: false },
    ipcMain: {
      handle: (channel: string, handler: Handler) => void handlers.set(channel, handler),
      on: (channel: string, handler: Handler) => void handlers.set(channel, handler),
    },
    powerMonitor: new EventEmitter(),
    protocol: { registerSchemesAsPrivileged: vi.fn(() => void calls.push("registerSchemesAsPrivileged")) },
    safeStorage: {
      getSelectedStorageBackend: () => "gnome_libsecret",
      isAsyncEncryptionAvailable: async () => true,
      encryptStringAsync: async (text: string) => Buffer.from(text).map((byte) => byte ^ 0xff),
      decryptStringAsync: async (data: Buffer) => ({ result: Buffer.from(data.map((byte) => byte ^ 0xff)).toString(), shouldReEncrypt: false }),
    },
    screen: {
      getAllDisplays: () => [SCREEN],
      getDisplayMatching: () => SCREEN,
      getDisplayNearestPoint: () => SCREEN,
      getCursorScreenPoint: () => ({ x: 0, y: 0 }),
    },
    session: {
      fromPartition: vi.fn((name: string) => {
        const made = sessions.get(name) ?? fakeSession();
        sessions.set(name, made);
        return made;
      }),
    },
    shell: { openExternal: vi.fn(async () => {}) },
  };
  return { module, app, calls, windows, trays, handlers, sessions };
}

function fakeSession() {
  return Object.assign(new EventEmitter(), {
    protocol: { handle: vi.fn() },
    setPermissionRequestHandler: vi.fn(),
    setPermissionCheckHandler: vi.fn(),
    setDevicePermissionHandler: vi.fn(),
    setDisplayMediaRequestHandler: vi.fn(),
  });
}
