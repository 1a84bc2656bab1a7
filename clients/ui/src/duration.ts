const nbsp = "\u00a0";

function parts(seconds: number): { hours: number; minutes: number } {
  const whole = Math.max(0, Math.floor(seconds));
  return { hours: Math.floor(whole / 3600), minutes: Math.floor(whole / 60) % 60 };
}

/** A span in a list or a total: 8 h 15 min. Seconds are left out. */
export function span(seconds: number): string {
  const { hours, minutes } = parts(seconds);
  if (hours === 0) return `${minutes}${nbsp}min`;
  return minutes === 0 ? `${hours}${nbsp}h` : `${hours}${nbsp}h${nbsp}${minutes}${nbsp}min`;
}

/** A span as it is read aloud: 1 hour 41 minutes. */
export function spoken(seconds: number): string {
  const { hours, minutes } = parts(seconds);
  const count = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (hours === 0) return minutes === 0 ? "less than a minute" : count(minutes, "minute");
  return minutes === 0 ? count(hours, "hour") : `${count(hours, "hour")} ${count(minutes, "minute")}`;
}
