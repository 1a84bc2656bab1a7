import { readFile } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { CHANNEL } from "../src/bridge";
import { boot, commands, eventually, only, pageEvent, path, RUNNING } from "./program";

describe("window", () => {
  it("isolates the page", async () => {
    const fake = await boot();
    const { options, loadURL } = only(fake.windows);
    expect(options.webPreferences).toEqual({
      preload: path("app", "dist", "preload", "preload.cjs"),
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

  it("has developer tools only if it is not packaged", async () => {
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
    vi.useFakeTimers({ toFake: ["Date"] });
    const [window, tray] = [only(fake.windows), only(fake.trays)];
    window.emit("blur");
    tray.emit("click");
    expect(window.visible).toBe(false);
    vi.advanceTimersByTime(250);
    tray.emit("click");
    expect(window.visible).toBe(true);
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
    const saved = () => readFile(path("data", "settings.json"), "utf8");
    await eventually(async () => expect(JSON.parse(await saved())).toMatchObject({ windowPosition: { x: 300, y: 200 } }));
    expect(only((await boot()).windows).bounds).toMatchObject({ x: 300, y: 200 });
  });

  it("reloads a page that has crashed, but not repeatedly", async () => {
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

it("asks the page to reconnect when the machine wakes up", async () => {
  const fake = await boot();
  fake.module.powerMonitor.emit("resume");
  fake.module.powerMonitor.emit("unlock-screen");
  expect(commands(fake).filter((command) => (command as { kind: string }).kind === "retry")).toHaveLength(1);
});
