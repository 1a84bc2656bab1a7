import { isCounting, keepCount, type Counted } from "../counted";
import type { ConnectionStatus } from "../state";
import type { WireMember, WireTeam, WireTeamChange } from "./wire";

/** One running timer of a colleague. */
export interface TeamTimer extends Counted {
  readonly id: number;
  readonly issueKey: string;
  readonly summary?: string;
  readonly project?: string;
  readonly comment?: string;
  /** RFC 3339, by the server's clock. */
  readonly startedAt: string;
}

export interface TeamMember {
  readonly accountId: string;
  /** Empty if Jira does not show it. */
  readonly name: string;
  readonly status: WireMember["status"];
  /** The longest first; empty if the person does not show on what they work. */
  readonly timers: readonly TeamTimer[];
  /** On what somebody who does not work worked before; the moment is RFC 3339. */
  readonly last?: { readonly issueKey: string; readonly at: string };
}

/** What a screen shows of the team. It stays the same object until something changes. */
export interface TeamState {
  /** Who works first, the longest first; then who is on hold; then the others by name. */
  readonly members: readonly TeamMember[];
  readonly status: ConnectionStatus;
  /** Milliseconds to add to this machine's clock to get the server's. */
  readonly clockOffset: number;
  /** As in TimerState. */
  readonly stale: boolean;
  readonly syncedAt: string | null;
  /** Whether the members are known. */
  readonly loaded: boolean;
  /** Why the person may not see the team, as a sentence; else null. */
  readonly refused: string | null;
}

export const initialTeam: TeamState = { members: [], status: { kind: "connecting" }, clockOffset: 0, stale: false, syncedAt: null, loaded: false, refused: null };

/** What the server has reported. */
export interface Team extends Pick<TeamState, "members" | "stale" | "syncedAt" | "loaded"> {
  /** Of the last change that arrived; the next one has the next number. */
  readonly seq: number;
}

export const emptyTeam: Team = { members: [], stale: false, syncedAt: null, loaded: false, seq: 0 };

/** The whole team. */
export function applyTeam(team: Team, { members, asOf, syncedAt, stale }: WireTeam, seq = team.seq): Team {
  const known = byAccount(team.members);
  return { members: inOrder(members.map((m) => fromWire(m, asOf, known.get(m.accountId)))), syncedAt, stale: stale === true || syncedAt === null, loaded: true, seq };
}

/** One change; undefined if an earlier one was missed. A repeated one changes nothing. */
export function applyChange(team: Team, { seq, members, removed, asOf }: WireTeamChange): Team | undefined {
  if (!team.loaded || seq > team.seq + 1) return undefined;
  if (seq <= team.seq) return team;
  const all = byAccount(team.members);
  for (const account of removed) all.delete(account);
  for (const member of members) all.set(member.accountId, fromWire(member, asOf, all.get(member.accountId)));
  return { ...team, members: inOrder(all.values()), seq };
}

const byAccount = (members: readonly TeamMember[]) => new Map(members.map((m) => [m.accountId, m]));

function fromWire(m: WireMember, asOf: string | null, known: TeamMember | undefined): TeamMember {
  const counts = new Map(known?.timers.map((t) => [t.id, t]));
  const timers = m.timers.map((t): TeamTimer => {
    const { issue } = t;
    const timer: TeamTimer = {
      id: t.id,
      status: "running",
      startedAt: t.startedAt,
      countedSeconds: t.tillNow,
      countedAt: asOf ?? t.startedAt, // without a sync there are no timers
      issueKey: issue.key,
      ...(issue.summary && { summary: issue.summary }),
      ...(issue.projectName && { project: issue.projectName }),
      ...(t.comment && { comment: t.comment }),
      ...(!t.withinWorkingHours && { onHold: true }),
    };
    return keepCount(timer, counts.get(t.id));
  });
  timers.sort(longestFirst);
  return {
    accountId: m.accountId,
    name: m.displayName,
    status: m.status,
    timers,
    ...(m.last && { last: { issueKey: m.last.issue.key, at: m.last.at } }),
  };
}

/** When a timer that counts would have begun had it never been on hold. Their order by it stays the same. */
const beginning = (t: Counted): number => Date.parse(t.countedAt) - t.countedSeconds * 1000;

/** Those on hold last. */
function longestFirst(a: Counted, b: Counted): number {
  if (isCounting(a) !== isCounting(b)) return isCounting(a) ? -1 : 1;
  return isCounting(a) ? beginning(a) - beginning(b) : b.countedSeconds - a.countedSeconds;
}

const rank: Record<TeamMember["status"], number> = { working: 0, on_hold: 1, idle: 2 };

/** Somebody who does not show their timers comes after those who do. */
function compareTimers({ timers: [a] }: TeamMember, { timers: [b] }: TeamMember): number {
  return a && b ? longestFirst(a, b) : Number(!a) - Number(!b);
}

const names = new Intl.Collator(undefined, { sensitivity: "base" });

function inOrder(members: Iterable<TeamMember>): TeamMember[] {
  return [...members].sort((a, b) => {
    if (a.status !== b.status) return rank[a.status] - rank[b.status];
    return compareTimers(a, b) || names.compare(a.name, b.name) || (a.accountId < b.accountId ? -1 : 1);
  });
}
