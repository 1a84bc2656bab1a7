import { useEffect, useState } from "react";

export interface Sandbox {
  readonly password: string;
  readonly people: readonly { readonly username: string; readonly displayName: string }[];
}

/** The people of a development server, which only this computer can reach. Other servers have none. */
export function useSandbox(): Sandbox | undefined {
  const [sandbox, setSandbox] = useState<Sandbox>();
  useEffect(() => {
    if (!/^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname)) return;
    fetch("/_sandbox/people", { credentials: "omit" })
      .then((answer) => answer.json())
      .then((body) => Array.isArray(body.people) && setSandbox(body)) // else it is an error
      .catch(() => {});
  }, []);
  return sandbox;
}
