import { expect, it } from "vitest";
import { WindowToggle } from "./window-toggle";

it("hides a visible window and shows a hidden one", () => {
  const toggle = new WindowToggle(() => 0);
  expect(toggle.click(true)).toBe("hide");
  expect(toggle.click(false)).toBe("show");
});

it("does not show again what the same click has hidden", () => {
  let now = 1000;
  const toggle = new WindowToggle(() => now);
  toggle.hiddenByBlur();
  now = 1120;
  expect(toggle.click(false)).toBe("stay");
  now = 1400;
  expect(toggle.click(false)).toBe("show");
});
