import { describe, expect, it, vi } from "vitest";
import { CHANNEL } from "../src/bridge";
import { boot, choose, commands, invoke, menu, only, path, RUNNING } from "./program";

describe("tray", () => {
  it("ticks with the timer on macOS", async () => {
    const fake = await boot();
    vi.useFakeTimers({ now: RUNNING.current.startedAt + 60_500 });
    await invoke(fake, CHANNEL.report, RUNNING);
    const tray = only(fake.trays);
    const monospaced = { fontType: "monospacedDigit" };
    expect(tray.image).toBe(path("app", "resources", "tray", "runningTemplate.png"));
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

  it("uses icon and tooltip on other systems, and a menu that Linux can show", async () => {
    const fake = await boot("linux");
    const tray = only(fake.trays);
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: { ...RUNNING.current, onHold: true } });
    expect(tray.setTitle).not.toHaveBeenCalled();
    expect(tray.setToolTip).toHaveBeenLastCalledWith("0:00:00: ABC-7 (on hold)");
    expect(tray.setContextMenu.mock.lastCall?.[0]).toContainEqual(expect.objectContaining({ label: "Stop" }));
    expect(tray.image).toBe(path("app", "resources", "tray", "idle.png"));
  });

  it("updates a menu that was set beforehand when the timer's start is no longer today", async () => {
    const fake = await boot("linux");
    vi.useFakeTimers({ now: new Date(2026, 2, 5, 23, 59, 0) });
    const startedAt = Date.now() - 3_600_000;
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: { ...RUNNING.current, startedAt, countedAt: startedAt } });
    const since = () => (only(fake.trays).setContextMenu.mock.lastCall![0] as { label?: string }[]).map((item) => item.label).find((label) => label?.startsWith("Since"));
    expect(since()).not.toMatch(/Mar/);
    const menus = only(fake.trays).setContextMenu.mock.calls.length;
    vi.advanceTimersByTime(59_000);
    expect(only(fake.trays).setContextMenu.mock.calls).toHaveLength(menus);
    vi.advanceTimersByTime(2_000);
    expect(since()).toMatch(/Mar/);
    vi.useRealTimers();
  });

  it("sends commands of its menu to the page", async () => {
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

  it("sets launch at login", async () => {
    const fake = await boot();
    choose(fake, "Launch at login");
    expect(fake.app.setLoginItemSettings).toHaveBeenCalledWith({ openAtLogin: true, args: [] });
    expect(menu(fake).find((item) => item.label === "Launch at login")?.checked).toBe(true);
    expect(await invoke(fake, CHANNEL.launchesAtLogin)).toBe(true);
    expect(await invoke(fake, CHANNEL.setLaunchAtLogin, false)).toBe(false);
  });
});
