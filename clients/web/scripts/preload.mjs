import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { pages } from "./pages.mjs";

/** Preloads the font of Latin letters, so that it loads before the styles are read. */
export async function preloadFont(out) {
  const files = await readdir(join(out, "_next/static/media"));
  const font = files.find((name) => /latin-wght-normal.*\.woff2$/.test(name) && !name.includes("-ext-"));
  if (!font) throw new Error("the export has no font of Latin letters");
  const link = `<link rel="preload" as="font" type="font/woff2" crossorigin="" href="/_next/static/media/${font}"/>`;
  for (const page of await pages(out)) {
    const html = await readFile(page, "utf8");
    await writeFile(page, html.replace("</head>", () => `${link}</head>`));
  }
}
