import { useState } from "react";

/** The only project that is shown. If the screen has an address, the project is in it, so that a wallboard can show one project. */
export function useProject(): [string | undefined, (project: string | undefined) => void] {
  const [project, setProject] = useState(() => new URLSearchParams(location.search).get("project")?.toUpperCase() || undefined);
  const change = (next: string | undefined): void => {
    setProject(next);
    if (!location.protocol.startsWith("http")) return; // an app, whose screens have no address
    const address = new URL(location.href);
    if (next) address.searchParams.set("project", next);
    else address.searchParams.delete("project");
    history.replaceState(null, "", address);
  };
  return [project, change];
}
