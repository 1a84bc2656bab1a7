import { onTestFinished } from "vitest";
import type { ClientOptions } from "../src/index";
import type { DevServer } from "./devserver";
import { connect, type Person } from "./person";

/** connect, closed when the test is over. */
export async function join(server: DevServer, username: string, options: Partial<ClientOptions> = {}): Promise<Person> {
  const person = await connect(server, username, options);
  onTestFinished(() => person.store.close());
  return person;
}
