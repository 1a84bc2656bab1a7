import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

import { pages } from "./pages.mjs";

const inlineScript = /<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g;

/** The policy for a page: its own files, and the inline scripts that it has now. */
export function policyFor(html) {
  const hashes = [...html.matchAll(inlineScript)].map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  return [
    "default-src 'none'",
    `script-src 'self' ${[...new Set(hashes)].join(" ")}`.trimEnd(),
    "style-src 'self'",
    "connect-src 'self'", // in today's browsers the WebSocket of the same origin too
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join("; ");
}

/** Writes a policy into each page, before anything that it must apply to. */
export async function addPolicies(out) {
  for (const page of await pages(out)) {
    const html = await readFile(page, "utf8");
    if (/<style|\sstyle="/.test(html)) throw new Error(`${page} has inline styles, which the policy forbids`);
    const meta = `<meta http-equiv="Content-Security-Policy" content="${policyFor(html)}"/>`;
    const charset = /<meta charSet="utf-8"\/>/i;
    if (!charset.test(html)) throw new Error(`${page} does not begin as expected`);
    await writeFile(page, html.replace(charset, (found) => found + meta));
  }
}
