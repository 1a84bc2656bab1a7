import { asClientError, isExpired, ownError } from "./errors";
import type { Answer, Call, Http } from "./http";
import type { Session } from "./session";
import type { Issue, Listing, StartedTimer, StoppedTimer, User, Worklogs } from "./wire";

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds until the answer must be here; 30 s by default. */
  deadline?: number | undefined;
}

export interface WriteOptions extends CallOptions {
  /** A start or stop that is repeated with the same key is done once. */
  idempotencyKey?: string | undefined;
}

export interface WriteInput {
  issueKey?: string | undefined;
  comment?: string | undefined;
  /** For a start: stop the person's other timers first. */
  stopOthers?: boolean | undefined;
  /** The person's Clockwork API token; by default the session's. */
  clockworkToken?: string | undefined;
}

/** Gets another token for a session whose token was refused; null if the session is over. Rejects if the server does not say. */
export type Renew = (refused: Session) => Promise<Session | null>;

/** The API's routes, called with a session's token. Calls reject with a ClientError. */
export class Api {
  readonly #http: Http;
  readonly #session: () => Session | null;
  readonly #renew: Renew;

  constructor(http: Http, session: () => Session | null, renew: Renew) {
    this.#http = http;
    this.#session = session;
    this.#renew = renew;
  }

  readonly timers = {
    /** All known timers of the session's user. */
    list: (o: CallOptions = {}) => this.#get<Listing>("/api/timers", {}, o),
    start: (input: WriteInput & { issueKey: string }, o: WriteOptions = {}) => this.#write<StartedTimer>("/api/timers/start", input, o),
    /** Safe to repeat. Without an issue it stops the running timer. */
    stop: (input: WriteInput = {}, o: WriteOptions = {}) => this.#write<StoppedTimer>("/api/timers/stop", input, o),
    /** Requests a sync with Clockwork. */
    sync: (o: CallOptions = {}) => this.#write<{ syncRequested: boolean }>("/api/timers/sync", {}, o),
  };

  readonly issues = {
    /** Without a query: the person's issues in progress. */
    search: async (q = "", { maxResults, ...o }: CallOptions & { maxResults?: number } = {}): Promise<readonly Issue[]> =>
      (await this.#get<{ issues: Issue[] }>("/api/issues/search", { accountId: this.#who(), q: q.trim() || undefined, maxResults }, o)).issues,
    get: async (key: string, o: CallOptions = {}): Promise<Issue> =>
      (await this.#get<{ issue: Issue }>(`/api/issues/${encodeURIComponent(key)}`, {}, o)).issue,
  };

  readonly worklogs = {
    /** From one date to another, both YYYY-MM-DD and included, at most 31 days. tz is an IANA name. */
    range: async (from: string, to: string, tz?: string, o: CallOptions = {}) =>
      this.#get<Worklogs>("/api/worklogs", { accountId: this.#who(), from, to, tz }, o),
    /** A file of a range, with a row for each worklog. */
    file: async (format: "csv" | "json" | "ics", from: string, to: string, tz?: string, o: CallOptions = {}): Promise<Blob> =>
      (await this.call<Blob>({ ...o, path: "/api/worklogs/export", query: { format, accountId: this.#who(), from, to, tz }, file: true })).body,
    /** Of one date; by default the person's today. */
    day: async (date?: string, tz?: string, o: CallOptions = {}) => this.#get<Worklogs>("/api/worklogs", { accountId: this.#who(), date, tz }, o),
  };

  readonly settings = {
    /** Checks that a Clockwork API token works for the session's account. */
    validate: async (clockworkApiToken: string, o: CallOptions = {}): Promise<User> => {
      const body = { accountId: this.#who(), clockworkApiToken };
      return (await this.call<{ user: User }>({ ...o, method: "POST", path: "/api/settings/validate", body })).body.user;
    },
  };

  #who(): string {
    const session = this.#session();
    if (!session) throw ownError("SESSION_EXPIRED");
    return session.userId;
  }

  async #get<T>(path: string, query: NonNullable<Call["query"]>, o: CallOptions): Promise<T> {
    return (await this.call<T>({ ...o, path, query })).body;
  }

  async #write<T>(path: string, input: WriteInput, { idempotencyKey, ...o }: WriteOptions): Promise<T> {
    const session = this.#session();
    const { issueKey, comment, stopOthers, clockworkToken = session?.clockworkToken } = input;
    const headers = { "X-Clockwork-Token": clockworkToken, "Idempotency-Key": idempotencyKey };
    const body = { issueKey, comment: comment?.trim() || undefined, stopOthers: stopOthers || undefined, accountId: session?.userId };
    return (await this.call<T>({ ...o, method: "POST", path, headers, body })).body;
  }

  /** Calls with the session's token, and once more if that was refused and can be renewed. */
  async call<T>(call: Call): Promise<Answer<T>> {
    const session = this.#session();
    try {
      return await this.#http.json<T>({ ...call, token: session?.token });
    } catch (thrown) {
      if (!session || !isExpired(asClientError(thrown))) throw thrown;
      const renewed = await this.#renew(session);
      if (!renewed) throw thrown;
      return this.#http.json<T>({ ...call, token: renewed.token });
    }
  }
}
