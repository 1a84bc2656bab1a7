import { asClientError } from "./errors";
import type { Timing } from "./timing";

/** Milliseconds before the attempt with this number, the first being 1: full jitter under an exponential cap. */
export function backoff(attempt: number, random: number, timing: Timing): number {
  return random * Math.min(timing.maxDelay, timing.minDelay * 2 ** Math.max(0, attempt - 1));
}

/** How a way of hearing the server ended. */
export interface End {
  /** WebSocket close code, which SSE has too; undefined where it was never open. */
  code?: number;
  /** HTTP status that refused it. */
  status?: number;
  /** Seconds that the server asks to wait. */
  retryAfter?: number;
}

/** How a call ended that failed. */
export function endOf(thrown: unknown): End {
  const { status, retryAfter } = asClientError(thrown);
  return { ...(status > 0 && { status }), ...(retryAfter !== undefined && { retryAfter }) };
}

/** 1012: the server restarts; 1013: this reader was too slow. Both ask to come back. */
export const asksBack = (end: End): boolean => end.code === 1012 || end.code === 1013;

/** The login is over. */
export const saysExpired = (end: End): boolean => end.code === 4401 || end.status === 401;

/** 1008: too many messages; 4429: too much that this user's clients have not read. */
const asksForCalm = (end: End): boolean => end.code === 1008 || end.code === 4429;

/** Milliseconds to wait after an end. */
export function delayAfter(end: End, attempt: number, random: number, timing: Timing): number {
  if (asksBack(end) && attempt <= 1) return random * timing.soon;
  const least = Math.max(asksForCalm(end) ? timing.penalty : 0, (end.retryAfter ?? 0) * 1000);
  return least + backoff(attempt, random, timing);
}
