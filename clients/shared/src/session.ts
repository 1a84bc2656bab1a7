/** A login. This package keeps it in memory only. */
export interface Session {
  readonly token: string;
  readonly userId: string;
  /** Milliseconds since 1970, by this machine's clock; Infinity if only the server knows. */
  readonly expiresAt: number;
  /** The person's own Clockwork API token, sent with starts and stops. */
  readonly clockworkToken?: string;
}
