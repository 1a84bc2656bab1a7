import type { components } from "../api.gen";

type Timer = components["schemas"]["Timer"];

/** One person in the answer of GET /api/team. What the person or the server hides is absent. */
export interface WireMember {
  readonly accountId: string;
  readonly displayName?: string;
  readonly status: "working" | "on_hold" | "idle";
  readonly timers?: readonly Timer[];
  readonly since?: string;
  /** On what somebody who does not work worked before. */
  readonly last?: { readonly issue: components["schemas"]["TimerIssue"]; readonly at: string };
}

/** The answer of GET /api/team, and the payload of the first message. */
export interface WireTeam {
  readonly members: readonly WireMember[];
  /** When the counted times were true; null if there was never a sync. */
  readonly asOf: string | null;
  readonly syncedAt: string | null;
  readonly stale?: boolean;
}

/** What has changed since the message with the number before. */
export interface WireTeamChange {
  readonly seq: number;
  readonly members: readonly WireMember[];
  readonly removed: readonly string[];
  readonly asOf: string | null;
}

export type TeamMessage = { readonly event: "team_state"; readonly payload: WireTeam & { readonly seq: number } } | { readonly event: "team"; readonly payload: WireTeamChange } | { readonly event: "freshness"; readonly payload: components["schemas"]["Freshness"] };

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
