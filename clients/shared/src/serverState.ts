import { ClockOffset } from "./clock";
import { emptyTimeline, newestIn, applyActive, applyFreshness, applyListing, applyState, applyUpdate, type Timeline } from "./timeline";
import type { ActiveTimers, Listing, ServerMessage } from "./wire";

/** How often to ask for a listing that is not older than what arrived meanwhile. */
const listingTries = 3;

/** What the server has reported: its timers and its clock. */
export class ServerState {
  timeline: Timeline = emptyTimeline;
  readonly clock = new ClockOffset();
  readonly #now: () => number;
  readonly #account: string;
  #listing: Promise<void> | undefined;
  #nextListing: Promise<void> | undefined;

  constructor(now: () => number, account: string) {
    this.#now = now;
    this.#account = account;
  }

  /** The present by the server's clock. */
  serverTime(): string {
    return new Date(this.#now() + this.clock.value).toISOString();
  }

  /**
   * The seq to resume after; undefined asks for everything. It is one less than the known one, so that something
   * arrives at once and shows that the connection works.
   */
  since(): number | undefined {
    return this.timeline.seq > 0 ? this.timeline.seq - 1 : undefined;
  }

  /** Returns false if an earlier message was missed. asked is when the transport was opened. */
  message(message: ServerMessage, asked: number): boolean {
    if (message.event === "state") {
      this.clock.reading(message.payload.server_time, asked, this.#now());
      this.timeline = applyState(message.payload);
    } else if (message.event === "timer_updated") {
      const next = applyUpdate(this.timeline, message.payload);
      if (!next) return false;
      this.timeline = next;
    } else if (message.event === "freshness") {
      this.timeline = applyFreshness(this.timeline, message.payload);
    }
    return true;
  }

  active(answer: ActiveTimers, asked: number): void {
    // A long poll's reading of the clock is a rough one; ClockOffset keeps the better one.
    if (answer.cachedAt) this.clock.reading(answer.cachedAt, asked, this.#now());
    this.timeline = applyActive(this.timeline, this.#account, answer, this.serverTime());
  }

  /** Asks for a listing, one at a time. applied is called if it was used. */
  list(ask: () => Promise<Listing>, connected: () => boolean, applied: () => void): Promise<void> {
    const now = () => this.#ask(ask, connected, applied);
    if (!this.#listing) return (this.#listing = now().finally(() => (this.#listing = undefined)));
    // All calls during one request share the next request.
    return (this.#nextListing ??= this.#listing
      .catch(() => {})
      .then(() => {
        this.#nextListing = undefined;
        return this.list(ask, connected, applied);
      }));
  }

  async #ask(ask: () => Promise<Listing>, connected: () => boolean, applied: () => void): Promise<void> {
    for (let i = 0; i < listingTries; i++) {
      const asked = this.#now();
      const before = this.timeline;
      const listing = await ask();
      this.clock.reading(listing.server_time, asked, this.#now());
      // What arrived meanwhile may be newer.
      if (this.timeline !== before && newestIn(listing.timers) < newestIn(this.timeline.timers.values())) continue;
      const { stale, syncedAt } = this.timeline;
      const heardFreshness = stale !== before.stale || syncedAt !== before.syncedAt; // the listing may be older
      this.timeline = { ...applyListing(this.timeline, listing, connected()), ...(heardFreshness && { stale, syncedAt }) };
      applied();
      return;
    }
  }
}
