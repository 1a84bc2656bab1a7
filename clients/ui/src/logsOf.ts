import type { Worklog, Worklogs } from "@clockwork/shared";

import { dateOf } from "./calendar";

/** The worklogs that began on a local date. */
export function logsOf({ worklogs }: Worklogs, date: string): Worklog[] {
  return worklogs.filter(({ started }) => dateOf(new Date(started)) === date);
}
