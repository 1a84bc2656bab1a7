import type { NextConfig } from "next";
import { PHASE_DEVELOPMENT_SERVER } from "next/constants.js";

const api = process.env.CLOCKWORK_API ?? "http://127.0.0.1:3000";

/**
 * The export has no server of its own, so rewrites are for development only:
 * there they pass the API's routes on to a running cmd/dev. Start that with
 * CORS_ALLOWED_ORIGINS=http://localhost:3001 to have its WebSocket too; without
 * it the page listens to the stream.
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
    compress: false, // it would hold the stream's events back
    rewrites: async () => ["/api/:path*", "/login", "/timers", "/ws"].map((source) => ({ source, destination: api + source })),
  };
}
