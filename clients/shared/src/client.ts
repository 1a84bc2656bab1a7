import type { SignInOptions } from "./account";
import { Api, type CallOptions } from "./api";
import { asClientError } from "./errors";
import type { WebSocketConstructor } from "./transports/websocket";
import { Http, type Call } from "./http";
import { newId } from "./ids";
import { Renewal } from "./renewal";
import { SharedStores } from "./sharedStores";
import { realScheduler, type Scheduler } from "./schedule";
import { keyOf, type Session } from "./session";
import type { LiveStore, StoreParts, TimerStore } from "./store";
import { browserEnvironment, type Environment } from "./environment";
import { usualTiming, type Timing } from "./timing";
import type { Login } from "./wire";

export interface ClientOptions {
  /** The server's address, such as https://timers.example.com; "" is the page's own origin. */
  baseUrl: string;
  fetch?: typeof globalThis.fetch;
  /** null if there is none. */
  WebSocket?: WebSocketConstructor | null;
  /** This machine's clock, in milliseconds since 1970. */
  now?: () => number;
  random?: () => number;
  /** setTimeout, as a function that returns its cancellation. */
  after?: Scheduler["after"];
  timing?: Partial<Timing>;
  /** Reports when the network goes and comes back. */
  environment?: Environment;
}

export interface LoginOptions extends CallOptions {
  /** Stay logged in. */
  stay?: boolean;
}

/** A code that a person has allowed in their browser (RFC 8252), and what proves that this app asked for it. */
export interface CodeGrant {
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/**
 * The API's routes, and one live connection for each session. Calls reject with a ClientError. Nothing is stored.
 * Before connect, a client made with new needs openStores, whose code a login page does not have to load.
 */
export class Client {
  readonly #options: ClientOptions;
  newStore: ((parts: StoreParts) => LiveStore) | undefined;
  /** Whose token the calls carry; login and connect set it. */
  session: Session | null = null;

  readonly timers: Api["timers"];
  readonly issues: Api["issues"];
  readonly worklogs: Api["worklogs"];
  readonly settings: Api["settings"];
  /** Calls any route with the session's token. */
  readonly send: Api["call"];

  readonly #schedule: Scheduler;
  readonly #http: Http;
  readonly #renewal: Renewal;
  readonly #stores = new SharedStores((session) => this.#newStore(session));
  readonly #watchers = new Set<(session: Session) => void>();

  constructor(options: ClientOptions) {
    this.#options = options;
    const { baseUrl, fetch = globalThis.fetch, now, random, after } = options;
    this.#schedule = { now: now ?? realScheduler.now, random: random ?? realScheduler.random, after: after ?? realScheduler.after };
    this.#http = new Http(baseUrl, fetch, this.#schedule);
    const api = new Api(this.#http, () => this.session, (refused) => this.#renew(refused));
    ({ timers: this.timers, issues: this.issues, worklogs: this.worklogs, settings: this.settings } = api);
    this.send = (call) => api.call(call);
    this.#renewal = new Renewal({
      schedule: this.#schedule,
      timing: { ...usualTiming, ...options.timing },
      environment: options.environment ?? browserEnvironment,
      ask: ({ refreshToken }) => this.#nextToken(refreshToken),
      onRenewed: (session) => this.#renewed(session),
      onEnded: (session) => this.#stores.expire(session),
    });
  }

  /** Whether the page comes from the server. */
  get isOwnOrigin(): boolean {
    return this.#http.isOwnOrigin();
  }

  /** The full address of a path of the server. */
  addressOf(path: string): string {
    return this.#http.url(path).href;
  }

  /** What the login page can offer. */
  async signInOptions(o: CallOptions = {}): Promise<SignInOptions> {
    return (await this.#http.json<SignInOptions>({ ...o, path: "/api/auth" })).body;
  }

  /**
   * Logs in. stay begins a session that is renewed until it is ended: in a cookie if the page comes from the server,
   * else with a refresh token.
   */
  async login(username: string, password: string, { stay = false, ...o }: LoginOptions = {}): Promise<Session> {
    const session = stay ? (this.isOwnOrigin ? "cookie" : "token") : undefined;
    return this.#begin(await this.#granted({ ...o, path: "/api/login", body: { username, password, session } }));
  }

  /** Begins an app's session, with the code that the system's browser has brought it. */
  async redeem({ code, codeVerifier, redirectUri }: CodeGrant): Promise<Session> {
    const body = { grant_type: "authorization_code", client_id: "desktop", code, code_verifier: codeVerifier, redirect_uri: redirectUri };
    return this.#begin(await this.#granted({ path: "/api/auth/token", body }));
  }

  /** The session of the browser's cookie, or of an app's refresh token; null if there is none. Rejects if the server does not say. */
  async resume(refreshToken?: string): Promise<Session | null> {
    if (!refreshToken && !this.isOwnOrigin) return null;
    try {
      return this.#begin(await this.#nextToken(refreshToken));
    } catch (thrown) {
      if (asClientError(thrown).status === 401) return null;
      throw thrown;
    }
  }

  /** Calls back with the session each time that its token was renewed. */
  watch(listener: (session: Session) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** Closes all connections and drops the session, which another page may still have. */
  close(): void {
    this.#renewal.stop();
    this.session = null;
    this.#stores.closeAll();
  }

  /** close; then ends the session, or all of the person's, on the server. */
  async logout({ everywhere = false } = {}): Promise<void> {
    const { session } = this;
    this.close();
    if (!session?.id && !everywhere) return;
    const late = session?.refreshToken && session.expiresAt <= this.#schedule.now();
    const { token } = late ? await this.#nextToken(session.refreshToken) : { token: session?.token };
    await this.#http.json({ method: "POST", path: "/api/auth/logout", body: { everywhere }, token, cookie: true });
  }

  /**
   * The session's timers. Another call with the same session shares the connection, and updates its Clockwork token.
   * Each caller closes the store that it got.
   */
  connect(given: Session): TimerStore {
    return this.#stores.acquire(this.#use(given));
  }

  /** What a store of the session's data is made of. From now on the session is renewed. */
  storeParts(given: Session): StoreParts {
    const session = this.#use(given);
    const { WebSocket = globalThis.WebSocket ?? null, timing, environment = browserEnvironment } = this.#options;
    return {
      session,
      http: this.#http,
      schedule: this.#schedule,
      timing: { ...usualTiming, ...timing },
      environment,
      WebSocket,
      newId,
      renew: (refused) => this.#renew(refused),
    };
  }

  #use(given: Session): Session {
    const known = this.session;
    // The token may have been renewed since the caller got the session.
    const isOlder = known?.id !== undefined && known.id === given.id && known.expiresAt > given.expiresAt;
    const session = isOlder ? { ...given, token: known.token, expiresAt: known.expiresAt, ...(known.refreshToken && { refreshToken: known.refreshToken }) } : given;
    this.session = session;
    if (session.id && !this.#renewal.isRunning(session.id)) this.#renewal.start(session);
    return session;
  }

  #begin(session: Session): Session {
    this.#renewal.stop();
    this.session = session;
    return session;
  }

  #nextToken(refreshToken: string | undefined): Promise<Session> {
    if (!refreshToken) return this.#granted({ path: "/api/auth/refresh", body: {} });
    return this.#granted({ path: "/api/auth/token", body: { grant_type: "refresh_token", refresh_token: refreshToken } });
  }

  async #granted(call: Call): Promise<Session> {
    const asked = this.#schedule.now();
    const { body } = await this.#http.json<Login>({ ...call, method: "POST", cookie: true });
    return {
      token: body.access_token,
      userId: body.user_id,
      expiresAt: asked + body.expires_in * 1000,
      ...(body.session_id && { id: body.session_id }),
      ...(body.refresh_token && { refreshToken: body.refresh_token }),
    };
  }

  #renewed(session: Session): void {
    const clockworkToken = this.session?.clockworkToken;
    this.session = clockworkToken ? { ...session, clockworkToken } : session;
    this.#stores.renew(this.session);
    for (const listener of [...this.#watchers]) listener(this.session);
  }

  /** Another token for a session whose token was refused; null if the session is over. */
  async #renew(refused: Session): Promise<Session | null> {
    const known = this.session;
    if (known && keyOf(known) === keyOf(refused) && known.token !== refused.token) return known;
    if (refused.id && this.#renewal.isRunning(refused.id)) return this.#renewal.now();
    this.#stores.expire(refused);
    return null;
  }

  #newStore(session: Session): LiveStore {
    if (!this.newStore) throw new Error("openStores is missing");
    return this.newStore(this.storeParts(session));
  }
}
