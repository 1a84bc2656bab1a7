import type { ChildProcess } from "node:child_process";
import { vi } from "vitest";

/** A page of a program that was started with --remote-debugging-port=0. */
export class DebuggedPage {
  readonly url: string;
  private readonly socketUrl: string;

  private constructor(url: string, socketUrl: string) {
    this.url = url;
    this.socketUrl = socketUrl;
  }

  /** Waits for the program's first page to have an address. */
  static async of(program: ChildProcess, milliseconds: number): Promise<DebuggedPage> {
    let printed = "";
    program.stderr?.on("data", (data: Buffer) => (printed += data.toString()));
    return vi.waitFor(
      async () => {
        const host = /DevTools listening on ws:\/\/([^/]+)\//.exec(printed)?.[1];
        if (host === undefined) throw new Error(`the program opened no port for developers: ${printed}`);
        const targets = (await (await fetch(`http://${host}/json/list`)).json()) as Target[];
        const page = targets.find((target) => target.type === "page" && !["", "about:blank"].includes(target.url));
        if (page === undefined) throw new Error("the program has no page");
        return new DebuggedPage(page.url, page.webSocketDebuggerUrl);
      },
      { timeout: milliseconds, interval: 100 },
    );
  }

  /** Returns the value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const socket = new WebSocket(this.socketUrl);
    try {
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      const answer = new Promise<MessageEvent>((resolve) => (socket.onmessage = resolve));
      socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression, awaitPromise: true, returnByValue: true } }));
      const { result } = JSON.parse(String((await answer).data)) as { result: { result: { value?: unknown } } };
      return result.result.value;
    } finally {
      socket.close();
    }
  }
}

interface Target {
  type: string;
  url: string;
  webSocketDebuggerUrl: string;
}
