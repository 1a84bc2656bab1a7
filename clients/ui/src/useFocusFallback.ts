import { useEffect, useRef, type RefObject } from "react";

/** Focuses place if nothing has the focus at first, or if the focused element is removed. */
export function useFocusFallback(place: RefObject<HTMLElement | null>): void {
  const last = useRef<EventTarget>(null);
  useEffect(() => {
    const remember = (event: FocusEvent): void => {
      last.current = event.target;
    };
    document.addEventListener("focusin", remember);
    return () => document.removeEventListener("focusin", remember);
  }, []);
  useEffect(() => {
    if (document.activeElement !== document.body || (last.current instanceof Element && last.current.isConnected)) return;
    place.current?.focus({ preventScroll: true }); // do not scroll a person who reads further down
  });
}
