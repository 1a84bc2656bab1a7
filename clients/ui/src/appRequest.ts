/**
 * The page on which an app asks to sign in, if that page sent the person here to log in first. No other address is
 * opened: a link to the login page must not lead to an address of its author's choice.
 */
export function appRequest(): string | undefined {
  const next = new URLSearchParams(location.search).get("next");
  return next?.startsWith("/api/auth/authorize?") ? next : undefined;
}

/** The page to open after a sign-in with a provider: that one, or else the screen and day that the person was on. */
export function afterSignIn(): string {
  return appRequest() ?? location.pathname + location.search;
}
