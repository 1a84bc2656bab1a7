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
    const on = (target: EventTarget, type: string, occasion: () => Occasion | undefined) =>
      target.addEventListener(
        type,
        () => {
          const what = occasion();
          if (what) listener(what);
        },
        { signal: abort.signal },
      );
    on(window, "online", () => "online");
    on(window, "offline", () => "offline");
    on(window, "pageshow", () => "visible");
    on(document, "visibilitychange", () => (document.visibilityState === "visible" ? "visible" : undefined));
    return () => abort.abort();
  },
};
