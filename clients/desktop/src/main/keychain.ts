import type { SafeStorage } from "electron";

/** The system's keychain, through Electron's safeStorage. */
export interface Keychain {
  /** Whether there is one. This does not open it, because macOS would ask the person. */
  supported(): boolean;
  available(): Promise<boolean>;
  encrypt(text: string): Promise<Buffer>;
  /** Rejects if it cannot decrypt the data. `stale` means that the text should be encrypted again. */
  decrypt(data: Buffer): Promise<{ text: string; stale: boolean }>;
}

/**
 * Without a keychain, Electron on Linux encrypts with a password that is in Chromium's source ("basic_text"). That
 * counts as no keychain.
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
