import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";

import { settings } from "./settings";

/** cmd/server on a port that stays the same when it is started again. */
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

  /** Starts it, with other variables than those of the settings where given, and waits until it answers. */
  async start(env: Record<string, string> = {}): Promise<void> {
    const child = spawn(settings.server, { env: { ...settings.env, ...env, PORT: String(this.port) }, stdio: ["ignore", "pipe", "pipe"] });
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

  /** One whole sync, as an event would bring it about. */
  async sync(): Promise<void> {
    // SIGQUIT has Go say where it hangs.
    await promisify(execFile)(settings.server, ["sync"], { env: settings.env, timeout: 30_000, killSignal: "SIGQUIT" });
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, "close");
  return port;
}
