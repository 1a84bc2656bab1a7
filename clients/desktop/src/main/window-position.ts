import type { Point, Rectangle, Size } from "electron";

/** The gap between the window and the tray or the screen's edge. */
const GAP = 6;

/** A window this close to its usual position counts as not moved. */
const SNAP = 24;

/**
 * The window's position. The person's own position is used if it is still on a screen, else the window opens next to
 * the tray icon, else in the corner of the first work area. Work areas are the screens without their bars, the tray's screen first.
 */
export function windowPosition(size: Size, tray: Rectangle | null, remembered: Point | null, workAreas: Rectangle[]): Point {
  if (remembered !== null) {
    const screen = workAreas.find((area) => contains(area, center(remembered, size)));
    if (screen !== undefined) return clamp(remembered, size, screen);
  }
  return usualPosition(size, tray, workAreas);
}

/** The position to remember, or null if the window is at its usual position. */
export function movedPosition(left: Point, usual: Point): Point | null {
  return Math.abs(left.x - usual.x) <= SNAP && Math.abs(left.y - usual.y) <= SNAP ? null : left;
}

/** The window's position if nobody has moved it. */
export function usualPosition(size: Size, tray: Rectangle | null, workAreas: Rectangle[]): Point {
  const area = workAreas[0];
  if (area === undefined) return { x: 0, y: 0 };
  if (tray === null || tray.width === 0) {
    return clamp({ x: area.x + area.width, y: area.y }, size, area);
  }
  const x = Math.round(tray.x + tray.width / 2 - size.width / 2);
  const below = tray.y + tray.height / 2 < area.y + area.height / 2;
  const y = below ? tray.y + tray.height + GAP : tray.y - size.height - GAP;
  return clamp({ x, y }, size, area);
}

function clamp(at: Point, size: Size, area: Rectangle): Point {
  return {
    x: Math.max(area.x + GAP, Math.min(at.x, area.x + area.width - size.width - GAP)),
    y: Math.max(area.y + GAP, Math.min(at.y, area.y + area.height - size.height - GAP)),
  };
}

function center(at: Point, size: Size): Point {
  return { x: at.x + size.width / 2, y: at.y + size.height / 2 };
}

function contains(area: Rectangle, at: Point): boolean {
  return at.x >= area.x && at.x < area.x + area.width && at.y >= area.y && at.y < area.y + area.height;
}
