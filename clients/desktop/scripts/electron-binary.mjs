import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * The path of Electron's program, or null if it is not downloaded. This does not load the package's main module,
 * which would start the download.
 */
export function electronBinary() {
  const folder = dirname(createRequire(import.meta.url).resolve("electron/package.json"));
  const pathFile = join(folder, "path.txt");
  if (!existsSync(pathFile)) return null;
  const dist = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, "dist");
  const binary = join(dist, readFileSync(pathFile, "utf8").trim());
  return existsSync(binary) ? binary : null;
}
