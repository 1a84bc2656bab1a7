import { asClientError } from "./errors";
import type { Timing } from "./timing";

/** Milliseconds before the attempt with this number, the first being 1: full jitter under an exponential cap. */
export function backoff(attempt: number, random: number, timing: Timing): number {
  return random * Math.min(timing.maxDelay, timing.minDelay * 2 ** Math.max(0, attempt - 1));
}

/** How a transport ended. */
export interface End {
  /** WebSocket close code, which SSE has too; undefined if it never opened. */
  code?: number;
  /** HTTP status of the refusal. */
  status?: number;
  /** Seconds that the server asks to wait. */
  retryAfter?: number;
}

/** The End that an error stands for. */
export function endOf(thrown: unknown): End {
  const { status, retryAfter } = asClientError(thrown);
  return { ...(status > 0 && { status }), ...(retryAfter !== undefined && { retryAfter }) };
}

/** 1012: the server restarts; 1013: this client read too slowly. Both mean: reconnect. */
export const asksToReconnect = (end: End): boolean => end.code === 1012 || end.code === 1013;

/** The session has expired. */
export const isExpired = (end: End): boolean => end.code === 4401 || end.status === 401;

/** 1008: too many messages sent; 4429: too many messages unread. */
const isRateLimited = (end: End): boolean => end.code === 1008 || end.code === 4429;

/** Milliseconds to wait after an end. */
export function delayAfter(end: End, attempt: number, random: number, timing: Timing): number {
  if (asksToReconnect(end) && attempt <= 1) return random * timing.restartDelay;
  const least = Math.max(isRateLimited(end) ? timing.rateLimitDelay : 0, (end.retryAfter ?? 0) * 1000);
  return least + backoff(attempt, random, timing);
}
