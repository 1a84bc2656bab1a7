import { useLayoutEffect, useState, type RefObject } from "react";

export interface Range {
  readonly first: number;
  /** The one after the last. */
  readonly end: number;
}

/** Rows above and below the visible ones, so that Tab and a quick scroll find them. */
const spare = 12;

/** The rows to draw of a list whose top is at a place of the window, in pixels. */
export function rangeAt(top: number, rowHeight: number, windowHeight: number, count: number): Range {
  if (!(rowHeight > 0)) return { first: 0, end: Math.min(count, 2 * spare) };
  const seen = Math.floor(-top / rowHeight);
  const first = Math.min(Math.max(0, seen - spare), Math.max(0, count - 1));
  return { first, end: Math.max(first, Math.min(count, seen + Math.ceil(windowHeight / rowHeight) + spare)) };
}

/** The rows of a long list that are near the window. The list is as high as all rows, which are equally high. */
export function useWindowed(list: RefObject<HTMLElement | null>, count: number): Range {
  const [range, setRange] = useState<Range>({ first: 0, end: Math.min(count, 2 * spare) });
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const look = (): void => {
      const { top, height } = element.getBoundingClientRect();
      const next = rangeAt(top, height / count, innerHeight, count);
      setRange((now) => (now.first === next.first && now.end === next.end ? now : next));
    };
    look();
    const abort = new AbortController();
    const options = { capture: true, passive: true, signal: abort.signal };
    document.addEventListener("scroll", look, options); // of any element around
    addEventListener("resize", look, options);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => {
      abort.abort();
      observer.disconnect();
    };
  }, [list, count]);
  return { first: Math.min(range.first, count), end: Math.min(range.end, count) };
}
