/** A login. It is kept nowhere but in memory. */
export interface Session {
  readonly token: string;
  readonly userId: string;
  /** Milliseconds since 1970, by this machine's clock; Infinity where only the server knows. */
  readonly expiresAt: number;
  /** The person's own Clockwork API token, sent with starts and stops. */
  readonly clockworkToken?: string;
}
