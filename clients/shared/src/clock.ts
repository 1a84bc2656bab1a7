/**
 * How far the server's clock is ahead of this one. The time between request and response bounds the error: the
 * shorter, the better. A reading that contradicts the best one means that a clock was set or drifted, and replaces it.
 */
export class ClockOffset {
  #middle = 0;
  /** Milliseconds that the best reading took. The value is wrong by at most half of them. */
  width = Infinity;

  /** Milliseconds to add to this machine's clock; 0 before a reading. */
  get value(): number {
    return Math.round(this.#middle);
  }

  /** Adds a reading. asked and heard are moments of this machine's clock. */
  reading(serverTime: string, asked: number, heard: number): void {
    const middle = Date.parse(serverTime) - (asked + heard) / 2;
    const width = heard - asked;
    if (Number.isNaN(middle) || width < 0) return;
    const contradicts = Math.abs(middle - this.#middle) > (width + this.width) / 2;
    if (contradicts || width < this.width) {
      this.#middle = middle;
      this.width = width;
    }
  }
}
