import { Api, type CallOptions } from "./api";
import type { WebSocketConstructor } from "./transports/websocket";
import { Http } from "./http";
import { newId } from "./ids";
import { SharedStores } from "./sharedStores";
import { realScheduler, type Scheduler } from "./schedule";
import type { Session } from "./session";
import { LiveStore, type TimerStore } from "./store";
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

/** The API's routes, and one live connection for each session. Calls reject with a ClientError. Nothing is stored. */
export class Client {
  readonly #options: ClientOptions;
  /** Whose token the calls carry; login and connect set it. */
  session: Session | null = null;

  readonly timers: Api["timers"];
  readonly issues: Api["issues"];
  readonly worklogs: Api["worklogs"];
  readonly settings: Api["settings"];

  readonly #schedule: Scheduler;
  readonly #http: Http;
  readonly #stores = new SharedStores((session) => this.#newStore(session));

  constructor(options: ClientOptions) {
    this.#options = options;
    const { baseUrl, fetch = globalThis.fetch, now, random, after } = options;
    this.#schedule = { now: now ?? realScheduler.now, random: random ?? realScheduler.random, after: after ?? realScheduler.after };
    this.#http = new Http(baseUrl, fetch, this.#schedule);
    const api = new Api(this.#http, () => this.session, (session) => this.#stores.expire(session));
    ({ timers: this.timers, issues: this.issues, worklogs: this.worklogs, settings: this.settings } = api);
  }

  async login(username: string, password: string, o: CallOptions = {}): Promise<Session> {
    const asked = this.#schedule.now();
    const { body } = await this.#http.json<Login>({ ...o, method: "POST", path: "/api/login", body: { username, password }, cookie: true });
    this.session = { token: body.access_token, userId: body.user_id, expiresAt: asked + body.expires_in * 1000 };
    return this.session;
  }

  /** Drops the session and closes all connections. */
  logout(): void {
    this.session = null;
    this.#stores.closeAll();
  }

  /**
   * The session's timers. Another call with the same token shares the connection, and updates its Clockwork token.
   * Each caller closes the store that it got.
   */
  connect(session: Session): TimerStore {
    this.session = session;
    return this.#stores.acquire(session);
  }

  #newStore(session: Session): LiveStore {
    const { WebSocket = globalThis.WebSocket ?? null, timing, environment = browserEnvironment } = this.#options;
    return new LiveStore({
      session,
      http: this.#http,
      schedule: this.#schedule,
      timing: { ...usualTiming, ...timing },
      environment,
      WebSocket,
      newId,
    });
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
