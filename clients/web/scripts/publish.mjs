import { cp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Documents of the API that are served beside the pages. */
const documents = ["openapi.yaml", "reference.html"];

/** Replaces the export that the server embeds. */
export async function publish(out, publicFolder) {
  const app = join(publicFolder, "app");
  await mkdir(app, { recursive: true });
  for (const name of await readdir(app)) {
    if (name !== ".gitignore") await rm(join(app, name), { recursive: true });
  }
  await writeFile(join(app, ".gitignore"), "*\n!.gitignore\n");
  await cp(out, app, { recursive: true });
  for (const name of documents) {
    const from = join(publicFolder, name);
    if (await stat(from).catch(() => null)) await cp(from, join(app, name));
  }
}
