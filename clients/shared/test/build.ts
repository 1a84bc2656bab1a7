import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The program of cmd/dev. */
    program: string;
  }
}

const repository = join(import.meta.dirname, "../../..");

/** Builds cmd/dev once for all test files, unless CLOCKWORK_DEV names one; each file starts its own. */
export default function build(project: TestProject): (() => void) | undefined {
  if (process.env["CLOCKWORK_DEV"]) {
    project.provide("program", process.env["CLOCKWORK_DEV"]);
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), "clockwork-"));
  const program = join(folder, "dev");
  execFileSync("go", ["build", "-o", program, "./cmd/dev"], { cwd: repository, stdio: "inherit" });
  project.provide("program", program);
  return () => rmSync(folder, { recursive: true });
}
