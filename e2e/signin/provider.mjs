// A real OpenID Connect provider. Anybody can sign in with any address. With
// "unverified " before it, the provider says that the address is not verified.
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
