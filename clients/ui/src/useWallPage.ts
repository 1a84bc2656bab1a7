import { useEffect, useLayoutEffect, useState, type RefObject } from "react";

/** Milliseconds that a page is shown. */
const pageTime = 15_000;

export interface WallPage<T> {
  readonly columns: 1 | 2 | 3;
  readonly page: number;
  readonly pages: number;
  readonly shown: readonly T[];
}

/** Few people are shown larger. A narrow screen has one column. */
export function columnsFor(count: number, width: number, height: number): 1 | 2 | 3 {
  if (width < 900 || width < height) return 1;
  return count <= 5 ? 1 : count <= 16 ? 2 : 3;
}

/** The rows that fit on the wall now. */
export function useWallPage<T>(list: RefObject<HTMLElement | null>, rows: readonly T[]): WallPage<T> {
  const [page, setPage] = useState(0);
  const [size, setSize] = useState({ width: innerWidth, height: innerHeight });
  const [fit, setFit] = useState(1000);
  const columns = columnsFor(rows.length, size.width, size.height);

  useEffect(() => {
    const look = (): void => setSize({ width: innerWidth, height: innerHeight });
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: columns and size change the height of a row
  useLayoutEffect(() => {
    const element = list.current;
    const row = element?.firstElementChild;
    if (!element || !row) return;
    setFit(Math.max(1, Math.floor(element.clientHeight / row.getBoundingClientRect().height)) * columns);
  }, [list, columns, size, rows.length === 0]);

  const pages = Math.max(1, Math.ceil(rows.length / fit));
  useEffect(() => {
    if (pages === 1) return;
    const timer = setInterval(() => setPage((now) => now + 1), pageTime);
    return () => clearInterval(timer);
  }, [pages]);
  const now = page % pages;
  return { columns, page: now, pages, shown: rows.slice(now * fit, (now + 1) * fit) };
}
