import type { ServerAddress } from "../bridge";

/** Longer than any address a person types. */
const MAX_LENGTH = 300;

/**
 * Checks an address that a person typed, and returns its origin. Plain http is accepted for this machine only,
 * because otherwise others could read the token.
 */
export function parseServerAddress(text: string): ServerAddress {
  const typed = text.trim();
  if (typed === "" || typed.length > MAX_LENGTH) return refuse("Enter the address of your server.");
  const url = toURL(typed);
  if (url === null) return refuse("This is not an address. It looks like https://timers.example.com.");
  if (url.username !== "" || url.password !== "") return refuse("Leave the user name and password out of the address.");
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("The address has to begin with https://.");
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    return refuse("Use https://. Plain http works only for a server on this computer.");
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return refuse("Enter the address alone, without a path.");
  }
  return { ok: true, serverUrl: url.origin };
}

/** Whether the host is this machine: localhost, 127.0.0.0/8 or ::1. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

// "timers.example.com" means https. "localhost:3000" would parse as a scheme of that
// name, so a scheme counts only with its slashes.
function toURL(typed: string): URL | null {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed);
  const bare = hasScheme ? typed : `https://${typed}`;
  if (!URL.canParse(bare)) return null;
  const url = new URL(bare);
  return !hasScheme && isLoopback(url.hostname) ? new URL(`http://${typed}`) : url;
}

function refuse(message: string): ServerAddress {
  return { ok: false, message };
}
