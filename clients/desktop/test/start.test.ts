import { mkdir } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { boot, eventually, launch, only, path } from "./program";

describe("start", () => {
  it("gives the page's scheme its privileges and enables the sandbox before Electron is ready", async () => {
    const fake = await boot();
    expect(fake.calls).toEqual(["registerSchemesAsPrivileged", "enableSandbox", "ready"]);
    expect(fake.module.protocol.registerSchemesAsPrivileged).toHaveBeenCalledWith([
      { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
    ]);
  });

  it("does nothing if another copy runs", async () => {
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

  it("has no icon in the Dock, but a menu for copy and paste keys", async () => {
    const fake = await boot();
    expect(fake.app.setActivationPolicy).toHaveBeenCalledWith("accessory");
    expect(fake.module.Menu.setApplicationMenu).toHaveBeenCalledWith([{ role: "appMenu" }, { role: "editMenu" }]);
  });

  it("exits with an error if the settings cannot be read", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await mkdir(path("data", "settings.json"), { recursive: true });
    const fake = await launch();
    await eventually(() => expect(fake.app.exit).toHaveBeenCalledWith(1));
    expect(fake.windows).toHaveLength(0);
  });
});
