import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Bytes of gzipped JavaScript that the first page may load. */
const limit = 150_000;

/** Prints the size of the first load, and fails if it is too large. */
export async function checkBudget(out, page) {
  const html = await readFile(join(out, page), "utf8");
  const tags = html.match(/<(script|link)\b[^>]*>/g) ?? [];
  const paths = tags
    .filter((tag) => !/\snoModule/i.test(tag)) // for old browsers only
    .map((tag) => /(?:src|href)="([^"?]+\.js)[^"]*"/.exec(tag)?.[1])
    .filter((path) => path !== undefined);
  let total = 0;
  for (const path of new Set(paths)) {
    const size = gzipSync(await readFile(join(out, path)), { level: 9 }).length;
    total += size;
    console.log(`${String(size).padStart(8)}  ${path}`);
  }
  console.log(`${String(total).padStart(8)}  first load JavaScript, gzipped (at most ${limit})`);
  if (total > limit) throw new Error(`the first load is ${total - limit} bytes too large`);
}
