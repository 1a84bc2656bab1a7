import type { components } from "../api.gen";

type Schemas = components["schemas"];

export type WireMember = Schemas["Member"];
/** The answer of GET /api/team, and the payload of the first message. */
export type WireTeam = Schemas["Team"];

/** What has changed since the message with the number before. */
export interface WireTeamChange {
  readonly seq: number;
  readonly members: readonly WireMember[];
  readonly removed: readonly string[];
  readonly asOf: string | null;
}

export type TeamMessage = { readonly event: "team_state"; readonly payload: WireTeam & { readonly seq: number } } | { readonly event: "team"; readonly payload: WireTeamChange } | { readonly event: "freshness"; readonly payload: Schemas["Freshness"] };

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
