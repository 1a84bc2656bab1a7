import { describe, expect, it } from "vitest";
import { SettingsStore } from "./settings-store";

const DEFAULTS = { serverUrl: "https://timers.example.com", windowPosition: null };

function fileOf(text: string | null) {
  const file = {
    text,
    read: async () => (file.text === null ? null : Buffer.from(file.text)),
    write: async (data: string) => void (file.text = data),
  };
  return file;
}

describe("SettingsStore", () => {
  it("begins with the defaults", async () => {
    expect((await SettingsStore.open(fileOf(null), DEFAULTS)).get()).toEqual(DEFAULTS);
  });

  it("saves each change for the next start", async () => {
    const file = fileOf(null);
    const store = await SettingsStore.open(file, DEFAULTS);
    await store.set({ serverUrl: "https://other.example.com" });
    await store.set({ windowPosition: { x: 3, y: -4 } });
    const want = { serverUrl: "https://other.example.com", windowPosition: { x: 3, y: -4 } };
    expect(store.get()).toEqual(want);
    expect((await SettingsStore.open(file, DEFAULTS)).get()).toEqual(want);
  });

  it.each([
    ["not-json", "{"],
    ["array", "[]"],
    ["null", "null"],
    ["unsafe-address", '{"serverUrl":"http://evil.example.com"}'],
    ["address-of-another-type", '{"serverUrl":7}'],
    ["position-of-another-type", '{"windowPosition":{"x":"1","y":2}}'],
    ["position-off-the-scale", '{"windowPosition":{"x":1e300,"y":2}}'],
  ])("uses the default for a damaged setting: %s", async (_name, text) => {
    expect((await SettingsStore.open(fileOf(text), DEFAULTS)).get()).toEqual(DEFAULTS);
  });
});
