import type { UseTeam } from "@clockwork/shared/team";
import { useLayoutEffect, useRef } from "react";

import { hourOf } from "./calendar";
import { useNow } from "./Seconds";
import type { Staleness } from "./staleness";
import { TeamHeading } from "./TeamHeading";
import { TeamCells } from "./TeamRow";
import type { TeamRow } from "./teamRows";
import classes from "./TeamWall.module.css";
import team from "./TeamScreen.module.css";
import { chooseTheme, chosenTheme } from "./theme";
import { useWallPage } from "./useWallPage";

export interface TeamWallProps {
  team: UseTeam;
  rows: readonly TeamRow[];
  staleness: Staleness | undefined;
  today: string;
}

/** The team on a screen that hangs on a wall: large, dark, nothing to press. If not all fit, one page follows the other. */
export function TeamWall({ team: state, rows, staleness, today }: TeamWallProps) {
  const list = useRef<HTMLDivElement>(null);
  const { columns, page, pages, shown } = useWallPage(list, rows);
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = "dark";
    return () => chooseTheme(chosenTheme());
  }, []);
  return (
    <main className={`${classes.wall} ${team.team}`} data-stale={staleness !== undefined || undefined}>
      <TeamHeading team={state} staleness={staleness} today={today}>
        <header className={classes.bar}>
          {pages > 1 && (
            <p>
              Page {page + 1} of {pages}
            </p>
          )}
          <TimeOfDay clockOffset={state.clockOffset} />
        </header>
      </TeamHeading>
      <div ref={list} role="table" aria-label="Team" aria-rowcount={rows.length} className={classes.list} data-columns={columns} style={{ gridTemplateRows: `repeat(${Math.ceil(shown.length / columns)}, auto)` }}>
        {shown.map((row) => (
          <div key={row.id} role="row" className={classes.row} data-status={row.member.status}>
            <TeamCells row={row} clockOffset={state.clockOffset} today={today} />
          </div>
        ))}
      </div>
    </main>
  );
}

function TimeOfDay({ clockOffset }: { clockOffset: number }) {
  return <time className={classes.clock}>{hourOf(useNow() - clockOffset)}</time>;
}
