import { describe, expect, it } from "vitest";
import type { Keychain } from "./keychain";
import { SessionStore, type SessionFile } from "./session-store";

const SERVER = "https://timers.example.com";
const SESSION = { userId: "acc-1", refreshToken: "secret-token" };

class MemoryFile implements SessionFile {
  data: Buffer | null = null;
  read = async () => this.data;
  write = async (data: Buffer) => void (this.data = data);
  remove = async () => void (this.data = null);
}

// Inverts all bits, which is enough to tell encrypted from plain text.
class FakeKeychain implements Keychain {
  works = true;
  stale = false;
  refuses = false;
  encrypted = 0;
  supported = () => true;
  available = async () => this.works;
  encrypt = async (text: string) => {
    if (this.refuses) throw new Error("the person refused");
    this.encrypted++;
    return Buffer.from(text).map((byte) => byte ^ 0xff) as Buffer;
  };
  decrypt = async (data: Buffer) => {
    if (data.length < 10) throw new Error("damaged");
    return { text: Buffer.from(data.map((byte) => byte ^ 0xff)).toString(), stale: this.stale };
  };
}

function world() {
  const file = new MemoryFile();
  const keychain = new FakeKeychain();
  return { file, keychain, store: new SessionStore(file, keychain) };
}

describe("SessionStore", () => {
  it("loads what it stored", async () => {
    const { store, file } = world();
    const session = { ...SESSION, clockworkToken: "own-token" };
    expect(await store.keep(session, SERVER)).toBe(true);
    expect(file.data?.toString()).not.toContain("secret-token");
    expect(await store.load(SERVER)).toEqual(session);
  });

  it("is empty at first", async () => {
    expect(await world().store.load(SERVER)).toBeNull();
  });

  it("stores nothing if the keychain does not work", async () => {
    const { store, file, keychain } = world();
    keychain.works = false;
    expect(await store.keep(SESSION, SERVER)).toBe(false);
    expect(file.data).toBeNull();
  });

  it("deletes the older session if the newer one cannot be stored", async () => {
    const { store, file, keychain } = world();
    await store.keep(SESSION, SERVER);
    keychain.refuses = true;
    expect(await store.keep({ ...SESSION, userId: "acc-2" }, SERVER)).toBe(false);
    expect(file.data).toBeNull();
  });

  it("forgets", async () => {
    const { store, file } = world();
    await store.keep(SESSION, SERVER);
    await store.forget();
    expect(file.data).toBeNull();
  });

  it("stores nothing if a sign-out comes during a save", async () => {
    const { store, file } = world();
    await Promise.all([store.keep(SESSION, SERVER), store.forget()]);
    expect(file.data).toBeNull();
  });

  it("encrypts again what the keychain calls stale", async () => {
    const { store, keychain } = world();
    await store.keep(SESSION, SERVER);
    keychain.stale = true;
    expect(await store.load(SERVER)).toEqual(SESSION);
    expect(keychain.encrypted).toBe(2);
  });

  const encrypted = (value: unknown) => Buffer.from(JSON.stringify(value)).map((byte) => byte ^ 0xff) as Buffer;
  it.each<[string, Buffer]>([
    ["damaged", Buffer.from("x")],
    ["not-json", Buffer.from("not JSON at all").map((byte) => byte ^ 0xff) as Buffer],
    ["other-server", encrypted({ serverUrl: "https://elsewhere.example.com", session: SESSION })],
    ["no-server", encrypted({ session: SESSION })],
    ["no-token", encrypted({ serverUrl: SERVER, session: { ...SESSION, refreshToken: "" } })],
    ["of-an-older-version", encrypted({ serverUrl: SERVER, session: { token: "access", userId: "acc-1", expiresAt: 4102444800000 } })],
    ["array", encrypted([])],
  ])("deletes what it cannot use: %s", async (_name, data) => {
    const { store, file } = world();
    file.data = data;
    expect(await store.load(SERVER)).toBeNull();
    expect(file.data).toBeNull();
  });

  it("deletes a session when the keychain is gone", async () => {
    const { store, file, keychain } = world();
    await store.keep(SESSION, SERVER);
    keychain.works = false;
    expect(await store.load(SERVER)).toBeNull();
    expect(file.data).toBeNull();
  });
});
