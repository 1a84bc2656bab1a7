import { createHash } from "node:crypto";

import { expect, it } from "vitest";

import { policyFor } from "./policy.mjs";

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

it.each([
  { name: "no-script", html: "<p>script</p>", want: "script-src 'self'" },
  { name: "a-file", html: '<script src="/a.js" async=""></script>', want: "script-src 'self'" },
  { name: "an-inline-script", html: "<script>run(1)</script>", want: `script-src 'self' ${hashOf("run(1)")}` },
  { name: "with-attributes", html: '<script id="_R_">\nrun(2)</script>', want: `script-src 'self' ${hashOf("\nrun(2)")}` },
  { name: "one-script-twice", html: "<script>run(1)</script><script>run(1)</script>", want: `script-src 'self' ${hashOf("run(1)")}` },
])("allows the scripts of a page with $name", ({ html, want }) => {
  expect(policyFor(html).split("; ")).toContain(want);
});

it("never allows inline styles, eval or another origin's scripts", () => {
  const got = policyFor("<script>run(1)</script>");
  expect(got).not.toMatch(/unsafe-|strict-dynamic|script-src[^;]*https?:|\*/);
  expect(got).toContain("default-src 'none'");
});
