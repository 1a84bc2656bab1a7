import { isOwnPage } from "./navigation-policy";

// Chromium asks before a page uses this machine or the local network. A company's own
// server may be there. The page's policy still limits it to the server that
// is set.
const LOCAL_NETWORK = new Set(["local-network-access", "local-network", "loopback-network"]);

// For "Copy as text".
const WRITE_CLIPBOARD = "clipboard-sanitized-write";

/** Whether the page gets a permission. It may reach a local server and copy a text, nothing else. */
export function permits(permission: string, requestingUrl: string): boolean {
  return (LOCAL_NETWORK.has(permission) || permission === WRITE_CLIPBOARD) && isOwnPage(requestingUrl);
}
