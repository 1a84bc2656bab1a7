import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { CodeGrant } from "@clockwork/shared";

/** A code with which the server begins a session, or a message that says why there is none. */
export type BrowserSignIn = ({ ok: true } & CodeGrant) | { ok: false; message: string };

/** How long a person has to sign in. */
export const SIGN_IN_LIMIT = 5 * 60_000;

const HOST = "127.0.0.1"; // "localhost" may lead to another program
const PATH = "/callback";

const EXPIRED = "Nobody has signed in for five minutes. Try again.";
const DENIED = "The sign-in was cancelled in the browser.";
const FAILED = "The browser could not be opened. Log in with a password, or set a default browser and try again.";

/**
 * Signs in through the system's browser (RFC 8252): listens on the loopback address for the one redirect of the
 * server's page. The code in it can be used once, and only with the verifier, which no browser has seen.
 */
export class BrowserSignIns {
  private last = new AbortController();

  constructor(
    private readonly openExternal: (url: string) => Promise<void>,
    private readonly limit = SIGN_IN_LIMIT,
  ) {}

  /** Ends the sign-in that is waiting, if one is. */
  cancel(): void {
    this.last.abort();
  }

  /** Resolves to null if it was cancelled, or if another sign-in began. */
  async begin(serverUrl: string): Promise<BrowserSignIn | null> {
    this.cancel();
    const { signal } = (this.last = new AbortController());
    const server = createServer();
    server.listen(0, HOST);
    await once(server, "listening");
    const request = newRequest((server.address() as AddressInfo).port);
    try {
      if (signal.aborted) return null;
      return await new Promise<BrowserSignIn | null>((resolve) => {
        const timer = setTimeout(() => resolve({ ok: false, message: EXPIRED }), this.limit);
        signal.addEventListener("abort", () => resolve(null));
        server.on("request", (message, response) => answer(message, response, request, serverUrl, resolve));
        server.on("close", () => clearTimeout(timer));
        this.openExternal(addressOf(serverUrl, request)).catch(() => resolve({ ok: false, message: FAILED }));
      });
    } finally {
      stop(server);
    }
  }
}

interface Request {
  readonly host: string;
  readonly redirectUri: string;
  readonly state: string;
  readonly codeVerifier: string;
}

function newRequest(port: number): Request {
  const random = () => randomBytes(32).toString("base64url");
  const host = `${HOST}:${port}`;
  return { host, redirectUri: `http://${host}${PATH}`, state: random(), codeVerifier: random() };
}

/** The page of the server that asks whether this app may sign in. */
function addressOf(serverUrl: string, { redirectUri, state, codeVerifier }: Request): string {
  const url = new URL("/api/auth/authorize", serverUrl);
  url.search = new URLSearchParams({
    client_id: "desktop",
    redirect_uri: redirectUri,
    state,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return url.href;
}

/** Answers a request. Any page can send one, so a request without the right state changes nothing. */
function answer(message: IncomingMessage, response: ServerResponse, request: Request, serverUrl: string, done: (result: BrowserSignIn) => void): void {
  const url = URL.canParse(message.url ?? "", request.redirectUri) ? new URL(message.url ?? "", request.redirectUri) : null;
  const is = (name: string, value: string) => url?.searchParams.getAll(name).join() === value;
  if (message.method !== "GET" || message.headers.host !== request.host || url?.host !== request.host || url.pathname !== PATH || !is("state", request.state)) {
    show(response, 404, "There is nothing here.");
    return;
  }
  const code = url.searchParams.get("code");
  const issuer = new URL(serverUrl).origin;
  const result: BrowserSignIn = !is("iss", issuer)
    ? { ok: false, message: `Another server than ${issuer} has answered. Set the address in Settings to the one at which people open this server.` }
    : code
      ? { ok: true, code, codeVerifier: request.codeVerifier, redirectUri: request.redirectUri }
      : { ok: false, message: DENIED };
  response.on("close", () => done(result)); // the page was sent, or the browser has left
  show(response, 200, result.ok ? "You are signed in. Close this tab, and go back to Clockwork." : `${result.message} You can close this tab.`);
}

function show(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    Connection: "close",
  });
  response.end(`${sentence}\n`);
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}
