import type { MouseEvent } from "react";

/** Passes over the later clicks of a double click: what they hit may have come there only with the first. */
export function firstClick(act: () => void): (event: MouseEvent) => void {
  return (event) => {
    if (event.detail <= 1) act();
  };
}
