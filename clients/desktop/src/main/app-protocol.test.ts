import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serveFolder } from "./app-protocol";

describe("serveFolder", () => {
  let folder: string;
  let server = "https://timers.example.com";
  const get = (url: string, method = "GET") => serveFolder(join(folder, "renderer"), () => server)(new Request(url, { method }));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "clockwork-"));
    await mkdir(join(folder, "renderer", "assets"), { recursive: true });
    await writeFile(join(folder, "renderer", "index.html"), "<p>page");
    await writeFile(join(folder, "renderer", "secret.json"), "{}");
    await writeFile(join(folder, "renderer", "assets", "index-A_b-1.js"), "1");
    await writeFile(join(folder, "outside.html"), "outside");
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("serves the page with its policy", async () => {
    const got = await get("app://clockwork/index.html");
    expect(await got.text()).toBe("<p>page");
    expect(got.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(got.headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(got.headers.get("Content-Security-Policy")).toContain("connect-src https://timers.example.com wss://");
  });

  it("uses the policy for the current server", async () => {
    server = "http://127.0.0.1:3000";
    const got = await get("app://clockwork/index.html");
    expect(got.headers.get("Content-Security-Policy")).toContain("connect-src http://127.0.0.1:3000 ws://127.0.0.1:3000;");
  });

  it("serves scripts as scripts", async () => {
    expect((await get("app://clockwork/assets/index-A_b-1.js")).headers.get("Content-Type")).toContain("text/javascript");
  });

  it.each([
    ["missing", "app://clockwork/none.html", 404],
    ["folder", "app://clockwork/assets/", 404],
    ["root", "app://clockwork/", 404],
    ["unknown-type", "app://clockwork/secret.json", 404],
    ["dots", "app://clockwork/../outside.html", 404],
    ["encoded-dots", "app://clockwork/%2e%2e/outside.html", 404],
    ["encoded-slash", "app://clockwork/..%2foutside.html", 404],
    ["backslash", "app://clockwork/..%5coutside.html", 404],
    ["absolute", "app://clockwork//etc/hosts.html", 404],
    ["nul", "app://clockwork/index.html%00.html", 404],
    ["other-host", "app://elsewhere/index.html", 404],
  ])("refuses %s", async (_name, url, want) => {
    const got = await get(url);
    expect(got.status).toBe(want);
    expect(await got.text()).toBe("");
  });

  it("answers GET only", async () => {
    expect((await get("app://clockwork/index.html", "POST")).status).toBe(405);
  });
});
