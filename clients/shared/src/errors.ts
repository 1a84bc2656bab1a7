/** Codes of this client's errors. The server's codes are in its OpenAPI document. */
export type OwnCode = "NETWORK" | "TIMEOUT" | "BAD_ANSWER" | "SESSION_EXPIRED" | "NOT_CONNECTED" | "CANCELED";

const sentences: Record<OwnCode, string> = {
  NETWORK: "The server cannot be reached. Check your connection and try again.",
  TIMEOUT: "The server took too long to answer. Try again.",
  BAD_ANSWER: "The server gave an answer that could not be read. Try again later.",
  SESSION_EXPIRED: "Your login has expired. Log in again.",
  NOT_CONNECTED: "This needs a live connection. Try again in a moment.",
  CANCELED: "This was canceled.",
};

export interface ErrorDetail {
  /** The input at fault. */
  field?: string;
  /** Seconds that the server asks to wait. */
  retryAfter?: number;
  /** Issues whose timers a switch stopped before it failed. */
  stopped?: string[];
}

/** A call that failed. The message is a sentence for a person. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** The server's error code, or an OwnCode. */
  readonly code: string;
  /** HTTP status, 0 if no answer came. */
  readonly status: number;
  readonly field?: string;
  readonly retryAfter?: number;
  readonly stopped?: string[];

  constructor(code: string, message: string, status = 0, detail: ErrorDetail = {}) {
    super(message);
    this.code = code;
    this.status = status;
    if (detail.field !== undefined) this.field = detail.field;
    if (detail.retryAfter !== undefined) this.retryAfter = detail.retryAfter;
    if (detail.stopped !== undefined) this.stopped = detail.stopped;
  }
}

/** An error of the client's own. */
export function ownError(code: OwnCode, status = 0): ClientError {
  return new ClientError(code, sentences[code], status);
}

export function asClientError(thrown: unknown): ClientError {
  return thrown instanceof ClientError ? thrown : ownError("NETWORK");
}

/** Whether the session is over: no call with its token will succeed again. */
export function isExpired(error: ClientError): boolean {
  return error.code === "SESSION_EXPIRED" || (error.status === 401 && error.code === "UNAUTHORIZED");
}

/** Whether the person has to enter their Clockwork token. */
export function asksForToken(error: ClientError): boolean {
  return error.code === "CLOCKWORK_TOKEN_REQUIRED" || error.code === "CLOCKWORK_UNAUTHORIZED";
}

/** Whether the Clockwork token belongs to somebody else: the server refuses it, or the sync after a start has found out. */
export function isTokenOfAnother(error: ClientError): boolean {
  return error.code === "CLOCKWORK_TOKEN_OF_ANOTHER" || (error.status === 403 && error.code === "FORBIDDEN");
}

/** Whether the sync after an accepted start found no such timer. */
export function isUnconfirmedStart(error: ClientError): boolean {
  return error.status === 0 && (error.code === "CLOCKWORK_TOKEN_OF_ANOTHER" || error.code === "START_NOT_CONFIRMED");
}

/** Whether the server may have done what was asked, although no answer came. */
export function isUnanswered(error: ClientError): boolean {
  return error.code === "NETWORK" || error.code === "TIMEOUT" || error.code === "BAD_ANSWER";
}
