import type { Client } from "@clockwork/shared";

/** Rejects with a ClientError where the Clockwork API token is not that account's. */
export async function validateToken(client: Client, accountId: string, token: string): Promise<void> {
  await client.http.json({
    method: "POST",
    path: "/api/settings/validate",
    token: client.session?.token,
    body: { accountId, clockworkApiToken: token },
  });
}
