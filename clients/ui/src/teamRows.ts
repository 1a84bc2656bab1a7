import type { TeamMember, TeamTimer } from "@clockwork/shared/team";

/** One line of the team: a person and one of their timers. */
export interface TeamRow {
  readonly id: string;
  readonly member: TeamMember;
  /** Absent if the person does not work, or does not show the issue. */
  readonly timer?: TeamTimer;
}

export interface Project {
  readonly key: string;
  /** How many people have a timer in it. */
  readonly people: number;
}

/** PORTAL of PORTAL-312. */
export function projectOf(issueKey: string): string {
  return issueKey.slice(0, issueKey.lastIndexOf("-"));
}

/** A line for each timer, and one for each person without. */
export function rowsOf(members: readonly TeamMember[]): TeamRow[] {
  return members.flatMap((member): TeamRow[] =>
    member.timers.length === 0 ? [{ id: member.accountId, member }] : member.timers.map((timer) => ({ id: `${member.accountId} ${timer.id}`, member, timer })),
  );
}

/** The projects that people work in, the busiest first. */
export function projectsOf(members: readonly TeamMember[]): Project[] {
  const people = new Map<string, number>();
  for (const { timers } of members) {
    for (const key of new Set(timers.map((t) => projectOf(t.issueKey)))) {
      people.set(key, (people.get(key) ?? 0) + 1);
    }
  }
  return [...people].map(([key, count]) => ({ key, people: count })).sort((a, b) => b.people - a.people || (a.key < b.key ? -1 : 1));
}

/** For comparing: lower case without accents, so that "duc" finds Đức. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replaceAll("đ", "d");
}

/** The rows in a project, if one is given, in which each of the words begins or is part of the name, the key or the project. */
export function matching(rows: readonly TeamRow[], words: string, project: string | undefined): readonly TeamRow[] {
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  if (wanted.length === 0 && project === undefined) return rows;
  return rows.filter(({ member, timer }) => {
    if (project !== undefined && (!timer || projectOf(timer.issueKey) !== project)) return false;
    const text = plain([member.name, timer?.issueKey, timer?.project].filter(Boolean).join(" "));
    return wanted.every((word) => text.includes(word));
  });
}

/** The first letters of the first and the last name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}

/** "7 of 12 work now". */
export function headline(members: readonly TeamMember[]): string {
  const working = members.filter((m) => m.status === "working").length;
  if (members.length === 0) return "Nobody is here yet";
  if (working === 0) return "Nobody works now";
  return `${working} of ${members.length} ${working === 1 ? "works" : "work"} now`;
}
