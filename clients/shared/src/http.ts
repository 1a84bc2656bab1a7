import { ClientError, ownError, type ErrorDetail } from "./errors";
import { once, type Scheduler } from "./schedule";

export interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string | undefined>;
  token?: string | undefined;
  /** Send and store cookies: for signing in and out only, on the server's own origin. */
  cookie?: boolean;
  /** Gives the body of the answer as a Blob, whatever is in it. */
  file?: boolean;
  /** Milliseconds until the whole answer must be here. */
  deadline?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** An answer whose body is not read yet. */
export interface OpenAnswer {
  readonly response: Response;
  /** The error if the body does not come. */
  readonly failure: () => ClientError;
  /** Removes the deadline for the body. */
  readonly endDeadline: () => void;
  /** Frees the timer and the listener; always call it. */
  readonly release: () => void;
}

/** A request takes 25 s at most on the server. */
const usualDeadline = 30_000;

/** Sends calls to one server, each with a deadline. */
export class Http {
  readonly #baseUrl: string;
  readonly #fetch: typeof globalThis.fetch;
  readonly #schedule: Scheduler;

  constructor(baseUrl: string, fetch: typeof globalThis.fetch, schedule: Scheduler) {
    this.#baseUrl = baseUrl.replace(/\/+$/, "");
    this.#fetch = fetch;
    this.#schedule = schedule;
  }

  /** Whether the page comes from the server, so that it can have a session in a cookie. */
  isOwnOrigin(): boolean {
    return typeof location !== "undefined" && this.url("/").origin === location.origin;
  }

  /** The full address of a path. */
  url(path: string, query: Call["query"] = {}): URL {
    const here = typeof location === "undefined" ? undefined : location.href;
    const url = new URL(this.#baseUrl + path, here);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /** Sends a call and waits for the headers of its answer. Throws a ClientError. */
  async open(call: Call): Promise<OpenAnswer> {
    const abort = new AbortController();
    let late = false;
    const endDeadline = this.#schedule.after(call.deadline ?? usualDeadline, () => {
      late = true;
      abort.abort();
    });
    const onAbort = () => abort.abort();
    call.signal?.addEventListener("abort", onAbort);
    const release = once(() => {
      endDeadline();
      call.signal?.removeEventListener("abort", onAbort);
    });
    const failure = () => ownError(call.signal?.aborted ? "CANCELED" : late ? "TIMEOUT" : "NETWORK");
    if (call.signal?.aborted) abort.abort();
    try {
      const response = await this.#fetch.call(undefined, this.url(call.path, call.query), this.#init(call, abort.signal));
      return { response, failure, endDeadline, release };
    } catch {
      release();
      throw failure();
    }
  }

  /** Sends a call and reads its answer: JSON, or a file. Throws a ClientError. */
  async json<T>(call: Call): Promise<Answer<T>> {
    const { response, failure, release } = await this.open(call);
    const { status, headers, ok } = response;
    const text = await (call.file && ok ? response.blob() : response.text())
      .catch(() => {
        throw failure();
      })
      .finally(release);
    if (status === 304) return { status, headers, body: undefined as T };
    if (typeof text !== "string") return { status, headers, body: text as T };
    if (!ok) throw refusal(response, text);
    try {
      return { status, headers, body: JSON.parse(text) as T };
    } catch {
      throw ownError("BAD_ANSWER", status);
    }
  }

  #init(call: Call, signal: AbortSignal): RequestInit {
    const headers: Record<string, string> = {};
    if (call.token) headers["Authorization"] = `Bearer ${call.token}`;
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    for (const [name, value] of Object.entries(call.headers ?? {})) {
      if (value) headers[name] = value;
    }
    return {
      method: call.method ?? "GET",
      headers,
      signal,
      cache: "no-store",
      credentials: call.cookie ? "same-origin" : "omit",
      redirect: "error",
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    };
  }
}

/** The server's error code and message, or ours if the body has none. */
export function refusal(response: Response, text: string): ClientError {
  const detail: ErrorDetail = {};
  const wait = Number(response.headers.get("Retry-After") ?? NaN);
  if (Number.isFinite(wait)) detail.retryAfter = wait;
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: unknown; field?: unknown; stopped?: unknown };
    if (typeof body.field === "string") detail.field = body.field;
    if (Array.isArray(body.stopped)) detail.stopped = body.stopped.map(String);
    if (typeof body.error === "string" && typeof body.message === "string") {
      return new ClientError(body.error, body.message, response.status, detail);
    }
  } catch {
    // an answer of a proxy
  }
  return new ClientError("BAD_ANSWER", `The server does not work at the moment (${response.status}). Try again later.`, response.status, detail);
}
