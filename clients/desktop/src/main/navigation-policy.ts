/** The scheme of the page's address. It has the privileges that the page needs; file: pages have none. */
export const APP_SCHEME = "app";
export const APP_HOST = "clockwork";
export const APP_URL = `${APP_SCHEME}://${APP_HOST}/index.html`;

/** The page's origin, as the server sees it. Node's URL answers "null" for this scheme. */
export const APP_ORIGIN = `${APP_SCHEME}://${APP_HOST}`;

/** Whether the address is one of the app's own pages. */
export function isOwnPage(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === `${APP_SCHEME}:` && url.host === APP_HOST && url.username === "" && url.password === "";
}

/** What happens to a link: the window follows it, the browser opens it, or nothing. */
export type Destination = "window" | "browser" | "nowhere";

/**
 * Decides what happens to a link. The browser opens only https addresses on one of the hosts. "*.example.com"
 * means all hosts below example.com.
 */
export function destination(address: string, hosts: readonly string[]): Destination {
  if (isOwnPage(address)) return "window";
  if (!URL.canParse(address)) return "nowhere";
  const url = new URL(address);
  const plain = url.protocol === "https:" && url.username === "" && url.password === "" && url.port === "";
  return plain && hosts.some((pattern) => matches(url.hostname, pattern)) ? "browser" : "nowhere";
}

function matches(hostname: string, pattern: string): boolean {
  return pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}
