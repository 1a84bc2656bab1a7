/** What one tab reports to the others of this browser. The session's id is not secret. */
export type TabNews = { kind: "login" } | { kind: "logout"; session: string | undefined };

/** Sends news to the other tabs, and receives theirs. This only saves time, because the server itself ends sessions. */
export class Tabs {
  readonly #channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("clockwork");

  report(news: TabNews): void {
    this.#channel?.postMessage(news);
  }

  listen(listener: (news: TabNews) => void): void {
    this.#channel?.addEventListener("message", (event: MessageEvent<TabNews>) => listener(event.data));
  }

  close(): void {
    this.#channel?.close();
  }
}
