import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import { extname, join, normalize } from "node:path";
import type { BrowserContext } from "@playwright/test";

import { BrowserSignIns } from "../../../clients/desktop/src/main/browser-sign-in";
import { contentSecurityPolicy } from "../../../clients/desktop/src/main/content-security-policy";
import { Screen } from "./screen";
import { settings } from "./settings";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
};

/**
 * Serves the desktop app's page over HTTP, with the policy of its main process, because Chromium does not know
 * app://.
 */
export async function serveDesktop(serverUrl: string): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", settings.desktopOrigin).pathname;
    const file = normalize(path === "/" ? "/index.html" : path);
    readFile(join(settings.renderer, file)).then(
      (body) => {
        response.setHeader("Content-Type", types[extname(file)] ?? "application/octet-stream");
        response.setHeader("Content-Security-Policy", contentSecurityPolicy(serverUrl));
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  server.listen(Number(new URL(settings.desktopOrigin).port), "127.0.0.1");
  await once(server, "listening");
  return server;
}

/**
 * Opens the desktop app's page in the small window, with a stand-in for its main process. A sign-in opens the
 * system's browser with the main process's own code. What is stored survives a reload of the page.
 */
export async function openDesktop(context: BrowserContext, serverUrl: string, systemBrowser?: BrowserContext): Promise<Screen> {
  const page = await context.newPage();
  const signIns = new BrowserSignIns(async (url) => void (await (await systemBrowser?.newPage())?.goto(url)));
  let stored: unknown = null;
  await page.exposeFunction("mainSignIn", () => signIns.begin(serverUrl));
  await page.exposeFunction("mainCancelSignIn", () => signIns.cancel());
  await page.exposeFunction("mainStore", (session: unknown) => void (stored = session));
  await page.exposeFunction("mainStored", () => stored);
  page.once("close", () => signIns.cancel());
  await page.setViewportSize({ width: 380, height: 560 });
  await page.addInitScript((address) => {
    const reports: unknown[] = [];
    const kept: unknown[] = [];
    const hidden: unknown[] = [];
    const main = window as unknown as Record<string, (value?: unknown) => Promise<unknown>>;
    const clockwork = {
      load: async () => ({ serverUrl: address, canKeepSession: true, session: await main["mainStored"]?.() }),
      setServer: () => Promise.resolve({ ok: true, serverUrl: address }),
      launchesAtLogin: () => Promise.resolve(false),
      setLaunchAtLogin: (on: boolean) => Promise.resolve(on),
      signIn: () => main["mainSignIn"]?.(),
      cancelSignIn: () => main["mainCancelSignIn"]?.(),
      keepSession: async (session: unknown) => {
        await main["mainStore"]?.(session);
        return kept.push(session) > 0;
      },
      forgetSession: () => main["mainStore"]?.(null),
      report: (report: unknown) => reports.push(report),
      show: () => {},
      hide: () => hidden.push(Date.now()),
      onCommand: () => () => {},
    };
    Object.assign(window, { clockwork, reports, kept, hidden });
  }, serverUrl);
  await page.goto(settings.desktopOrigin);
  return new Screen(page);
}
