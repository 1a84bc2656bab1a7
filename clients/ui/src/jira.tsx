import type { Client } from "@clockwork/shared";
import { createContext, useContext, useEffect, useState } from "react";

/** The address of the Jira site, such as https://acme.atlassian.net; undefined until it is known. */
const JiraSite = createContext<string | undefined>(undefined);
export const JiraSiteProvider = JiraSite.Provider;

/** Learns the site's address from the first issue that the person sees. */
export function useJiraSite(client: Client, issueKey: string | undefined): string | undefined {
  const [site, setSite] = useState<string>();
  const ask = site === undefined ? issueKey : undefined;
  useEffect(() => {
    if (!ask) return;
    const abort = new AbortController();
    client.issues.get(ask, { signal: abort.signal }).then(
      ({ url }) => setSite(url.slice(0, url.lastIndexOf("/browse/"))),
      () => {}, // keys stay plain text
    );
    return () => abort.abort();
  }, [client, ask]);
  return site;
}

const addressOf = (site: string, key: string): string => `${site}/browse/${encodeURIComponent(key)}`;

/** Opens an issue in Jira. It is for an option of a list, which cannot hold a link. */
export function useOpenInJira(): (key: string) => void {
  const site = useContext(JiraSite);
  return (key) => {
    if (site) window.open(addressOf(site, key), "_blank", "noreferrer");
  };
}

/** An issue's key, which opens the issue in Jira. */
export function IssueKey({ children: key, className }: { children: string; className?: string | undefined }) {
  const site = useContext(JiraSite);
  const href = site && addressOf(site, key);
  return (
    <a className={["issue-key", className].filter(Boolean).join(" ")} href={href} target="_blank" rel="noreferrer">
      {key}
    </a>
  );
}
