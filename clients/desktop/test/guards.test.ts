import { readdir } from "node:fs/promises";
import { describe, expect, it, vi } from "vitest";
import { CHANNEL } from "../src/bridge";
import { boot, invoke, only, pageEvent, path, RUNNING, SESSION } from "./program";

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

  it("denies all permissions except reaching a local server", async () => {
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
  ])("answers only its page: %s", async (_name, forge) => {
    const { fake } = await guarded();
    const forged = forge(pageEvent(fake));
    const values: Record<string, unknown> = { [CHANNEL.setServer]: "https://x.example", [CHANNEL.setLaunchAtLogin]: true, [CHANNEL.keepSession]: SESSION };
    for (const channel of [CHANNEL.load, CHANNEL.setServer, CHANNEL.launchesAtLogin, CHANNEL.setLaunchAtLogin, CHANNEL.signIn, CHANNEL.keepSession, CHANNEL.forgetSession]) {
      await expect(invoke(fake, channel, values[channel], forged)).rejects.toThrow("refused");
    }
    await invoke(fake, CHANNEL.report, RUNNING, forged);
    await invoke(fake, CHANNEL.hide, undefined, forged);
    expect(only(fake.trays).image).toContain("idle");
    expect(only(fake.windows).visible).toBe(true);
    await expect(readdir(path("data"))).rejects.toThrow("ENOENT");
  });

  it("answers only on the channels of the contract", async () => {
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
