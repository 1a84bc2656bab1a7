import { expect, it } from "vitest";
import { permits } from "./permissions";

it.each([
  ["local-server", "loopback-network", "app://clockwork/", true],
  ["server-in-the-local-network", "local-network-access", "app://clockwork/index.html", true],
  ["local-server-from-elsewhere", "loopback-network", "https://example.com/", false],
  ["camera", "media", "app://clockwork/", false],
  ["notifications", "notifications", "app://clockwork/", false],
  ["copying-a-text", "clipboard-sanitized-write", "app://clockwork/", true],
  ["copying-from-elsewhere", "clipboard-sanitized-write", "https://example.com/", false],
  ["clipboard", "clipboard-read", "app://clockwork/", false],
  ["outside-programs", "openExternal", "app://clockwork/", false],
  ["unknown", "unknown", "app://clockwork/", false],
])("%s", (_name, permission, url, want) => {
  expect(permits(permission, url)).toBe(want);
});
