import { WebSocket as NodeWebSocket } from "ws";
import type { WebSocketConstructor } from "../src/index";

const asConstructor = (c: unknown) => c as WebSocketConstructor;

/** WebSockets that are blocked in different ways, by name. */
export const blockedWebSockets: Record<string, WebSocketConstructor | null> = {
  "there-is-none": null,
  "the-constructor-throws": asConstructor(
    class {
      constructor() {
        throw new DOMException("blocked", "SecurityError");
      }
    },
  ),
  "refused-by-something-between": asConstructor(
    class extends NodeWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url.replace("/ws", "/api/health"), protocols);
      }
    },
  ),
  "never-opens": asConstructor(
    class {
      readyState = 0;
      close(): void {}
    },
  ),
  "opens-and-says-nothing": asConstructor(
    class {
      readyState = 1;
      onopen: (() => void) | null = null;
      constructor() {
        queueMicrotask(() => this.onopen?.());
      }
      send(): void {}
      close(): void {}
    },
  ),
  "opens-and-breaks": asConstructor(
    class extends NodeWebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        this.on("message", () => this.terminate());
      }
    },
  ),
};

/** WebSockets that lose some messages. The addresses of all of them are recorded. */
export function losing(loses: (text: string) => boolean): { WebSocket: WebSocketConstructor; urls: string[] } {
  const urls: string[] = [];
  class Losing extends NodeWebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      urls.push(url);
    }
    override emit(event: string, ...args: unknown[]): boolean {
      if (event === "message" && loses(String(args[0]))) return true;
      return super.emit(event, ...args);
    }
  }
  return { WebSocket: asConstructor(Losing), urls };
}

/** A fetch that gets no answer for some paths. It records what is requested. */
export function blockingFetch(blocked: (path: string) => "hangs" | "fails" | "missing" | undefined, asked: string[] = []): typeof fetch {
  return async (input, init) => {
    const { pathname } = new URL(String(input));
    asked.push(pathname);
    switch (blocked(pathname)) {
      case "hangs":
        return new Promise((_, reject) => init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason)));
      case "fails":
        throw new TypeError("fetch failed");
      case "missing":
        return new Response("The page could not be found", { status: 404 });
    }
    return fetch(input, init);
  };
}
