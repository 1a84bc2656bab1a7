import { memo, useRef } from "react";

import { TeamCells } from "./TeamRow";
import type { TeamRow } from "./teamRows";
import classes from "./TeamTable.module.css";
import { useWindowed } from "./useWindowed";

export interface TeamTableProps {
  rows: readonly TeamRow[];
  clockOffset: number;
  today: string;
}

/** The team as a table. Only the rows near the window are in the page: a team may have hundreds of people. */
export const TeamTable = memo(function TeamTable({ rows, clockOffset, today }: TeamTableProps) {
  const body = useRef<HTMLDivElement>(null);
  const { first, end } = useWindowed(body, rows.length);
  return (
    <div role="table" aria-label="Team" aria-rowcount={rows.length + 1}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className={classes.head}>
          <span role="columnheader">Person</span>
          <span role="columnheader">Works on</span>
          <span role="columnheader">Time</span>
        </div>
      </div>
      <div ref={body} role="rowgroup" className={classes.body} style={{ height: `calc(${rows.length} * var(--row))`, paddingTop: `calc(${first} * var(--row))` }}>
        {rows.slice(first, end).map((row, i) => (
          <div key={row.id} role="row" aria-rowindex={first + i + 2} className={classes.row} data-status={row.member.status}>
            <TeamCells row={row} clockOffset={clockOffset} today={today} />
          </div>
        ))}
      </div>
    </div>
  );
});
