import { ownError } from "./errors";
import { Http } from "./http";
import { realScheduler, type Scheduler } from "./schedule";
import type { Session } from "./session";
import type { TimerStore } from "./store";
import { LiveStore } from "./store";
import type { WireTimer } from "./wire";

export interface ClientOptions {
  /** Where the server is, such as https://timers.example.com; "" is where the page came from. */
  baseUrl: string;
  fetch?: typeof globalThis.fetch;
  /** null where there is none. */
  WebSocket?: WebSocketConstructor | null;
  now?: () => number;
  random?: () => number;
  after?: Scheduler["after"];
}

/** As much of WebSocket as is used. */
export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocket;

export interface StartInput {
  /** Without it the timer has nothing to do with Jira, and needs a live connection. */
  issueKey?: string;
  comment?: string;
  clockworkToken?: string;
}

export interface StopInput {
  /** Of the timer; more exact than issueKey. */
  id?: string;
  /** With neither, the one that runs. */
  issueKey?: string;
  clockworkToken?: string;
}
export interface Issue {
  key: string;
  id: string;
  summary: string;
  status: string;
  project: { id: string; key: string; name: string; avatarUrl?: string };
  assignee: { accountId: string; emailAddress?: string; displayName?: string; avatarUrl?: string } | null;
  priority: string | null;
  url: string;
}
export interface Worklog {
  id: number;
  issueId: number;
  issueKey?: string;
  issueName?: string;
  projectName?: string;
  timeSpentSeconds: number;
  started: string;
  comment: string | null;
  author: { accountId: string };
}
export interface Worklogs {
  worklogs: Worklog[];
  total: number;
  date: string;
  accountId: string;
  days?: { date: string; total: number }[];
}
export interface Listing {
  timer: WireTimer | null;
  timers: WireTimer[];
  server_time: string;
}
export interface CallOptions {
  signal?: AbortSignal;
}

export class Client {
  readonly http: Http;
  readonly schedule: Scheduler;
  /** Whose the calls are; connect and login set it. */
  session: Session | null = null;

  constructor(readonly options: ClientOptions) {
    this.schedule = {
      now: options.now ?? realScheduler.now,
      random: options.random ?? realScheduler.random,
      after: options.after ?? realScheduler.after,
    };
    this.http = new Http(options.baseUrl, options.fetch ?? globalThis.fetch, this.schedule);
  }

  async login(username: string, password: string): Promise<Session> {
    const { body } = await this.http.json<{ access_token: string; expires_in: number; user_id: string }>({
      method: "POST",
      path: "/api/login",
      body: { username, password },
    });
    this.session = { token: body.access_token, userId: body.user_id, expiresAt: this.schedule.now() + body.expires_in * 1000 };
    return this.session;
  }

  logout(): void {
    this.session = null;
  }

  connect(session: Session): TimerStore {
    this.session = session;
    return new LiveStore(this, session);
  }

  readonly timers = {
    list: (o: CallOptions = {}) => this.get<Listing>("/api/timers", {}, o),
    start: (input: StartInput & { issueKey: string; idempotencyKey?: string }, o: CallOptions = {}) => this.write("/api/timers/start", input, o),
    stop: (input: StopInput & { idempotencyKey?: string }, o: CallOptions = {}) => this.write("/api/timers/stop", input, o),
    sync: (o: CallOptions = {}) => this.write("/api/timers/sync", {}, o),
  };

  readonly issues = {
    /** With no text: the person's issues in progress. */
    search: async (q: string, o: CallOptions & { maxResults?: number } = {}) =>
      (await this.get<{ issues: Issue[] }>("/api/issues/search", { accountId: this.who(), q: q.trim() || undefined, maxResults: o.maxResults }, o)).issues,
    get: async (key: string, o: CallOptions = {}) => (await this.get<{ issue: Issue }>(`/api/issues/${encodeURIComponent(key)}`, {}, o)).issue,
  };

  readonly worklogs = {
    /** Both dates YYYY-MM-DD and included, at most 31 days. */
    range: (from: string, to: string, tz?: string, o: CallOptions = {}) => this.get<Worklogs>("/api/worklogs", { accountId: this.who(), from, to, tz }, o),
    /** Without a date: the person's today. */
    day: (date?: string, tz?: string, o: CallOptions = {}) => this.get<Worklogs>("/api/worklogs", { accountId: this.who(), date, tz }, o),
  };

  private who(): string {
    if (!this.session) throw ownError("SESSION_EXPIRED");
    return this.session.userId;
  }

  private async get<T>(path: string, query: Record<string, string | number | undefined>, o: CallOptions): Promise<T> {
    return (await this.http.json<T>({ path, query, token: this.session?.token, signal: o.signal })).body;
  }

  private async write(path: string, input: StartInput & StopInput & { idempotencyKey?: string }, o: CallOptions) {
    const { issueKey, comment, clockworkToken, idempotencyKey } = input;
    const { body } = await this.http.json<{ syncRequested: boolean; stopped?: boolean }>({
      method: "POST",
      path,
      token: this.session?.token,
      signal: o.signal,
      headers: { "X-Clockwork-Token": clockworkToken ?? this.session?.clockworkToken, "Idempotency-Key": idempotencyKey },
      body: { issueKey, comment, accountId: this.session?.userId },
    });
    return body;
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
