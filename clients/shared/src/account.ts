import type { components } from "./api.gen";
import type { CallOptions } from "./api";
import type { Client } from "./client";
import type { Answer, Call } from "./http";

type Schemas = components["schemas"];

/** What the login page can offer. A provider's sign-in is at /api/auth/login/{id}. */
export type SignInOptions = Schemas["SignInOptions"];
/** Who is logged in, and what is connected. */
export type Me = Schemas["Me"];
export type SessionEntry = Schemas["Session"];
/** A personal access token; its text is only in the answer to its creation. */
export type PersonalToken = Schemas["PersonalToken"];
export type NewToken = Schemas["PersonalTokenRequest"];

/** What a person has set for themselves. */
export type Settings = Schemas["Settings"];
/** What a team sees of a person: all, only whether they work, or nothing. */
export type Visibility = Settings["team"];

/** The routes of a person's own account, apart from the client, because a login page needs none of them. Calls reject with a ClientError. */
export class Account {
  readonly #send: <T>(call: Call) => Promise<Answer<T>>;

  /** What a calendar program subscribes to, with a token of the scope calendar. */
  readonly calendarAddress: (token: string) => string;

  constructor(client: Client) {
    this.#send = (call) => client.send(call);
    this.calendarAddress = (token) => client.addressOf(`/api/calendar/${token}.ics`);
  }

  me = (o: CallOptions = {}) => this.#get<Me>("/api/me", o);
  sessions = (o: CallOptions = {}) => this.#get<readonly SessionEntry[]>("/api/auth/sessions", o);
  tokens = (o: CallOptions = {}) => this.#get<readonly PersonalToken[]>("/api/tokens", o);
  endSession = (id: string) => this.#change<{ ended: number }>("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`);
  createToken = (token: NewToken) => this.#change<PersonalToken>("POST", "/api/tokens", token);
  revokeToken = (id: string) => this.#change<{ revoked: boolean }>("DELETE", `/api/tokens/${encodeURIComponent(id)}`);
  /** The server checks the token with Clockwork, and stores it encrypted. It never gives it back. */
  saveClockworkToken = (token: string) => this.#change<{ saved: boolean }>("PUT", "/api/me/clockwork-token", { token });
  deleteClockworkToken = () => this.#change<{ saved: boolean }>("DELETE", "/api/me/clockwork-token");
  settings = (o: CallOptions = {}) => this.#get<Settings>("/api/settings", o);
  saveWorkingTime = (time: Pick<Settings, "dailyTargetMinutes" | "workdays">) => this.#change<Settings>("PUT", "/api/settings", time);
  saveVisibility = (team: Visibility) => this.#change<Settings>("PUT", "/api/settings/visibility", { team });

  async #get<T>(path: string, o: CallOptions): Promise<T> {
    return (await this.#send<T>({ ...o, path })).body;
  }

  async #change<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> {
    return (await this.#send<T>({ method, path, body })).body;
  }
}
