import type { SafeStorage } from "electron";
import { describe, expect, it, vi } from "vitest";
import { systemKeychain } from "./keychain";

type Backend = ReturnType<SafeStorage["getSelectedStorageBackend"]>;

function safeStorage(backend: Backend, available = true) {
  return {
    getSelectedStorageBackend: vi.fn(() => backend),
    isAsyncEncryptionAvailable: vi.fn(async () => available),
    encryptStringAsync: vi.fn(async (text: string) => Buffer.from(text).reverse()),
    decryptStringAsync: vi.fn(async (data: Buffer) => ({ result: Buffer.from(data).reverse().toString(), shouldReEncrypt: true })),
  };
}

describe("systemKeychain", () => {
  it.each<[string, NodeJS.Platform, Backend, boolean, boolean]>([
    ["linux-with-keyring", "linux", "gnome_libsecret", true, true],
    ["linux-with-wallet", "linux", "kwallet6", true, true],
    ["linux-without-keyring", "linux", "basic_text", true, false],
    ["linux-too-early", "linux", "unknown", true, false],
    ["linux-locked-keyring", "linux", "gnome_libsecret", false, false],
    ["macos", "darwin", "basic_text", true, true],
    ["macos-refused", "darwin", "basic_text", false, false],
    ["windows", "win32", "basic_text", true, true],
  ])("is available or not: %s", async (_name, platform, backend, works, want) => {
    const fake = safeStorage(backend, works);
    expect(await systemKeychain(fake as unknown as SafeStorage, platform).available()).toBe(want);
  });

  it("does not open the keychain to find out whether there is one", () => {
    const fake = safeStorage("gnome_libsecret");
    expect(systemKeychain(fake as unknown as SafeStorage, "darwin").supported()).toBe(true);
    expect(fake.isAsyncEncryptionAvailable).not.toHaveBeenCalled();
  });

  it("reports that a text should be encrypted again", async () => {
    const keychain = systemKeychain(safeStorage("kwallet5") as unknown as SafeStorage, "linux");
    expect(await keychain.decrypt(await keychain.encrypt("text"))).toEqual({ text: "text", stale: true });
  });
});
