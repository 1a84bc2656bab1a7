export { useTeam, type UseTeam } from "./react";
export { TeamStore } from "./store";
export { initialTeam, type TeamMember, type TeamState, type TeamTimer } from "./state";
