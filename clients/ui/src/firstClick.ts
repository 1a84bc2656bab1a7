import type { MouseEvent } from "react";

/** Ignores the second click of a double click, because the first one may have put another button there. */
export function firstClick(act: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.detail <= 1) act();
  };
}
