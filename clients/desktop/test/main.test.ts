import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CHANNEL, type Report } from "../src/bridge";
import { fakeElectron, type Machine } from "./fake-electron";

// Starts the whole main process with a stand-in for Electron and looks at what
// it did with it.

const SESSION = { token: "secret-token", userId: "acc-1", expiresAt: Date.now() + 3_600_000 };
const RUNNING: Report = {
  signedIn: true,
  connection: "live",
  current: { issueKey: "ABC-7", summary: null, startedAt: Date.now() - 60_500, onHold: false },
  recent: [],
};

let folder: string;
const realPlatform = process.platform;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "clockwork-"));
  await mkdir(join(folder, "app", "dist", "renderer"), { recursive: true });
  await writeFile(join(folder, "app", "dist", "renderer", "index.html"), "<p>page");
});
afterEach(async () => {
  vi.useRealTimers();
  Object.defineProperty(process, "platform", { value: realPlatform });
  await rm(folder, { recursive: true });
});

// Starts the program as far as it comes.
async function launch(platform: NodeJS.Platform = "darwin", machine: Partial<Machine> = {}) {
  Object.defineProperty(process, "platform", { value: platform });
  const fake = fakeElectron({
    userData: join(folder, "data"),
    appPath: join(folder, "app"),
    first: true,
    packaged: true,
    openedAtLogin: false,
    tray: { x: 1000, y: 0, width: 30, height: 24 },
    ...machine,
  });
  vi.resetModules();
  vi.doMock("electron", () => fake.module);
  await import("../src/main/main");
  return fake;
}

async function boot(platform?: NodeJS.Platform, machine?: Partial<Machine>) {
  const fake = await launch(platform, machine);
  await vi.waitFor(() => expect(fake.windows).toHaveLength(1));
  return fake;
}

type Fake = Awaited<ReturnType<typeof boot>>;

function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

function pageEvent(fake: Fake) {
  const page = only(fake.windows).webContents;
  return { sender: page, senderFrame: { url: page.url, parent: null } };
}

async function invoke(fake: Fake, channel: string, value?: unknown, event: unknown = pageEvent(fake)): Promise<unknown> {
  return fake.handlers.get(channel)?.(event, value);
}

function commands(fake: Fake): unknown[] {
  return only(fake.windows).webContents.send.mock.calls.map(([, command]) => command);
}

function menu(fake: Fake): Electron.MenuItemConstructorOptions[] {
  const tray = only(fake.trays);
  tray.emit("right-click");
  return tray.popUpContextMenu.mock.lastCall?.[0];
}

function choose(fake: Fake, label: string): void {
  (menu(fake).find((item) => item.label === label)?.click as () => void)();
}

describe("start", () => {
  it("gives the page's scheme its rights and sandboxes all before Electron is ready", async () => {
    const fake = await boot();
    expect(fake.calls).toEqual(["registerSchemesAsPrivileged", "enableSandbox", "ready"]);
    expect(fake.module.protocol.registerSchemesAsPrivileged).toHaveBeenCalledWith([
      { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
    ]);
  });

  it("does nothing where another copy runs", async () => {
    const fake = await launch("darwin", { first: false });
    expect(fake.app.quit).toHaveBeenCalledOnce();
    expect(fake.app.whenReady).not.toHaveBeenCalled();
  });

  it("comes to the front when it is started again", async () => {
    const fake = await boot();
    only(fake.windows).hide();
    fake.app.emit("second-instance");
    expect(only(fake.windows).visible).toBe(true);
  });

  it("shows the window, unless the system started it at login", async () => {
    expect(only((await boot()).windows).visible).toBe(true);
    expect(only((await boot("darwin", { openedAtLogin: true })).windows).visible).toBe(false);
  });

  it("stays out of the Dock, and has a menu for the keys of copy and paste", async () => {
    const fake = await boot();
    expect(fake.app.setActivationPolicy).toHaveBeenCalledWith("accessory");
    expect(fake.module.Menu.setApplicationMenu).toHaveBeenCalledWith([{ role: "appMenu" }, { role: "editMenu" }]);
  });

  it("ends with a failure where the settings cannot be read", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await mkdir(join(folder, "data", "settings.json"), { recursive: true });
    const fake = await launch();
    await vi.waitFor(() => expect(fake.app.exit).toHaveBeenCalledWith(1));
    expect(fake.windows).toHaveLength(0);
  });
});

describe("window", () => {
  it("isolates the page", async () => {
    const fake = await boot();
    const { options, loadURL } = only(fake.windows);
    expect(options.webPreferences).toEqual({
      preload: join(folder, "app", "dist", "preload", "preload.cjs"),
      partition: "persist:page",
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
      devTools: false,
      backgroundThrottling: false,
    });
    expect(loadURL).toHaveBeenCalledExactlyOnceWith("app://clockwork/index.html");
  });

  it("has tools for developers only where it is not packaged", async () => {
    const fake = await boot("darwin", { packaged: false });
    expect(only(fake.windows).options.webPreferences?.devTools).toBe(true);
  });

  it("appears beneath the tray icon", async () => {
    const fake = await boot();
    expect(only(fake.windows).bounds).toMatchObject({ x: 825, y: 31 });
    expect(commands(fake)).toEqual([{ kind: "shown" }]);
  });

  it("hides when it loses the focus, and a click on the tray icon does not bring it back at once", async () => {
    const fake = await boot();
    const [window, tray] = [only(fake.windows), only(fake.trays)];
    window.emit("blur");
    tray.emit("click");
    expect(window.visible).toBe(false);
    await vi.waitFor(() => {
      tray.emit("click");
      expect(window.visible).toBe(true);
    });
    tray.emit("click");
    expect(window.visible).toBe(false);
  });

  it("hides instead of closing, until the program quits", async () => {
    const fake = await boot();
    const window = only(fake.windows);
    const close = { preventDefault: vi.fn() };
    window.emit("close", close);
    expect(close.preventDefault).toHaveBeenCalledOnce();
    expect(window.visible).toBe(false);
    fake.app.emit("before-quit");
    window.emit("close", close);
    expect(close.preventDefault).toHaveBeenCalledOnce();
    fake.app.emit("will-quit");
    expect(only(fake.trays).destroy).toHaveBeenCalledOnce();
  });

  it("comes back where the person left it, also after a restart", async () => {
    const first = only((await boot()).windows);
    first.setPosition(300, 200);
    first.emit("blur");
    const saved = () => readFile(join(folder, "data", "settings.json"), "utf8");
    await vi.waitFor(async () => expect(JSON.parse(await saved())).toMatchObject({ windowPosition: { x: 300, y: 200 } }));
    expect(only((await boot()).windows).bounds).toMatchObject({ x: 300, y: 200 });
  });

  it("loads a page again that crashed, but not over and over", async () => {
    const fake = await boot();
    const { webContents, loadURL } = only(fake.windows);
    fake.handlers.get(CHANNEL.report)?.(pageEvent(fake), RUNNING);
    webContents.emit("render-process-gone");
    expect(loadURL).toHaveBeenCalledTimes(2);
    expect(only(fake.trays).setTitle).toHaveBeenLastCalledWith("", expect.anything());
    webContents.emit("render-process-gone");
    expect(loadURL).toHaveBeenCalledTimes(2);
  });
});

describe("guards", () => {
  async function guarded() {
    const fake = await boot();
    return { fake, page: only(fake.windows).webContents, pages: fake.sessions.get("persist:page")! };
  }

  it("caches no answer of the server on disk", async () => {
    const { fake } = await guarded();
    expect(fake.module.session.fromPartition).toHaveBeenCalledExactlyOnceWith("persist:page", { cache: false });
  });

  it("opens no window, and only the Jira site in the browser", async () => {
    const { fake, page } = await guarded();
    const { openExternal } = fake.module.shell;
    for (const url of ["https://example.com/", "file:///etc/passwd", "javascript:alert(1)", "app://clockwork/index.html"]) {
      expect(page.openHandler?.({ url })).toEqual({ action: "deny" });
    }
    expect(openExternal).not.toHaveBeenCalled();
    expect(page.openHandler?.({ url: "https://acme.atlassian.net/browse/ABC-7" })).toEqual({ action: "deny" });
    expect(openExternal).toHaveBeenCalledExactlyOnceWith("https://acme.atlassian.net/browse/ABC-7");
  });

  it.each([
    ["own-page", { url: "app://clockwork/index.html", isMainFrame: true }, false, 0],
    ["other-site", { url: "https://example.com/", isMainFrame: true }, true, 0],
    ["jira-site", { url: "https://acme.atlassian.net/browse/ABC-7", isMainFrame: true }, true, 1],
    ["frame", { url: "app://clockwork/index.html", isMainFrame: false }, true, 0],
    ["frame-to-jira", { url: "https://acme.atlassian.net/", isMainFrame: false }, true, 0],
  ])("navigation: %s", async (_name, target, denied, opened) => {
    const { fake, page } = await guarded();
    const event = { ...target, preventDefault: vi.fn() };
    page.emit("will-frame-navigate", event);
    expect(event.preventDefault).toHaveBeenCalledTimes(denied ? 1 : 0);
    expect(fake.module.shell.openExternal).toHaveBeenCalledTimes(opened);
  });

  it("denies redirects, embedded pages and downloads", async () => {
    const { page, pages } = await guarded();
    const event = { preventDefault: vi.fn() };
    page.emit("will-redirect", event);
    page.emit("will-attach-webview", event);
    pages.emit("will-download", event);
    expect(event.preventDefault).toHaveBeenCalledTimes(3);
  });

  it("denies permissions but for reaching a local server", async () => {
    const { pages } = await guarded();
    const request = pages.setPermissionRequestHandler.mock.lastCall?.[0];
    const answer = vi.fn();
    request({}, "media", answer, { requestingUrl: "app://clockwork/index.html" });
    request({}, "loopback-network", answer, { requestingUrl: "app://clockwork/index.html" });
    expect(answer.mock.calls).toEqual([[false], [true]]);
    const check = pages.setPermissionCheckHandler.mock.lastCall?.[0];
    expect(check({}, "geolocation", "app://clockwork")).toBe(false);
    expect(pages.setDevicePermissionHandler.mock.lastCall?.[0]({})).toBe(false);
    pages.setDisplayMediaRequestHandler.mock.lastCall?.[0]({}, answer);
    expect(answer).toHaveBeenLastCalledWith(null);
  });

  it("serves the page with the policy for the server that is set", async () => {
    const { fake, pages } = await guarded();
    const [scheme, serve] = pages.protocol.handle.mock.lastCall ?? [];
    expect(scheme).toBe("app");
    const policy = async () => (await serve(new Request("app://clockwork/index.html"))).headers.get("Content-Security-Policy");
    expect(await policy()).toContain("connect-src http://127.0.0.1:3000 ws://127.0.0.1:3000;");
    await invoke(fake, CHANNEL.setServer, "timers.example.com");
    expect(await policy()).toContain("connect-src https://timers.example.com wss://timers.example.com;");
  });

  it.each<[string, (event: ReturnType<typeof pageEvent>) => unknown]>([
    ["another-page", (event) => ({ ...event, sender: {} })],
    ["a-frame-in-the-page", (event) => ({ ...event, senderFrame: { ...event.senderFrame, parent: event.senderFrame } })],
    ["a-page-that-was-led-away", (event) => ({ ...event, senderFrame: { url: "https://example.com/", parent: null } })],
    ["a-frame-that-is-gone", (event) => ({ ...event, senderFrame: null })],
  ])("answers nobody but its page: %s", async (_name, forge) => {
    const { fake } = await guarded();
    const forged = forge(pageEvent(fake));
    const values: Record<string, unknown> = { [CHANNEL.setServer]: "https://x.example", [CHANNEL.setLaunchAtLogin]: true, [CHANNEL.keepSession]: SESSION };
    for (const channel of [CHANNEL.load, CHANNEL.setServer, CHANNEL.launchesAtLogin, CHANNEL.setLaunchAtLogin, CHANNEL.keepSession, CHANNEL.forgetSession]) {
      await expect(invoke(fake, channel, values[channel], forged)).rejects.toThrow("refused");
    }
    await invoke(fake, CHANNEL.report, RUNNING, forged);
    await invoke(fake, CHANNEL.hide, undefined, forged);
    expect(only(fake.trays).image).toContain("idle");
    expect(only(fake.windows).visible).toBe(true);
    await expect(readdir(join(folder, "data"))).rejects.toThrow("ENOENT");
  });

  it("answers on the channels of the contract and no other", async () => {
    const { fake } = await guarded();
    const { command, ...toMain } = CHANNEL;
    expect([...fake.handlers.keys()].sort()).toEqual(Object.values(toMain).sort());
    expect(fake.handlers.has(command)).toBe(false);
  });

  it("refuses arguments that the contract does not know", async () => {
    const { fake } = await guarded();
    await expect(invoke(fake, CHANNEL.load, {})).rejects.toThrow("refused");
    await expect(invoke(fake, CHANNEL.setServer, 7)).rejects.toThrow("refused");
    await expect(invoke(fake, CHANNEL.setLaunchAtLogin, "yes")).rejects.toThrow("refused");
    await expect(invoke(fake, CHANNEL.keepSession, { token: "t" })).rejects.toThrow("refused");
    await invoke(fake, CHANNEL.report, { ...RUNNING, connection: "fine" });
    expect(only(fake.trays).image).toContain("idle");
  });
});

describe("tray", () => {
  it("ticks with the timer on macOS", async () => {
    const fake = await boot();
    vi.useFakeTimers({ now: RUNNING.current!.startedAt + 60_500 });
    await invoke(fake, CHANNEL.report, RUNNING);
    const tray = only(fake.trays);
    const monospaced = { fontType: "monospacedDigit" };
    expect(tray.image).toBe(join(folder, "app", "resources", "tray", "runningTemplate.png"));
    expect(tray.setTitle).toHaveBeenLastCalledWith("0:01:00", monospaced);
    vi.advanceTimersByTime(499);
    expect(tray.setTitle).toHaveBeenLastCalledWith("0:01:00", monospaced);
    vi.advanceTimersByTime(1);
    expect(tray.setTitle).toHaveBeenLastCalledWith("0:01:01", monospaced);
    vi.advanceTimersByTime(10_000);
    expect(tray.setTitle).toHaveBeenLastCalledWith("0:01:11", monospaced);
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: null });
    expect(tray.setTitle).toHaveBeenLastCalledWith("", monospaced);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("tells by icon and tooltip elsewhere, with a menu that Linux can show", async () => {
    const fake = await boot("linux");
    const tray = only(fake.trays);
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: { ...RUNNING.current, onHold: true } });
    expect(tray.setTitle).not.toHaveBeenCalled();
    expect(tray.setToolTip).toHaveBeenLastCalledWith("On hold: ABC-7");
    expect(tray.setContextMenu.mock.lastCall?.[0]).toContainEqual(expect.objectContaining({ label: "Stop" }));
    expect(tray.image).toBe(join(folder, "app", "resources", "tray", "idle.png"));
  });

  it("passes on what is chosen from its menu", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: { ...RUNNING.current, onHold: true } });
    only(fake.windows).hide();
    choose(fake, "Stop");
    expect(commands(fake).at(-1)).toEqual({ kind: "stop" });
    choose(fake, "Settings…");
    expect(commands(fake).slice(-2)).toEqual([{ kind: "shown" }, { kind: "settings" }]);
    expect(only(fake.windows).visible).toBe(true);
    choose(fake, "Quit Clockwork");
    expect(fake.app.quit).toHaveBeenCalledOnce();
  });

  it("launches at login when told so", async () => {
    const fake = await boot();
    choose(fake, "Launch at login");
    expect(fake.app.setLoginItemSettings).toHaveBeenCalledWith({ openAtLogin: true, args: [] });
    expect(menu(fake).find((item) => item.label === "Launch at login")?.checked).toBe(true);
    expect(await invoke(fake, CHANNEL.launchesAtLogin)).toBe(true);
    expect(await invoke(fake, CHANNEL.setLaunchAtLogin, false)).toBe(false);
  });
});

describe("requests", () => {
  it("keeps a session for the next start, for its owner's eyes alone", async () => {
    const fake = await boot();
    expect(await invoke(fake, CHANNEL.keepSession, SESSION)).toBe(true);
    const file = join(folder, "data", "session");
    if (realPlatform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).not.toContain("secret-token");
    const again = await boot();
    expect(await invoke(again, CHANNEL.load)).toEqual({
      serverUrl: "http://127.0.0.1:3000",
      canKeepSession: true,
      session: SESSION,
    });
  });

  it("writes nothing of a session that it was not asked to keep", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.report, RUNNING);
    expect(await invoke(fake, CHANNEL.load)).toMatchObject({ session: null });
    await expect(readdir(join(folder, "data"))).rejects.toThrow("ENOENT");
  });

  it.each<[string, (fake: Fake) => unknown]>([
    ["page-asks", (fake) => invoke(fake, CHANNEL.forgetSession)],
    ["sign-out-by-menu", (fake) => choose(fake, "Sign out")],
    ["another-server", (fake) => invoke(fake, CHANNEL.setServer, "timers.example.com")],
  ])("deletes the kept session: %s", async (_name, act) => {
    const fake = await boot();
    await invoke(fake, CHANNEL.keepSession, SESSION);
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: null });
    await act(fake);
    await vi.waitFor(async () => expect(await readdir(join(folder, "data"))).not.toContain("session"));
  });

  it("tells the page of a sign-out by menu", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: null });
    choose(fake, "Sign out");
    expect(commands(fake).at(-1)).toEqual({ kind: "sign-out" });
  });

  it("keeps the server's address for the next start, and no address that is refused", async () => {
    const fake = await boot();
    expect(await invoke(fake, CHANNEL.setServer, "http://example.com")).toMatchObject({ ok: false });
    expect(await invoke(fake, CHANNEL.setServer, "timers.example.com")).toEqual({ ok: true, serverUrl: "https://timers.example.com" });
    expect(await invoke(await boot(), CHANNEL.load)).toMatchObject({ serverUrl: "https://timers.example.com" });
  });

  it("keeps the session when the same server is set again", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.keepSession, SESSION);
    await invoke(fake, CHANNEL.setServer, "127.0.0.1:3000");
    expect(await invoke(fake, CHANNEL.load)).toMatchObject({ session: SESSION });
  });

  it("hides the window and shows it", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.hide);
    expect(only(fake.windows).visible).toBe(false);
    await invoke(fake, CHANNEL.show);
    expect(only(fake.windows).visible).toBe(true);
  });
});

it("asks the page to reconnect when the machine wakes up", async () => {
  const fake = await boot();
  fake.module.powerMonitor.emit("resume");
  fake.module.powerMonitor.emit("unlock-screen");
  expect(commands(fake).filter((command) => (command as { kind: string }).kind === "retry")).toHaveLength(1);
});
