/** Seconds as 1:41:07; negative ones as 0:00:00. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** Milliseconds until the next whole second of a span in milliseconds. */
export function untilNextSecond(passed: number): number {
  return 1000 - (((passed % 1000) + 1000) % 1000);
}
