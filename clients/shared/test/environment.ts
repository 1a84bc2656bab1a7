import type { Environment } from "../src/index";
import { realScheduler, type Scheduler } from "../src/schedule";

type NetworkEvent = "online" | "offline" | "visible";

/** A network whose state a test sets. */
export class Network implements Environment {
  online = true;
  hidden = false;
  readonly listeners = new Set<(event: NetworkEvent) => void>();
  isOnline = () => this.online;
  isHidden = () => this.hidden;
  watch = (listener: (event: NetworkEvent) => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };
  happens(event: NetworkEvent) {
    if (event !== "visible") this.online = event === "online";
    for (const listener of this.listeners) listener(event);
  }
}

/** Real timers that record which are pending. */
export class Timers {
  /** The delays of all timers so far, in milliseconds. */
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
