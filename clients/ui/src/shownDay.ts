import { dateBefore, isDate, startOf, weekOf, weekdayOf } from "./calendar";

/** How many weeks before this one can be shown. */
export const maxWeeksBack = 8;

/** How many weeks a date is before this week: 0 in this week. */
export function weeksBack(date: string, today: string): number {
  const monday = (of: string): number => startOf(weekOf(of)[0] ?? of).getTime();
  return Math.round((monday(today) - monday(date)) / (7 * 24 * 3600_000)); // rounded, because clocks change
}

/** This week, Last week, or 3 weeks ago. */
export function weekName(back: number): string {
  return back === 0 ? "This week" : back === 1 ? "Last week" : `${back} weeks ago`;
}

/** Whether a date is in one of the weeks that can be shown. */
export function canShow(date: string, today: string): boolean {
  const back = weeksBack(date, today);
  return 0 <= back && back <= maxWeeksBack;
}

/** The same weekday some weeks earlier, or later if negative; today instead of a day that is yet to come. */
export function sameDayBefore(date: string, weeks: number, today: string): string {
  const other = dateBefore(date, 7 * weeks);
  return other > today ? today : other;
}

/** The day that an address asks for: its day, else today's weekday in its week; undefined if it asks for none that can be shown. */
export function dayFrom(search: string, today: string): string | undefined {
  const query = new URLSearchParams(search);
  const [day, week] = [query.get("day"), query.get("week")];
  const asked = isDate(day) ? day : isDate(week) ? weekOf(week)[weekdayOf(today) - 1] : undefined;
  return asked && asked !== today && canShow(asked, today) ? asked : undefined;
}

/** The address's query for a day; today needs none, so that the page shows the new day tomorrow. */
export function searchFor(day: string | undefined, search: string): string {
  const query = new URLSearchParams(search);
  query.delete("week");
  query.delete("day");
  if (day) {
    query.set("week", weekOf(day)[0] ?? day);
    query.set("day", day);
  }
  const text = query.toString();
  return text && `?${text}`;
}
