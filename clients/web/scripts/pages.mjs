import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** The paths of all HTML files of an export. */
export async function pages(out) {
  const names = await readdir(out, { recursive: true });
  return names.filter((name) => name.endsWith(".html")).map((name) => join(out, name));
}
