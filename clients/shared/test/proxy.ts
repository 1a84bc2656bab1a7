import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A network that can be broken: TCP to a server on this machine. */
export class NetworkProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private frozen = false;
  private refusing = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async to(target: number): Promise<NetworkProxy> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const proxy = new NetworkProxy(server, (server.address() as AddressInfo).port);
    server.on("connection", (near) => proxy.join(near, target));
    return proxy;
  }

  private join(near: Socket, target: number): void {
    if (this.refusing) return void near.destroy();
    const far = connect(target, "127.0.0.1");
    const pair: [Socket, Socket] = [near, far];
    this.pairs.add(pair);
    const end = () => {
      if (this.frozen) return; // even the end of the connection is not passed on
      this.pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    const pass = (from: Socket, to: Socket) =>
      from
        .on("data", (bytes: Buffer) => this.frozen || to.write(bytes))
        .on("error", end)
        .on("close", end)
        .on("end", end);
    pass(near, far);
    pass(far, near);
  }

  /** Connections stay open, but nothing passes any more, as if the cable were out. */
  freeze(): void {
    this.frozen = true;
  }

  /** Closes the frozen connections, and accepts new ones. */
  thaw(): void {
    this.frozen = false;
    this.drop();
  }

  /** Breaks all connections. */
  drop(): void {
    for (const [near, far] of this.pairs) {
      near.destroy();
      far.destroy();
    }
    this.pairs.clear();
  }

  /** Breaks all connections and refuses others. */
  refuse(refusing: boolean): void {
    this.refusing = refusing;
    if (refusing) this.drop();
  }

  async close(): Promise<void> {
    this.frozen = false;
    this.drop();
    this.server.close();
    await once(this.server, "close");
  }
}
