export type NetworkEvent = "online" | "offline" | "visible";

export interface Environment {
  /** false if the machine reports that it has no network; it may be wrong. */
  isOnline(): boolean;
  /** In a hidden page timers are late. */
  isHidden(): boolean;
  watch(listener: (event: NetworkEvent) => void): () => void;
}

/** The browser's. Outside a browser nothing is ever reported. */
export const browserEnvironment: Environment = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  isHidden: () => globalThis.document?.visibilityState === "hidden",
  watch(listener) {
    if (typeof window === "undefined") return () => {};
    const abort = new AbortController();
    const { signal } = abort;
    window.addEventListener("online", () => listener("online"), { signal });
    window.addEventListener("offline", () => listener("offline"), { signal });
    // A page restored from the back/forward cache.
    window.addEventListener("pageshow", (e) => e.persisted && listener("visible"), { signal });
    document.addEventListener("visibilitychange", () => this.isHidden() || listener("visible"), { signal });
    return () => abort.abort();
  },
};
