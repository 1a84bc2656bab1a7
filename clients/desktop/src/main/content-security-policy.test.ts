import { describe, expect, it } from "vitest";
import { contentSecurityPolicy } from "./content-security-policy";

function directives(serverUrl: string): Map<string, string> {
  const pairs = contentSecurityPolicy(serverUrl)
    .split("; ")
    .map((directive): [string, string] => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources.join(" ")];
    });
  return new Map(pairs);
}

describe("contentSecurityPolicy", () => {
  it("lets the page reach only its server", () => {
    expect(directives("https://timers.example.com").get("connect-src")).toBe(
      "https://timers.example.com wss://timers.example.com",
    );
    expect(directives("http://127.0.0.1:3000").get("connect-src")).toBe("http://127.0.0.1:3000 ws://127.0.0.1:3000");
  });

  it("allows scripts and styles of the app's files only", () => {
    const got = directives("https://timers.example.com");
    expect(got.get("default-src")).toBe("'none'");
    expect(got.get("script-src")).toBe("'self'");
    expect(got.get("style-src")).toBe("'self'");
    expect(contentSecurityPolicy("https://timers.example.com")).not.toMatch(/unsafe|\*|blob:|https:(?!\/\/)/);
  });

  it("does not let an address add a directive", () => {
    const got = directives("https://timers.example.com/;script-src *");
    expect(got.get("script-src")).toBe("'self'");
    expect(got.get("connect-src")).toBe("https://timers.example.com wss://timers.example.com");
  });
});
