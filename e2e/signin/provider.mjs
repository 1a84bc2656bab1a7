// A real OpenID Connect provider. Whoever signs in as an address has that address;
// with "unverified " before it, the provider does not vouch for it.
import { Provider } from "oidc-provider";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI } = process.env;

const provider = new Provider(ISSUER, {
  clients: [{ client_id: CLIENT_ID, client_secret: CLIENT_SECRET, redirect_uris: [REDIRECT_URI] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["a key that signs cookies of this test"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: "Somebody", email: id.split(" ").at(-1), email_verified: !id.startsWith("unverified ") }),
  }),
});

provider.listen(Number(new URL(ISSUER).port), "127.0.0.1");
