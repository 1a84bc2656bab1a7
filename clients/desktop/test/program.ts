import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { Report } from "../src/bridge";
import { fakeElectron, type Machine } from "./fake-electron";

// Starts the whole main process with a fake Electron, and shows what it did with
// that. Its files are in a folder that is deleted after the test.

export const SESSION = { userId: "acc-1", refreshToken: "secret-token" };
const current = { issueKey: "ABC-7", summary: null, startedAt: Date.now() - 60_500, countedSeconds: 0, countedAt: Date.now() - 60_500, onHold: false };
export const RUNNING = { signedIn: true, connection: "live", current, recent: [] } satisfies Report;

export const realPlatform = process.platform;
let folder: string;

/** A path in the test's folder. The app is in app/, its data in data/. */
export function path(...parts: string[]): string {
  return join(folder, ...parts);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "clockwork-"));
  await mkdir(path("app", "dist", "renderer"), { recursive: true });
  await writeFile(path("app", "dist", "renderer", "index.html"), "<p>page");
});
afterEach(async () => {
  vi.useRealTimers();
  Object.defineProperty(process, "platform", { value: realPlatform });
  await rm(folder, { recursive: true });
});

/** Starts the program, which may fail. */
export async function launch(platform: NodeJS.Platform = "darwin", machine: Partial<Machine> = {}) {
  Object.defineProperty(process, "platform", { value: platform });
  const fake = fakeElectron({
    userData: path("data"),
    appPath: path("app"),
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

/** Waits until check succeeds. The program writes files, which takes seconds on some machines. */
export const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000 });

/** Starts the program and waits for its window. */
export async function boot(platform?: NodeJS.Platform, machine?: Partial<Machine>) {
  const fake = await launch(platform, machine);
  await eventually(() => expect(fake.windows).toHaveLength(1));
  return fake;
}

export type Fake = Awaited<ReturnType<typeof boot>>;

export function only<T>(list: readonly T[]): T {
  expect(list).toHaveLength(1);
  return list[0] as T;
}

/** The event of a message that the page itself sent. */
export function pageEvent(fake: Fake) {
  const page = only(fake.windows).webContents;
  return { sender: page, senderFrame: { url: page.url, parent: null } };
}

/** Sends a message as the page does, or with the event of another sender. */
export async function invoke(fake: Fake, channel: string, value?: unknown, event: unknown = pageEvent(fake)): Promise<unknown> {
  return fake.handlers.get(channel)?.(event, value);
}

/** The commands that the page got. */
export function commands(fake: Fake): unknown[] {
  return only(fake.windows).webContents.send.mock.calls.map(([, command]) => command);
}

/** The tray's menu as it opens now. */
export function menu(fake: Fake): Electron.MenuItemConstructorOptions[] {
  const tray = only(fake.trays);
  tray.emit("right-click");
  return tray.popUpContextMenu.mock.lastCall?.[0];
}

export function choose(fake: Fake, label: string): void {
  const { click } = menu(fake).find((item) => item.label === label)!;
  (click as () => void)();
}
