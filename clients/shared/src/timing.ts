/** Milliseconds each. */
export interface Timing {
  /** A transport that is not open by then is joined by the next one. */
  fallbackAfter: number;
  /** A transport that is not open by then is given up. */
  connectTimeout: number;
  /** The bounds of the exponential backoff. */
  minDelay: number;
  maxDelay: number;
  /** When the server restarts, its clients spread their return over this time. */
  restartDelay: number;
  /** The least delay after the server has closed the connection for sending too much or reading too slowly. */
  rateLimitDelay: number;
  /** A connection that lasted so long resets the backoff. */
  stableAfter: number;
  /** A WebSocket that is silent for so long is pinged. */
  idleTimeout: number;
  /** How long the answer to that ping may take. */
  pongTimeout: number;
  /** Silence that ends an event stream; the server's heartbeat is 15 s. */
  streamIdleTimeout: number;
  /** Better transports are tried again after this, doubled each time up to upgradeMax. */
  upgradeAfter: number;
  upgradeMax: number;
  /** How long a long poll waits on the server, which allows 25 s. */
  pollWait: number;
  /** Between two polls if the server does not wait. */
  pollPause: number;
  /** How often to check whether this machine has slept. */
  sleepCheck: number;
  /** An accepted start or stop is shown for so long without the server's event. */
  confirmTimeout: number;
  /** The average delay before a start or stop is repeated whose answer was lost. */
  retryPause: number;
  /** For the answer to a start or stop. */
  writeDeadline: number;
}

export const usualTiming: Timing = {
  fallbackAfter: 600,
  connectTimeout: 8_000,
  minDelay: 250,
  maxDelay: 15_000,
  restartDelay: 1_000,
  rateLimitDelay: 5_000,
  stableAfter: 5_000,
  idleTimeout: 20_000,
  pongTimeout: 4_000,
  streamIdleTimeout: 40_000,
  upgradeAfter: 30_000,
  upgradeMax: 300_000,
  pollWait: 25_000,
  pollPause: 1_500,
  sleepCheck: 10_000,
  confirmTimeout: 15_000,
  retryPause: 500,
  writeDeadline: 15_000,
};
