import { readFileSync } from "node:fs";

/** Who can log in; the password is everybody's. */
export interface Person {
  username: string;
  accountId: string;
  clockworkToken: string;
}

/** What the Go test that starts these tests has set up. */
export interface Settings {
  chromium: string;
  /** The program cmd/server, with the web app in it. */
  server: string;
  /** Its whole configuration but PORT. */
  env: Record<string, string>;
  /** The control handler of the stand-in for Clockwork and Jira. */
  control: string;
  password: string;
  people: Record<string, Person>;
  /** The built page of the desktop app. */
  renderer: string;
  /** Where that is to be served; the server lets it in. */
  desktopOrigin: string;
}

const path = process.env["CLOCKWORK_WORLD"];
if (!path) throw new Error("run these tests with: go test ./e2e/browser");
export const settings = JSON.parse(readFileSync(path, "utf8")) as Settings;

export function person(username: string): Person {
  const found = settings.people[username];
  if (!found) throw new Error(`there is no ${username}`);
  return found;
}
