const timeOfDay = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekdayName = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const longWeekday = new Intl.DateTimeFormat("en-GB", { weekday: "long" });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long" });
const dayAndShortMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

/** The local date of a moment, as 2026-03-05. */
export function dateOf(moment: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** Local midnight at which a date begins. */
export function startOf(date: string): Date {
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day);
}

/** The seven dates, Monday first, of the week that a date is in. */
export function weekOf(date: string): string[] {
  const day = startOf(date);
  const sinceMonday = (day.getDay() + 6) % 7;
  return Array.from({ length: 7 }, (_, i) => dateOf(new Date(day.getFullYear(), day.getMonth(), day.getDate() - sinceMonday + i)));
}

/** The weekday of a date by ISO 8601: 1 is Monday, 7 is Sunday. */
export function weekdayOf(date: string): number {
  return startOf(date).getDay() || 7;
}

/** Whether a text is a date that exists, such as 2026-03-05. */
export function isDate(text: string | null): text is string {
  return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && dateOf(startOf(text)) === text;
}

/** 14:02, local. */
export function hourOf(moment: Date | number | string): string {
  return timeOfDay.format(new Date(moment));
}

/** The date after a date. */
export function dateAfter(date: string): string {
  const day = startOf(date);
  return dateOf(new Date(day.getFullYear(), day.getMonth(), day.getDate() + 1));
}

/** The date some days before a date. */
export function dateBefore(date: string, days: number): string {
  const day = startOf(date);
  return dateOf(new Date(day.getFullYear(), day.getMonth(), day.getDate() - days));
}

/** A day beside an hour: Thu 26 Nov, with the year if it is not today's. */
function dayOf(then: Date, today: string): string {
  const day = `${weekdayName.format(then)} ${dayAndShortMonth.format(then)}`;
  return then.getFullYear() === startOf(today).getFullYear() ? day : `${day} ${then.getFullYear()}`;
}

/** 23:39, or Thu 26 Nov, 23:39 if that was not today. */
export function sinceWhen(at: number, today: string): string {
  const then = new Date(at);
  return dateOf(then) === today ? hourOf(then) : `${dayOf(then, today)}, ${hourOf(then)}`;
}

/** "at 23:39", or "on Thu 26 Nov at 23:39" if that was not today. */
export function atWhen(at: number, today: string): string {
  const then = new Date(at);
  return dateOf(then) === today ? `at ${hourOf(then)}` : `on ${dayOf(then, today)} at ${hourOf(then)}`;
}

/** Mon 16. */
export function shortDay(date: string): string {
  const day = startOf(date);
  return `${weekdayName.format(day)} ${day.getDate()}`;
}

/** Monday 16 November. */
export function longDay(date: string): string {
  return longDate.format(startOf(date)).replace(",", "");
}

/** Monday, and 16 November, with the year if it is not today's. */
export function weekdayAndDay(date: string, today: string): [weekday: string, day: string] {
  const day = startOf(date);
  const name = dayAndMonth.format(day);
  return [longWeekday.format(day), day.getFullYear() === startOf(today).getFullYear() ? name : `${name} ${day.getFullYear()}`];
}

/** 16 to 22 November, or 30 November to 6 December. */
export function dayRange(from: string, to: string): string {
  const [first, last] = [startOf(from), startOf(to)];
  const begin = first.getMonth() === last.getMonth() ? String(first.getDate()) : dayAndMonth.format(first);
  return `${begin} to ${dayAndMonth.format(last)}`;
}

/** The person's time zone by its IANA name. */
export function timeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
