import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** A larger file was not written by this program. */
const MAX_BYTES = 64 * 1024;

/** A small file that only its owner may read. It is replaced atomically. */
export class PrivateFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Resolves to null if the file is missing or too large. */
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
    // A draft left by a crash may have other permissions, because they are set only
    // when a file is created.
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
