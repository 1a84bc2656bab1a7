import { expect } from "vitest";

/** Holds what is measured, in milliseconds, to the promise; the best of three counts, as the machine itself may pause. */
export async function withinTwoSeconds(what: string, measure: () => Promise<number>): Promise<void> {
  let best = Infinity;
  for (let tries = 0; tries < 3 && best >= 2000; tries++) {
    const took = await measure();
    console.log(`${what} after ${took.toFixed(0)} ms`);
    best = Math.min(best, took);
  }
  expect(best, what).toBeLessThan(2000);
}
