/**
 * How far the server's clock is ahead of this one. A reading of it that came between two moments here
 * bounds the difference; the closer they are, the better. A reading that contradicts the best one means that a
 * clock was set, or that they drifted: it replaces it.
 */
export class ClockOffset {
  #least = -Infinity;
  #most = Infinity;

  /** Milliseconds to add to this machine's clock. */
  get value(): number {
    return this.known ? Math.round((this.#least + this.#most) / 2) : 0;
  }

  get known(): boolean {
    return this.#most !== Infinity;
  }

  /** Takes in a reading that was asked for and heard at these moments of this machine's clock. */
  reading(serverTime: string, asked: number, heard: number): void {
    const server = Date.parse(serverTime);
    if (Number.isNaN(server) || heard < asked) return;
    const least = server - heard;
    const most = server - asked;
    const contradicts = least > this.#most || most < this.#least;
    if (contradicts || most - least < this.#most - this.#least) {
      this.#least = least;
      this.#most = most;
    }
  }
}
