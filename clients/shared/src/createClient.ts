import { Client, type ClientOptions } from "./client";
import { LiveStore } from "./store";

/** Lets the client connect. */
export function openStores(client: Client): void {
  client.newStore = (parts) => new LiveStore(parts);
}

export function createClient(options: ClientOptions): Client {
  const client = new Client(options);
  openStores(client);
  return client;
}
