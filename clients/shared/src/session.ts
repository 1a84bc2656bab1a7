/** A login. This package keeps it in memory only. */
export interface Session {
  /** The access token. Of a session with an id it is renewed before it expires. */
  readonly token: string;
  readonly userId: string;
  /** When the token expires: milliseconds since 1970, by this machine's clock; Infinity if only the server knows. */
  readonly expiresAt: number;
  /** Set if the server can renew the token. It stays the same. */
  readonly id?: string;
  /** An app's, which is worth a login. A browser has it in a cookie that no script can read. */
  readonly refreshToken?: string;
  /** The person's own Clockwork API token, sent with starts and stops. */
  readonly clockworkToken?: string;
}

/** The same for all tokens of a session. */
export const keyOf = (session: Session): string => session.id ?? session.token;
