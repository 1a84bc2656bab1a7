const sentences: Record<string, string> = {
  SIGNIN_EXPIRED: "The sign-in took too long, or began in another browser. Try again.",
  SIGNIN_DENIED: "You did not allow the sign-in, or an admin of your Jira site blocks this app. Try again, or ask the admin.",
  EMAIL_NOT_VERIFIED: "The provider has not verified your e-mail address. Verify it there, or sign in another way.",
  NOT_A_MEMBER: "This account does not belong to the Jira site of this server. Sign in with another one, or choose the right site.",
  IDENTITY_CONFLICT: "Your Jira account is bound to another sign-in. Ask the operator of this server.",
  PROVIDER_UNAVAILABLE: "The sign-in provider does not answer. Try again shortly.",
  SESSION_UNAVAILABLE: "Sessions cannot be stored at the moment. Try again shortly.",
};

/** Why a sign-in with a provider failed. The server puts a code into the address, from which it is removed here. */
export function takeSignInReason(): string {
  const url = new URL(location.href);
  const code = url.searchParams.get("signin") ?? "";
  url.searchParams.delete("signin");
  history.replaceState(history.state, "", url);
  return sentences[code] ?? "The sign-in did not succeed. Try again.";
}
