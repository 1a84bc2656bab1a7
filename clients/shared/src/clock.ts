/**
 * How far the server's clock is ahead of this one. A reading of it that came between two moments here
 * bounds the difference; the closer they are, the better. A reading that contradicts the best one means that a
 * clock was set, or that they drifted: it replaces it.
 */
export class ClockOffset {
  #middle = 0;
  /** Milliseconds that the best reading took; half of them is the most by which the value may be wrong. */
  width = Infinity;

  /** Milliseconds to add to this machine's clock; 0 before a reading. */
  get value(): number {
    return Math.round(this.#middle);
  }

  /** Takes in a reading that was asked for and heard at these moments of this machine's clock. */
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
