import type { End } from "../backoff";
import type { ActiveTimers } from "../wire";

/** The ways of hearing the server, the best first. */
export type FeedKind = "websocket" | "sse" | "poll";

/** One attempt at hearing the server. */
export interface Feed {
  /** Ends it; nothing is called back afterwards. */
  close(): void;
  /** Sends text; false where that cannot be done. */
  send?(text: string): boolean;
  readonly socket?: WebSocket;
}

export interface FeedEvents {
  /** A sign of life, whatever it says. */
  heard(): void;
  message(text: string): void;
  active(answer: ActiveTimers, asked: number): void;
  /** Nothing follows. */
  end(end: End): void;
}
