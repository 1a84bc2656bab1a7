import { expect } from "vitest";

/**
 * Asserts that a measured time, in milliseconds, is below two seconds. The best of three tries counts, because the
 * machine may pause.
 */
export async function withinTwoSeconds(what: string, measure: () => Promise<number>): Promise<void> {
  let best = Infinity;
  for (let tries = 0; tries < 3 && best >= 2000; tries++) {
    const took = await measure();
    console.log(`${what} after ${took.toFixed(0)} ms`);
    best = Math.min(best, took);
  }
  expect(best, what).toBeLessThan(2000);
}
