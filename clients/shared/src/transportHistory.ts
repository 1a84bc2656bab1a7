import { asksToReconnect, type End } from "./backoff";
import type { TransportKind } from "./transports/transport";

/** How well each transport has worked from here. */
export class TransportHistory {
  readonly #proven = new Set<TransportKind>();
  /** How often each opened and broke soon, since it last lasted. */
  readonly #flaps = new Map<TransportKind, number>();
  readonly #avoidUntil = new Map<TransportKind, number>();

    get anyWorked(): boolean {
    return this.#proven.size > 0;
  }

  hasWorked(kind: TransportKind): boolean {
    return this.#proven.has(kind);
  }

  worked(kind: TransportKind): void {
    this.#proven.add(kind);
  }

  /** It lasted. */
  lasted(kind: TransportKind): void {
    this.#flaps.delete(kind);
  }

  /** It broke soon. After the second time it is avoided for a while: a proxy may be cutting it. */
  broke(kind: TransportKind, end: End, until: number): void {
    if (end.code === undefined || asksToReconnect(end)) return;
    const flaps = (this.#flaps.get(kind) ?? 0) + 1;
    this.#flaps.set(kind, flaps);
    if (flaps >= 2) this.#avoidUntil.set(kind, until);
  }

  isAvoided(kind: TransportKind, now: number): boolean {
    return (this.#avoidUntil.get(kind) ?? 0) > now;
  }
}
