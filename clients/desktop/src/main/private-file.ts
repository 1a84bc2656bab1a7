import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** A larger file is not ours. */
const MAX_BYTES = 64 * 1024;

/** One small file that only its owner may read, replaced whole or not at all. */
export class PrivateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Answers null if the file is missing or too large to be ours. */
  async read(): Promise<Buffer | null> {
    try {
      if ((await stat(this.path)).size > MAX_BYTES) return null;
      return await readFile(this.path);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  async write(data: Buffer | string): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const draft = `${this.path}.new`;
    // A draft left by a crash may have other rights: they are set at creation only.
    await rm(draft, { force: true });
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.path);
  }

  async remove(): Promise<void> {
    await rm(this.path, { force: true });
    await rm(`${this.path}.new`, { force: true });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
