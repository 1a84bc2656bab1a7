/** A login. It is kept nowhere but in memory. */
export interface Session {
  readonly token: string;
  readonly userId: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAt: number;
  /** The person's own Clockwork API token, sent with starts and stops. */
  readonly clockworkToken?: string;
}

/** When a JWT ends, in milliseconds since 1970; Infinity where it does not say. */
export function expiryOf(token: string): number {
  try {
    const claims = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const { exp } = JSON.parse(atob(claims)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
