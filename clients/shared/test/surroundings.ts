import type { Surroundings } from "../src/index";
import { realScheduler, type Scheduler } from "../src/schedule";

type Occasion = "online" | "offline" | "visible";

/** The network as a test says that it is. */
export class Network implements Surroundings {
  online = true;
  hidden = false;
  readonly listeners = new Set<(occasion: Occasion) => void>();
  isOnline = () => this.online;
  isHidden = () => this.hidden;
  watch = (listener: (occasion: Occasion) => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  happens(occasion: Occasion) {
    if (occasion !== "visible") this.online = occasion === "online";
    for (const listener of this.listeners) listener(occasion);
  }
}

/** Real timers, of which it is known which are still to come. */
export class Timers {
  /** Milliseconds of all that were asked for. */
  readonly asked: number[] = [];
  private readonly coming = new Set<() => void>();

  get pending(): number {
    return this.coming.size;
  }

  after: Scheduler["after"] = (milliseconds, callback) => {
    this.asked.push(milliseconds);
    const cancel = realScheduler.after(milliseconds, () => {
      this.coming.delete(end);
      callback();
    });
    const end = () => {
      this.coming.delete(end);
      cancel();
    };
    this.coming.add(end);
    return end;
  };
}
