import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import { extname, join, normalize } from "node:path";
import type { BrowserContext } from "@playwright/test";

import { contentSecurityPolicy } from "../../../clients/desktop/src/main/content-security-policy";
import { Screen } from "./screen";
import { settings } from "./settings";

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
};

/** Serves the desktop app's page with the policy that its main process gives it: Chromium knows no app://. */
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

/** Opens the desktop app's page in the small window, with a stand-in for its main process. */
export async function openDesktop(context: BrowserContext, serverUrl: string): Promise<Screen> {
  const page = await context.newPage();
  await page.setViewportSize({ width: 380, height: 560 });
  await page.addInitScript((address) => {
    const reports: unknown[] = [];
    const kept: unknown[] = [];
    const hidden: unknown[] = [];
    const clockwork = {
      load: () => Promise.resolve({ serverUrl: address, canKeepSession: true, session: null }),
      setServer: () => Promise.resolve({ ok: true, serverUrl: address }),
      launchesAtLogin: () => Promise.resolve(false),
      setLaunchAtLogin: (on: boolean) => Promise.resolve(on),
      keepSession: (session: unknown) => Promise.resolve(kept.push(session) > 0),
      forgetSession: () => Promise.resolve(),
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
