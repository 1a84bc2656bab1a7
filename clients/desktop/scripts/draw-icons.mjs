// Draws every icon into resources/: `node scripts/draw-icons.mjs`. The results
// are committed, so that a build needs no drawing tool.
import { mkdirSync, writeFileSync } from "node:fs";
import { encodeICNS, encodePNG } from "./png.mjs";

/** Samples for each pixel, along one side. */
const SAMPLES = 6;

const BLACK = [0, 0, 0];
const GRAPHITE = [125, 135, 131];
const GREEN = [30, 140, 122];
const AMBER = [201, 138, 29];
const FIELD = [10, 91, 80];
const PAPER = [243, 248, 245];

// Shapes answer whether a point is inside. Tray icons are drawn on 16 by 16
// units, the app's icon on 1024 by 1024, both from the top left.
const disc = (cx, cy, r) => (x, y) => Math.hypot(x - cx, y - cy) <= r;
const ring = (cx, cy, r, width) => (x, y) => Math.abs(Math.hypot(x - cx, y - cy) - r) <= width / 2;
const union = (...shapes) => (x, y) => shapes.some((shape) => shape(x, y));
const without = (shape, hole) => (x, y) => shape(x, y) && !hole(x, y);

function line(x1, y1, x2, y2, width) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  return (x, y) => {
    const t = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
    return Math.hypot(x - x1 - t * dx, y - y1 - t * dy) <= width / 2;
  };
}

function roundedSquare(from, to, radius) {
  return (x, y) => {
    const dx = Math.max(from + radius - x, 0, x - (to - radius));
    const dy = Math.max(from + radius - y, 0, y - (to - radius));
    return Math.hypot(dx, dy) <= radius;
  };
}

const hands = (width) => union(line(8, 8, 8, 4.4, width), line(8, 8, 10.6, 9.5, width));
const idle = union(ring(8, 8, 6.1, 1.5), hands(1.5));
const tray = {
  idle: [idle, GRAPHITE],
  running: [without(disc(8, 8, 6.9), hands(1.7)), GREEN],
  offline: [union(without(idle, line(2, 14.4, 14.4, 2, 3.6)), line(2.2, 13.8, 13.8, 2.2, 1.5)), AMBER],
};

/** Renders layers, the first at the bottom, to a square PNG. */
function render(pixels, units, layers) {
  const rgba = Buffer.alloc(pixels * pixels * 4);
  for (let py = 0; py < pixels; py++) {
    for (let px = 0; px < pixels; px++) rgba.set(pixel(px, py, units / pixels, layers), (py * pixels + px) * 4);
  }
  return encodePNG(pixels, rgba);
}

function pixel(px, py, unit, layers) {
  let [red, green, blue, covered] = [0, 0, 0, 0];
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const x = (px + ((i % SAMPLES) + 0.5) / SAMPLES) * unit;
    const y = (py + (Math.floor(i / SAMPLES) + 0.5) / SAMPLES) * unit;
    const top = layers.findLast(([shape]) => shape(x, y));
    if (top === undefined) continue;
    covered++;
    red += top[1][0];
    green += top[1][1];
    blue += top[1][2];
  }
  if (covered === 0) return [0, 0, 0, 0];
  return [red / covered, green / covered, blue / covered, (covered / SAMPLES ** 2) * 255].map(Math.round);
}

// macOS leaves a margin of 100 units around an app's icon.
const app = [
  [roundedSquare(100, 924, 186), FIELD],
  [ring(512, 512, 262, 60), PAPER],
  [union(line(512, 512, 512, 352, 60), line(512, 512, 626, 580, 60)), PAPER],
];

const folder = new URL("../resources/", import.meta.url);
mkdirSync(new URL("tray/", folder), { recursive: true });
for (const [name, [shape, colour]] of Object.entries(tray)) {
  for (const [suffix, pixels] of [["", 16], ["@2x", 32]]) {
    writeFileSync(new URL(`tray/${name}${suffix}.png`, folder), render(pixels, 16, [[shape, colour]]));
    writeFileSync(new URL(`tray/${name}Template${suffix}.png`, folder), render(pixels, 16, [[shape, BLACK]]));
  }
}
const sizes = Object.fromEntries([32, 64, 128, 256, 512, 1024].map((pixels) => [pixels, render(pixels, 1024, app)]));
writeFileSync(new URL("icon.png", folder), sizes[1024]);
const icns = { ic11: 32, ic12: 64, ic07: 128, ic13: 256, ic08: 256, ic14: 512, ic09: 512, ic10: 1024 };
writeFileSync(
  new URL("icon.icns", folder),
  encodeICNS(Object.fromEntries(Object.entries(icns).map(([type, pixels]) => [type, sizes[pixels]]))),
);
