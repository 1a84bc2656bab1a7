import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PrivateFile } from "./private-file";

describe("PrivateFile", () => {
  let folder: string;
  let file: PrivateFile;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "clockwork-"));
    file = new PrivateFile(join(folder, "data", "session"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is null before it is written", async () => {
    expect(await file.read()).toBeNull();
  });

  it("reads what was written last", async () => {
    await file.write("one");
    await file.write(Buffer.from("two"));
    expect((await file.read())?.toString()).toBe("two");
  });

  it.skipIf(process.platform === "win32")("is readable for its owner only, even if the file existed before", async () => {
    await file.write("one");
    await writeFile(`${file.path}.new`, "left by a crash", { mode: 0o644 });
    await file.write("two");
    expect((await stat(file.path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "data"))).mode & 0o777).toBe(0o700);
  });

  it("is removed completely, and may be removed twice", async () => {
    await file.write("one");
    await writeFile(`${file.path}.new`, "left by a crash");
    await file.remove();
    await file.remove();
    expect(await readdir(join(folder, "data"))).toEqual([]);
  });

  it("does not read a file that is too large", async () => {
    await file.write("x".repeat(64 * 1024 + 1));
    expect(await file.read()).toBeNull();
  });

  it("rejects if the file cannot be read", async () => {
    await expect(new PrivateFile(folder).read()).rejects.toThrow();
  });
});
