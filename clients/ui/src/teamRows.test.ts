import type { TeamMember, TeamTimer } from "@clockwork/shared/team";
import { expect, it } from "vitest";

import { headline, initials, matching, projectsOf, rowsOf } from "./teamRows";

const timer = (id: number, issueKey: string, project?: string): TeamTimer => ({
  id,
  status: "running",
  startedAt: "2026-11-26T08:00:00Z",
  countedSeconds: 60,
  countedAt: "2026-11-26T08:01:00Z",
  issueKey,
  ...(project && { project }),
});

const team: readonly TeamMember[] = [
  { accountId: "linh", name: "Linh Tran", status: "working", timers: [timer(1, "PORTAL-312", "Customer portal"), timer(2, "OPS-64")] },
  { accountId: "duc", name: "Đức Phạm", status: "working", timers: [timer(3, "PORTAL-301", "Customer portal")] },
  { accountId: "emily", name: "Emily O’Connor", status: "working", timers: [] },
  { accountId: "hannah", name: "Hannah Vogel", status: "idle", timers: [] },
];

it("has a row for each timer, and one for a person without", () => {
  expect(rowsOf(team).map((row) => row.id)).toEqual(["linh 1", "linh 2", "duc 3", "emily", "hannah"]);
});

it.each<{ name: string; words: string; project?: string; want: string[] }>([
  { name: "nothing", words: " ", want: ["linh 1", "linh 2", "duc 3", "emily", "hannah"] },
  { name: "a-name", words: "hannah", want: ["hannah"] },
  { name: "a-name-without-its-accents", words: "duc pham", want: ["duc 3"] },
  { name: "a-key", words: "portal-31", want: ["linh 1"] },
  { name: "a-projects-name", words: "customer", want: ["linh 1", "duc 3"] },
  { name: "a-name-and-a-key", words: "linh ops", want: ["linh 2"] },
  { name: "what-nobody-has", words: "nobody", want: [] },
  { name: "a-project", words: "", project: "PORTAL", want: ["linh 1", "duc 3"] },
  { name: "a-project-and-words", words: "tran", project: "PORTAL", want: ["linh 1"] },
])("finds $name", ({ words, project, want }) => {
  expect(matching(rowsOf(team), words, project).map((row) => row.id)).toEqual(want);
});

it("counts people by project, once each", () => {
  const twice: TeamMember = { accountId: "x", name: "X", status: "working", timers: [timer(8, "OPS-1"), timer(9, "OPS-2")] };
  expect(projectsOf([...team, twice])).toEqual([{ key: "OPS", people: 2 }, { key: "PORTAL", people: 2 }]);
});

it.each([
  ["Linh Tran", "LT"],
  ["Nguyễn Văn An", "NA"],
  ["Cher", "C"],
  ["𝒳 y", "𝒳Y"],
  [" ", ""],
])("the initials of %s are %s", (name, want) => {
  expect(initials(name)).toBe(want);
});

it.each([
  [[], "Nobody is here yet"],
  [team.slice(3), "Nobody works now"],
  [team.slice(2), "1 of 2 works now"],
  [team, "3 of 4 work now"],
] as const)("says how many work", (members, want) => {
  expect(headline(members)).toBe(want);
});
