import { describe, expect, it } from "vitest";
import { destination, isOwnPage } from "./navigation-policy";

const HOSTS = ["*.atlassian.net", "jira.example.com"];

describe("destination", () => {
  it.each([
    ["own-page", "app://clockwork/index.html", "window"],
    ["own-page-with-fragment", "app://clockwork/index.html#x", "window"],
    ["jira-site", "https://acme.atlassian.net/browse/ABC-7", "browser"],
    ["named-host", "https://jira.example.com/browse/ABC-7", "browser"],
    ["own-scheme-other-host", "app://elsewhere/index.html", "nowhere"],
    ["own-scheme-with-user", "app://clockwork@elsewhere/index.html", "nowhere"],
    ["own-scheme-user-is-host", "app://x:y@clockwork/index.html", "nowhere"],
    ["plain-http", "http://acme.atlassian.net/browse/ABC-7", "nowhere"],
    ["other-host", "https://example.com/", "nowhere"],
    ["host-as-prefix", "https://acme.atlassian.net.example.com/", "nowhere"],
    ["host-without-dot", "https://evilatlassian.net/", "nowhere"],
    ["bare-parent-host", "https://atlassian.net/", "nowhere"],
    ["below-named-host", "https://x.jira.example.com/", "nowhere"],
    ["host-as-user", "https://acme.atlassian.net@example.com/", "nowhere"],
    ["with-password", "https://a:b@acme.atlassian.net/", "nowhere"],
    ["other-port", "https://acme.atlassian.net:8443/", "nowhere"],
    ["script", "javascript:alert(1)", "nowhere"],
    ["file", "file:///etc/passwd", "nowhere"],
    ["data", "data:text/html,hi", "nowhere"],
    ["system-handler", "ms-settings:privacy", "nowhere"],
    ["not-an-address", "browse/ABC-7", "nowhere"],
  ])("%s", (_name, address, want) => {
    expect(destination(address, HOSTS)).toBe(want);
  });

  it("opens no host that is not listed", () => {
    expect(destination("https://acme.atlassian.net/", [])).toBe("nowhere");
  });
});

describe("isOwnPage", () => {
  it.each([
    ["origin", "app://clockwork", true],
    ["upper-case-scheme", "APP://clockwork/", true],
    ["null-origin", "null", false],
    ["empty", "", false],
    ["blank", "about:blank", false],
    ["blob", "blob:app://clockwork/1", false],
  ])("%s", (_name, address, want) => {
    expect(isOwnPage(address)).toBe(want);
  });
});
