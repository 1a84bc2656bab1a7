import { ClockOffset } from "./clock";
import { emptyTimeline, newestIn, takeActive, takeFreshness, takeListing, takeState, takeUpdate, type Timeline } from "./timeline";
import type { ActiveTimers, Listing, ServerMessage } from "./wire";

/** Listings that are asked for until one is not older than what was heard meanwhile. */
const listingTries = 3;

/** What the server knows, as far as it was heard, and what its clock says. */
export class Mirror {
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
   * The seq to resume after. One less than is known: so there is always something to hear at once, which shows
   * that the connection works. undefined asks for everything.
   */
  since(): number | undefined {
    return this.timeline.seq > 0 ? this.timeline.seq - 1 : undefined;
  }

  /** false where messages before this one were missed. asked is when the connection was asked for. */
  message(message: ServerMessage, asked: number): boolean {
    if (message.event === "state") {
      this.clock.reading(message.payload.server_time, asked, this.#now());
      this.timeline = takeState(message.payload);
    } else if (message.event === "timer_updated") {
      const next = takeUpdate(this.timeline, message.payload);
      if (!next) return false;
      this.timeline = next;
    } else if (message.event === "freshness") {
      this.timeline = takeFreshness(this.timeline, message.payload);
    }
    return true;
  }

  active(answer: ActiveTimers, asked: number): void {
    // A long poll says little of the clock, and less than is known.
    if (answer.cachedAt) this.clock.reading(answer.cachedAt, asked, this.#now());
    this.timeline = takeActive(this.timeline, this.#account, answer, this.serverTime());
  }

  /** Takes in a listing that is asked for from now on, one at a time. taken is called where it counts. */
  list(ask: () => Promise<Listing>, connected: () => boolean, taken: () => void): Promise<void> {
    const now = () => this.#ask(ask, connected, taken);
    if (!this.#listing) return (this.#listing = now().finally(() => (this.#listing = undefined)));
    // All who come while one is under way share the one after it.
    return (this.#nextListing ??= this.#listing
      .catch(() => {})
      .then(() => {
        this.#nextListing = undefined;
        return this.list(ask, connected, taken);
      }));
  }

  async #ask(ask: () => Promise<Listing>, connected: () => boolean, taken: () => void): Promise<void> {
    for (let i = 0; i < listingTries; i++) {
      const asked = this.#now();
      const before = this.timeline;
      const listing = await ask();
      this.clock.reading(listing.server_time, asked, this.#now());
      // What was heard meanwhile may be newer.
      if (this.timeline !== before && newestIn(listing.timers) < newestIn(this.timeline.timers.values())) continue;
      const { stale, syncedAt } = this.timeline;
      const heardFreshness = stale !== before.stale || syncedAt !== before.syncedAt; // the listing may be older
      this.timeline = { ...takeListing(this.timeline, listing, connected()), ...(heardFreshness && { stale, syncedAt }) };
      taken();
      return;
    }
  }
}
