import type { SafeStorage } from "electron";

/** The system's keychain, by way of Electron's safeStorage. */
export interface Keychain {
  /** Whether there is one, found out without opening it: macOS would ask the person. */
  supported(): boolean;
  available(): Promise<boolean>;
  encrypt(text: string): Promise<Buffer>;
  /** Rejects what it cannot decrypt. `stale` asks to encrypt the text again. */
  decrypt(data: Buffer): Promise<{ text: string; stale: boolean }>;
}

/**
 * Without a keychain Linux encrypts with a password that stands in Chromium's
 * source ("basic_text"): that counts as not available.
 */
export function systemKeychain(safeStorage: SafeStorage, platform: NodeJS.Platform): Keychain {
  const supported = () => {
    if (platform !== "linux") return true;
    const backend = safeStorage.getSelectedStorageBackend();
    return backend !== "basic_text" && backend !== "unknown";
  };
  return {
    supported,
    available: async () => supported() && safeStorage.isAsyncEncryptionAvailable(),
    encrypt: (text) => safeStorage.encryptStringAsync(text),
    async decrypt(data) {
      const { result, shouldReEncrypt } = await safeStorage.decryptStringAsync(data);
      return { text: result, stale: shouldReEncrypt };
    },
  };
}
