// Fills public/app, which Vercel serves, as vercel.json's buildCommand. A
// deployment gets the web app. "vercel dev" runs this at each start, and
// installs nothing before: it gets the plain page, or the app that is there.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

if (process.env.NODE_ENV === "development") {
  mkdirSync(here("app"), { recursive: true });
  const built = existsSync(here("app/_next"));
  for (const name of built ? ["openapi.yaml", "reference.html"] : ["index.html", "openapi.yaml", "reference.html"]) {
    copyFileSync(here(name), here(`app/${name}`));
  }
} else {
  const built = spawnSync("npm", ["run", "build", "--workspace", "web"], { cwd: here("../clients"), stdio: "inherit", shell: process.platform === "win32" });
  process.exitCode = built.status ?? 1;
}
