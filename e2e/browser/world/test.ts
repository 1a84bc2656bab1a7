import { test as base, type BrowserContext } from "@playwright/test";

import { clockwork } from "./clockwork";
import { openDesktop, serveDesktop } from "./desktop";
import { Journey, type Step } from "./journey";
import { Screen } from "./screen";
import type { Person } from "./settings";
import { Server } from "./server";

interface World {
  /** Opens the web app in a browser context of its own. */
  web: (options?: { prepare?: (context: BrowserContext) => Promise<unknown> | unknown; colorScheme?: "light" | "dark"; width?: number; height?: number; timezoneId?: string }) => Promise<Screen>;
  /** Opens the desktop app's window. systemBrowser is the browser for its sign-in. */
  desktopWindow: (options?: { prepare?: (context: BrowserContext) => Promise<unknown>; systemBrowser?: BrowserContext }) => Promise<Screen>;
  /** Starts a journey, which is printed when the test ends. */
  journey: (name: string) => Step;
  /** Stops the timers on these issues when the test ends. */
  stopAtEnd: (who: Person, ...issues: string[]) => void;
}

export const test = base.extend<World, { server: Server; desktopServed: void }>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.kill("SIGTERM");
    },
    { scope: "worker" },
  ],
  desktopServed: [
    async ({ server }, use) => {
      const served = await serveDesktop(server.url);
      await use();
      served.closeAllConnections();
      served.close();
    },
    { scope: "worker" },
  ],
  web: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ prepare, colorScheme = "light", width = 1280, height = 900, timezoneId } = {}) => {
      const context = await browser.newContext({ colorScheme, viewport: { width, height }, ...(timezoneId && { timezoneId }) });
      contexts.push(context);
      await prepare?.(context);
      return Screen.web(context, server.url);
    });
    for (const context of contexts) await context.close();
  },
  desktopWindow: async ({ browser, server, desktopServed: _ }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ prepare, systemBrowser } = {}) => {
      const context = await browser.newContext();
      contexts.push(context);
      await prepare?.(context);
      return openDesktop(context, server.url, systemBrowser);
    });
    for (const context of contexts) await context.close();
  },
  journey: async ({}, use) => {
    const begun: Journey[] = [];
    await use((name) => {
      const journey = new Journey(name);
      begun.push(journey);
      return journey.step;
    });
    for (const journey of begun) journey.print();
  },
  stopAtEnd: async ({ server }, use) => {
    const left: (() => Promise<unknown>)[] = [];
    await use((who, ...issues) => left.push(...issues.map((issue) => () => clockwork.stop(who.accountId, issue))));
    await clockwork.clearFaults();
    for (const stop of left) await stop().catch(() => {}); // it may not run any more
    await server.sync();
  },
});

export { expect } from "@playwright/test";
