import type { Configuration } from "electron-builder";

// Packages what `npm run build` made. Everything is bundled, so no node_modules are
// needed.
const configuration: Configuration = {
  appId: "app.clockwork-timer.desktop",
  productName: "Clockwork",
  directories: { output: "release", buildResources: "resources" },
  files: ["dist/**/*", "resources/tray/*.png", "package.json", "!**/node_modules/**"],
  asar: true,
  npmRebuild: false,
  electronLanguages: ["en"],
  publish: null,
  // The program runs only the code that was signed: no variable, argument or changed
  // file can make it run other code.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    // Fuses change the program's file, and a Mac with an Apple processor runs no
    // program whose signature does not match.
    resetAdHocDarwinSignature: true,
  },
  mac: {
    category: "public.app-category.productivity",
    target: [
      { target: "dmg", arch: ["x64", "arm64"] },
      { target: "zip", arch: ["x64", "arm64"] },
    ],
    icon: "resources/icon.icns",
    hardenedRuntime: true,
    entitlements: "resources/entitlements.plist",
    entitlementsInherit: "resources/entitlements.plist",
    notarize: false,
    // A menubar app: no icon in the Dock.
    extendInfo: { LSUIElement: true },
  },
};

export default configuration;
