import { createHmac } from "node:crypto";
import { signingKey } from "./devserver";

/** An access token for a user, as the server signs it, which expires after that many seconds. */
export function tokenFor(userId: string, seconds: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "clockwork", sub: userId, aud: ["clockwork-api"], iat: now - 60, exp: now + seconds, account_id: userId };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${createHmac("sha256", signingKey).update(text).digest("base64url")}`;
}
