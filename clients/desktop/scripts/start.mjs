// Runs the built app in Electron, or says how to get it.
import { spawn } from "node:child_process";
import { electronBinary } from "./electron-binary.mjs";

const binary = electronBinary();
if (binary === null) {
  console.error("Electron is not downloaded yet. Run `npx install-electron` in clients/ (it needs Node 22.12 or later), then `npm start` again.");
  process.exit(1);
}
const child = spawn(binary, [".", ...process.argv.slice(2)], { cwd: new URL("..", import.meta.url), stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));
