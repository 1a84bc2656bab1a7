import { onTestFinished } from "vitest";
import type { ClientOptions } from "../src/index";
import type { DevServer } from "./devserver";
import { connect, type Person } from "./person";

/** Connects a person. The store is closed after the test. */
export async function join(server: DevServer, username: string, options: Partial<ClientOptions> = {}): Promise<Person> {
  const person = await connect(server, username, options);
  onTestFinished(() => person.store.close());
  return person;
}
