/** What the machine does that a connection should know. */
export type Occasion = "online" | "offline" | "visible";

export interface Surroundings {
  /** false where the machine says that it has no network; it may be wrong. */
  isOnline(): boolean;
  /** Timers are late in a hidden page. */
  isHidden(): boolean;
  watch(listener: (occasion: Occasion) => void): () => void;
}

/** The browser's; elsewhere nothing ever happens. */
export const browserSurroundings: Surroundings = {
  isOnline: () => globalThis.navigator?.onLine !== false,
  isHidden: () => globalThis.document?.visibilityState === "hidden",
  watch(listener) {
    if (typeof window === "undefined") return () => {};
    const abort = new AbortController();
    const { signal } = abort;
    window.addEventListener("online", () => listener("online"), { signal });
    window.addEventListener("offline", () => listener("offline"), { signal });
    // A page that comes back from the browser's cache.
    window.addEventListener("pageshow", (e) => e.persisted && listener("visible"), { signal });
    document.addEventListener("visibilitychange", () => this.isHidden() || listener("visible"), { signal });
    return () => abort.abort();
  },
};
