import { app, protocol } from "electron";
import { APP_SCHEME } from "./navigation-policy";
import { Program } from "./program";
import { claimSingleInstance } from "./single-instance";

let program: Program | null = null;

// This must run before Electron is ready. The page needs an origin of its own, which
// the server can allow.
protocol.registerSchemesAsPrivileged([
  { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, corsEnabled: true } },
]);
app.enableSandbox();

if (claimSingleInstance(app, () => program?.show())) {
  // A menubar app has no icon in the Dock; the packaged one says so in its Info.plist.
  if (process.platform === "darwin") app.setActivationPolicy("accessory");
  app.whenReady().then(start).catch(fail);
}

async function start(): Promise<void> {
  program = await Program.start();
}

function fail(error: unknown): void {
  console.error("Clockwork could not start:", error);
  app.exit(1);
}
