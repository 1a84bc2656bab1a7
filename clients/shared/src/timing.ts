/** Milliseconds each. */
export interface Timing {
  /** A way of hearing the server that is not open by then gets the next one beside it. */
  patience: number;
  /** It is given up then. */
  giveUp: number;
  /** The least and the most that backoff doubles between. */
  minDelay: number;
  maxDelay: number;
  /** After a restart of the server all its clients come back within this. */
  soon: number;
  /** At least this after having sent too much, or left too much unread. */
  penalty: number;
  /** A connection that held so long starts backoff anew. */
  stable: number;
  /** Silence after which a WebSocket is asked for a sign of life, and how long that may take. */
  silence: number;
  answer: number;
  /** Silence that ends an event stream; the server's heartbeat is 15 s. */
  streamSilence: number;
  /** On a lesser way, a better one is tried again after this; doubling up to the second. */
  upgradeAfter: number;
  upgradeMax: number;
  /** How long a long poll waits on the server, which allows 25 s. */
  pollWait: number;
  /** Between two polls where the server does not wait. */
  pollPause: number;
  /** How often this machine is checked for having slept. */
  wakeCheck: number;
  /** A start or stop that was done is no longer shown on trust after this. */
  trust: number;
  /** About how long after a lost answer to a start or stop it is asked for again. */
  retryPause: number;
  /** An answer to a start or stop. */
  writeDeadline: number;
}

export const usualTiming: Timing = {
  patience: 600,
  giveUp: 8_000,
  minDelay: 250,
  maxDelay: 15_000,
  soon: 1_000,
  penalty: 5_000,
  stable: 5_000,
  silence: 20_000,
  answer: 4_000,
  streamSilence: 40_000,
  upgradeAfter: 30_000,
  upgradeMax: 300_000,
  pollWait: 25_000,
  pollPause: 1_500,
  wakeCheck: 10_000,
  trust: 15_000,
  retryPause: 500,
  writeDeadline: 15_000,
};
