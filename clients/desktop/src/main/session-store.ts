import type { KeptSession } from "@clockwork/ui";
import { Queue } from "./queue";
import type { Keychain } from "./keychain";
import { parseKeptSession } from "./messages";

/** The file of the encrypted session. */
export interface SessionFile {
  read(): Promise<Buffer | null>;
  write(data: Buffer): Promise<void>;
  remove(): Promise<void>;
}

/**
 * The refresh token of a person who asked to stay signed in: encrypted by the system's keychain, for one server.
 * The server decides how long it is valid. Calls run one after the other, so a save in progress never undoes a
 * sign-out.
 */
export class SessionStore {
  private readonly queue = new Queue();
  private readonly file: SessionFile;
  private readonly keychain: Keychain;

  constructor(file: SessionFile, keychain: Keychain) {
    this.file = file;
    this.keychain = keychain;
  }

  /** Whether sessions can be stored on this system. */
  get supported(): boolean {
    return this.keychain.supported();
  }

  /** Resolves to false, and stores nothing, if the keychain does not work. */
  keep(session: KeptSession, serverUrl: string): Promise<boolean> {
    return this.queue.run(async () => {
      try {
        if (!(await this.keychain.available())) return false;
        await this.save(session, serverUrl);
        return true;
      } catch {
        // The keychain was locked, or the person refused: an older session must not
        // stay.
        await this.file.remove();
        return false;
      }
    });
  }

  /** The session stored for the server, or null. One that cannot be used is deleted. */
  load(serverUrl: string): Promise<KeptSession | null> {
    return this.queue.run(async () => {
      const data = await this.file.read();
      const session = data === null ? null : await this.open(data, serverUrl);
      if (session === null) await this.file.remove();
      return session;
    });
  }

  forget(): Promise<void> {
    return this.queue.run(() => this.file.remove());
  }

  private async save(session: KeptSession, serverUrl: string): Promise<void> {
    await this.file.write(await this.keychain.encrypt(JSON.stringify({ serverUrl, session })));
  }

  // Resolves to null if the data cannot be used, without a reason, because data that
  // failed to decrypt must not be printed.
  private async open(data: Buffer, serverUrl: string): Promise<KeptSession | null> {
    try {
      if (!(await this.keychain.available())) return null;
      const { text, stale } = await this.keychain.decrypt(data);
      const kept = parseKeptSession(text);
      if (kept === null || kept.serverUrl !== serverUrl) return null;
      if (stale) await this.save(kept.session, serverUrl);
      return kept.session;
    } catch {
      return null;
    }
  }
}
