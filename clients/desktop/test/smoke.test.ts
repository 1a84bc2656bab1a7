import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { electronBinary } from "../scripts/electron-binary.mjs";
import { DebuggedPage } from "./devtools";

const project = join(import.meta.dirname, "..");
const binary = electronBinary();
const missing = whatIsMissing();

// All other tests use a fake Electron; this one runs the real one, if it is installed.
if (missing !== null) console.warn(`Electron itself is not tested here: ${missing}.`);

describe.skipIf(missing !== null)("the real Electron", () => {
  let folder: string;
  let program: ChildProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "clockwork-"));
    const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const args = [project, `--user-data-dir=${folder}`, "--remote-debugging-port=0", ...root];
    program = spawn(binary as string, args, { stdio: ["ignore", "ignore", "pipe"] });
  });
  afterEach(async () => {
    program.kill();
    await vi.waitFor(() => expect(program.exitCode ?? program.signalCode).not.toBeNull(), { timeout: 10_000 });
    await rm(folder, { recursive: true, force: true });
  });

  it("shows the page, isolated and with the bridge", { timeout: 60_000 }, async () => {
    const page = await DebuggedPage.of(program, 30_000);
    expect(page.url).toBe("app://clockwork/index.html");
    await vi.waitFor(async () => expect(await page.evaluate("document.querySelector('form') !== null")).toBe(true), { timeout: 20_000 });
    expect(await page.evaluate("location.origin")).toBe("app://clockwork");
    expect(await page.evaluate("typeof window.clockwork.load")).toBe("function");
    expect(await page.evaluate("typeof require + typeof process")).toBe("undefinedundefined");
    expect(await page.evaluate("window.clockwork.load().then((state) => state.serverUrl)")).toMatch(/^https?:/);
    expect(await page.evaluate("window.clockwork.setServer('http://example.com').then((answer) => answer.ok)")).toBe(false);
    expect(await page.evaluate("fetch('https://example.com').then(() => 'reached', () => 'refused')")).toBe("refused");
    expect(await page.evaluate("window.open('https://example.com') === null")).toBe(true);
  });
});

function whatIsMissing(): string | null {
  if (binary === null) return "its program is not downloaded (npx install-electron)";
  if (!existsSync(join(project, "dist", "main", "main.cjs"))) return "the app is not built (npm run build)";
  if (typeof WebSocket === "undefined") return "this Node.js is older than 22";
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return "there is no display";
  return null;
}
