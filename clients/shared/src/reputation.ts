import { asksBack, type End } from "./backoff";
import type { FeedKind } from "./feeds/feed";

/** What is known of the ways of hearing the server from here. */
export class Reputation {
  readonly #proven = new Set<FeedKind>();
  /** How often a way opened and broke at once, without a stay in between. */
  readonly #flaps = new Map<FeedKind, number>();
  readonly #avoidUntil = new Map<FeedKind, number>();

  /** Whether any way has ever worked. */
  get any(): boolean {
    return this.#proven.size > 0;
  }

  hasWorked(kind: FeedKind): boolean {
    return this.#proven.has(kind);
  }

  worked(kind: FeedKind): void {
    this.#proven.add(kind);
  }

  /** It held for long. */
  held(kind: FeedKind): void {
    this.#flaps.delete(kind);
  }

  /** It was ended soon. Where that happens twice, something in between may not let it be, and it is avoided. */
  broke(kind: FeedKind, end: End, until: number): void {
    if (end.code === undefined || asksBack(end)) return;
    const flaps = (this.#flaps.get(kind) ?? 0) + 1;
    this.#flaps.set(kind, flaps);
    if (flaps >= 2) this.#avoidUntil.set(kind, until);
  }

  isAvoided(kind: FeedKind, now: number): boolean {
    return (this.#avoidUntil.get(kind) ?? 0) > now;
  }
}
