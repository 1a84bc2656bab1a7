import { Api, type CallOptions } from "./api";
import type { WebSocketConstructor } from "./feeds/websocket";
import { Http } from "./http";
import { newId } from "./ids";
import { Leases } from "./lease";
import { realScheduler, type Scheduler } from "./schedule";
import type { Session } from "./session";
import { LiveStore, type TimerStore } from "./store";
import { browserSurroundings, type Surroundings } from "./surroundings";
import { usualTiming, type Timing } from "./timing";
import type { Login } from "./wire";

export interface ClientOptions {
  /** Where the server is, such as https://timers.example.com; "" is where the page came from. */
  baseUrl: string;
  fetch?: typeof globalThis.fetch;
  /** null where there is none. */
  WebSocket?: WebSocketConstructor | null;
  /** This machine's clock, in milliseconds since 1970. */
  now?: () => number;
  random?: () => number;
  /** setTimeout, as a function that gives back its cancellation. */
  after?: Scheduler["after"];
  timing?: Partial<Timing>;
  /** What tells of the network coming and going. */
  surroundings?: Surroundings;
}

/**
 * The server's calls, in the name of the session, and one live connection for each session. Calls reject with
 * a ClientError. Nothing is stored.
 */
export class Client {
  readonly #options: ClientOptions;
  /** In whose name the calls are; login and connect set it. */
  session: Session | null = null;

  readonly timers: Api["timers"];
  readonly issues: Api["issues"];
  readonly worklogs: Api["worklogs"];
  readonly settings: Api["settings"];

  readonly #schedule: Scheduler;
  readonly #http: Http;
  readonly #leases = new Leases((session) => this.#newStore(session));

  constructor(options: ClientOptions) {
    this.#options = options;
    const { baseUrl, fetch = globalThis.fetch, now, random, after } = options;
    this.#schedule = { now: now ?? realScheduler.now, random: random ?? realScheduler.random, after: after ?? realScheduler.after };
    this.#http = new Http(baseUrl, fetch, this.#schedule);
    const api = new Api(this.#http, () => this.session, (session) => this.#leases.expire(session));
    ({ timers: this.timers, issues: this.issues, worklogs: this.worklogs, settings: this.settings } = api);
  }

  async login(username: string, password: string, o: CallOptions = {}): Promise<Session> {
    const asked = this.#schedule.now();
    const { body } = await this.#http.json<Login>({ ...o, method: "POST", path: "/api/login", body: { username, password }, cookie: true });
    this.session = { token: body.access_token, userId: body.user_id, expiresAt: asked + body.expires_in * 1000 };
    return this.session;
  }

  /** Forgets the session and ends all connections. */
  logout(): void {
    this.session = null;
    this.#leases.closeAll();
  }

  /**
   * The session's timers. Who connects with the same token again shares the connection, and brings the Clockwork
   * token up to date; each closes their own.
   */
  connect(session: Session): TimerStore {
    this.session = session;
    return this.#leases.take(session);
  }

  #newStore(session: Session): LiveStore {
    const { WebSocket = globalThis.WebSocket ?? null, timing, surroundings = browserSurroundings } = this.#options;
    return new LiveStore({
      session,
      http: this.#http,
      schedule: this.#schedule,
      timing: { ...usualTiming, ...timing },
      surroundings,
      WebSocket,
      newId,
    });
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
