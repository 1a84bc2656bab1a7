/** The page's own address. The scheme has privileges of its own, and no file: page has any. */
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

/** What becomes of a link: followed in the window, given to the browser, or nothing. */
export type Destination = "window" | "browser" | "nowhere";

/**
 * Decides where a link leads. Only an https address on one of the hosts may
 * leave for the browser; "*.example.com" means the hosts below example.com.
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
