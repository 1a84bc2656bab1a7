import { clock, counted } from "@clockwork/shared";
import type { TeamTimer } from "@clockwork/shared/team";

import { atWhen, sinceWhen } from "./calendar";
import { spoken } from "./duration";
import { IssueKey } from "./jira";
import { useNow } from "./Seconds";
import { initials, type TeamRow as Row } from "./teamRows";
import classes from "./TeamRow.module.css";

export interface TeamRowProps {
  row: Row;
  clockOffset: number;
  today: string;
}

/** Who it is, on what they work, and for how long: the cells of one row. */
export function TeamCells({ row: { member, timer }, clockOffset, today }: TeamRowProps) {
  const onHold = timer ? timer.onHold : member.status === "on_hold";
  return (
    <>
      <div role="cell" className={classes.person}>
        <span className={classes.avatar} aria-hidden="true">
          {initials(member.name)}
        </span>
        <span className={classes.name} dir="auto" title={member.name}>
          {member.name || "Name hidden"}
        </span>
      </div>
      <div role="cell" className={classes.what}>
        {timer ? (
          <p className={classes.issue} title={timer.summary}>
            <IssueKey className={classes.key}>{timer.issueKey}</IssueKey>
            <span className={classes.summary} dir="auto">
              {timer.summary}
            </span>
          </p>
        ) : (
          <p className={classes.status}>{words[member.status]}</p>
        )}
        {member.last && (
          <p className={classes.detail}>
            Last <IssueKey>{member.last.issueKey}</IssueKey> {atWhen(Date.parse(member.last.at) - clockOffset, today)}
          </p>
        )}
        {timer && (
          <p className={classes.detail}>
            <span className={classes.since}>Since {sinceWhen(Date.parse(timer.startedAt) - clockOffset, today)}</span>
            {timer.comment && (
              <span className={classes.comment} dir="auto" title={timer.comment}>
                {timer.comment}
              </span>
            )}
          </p>
        )}
      </div>
      <div role="cell" className={classes.time}>
        {onHold && timer && <span className={classes.tag}>On hold</span>}
        {timer && <Time timer={timer} />}
      </div>
    </>
  );
}

const words = { working: "Works", on_hold: "On hold", idle: "Not running" } as const;

/** The counted time. A component of its own, so that a second redraws nothing else. */
function Time({ timer }: { timer: TeamTimer }) {
  const seconds = Math.floor(counted(timer, useNow()) / 1000);
  return (
    <span role="timer" className={classes.clock} aria-label={spoken(seconds)}>
      {clock(seconds)}
    </span>
  );
}
