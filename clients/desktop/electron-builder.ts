import type { Configuration } from "electron-builder";

// Packages what `npm run build` made. All of it is bundled, so no node_modules go along.
const configuration: Configuration = {
  appId: "app.clockwork-timer.desktop",
  productName: "Clockwork",
  directories: { output: "release", buildResources: "resources" },
  files: ["dist/**/*", "resources/tray/*.png", "package.json", "!**/node_modules/**"],
  asar: true,
  npmRebuild: false,
  electronLanguages: ["en"],
  publish: null,
  // The program cannot be made to run other code than what was signed: not by
  // a variable, not by an argument, not by a changed or added file.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
    // Fuses change the program, and an Apple processor runs none whose signature does not fit.
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
