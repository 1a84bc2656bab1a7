import { readFileSync } from "node:fs";

/** A person who can log in. Everybody has the same password. */
export interface Person {
  username: string;
  accountId: string;
  clockworkToken: string;
}

/** What the Go test that starts these tests has prepared. */
export interface Settings {
  chromium: string;
  /** The program cmd/server, with the web app in it. */
  server: string;
  /** Its whole configuration, except PORT. */
  env: Record<string, string>;
  /** The control handler of the stand-in for Clockwork and Jira. */
  control: string;
  password: string;
  people: Record<string, Person>;
  /** The built page of the desktop app. */
  renderer: string;
  /** The origin at which to serve it, which the server allows. */
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
