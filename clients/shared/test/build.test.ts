import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import openapi, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

const src = join(import.meta.dirname, "../src");

/** The gzipped bytes that a page loads for an import. */
async function weight(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: src, loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    external: ["react", "react/jsx-runtime"],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

test("the client is small", async () => {
  const all = await weight('export { createClient } from "./index"; export * from "./react/index";');
  const client = await weight('export { createClient } from "./index";');
  const error = await weight('export { ClientError } from "./index";');
  console.log(`gzipped: the client ${client} bytes, with the hooks ${all}; ClientError alone ${error}`);
  expect(all).toBeLessThan(12 * 1024);
  expect(error).toBeLessThan(512); // unused code is left out
});

test("the types match openapi.yaml (if not, run npm run generate)", async () => {
  const document = new URL("../../../public/openapi.yaml", import.meta.url);
  const text = astToString(await openapi(document, { immutable: true, silent: true }));
  const committed = await readFile(join(src, "api.gen.ts"), "utf8");
  expect(committed.endsWith(text)).toBe(true);
});

test("nothing but react is imported", async () => {
  const { metafile } = await build({ entryPoints: [join(src, "index.ts"), join(src, "react/index.ts")], bundle: true, write: false, metafile: true, outdir: "out", external: ["react", "react/jsx-runtime"] });
  const outside = Object.values(metafile.inputs).flatMap((i) => i.imports.filter((x) => x.external).map((x) => x.path));
  expect([...new Set(outside)].sort()).toEqual(["react", "react/jsx-runtime"]);
  expect(Object.keys(metafile.inputs).filter((path) => path.includes("node_modules"))).toEqual([]);
});
