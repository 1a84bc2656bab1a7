import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import configuration from "../electron-builder";

const project = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(project, path));

describe("packaging", () => {
  it("lets the program run only signed code", () => {
    expect(configuration.asar).toBe(true);
    expect(configuration.electronFuses).toMatchObject({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    });
    expect(configuration.mac?.hardenedRuntime).toBe(true);
    expect(read("resources/entitlements.plist").toString().match(/<key>.*<\/key>/g)).toEqual(["<key>com.apple.security.cs.allow-jit</key>"]);
  });

  it("is a menubar app that publishes nothing", () => {
    expect(configuration.mac?.extendInfo).toEqual({ LSUIElement: true });
    expect(configuration.publish).toBeNull();
  });

  it("bundles what it needs, without any dependency", () => {
    expect(JSON.parse(read("package.json").toString())).not.toHaveProperty("dependencies");
  });
});

describe("icons", () => {
  // Electron shows an empty icon for a missing file, without an error.
  it.each(["idle", "running", "offline"])("has %s in both sizes, also as a template for macOS", (name) => {
    for (const file of [name, `${name}Template`]) {
      expect(pngSize(read(`resources/tray/${file}.png`))).toEqual([16, 16]);
      expect(pngSize(read(`resources/tray/${file}@2x.png`))).toEqual([32, 32]);
    }
  });

  it("has an icon of the app for macOS", () => {
    const icns = read("resources/icon.icns");
    expect(icns.toString("latin1", 0, 4)).toBe("icns");
    expect(icns.readUInt32BE(4)).toBe(icns.length);
    expect(pngSize(read("resources/icon.png"))).toEqual([1024, 1024]);
  });
});

function pngSize(png: Buffer): [number, number] {
  expect(png.toString("latin1", 1, 4)).toBe("PNG");
  return [png.readUInt32BE(16), png.readUInt32BE(20)];
}
