import { createHash } from "node:crypto";
import { request } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { BrowserSignIns } from "./browser-sign-in";

const SERVER = "https://timers.example.com";

/** Begins a sign-in and returns the address that the browser got, and a promise of the result. */
async function begin(signIns?: BrowserSignIns) {
  let opened = "";
  const own = signIns ?? new BrowserSignIns(async (url) => void (opened = url));
  const result = own.begin(SERVER);
  const asked = await vi.waitFor(() => new URL(opened));
  const query = asked.searchParams;
  const redirect = new URL(query.get("redirect_uri") ?? "");
  const back = (changes: Record<string, string> = {}) => {
    const url = new URL(redirect);
    for (const [name, value] of Object.entries({ code: "c0de", state: query.get("state") ?? "", iss: SERVER, ...changes })) if (value) url.searchParams.set(name, value);
    return url;
  };
  return { own, result, asked, query, redirect, back };
}

/** Sends a request with a Host of its own, which fetch cannot do. */
function send(url: URL, options: { method?: string; host?: string; path?: string } = {}): Promise<{ status: number; body: string; type: string }> {
  return new Promise((resolve, reject) => {
    const { method = "GET", host = url.host, path = url.pathname + url.search } = options;
    const sent = request({ host: url.hostname, port: url.port, method, path, headers: { Host: host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, type: response.headers["content-type"] ?? "" }));
    });
    sent.on("error", reject).end();
  });
}

describe("sign-in in the browser", () => {
  it("asks the server with PKCE, and accepts the code that comes back", async () => {
    const { asked, query, redirect, back, result } = await begin();
    expect(asked.origin + asked.pathname).toBe(`${SERVER}/api/auth/authorize`);
    expect(redirect.href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    expect(query.get("client_id")).toBe("desktop");
    expect(query.get("state")).toMatch(/^[\w-]{43}$/);

    const page = await send(back());
    expect(page).toMatchObject({ status: 200, type: "text/plain; charset=utf-8" });
    expect(page.body).toContain("go back to Clockwork");
    const got = await result;
    if (!got?.ok) throw new Error("no code");
    expect(got).toMatchObject({ code: "c0de", redirectUri: redirect.href });
    expect(createHash("sha256").update(got.codeVerifier).digest("base64url")).toBe(query.get("code_challenge"));
    expect(query.get("code_challenge_method")).toBe("S256");
    expect(asked.href).not.toContain(got.codeVerifier);
    await expect(send(back())).rejects.toThrow("ECONNREFUSED");
  });

  it("asks with a new state and verifier each time", async () => {
    const [one, two] = [await begin(), await begin()];
    expect(one.query.get("state")).not.toBe(two.query.get("state"));
    expect(one.query.get("code_challenge")).not.toBe(two.query.get("code_challenge"));
    one.own.cancel();
    two.own.cancel();
  });

  it.each<[string, (back: (changes?: Record<string, string>) => URL) => Promise<{ status: number }>]>([
    ["another-host", (back) => send(back(), { host: "evil.example" })],
    ["localhost", (back) => send(back(), { host: `localhost:${back().port}` })],
    ["another-path", (back) => send(back(), { path: `${back().pathname}/${back().search}` })],
    ["an-address-elsewhere", (back) => send(back(), { path: `http://evil.example/callback${back().search}` })],
    ["another-method", (back) => send(back(), { method: "POST" })],
    ["another-state", (back) => send(back({ state: "guessed" }))],
    ["two-states", (back) => send(back(), { path: `${back().pathname}${back().search}&state=x` })],
    ["a-refusal-without-the-state", (back) => send(back({ code: "", error: "access_denied", state: "x" }))],
  ])("still waits after a request of somebody else: %s", async (_name, act) => {
    const { back, result } = await begin();
    expect(await act(back)).toMatchObject({ status: 404 });
    await send(back());
    expect(await result).toMatchObject({ ok: true });
  });

  it("accepts no code of another server", async () => {
    const { back, result } = await begin();
    const page = await send(back({ iss: "https://evil.example" }));
    expect(page.body).not.toContain("evil");
    expect(await result).toMatchObject({ ok: false, message: expect.stringContaining("Another server") });
  });

  it("says that it was cancelled in the browser", async () => {
    const { back, result } = await begin();
    await send(back({ code: "", error: "access_denied" }));
    expect(await result).toMatchObject({ ok: false, message: expect.stringContaining("cancelled") });
  });

  it("ends after its time limit, when it is cancelled, and when another begins", async () => {
    const late = new BrowserSignIns(async () => {}, 10);
    expect(await late.begin(SERVER)).toMatchObject({ ok: false, message: expect.stringContaining("five minutes") });

    const { own, back, result } = await begin();
    own.cancel();
    expect(await result).toBeNull();
    await expect(send(back())).rejects.toThrow("ECONNREFUSED");

    const signIns = new BrowserSignIns(async () => {});
    const first = signIns.begin(SERVER);
    await new Promise(setImmediate);
    const second = signIns.begin(SERVER);
    expect(await first).toBeNull();
    signIns.cancel();
    await second;
  });

  it("says so if there is no browser", async () => {
    const none = new BrowserSignIns(() => Promise.reject(new Error("no browser")));
    expect(await none.begin(SERVER)).toMatchObject({ ok: false, message: expect.stringContaining("could not be opened") });
  });
});
