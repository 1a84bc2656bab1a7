/**
 * A click on the tray icon first takes the focus from the window, so the window has hidden itself before the click
 * arrives. If it hid less than this many milliseconds ago, that click hid it.
 */
const SAME_CLICK = 250;

/** Decides what a click on the tray icon does with the window. */
export class WindowToggle {
  private readonly now: () => number;
  private blurredAt = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.now = now;
  }

  /** The window has hidden itself because it lost the focus. */
  hiddenByBlur(): void {
    this.blurredAt = this.now();
  }

  click(visible: boolean): "show" | "hide" | "stay" {
    if (visible) return "hide";
    return this.now() - this.blurredAt < SAME_CLICK ? "stay" : "show";
  }
}
