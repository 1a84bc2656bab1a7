import type { NextConfig } from "next";
import { PHASE_DEVELOPMENT_SERVER } from "next/constants.js";

const api = process.env.CLOCKWORK_API ?? "http://127.0.0.1:3000";

/**
 * The export has no server of its own, so rewrites are for development only: they pass the API's routes to a
 * running cmd/dev. Start that with CORS_ALLOWED_ORIGINS=http://localhost:3001 to use its WebSocket too; without it
 * the page uses the event stream.
 */
export default function config(phase: string): NextConfig {
  const shared: NextConfig = {
    reactStrictMode: true,
    transpilePackages: ["@clockwork/shared", "@clockwork/ui"],
    images: { unoptimized: true },
  };
  if (phase !== PHASE_DEVELOPMENT_SERVER) return { ...shared, output: "export" };
  return {
    ...shared,
    allowedDevOrigins: ["127.0.0.1"],
    compress: false, // compression would delay the stream's events
    rewrites: async () => ["/api/:path*", "/login", "/timers", "/ws"].map((source) => ({ source, destination: api + source })),
  };
}
