import { dateBefore, weekdayOf, weekOf } from "./calendar";

/** How much a person wants to work. */
export interface Goal {
  /** On a workday, in seconds. */
  readonly seconds: number;
  /** 1 is Monday, 7 is Sunday. */
  readonly workdays: readonly number[];
}

/** Seconds by date. */
export type Seconds = ReadonlyMap<string, number>;

/** The goal of a date in seconds: 0 on days off, and as long as it is not known. */
export function goalOn(goal: Goal | undefined, date: string, off: ReadonlySet<string>): number {
  return goal?.workdays.includes(weekdayOf(date)) && !off.has(date) ? goal.seconds : 0;
}

/** The seconds missing to the goal, rounded so that they and the spent time add up to the goal on the screen. */
export function missing(goal: number, spent: number): number {
  return Math.max(0, goal - Math.floor(spent / 60) * 60);
}

export interface UnloggedDay {
  readonly date: string;
  readonly missing: number;
  /** Whether nothing at all is logged. */
  readonly empty: boolean;
}

/** The past workdays of this and last week that are under the goal. */
export function unloggedDays(today: string, goal: Goal | undefined, spent: Seconds, off: ReadonlySet<string>): UnloggedDay[] {
  return [...weekOf(dateBefore(today, 7)), ...weekOf(today)].flatMap((date) => {
    const seconds = spent.get(date) ?? 0;
    const lacks = date < today ? missing(goalOn(goal, date, off), seconds) : 0;
    return lacks > 0 ? [{ date, missing: lacks, empty: seconds < 60 }] : [];
  });
}

/** When today's goal is reached if the timers that count now go on; undefined if none does, or not today. */
export function doneAt(goal: number, spent: number, counting: number, now: number, midnight: number): number | undefined {
  if (counting === 0 || spent >= goal) return undefined;
  const at = now + ((goal - spent) * 1000) / counting;
  return at < midnight ? at : undefined;
}
