import { readFile, readdir, stat } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { CHANNEL } from "../src/bridge";
import { boot, choose, commands, eventually, type Fake, invoke, only, path, realPlatform, RUNNING, SESSION } from "./program";

describe("requests", () => {
  it("stores a session for the next start, readable for its owner only", async () => {
    const fake = await boot();
    expect(await invoke(fake, CHANNEL.keepSession, SESSION)).toBe(true);
    const file = path("data", "session");
    if (realPlatform !== "win32") expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, "utf8")).not.toContain("secret-token");
    const again = await boot();
    expect(await invoke(again, CHANNEL.load)).toEqual({
      serverUrl: "http://127.0.0.1:3000",
      canKeepSession: true,
      session: SESSION,
    });
  });

  it("stores nothing of a session that it should not keep", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.report, RUNNING);
    expect(await invoke(fake, CHANNEL.load)).toMatchObject({ session: null });
    await expect(readdir(path("data"))).rejects.toThrow("ENOENT");
  });

  it.each<[string, (fake: Fake) => unknown]>([
    ["page-asks", (fake) => invoke(fake, CHANNEL.forgetSession)],
    ["sign-out-by-menu", (fake) => choose(fake, "Log out")],
    ["another-server", (fake) => invoke(fake, CHANNEL.setServer, "timers.example.com")],
  ])("deletes the stored session: %s", async (_name, act) => {
    const fake = await boot();
    await invoke(fake, CHANNEL.keepSession, SESSION);
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: null });
    await act(fake);
    await eventually(async () => expect(await readdir(path("data"))).not.toContain("session"));
  });

  it("sends a sign-out of the menu to the page", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.report, { ...RUNNING, current: null });
    choose(fake, "Log out");
    expect(commands(fake).at(-1)).toEqual({ kind: "sign-out" });
  });

  it("stores the server's address for the next start, but no refused address", async () => {
    const fake = await boot();
    expect(await invoke(fake, CHANNEL.setServer, "http://example.com")).toMatchObject({ ok: false });
    expect(await invoke(fake, CHANNEL.setServer, "timers.example.com")).toEqual({ ok: true, serverUrl: "https://timers.example.com" });
    expect(await invoke(await boot(), CHANNEL.load)).toMatchObject({ serverUrl: "https://timers.example.com" });
  });

  it("keeps the session if the same server is set again", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.keepSession, SESSION);
    await invoke(fake, CHANNEL.setServer, "127.0.0.1:3000");
    expect(await invoke(fake, CHANNEL.load)).toMatchObject({ session: SESSION });
  });

  it("opens the browser to sign in, and shows the window again", async () => {
    const fake = await boot();
    const { openExternal } = fake.module.shell;
    const answer = invoke(fake, CHANNEL.signIn);
    await eventually(() => expect(openExternal).toHaveBeenCalledOnce());
    const asked = new URL(String(openExternal.mock.lastCall?.at(0)));
    expect(asked.origin + asked.pathname).toBe("http://127.0.0.1:3000/api/auth/authorize");
    await invoke(fake, CHANNEL.hide); // the browser is in front of it
    const back = new URL(asked.searchParams.get("redirect_uri") ?? "");
    back.search = new URLSearchParams({ code: "c0de", state: asked.searchParams.get("state") ?? "", iss: asked.origin }).toString();
    await fetch(back);
    expect(await answer).toMatchObject({ ok: true, code: "c0de" });
    expect(only(fake.windows).visible).toBe(true);

    const next = invoke(fake, CHANNEL.signIn);
    await invoke(fake, CHANNEL.cancelSignIn);
    expect(await next).toBeNull();
  });

  it("hides the window and shows it", async () => {
    const fake = await boot();
    await invoke(fake, CHANNEL.hide);
    expect(only(fake.windows).visible).toBe(false);
    await invoke(fake, CHANNEL.show);
    expect(only(fake.windows).visible).toBe(true);
  });
});
