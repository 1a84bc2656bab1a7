import type { UseTeam } from "@clockwork/shared/team";
import type { ReactNode, Ref } from "react";

import { stalenessSentence, type Staleness } from "./staleness";
import { MinuteScale } from "./MinuteScale";
import stage from "./Stage.module.css";
import classes from "./TeamHeading.module.css";
import { headline } from "./teamRows";

export interface TeamHeadingProps {
  team: UseTeam;
  staleness: Staleness | undefined;
  today: string;
  headingRef?: Ref<HTMLHeadingElement>;
  /** The bar above. */
  children?: ReactNode;
}

/** How many work: on a field of colour while somebody does, on graphite while it may be out of date. */
export function TeamHeading({ team, staleness, today, headingRef, children }: TeamHeadingProps) {
  const works = team.members.some((m) => m.status === "working");
  const look = team.loaded && staleness ? "stale" : works ? "running" : "paper";
  return (
    <section className={stage.stage} data-look={look} aria-label="Team now">
      {children}
      <div className={stage.idle}>
        <h1 ref={headingRef} tabIndex={-1} className={stage.heading}>
          {team.loaded ? headline(team.members) : waiting(team)}
        </h1>
        <p className={classes.detail}>{detail(team, staleness, today)}</p>
      </div>
      <MinuteScale second={null} />
    </section>
  );
}

const unreachable = ({ status }: UseTeam): boolean => status.kind === "reconnecting" || status.kind === "offline";

function waiting(team: UseTeam): string {
  if (team.refused !== null) return "You cannot see the team";
  if (team.status.kind === "expired") return "Log in again to see the team";
  return unreachable(team) ? "The team cannot be shown yet" : "Loading the team";
}

function detail(team: UseTeam, staleness: Staleness | undefined, today: string): string {
  const { members, loaded, refused } = team;
  if (refused !== null) return refused;
  if (!loaded) return unreachable(team) ? "It appears as soon as the server answers." : "\u00a0";
  if (staleness) return `${stalenessSentence(staleness, today)} Timers may have been started or stopped since.`;
  if (members.length === 0) return "People appear after their first timer.";
  const onHold = members.filter((m) => m.status === "on_hold").length;
  const idle = members.filter((m) => m.status === "idle").length;
  return [onHold > 0 && `${onHold} on hold`, idle > 0 && `${idle} not running`].filter(Boolean).join(", ") || "Everybody";
}
