import { useEffect, useRef, type RefObject } from "react";

/** Where nothing has the focus at first, or what had it is taken away, a place that is always there gets it. */
export function useFocusRescue(place: RefObject<HTMLElement | null>): void {
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
    place.current?.focus({ preventScroll: true }); // who reads further down stays there
  });
}
