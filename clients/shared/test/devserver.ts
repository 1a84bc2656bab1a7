import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { inject, vi } from "vitest";
import { clientOf, password } from "./person";

/** The key of all tokens, so that tests can make some of their own. */
export const signingKey = "a-signing-key-of-thirty-two-bytes";

/** A running cmd/dev. */
export class DevServer {
  private process: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly environment: Record<string, string>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async start(environment: Record<string, string> = {}): Promise<DevServer> {
    const server = new DevServer(await freePort(), { JWT_SECRET: signingKey, LOG_LEVEL: "error", ...environment });
    await server.start();
    await server.synced();
    return server;
  }

  /** Waits for the first sync, and requests it again if it failed because the machine paused. */
  private async synced(): Promise<void> {
    const client = clientOf(this);
    await client.login("priya", password);
    const look = async () => {
      if ((await client.timers.list()).timers.length > 0) return;
      await client.timers.sync();
      throw new Error("a person's timer is missing");
    };
    await vi.waitFor(look, { timeout: 30_000, interval: 200 });
  }

  /** Starts it on the same port as before, and waits for its start screen. */
  async start(): Promise<void> {
    const { PATH = "", HOME = "" } = process.env;
    const child = spawn(inject("program"), ["--port", String(this.port)], { env: { PATH, HOME, ...this.environment }, stdio: ["ignore", "pipe", "inherit"] });
    this.process = child;
    let screen = "";
    await new Promise<void>((resolve, reject) => {
      child.stdout!.setEncoding("utf8").on("data", (text: string) => {
        screen += text;
        if (screen.includes("Ctrl-C")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`dev ended with ${code}`)));
    });
    if (!screen.includes(`: ${this.url} `)) throw new Error(`dev took another port than ${this.port}`);
  }

  /** Kills it, as in a crash. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Stops it as a deployment does: its clients get a close frame. */
  async stop(): Promise<void> {
    await this.end("SIGTERM");
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners("exit");
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Calls the sandbox's control handler, which acts in Clockwork itself. */
  async control<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/_sandbox/control${path}`, {
      method,
      ...(body !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** The Clockwork API token of an account. */
  async clockworkToken(account: string): Promise<string> {
    const { clockworkTokens } = await this.control<{ clockworkTokens: Record<string, string> }>("GET", "/credentials");
    return clockworkTokens[account]!;
  }
}

/**
 * Finds a free port. A port that the system chooses could be given to an outgoing connection while the server is
 * down.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    const listener = createServer();
    const free = await new Promise<boolean>((tell) => listener.once("error", () => tell(false)).listen(port, "127.0.0.1", () => tell(true)));
    if (!free) continue;
    listener.close();
    await once(listener, "close");
    return port;
  }
}
