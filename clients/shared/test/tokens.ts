import { createHmac } from "node:crypto";
import { signingKey } from "./devserver";

/** A bearer token of the server's own kind for a user, which ends so many seconds from now. */
export function tokenFor(userId: string, seconds: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "clockwork", sub: userId, aud: ["clockwork-api"], iat: now - 60, exp: now + seconds, account_id: userId };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${createHmac("sha256", signingKey).update(text).digest("base64url")}`;
}
