import { isOwnPage } from "./navigation-policy";

// Chromium asks before a page talks to this machine or to the local network,
// which is where a company's own server may be. The page's policy still limits
// it to the one server that is set.
const LOCAL_NETWORK = new Set(["local-network-access", "local-network", "loopback-network"]);

// For "Copy as text".
const WRITE_CLIPBOARD = "clipboard-sanitized-write";

/** Whether the page gets a permission: reaching a local server and copying a text, and nothing else. */
export function permits(permission: string, requestingUrl: string): boolean {
  return (LOCAL_NETWORK.has(permission) || permission === WRITE_CLIPBOARD) && isOwnPage(requestingUrl);
}
