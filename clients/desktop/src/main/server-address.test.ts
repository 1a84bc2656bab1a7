import { describe, expect, it } from "vitest";
import { parseServerAddress } from "./server-address";

describe("parseServerAddress", () => {
  it.each([
    ["https", "https://timers.example.com", "https://timers.example.com"],
    ["trailing-slash", " https://timers.example.com/ ", "https://timers.example.com"],
    ["port", "https://timers.example.com:8443", "https://timers.example.com:8443"],
    ["default-port", "https://timers.example.com:443", "https://timers.example.com"],
    ["no-scheme", "timers.example.com", "https://timers.example.com"],
    ["upper-case", "HTTPS://Timers.Example.COM", "https://timers.example.com"],
    ["loopback-name", "http://localhost:3000", "http://localhost:3000"],
    ["loopback-without-scheme", "localhost:3000", "http://localhost:3000"],
    ["loopback-number", "127.0.0.1:3000", "http://127.0.0.1:3000"],
    ["loopback-other-number", "http://127.0.0.9", "http://127.0.0.9"],
    ["loopback-short-number", "http://127.1:3000", "http://127.0.0.1:3000"],
    ["loopback-ipv6", "http://[::1]:3000", "http://[::1]:3000"],
    ["loopback-https", "https://localhost:3000", "https://localhost:3000"],
  ])("accepts %s", (_name, typed, want) => {
    expect(parseServerAddress(typed)).toEqual({ ok: true, serverUrl: want });
  });

  it.each([
    ["empty", "  ", "Enter the address"],
    ["too-long", `https://${"a".repeat(300)}.example.com`, "Enter the address"],
    ["no-address", "https://", "not an address"],
    ["spaces", "my server", "not an address"],
    ["plain-http", "http://timers.example.com", "Use https://"],
    ["looks-like-loopback", "http://127.0.0.1.example.com", "Use https://"],
    ["loopback-as-user", "http://localhost@example.com", "user name"],
    ["local-network", "http://192.168.1.5:3000", "Use https://"],
    ["password", "https://an:secret@timers.example.com", "user name"],
    ["file", "file:///etc/passwd", "begin with https"],
    ["script", "javascript://timers.example.com", "begin with https"],
    ["path", "https://example.com/timers", "without a path"],
    ["query", "https://example.com?x=1", "without a path"],
    ["fragment", "https://example.com#x", "without a path"],
  ])("refuses %s", (_name, typed, want) => {
    const got = parseServerAddress(typed);
    expect(got).toEqual({ ok: false, message: expect.stringContaining(want) });
    expect(JSON.stringify(got)).not.toContain("secret");
  });
});
