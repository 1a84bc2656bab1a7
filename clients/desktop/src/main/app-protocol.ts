import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { contentSecurityPolicy } from "./content-security-policy";
import { isOwnPage } from "./navigation-policy";

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/**
 * Answers requests for the app's own pages from a folder, with the policy for the server that is currently set. It
 * serves plain file names only, so no path can leave the folder.
 */
export function serveFolder(folder: string, serverUrl: () => string): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== "GET") return refuse(405);
    const name = isOwnPage(request.url) ? fileName(new URL(request.url).pathname) : null;
    const type = name === null ? undefined : CONTENT_TYPES[extname(name)];
    if (name === null || type === undefined) return refuse(404);
    try {
      const body = await readFile(join(folder, name));
      return new Response(new Uint8Array(body), { headers: headers(type, serverUrl()) });
    } catch {
      return refuse(404);
    }
  };
}

// Vite names its files "assets/index-Ab12_-x.js"; nothing else is needed.
function fileName(pathname: string): string | null {
  return /^\/(?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)+$/.test(pathname) ? pathname.slice(1) : null;
}

function headers(type: string, serverUrl: string): Record<string, string> {
  return {
    "Content-Type": type,
    "Content-Security-Policy": contentSecurityPolicy(serverUrl),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
  };
}

function refuse(status: number): Response {
  return new Response(null, { status });
}
