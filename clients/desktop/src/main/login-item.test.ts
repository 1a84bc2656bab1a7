import type { LoginItemSettings } from "electron";
import { describe, expect, it, vi } from "vitest";
import { LoginItem } from "./login-item";

function fakeApp(obeys = true) {
  const settings = { openAtLogin: false, wasOpenedAtLogin: false };
  return {
    settings,
    getLoginItemSettings: vi.fn(() => settings as LoginItemSettings),
    setLoginItemSettings: vi.fn(({ openAtLogin = false }) => void (settings.openAtLogin = obeys && openAtLogin)),
  };
}

describe("LoginItem", () => {
  it("sets and reads the setting on macOS", () => {
    const item = new LoginItem(fakeApp(), "darwin");
    expect(item.get()).toBe(false);
    expect(item.set(true)).toBe(true);
    expect(item.get()).toBe(true);
  });

  it("returns what the system has set", () => {
    expect(new LoginItem(fakeApp(false), "darwin").set(true)).toBe(false);
  });

  it("starts without a window at login on Windows", () => {
    const app = fakeApp();
    new LoginItem(app, "win32").set(true);
    expect(app.setLoginItemSettings).toHaveBeenCalledWith({ openAtLogin: true, args: ["--at-login"] });
    expect(app.getLoginItemSettings).toHaveBeenLastCalledWith({ args: ["--at-login"] });
  });

  it("does not exist on Linux", () => {
    const app = fakeApp();
    const item = new LoginItem(app, "linux");
    expect(item.get()).toBeNull();
    expect(item.set(true)).toBe(false);
    expect(app.setLoginItemSettings).not.toHaveBeenCalled();
  });

  it.each<[string, NodeJS.Platform, string[], boolean, boolean]>([
    ["macos-by-the-system", "darwin", [], true, true],
    ["macos-by-the-person", "darwin", [], false, false],
    ["windows-by-the-system", "win32", ["--at-login"], false, true],
    ["windows-by-the-person", "win32", [], false, false],
  ])("knows whether the system started the program: %s", (_name, platform, argv, opened, want) => {
    const app = fakeApp();
    app.settings.wasOpenedAtLogin = opened;
    expect(new LoginItem(app, platform).startedAtLogin(argv)).toBe(want);
  });
});
