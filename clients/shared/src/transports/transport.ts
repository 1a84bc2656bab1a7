import type { End } from "../backoff";

/** The best first. */
export type TransportKind = "websocket" | "sse" | "poll";

/** One attempt to receive the server's events. */
export interface Transport {
  /** No callback comes afterwards. */
  close(): void;
  /** Returns false if nothing can be sent. */
  send?(text: string): boolean;
  readonly socket?: WebSocket;
}

export interface TransportEvents {
  /** Something arrived. */
  heard(): void;
  message(text: string): void;
  /** The last callback. */
  end(end: End): void;
}
