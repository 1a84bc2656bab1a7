import { describe, expect, it } from "vitest";
import { movedPosition, windowPosition } from "./window-position";

const SIZE = { width: 380, height: 560 };
const SCREEN = { x: 0, y: 25, width: 1440, height: 875 };
const SECOND = { x: 1440, y: 0, width: 1920, height: 1080 };

describe("windowPosition", () => {
  it.each([
    ["below-a-tray-at-the-top", { x: 1000, y: 0, width: 30, height: 24 }, null, [SCREEN], { x: 825, y: 31 }],
    ["inside-the-right-edge", { x: 1400, y: 0, width: 30, height: 24 }, null, [SCREEN], { x: 1054, y: 31 }],
    ["inside-the-left-edge", { x: 5, y: 0, width: 30, height: 24 }, null, [SCREEN], { x: 6, y: 31 }],
    ["above-a-tray-at-the-bottom", { x: 1000, y: 880, width: 30, height: 40 }, null, [{ x: 0, y: 0, width: 1440, height: 860 }], { x: 825, y: 294 }],
    ["corner-without-a-tray", null, null, [SCREEN], { x: 1054, y: 31 }],
    ["corner-for-a-tray-without-a-place", { x: 0, y: 0, width: 0, height: 0 }, null, [SCREEN], { x: 1054, y: 31 }],
    ["where-it-was-left", null, { x: 200, y: 100 }, [SCREEN], { x: 200, y: 100 }],
    ["where-it-was-left-on-the-second-screen", null, { x: 2000, y: 100 }, [SCREEN, SECOND], { x: 2000, y: 100 }],
    ["back-when-its-screen-is-gone", null, { x: 2000, y: 100 }, [SCREEN], { x: 1054, y: 31 }],
    ["whole-when-left-half-outside", null, { x: -100, y: 500 }, [SCREEN], { x: 6, y: 334 }],
    ["anywhere-without-a-screen", null, { x: 200, y: 100 }, [], { x: 0, y: 0 }],
  ])("%s", (_name, tray, remembered, areas, want) => {
    expect(windowPosition(SIZE, tray, remembered, areas)).toEqual(want);
  });
});

describe("movedPosition", () => {
  it.each([
    ["moved", { x: 500, y: 300 }, { x: 500, y: 300 }],
    ["moved-down-only", { x: 825, y: 300 }, { x: 825, y: 300 }],
    ["put-back", { x: 830, y: 40 }, null],
  ])("%s", (_name, left, want) => {
    expect(movedPosition(left, { x: 825, y: 31 })).toEqual(want);
  });
});
