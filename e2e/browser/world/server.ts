import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";

import { settings } from "./settings";

/** cmd/server, on a port that stays the same after a restart. */
export class Server {
  readonly url: string;
  private running: ChildProcess | undefined;
  private output = "";

  private constructor(private readonly port: number) {
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Server> {
    const server = new Server(await freePort());
    await server.start();
    await server.sync();
    return server;
  }

  /** Starts the server and waits until it answers. env replaces variables of the settings. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const child = spawn(settings.server, { env: { ...settings.env, PUBLIC_URL: this.url, ...env, PORT: String(this.port) }, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (text: Buffer) => (this.output += text));
    child.stderr.on("data", (text: Buffer) => (this.output += text));
    this.running = child;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.output}`);
      const answer = await fetch(`${this.url}/api/health`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((again) => setTimeout(again, 20));
    }
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.running;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }

  /** Runs one whole sync, and retries it as Inngest would. */
  async sync(tries = 3): Promise<void> {
    // A Go program that gets SIGQUIT prints the stack of each goroutine.
    const once = promisify(execFile)(settings.server, ["sync"], { env: settings.env, timeout: 30_000, killSignal: "SIGQUIT" });
    await once.catch((failure) => {
      if (tries === 1) throw failure;
      return this.sync(tries - 1);
    });
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
