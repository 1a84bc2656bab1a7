import type { components } from "../api.gen";

type Schemas = components["schemas"];

export type WireMember = Schemas["Member"];
/** The answer of GET /api/team, and the payload of the first message. */
export type WireTeam = Schemas["Team"] | Schemas["TeamState"];

/** What has changed since the message with the number before. */
export type WireTeamChange = Schemas["TeamChange"];
export type TeamMessage = Schemas["TeamStateEvent"] | Schemas["TeamEvent"] | Schemas["FreshnessEvent"];

/** Parses a message; undefined if this client does not know it. */
export function parseTeamMessage(text: string): TeamMessage | undefined {
  try {
    const message = JSON.parse(text) as TeamMessage | null;
    switch (message?.event) {
      case "team_state":
        return Array.isArray(message.payload.members) ? message : undefined;
      case "team":
        return typeof message.payload.seq === "number" && Array.isArray(message.payload.members) ? message : undefined;
      case "freshness":
        return typeof message.payload.stale === "boolean" ? message : undefined;
    }
  } catch {
    // not JSON, or not an object of this shape
  }
  return undefined;
}
